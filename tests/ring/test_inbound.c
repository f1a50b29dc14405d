/* SPDX-License-Identifier: BSD-3-Clause */
/* What comes from outside: whom it is from, what crosses, what does not. */
#include "tests/ring/ring.h"

static struct octets syn_from(const char *src, const char *dst, uint16_t dst_port)
{
	const struct tcp tcp = {src, dst, 40000, dst_port, 5000, 0, TCP_SYN, VIEW(""), 0};

	return frame_tcp(&tcp);
}

static void syn_of_a_partner_reaches_the_tap_with_its_mark(void **state)
{
	static const struct {
		const char *src, *dst;
		uint16_t port;
		uint32_t mark;
	} cases[] = {
		{PARTNER_4, SERVICE_4, XMPP_PORT, CLASS_CLAIMED << 28 | PARTNER_ID},
		{PARTNER_4, SERVICE_4, SIP_PORT, CLASS_CLAIMED << 28 | PARTNER_ID},
		{PARTNER_6, SERVICE_6, XMPP_PORT, CLASS_CLAIMED << 28 | PARTNER_ID},
		{OTHER_4, SERVICE_4, XMPP_PORT, CLASS_CLAIMED << 28 | OTHER_ID},
		{UNKNOWN_4, SERVICE_4, XMPP_PORT, CLASS_UNKNOWN << 28},
		{"2001:db8:200::1", SERVICE_6, XMPP_PORT, CLASS_UNKNOWN << 28},
	};

	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		struct octets syn = syn_from(cases[i].src, cases[i].dst, cases[i].port);
		struct taken t = ring_inward(syn);

		if (!t.any || taken_mark(&t) != cases[i].mark)
			fail_msg("%s: mark %08x", cases[i].src, taken_mark(&t));
		/* All else is as it was. */
		assert_int_equal(t.frame.len, syn.len);
		assert_memory_equal(t.frame.bytes, syn.bytes, 6);
		assert_memory_equal(t.frame.bytes + 12, syn.bytes + 12, syn.len - 12);
	}
	assert_nothing_left();
	assert_int_equal(edge->flows.count, RTE_DIM(cases));
}

static void syn_of_a_blocked_source_is_reset(void **state)
{
	static const char *const sources[] = {BLOCKED_4, BLOCKED_6};

	for (size_t i = 0; i < RTE_DIM(sources); i++) {
		struct taken t;

		ring_from_port(syn_from(sources[i], i ? SERVICE_6 : SERVICE_4, XMPP_PORT));
		ring_step();
		assert_refused(blocked_source);
		t = ring_taken_by_port();
		assert_true(t.any && t.parsed);
		assert_int_equal(t.p.tcp.flags, TCP_RST | TCP_ACK);
		assert_int_equal(t.p.tcp.seq, 0);
		assert_int_equal(t.p.tcp.ack, 5001);
		assert_int_equal(t.p.tuple.dst_port, 40000);
		assert_nothing_left();
	}
	assert_int_equal(edge->flows.count, 0);
}

static void resets_to_a_blocked_flood_are_limited(void **state)
{
	for (int i = 0; i < 100; i++) {
		for (int k = 0; k < 32; k++)
			ring_from_port(syn_from(BLOCKED_4, SERVICE_4, XMPP_PORT));
		ring_step();
		while (ring_taken_by_port().any)
			;
	}
	assert_int_equal(edge->counters.fates[DIRECTION_IN].answered, 2000);
	assert_counted(edge->counters.dropped, CAUSE_blocked_source, "blocked_source", 1200);
}

static void what_is_no_service_is_dropped(void **state)
{
	assert_false(ring_inward(syn_from(PARTNER_4, SERVICE_4, 22)).any);
	assert_dropped(not_service);
	assert_false(ring_inward(syn_from(PARTNER_4, "198.51.100.2", XMPP_PORT)).any);
	assert_dropped(not_service);
	assert_false(ring_inward(frame_udp(PARTNER_4, SERVICE_4, 5060, 5060)).any);
	assert_dropped(udp_not_allowed);
	assert_nothing_left();
}

