/* SPDX-License-Identifier: BSD-3-Clause */
/* What became of every frame. */
#include "dataplane/report.h"

#include "dataplane/crew.h"
#include "dataplane/learned.h"
#include "dataplane/partner.h"
#include "rules/base/mark.h"

enum { FLOWS_PAGE_MAX = 200, PARTNERS_MAX = 1000 };

const char *cause_name(enum cause cause)
{
	static const char *const names[CAUSE_COUNT] = {"none",
#define CAUSE_NAME(name, text) #name,
		DROP_CAUSES(CAUSE_NAME)
#undef CAUSE_NAME
	};

	return names[cause];
}

const char *cause_text(enum cause cause)
{
	static const char *const texts[CAUSE_COUNT] = {"",
#define CAUSE_TEXT(name, text) text,
		DROP_CAUSES(CAUSE_TEXT)
#undef CAUSE_TEXT
	};

	return texts[cause];
}

bool report_balance(const struct counters *counters)
{
	uint64_t dropped = 0;
	uint64_t refused = 0;
	uint64_t dropped_by_cause = 0;
	uint64_t refused_by_cause = 0;

	for (int d = 0; d < DIRECTIONS; d++) {
		const struct fates *f = &counters->fates[d];

		if (f->received + f->taken_over != f->forwarded + f->answered + f->consumed +
							   f->held + f->dropped + f->passed_on)
			return false;
		dropped += f->dropped;
		refused += f->answered;
	}
	for (int c = 0; c < CAUSE_COUNT; c++) {
		dropped_by_cause += counters->dropped[c];
		refused_by_cause += counters->refused[c];
	}
	return dropped == dropped_by_cause && refused + counters->late == refused_by_cause;
}

static int put(json_t *object, const char *name, const uint64_t *counter)
{
	uint64_t value = __atomic_load_n(counter, __ATOMIC_RELAXED);

	return json_object_set_new(object, name, json_integer((json_int_t)value));
}

static int put_number(json_t *object, const char *name, uint64_t value)
{
	return json_object_set_new(object, name, json_integer((json_int_t)value));
}

static json_t *fates_json(const struct fates *f)
{
	json_t *o = json_object();

	put(o, "received", &f->received);
	put(o, "forwarded", &f->forwarded);
	put(o, "answered", &f->answered);
	put(o, "consumed", &f->consumed);
	put(o, "held", &f->held);
	put(o, "dropped", &f->dropped);
	put(o, "bytes", &f->bytes);
	put(o, "resets", &f->resets);
	return o;
}

static json_t *causes_json(const uint64_t counters[static CAUSE_COUNT])
{
	json_t *o = json_object();

	for (int c = CAUSE_none + 1; c < CAUSE_COUNT; c++)
		put(o, cause_name((enum cause)c), &counters[c]);
	return o;
}

static json_t *spoken_json(const uint64_t counters[static SPOKEN_COUNT])
{
	json_t *o = json_object();

	for (int i = 0; i < SPOKEN_COUNT; i++)
		put(o, spoken_name((enum spoken)i), &counters[i]);
	return o;
}

static json_t *partner_json(uint32_t slot, uint32_t id)
{
	const uint32_t *open = &crew_edge(0)->flows.ledger->open[slot];
	struct partner_counters sum;
	const struct partner_counters *p = &sum;
	json_t *limited = json_object();
	json_t *o = json_object();

	crew_partner(slot, &sum);
	put_number(o, "id", id);
	put(o, "packets_in", &p->packets_in);
	put(o, "bytes_in", &p->bytes_in);
	put(o, "packets_out", &p->packets_out);
	put(o, "bytes_out", &p->bytes_out);
	put_number(o, "flows", __atomic_load_n(open, __ATOMIC_RELAXED));
	put(o, "flows_opened", &p->flows_opened);
	put(o, "refused", &p->refused);
	for (unsigned i = 0; i < LIMITED_COUNT; i++)
		put(limited, cause_name((enum cause)(CAUSE_over_new_connections + i)),
			&p->limited[i]);
	json_object_set_new(o, "limited", limited);
	return o;
}

