/* SPDX-License-Identifier: BSD-3-Clause */
/* The burst loop of one worker. */
#include "dataplane/worker.h"

#include <errno.h>
#include <sys/random.h>

#include <rte_ethdev.h>
#include <rte_malloc.h>

#include "dataplane/burst.h"
#include "dataplane/crew.h"
#include "dataplane/held.h"
#include "dataplane/inbound.h"
#include "dataplane/judge.h"
#include "dataplane/outbound.h"
#include "dataplane/reader.h"
#include "dataplane/refuse.h"

enum {
	TICK_US = 1000,     /* between looks for what has expired */
	TICK_SLOTS = 64,    /* flows looked at per tick, at least */
	TICK_PASSES = 4096, /* or ticks that one pass over all flows takes */
};

/* Every worker has the same share of the flows: owners are drawn by a hash. */
static uint32_t flow_share(const struct worker_config *config)
{
	uint32_t flows = config->flow_capacity ? config->flow_capacity : WORKER_FLOWS_DEFAULT;
	uint32_t workers = config->workers ? config->workers : 1;

	return (flows + workers - 1) / workers;
}

/* Time in the jar begins with the first turn. */
static int handshakes_init(struct edge *edge, const struct worker_config *config)
{
	cookie_jar_init(&edge->cookies, &config->cookie_seed, (struct mono){0});
	edge->answers = rte_zmalloc("answers", sizeof(*edge->answers), RTE_CACHE_LINE_SIZE);
	edge->strays = rte_zmalloc("strays", sizeof(*edge->strays), RTE_CACHE_LINE_SIZE);
	if (!edge->answers || !edge->strays)
		return -ENOMEM;
	return getrandom(&edge->secret, sizeof(edge->secret), 0) == (ssize_t)sizeof(edge->secret)
		       ? 0
		       : -EIO;
}

int worker_init(struct edge *edge, uint32_t number, const struct worker_config *config,
	struct ledger *ledger)
{
	uint32_t gathers =
		config->gather_capacity ? config->gather_capacity : WORKER_GATHERS_DEFAULT;
	int rc = 0;

	edge->number = number;
	edge->config = *config;
	edge->mtu = config->mtu ? config->mtu : RTE_ETHER_MTU;
	edge->frame_max = RTE_ETHER_HDR_LEN + RTE_VLAN_HLEN + edge->mtu + RTE_ETHER_CRC_LEN;
	police_init(&edge->police, config->workers ? config->workers : 1);
	edge->counters.partners =
		rte_zmalloc("counters", PARTNER_SLOTS * sizeof(struct partner_counters), 64);
	edge->counters.blame = blame_new();
	if (!config->apart) {
		edge->exception = rte_zmalloc("exception", sizeof(*edge->exception), 64);
		rc = edge->exception ? exception_init(edge->exception, config->tap_id) : -ENOMEM;
	}
	if (!edge->counters.partners || !edge->counters.blame)
		rc = -ENOMEM;
	if (rc == 0)
		rc = flow_table_init(&edge->flows, number, ledger, flow_share(config));
	if (rc == 0)
		rc = limiter_init(&edge->limiter, ledger);
	if (rc == 0)
		rc = gather_pool_init(&edge->gathers, gathers);
	if (rc == 0)
		rc = expect_table_init(&edge->expects, number);
	if (rc == 0)
		rc = verdicts_init(&edge->verdicts, number);
	if (rc == 0 && config->handoff == HANDOFF_REQSK)
		rc = handshakes_init(edge, config);
	return rc == 0 ? tables_reader_join(number) : rc;
}

/* Queue 0 of each port goes to another worker, so that ports with one are spread. A port with a queue
 * for each worker gives each its own: that is where RSS puts what the worker owns. */
static uint32_t poller_of(const struct leg_config *config, uint32_t leg, uint32_t queue)
{
	uint32_t workers = crew_size();

	return (config->rx_queues >= workers ? queue : queue + leg) % workers;
}

