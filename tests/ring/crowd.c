/* SPDX-License-Identifier: BSD-3-Clause */
/* Several workers, stepped in one thread. */
#include "tests/ring/crowd.h"

#include <stdlib.h>

#include "tests/ring/hello.h"

const uint8_t crowd_mac[CROWD_PORTS][6] = {
	{0x52, 0x54, 0x00, 0xed, 0x9e, 0x01}, {0x02, 0x00, 0x00, 0x00, 0x00, 0x77}};

static struct rte_ring *rx[CROWD_PORTS][CROWD_QUEUES], *tx[CROWD_PORTS][CROWD_QUEUES];
static uint16_t ports[CROWD_PORTS];
static bool have_ports;

static void make_ports(void)
{
	if (have_ports)
		return;
	have_ports = true;
	ports[0] = ring_port("crowd0", CROWD_QUEUES, rx[0], tx[0]);
	ports[1] = ring_port("crowd1", CROWD_QUEUES, rx[1], tx[1]);
}

void crowd_begin(const struct worker_config *wanted)
{
	struct worker_config config = *wanted;

	make_ports();
	assert_memory_equal(crowd_mac[0], edge_mac, 6);
	config.apart = true;
	config.pool = pool;
	config.tap_id = ring_tap_id();
	if (config.port_count == 0)
		config.port_count = CROWD_PORTS;
	if (config.flow_capacity == 0)
		config.flow_capacity = 4096;
	config.gather_capacity = 16;
	for (uint32_t i = 0; i < config.port_count; i++) {
		config.ports[i].port_id = ports[i];
		if (config.ports[i].rx_queues == 0)
			config.ports[i].rx_queues = CROWD_QUEUES;
		if (config.ports[i].tx_queues == 0)
			config.ports[i].tx_queues = CROWD_QUEUES;
	}
	assert_int_equal(crew_prepare(&config), 0);
	crew_open(&config);
	for (uint32_t i = 0; i < config.port_count; i++)
		legs_set_mac(crew_legs(), i, crowd_mac[i]);
	edge = crew_edge(0);
	ring_rules();
}

int crowd_setup(void **state)
{
	now.ns = 1000 * NS_PER_MS;
	return 0;
}

struct counters crowd_counters(void)
{
	struct counters sum;

	crew_counters(&sum);
	return sum;
}

static bool everything_balances(void)
{
	struct counters sum = crowd_counters();
	bool right = report_balance(&sum) && report_balance(&crew_ferry()->counters);

	for (uint32_t w = 0; w < crew_size(); w++)
		right = right && report_balance(&crew_edge(w)->counters);
	return right;
}

int crowd_teardown(void **state)
{
	int rc = 0;
	unsigned all;

	crowd_assert_nothing_left();
	if (!everything_balances()) {
		print_error("received frames and fates differ\n");
		rc = -1;
	}
	crew_finish();
	tables_publish(NULL);
	if (tables_reclaim() != 0) {
		print_error("retired tables were not freed\n");
		rc = -1;
	}
	all = pool->size;
	if (rte_mempool_avail_count(pool) != all) {
		print_error("%u buffers did not come back\n", all - rte_mempool_avail_count(pool));
		rc = -1;
	}
	return rc;
}

void crowd_from_port(uint32_t port, uint16_t queue, struct octets frame)
{
	if (memcmp(frame.bytes, edge_mac, 6) == 0)
		memcpy(frame.bytes, crowd_mac[port], 6);
	ring_put(rx[port][queue], &frame);
}

uint32_t crowd_step(void)
{
	uint32_t total = ferry_step(crew_ferry(), now);

	for (uint32_t w = 0; w < crew_size(); w++)
		total += worker_step(crew_edge(w), now);
	return total;
}

void crowd_settle(void)
{
	/* What a worker hands over in one turn is taken in the next. */
	for (int idle = 0; idle < 2;) {
		idle = crowd_step() == 0 ? idle + 1 : 0;
		if (!everything_balances())
			fail_msg("received frames and fates differ");
	}
}

