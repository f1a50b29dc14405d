/* SPDX-License-Identifier: BSD-3-Clause */
/* Rates that several lcores share. A pool is one bucket for all of them; each lcore takes credit from
 * it in leases and spends those alone, so that an atomic operation is paid once a lease and not once
 * a packet. Knows amounts and the clock, nothing of what is counted.
 *
 * What passes in any time t is at most burst + rate x t, and a lease more for each lcore that shares
 * the pool: credit that was leased before and not spent. Clocks of lcores may differ by a second: who is
 * behind gets less, nobody more. A burst that new rules made smaller may be waited for as long. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "rules/base/clock.h"

/* Time in pools is finer than a nanosecond, in which a fast rate would lose percents. It lasts nine
 * years of uptime. */
#define LEASE_UNITS_PER_NS UINT64_C(64)

enum { LEASE_AMOUNT_MAX = 1 << 16 };

/* What a pool gives: made once, never changed. */
struct rate {
	uint64_t per_s;
	uint64_t burst_units; /* time in which an empty pool fills */
	uint64_t lease_units; /* time in which a lease comes back */
	uint32_t lease;       /* taken at once: at least 1, at most a 128th of a second's amount */
};

/* A bucket as the time when it is full again (GCRA). Zero is a full one. */
struct pool {
	uint64_t full_units;
};

/* What one lcore has taken and not spent. Zero is none. */
struct lease {
	uint32_t credit;
};

/* per_s from 1 to 2^34; burst at least 1 and at most an hour of it; leases of at most lease_most,
 * itself at most LEASE_AMOUNT_MAX. */
struct rate rate_make(uint64_t per_s, uint64_t burst, uint32_t lease_most);

/* Take an amount, at most LEASE_AMOUNT_MAX, or nothing and false. Any thread. */
bool pool_take(struct pool *pool, const struct rate *rate, uint32_t amount, struct mono now);
/* Would it be as if never used? */
static inline bool pool_is_full(const struct pool *pool, struct mono now)
{
	return pool->full_units <= now.ns * LEASE_UNITS_PER_NS;
}

/* Spend an amount that the credit does not cover. */
bool lease_renew(struct lease *lease, struct pool *pool, const struct rate *rate, uint32_t amount,
	struct mono now);

/* Spend an amount, at most LEASE_AMOUNT_MAX, or nothing and false. The lease's thread. */
static inline bool lease_take(struct lease *lease, struct pool *pool, const struct rate *rate,
	uint32_t amount, struct mono now)
{
	if (lease->credit < amount)
		return lease_renew(lease, pool, rate, amount, now);
	lease->credit -= amount;
	return true;
}
