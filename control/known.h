/* SPDX-License-Identifier: BSD-3-Clause */
/* Addresses from which partners have proven who they are: neither rules nor DNS need to know them, and the
 * next handshake from there has its turn with partners all the same. Exact addresses, for an hour after
 * the last proof, so many of all and so many of one partner. Who has proven nothing is not in it; who
 * shares an address with a partner shares this with it, and nothing else. And whose address it is counts
 * for nobody who is suspicious. Loop thread only. */
#pragma once

#include "control/origin.h"
#include "rules/base/clock.h"

enum {
	KNOWN_MAX = 4096,
	KNOWN_OF_ONE_PART = 4, /* at most such a part of one partner */
	KNOWN_MS = 60 * 60 * 1000,
};

struct known;

/* NULL without memory or randomness. */
struct known *known_new(void);
void known_free(struct known *known); /* accepts NULL */

/* The partner of this id has proven itself from there just now. */
void known_put(struct known *known, const struct ip_address *address, uint32_t partner_id,
	struct mono now);
/* Forget all partners but those to keep, and addresses that several have. */
void known_review(struct known *known, bool (*keep)(void *arg, uint32_t partner_id), void *arg);
uint32_t known_count(const struct known *known, struct mono now);

/* Ask this of partners, whose addresses the rules or DNS know: one that is suspicious has no more turns than
 * strangers have. NULL: nobody is. */
void known_doubt(struct known *known, bool (*suspects)(void *arg, uint32_t partner_id), void *arg);

/* Where a connection that was accepted comes from, as origin_accepted says, and by what was proven before.
 * known NULL: nothing was. */
struct origin known_origin(
	const struct known *known, uint32_t mark, const struct ip_address *peer, struct mono now);