static void segment_without_a_connection_is_dropped(void **state)
{
	struct talk t = {UNKNOWN_4, SERVICE_4, 40000, XMPP_PORT, 1, 1, 0};

	assert_false(ring_inward(talk_from_remote(&t, TCP_ACK, VIEW("hello"))).any);
	assert_dropped(no_flow);
	assert_false(ring_inward(talk_from_remote(&t, TCP_SYN | TCP_ACK, VIEW(""))).any);
	assert_dropped(no_flow);
	t.local_port = 40001;
	assert_false(ring_inward(talk_from_remote(&t, TCP_ACK, VIEW(""))).any);
	assert_dropped(not_service);
}

static void assert_told(const struct talk *t, uint8_t flags)
{
	struct taken reset;

	assert_false(ring_inward(talk_from_remote(t, flags, VIEW("hello"))).any);
	reset = ring_taken_by_port();
	assert_true(reset.any);
	assert_int_equal(reset.p.tcp.flags, TCP_RST);
	assert_int_equal(reset.p.tcp.seq, t->kernel_seq);
}

static void a_partner_is_told_that_its_connection_is_not_known(void **state)
{
	struct talk t = {PARTNER_4, SERVICE_4, 40000, XMPP_PORT, 1, 77, 0};

	assert_told(&t, TCP_ACK);
	assert_refused(no_flow);
	/* One that we opened before we forgot it. */
	t.local_port = 40001;
	assert_told(&t, TCP_ACK);
	assert_refused(not_service);
	assert_false(ring_inward(talk_from_remote(&t, TCP_RST, VIEW(""))).any);
	assert_dropped(not_service);
	t.local = "198.51.100.2";
	assert_false(ring_inward(talk_from_remote(&t, TCP_ACK, VIEW(""))).any);
	assert_dropped(not_service);
	assert_nothing_left();
}

static void syn_with_data_is_dropped(void **state)
{
	struct talk t = {PARTNER_4, SERVICE_4, 40000, XMPP_PORT, 1, 1, 0};

	assert_false(ring_inward(talk_from_remote(&t, TCP_SYN, VIEW("early"))).any);
	assert_dropped(syn_with_data);
	assert_int_equal(edge->flows.count, 0);
}

static void data_before_the_handshake_is_dropped(void **state)
{
	struct talk t = {PARTNER_4, SERVICE_4, 40000, XMPP_PORT, 100, 1, 0};

	assert_true(ring_inward(talk_from_remote(&t, TCP_SYN, VIEW(""))).any);
	t.remote_seq++;
	assert_false(ring_inward(talk_from_remote(&t, TCP_ACK, VIEW("<stream"))).any);
	assert_dropped(early_data);
}

static void a_mark_or_one_of_our_addresses_from_outside_is_dropped(void **state)
{
	struct octets f = syn_from(PARTNER_4, SERVICE_4, XMPP_PORT);

	f.bytes[6] = 0x02;
	f.bytes[7] = 0xfe;
	assert_false(ring_inward(f).any);
	assert_dropped(marked_from_outside);
	assert_false(ring_inward(syn_from(SERVICE_6, "2001:db8::2", XMPP_PORT)).any);
	assert_dropped(not_service);
	ring_publish("service:\n  addresses: [198.51.100.1, 198.51.100.2]\n"
		     "local:\n  - {domain: corp.example, certificate: c, key: k,\n"
		     "     inside: {protocol: sip, host: 10.0.0.9}}\n"
		     "partners:\n  - {domain: partner.example, protocol: xmpp}\n");
	assert_false(ring_inward(syn_from("198.51.100.2", SERVICE_4, XMPP_PORT)).any);
	assert_dropped(source_is_ours);
}

static void frame_for_another_station_is_dropped(void **state)
{
	struct octets f = syn_from(PARTNER_4, SERVICE_4, XMPP_PORT);

	f.bytes[5] ^= 1;
	assert_false(ring_inward(f).any);
	assert_dropped(not_our_mac);
}

