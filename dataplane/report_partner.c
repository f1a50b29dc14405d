/* SPDX-License-Identifier: BSD-3-Clause */
/* What each partner uses, and what it was refused. */
#include "dataplane/crew.h"
#include "dataplane/partner.h"
#include "dataplane/report_int.h"
#include "rules/base/mark.h"

static json_t *causes_json(const uint64_t counts[static CAUSE_COUNT])
{
	json_t *o = json_object();

	for (int c = CAUSE_none + 1; c < CAUSE_COUNT; c++)
		if (counts[c] != 0)
			report_put(o, cause_name((enum cause)c), counts[c]);
	return o;
}

static json_t *classes_json(const struct flow_classes *classes)
{
	json_t *o = json_object();

	for (int i = CLASS_UNKNOWN; i <= CLASS_OUTBOUND; i++)
		if (classes->open[i] != 0)
			report_put(o, report_class_name((enum source_class)i), classes->open[i]);
	return o;
}

static json_t *partner_json(uint32_t slot)
{
	const uint32_t *open = &crew_edge(0)->flows.ledger->open[slot];
	struct partner_counters traffic;
	struct flow_classes classes;
	struct cause_counts causes;
	struct partner_entry entry;
	json_t *o = json_object();

	partner_print(slot, &entry);
	crew_partner(slot, &traffic);
	crew_classes(slot, &classes);
	crew_causes(slot, &causes);
	json_object_set_new(o, "partner", json_string(entry.name));
	report_put(o, "id", entry.id);
	report_put(o, "packets_in", traffic.packets_in);
	report_put(o, "bytes_in", traffic.bytes_in);
	report_put(o, "packets_out", traffic.packets_out);
	report_put(o, "bytes_out", traffic.bytes_out);
	report_put(o, "flows", __atomic_load_n(open, __ATOMIC_RELAXED));
	json_object_set_new(o, "classes", classes_json(&classes));
	report_put(o, "flows_opened", traffic.flows_opened);
	report_put(o, "refused", traffic.refused);
	json_object_set_new(o, "drops", causes_json(causes.dropped));
	json_object_set_new(o, "refusals", causes_json(causes.refused));
	return o;
}

json_t *report_partners(uint32_t offset, uint32_t limit, uint32_t *total)
{
	json_t *list;

	if (crew_size() == 0)
		return NULL;
	*total = partner_slot_end();
	list = json_array();
	limit = RTE_MIN(limit, (uint32_t)REPORT_PARTNERS_MAX);
	for (uint32_t slot = offset; slot < *total && json_array_size(list) < limit; slot++)
		json_array_append_new(list, partner_json(slot));
	return list;
}

json_t *report_partner(uint32_t id)
{
	uint32_t slot = partner_find(id);

	return crew_size() > 0 && (slot != 0 || id == PARTNER_NONE) ? partner_json(slot) : NULL;
}
