/* SPDX-License-Identifier: BSD-3-Clause */
/* A worker between two ports made of rings. */
#include "tests/ring/ring.h"

#include <arpa/inet.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include <rte_eal.h>
#include <rte_eth_ring.h>
#include <rte_ethdev.h>

#include "dataplane/suspects.h"
#include "rules/filter.h"
#include "rules/ruleset.h"
#include "tests/unit/compile.h"

enum { POOL_FRAMES = 4095, RING_FRAMES = 512 };

struct edge *edge;
struct mono now;
struct rte_mempool *pool;

static struct rte_ring *port_rx, *port_tx, *tap_rx, *tap_tx;
static struct worker_config config;
static uint64_t seen_dropped[CAUSE_COUNT], seen_refused[CAUSE_COUNT];

static const char rules[] = "service:\n"
			    "  addresses: [" SERVICE_4 ", \"" SERVICE_6 "\"]\n"
			    "  ports: {xmpp: [5269], sip: [5061]}\n"
			    "local:\n"
			    "  - domain: corp.example\n"
			    "    certificate: c.pem\n"
			    "    key: k.pem\n"
			    "    inside: {protocol: sip, host: 10.0.0.9}\n"
			    "  - domain: bücher.example\n"
			    "    certificate: c.pem\n"
			    "    key: k.pem\n"
			    "    inside: {protocol: sip, host: 10.0.0.9}\n"
			    "partners:\n"
			    "  - {domain: other.example, protocol: xmpp, sources: [192.0.3.0/24]}\n"
			    "  - {domain: partner.example, protocol: xmpp,\n"
			    "     sources: [192.0.2.0/24, \"2001:db8:100::/48\"]}\n"
			    "blocked:\n"
			    "  domains: [{domain: bad.example, subtree: true}]\n"
			    "  prefixes: [203.0.113.0/24, \"2001:db8:dead::/48\"%s]\n"
			    /* These tests are of other things. */
			    "limits:\n"
			    "  partner: {new_connections_burst: 9999, connections: 9999}\n"
			    "  unknown: {new_connections_burst: 3600, connections: 9999}\n";

uint16_t ring_port(const char *name, uint16_t queues, struct rte_ring **rx, struct rte_ring **tx)
{
	const unsigned flags = RING_F_SP_ENQ | RING_F_SC_DEQ;
	struct rte_eth_conf none = {0};
	char ring_name[RTE_RING_NAMESIZE];
	int id;

	for (uint16_t q = 0; q < queues; q++) {
		snprintf(ring_name, sizeof(ring_name), "%s_rx%u", name, q);
		rx[q] = rte_ring_create(ring_name, RING_FRAMES, SOCKET_ID_ANY, flags);
		snprintf(ring_name, sizeof(ring_name), "%s_tx%u", name, q);
		tx[q] = rte_ring_create(ring_name, RING_FRAMES, SOCKET_ID_ANY, flags);
		if (!rx[q] || !tx[q])
			abort();
	}
	id = rte_eth_from_rings(name, rx, queues, tx, queues, 0);
	if (id < 0 || rte_eth_dev_configure((uint16_t)id, queues, queues, &none) < 0)
		abort();
	for (uint16_t q = 0; q < queues; q++)
		if (rte_eth_rx_queue_setup((uint16_t)id, q, RING_FRAMES, 0, NULL, pool) < 0 ||
			rte_eth_tx_queue_setup((uint16_t)id, q, RING_FRAMES, 0, NULL) < 0)
			abort();
	if (rte_eth_dev_start((uint16_t)id) < 0)
		abort();
	return (uint16_t)id;
}

uint16_t ring_tap_id(void)
{
	return config.tap_id;
}

static int first_cpu(void)
{
	cpu_set_t cpus;

	sched_getaffinity(0, sizeof(cpus), &cpus);
	for (int i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &cpus))
			return i;
	return 0;
}

int ring_start(void **state)
{
	char cpu[16];
	char *arguments[] = {"ring", "--no-huge", "-m", "384", "--no-shconf", "--no-pci",
		"--no-telemetry", "--log-level", "3", "-l", cpu};

	snprintf(cpu, sizeof(cpu), "%d", first_cpu());
	if (rte_eal_init((int)(sizeof(arguments) / sizeof(arguments[0])), arguments) < 0)
		return -1;
	pool = rte_pktmbuf_pool_create("frames", POOL_FRAMES, 0, 0, 2048 + 128, SOCKET_ID_ANY);
	if (!pool)
		return -1;
	config.ports[0].port_id = ring_port("port", 1, &port_rx, &port_tx);
	config.port_count = 1;
	config.tap_id = ring_port("tap", 1, &tap_rx, &tap_tx);
	config.pool = pool;
	return 0;
}

int ring_stop(void **state)
{
	return rte_eal_cleanup();
}