static json_t *partners_json(void)
{
	uint32_t end = RTE_MIN(partner_slot_end(), (uint32_t)PARTNERS_MAX + 1);
	json_t *o = json_object();

	json_object_set_new(o, "(unknown)", partner_json(0, 0));
	for (uint32_t slot = 1; slot < end; slot++) {
		struct partner_entry entry;

		partner_get(slot, &entry);
		/* An adopted connection named an id that no rules have explained since. */
		if (entry.name[0] == '\0')
			snprintf(entry.name, sizeof(entry.name), "(%u)", entry.id);
		json_object_set_new(o, entry.name, partner_json(slot, entry.id));
	}
	return o;
}

/* What is used now, over all workers. */
static void put_use(json_t *o)
{
	uint64_t flows = 0, capacity = 0, gathers = 0, expectations = 0;

	for (uint32_t w = 0; w < crew_size(); w++) {
		const struct edge *edge = crew_edge(w);

		flows += __atomic_load_n(&edge->flows.count, __ATOMIC_RELAXED);
		capacity += edge->flows.capacity;
		gathers += __atomic_load_n(&edge->gathers.used, __ATOMIC_RELAXED);
		expectations += __atomic_load_n(&edge->expects.alive, __ATOMIC_RELAXED);
	}
	put_number(o, "workers", crew_size());
	put_number(o, "flows", flows);
	put_number(o, "flow_capacity", capacity);
	put_number(o, "gathers", gathers);
	put_number(o, "expectations", expectations);
}

json_t *report_counters(void)
{
	uint32_t slots = partner_slot_end() - 1;
	struct counters sum;
	const struct counters *c = &sum;
	json_t *o;

	if (crew_size() == 0)
		return NULL;
	crew_counters(&sum);
	o = json_object();
	put(o, "generation", &c->generation);
	put_use(o);
	put_number(o, "learned", learned_count());
	json_object_set_new(o, "in", fates_json(&c->fates[DIRECTION_IN]));
	json_object_set_new(o, "out", fates_json(&c->fates[DIRECTION_OUT]));
	put(o, "late", &c->late);
	put(o, "resets_lost", &c->resets_lost);
	put(o, "copies_lost", &c->copies_lost);
	put(o, "claims_contradicted", &c->claims_contradicted);
	put(o, "verdicts_taken", &c->verdicts_taken);
	put(o, "verdicts_unmatched", &c->verdicts_unmatched);
	json_object_set_new(o, "dropped", causes_json(c->dropped));
	json_object_set_new(o, "refused", causes_json(c->refused));
	json_object_set_new(o, "spoken", spoken_json(c->spoken));
	json_object_set_new(o, "partners", partners_json());
	put_number(o, "partners_more", slots > PARTNERS_MAX ? slots - PARTNERS_MAX : 0);
	return o;
}

static const char *class_name(enum source_class class)
{
	switch (class) {
	case CLASS_UNKNOWN:
		return "unknown";
	case CLASS_CLAIMED:
		return "claimed";
	case CLASS_VERIFIED:
		return "verified";
	case CLASS_SUSPICIOUS:
		return "suspicious";
	case CLASS_OUTBOUND:
		return "outbound";
	case CLASS_BLOCKED:
		return "blocked";
	case CLASS_NONE:
		break;
	}
	return "none";
}

