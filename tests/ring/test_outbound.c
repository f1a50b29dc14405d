/* SPDX-License-Identifier: BSD-3-Clause */
/* What leaves: what was announced, what belongs to a connection, nothing else. */
#include "tests/ring/ring.h"

#include <errno.h>

static const uint32_t outbound_mark = (uint32_t)CLASS_OUTBOUND << 28 | PARTNER_ID;

static struct talk outbound_talk(uint16_t local_port)
{
	return (struct talk){PARTNER_4, SERVICE_4, 5269, local_port, 9000, 100, 0};
}

static int announce(const struct talk *t, uint64_t ttl_ms)
{
	struct octets frame = talk_from_kernel(t, TCP_SYN, VIEW(""));
	struct packet p;

	assert_int_equal(packet_parse(view_make(frame.bytes, frame.len), &p), PACKET_CAUSE_none);
	return expect_add(&p.tuple, outbound_mark, mono_after_ms(now, ttl_ms));
}

static void announced_connection_leaves_and_its_answers_come_marked(void **state)
{
	struct talk t = outbound_talk(50000);
	struct taken taken;

	assert_int_equal(announce(&t, 5000), 0);
	assert_true(ring_outward(talk_from_kernel(&t, TCP_SYN, VIEW(""))).any);
	/* Sent again: the same connection. */
	assert_true(ring_outward(talk_from_kernel(&t, TCP_SYN, VIEW(""))).any);
	assert_int_equal(edge->flows.count, 1);
	t.kernel_seq++;
	taken = ring_inward(talk_from_remote(&t, TCP_SYN | TCP_ACK, VIEW("")));
	assert_int_equal(taken_mark(&taken), outbound_mark);
	assert_int_equal(talk_flow(&t)->state, FLOW_established);
	t.remote_seq++;
	assert_true(ring_outward(talk_from_kernel(&t, TCP_ACK, VIEW("hello"))).any);
	/* Nothing of it is read. */
	taken = ring_inward(talk_from_remote(&t, TCP_ACK, VIEW("HTTP/1.1 200 OK")));
	assert_int_equal(taken_mark(&taken), outbound_mark);
	assert_int_equal(edge->expects.alive, 0);
}

static void unannounced_connection_is_dropped(void **state)
{
	struct talk t = outbound_talk(50000);

	assert_false(ring_outward(talk_from_kernel(&t, TCP_SYN, VIEW(""))).any);
	assert_dropped(outbound_unexpected);
	assert_int_equal(announce(&t, 5000), 0);
	t.local_port++;
	assert_false(ring_outward(talk_from_kernel(&t, TCP_SYN, VIEW(""))).any);
	assert_dropped(outbound_unexpected);
	assert_false(ring_outward(talk_from_kernel(&t, TCP_ACK, VIEW("x"))).any);
	assert_dropped(outbound_no_flow);
}

static void announcement_is_for_one_connection(void **state)
{
	struct talk t = outbound_talk(50000);

	assert_int_equal(announce(&t, 5000), 0);
	assert_true(ring_outward(talk_from_kernel(&t, TCP_SYN, VIEW(""))).any);
	t.kernel_seq++;
	/* Refused by the partner: the flow ends. */
	assert_true(ring_inward(talk_from_remote(&t, TCP_RST | TCP_ACK, VIEW(""))).any);
	assert_int_equal(talk_flow(&t)->state, FLOW_closed);
	t.kernel_seq = 777;
	assert_false(ring_outward(talk_from_kernel(&t, TCP_SYN, VIEW(""))).any);
	assert_dropped(outbound_unexpected);
	assert_int_equal(announce(&t, 5000), 0);
	assert_true(ring_outward(talk_from_kernel(&t, TCP_SYN, VIEW(""))).any);
}

static void ports_that_the_kernel_uses_again_need_no_seen_end(void **state)
{
	struct talk t = outbound_talk(50000);
	struct talk again = t;

	assert_int_equal(announce(&t, 5000), 0);
	assert_true(ring_outward(talk_from_kernel(&t, TCP_SYN, VIEW(""))).any);
	t.kernel_seq++;
	assert_true(ring_inward(talk_from_remote(&t, TCP_SYN | TCP_ACK, VIEW(""))).any);
	t.remote_seq++;
	/* The remote never says that it has ended. */
	assert_true(ring_outward(talk_from_kernel(&t, TCP_FIN | TCP_ACK, VIEW(""))).any);
	assert_int_equal(talk_flow(&t)->state, FLOW_closing);
	again.kernel_seq = 70000;
	assert_false(ring_outward(talk_from_kernel(&again, TCP_SYN, VIEW(""))).any);
	assert_dropped(outbound_unexpected);
	assert_int_equal(announce(&again, 5000), 0);
	assert_true(ring_outward(talk_from_kernel(&again, TCP_SYN, VIEW(""))).any);
	assert_int_equal(talk_flow(&t)->state, FLOW_new);
	again.kernel_seq++;
	assert_true(ring_inward(talk_from_remote(&again, TCP_SYN | TCP_ACK, VIEW(""))).any);
	assert_int_equal(talk_flow(&t)->state, FLOW_established);
	assert_int_equal(edge->flows.count, 1);
}