static void malformed_frames_are_dropped_by_the_parsers_causes(void **state)
{
	struct octets f = syn_from(PARTNER_4, SERVICE_4, XMPP_PORT);

	f.len = 20;
	assert_false(ring_inward(f).any);
	assert_dropped(truncated);
	f = syn_from(PARTNER_4, SERVICE_4, XMPP_PORT);
	f.bytes[50] ^= 1;
	assert_false(ring_inward(f).any);
	assert_dropped(bad_tcp_checksum);
	f = syn_from(PARTNER_4, SERVICE_4, XMPP_PORT);
	f.bytes[20] |= 0x20; /* more fragments */
	f.bytes[24]--;       /* header checksum: 0x6000 for 0x4000 */
	f.bytes[24] -= 0x1f;
	assert_false(ring_inward(f).any);
	assert_dropped(ip_fragment);
	f = syn_from(PARTNER_4, SERVICE_4, XMPP_PORT);
	f.bytes[12] = 0x88;
	assert_false(ring_inward(f).any);
	assert_dropped(bad_ethertype);
}

static void frame_in_two_buffers_is_dropped(void **state)
{
	struct rte_mbuf *m[2];

	assert_int_equal(rte_pktmbuf_alloc_bulk(pool, m, 2), 0);
	rte_pktmbuf_append(m[0], 64);
	rte_pktmbuf_append(m[1], 64);
	rte_pktmbuf_chain(m[0], m[1]);
	assert_int_equal(rte_ring_enqueue(rte_ring_lookup("port_rx0"), m[0]), 0);
	ring_step();
	assert_dropped(frame_in_pieces);
}

static void without_rules_nothing_crosses(void **state)
{
	tables_publish(NULL);
	assert_false(ring_inward(syn_from(PARTNER_4, SERVICE_4, XMPP_PORT)).any);
	assert_dropped(no_rules);
	assert_false(ring_outward(frame_back(frame_arp(1, SERVICE_4, PARTNER_4))).any);
	assert_dropped(no_rules);
}

static void vlan_tag_is_stripped_and_restored(void **state)
{
	struct talk t = {PARTNER_4, SERVICE_4, 40000, XMPP_PORT, 100, 500, 0x6064};
	struct taken taken = ring_inward(talk_from_remote(&t, TCP_SYN, VIEW("")));

	assert_true(taken.any && taken.parsed);
	assert_false(taken.p.has_vlan);
	assert_int_equal(taken_mark(&taken), CLASS_CLAIMED << 28 | PARTNER_ID);
	t.remote_seq++;
	taken = ring_outward(talk_from_kernel(&t, TCP_SYN | TCP_ACK, VIEW("")));
	assert_true(taken.any && taken.parsed);
	assert_true(taken.p.has_vlan);
	assert_int_equal(taken.p.vlan_tci, 0x6064);
}

static void a_refusal_carries_the_tag_back(void **state)
{
	struct talk t = {BLOCKED_4, SERVICE_4, 40000, XMPP_PORT, 100, 500, 100};
	struct taken taken;

	ring_from_port(talk_from_remote(&t, TCP_SYN, VIEW("")));
	ring_step();
	taken = ring_taken_by_port();
	assert_true(taken.any && taken.parsed && taken.p.has_vlan);
	assert_int_equal(taken.p.vlan_tci, 100);
}

static void another_tag_than_the_configured_one_is_dropped(void **state)
{
	struct talk t = {PARTNER_4, SERVICE_4, 40000, XMPP_PORT, 100, 500, 100};
	struct taken taken;

	ring_restart(&(struct worker_config){.ports = {{.vlan_id = 200}}});
	assert_false(ring_inward(talk_from_remote(&t, TCP_SYN, VIEW(""))).any);
	assert_dropped(wrong_vlan);
	t.vlan_tci = 0;
	assert_false(ring_inward(talk_from_remote(&t, TCP_SYN, VIEW(""))).any);
	assert_dropped(wrong_vlan);
	t.vlan_tci = 200;
	assert_true(ring_inward(talk_from_remote(&t, TCP_SYN, VIEW(""))).any);
	taken = ring_outward(frame_back(frame_arp(1, SERVICE_4, PARTNER_4)));
	assert_true(taken.any && taken.p.has_vlan);
	assert_int_equal(taken.p.vlan_tci, 200);
}