void worker_open(struct edge *edge, const struct worker_config *config)
{
	edge->config.tap_id = config->tap_id;
	edge->config.pool = config->pool;
	edge->config.idle = config->idle;
	edge->config.realtime_priority = config->realtime_priority;
	if (edge->exception)
		edge->exception->to_tap.port_id = config->tap_id;
	edge->poll_count = 0;
	for (uint32_t i = 0; i < edge->legs->count; i++) {
		struct leg *leg = &edge->legs->all[i];
		uint16_t queue = (uint16_t)(edge->number % leg->config.tx_queues);
		bool shared = leg->config.tx_queues < crew_size();

		edge->to_legs[i] = (struct outlet){
			.port_id = leg->config.port_id,
			.queue_id = queue,
			.lock = shared ? &leg->tx_locks[queue] : NULL,
		};
		for (uint16_t q = 0; q < leg->config.rx_queues; q++)
			if (poller_of(&leg->config, i, q) == edge->number)
				edge->polls[edge->poll_count++] =
					(struct poll){leg->config.port_id, q, i};
	}
}

void worker_fini(struct edge *edge)
{
	for (uint32_t i = 0; i < edge->legs->count; i++)
		outlet_clear(&edge->to_legs[i]);
	for (uint32_t w = 0; w < STEER_WORKERS_MAX; w++)
		crossing_fini(&edge->to_workers[w]);
	crossing_fini(&edge->to_ferry);
	if (edge->exception)
		exception_fini(edge->exception);
	rte_free(edge->exception);
	if (edge->expects.ring)
		expect_table_fini(&edge->expects);
	verdicts_fini(&edge->verdicts);
	rte_free(edge->answers);
	rte_free(edge->strays);
	gather_pool_fini(&edge->gathers);
	if (edge->flows.hash)
		flow_table_fini(&edge->flows);
	limiter_fini(&edge->limiter);
	rte_free(edge->counters.partners);
	blame_free(edge->counters.blame);
	tables_reader_leave(edge->number);
}

/* What has expired: first bytes first, then a few flows and announcements. */
static void worker_tick(struct edge *edge)
{
	uint32_t budget = RTE_MAX((uint32_t)TICK_SLOTS, edge->flows.slots / TICK_PASSES);
	struct flow *flow;

	if (!mono_reached(edge->now, edge->next_tick))
		return;
	edge->next_tick.ns = edge->now.ns + TICK_US * NS_PER_US;
	held_release(edge);
	held_again(edge);
	reader_late(edge);
	while ((flow = flow_expired(&edge->flows, edge->now, &budget)) != NULL) {
		if (flow->state == FLOW_held || flow->state == FLOW_reading ||
			flow->state == FLOW_passed) {
			refuse_late(edge, flow);
			continue;
		}
		edge_gather_close(edge, flow);
		flow_remove(&edge->flows, flow);
	}
	expect_expire(&edge->expects, edge->now);
	judge_expire(edge);
}

/* Hand over what is other workers'; returns how many are left, in front. */
static uint16_t sort(struct edge *edge, struct rte_mbuf **frames, uint16_t count, uint32_t leg)
{
	struct fates *fates = &edge->counters.fates[DIRECTION_IN];
	uint16_t kept = 0;

	for (uint16_t i = 0; i < count; i++)
		rte_prefetch0(rte_pktmbuf_mtod(frames[i], void *));
	for (uint16_t i = 0; i < count; i++) {
		struct rte_mbuf *m = frames[i];
		uint32_t owner = STEER_ANY;

		if (likely(m->nb_segs == 1))
			owner = steer_frame(view_make(rte_pktmbuf_mtod(m, const uint8_t *),
						    rte_pktmbuf_data_len(m)),
				false);
		if (owner == STEER_ANY || owner == edge->number) {
			frames[kept++] = m;
			continue;
		}
		m->port = (uint16_t)leg;
		if (crossing_put(&edge->to_workers[owner], m))
			fates->passed_on++;
		else
			edge_lose(edge, m, DIRECTION_IN, CAUSE_lcore_full);
	}
	return kept;
}

