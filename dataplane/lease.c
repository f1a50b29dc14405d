/* SPDX-License-Identifier: BSD-3-Clause */
/* Rates that several lcores share. */
#include "dataplane/lease.h"

#define UNITS_PER_S (NS_PER_S * LEASE_UNITS_PER_NS)
/* An lcore looks at the clock once a turn, and may be kept from going on with it. */
#define SKEW_UNITS UNITS_PER_S

/* No lease is more than this part of what a second or a burst gives: what is kept by an lcore that
 * falls silent stays below one percent, and a burst can be had almost whole. */
enum { LEASES_PER_S = 128, LEASES_PER_BURST = 4 };

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* The time in which an amount comes back, to the nearest unit. 2^16 x 6.4 x 10^10 fits. */
static uint64_t units_of(const struct rate *rate, uint32_t amount)
{
	return (amount * UNITS_PER_S + rate->per_s / 2) / rate->per_s;
}

struct rate rate_make(uint64_t per_s, uint64_t burst, uint32_t lease_most)
{
	uint64_t lease = least(lease_most, least(per_s / LEASES_PER_S, burst / LEASES_PER_BURST));
	struct rate rate = {
		.per_s = per_s,
		.burst_units = (uint64_t)((unsigned __int128)burst * UNITS_PER_S / per_s),
		.lease = lease > 0 ? (uint32_t)lease : 1,
	};

	rate.lease_units = units_of(&rate, rate.lease);
	/* Rounding must not cost the last of a burst of one. */
	if (rate.burst_units < units_of(&rate, 1))
		rate.burst_units = units_of(&rate, 1);
	return rate;
}

static bool pool_take_units(
	struct pool *pool, const struct rate *rate, uint64_t units, struct mono now)
{
	uint64_t now_units = now.ns * LEASE_UNITS_PER_NS;
	uint64_t full = __atomic_load_n(&pool->full_units, __ATOMIC_RELAXED);
	uint64_t next;
	bool enough;

	do {
		uint64_t start = full > now_units ? full : now_units;

		next = start + units;
		enough = next - now_units <= rate->burst_units;
		/* Emptied under other rules, and by these it would be deep in debt: it is empty. A
		 * little debt is another lcore's clock, which is ahead of this one's. */
		if (!enough && start - now_units > rate->burst_units + SKEW_UNITS)
			next = now_units + rate->burst_units;
		else if (!enough)
			return false;
	} while (!__atomic_compare_exchange_n(
		&pool->full_units, &full, next, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
	return enough;
}

bool pool_take(struct pool *pool, const struct rate *rate, uint32_t amount, struct mono now)
{
	return pool_take_units(pool, rate, units_of(rate, amount), now);
}

bool lease_renew(struct lease *lease, struct pool *pool, const struct rate *rate, uint32_t amount,
	struct mono now)
{
	uint32_t needed = amount - lease->credit;

	if (needed <= rate->lease && pool_take_units(pool, rate, rate->lease_units, now)) {
		lease->credit = lease->credit + rate->lease - amount;
		return true;
	}
	/* The last of the pool, or more than a lease. */
	if (!pool_take(pool, rate, needed, now))
		return false;
	lease->credit = 0;
	return true;
}
