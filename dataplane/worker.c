/* SPDX-License-Identifier: BSD-3-Clause */
/* The burst loop of one lcore. */
#include "dataplane/worker.h"

#include <errno.h>
#include <sys/prctl.h>
#include <time.h>

#include <rte_ethdev.h>
#include <rte_malloc.h>

#include "dataplane/edge.h"
#include "dataplane/inbound.h"
#include "dataplane/judge.h"
#include "dataplane/outbound.h"
#include "dataplane/partner.h"
#include "dataplane/reader.h"
#include "dataplane/refuse.h"

enum {
	TICK_US = 1000,        /* between looks for what has expired */
	TICK_SLOTS = 64,       /* flows looked at per tick, at least */
	TICK_PASSES = 4096,    /* or ticks that one pass over all flows takes */
	IDLE_POLLS = 64,       /* empty turns before the first sleep */
	IDLE_SLEEP_NS = 40000, /* with the time of waking below 50 us */
};

static struct edge *only_edge;
static bool stopping;

struct edge *worker_edge(void)
{
	return only_edge;
}

static int edge_init(struct edge *edge, const struct worker_config *config)
{
	uint32_t flows = config->flow_capacity ? config->flow_capacity : WORKER_FLOWS_DEFAULT;
	uint32_t gathers =
		config->gather_capacity ? config->gather_capacity : WORKER_GATHERS_DEFAULT;
	int rc;

	edge->config = *config;
	edge->frame_max = RTE_ETHER_HDR_LEN + RTE_VLAN_HLEN +
			  (config->mtu ? config->mtu : RTE_ETHER_MTU) + RTE_ETHER_CRC_LEN;
	edge->has_vlan = config->vlan_id != 0;
	edge->vlan_tci = config->vlan_id;
	edge->to_port.port_id = config->port_id;
	police_init(&edge->police);
	edge->counters.partners =
		rte_zmalloc("counters", PARTNER_SLOTS * sizeof(struct partner_counters), 64);
	rc = edge->counters.partners ? exception_init(&edge->exception, config->tap_id) : -ENOMEM;
	if (rc == 0)
		rc = ledger_init(&edge->ledger, flows);
	if (rc == 0)
		rc = flow_table_init(&edge->flows, &edge->ledger, flows);
	if (rc == 0)
		rc = limiter_init(&edge->limiter, &edge->ledger);
	if (rc == 0)
		rc = gather_pool_init(&edge->gathers, gathers);
	if (rc == 0)
		rc = expect_table_init(&edge->expects);
	if (rc == 0)
		rc = verdicts_init(&edge->verdicts);
	return rc;
}

int worker_prepare(const struct worker_config *config)
{
	int rc;

	if (only_edge)
		return -EBUSY;
	if (config->flow_capacity > WORKER_FLOWS_MAX || config->vlan_id > 4094)
		return -EINVAL;
	only_edge = rte_zmalloc("edge", sizeof(*only_edge), RTE_CACHE_LINE_SIZE);
	if (!only_edge)
		return -ENOMEM;
	rc = tables_setup();
	if (rc == 0)
		rc = edge_init(only_edge, config);
	if (rc == 0)
		rc = tables_reader_join(EDGE_READER);
	if (rc < 0)
		worker_finish();
	return rc;
}

void worker_finish(void)
{
	struct edge *edge = only_edge;

	if (!edge)
		return;
	only_edge = NULL;
	outlet_clear(&edge->to_port);
	exception_fini(&edge->exception);
	if (edge->expects.ring)
		expect_table_fini(&edge->expects);
	verdicts_fini(&edge->verdicts);
	gather_pool_fini(&edge->gathers);
	if (edge->flows.hash)
		flow_table_fini(&edge->flows);
	limiter_fini(&edge->limiter);
	ledger_fini(&edge->ledger);
	rte_free(edge->counters.partners);
	tables_reader_leave(EDGE_READER);
	rte_free(edge);
}

