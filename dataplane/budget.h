/* SPDX-License-Identifier: BSD-3-Clause */
/* How many SYNs of whom are answered, kept in a table that never grows: buckets that sources share by
 * chance. Each source has one in each of two rows and is over its rate only if it is in both, so
 * that to be held back for another's sake it must share both. What is remembered of a million
 * sources is as much as of one. Pure; knows hashes and the clock. One thread.
 *
 * It bounds what a spoofed flood makes us send to one network (of which it claims to come), and how
 * much of the answers one network gets. Which connections may begin is counted elsewhere, when they
 * have proven that somebody is there. */
#pragma once

#include <stdbool.h>

#include "dataplane/hash.h"
#include "dataplane/tuple.h"
#include "rules/base/clock.h"

enum { BUDGET_ROWS = 2, BUDGET_SLOTS = 65536 };

struct budget_rate {
	uint64_t interval_ns; /* that one token takes to come back */
	uint64_t burst_ns;    /* interval x tokens in the full bucket */
};

/* One MiB. All zero: every bucket is full. */
struct budget {
	uint64_t full_ns[BUDGET_ROWS][BUDGET_SLOTS]; /* when it is full again */
};

/* So many a second, so many at once; both at least one. */
struct budget_rate budget_rate_make(uint32_t per_second, uint32_t burst);

enum { BUDGET_NET_BITS_IPV4 = 24, BUDGET_NET_BITS_IPV6 = 56 };

/* One word for the network that an address is in, given its first eight bytes as they lie in memory:
 * /24 of IPv4, /56 of IPv6. The last byte keeps families apart, and both from partners. */
static inline uint64_t budget_net(uint8_t family, uint64_t address)
{
	unsigned bits = family == TUPLE_IPV4 ? BUDGET_NET_BITS_IPV4 : BUDGET_NET_BITS_IPV6;

	return (address & ((UINT64_C(1) << bits) - 1)) | (uint64_t)family << 56;
}
static inline uint64_t budget_partner(uint32_t partner_slot)
{
	return partner_slot;
}

/* Whose buckets are asked for: the keyed hash of such a word. */
static inline uint64_t budget_of(const struct hash_secret *secret, uint64_t word)
{
	return hash_bytes(secret, &word, sizeof(word));
}
/* Of the network that a tuple's src is in. */
uint64_t budget_source(const struct hash_secret *secret, const struct tuple *tuple);

/* It is about to be asked for. */
static inline void budget_prefetch(const struct budget *budget, uint64_t source)
{
	__builtin_prefetch(&budget->full_ns[0][source % BUDGET_SLOTS], 1);
	__builtin_prefetch(&budget->full_ns[1][(source >> 32) % BUDGET_SLOTS], 1);
}

/* Take a token of this source; false if it is over its rate. */
static inline bool budget_take(
	struct budget *budget, uint64_t source, const struct budget_rate *rate, struct mono now)
{
	uint64_t *a = &budget->full_ns[0][source % BUDGET_SLOTS];
	uint64_t *b = &budget->full_ns[1][(source >> 32) % BUDGET_SLOTS];
	uint64_t full_ns = *a < *b ? *a : *b;

	if (full_ns < now.ns)
		full_ns = now.ns;
	full_ns += rate->interval_ns;
	if (full_ns > now.ns + rate->burst_ns)
		return false;
	/* No more than this source has taken: what stands higher is another's. */
	if (*a < full_ns)
		*a = full_ns;
	if (*b < full_ns)
		*b = full_ns;
	return true;
}