static void worker_new(void)
{
	if (crew_prepare(&config) != 0)
		abort();
	crew_open(&config);
	memset(seen_dropped, 0, sizeof(seen_dropped));
	memset(seen_refused, 0, sizeof(seen_refused));
	edge = crew_edge(0);
	legs_set_mac(crew_legs(), 0, edge_mac);
}

int ring_setup(void **state)
{
	config.ports[0].vlan_id = 0;
	config.mtu = 0;
	config.handoff = HANDOFF_SYN;
	config.flow_capacity = 1024;
	config.gather_capacity = 64;
	now.ns = 1000 * NS_PER_MS;
	worker_new();
	ring_rules();
	suspects_forget();
	return 0;
}

void ring_restart(const struct worker_config *limits)
{
	crew_finish();
	config.ports[0].vlan_id = limits->ports[0].vlan_id;
	config.mtu = limits->mtu;
	config.handoff = limits->handoff;
	config.flow_capacity = limits->flow_capacity ? limits->flow_capacity : 1024;
	config.gather_capacity = limits->gather_capacity ? limits->gather_capacity : 64;
	worker_new();
}

int ring_teardown(void **state)
{
	int rc = 0;

	if (!report_balance(&edge->counters)) {
		print_error("received frames and fates differ\n");
		rc = -1;
	}
	assert_nothing_left();
	crew_finish();
	tables_publish(NULL);
	if (tables_reclaim() != 0) {
		print_error("retired tables were not freed\n");
		rc = -1;
	}
	if (rte_mempool_avail_count(pool) != POOL_FRAMES) {
		print_error("%u buffers did not come back\n",
			POOL_FRAMES - rte_mempool_avail_count(pool));
		rc = -1;
	}
	return rc;
}

void ring_publish(const char *yaml)
{
	ring_publish_compiled(compile(yaml));
}

void ring_publish_compiled(struct ruleset *compiled)
{
	struct filter filter;
	struct tables *tables;
	uint8_t *block;
	size_t block_bytes;
	char why[256];

	assert_int_equal(filter_write(compiled, &block, &block_bytes), 0);
	if (filter_open(view_make(block, block_bytes), &filter, why, sizeof(why)) != 0)
		fail_msg("%s", why);
	tables = tables_build(&filter, why, sizeof(why));
	if (!tables)
		fail_msg("%s", why);
	/* The tables must need nothing of what they were made from. */
	memset(block, 0xa5, block_bytes);
	free(block);
	ruleset_free(compiled);
	tables_publish(tables);
}

static void rules_publish(const char *prefix, const char *lines)
{
	char yaml[2048];
	char more[80] = "";
	int len;

	if (prefix)
		snprintf(more, sizeof(more), ", \"%s\"", prefix);
	len = snprintf(yaml, sizeof(yaml), rules, more);
	snprintf(yaml + len, sizeof(yaml) - (size_t)len, "%s", lines);
	ring_publish(yaml);
}

void ring_rules_blocking(const char *prefix)
{
	rules_publish(prefix, "");
}

void ring_rules_and(const char *lines)
{
	rules_publish(NULL, lines);
}

void ring_rules(void)
{
	ring_rules_blocking(NULL);
}

void ring_advance_ms(uint64_t ms)
{
	now = mono_after_ms(now, ms);
}

void ring_step(void)
{
	worker_step(edge, now);
}

void ring_let_pass_ms(uint64_t ms)
{
	ring_advance_ms(ms);
	for (int i = 0; i < 200; i++) {
		ring_advance_ms(1);
		ring_step();
	}
}

void ring_put(struct rte_ring *ring, const struct octets *frame)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
	char *room;

	assert_non_null(m);
	room = rte_pktmbuf_append(m, (uint16_t)frame->len);
	assert_non_null(room);
	memcpy(room, frame->bytes, frame->len);
	assert_int_equal(rte_ring_enqueue(ring, m), 0);
}

void ring_from_port(struct octets frame)
{
	ring_put(port_rx, &frame);
}

void ring_from_tap(struct octets frame)
{
	ring_put(tap_rx, &frame);
}

struct taken ring_take(struct rte_ring *ring)
{
	struct taken t = {.any = false};
	struct rte_mbuf *m;

	if (rte_ring_dequeue(ring, (void **)&m) != 0)
		return t;
	t.any = true;
	t.frame.len = rte_pktmbuf_pkt_len(m);
	memcpy(t.frame.bytes, rte_pktmbuf_mtod(m, void *), t.frame.len);
	rte_pktmbuf_free(m);
	t.parsed = packet_parse(view_make(t.frame.bytes, t.frame.len), &t.p) == PACKET_CAUSE_none;
	return t;
}

struct taken ring_taken_by_tap(void)
{
	return ring_take(tap_tx);
}

struct taken ring_taken_by_port(void)
{
	return ring_take(port_tx);
}

struct taken ring_inward(struct octets frame)
{
	ring_from_port(frame);
	ring_step();
	return ring_taken_by_tap();
}

