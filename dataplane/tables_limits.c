/* SPDX-License-Identifier: BSD-3-Clause */
/* The limits among the tables: one set for each class and for each partner that has its own. */
#include "dataplane/tables_int.h"

#include <errno.h>

#include <rte_malloc.h>

#include "dataplane/partner.h"

enum { SET_UNKNOWN, SET_PARTNER, SET_OWN };

static void build_handshakes(struct tables *t, const struct filter *filter)
{
	struct handshake_limits h;
	uint64_t left;

	filter_handshakes(filter, &h);
	left = 100 - h.handshakes_reserved_percent;
	t->handshakes = rate_make(h.handshakes_per_s, h.handshakes_burst, 1);
	t->handshakes_unknown = rate_make(RTE_MAX(h.handshakes_per_s * left / 100, UINT64_C(1)),
		RTE_MAX(h.handshakes_burst * left / 100, UINT64_C(1)), 1);
}

static void build_set(
	struct tables *t, uint32_t i, const struct limits *limits, const struct limits *suspicious)
{
	struct limits least = limits_least(limits, suspicious);

	limit_set_make(limits, &t->limit_sets[i]);
	limit_set_make(&least, &t->suspicious_sets[i]);
}

int tables_limits_build(struct tables *t, const struct filter *filter)
{
	uint32_t sets = RTE_MAX(filter->limit_count, (uint32_t)SET_OWN);
	struct limits unknown = limits_unknown_default;
	struct limits suspicious, discovered;
	struct filter_limit limit;

	t->slot_end = partner_slot_end();
	t->limit_sets = rte_zmalloc("tables", sets * sizeof(*t->limit_sets), 0);
	t->set_by_slot = rte_zmalloc("tables", t->slot_end * sizeof(*t->set_by_slot), 0);
	t->suspicious_sets = rte_zmalloc("tables", sets * sizeof(*t->suspicious_sets), 0);
	if (!t->limit_sets || !t->set_by_slot || !t->suspicious_sets)
		return -ENOMEM;
	filter_suspicious(filter, &suspicious);
	filter_discovered(filter, &discovered);
	limit_set_make(&discovered, &t->limits_discovered);
	build_set(t, SET_PARTNER, &limits_partner_default, &suspicious);
	for (uint32_t slot = 1; slot < t->slot_end; slot++)
		t->set_by_slot[slot] = SET_PARTNER;
	for (uint32_t i = 0; i < filter->limit_count; i++) {
		uint32_t slot;

		filter_limit(filter, i, &limit);
		build_set(t, i, &limit.limits, &suspicious);
		if (i == SET_UNKNOWN)
			unknown = limit.limits;
		slot = i < SET_OWN ? 0 : partner_slot(limit.partner_id);
		if (slot != 0 && slot < t->slot_end)
			t->set_by_slot[slot] = i;
	}
	limit_set_make(&unknown, &t->limit_sets[SET_UNKNOWN]);
	unknown = limits_narrow(&unknown);
	limit_set_make(&unknown, &t->limits_narrow);
	build_handshakes(t, filter);
	t->hold_unattended = filter_control_hold(filter);
	return 0;
}

void tables_limits_free(struct tables *t)
{
	rte_free(t->limit_sets);
	rte_free(t->suspicious_sets);
	rte_free(t->set_by_slot);
}

static uint32_t set_of(const struct tables *tables, uint32_t partner_slot)
{
	/* A slot younger than the tables is of an adopted flow whose partner they do not name. */
	return partner_slot < tables->slot_end ? tables->set_by_slot[partner_slot]
					       : (uint32_t)SET_PARTNER;
}

const struct limit_set *tables_limits(const struct tables *tables, uint32_t partner_slot)
{
	return &tables->limit_sets[set_of(tables, partner_slot)];
}

const struct limit_set *tables_limits_suspicious(const struct tables *tables, uint32_t partner_slot)
{
	return &tables->suspicious_sets[set_of(tables, partner_slot)];
}

const struct limit_set *tables_limits_discovered(const struct tables *tables)
{
	return &tables->limits_discovered;
}

const struct limit_set *tables_limits_discovered_all(const struct tables *tables)
{
	return &tables->limit_sets[SET_PARTNER];
}

const struct limit_set *tables_limits_narrow(const struct tables *tables)
{
	return &tables->limits_narrow;
}

bool tables_hold_unattended(const struct tables *tables)
{
	return tables->hold_unattended;
}

const struct rate *tables_handshakes(const struct tables *tables)
{
	return &tables->handshakes;
}

const struct rate *tables_handshakes_unknown(const struct tables *tables)
{
	return &tables->handshakes_unknown;
}