/* From the ports, and from the workers that received what is ours. */
static uint32_t take_inbound(struct edge *edge)
{
	struct fates *fates = &edge->counters.fates[DIRECTION_IN];
	struct rte_mbuf *frames[WORKER_BURST];
	uint32_t workers = crew_size();
	uint32_t total = 0;
	uint16_t count;

	for (uint32_t i = 0; i < edge->poll_count; i++) {
		const struct poll *poll = &edge->polls[i];

		count = rte_eth_rx_burst(poll->port_id, poll->queue_id, frames, WORKER_BURST);
		fates->received += count;
		total += count;
		if (workers > 1 && count > 0)
			count = sort(edge, frames, count, poll->leg);
		if (count > 0)
			inbound_burst(edge, frames, count, poll->leg);
	}
	for (uint32_t w = 0; workers > 1 && w < workers; w++) {
		if (w == edge->number)
			continue;
		count = crossing_take(edge->from_workers[w], frames, WORKER_BURST);
		fates->taken_over += count;
		total += count;
		if (count > 0)
			inbound_burst(edge, frames, count, BURST_LEG_OF_FRAME);
	}
	return total;
}

static uint32_t take_outbound(struct edge *edge)
{
	struct fates *fates = &edge->counters.fates[DIRECTION_OUT];
	struct rte_mbuf *frames[WORKER_BURST];
	uint16_t count;

	if (edge->exception) {
		count = exception_receive(edge->exception, frames, WORKER_BURST);
		fates->received += count;
	} else {
		count = crossing_take(edge->from_ferry, frames, WORKER_BURST);
		fates->taken_over += count;
	}
	if (count > 0)
		outbound_burst(edge, frames, count);
	return count;
}

static void send_all(struct edge *edge)
{
	struct fates *out = &edge->counters.fates[DIRECTION_OUT];
	uint64_t held = 0;

	if (edge->exception)
		exception_flush(edge->exception, &edge->counters.fates[DIRECTION_IN]);
	else
		crossing_flush(&edge->to_ferry);
	for (uint32_t i = 0; i < edge->legs->count; i++) {
		outlet_flush(&edge->to_legs[i], out);
		held += edge->to_legs[i].unmade;
	}
	out->held = held;
	for (uint32_t w = 0, workers = crew_size(); workers > 1 && w < workers; w++)
		if (w != edge->number)
			crossing_flush(&edge->to_workers[w]);
}

uint32_t worker_step(struct edge *edge, struct mono now)
{
	uint32_t total;

	edge->now = now;
	edge->tables = tables_now();
	if (edge->config.handoff == HANDOFF_REQSK)
		cookie_jar_turn(&edge->cookies, now);
	if (edge->tables) {
		if (edge->counters.generation != tables_generation(edge->tables)) {
			edge->counters.generation = tables_generation(edge->tables);
			judge_rules_changed(edge);
		}
		if (edge->tables_serial != tables_serial(edge->tables)) {
			edge->tables_serial = tables_serial(edge->tables);
			edge->serial++;
		}
		worker_tick(edge);
	}
	judge_turn(edge);
	total = take_inbound(edge);
	expect_drain(&edge->expects);
	inquiry_turn(edge, &edge->inquiry);
	total += take_outbound(edge);
	send_all(edge);
	tables_quiescent(edge->number);
	return total;
}

int worker_run(void *edge)
{
	struct edge *e = edge;
	struct pace pace = pace_begin(e->config.idle, e->config.realtime_priority, mono_now());

	while (!crew_stopping()) {
		struct mono now = mono_now();

		pace_turn(&pace, worker_step(e, now) > 0, now);
	}
	return 0;
}