static json_t *flow_json(const struct flow *flow, uint64_t now_ns)
{
	struct ip_address remote = tuple_src_address(&flow->key);
	struct ip_address local = tuple_dst_address(&flow->key);
	char remote_text[IP_TEXT_BYTES];
	char local_text[IP_TEXT_BYTES];
	uint64_t idle_ns = now_ns > flow->seen_ns ? now_ns - flow->seen_ns : 0;

	ip_address_print(&remote, remote_text);
	ip_address_print(&local, local_text);
	return json_pack("{s:s, s:i, s:s, s:i, s:I, s:s, s:i, s:s, s:b, s:I, s:i, s:s}", "remote",
		remote_text, "remote_port", (int)flow->key.src_port, "local", local_text,
		"local_port", (int)flow->key.dst_port, "mark", (json_int_t)flow->mark, "class",
		class_name(mark_class(flow->mark)), "partner", (int)mark_partner(flow->mark),
		"state", flow_state_name((enum flow_state)flow->state), "outbound",
		(flow->flags & FLOW_OUTBOUND) != 0, "idle_ms", (json_int_t)(idle_ns / 1000000),
		"claimed", (int)flow->claimed_partner, "cause",
		cause_name((enum cause)flow->cause));
}

json_t *report_flows(uint32_t offset, uint32_t limit, uint32_t *total)
{
	uint32_t found = 0;
	struct flow flow;
	json_t *list;

	if (crew_size() == 0)
		return NULL;
	list = json_array();
	limit = RTE_MIN(limit, (uint32_t)FLOWS_PAGE_MAX);
	*total = 0;
	for (uint32_t w = 0; w < crew_size(); w++) {
		const struct edge *edge = crew_edge(w);
		uint64_t now_ns = __atomic_load_n(&edge->now.ns, __ATOMIC_RELAXED);

		*total += __atomic_load_n(&edge->flows.count, __ATOMIC_RELAXED);
		for (uint32_t i = 0; i < edge->flows.slots && json_array_size(list) < limit; i++)
			if (flow_copy(&edge->flows, i, &flow) && found++ >= offset)
				json_array_append_new(list, flow_json(&flow, now_ns));
	}
	return list;
}

json_t *report_drops(void)
{
	struct counters sum;
	json_t *list;

	if (crew_size() == 0)
		return NULL;
	crew_counters(&sum);
	list = json_array();
	for (int c = CAUSE_none + 1; c < CAUSE_COUNT; c++) {
		uint64_t dropped = sum.dropped[c];
		uint64_t refused = sum.refused[c];

		if (dropped == 0 && refused == 0)
			continue;
		json_array_append_new(
			list, json_pack("{s:s, s:I, s:I, s:s}", "cause", cause_name((enum cause)c),
				      "dropped", (json_int_t)dropped, "refused",
				      (json_int_t)refused, "words", cause_text((enum cause)c)));
	}
	return list;
}

static json_t *block_json(const struct block *block, struct mono now)
{
	const struct block_target *t = &block->target;
	char text[BLOCK_NAME_BYTES] = "";

	if (block_target_is_name(t)) {
		memcpy(text, t->bytes, t->length);
	} else {
		struct prefix prefix = {.length_bits = t->length,
			.address.family_bits = t->kind == BLOCK_IPV4 ? 32 : 128};

		memcpy(prefix.address.bytes, t->bytes, sizeof(prefix.address.bytes));
		prefix_print(&prefix, text);
	}
	return json_pack("{s:s, s:s, s:b, s:I, s:s}", "target", text, "kind",
		block_target_is_name(t) ? "domain" : "source", "subtree", t->kind == BLOCK_SUBTREE,
		"seconds", (json_int_t)((block->expires.ns - now.ns + NS_PER_S - 1) / NS_PER_S),
		"reason", block->reason);
}

json_t *report_verdicts(uint32_t offset, uint32_t limit, uint32_t *total)
{
	static struct block blocks[BLOCK_PAGE_MAX]; /* one thread asks */
	struct mono now = mono_now();
	uint32_t count = verdict_list(offset, limit, now, blocks, total);
	json_t *list = json_array();

	for (uint32_t i = 0; i < count; i++)
		json_array_append_new(list, block_json(&blocks[i], now));
	return list;
}