static void full_flow_table_has_its_cause(void **state)
{
	struct talk t = {PARTNER_4, SERVICE_4, 1, XMPP_PORT, 100, 500, 0};

	ring_restart(&(struct worker_config){.flow_capacity = 8});
	for (; t.remote_port <= 8; t.remote_port++)
		assert_true(ring_inward(talk_from_remote(&t, TCP_SYN, VIEW(""))).any);
	assert_false(ring_inward(talk_from_remote(&t, TCP_SYN, VIEW(""))).any);
	assert_dropped(flow_table_full);
	t.remote_port = 3; /* those in it go on */
	assert_true(ring_inward(talk_from_remote(&t, TCP_SYN, VIEW(""))).any);
}

static void a_partner_that_the_tap_does_not_take_has_its_cause(void **state)
{
	struct talk t = {PARTNER_4, SERVICE_4, 1, XMPP_PORT, 100, 500, 0};

	for (int i = 0; i < 32; i++) {
		for (int k = 0; k < 32; k++)
			ring_from_port(talk_from_remote(&t, TCP_SYN, VIEW("")));
		ring_step();
		assert_true(report_balance(&edge->counters));
	}
	/* The ring of the TAP takes 511, 64 stand in front of it, the partner's queue holds 256. */
	assert_int_equal(edge->counters.fates[DIRECTION_IN].held, 64 + 256);
	assert_counted(
		edge->counters.dropped, CAUSE_queue_full, "queue_full", 1024 - 511 - 64 - 256);
	while (ring_taken_by_tap().any)
		;
	ring_step();
	assert_int_equal(edge->counters.fates[DIRECTION_IN].held, 0);
	assert_int_equal(edge->counters.fates[DIRECTION_IN].forwarded, 511 + 64 + 256);
	while (ring_taken_by_tap().any)
		;
}

static void arp_crosses_for_our_addresses_only_and_unmarked(void **state)
{
	struct taken t = ring_inward(frame_arp(1, "198.51.100.254", SERVICE_4));

	assert_true(t.any);
	assert_int_equal(taken_mark(&t), 0);
	assert_memory_equal(t.frame.bytes + 6, remote_mac, 6);
	assert_true(ring_inward(frame_arp(2, "198.51.100.254", SERVICE_4)).any);
	assert_false(ring_inward(frame_arp(1, "198.51.100.254", "198.51.100.77")).any);
	assert_dropped(arp_not_ours);
	assert_true(ring_outward(frame_back(frame_arp(1, SERVICE_4, "198.51.100.254"))).any);
	assert_false(ring_outward(frame_back(frame_arp(1, "198.51.100.77", "198.51.100.254"))).any);
	assert_dropped(arp_not_ours);
}

static void arp_echo_and_discovery_have_limits(void **state)
{
	for (int i = 0; i < 101; i++) {
		ring_inward(frame_arp(1, "198.51.100.254", SERVICE_4));
		ring_inward(frame_nd("2001:db8::fe", SERVICE_6, 135, SERVICE_6));
	}
	assert_dropped(arp_over_limit);
	assert_dropped(nd_over_limit);
	for (int i = 0; i < 51; i++)
		ring_inward(frame_icmp(PARTNER_4, SERVICE_4, 8, 0, 1, VIEW("ping")));
	assert_dropped(echo_over_limit);
	ring_advance_ms(10);
	assert_true(ring_inward(frame_icmp(PARTNER_4, SERVICE_4, 8, 0, 1, VIEW("ping"))).any);
}

static void discovery_crosses_for_our_addresses_only(void **state)
{
	struct taken t = ring_inward(frame_nd("2001:db8::fe", SERVICE_6, 135, SERVICE_6));

	assert_true(t.any);
	assert_memory_equal(t.frame.bytes + 6, remote_mac, 6);
	assert_true(ring_inward(frame_nd("2001:db8::fe", SERVICE_6, 136, "2001:db8::fe")).any);
	assert_false(
		ring_inward(frame_nd("2001:db8::fe", "2001:db8::77", 135, "2001:db8::77")).any);
	assert_dropped(nd_not_ours);
	assert_false(
		ring_inward(frame_nd("2001:db8::fe", "2001:db8::77", 136, "2001:db8::fe")).any);
	assert_dropped(nd_not_ours);
	assert_true(ring_outward(
		frame_back(frame_nd(SERVICE_6, "ff02::1:ff00:fe", 135, "2001:db8::fe")))
			    .any);
	assert_false(ring_outward(
		frame_back(frame_nd("2001:db8::77", "2001:db8::fe", 136, "2001:db8::77")))
			     .any);
	assert_dropped(nd_not_ours);
}