struct taken ring_outward(struct octets frame)
{
	ring_from_tap(frame);
	ring_step();
	return ring_taken_by_port();
}

uint32_t taken_mark(const struct taken *t)
{
	const uint8_t *mac = t->frame.bytes + 6;

	return mark_in_mac(mac) ? (uint32_t)mac[2] << 24 | (uint32_t)mac[3] << 16 |
					  (uint32_t)mac[4] << 8 | mac[5]
				: 0;
}

void assert_nothing_left(void)
{
	struct taken t = ring_taken_by_tap();

	if (t.any)
		fail_msg("a frame of %u bytes went to the TAP", t.frame.len);
	t = ring_taken_by_port();
	if (t.any)
		fail_msg("a frame of %u bytes left by the port", t.frame.len);
}

void assert_counted(const uint64_t *counters, enum cause cause, const char *name, uint64_t times)
{
	uint64_t *seen = counters == edge->counters.dropped ? seen_dropped : seen_refused;

	if (counters[cause] - seen[cause] != times)
		fail_msg("%s was counted %llu times, not %llu", name,
			(unsigned long long)(counters[cause] - seen[cause]),
			(unsigned long long)times);
	seen[cause] = counters[cause];
}

struct octets talk_from_remote(const struct talk *t, uint8_t flags, struct view data)
{
	const struct tcp tcp = {t->remote, t->local, t->remote_port, t->local_port, t->remote_seq,
		flags & TCP_ACK ? t->kernel_seq : 0, flags, data, t->vlan_tci};

	return frame_tcp(&tcp);
}

struct octets talk_from_kernel(const struct talk *t, uint8_t flags, struct view data)
{
	const struct tcp tcp = {t->local, t->remote, t->local_port, t->remote_port, t->kernel_seq,
		flags & TCP_ACK ? t->remote_seq : 0, flags, data, 0};

	return frame_back(frame_tcp(&tcp));
}

struct talk talk_open(const char *remote, uint16_t remote_port, uint16_t local_port)
{
	struct talk t = {
		.remote = remote,
		.local = strchr(remote, ':') ? SERVICE_6 : SERVICE_4,
		.remote_port = remote_port,
		.local_port = local_port,
		.remote_seq = 0xfffffff0, /* the first bytes go round the circle */
		.kernel_seq = 7000,
	};

	assert_true(ring_inward(talk_from_remote(&t, TCP_SYN, VIEW(""))).any);
	t.remote_seq++;
	assert_true(ring_outward(talk_from_kernel(&t, TCP_SYN | TCP_ACK, VIEW(""))).any);
	t.kernel_seq++;
	assert_true(ring_inward(talk_from_remote(&t, TCP_ACK, VIEW(""))).any);
	return t;
}

struct taken talk_say(struct talk *t, struct view data)
{
	struct taken taken = ring_inward(talk_from_remote(t, TCP_ACK | TCP_PSH, data));

	t->remote_seq += data.len;
	return taken;
}

void talk_acknowledge(struct talk *t)
{
	assert_true(ring_outward(talk_from_kernel(t, TCP_ACK, VIEW(""))).any);
}

struct tuple talk_key(const struct talk *t)
{
	struct octets frame = talk_from_remote(t, TCP_ACK, VIEW(""));
	struct packet p;

	assert_int_equal(packet_parse(view_make(frame.bytes, frame.len), &p), PACKET_CAUSE_none);
	return p.tuple;
}

struct flow *talk_flow(const struct talk *t)
{
	struct octets frame = talk_from_remote(t, TCP_ACK, VIEW(""));
	struct packet p;

	assert_int_equal(packet_parse(view_make(frame.bytes, frame.len), &p), PACKET_CAUSE_none);
	return flow_find(&edge->flows, &p.tuple, flow_hash(&p.tuple));
}

void assert_reset_both(const struct talk *t, uint32_t kernel_next)
{
	struct taken to_remote = ring_taken_by_port();
	struct taken to_kernel = ring_taken_by_tap();

	assert_true(to_remote.any && to_remote.parsed);
	assert_true(to_remote.p.tcp.flags & TCP_RST);
	assert_int_equal(to_remote.p.tcp.seq, t->kernel_seq);
	assert_int_equal(to_remote.p.tuple.dst_port, t->remote_port);
	assert_memory_equal(to_remote.frame.bytes, remote_mac, 6);
	assert_memory_equal(to_remote.frame.bytes + 6, edge_mac, 6);
	assert_int_equal(to_remote.p.has_vlan, t->vlan_tci != 0);
	assert_true(to_kernel.any && to_kernel.parsed);
	assert_true(to_kernel.p.tcp.flags & TCP_RST);
	assert_int_equal(to_kernel.p.tcp.seq, kernel_next);
	assert_int_equal(to_kernel.p.tuple.src_port, t->remote_port);
	assert_memory_equal(to_kernel.frame.bytes, edge_mac, 6);
	assert_false(to_kernel.p.has_vlan);
	assert_nothing_left();
}
