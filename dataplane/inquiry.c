/* SPDX-License-Identifier: BSD-3-Clause */
/* One connection, asked of the worker that owns it. */
#include "dataplane/inquiry.h"

#include <errno.h>
#include <time.h>

#include "dataplane/edge.h"

enum { NAP_NS = 50000 };

int inquiry_ask(struct inquiry *inquiry, const struct tuple *key, struct inquiry_answer *out)
{
	const struct timespec nap = {.tv_nsec = NAP_NS};
	struct mono end = mono_after_ms(mono_now(), INQUIRY_WAIT_MS);
	uint32_t asked = inquiry->asked;

	if (__atomic_load_n(&inquiry->answered, __ATOMIC_ACQUIRE) != asked)
		return -EBUSY;
	inquiry->key = *key;
	asked++;
	__atomic_store_n(&inquiry->asked, asked, __ATOMIC_RELEASE);
	while (__atomic_load_n(&inquiry->answered, __ATOMIC_ACQUIRE) != asked) {
		if (mono_reached(mono_now(), end))
			return -ETIMEDOUT;
		clock_nanosleep(CLOCK_MONOTONIC, 0, &nap, NULL);
	}
	*out = inquiry->answer;
	return 0;
}

/* Time in a pool as the amount that comes in it. */
static uint64_t amount_of(const struct rate *rate, uint64_t units)
{
	return (uint64_t)((unsigned __int128)units * rate->per_s / (NS_PER_S * LEASE_UNITS_PER_NS));
}

static struct inquiry_rate rate_left(
	const struct rate *rate, const struct pool *pool, uint32_t credit, struct mono now)
{
	uint64_t full = __atomic_load_n(&pool->full_units, __ATOMIC_RELAXED);
	uint64_t burst = amount_of(rate, rate->burst_units);
	uint64_t left;
	uint64_t used = full > now.ns * LEASE_UNITS_PER_NS ? full - now.ns * LEASE_UNITS_PER_NS : 0;

	if (used > rate->burst_units)
		used = rate->burst_units;
	left = amount_of(rate, rate->burst_units - used) + credit;
	/* What is leased was taken from the pool, which may be full again since. */
	return (struct inquiry_rate){
		.per_s = rate->per_s, .burst = burst, .left = RTE_MIN(left, burst)};
}

static void limits_add(struct inquiry_answer *answer, const struct limit_set *set,
	const struct pool pools[static RATE_KINDS], const uint32_t credit[static RATE_KINDS],
	uint32_t open, uint8_t prefix_bits)
{
	struct inquiry_limits *limits = &answer->limits[answer->limits_count++];

	*limits = (struct inquiry_limits){
		.prefix_bits = prefix_bits, .open = open, .most = set->connections};
	for (int kind = 0; kind < RATE_KINDS; kind++)
		limits->rates[kind] =
			rate_left(&set->rates[kind], &pools[kind], credit[kind], answer->now);
}

static void limits_add_prefix(struct inquiry_answer *answer, const struct edge *edge,
	const struct limit_set *set, uint32_t entry, uint8_t bits)
{
	const struct prefix_use *use = &edge->flows.ledger->prefixes.entries[entry];
	const struct prefix_lease *lease = &edge->flows.leases[entry];
	const uint32_t credit[RATE_KINDS] = {
		[RATE_PACKETS] = lease->packets.credit, [RATE_BYTES] = lease->bytes.credit};

	limits_add(answer, set, use->pools, credit, __atomic_load_n(&use->open, __ATOMIC_RELAXED),
		bits);
}

static void limits_tell(
	const struct edge *edge, const struct flow *flow, struct inquiry_answer *answer)
{
	struct limiter_budget budget =
		limiter_budget(edge->flows.ledger, edge->tables, flow->partner_slot);
	const struct partner_lease *lease = &edge->limiter.leases[flow->partner_slot];
	const uint32_t credit[RATE_KINDS] = {
		[RATE_PACKETS] = lease->packets.credit, [RATE_BYTES] = lease->bytes.credit};
	bool v6 = flow->key.family == TUPLE_IPV6;

	if (flow->partner_slot != 0)
		limits_add(answer, budget.set, budget.pools, credit,
			__atomic_load_n(
				&edge->flows.ledger->open[flow->partner_slot], __ATOMIC_RELAXED),
			0);
	else if (flow->by_domain)
		limits_add_prefix(
			answer, edge, tables_limits_discovered(edge->tables), flow->place.wide, 0);
	else if (flow->place.wide != PREFIX_NONE)
		limits_add_prefix(answer, edge, budget.set, flow->place.wide, v6 ? 56 : 24);
	if (flow->by_domain && flow->place.narrow != PREFIX_NONE)
		limits_add_prefix(answer, edge, tables_limits_discovered_all(edge->tables),
			flow->place.narrow, v6 ? 56 : 24);
	else if (flow->partner_slot == 0 && flow->place.narrow != PREFIX_NONE)
		limits_add_prefix(
			answer, edge, tables_limits_narrow(edge->tables), flow->place.narrow, 64);
	for (uint32_t i = 0; i < answer->limits_count; i++)
		answer->limits[i].by_domain = flow->by_domain;
}

void inquiry_answer(struct edge *edge, struct inquiry *inquiry)
{
	struct inquiry_answer *answer = &inquiry->answer;
	uint32_t hash = flow_hash(&inquiry->key);
	const struct flow *flow = flow_find(&edge->flows, &inquiry->key, hash);

	*answer = (struct inquiry_answer){.found = flow != NULL, .now = edge->now};
	if (flow) {
		answer->flow = *flow;
		if (flow->gather != GATHER_NONE) {
			const struct gather *g = gather_at(&edge->gathers, flow->gather);

			answer->gathered_bytes = g->len;
			answer->gathered_segments = g->segments;
			answer->gather_left_ms = mono_since_ms(g->deadline, edge->now);
		}
		if (edge->tables)
			limits_tell(edge, flow, answer);
	} else {
		answer->announced = expect_is_there(&edge->expects, &inquiry->key, hash, edge->now);
	}
	__atomic_store_n(&inquiry->answered, inquiry->asked, __ATOMIC_RELEASE);
}