struct taken crowd_taken_by_port(uint32_t port)
{
	struct taken t = {.any = false};

	for (uint32_t q = 0; q < CROWD_QUEUES && !t.any; q++)
		t = ring_take(tx[port][q]);
	return t;
}

struct taken crowd_inward(uint32_t port, uint16_t queue, struct octets frame)
{
	crowd_from_port(port, queue, frame);
	crowd_settle();
	return ring_taken_by_tap();
}

struct taken crowd_outward(struct octets frame, uint32_t *port)
{
	struct taken t = {.any = false};

	ring_from_tap(frame);
	crowd_settle();
	for (*port = 0; *port < CROWD_PORTS; ++*port) {
		t = crowd_taken_by_port(*port);
		if (t.any)
			break;
	}
	return t;
}

struct talk crowd_talk(uint32_t port, const char *remote, uint16_t remote_port)
{
	struct talk t = {
		.remote = remote,
		.local = strchr(remote, ':') ? SERVICE_6 : SERVICE_4,
		.remote_port = remote_port,
		.local_port = XMPP_PORT,
		.remote_seq = 4000,
		.kernel_seq = 7000,
	};
	uint32_t left_by;

	assert_true(crowd_inward(port, 0, talk_from_remote(&t, TCP_SYN, VIEW(""))).any);
	t.remote_seq++;
	assert_true(crowd_outward(talk_from_kernel(&t, TCP_SYN | TCP_ACK, VIEW("")), &left_by).any);
	assert_int_equal(left_by, port);
	t.kernel_seq++;
	assert_true(crowd_inward(port, 1, talk_from_remote(&t, TCP_ACK, VIEW(""))).any);
	return t;
}

struct talk crowd_established(uint32_t port, const char *remote, uint16_t remote_port)
{
	struct octets header = header_make("corp.example", NULL);
	struct talk t = crowd_talk(port, remote, remote_port);
	uint32_t left_by;

	assert_true(
		crowd_inward(port, 0, talk_from_remote(&t, TCP_ACK | TCP_PSH, octets_view(&header)))
			.any);
	t.remote_seq += header.len;
	assert_true(crowd_outward(talk_from_kernel(&t, TCP_ACK, VIEW("")), &left_by).any);
	assert_int_equal(crowd_flow(&t)->state, FLOW_established);
	return t;
}

uint16_t crowd_port_of(uint32_t worker, const char *remote, uint16_t from)
{
	struct talk t = {
		remote, strchr(remote, ':') ? SERVICE_6 : SERVICE_4, from, XMPP_PORT, 1, 1, 0};
	struct tuple key;

	for (;; t.remote_port++) {
		key = talk_key(&t);
		if (steer_owner(&key) == worker)
			return t.remote_port;
	}
}

struct flow *crowd_flow(const struct talk *t)
{
	struct tuple key = talk_key(t);
	struct flow *found = NULL;

	for (uint32_t w = 0; w < crew_size(); w++) {
		struct flow *flow = flow_find(&crew_edge(w)->flows, &key, flow_hash(&key));

		if (flow && w != steer_owner(&key))
			fail_msg("worker %u has what is %u's", w, steer_owner(&key));
		if (flow)
			found = flow;
	}
	return found;
}

void crowd_assert_nothing_left(void)
{
	struct counters sum;
	struct taken t = ring_taken_by_tap();

	if (t.any)
		fail_msg("a frame of %u bytes went to the TAP", t.frame.len);
	for (uint32_t port = 0; have_ports && port < CROWD_PORTS; port++) {
		t = crowd_taken_by_port(port);
		if (t.any)
			fail_msg("a frame of %u bytes left by port %u", t.frame.len, port);
	}
	sum = crowd_counters();
	assert_int_equal(sum.fates[DIRECTION_IN].held, 0);
	assert_int_equal(sum.fates[DIRECTION_OUT].held, 0);
}
