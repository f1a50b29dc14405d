/* SPDX-License-Identifier: BSD-3-Clause */
/* Where a connection comes from, as far as that is known before anybody has proven anything: how much it is
 * trusted, and whose it is. For who may come in and who is served first; no decision of the rules asks. */
#pragma once

#include "rules/base/mark.h"
#include "rules/prefix.h"

/* From the least to the most. */
enum origin_class {
	ORIGIN_SUSPICIOUS, /* the mark says so, or it is the address of such a partner */
	ORIGIN_UNKNOWN,    /* nobody's address */
	ORIGIN_CLAIMED,    /* a partner's address, or one that it has proven itself from */
	ORIGIN_VERIFIED,   /* proven on this very flow before */
	ORIGIN_OWN,        /* opened by us, or by one of our own servers */
};

enum { ORIGIN_CLASSES = ORIGIN_OWN + 1 };

struct origin {
	enum origin_class class;
	uint32_t
		key; /* the same for all connections of a partner, or of a network that is nobody's */
};

/* A connection that was accepted: its mark (0 on the inside listener) and its peer. */
struct origin origin_accepted(uint32_t mark, const struct ip_address *peer);
/* One that we open, to this partner or (PARTNER_NONE) to a server of our own. */
struct origin origin_own(uint32_t partner_id);
/* One that we open to a domain that no rule names: somebody else leads us there. */
struct origin origin_discovered(struct view domain);

/* "suspicious", "unknown", ... */
const char *origin_class_name(enum origin_class class);

static inline bool origin_is_stranger(enum origin_class class)
{
	return class < ORIGIN_CLAIMED;
}
