/* SPDX-License-Identifier: BSD-3-Clause */
/* What each partner and each prefix of unknown sources has used. */
#include "dataplane/limiter.h"

#include <errno.h>

#include <rte_malloc.h>

#include "dataplane/partner.h"

int limiter_init(struct limiter *limiter)
{
	*limiter = (struct limiter){
		.leases = rte_zmalloc("limiter", PARTNER_SLOTS * sizeof(struct partner_lease), 64),
		.pools = rte_zmalloc("limiter", PARTNER_SLOTS * sizeof(struct partner_pools), 64),
	};
	return limiter->leases && limiter->pools ? 0 : -ENOMEM;
}

void limiter_fini(struct limiter *limiter)
{
	rte_free(limiter->leases);
	rte_free(limiter->pools);
	*limiter = (struct limiter){0};
}

static enum cause admit_by(
	const struct limit_set *set, struct pool *pools, uint32_t open, struct mono now)
{
	if (open >= set->connections)
		return CAUSE_over_connections;
	if (!pool_take(&pools[RATE_CONNECTIONS], &set->rates[RATE_CONNECTIONS], 1, now))
		return CAUSE_over_new_connections;
	return CAUSE_none;
}

static enum cause admit_unknown(struct limiter *limiter, const struct tables *tables,
	struct flow_table *flows, const struct tuple *tuple, struct mono now)
{
	struct flow_place place = flow_place_of(flows, tuple, now);
	struct prefix_use *use = &flows->prefixes.entries[place.wide];
	enum cause cause = admit_by(tables_limits(tables, 0), use->pools, use->open, now);

	if (cause == CAUSE_none && place.narrow != PREFIX_NONE) {
		use = &flows->prefixes.entries[place.narrow];
		cause = admit_by(tables_limits_narrow(tables), use->pools, use->open, now);
	}
	if (cause == CAUSE_none &&
		!pool_take(&limiter->handshakes_unknown, tables_handshakes_unknown(tables), 1, now))
		cause = CAUSE_unknown_over_limit;
	return cause;
}

enum cause limiter_admit(struct limiter *limiter, const struct tables *tables,
	struct flow_table *flows, const struct tuple *tuple, uint32_t partner_slot, struct mono now)
{
	enum cause cause = partner_slot == 0 ? admit_unknown(limiter, tables, flows, tuple, now)
					     : admit_by(tables_limits(tables, partner_slot),
						       limiter->pools[partner_slot].of,
						       flows->open_by_slot[partner_slot], now);

	/* Unknown sources never have all of it, so partners always find their share. What claims to
	 * be a partner's was held to that partner's own limit before. */
	if (cause == CAUSE_none &&
		!pool_take(&limiter->handshakes, tables_handshakes(tables), 1, now))
		cause = partner_slot == 0 ? CAUSE_unknown_over_limit : CAUSE_over_handshakes;
	return cause;
}

/* A packet and its bytes, or neither. */
static enum cause spend(struct lease *packets, struct lease *bytes_left, struct pool *pools,
	const struct limit_set *set, uint32_t bytes, struct mono now)
{
	if (!lease_take(packets, &pools[RATE_PACKETS], &set->rates[RATE_PACKETS], 1, now))
		return CAUSE_over_packets;
	if (lease_take(bytes_left, &pools[RATE_BYTES], &set->rates[RATE_BYTES], bytes, now))
		return CAUSE_none;
	packets->credit++;
	return CAUSE_over_bytes;
}

static enum cause spend_prefix(
	struct prefix_use *use, const struct limit_set *set, uint32_t bytes, struct mono now)
{
	return spend(
		&use->leases[RATE_PACKETS], &use->leases[RATE_BYTES], use->pools, set, bytes, now);
}

enum cause limiter_pass_dear(struct limiter *limiter, const struct tables *tables,
	struct flow_table *flows, const struct flow *flow, uint32_t bytes, struct mono now)
{
	struct partner_lease *lease = &limiter->leases[flow->partner_slot];
	const struct limit_set *set = tables_limits(tables, flow->partner_slot);
	struct prefix_use *wide;
	enum cause cause;

	if (flow->partner_slot != 0)
		return spend(&lease->packets, &lease->bytes, limiter->pools[flow->partner_slot].of,
			set, bytes, now);
	wide = &flows->prefixes.entries[flow->place.wide];
	cause = spend_prefix(wide, set, bytes, now);
	if (cause != CAUSE_none || flow->place.narrow == PREFIX_NONE)
		return cause;
	cause = spend_prefix(&flows->prefixes.entries[flow->place.narrow],
		tables_limits_narrow(tables), bytes, now);
	if (cause != CAUSE_none) {
		wide->leases[RATE_PACKETS].credit++;
		wide->leases[RATE_BYTES].credit += bytes;
	}
	return cause;
}
