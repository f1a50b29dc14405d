/* SPDX-License-Identifier: BSD-3-Clause */
/* Names of one domain that travel under another: user(domain)@routing. Pure. */
#pragma once

#include "rules/base/text.h"
#include "rules/policy.h"

/* Is this domain of a provider sent under its routing domain? */
bool decoration_needed(const struct decoration *decoration, struct view domain);
enum decoration_form {
	DECORATION_NONE,  /* no brackets */
	DECORATION_WHOLE, /* user(domain), the domain canonical */
	DECORATION_BROKEN, /* any other: nested, unbalanced, in the midst of it, nothing or no domain in them */
};

/* The longest localpart that there may be (RFC 7622 section 3.3). */
enum { DECORATION_LOCAL_BYTES = 1023 };

/* How the localpart of an address is; *domain, of a whole one: what is within its brackets. */
enum decoration_form decoration_read(struct view address, struct view *domain);
/* Can it be put around this address, so that it can be undone? It must have a user, who has no brackets yet, and
 * there must be room. */
bool decoration_fits(struct view address);

/* What is within the last brackets of such an address: a canonical domain with something before it. */
bool decoration_find(struct view address, struct view *domain);
/* "joe@acme.example" to "joe(acme.example)@msn.example". The text fails when the address has no '@'. */
void decoration_put(struct view address, const char *routing_domain, struct text *out);
/* And back; fails for what decoration_find does not find. */
void decoration_remove(struct view address, struct text *out);
