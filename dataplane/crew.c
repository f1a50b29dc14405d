/* SPDX-License-Identifier: BSD-3-Clause */
/* All who handle frames. */
#include "dataplane/crew.h"

#include <errno.h>

#include <rte_malloc.h>

static struct {
	bool prepared;
	uint32_t size;
	struct edge *edges[STEER_WORKERS_MAX];
	struct ferry *ferry;
	struct legs *legs;
	struct ledger ledger;
} crew;

static bool stopping; /* written by any thread, read by all loops */

uint32_t crew_size(void)
{
	return crew.size;
}

struct edge *crew_edge(uint32_t number)
{
	return crew.edges[number];
}

struct ferry *crew_ferry(void)
{
	return crew.ferry;
}

struct legs *crew_legs(void)
{
	return crew.legs;
}

static void *make(size_t bytes)
{
	return rte_zmalloc("crew", bytes, RTE_CACHE_LINE_SIZE);
}

/* Rings between each two workers, and between each and the lcore of the TAP. */
static int connect_all(uint32_t workers)
{
	int rc = 0;

	for (uint32_t from = 0; from < workers; from++)
		for (uint32_t to = 0; rc == 0 && to < workers; to++) {
			struct edge *a = crew.edges[from];

			if (from == to)
				continue;
			rc = crossing_init(&a->to_workers[to], from, to);
			crew.edges[to]->from_workers[from] = a->to_workers[to].ring;
		}
	for (uint32_t w = 0; rc == 0 && crew.ferry && w < workers; w++) {
		struct edge *edge = crew.edges[w];

		rc = crossing_init(&edge->to_ferry, w, workers);
		crew.ferry->from_workers[w] = edge->to_ferry.ring;
		edge->from_ferry = crew.ferry->to_workers[w].ring;
	}
	return rc;
}

static int make_all(const struct worker_config *config, uint32_t workers)
{
	uint32_t flows = config->flow_capacity ? config->flow_capacity : WORKER_FLOWS_DEFAULT;
	struct worker_config own = *config;
	int rc;

	if (config->handoff == HANDOFF_REQSK && siphash_key_random(&own.cookie_seed) < 0)
		return -EIO;
	crew.legs = make(sizeof(*crew.legs));
	rc = crew.legs ? legs_init(crew.legs, config->ports, config->port_count) : -ENOMEM;
	if (rc == 0)
		rc = ledger_init(&crew.ledger, flows);
	if (rc == 0 && config->apart) {
		crew.ferry = make(sizeof(*crew.ferry));
		rc = crew.ferry ? ferry_init(crew.ferry, workers) : -ENOMEM;
	}
	for (uint32_t w = 0; rc == 0 && w < workers; w++) {
		crew.edges[w] = make(sizeof(*crew.edges[w]));
		if (!crew.edges[w])
			return -ENOMEM;
		crew.size = w + 1;
		crew.edges[w]->legs = crew.legs;
		rc = worker_init(crew.edges[w], w, &own, &crew.ledger);
	}
	return rc == 0 ? connect_all(workers) : rc;
}

int crew_prepare(const struct worker_config *config)
{
	uint32_t workers = config->workers ? config->workers : 1;
	int rc;

	if (crew.prepared)
		return -EBUSY;
	/* Several workers have no way to a TAP that is one's. */
	if (workers > STEER_WORKERS_MAX || (workers > 1 && !config->apart) ||
		config->flow_capacity > WORKER_FLOWS_MAX)
		return -EINVAL;
	crew.prepared = true;
	__atomic_store_n(&stopping, false, __ATOMIC_RELAXED);
	steer_setup(workers, config->rss_seed);
	rc = tables_setup();
	if (rc == 0)
		rc = make_all(config, workers);
	if (rc < 0)
		crew_finish();
	return rc;
}

void crew_open(const struct worker_config *config)
{
	for (uint32_t i = 0; i < crew.legs->count; i++)
		crew.legs->all[i].config.port_id = config->ports[i].port_id;
	legs_learn_macs(crew.legs);
	for (uint32_t w = 0; w < crew.size; w++)
		worker_open(crew.edges[w], config);
	if (crew.ferry) {
		crew.ferry->idle = config->idle;
		crew.ferry->realtime_priority = config->realtime_priority;
		crew.ferry->exception.to_tap.port_id = config->tap_id;
	}
}

