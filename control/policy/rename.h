/* SPDX-License-Identifier: BSD-3-Clause */
/* Addresses that travel under another domain, on their way out and back (rules/decoration). Pure. */
#pragma once

#include "control/parcel/address.h"
#include "rules/decide.h"

/* Theirs, as a verdict of decide wants it: user@domain becomes user(domain)@routing on the way out, and back on
 * the way in. The resource stays. False, and the address as it was: it does not fit. */
bool rename_by_verdict(const struct verdict *verdict, struct address *theirs);

enum { RENAME_BYTES = ADDRESS_PART_MAX_BYTES + 1 + DOMAIN_MAX_BYTES + 1 };

/* The address by which somebody of theirs is remembered, whichever form it came in: undone if it is decorated.
 * Either the party's own bytes or in out. */
struct view rename_known_as(
	const struct ruleset *rules, const struct party *theirs, char out[static RENAME_BYTES]);