static void router_advertisement_never_crosses(void **state)
{
	static const uint8_t ra[8] = {0};
	struct octets f =
		frame_icmp("fe80::1", SERVICE_6, 134, 0, 0x40000708, view_make(ra, sizeof(ra)));

	assert_false(ring_inward(f).any);
	assert_dropped(icmp_type);
	assert_false(
		ring_inward(frame_icmp(PARTNER_4, SERVICE_4, 13, 0, 0, VIEW("123456789012"))).any);
	assert_dropped(icmp_type);
}

static void echo_crosses_both_ways_with_our_addresses(void **state)
{
	assert_true(ring_inward(frame_icmp(PARTNER_6, SERVICE_6, 128, 0, 1, VIEW("ping"))).any);
	assert_true(
		ring_outward(frame_back(frame_icmp(SERVICE_6, PARTNER_6, 129, 0, 1, VIEW("ping"))))
			.any);
	assert_true(
		ring_outward(frame_back(frame_icmp(SERVICE_4, PARTNER_4, 0, 0, 1, VIEW("ping"))))
			.any);
	assert_false(ring_inward(frame_icmp(PARTNER_4, "198.51.100.9", 8, 0, 1, VIEW("ping"))).any);
	assert_dropped(echo_not_ours);
}

static void icmp_error_crosses_for_a_live_flow_only(void **state)
{
	struct talk t = talk_open(PARTNER_4, 40000, XMPP_PORT);
	struct talk dead = t;
	struct octets ours = talk_from_kernel(&t, TCP_ACK, VIEW("hello"));
	struct octets theirs = talk_from_remote(&t, TCP_ACK, VIEW("hello"));
	struct octets about;

	assert_true(ring_inward(frame_error("192.0.2.254", SERVICE_4, &ours)).any);
	assert_true(ring_outward(frame_back(frame_error(SERVICE_4, PARTNER_4, &theirs))).any);
	dead.remote_port++;
	about = talk_from_kernel(&dead, TCP_ACK, VIEW("hello"));
	assert_false(ring_inward(frame_error("192.0.2.254", SERVICE_4, &about)).any);
	assert_dropped(icmp_no_flow);
	/* Not even about the right connection from the wrong end. */
	assert_false(ring_inward(frame_error("192.0.2.254", PARTNER_4, &theirs)).any);
	assert_dropped(icmp_no_flow);
	t = talk_open(PARTNER_6, 40000, XMPP_PORT);
	ours = talk_from_kernel(&t, TCP_ACK, VIEW("hello"));
	assert_true(ring_inward(frame_error("2001:db8:100::fe", SERVICE_6, &ours)).any);
	for (int i = 0; i < 100; i++)
		ring_inward(frame_error("2001:db8:100::fe", SERVICE_6, &ours));
	assert_true(edge->counters.dropped[CAUSE_icmp_over_limit] > 0);
}

static void syn_and_data_of_one_burst_find_the_same_flow(void **state)
{
	struct talk t = {PARTNER_4, SERVICE_4, 40000, XMPP_PORT, 100, 500, 0};

	ring_from_port(talk_from_remote(&t, TCP_SYN, VIEW("")));
	ring_from_port(talk_from_remote(&t, TCP_SYN, VIEW("")));
	ring_from_port(talk_from_remote(&t, TCP_ACK, VIEW("")));
	ring_step();
	assert_true(ring_taken_by_tap().any);
	assert_true(ring_taken_by_tap().any);
	assert_dropped(early_data);
	assert_int_equal(edge->flows.count, 1);
}