static void announcement_expires(void **state)
{
	struct talk t = outbound_talk(50000);

	assert_int_equal(announce(&t, 1000), 0);
	ring_step();
	ring_advance_ms(1000);
	assert_false(ring_outward(talk_from_kernel(&t, TCP_SYN, VIEW(""))).any);
	assert_dropped(outbound_unexpected);
	t.local_port++;
	assert_int_equal(announce(&t, 1000), 0);
	ring_let_pass_ms(1000);
	assert_int_equal(edge->expects.alive, 0);
}

static void announcements_are_bounded(void **state)
{
	struct talk t = outbound_talk(1);
	int accepted = 0;

	for (int i = 0; i < 5000; i++, t.local_port++) {
		accepted += announce(&t, 60000) == 0;
		if (i % 500 == 0)
			for (int k = 0; k < 40; k++)
				ring_step();
	}
	assert_int_equal(accepted, EXPECT_MAX);
	assert_int_equal(announce(&t, 60000), -ENOSPC);
	t.local_port = EXPECT_MAX;
	assert_true(ring_outward(talk_from_kernel(&t, TCP_SYN, VIEW(""))).any);
	assert_int_equal(announce(&t, 60000), 0);
}

static void more_announcements_than_the_ring_holds_are_refused(void **state)
{
	struct talk t = outbound_talk(1);
	int accepted = 0;

	for (int i = 0; i < 2000; i++, t.local_port++)
		accepted += announce(&t, 60000) == 0;
	assert_int_equal(accepted, EXPECT_WAITING - 1);
	/* The last one said may be the first to be used: all that waits is looked at. */
	t.local_port = EXPECT_WAITING - 1;
	assert_true(ring_outward(talk_from_kernel(&t, TCP_SYN, VIEW(""))).any);
	assert_int_equal(edge->expects.alive, EXPECT_WAITING - 2);
}

static void announcement_said_twice_counts_once(void **state)
{
	struct talk t = outbound_talk(50000);

	assert_int_equal(announce(&t, 5000), 0);
	assert_int_equal(announce(&t, 5000), 0);
	ring_step();
	assert_int_equal(edge->expects.alive, 1);
	assert_true(ring_outward(talk_from_kernel(&t, TCP_SYN, VIEW(""))).any);
	assert_int_equal(edge->expects.alive, 0);
}

static void connection_to_a_blocked_address_is_dropped(void **state)
{
	struct talk t = {BLOCKED_4, SERVICE_4, 5269, 50000, 9000, 100, 0};

	assert_int_equal(announce(&t, 5000), 0);
	assert_false(ring_outward(talk_from_kernel(&t, TCP_SYN, VIEW(""))).any);
	assert_dropped(blocked_target);
	assert_int_equal(edge->flows.count, 0);
}

static void remote_cannot_open_towards_our_own_connection(void **state)
{
	struct talk t = outbound_talk(50000);

	assert_int_equal(announce(&t, 5000), 0);
	assert_true(ring_outward(talk_from_kernel(&t, TCP_SYN, VIEW(""))).any);
	assert_false(ring_inward(talk_from_remote(&t, TCP_SYN, VIEW(""))).any);
	assert_dropped(syn_unexpected);
	t.kernel_seq++;
	assert_true(ring_inward(talk_from_remote(&t, TCP_SYN | TCP_ACK, VIEW(""))).any);
	assert_false(ring_outward(talk_from_kernel(&t, TCP_SYN | TCP_ACK, VIEW(""))).any);
	assert_dropped(outbound_unexpected);
}

static void guessed_reset_does_not_close_our_connection(void **state)
{
	struct talk t = outbound_talk(50000);
	struct talk guess;

	assert_int_equal(announce(&t, 5000), 0);
	assert_true(ring_outward(talk_from_kernel(&t, TCP_SYN, VIEW(""))).any);
	guess = t;
	guess.kernel_seq += 77;
	ring_inward(talk_from_remote(&guess, TCP_RST | TCP_ACK, VIEW("")));
	assert_int_equal(talk_flow(&t)->state, FLOW_new);
}