/* What has expired: first bytes first, then a few flows and announcements. */
static void worker_tick(struct edge *edge)
{
	uint32_t budget = RTE_MAX((uint32_t)TICK_SLOTS, edge->flows.slots / TICK_PASSES);
	struct flow *flow;

	if (!mono_reached(edge->now, edge->next_tick))
		return;
	edge->next_tick.ns = edge->now.ns + TICK_US * NS_PER_US;
	reader_late(edge);
	while ((flow = flow_expired(&edge->flows, edge->now, &budget)) != NULL) {
		if (flow->state == FLOW_reading || flow->state == FLOW_passed) {
			refuse_late(edge, flow);
			continue;
		}
		edge_gather_close(edge, flow);
		flow_remove(&edge->flows, flow);
	}
	expect_expire(&edge->expects, edge->now);
	judge_expire(edge);
}

uint32_t worker_step(struct edge *edge, struct mono now)
{
	struct rte_mbuf *frames[WORKER_BURST];
	uint16_t from_port;
	uint16_t from_tap;

	edge->now = now;
	edge->tables = tables_now();
	if (edge->tables) {
		edge->counters.generation = tables_generation(edge->tables);
		if (edge->tables_serial != tables_serial(edge->tables)) {
			edge->tables_serial = tables_serial(edge->tables);
			edge->serial++;
		}
		worker_tick(edge);
	}
	judge_turn(edge);
	from_port = rte_eth_rx_burst(edge->config.port_id, 0, frames, WORKER_BURST);
	if (from_port > 0)
		inbound_burst(edge, frames, from_port);
	expect_drain(&edge->expects);
	from_tap = exception_receive(&edge->exception, frames, WORKER_BURST);
	if (from_tap > 0)
		outbound_burst(edge, frames, from_tap);
	exception_flush(&edge->exception, &edge->counters.fates[DIRECTION_IN]);
	outlet_flush(&edge->to_port, &edge->counters.fates[DIRECTION_OUT]);
	tables_quiescent(EDGE_READER);
	return (uint32_t)from_port + from_tap;
}

/* The TAP has the port's MAC; from it the kernel makes a link-local address (RFC 4291 appendix A). */
static void edge_learn_mac(struct edge *edge)
{
	struct rte_ether_addr mac;
	uint8_t *a = edge->link_local;

	if (rte_eth_macaddr_get(edge->config.port_id, &mac) < 0)
		return;
	edge->has_mac = !rte_is_zero_ether_addr(&mac);
	memcpy(edge->mac, mac.addr_bytes, 6);
	memset(a, 0, 16);
	a[0] = 0xfe;
	a[1] = 0x80;
	memcpy(a + 8, edge->mac, 3);
	a[8] ^= 0x02;
	a[11] = 0xff;
	a[12] = 0xfe;
	memcpy(a + 13, edge->mac + 3, 3);
}

int worker_run(void *config)
{
	const struct timespec nap = {.tv_nsec = IDLE_SLEEP_NS};
	const struct worker_config *now_config = config;
	struct edge *edge = only_edge;
	uint32_t empty = 0;

	if (!edge)
		return -ENODEV;
	edge->config.port_id = now_config->port_id;
	edge->config.tap_id = now_config->tap_id;
	edge->config.pool = now_config->pool;
	edge->config.idle = now_config->idle;
	edge->to_port.port_id = now_config->port_id;
	edge->exception.to_tap.port_id = now_config->tap_id;
	edge_learn_mac(edge);
	/* Else the kernel may add 50 us to each sleep. */
	prctl(PR_SET_TIMERSLACK, 1UL);
	while (!__atomic_load_n(&stopping, __ATOMIC_RELAXED)) {
		if (worker_step(edge, mono_now()) > 0)
			empty = 0;
		else if (edge->config.idle == IDLE_ADAPTIVE && ++empty > IDLE_POLLS)
			clock_nanosleep(CLOCK_MONOTONIC, 0, &nap, NULL);
	}
	__atomic_store_n(&stopping, false, __ATOMIC_RELAXED);
	return 0;
}

void worker_attend(bool attended)
{
	if (only_edge)
		__atomic_store_n(&only_edge->unattended, !attended, __ATOMIC_RELAXED);
}

void worker_stop(void)
{
	__atomic_store_n(&stopping, true, __ATOMIC_RELAXED);
}
