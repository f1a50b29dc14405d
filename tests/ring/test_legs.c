/* SPDX-License-Identifier: BSD-3-Clause */
/* Several ports: each with its MAC, its tag and its neighbours. */
#include "tests/ring/crowd.h"

#include <netinet/tcp.h>

#include <rte_dev.h>
#include <rte_ethdev.h>

#include "dataplane/port.h"

static const struct worker_config two = {.workers = 2};
/* The first port is of VLAN 100 only, the other takes what comes. */
static const struct worker_config tagged = {.workers = 2, .ports = {{.vlan_id = 100}}};
static const uint8_t everybody[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
static const uint8_t stranger_mac[6] = {0x52, 0x54, 0x00, 0x99, 0x99, 0x99};

/* As its router outside would send it by this port. */
static struct octets from_router(struct octets frame, uint8_t last)
{
	frame.bytes[11] = last;
	return frame;
}

static struct octets with_target(struct octets frame, const uint8_t mac[static 6])
{
	memcpy(frame.bytes, mac, 6);
	return frame;
}

/* An ARP frame of our own; ours is the TAP's MAC. */
static struct octets arp_of_ours(uint16_t operation, const char *to, const uint8_t target[static 6])
{
	struct octets o = frame_back(frame_arp(operation, SERVICE_4, to));

	memcpy(o.bytes + 22, edge_mac, 6);
	return with_target(o, target);
}

static void assert_arp_of(const struct taken *t, uint32_t port)
{
	assert_true(t->any && t->parsed);
	assert_int_equal(t->p.kind, PACKET_ARP);
	assert_memory_equal(t->frame.bytes + 6, crowd_mac[port], 6);
	assert_memory_equal(t->frame.bytes + t->p.l3_offset + 8, crowd_mac[port], 6);
}

static void each_port_answers_with_its_own_mac(void **state)
{
	struct taken t;
	uint32_t port;

	crowd_begin(&two);
	for (uint32_t leg = 0; leg < 2; leg++) {
		struct octets question = with_target(
			from_router(frame_arp(1, PARTNER_4, SERVICE_4), (uint8_t)leg), everybody);
		struct octets answer = arp_of_ours(2, PARTNER_4, remote_mac);

		t = crowd_inward(leg, 0, question);
		assert_true(t.any);
		answer.bytes[5] = (uint8_t)leg;
		t = crowd_outward(answer, &port);
		assert_int_equal(port, leg);
		assert_arp_of(&t, leg);
	}
	crowd_assert_nothing_left();
	assert_int_equal(crowd_counters().fates[DIRECTION_OUT].made, 0);
}

static void a_question_to_all_leaves_by_all_ports(void **state)
{
	struct taken t;

	crowd_begin(&tagged);
	ring_from_tap(arp_of_ours(1, PARTNER_4, everybody));
	crowd_settle();
	for (uint32_t leg = 0; leg < 2; leg++) {
		t = crowd_taken_by_port(leg);
		assert_arp_of(&t, leg);
		assert_int_equal(t.p.has_vlan, leg == 0);
		assert_memory_equal(t.frame.bytes, everybody, 6);
	}
	/* So does one to a neighbour that nobody has heard of. */
	ring_from_tap(arp_of_ours(1, PARTNER_4, stranger_mac));
	crowd_settle();
	assert_true(crowd_taken_by_port(0).any);
	assert_true(crowd_taken_by_port(1).any);
	/* Each was one frame received and forwarded; the others were made. */
	assert_int_equal(crowd_counters().fates[DIRECTION_OUT].received, 2);
	assert_int_equal(crowd_counters().fates[DIRECTION_OUT].forwarded, 2);
	assert_int_equal(crowd_counters().fates[DIRECTION_OUT].made, 2);
}

static void neighbour_discovery_tells_the_ports_mac(void **state)
{
	static const uint8_t types[] = {136, 135};
	struct octets question;
	struct taken t;
	uint32_t port;

	crowd_begin(&two);
	question = frame_nd(PARTNER_6, SERVICE_6, 135, SERVICE_6);
	assert_true(crowd_inward(1, 0, question).any);
	for (size_t i = 0; i < sizeof(types); i++) {
		struct octets said = frame_back(frame_nd(
			SERVICE_6, PARTNER_6, types[i], types[i] == 136 ? SERVICE_6 : PARTNER_6));

		t = crowd_outward(said, &port);
		assert_int_equal(port, 1);
		/* Parsed: its checksum is right. */
		assert_true(t.any && t.parsed);
		assert_memory_equal(t.frame.bytes + 6, crowd_mac[1], 6);
		assert_memory_equal(t.frame.bytes + t.p.l4_offset + 24 + 2, crowd_mac[1], 6);
	}
}

static void a_connection_keeps_its_port_and_tag(void **state)
{
	struct talk t = {PARTNER_4, SERVICE_4, 2000, XMPP_PORT, 100, 500, 100};
	struct talk u = {PARTNER_6, SERVICE_6, 2000, XMPP_PORT, 100, 500, 0};
	struct taken taken;
	uint32_t port;

	crowd_begin(&tagged);
	taken = crowd_inward(0, 0, talk_from_remote(&t, TCP_SYN, VIEW("")));
	assert_true(taken.any && !taken.p.has_vlan);
	taken = crowd_inward(1, 0, talk_from_remote(&u, TCP_SYN, VIEW("")));
	/* The kernel takes only what is for the TAP's MAC. */
	assert_true(taken.any);
	assert_memory_equal(taken.frame.bytes, edge_mac, 6);
	assert_int_equal(taken_mark(&taken), mark_make(CLASS_CLAIMED, PARTNER_ID));
	taken = crowd_outward(talk_from_kernel(&t, TCP_SYN | TCP_ACK, VIEW("")), &port);
	assert_int_equal(port, 0);
	assert_true(taken.parsed && taken.p.has_vlan);
	assert_int_equal(taken.p.vlan_tci, 100);
	assert_memory_equal(taken.frame.bytes + 6, crowd_mac[0], 6);
	taken = crowd_outward(talk_from_kernel(&u, TCP_SYN | TCP_ACK, VIEW("")), &port);
	assert_int_equal(port, 1);
	assert_true(taken.parsed && !taken.p.has_vlan);
	assert_memory_equal(taken.frame.bytes + 6, crowd_mac[1], 6);
}

static void what_is_for_another_port_is_dropped(void **state)
{
	struct talk t = {PARTNER_4, SERVICE_4, 2000, XMPP_PORT, 100, 500, 100};
	struct octets syn = talk_from_remote(&t, TCP_SYN, VIEW(""));

	crowd_begin(&tagged);
	assert_false(crowd_inward(0, 0, with_target(syn, crowd_mac[1])).any);
	assert_int_equal(crowd_counters().dropped[CAUSE_not_our_mac], 1);
	t.vlan_tci = 0;
	assert_false(crowd_inward(0, 0, talk_from_remote(&t, TCP_SYN, VIEW(""))).any);
	assert_int_equal(crowd_counters().dropped[CAUSE_wrong_vlan], 1);
	assert_true(crowd_inward(1, 0, talk_from_remote(&t, TCP_SYN, VIEW(""))).any);
}

static void our_own_connection_goes_where_the_neighbour_is(void **state)
{
	const uint32_t mark = mark_make(CLASS_OUTBOUND, PARTNER_ID);
	struct talk t = {PARTNER_4, SERVICE_4, 5269, 40000, 100, 500, 0};
	struct octets answer = frame_arp(2, PARTNER_4, SERVICE_4);
	struct tuple out;
	uint32_t port;

	crowd_begin(&two);
	out = talk_key(&t);
	out = tuple_reverse(&out);
	assert_int_equal(expect_add(&out, mark, mono_after_ms(now, 5000)), 0);
	/* Nobody knows: the first port. */
	assert_true(crowd_outward(talk_from_kernel(&t, TCP_SYN, VIEW("")), &port).any);
	assert_int_equal(port, 0);
	/* Once the neighbour has been heard the SYN, sent again, finds it. */
	assert_true(crowd_inward(1, 0, answer).any);
	assert_true(crowd_outward(talk_from_kernel(&t, TCP_SYN, VIEW("")), &port).any);
	assert_int_equal(port, 1);
	/* It has moved. */
	assert_true(crowd_inward(0, 0, answer).any);
	assert_true(crowd_outward(
		frame_back(frame_icmp(SERVICE_4, PARTNER_4, 0, 0, 7, VIEW("x"))), &port)
			    .any);
	assert_int_equal(port, 0);
}

static void a_refusal_leaves_by_the_port_of_what_it_answers(void **state)
{
	struct talk t = {BLOCKED_4, SERVICE_4, 2000, XMPP_PORT, 100, 500, 0};
	struct taken reset;

	crowd_begin(&two);
	assert_false(crowd_inward(1, 0, talk_from_remote(&t, TCP_SYN, VIEW(""))).any);
	reset = crowd_taken_by_port(1);
	assert_true(reset.any && reset.parsed && reset.p.tcp.flags & TCP_RST);
	assert_memory_equal(reset.frame.bytes + 6, crowd_mac[1], 6);

	/* Another protocol: both ends are told, each with the MAC that it knows. */
	t = crowd_talk(1, PARTNER_4, 2000);
	reset = crowd_inward(
		1, 1, talk_from_remote(&t, TCP_ACK | TCP_PSH, VIEW("GET / HTTP/1.1\r\n\r\n")));
	assert_true(reset.any && reset.parsed && reset.p.tcp.flags & TCP_RST);
	assert_memory_equal(reset.frame.bytes, edge_mac, 6);
	reset = crowd_taken_by_port(1);
	assert_true(reset.any && reset.parsed && reset.p.tcp.flags & TCP_RST);
	assert_memory_equal(reset.frame.bytes, remote_mac, 6);
	assert_memory_equal(reset.frame.bytes + 6, crowd_mac[1], 6);

	/* Time is up: nobody asked. */
	t = crowd_talk(1, PARTNER_4, 2001);
	assert_true(
		crowd_inward(1, 0, talk_from_remote(&t, TCP_ACK | TCP_PSH, VIEW("<stream:s"))).any);
	for (int i = 0; i < 6; i++) {
		now = mono_after_ms(now, 1000);
		crowd_settle();
	}
	reset = ring_taken_by_tap();
	assert_true(reset.any && reset.parsed && reset.p.tcp.flags & TCP_RST);
	assert_memory_equal(reset.frame.bytes, edge_mac, 6);
	reset = crowd_taken_by_port(1);
	assert_true(reset.any && reset.parsed && reset.p.tcp.flags & TCP_RST);
	assert_memory_equal(reset.frame.bytes + 6, crowd_mac[1], 6);
	assert_int_equal(crowd_counters().refused[CAUSE_too_late], 1);
}

static void a_port_without_a_mac_takes_every_frame(void **state)
{
	struct worker_config config = {.workers = 1};
	struct talk t = {PARTNER_4, SERVICE_4, 2000, XMPP_PORT, 100, 500, 0};
	struct octets syn = talk_from_remote(&t, TCP_SYN, VIEW(""));

	crowd_begin(&config);
	/* As crew_open left it: rings have none. */
	crew_legs()->all[0].has_mac = false;
	assert_true(crowd_inward(0, 0, with_target(syn, stranger_mac)).any);
}

static void tags_and_ports_are_bounded(void **state)
{
	struct worker_config config = {.pool = pool, .port_count = LEGS_MAX + 1};

	assert_int_equal(crew_prepare(&config), -EINVAL);
	config =
		(struct worker_config){.pool = pool, .port_count = 1, .ports = {{.vlan_id = 4095}}};
	assert_int_equal(crew_prepare(&config), -EINVAL);
	config.ports[0] = (struct leg_config){.rx_queues = STEER_WORKERS_MAX + 1};
	assert_int_equal(crew_prepare(&config), -EINVAL);
	crowd_begin(&two);
}

static uint32_t open_virtual(struct port *port, const char *name, const char *arguments)
{
	char why[PORT_WHY_BYTES];
	uint16_t id, at;
	uint32_t number = 0;

	assert_int_equal(rte_eal_hotplug_add("vdev", name, arguments), 0);
	assert_int_equal(rte_eth_dev_get_port_by_name(name, &id), 0);
	RTE_ETH_FOREACH_DEV (at)
		number += at < id;
	assert_int_equal(port_open(port, number, why, sizeof(why)), 0);
	assert_string_equal(port->name, name);
	return number;
}

static void a_port_that_can_spread_gets_our_key_and_table(void **state)
{
	struct rte_eth_rss_reta_entry64 table[2] = {{.mask = UINT64_MAX}, {.mask = UINT64_MAX}};
	uint8_t key[40], wanted[40];
	struct rte_eth_rss_conf rss = {.rss_key = key, .rss_key_len = sizeof(key)};
	char why[PORT_WHY_BYTES] = "";
	struct port port;
	uint16_t seed;

	crowd_begin(&two);
	open_virtual(&port, "net_null_rss", "no-rx=1");
	assert_int_equal(port_plan(&port, 1, why, sizeof(why)), 0);
	assert_int_equal(port.rx_queues, 1);
	assert_false(port.can_spread);
	assert_int_equal(port_plan(&port, 3, why, sizeof(why)), 0);
	assert_true(port.can_spread);
	assert_int_equal(port.rx_queues, 3);
	assert_int_equal(port.tx_queues, 3);
	assert_int_equal(steer_rss_seed(&seed), 0);
	if (port_configure(port.id, 3, 3, seed, pool, why, sizeof(why)) != 0 ||
		port_start(&port, seed, 3, why, sizeof(why)) != 0)
		fail_msg("%s", why);
	assert_int_equal(rte_eth_dev_rss_hash_conf_get(port.id, &rss), 0);
	steer_rss_key(seed, wanted, sizeof(wanted));
	assert_memory_equal(key, wanted, sizeof(key));
	assert_int_equal(rte_eth_dev_rss_reta_query(port.id, table, STEER_BUCKETS), 0);
	for (uint32_t i = 0; i < STEER_BUCKETS; i++)
		assert_int_equal(table[i / 64].reta[i % 64], i % 3);
	port_close(&port);
}

static void a_virtual_port_is_used_with_all_its_queues(void **state)
{
	char why[PORT_WHY_BYTES] = "";
	struct rte_ring *rx[3], *tx[3];
	struct port port;
	uint16_t id, at;
	uint32_t number = 0;

	crowd_begin(&two);
	id = ring_port("three", 3, rx, tx);
	RTE_ETH_FOREACH_DEV (at)
		number += at < id;
	assert_int_equal(port_open(&port, number, why, sizeof(why)), 0);
	/* Who fills them knows nothing of how many workers there are. */
	for (uint32_t workers = 1; workers <= 4; workers++) {
		assert_int_equal(port_plan(&port, workers, why, sizeof(why)), 0);
		assert_false(port.can_spread);
		assert_int_equal(port.rx_queues, 3);
		assert_int_equal(port.tx_queues, 3);
	}
	assert_int_equal(port_open(&port, 99, why, sizeof(why)), -ENODEV);
	assert_non_null(strstr(why, "--vdev"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		crowd_test(each_port_answers_with_its_own_mac),
		crowd_test(a_question_to_all_leaves_by_all_ports),
		crowd_test(neighbour_discovery_tells_the_ports_mac),
		crowd_test(a_connection_keeps_its_port_and_tag),
		crowd_test(what_is_for_another_port_is_dropped),
		crowd_test(our_own_connection_goes_where_the_neighbour_is),
		crowd_test(a_refusal_leaves_by_the_port_of_what_it_answers),
		crowd_test(a_port_without_a_mac_takes_every_frame),
		crowd_test(tags_and_ports_are_bounded),
		crowd_test(a_port_that_can_spread_gets_our_key_and_table),
		crowd_test(a_virtual_port_is_used_with_all_its_queues),
	};

	return cmocka_run_group_tests(tests, ring_start, ring_stop);
}
