/* SPDX-License-Identifier: BSD-3-Clause */
/* What each partner uses, and what it was refused. */
#include "dataplane/crew.h"
#include "dataplane/partner.h"
#include "dataplane/report_int.h"
#include "rules/base/mark.h"

/* Takes group; one that is empty is left out, as with most partners all are. */
static void put_group(json_t *o, const char *name, json_t *group)
{
	if (json_object_size(group) > 0)
		json_object_set_new(o, name, group);
	else
		json_decref(group);
}

static void put_causes(json_t *o, const char *name, const uint64_t counts[static CAUSE_COUNT])
{
	json_t *group = NULL;

	for (int c = CAUSE_none + 1; c < CAUSE_COUNT; c++) {
		if (counts[c] == 0)
			continue;
		if (!group)
			group = json_object();
		report_put(group, cause_name((enum cause)c), counts[c]);
	}
	put_group(o, name, group);
}

static void put_classes(json_t *o, const struct flow_classes *classes)
{
	json_t *group = json_object();

	for (int i = CLASS_UNKNOWN; i <= CLASS_OUTBOUND; i++)
		if (classes->open[i] != 0)
			report_put(
				group, report_class_name((enum source_class)i), classes->open[i]);
	put_group(o, "classes", group);
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
	put_classes(o, &classes);
	report_put(o, "flows_opened", traffic.flows_opened);
	report_put(o, "refused", traffic.refused);
	put_causes(o, "drops", causes.dropped);
	put_causes(o, "refusals", causes.refused);
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
