/* SPDX-License-Identifier: BSD-3-Clause */
/* What each partner and each prefix of unknown sources has used. */
#include "dataplane/limiter.h"

#include <errno.h>

#include <rte_malloc.h>

#include "dataplane/partner.h"
#include "dataplane/suspects.h"

int limiter_init(struct limiter *limiter, struct ledger *ledger)
{
	*limiter = (struct limiter){
		.leases = rte_zmalloc("limiter", PARTNER_SLOTS * sizeof(struct partner_lease), 64),
		.ledger = ledger,
	};
	return limiter->leases ? 0 : -ENOMEM;
}

void limiter_fini(struct limiter *limiter)
{
	rte_free(limiter->leases);
	*limiter = (struct limiter){0};
}

/* Looked up each time anew: so there is nothing to do when a verdict comes or ends. What this worker has
 * leased before, which is little, is spent as it is. */
struct limiter_budget limiter_budget(
	const struct ledger *ledger, const struct tables *tables, uint32_t partner_slot)
{
	if (suspects_has(partner_slot))
		return (struct limiter_budget){tables_limits_suspicious(tables, partner_slot),
			ledger->suspicious[partner_slot].of};
	return (struct limiter_budget){
		tables_limits(tables, partner_slot), ledger->pools[partner_slot].of};
}

static enum cause admit_by(
	const struct limit_set *set, struct pool *pools, const uint32_t *open, struct mono now)
{
	if (__atomic_load_n(open, __ATOMIC_RELAXED) >= set->connections)
		return CAUSE_over_connections;
	if (!pool_take(&pools[RATE_CONNECTIONS], &set->rates[RATE_CONNECTIONS], 1, now))
		return CAUSE_over_new_connections;
	return CAUSE_none;
}

static enum cause admit_place(struct ledger *ledger, const struct tables *tables,
	const struct flow_place *place, struct mono now)
{
	struct prefix_use *use = &ledger->prefixes.entries[place->wide];
	enum cause cause = admit_by(tables_limits(tables, 0), use->pools, &use->open, now);

	if (cause == CAUSE_none && place->narrow != PREFIX_NONE) {
		use = &ledger->prefixes.entries[place->narrow];
		cause = admit_by(tables_limits_narrow(tables), use->pools, &use->open, now);
	}
	if (cause == CAUSE_none &&
		!pool_take(&ledger->handshakes_unknown, tables_handshakes_unknown(tables), 1, now))
		cause = CAUSE_unknown_over_limit;
	return cause;
}

static enum cause admit_unknown(struct ledger *ledger, const struct tables *tables,
	struct flow_table *flows, const struct tuple *tuple, struct mono now)
{
	struct flow_place place = flow_place_take(flows, tuple, now);
	enum cause cause = admit_place(ledger, tables, &place, now);

	flow_place_give(flows, place);
	return cause;
}

static enum cause admit_partner(
	struct ledger *ledger, const struct tables *tables, uint32_t slot, struct mono now)
{
	struct limiter_budget budget = limiter_budget(ledger, tables, slot);
	enum cause cause = admit_by(budget.set, budget.pools, &ledger->open[slot], now);

	/* The share that is reserved for partners is for those that nobody suspects. */
	if (cause == CAUSE_none && suspects_has(slot) &&
		!pool_take(&ledger->handshakes_unknown, tables_handshakes_unknown(tables), 1, now))
		cause = CAUSE_over_handshakes;
	return cause;
}

enum cause limiter_admit(struct limiter *limiter, const struct tables *tables,
	struct flow_table *flows, const struct tuple *tuple, uint32_t partner_slot, struct mono now)
{
	struct ledger *ledger = limiter->ledger;
	enum cause cause = partner_slot == 0 ? admit_unknown(ledger, tables, flows, tuple, now)
					     : admit_partner(ledger, tables, partner_slot, now);

	/* Unknown sources never have all of it, so partners always find their share. What claims to
	 * be a partner's was held to that partner's own limit before. */
	if (cause == CAUSE_none &&
		!pool_take(&ledger->handshakes, tables_handshakes(tables), 1, now))
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

static enum cause spend_prefix(struct flow_table *flows, uint32_t entry,
	const struct limit_set *set, uint32_t bytes, struct mono now)
{
	struct prefix_lease *lease = &flows->leases[entry];

	return spend(&lease->packets, &lease->bytes, flows->ledger->prefixes.entries[entry].pools,
		set, bytes, now);
}

enum cause limiter_pass_dear(struct limiter *limiter, const struct tables *tables,
	struct flow_table *flows, const struct flow *flow, uint32_t bytes, struct mono now)
{
	struct partner_lease *lease = &limiter->leases[flow->partner_slot];
	struct limiter_budget budget = limiter_budget(limiter->ledger, tables, flow->partner_slot);
	struct prefix_lease *wide;
	enum cause cause;

	if (flow->partner_slot != 0)
		return spend(&lease->packets, &lease->bytes, budget.pools, budget.set, bytes, now);
	cause = spend_prefix(flows, flow->place.wide,
		flow->by_domain ? tables_limits_discovered(tables) : budget.set, bytes, now);
	if (cause != CAUSE_none || flow->place.narrow == PREFIX_NONE)
		return cause;
	cause = spend_prefix(flows, flow->place.narrow,
		flow->by_domain ? tables_limits_discovered_all(tables)
				: tables_limits_narrow(tables),
		bytes, now);
	if (cause != CAUSE_none) {
		wide = &flows->leases[flow->place.wide];
		wide->packets.credit++;
		wide->bytes.credit += bytes;
	}
	return cause;
}
