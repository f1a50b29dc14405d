/* SPDX-License-Identifier: BSD-3-Clause */
/* What became of every frame. */
#include "dataplane/report.h"

#include "dataplane/crew.h"
#include "dataplane/learned.h"
#include "dataplane/partner.h"
#include "dataplane/report_int.h"
#include "dataplane/suspects.h"

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

bool cause_find(const char *name, enum cause *out)
{
	for (int c = CAUSE_none + 1; c < CAUSE_COUNT; c++)
		if (strcmp(cause_name((enum cause)c), name) == 0) {
			*out = (enum cause)c;
			return true;
		}
	return false;
}

/* Every drop and refusal of an lcore is counted for one partner, too. Sums have no partners. */
static bool partners_balance(const struct counters *counters)
{
	uint32_t end = counters->blame ? partner_slot_end() : 0;

	for (int c = 0; end > 0 && c < CAUSE_COUNT; c++) {
		uint64_t dropped = 0;
		uint64_t refused = 0;

		for (uint32_t slot = 0; slot < end; slot++) {
			const struct cause_counts *counts =
				partner_causes_of(&counters->blame->partners, slot);

			dropped += counts->dropped[c];
			refused += counts->refused[c];
		}
		if (dropped != counters->dropped[c] || refused != counters->refused[c])
			return false;
	}
	return true;
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
	return partners_balance(counters) && dropped == dropped_by_cause &&
	       refused + counters->late == refused_by_cause;
}

static int put(json_t *object, const char *name, const uint64_t *counter)
{
	uint64_t value = __atomic_load_n(counter, __ATOMIC_RELAXED);

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
	put(o, "made", &f->made);
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

static void put_buffers(json_t *o)
{
	const struct rte_mempool *pool = crew_edge(0)->config.pool;

	report_put(o, "buffers", rte_mempool_in_use_count(pool));
	report_put(o, "buffer_capacity", pool->size);
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
	report_put(o, "workers", crew_size());
	report_put(o, "flows", flows);
	report_put(o, "flow_capacity", capacity);
	report_put(o, "gathers", gathers);
	report_put(o, "expectations", expectations);
	put_buffers(o);
}

json_t *report_counters(void)
{
	struct counters sum;
	const struct counters *c = &sum;
	json_t *o;

	if (crew_size() == 0)
		return NULL;
	crew_counters(&sum);
	o = json_object();
	put(o, "generation", &c->generation);
	put_use(o);
	report_put(o, "learned", learned_count());
	report_put(o, "suspects", suspects_count());
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
	return o;
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