/* The TAP refuses them for ever, and every frame behind them would wait. */
static void frames_over_the_mtu_do_not_reach_the_tap(void **state)
{
	static uint8_t much[1400];
	struct octets frame;
	struct talk t;

	ring_restart(&(struct worker_config){.mtu = 1400});
	t = talk_open(PARTNER_4, 40000, SIP_PORT);
	frame = talk_from_remote(&t, TCP_ACK, view_make(much, sizeof(much)));
	assert_false(ring_inward(frame).any);
	assert_dropped(oversized);
	/* Nor may padding make one longer. */
	frame = talk_from_remote(&t, TCP_ACK, VIEW(""));
	frame.len = 14 + 4 + 1400 + 4 + 1;
	memset(frame.bytes + 60, 0, frame.len - 60);
	assert_false(ring_inward(frame).any);
	assert_dropped(oversized);
	frame.len--;
	assert_true(ring_inward(frame).any);
}

static void without_a_control_plane_connections_are_refused(void **state)
{
	struct talk t = talk_open(PARTNER_4, 40000, SIP_PORT);
	struct talk other = {PARTNER_4, SERVICE_4, 40001, XMPP_PORT, 900, 0, 0};
	struct taken taken;

	crew_attend(false);
	ring_from_port(talk_from_remote(&other, TCP_SYN, VIEW("")));
	ring_step();
	taken = ring_taken_by_port();
	assert_true(taken.parsed && taken.p.tcp.flags == (TCP_RST | TCP_ACK));
	assert_int_equal(taken.p.tcp.ack, other.remote_seq + 1);
	assert_nothing_left();
	assert_refused(control_down);
	assert_null(talk_flow(&other));
	/* What goes on without new connections does. */
	assert_true(ring_inward(talk_from_remote(&t, TCP_ACK, VIEW(""))).any);
	/* A blocked source is no less blocked. */
	other.remote = BLOCKED_4;
	ring_from_port(talk_from_remote(&other, TCP_SYN, VIEW("")));
	ring_step();
	assert_true(ring_taken_by_port().any);
	assert_refused(blocked_source);
	crew_attend(true);
	talk_open(PARTNER_4, 40001, XMPP_PORT);
}

#define ring_test(f) cmocka_unit_test_setup_teardown(f, ring_setup, ring_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ring_test(syn_of_a_partner_reaches_the_tap_with_its_mark),
		ring_test(syn_of_a_blocked_source_is_reset),
		ring_test(resets_to_a_blocked_flood_are_limited),
		ring_test(what_is_no_service_is_dropped),
		ring_test(segment_without_a_connection_is_dropped),
		ring_test(a_partner_is_told_that_its_connection_is_not_known),
		ring_test(syn_with_data_is_dropped),
		ring_test(data_before_the_handshake_is_dropped),
		ring_test(a_mark_or_one_of_our_addresses_from_outside_is_dropped),
		ring_test(frame_for_another_station_is_dropped),
		ring_test(malformed_frames_are_dropped_by_the_parsers_causes),
		ring_test(frame_in_two_buffers_is_dropped),
		ring_test(without_rules_nothing_crosses),
		ring_test(vlan_tag_is_stripped_and_restored),
		ring_test(a_refusal_carries_the_tag_back),
		ring_test(another_tag_than_the_configured_one_is_dropped),
		ring_test(full_flow_table_has_its_cause),
		ring_test(a_partner_that_the_tap_does_not_take_has_its_cause),
		ring_test(arp_crosses_for_our_addresses_only_and_unmarked),
		ring_test(arp_echo_and_discovery_have_limits),
		ring_test(discovery_crosses_for_our_addresses_only),
		ring_test(router_advertisement_never_crosses),
		ring_test(echo_crosses_both_ways_with_our_addresses),
		ring_test(icmp_error_crosses_for_a_live_flow_only),
		ring_test(syn_and_data_of_one_burst_find_the_same_flow),
		ring_test(frames_over_the_mtu_do_not_reach_the_tap),
		ring_test(without_a_control_plane_connections_are_refused),
	};

	return cmocka_run_group_tests(tests, ring_start, ring_stop);
}
