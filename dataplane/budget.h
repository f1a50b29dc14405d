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

/* Keyed, of the network that a tuple's src is in: /24 of IPv4, /56 of IPv6. */
uint64_t budget_source(const struct hash_secret *secret, const struct tuple *tuple);

/* It is about to be asked for. */
static inline void budget_prefetch(const struct budget *budget, uint64_t source)
{
	__builtin_prefetch(&budget->full_ns[0][source % BUDGET_SLOTS], 1);
	__builtin_prefetch(&budget->full_ns[1][(source >> 32) % BUDGET_SLOTS], 1);
}

/* Take a token of this source; false if it is over its rate. */
bool budget_take(
	struct budget *budget, uint64_t source, const struct budget_rate *rate, struct mono now);