void crew_finish(void)
{
	uint32_t size = crew.size;

	crew.size = 0;
	for (uint32_t w = 0; w < size; w++) {
		worker_fini(crew.edges[w]);
		rte_free(crew.edges[w]);
		crew.edges[w] = NULL;
	}
	if (crew.ferry)
		ferry_fini(crew.ferry);
	rte_free(crew.ferry);
	crew.ferry = NULL;
	ledger_fini(&crew.ledger);
	rte_free(crew.legs);
	crew.legs = NULL;
	crew.prepared = false;
}

void crew_attend(bool attended)
{
	for (uint32_t w = 0; w < crew.size; w++)
		__atomic_store_n(&crew.edges[w]->unattended, !attended, __ATOMIC_RELAXED);
}

void crew_stop(void)
{
	__atomic_store_n(&stopping, true, __ATOMIC_RELAXED);
}

bool crew_stopping(void)
{
	return __atomic_load_n(&stopping, __ATOMIC_RELAXED);
}

static void add(uint64_t *sum, const uint64_t *more, size_t words)
{
	for (size_t i = 0; i < words; i++)
		sum[i] += __atomic_load_n(&more[i], __ATOMIC_RELAXED);
}

static const struct counters *counters_at(uint32_t i)
{
	if (i < crew.size)
		return &crew.edges[i]->counters;
	return i == crew.size && crew.ferry ? &crew.ferry->counters : NULL;
}

void crew_counters(struct counters *sum)
{
	uint64_t generation = UINT64_MAX;
	const struct counters *c;

	*sum = (struct counters){0};
	for (uint32_t i = 0; (c = counters_at(i)) != NULL; i++)
		add((uint64_t *)sum, (const uint64_t *)c,
			offsetof(struct counters, partners) / sizeof(uint64_t));
	/* Rules are in force when the last worker has them. */
	for (uint32_t w = 0; w < crew.size; w++)
		generation = RTE_MIN(generation,
			__atomic_load_n(&crew.edges[w]->counters.generation, __ATOMIC_RELAXED));
	sum->generation = crew.size > 0 ? generation : 0;
	for (int d = 0; d < DIRECTIONS; d++) {
		struct fates *f = &sum->fates[d];

		/* A frame may be taken over between the two looks. */
		if (f->passed_on > f->taken_over)
			f->held += f->passed_on - f->taken_over;
		f->passed_on = 0;
		f->taken_over = 0;
	}
}

void crew_partner(uint32_t slot, struct partner_counters *sum)
{
	const struct counters *c;

	*sum = (struct partner_counters){0};
	for (uint32_t i = 0; (c = counters_at(i)) != NULL; i++)
		add((uint64_t *)sum, (const uint64_t *)&c->partners[slot],
			sizeof(*sum) / sizeof(uint64_t));
}

void crew_causes(uint32_t slot, struct cause_counts *sum)
{
	const struct counters *c;

	*sum = (struct cause_counts){0};
	for (uint32_t i = 0; (c = counters_at(i)) != NULL; i++)
		add((uint64_t *)sum, (const uint64_t *)partner_causes_of(&c->blame->partners, slot),
			sizeof(*sum) / sizeof(uint64_t));
}

void crew_classes(uint32_t slot, struct flow_classes *sum)
{
	*sum = (struct flow_classes){0};
	for (uint32_t w = 0; w < crew.size; w++) {
		const struct flow_classes *classes = &crew.edges[w]->flows.classes[slot];

		for (int i = 0; i < FLOW_CLASSES; i++)
			sum->open[i] += __atomic_load_n(&classes->open[i], __ATOMIC_RELAXED);
	}
}

struct mono crew_now(void)
{
	struct mono now = {0};

	for (uint32_t w = 0; w < crew.size; w++)
		now.ns = RTE_MAX(now.ns, __atomic_load_n(&crew.edges[w]->now.ns, __ATOMIC_RELAXED));
	return now;
}

void crew_hitters(enum cause cause, struct mono now, struct hitters_list *sum)
{
	const struct counters *c;

	*sum = (struct hitters_list){0};
	for (uint32_t i = 0; (c = counters_at(i)) != NULL; i++) {
		struct hitters_list list;

		hitters_read(&c->blame->hitters[cause], now, &list);
		hitters_merge(sum, &list);
	}
}