static void service_answers_leave_by_their_flow_only(void **state)
{
	struct talk t = talk_open(PARTNER_4, 40000, XMPP_PORT);
	struct talk stranger = t;

	assert_true(ring_outward(talk_from_kernel(&t, TCP_ACK, VIEW("<stream"))).any);
	stranger.remote_port++;
	assert_false(ring_outward(talk_from_kernel(&stranger, TCP_ACK, VIEW("<stream"))).any);
	assert_dropped(outbound_no_flow);
	/* Nor may a connection of our own hide behind theirs. */
	assert_false(ring_outward(talk_from_kernel(&t, TCP_SYN, VIEW(""))).any);
	assert_dropped(outbound_unexpected);
}

static void the_kernels_other_traffic_stays_inside(void **state)
{
	static const uint8_t body[16] = {0};
	struct octets tagged = frame_back(frame_arp(1, SERVICE_4, "198.51.100.254"));

	assert_false(ring_outward(frame_back(frame_udp(SERVICE_4, "9.9.9.9", 5353, 53))).any);
	assert_dropped(outbound_not_allowed);
	assert_false(ring_outward(frame_back(frame_icmp(SERVICE_6, "ff02::2", 133, 0, 0, VIEW(""))))
			     .any);
	assert_dropped(outbound_not_allowed);
	assert_false(ring_outward(frame_back(frame_icmp(SERVICE_6, "ff02::16", 143, 0, 1,
					  view_make(body, sizeof(body)))))
			     .any);
	assert_dropped(outbound_not_allowed);
	memmove(tagged.bytes + 16, tagged.bytes + 12, tagged.len - 12);
	memcpy(tagged.bytes + 12, "\x81\x00\x00\x05", 4);
	tagged.len += 4;
	assert_false(ring_outward(tagged).any);
	assert_dropped(outbound_not_allowed);
}

static void neighbours_tag_is_the_ports(void **state)
{
	struct octets arp = frame_arp(1, "198.51.100.254", SERVICE_4);
	struct talk t = outbound_talk(50000);
	struct taken taken;

	memmove(arp.bytes + 16, arp.bytes + 12, arp.len - 12);
	memcpy(arp.bytes + 12, "\x81\x00\x00\x2a", 4);
	arp.len += 4;
	taken = ring_inward(arp);
	assert_true(taken.any && taken.parsed && !taken.p.has_vlan);
	taken = ring_outward(frame_back(frame_arp(2, SERVICE_4, "198.51.100.254")));
	assert_true(taken.any && taken.p.has_vlan);
	assert_int_equal(taken.p.vlan_tci, 42);
	assert_int_equal(announce(&t, 5000), 0);
	taken = ring_outward(talk_from_kernel(&t, TCP_SYN, VIEW("")));
	assert_true(taken.any && taken.p.has_vlan);
	assert_int_equal(taken.p.vlan_tci, 42);
}

static void port_that_takes_nothing_has_its_cause(void **state)
{
	for (int i = 0; i < 32; i++) {
		for (int k = 0; k < 32; k++)
			ring_from_tap(frame_back(frame_arp(1, SERVICE_4, "198.51.100.254")));
		ring_step();
		assert_true(report_balance(&edge->counters));
	}
	assert_int_equal(edge->counters.fates[DIRECTION_OUT].held, 256);
	assert_counted(edge->counters.dropped, CAUSE_port_full, "port_full", 1024 - 511 - 256);
	while (ring_taken_by_port().any)
		;
	ring_step();
	while (ring_taken_by_port().any)
		;
}

#define ring_test(f) cmocka_unit_test_setup_teardown(f, ring_setup, ring_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ring_test(announced_connection_leaves_and_its_answers_come_marked),
		ring_test(unannounced_connection_is_dropped),
		ring_test(announcement_is_for_one_connection),
		ring_test(ports_that_the_kernel_uses_again_need_no_seen_end),
		ring_test(announcement_expires),
		ring_test(announcements_are_bounded),
		ring_test(more_announcements_than_the_ring_holds_are_refused),
		ring_test(announcement_said_twice_counts_once),
		ring_test(connection_to_a_blocked_address_is_dropped),
		ring_test(remote_cannot_open_towards_our_own_connection),
		ring_test(guessed_reset_does_not_close_our_connection),
		ring_test(service_answers_leave_by_their_flow_only),
		ring_test(the_kernels_other_traffic_stays_inside),
		ring_test(neighbours_tag_is_the_ports),
		ring_test(port_that_takes_nothing_has_its_cause),
	};

	return cmocka_run_group_tests(tests, ring_start, ring_stop);
}
