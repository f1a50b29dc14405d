/* SPDX-License-Identifier: BSD-3-Clause */
/* First bytes that are kept because they do not decide yet: acknowledged, bounded, and written to the
 * kernel until it has them. */
#include "tests/ring/shake.h"

#include "dataplane/cookie.h"

static const uint32_t partner_mark = CLASS_CLAIMED << 28 | PARTNER_ID;
static const struct view declaration = {(const uint8_t *)"<?xml version='1.0'?>", 21};

static struct octets header;
static struct view rest; /* of the header, behind the declaration */

static int set_up(void **state)
{
	header = header_make("corp.example", NULL);
	rest = view_sub(octets_view(&header), declaration.len, header.len);
	return shake_setup(state);
}

/* The kernel is given all that is in the view from this seq on, in one segment as the first. */
static void assert_handed(const struct talk *t, uint32_t seq, struct view all, uint8_t flags)
{
	struct taken taken = assert_to_kernel(t, seq, flags, all, partner_mark | ABI_MARK_FIRST);

	assert_int_equal(taken.p.tcp.ack, t->kernel_seq);
	assert_int_equal(taken.p.tcp.window, SHAKE_WINDOW);
	assert_memory_equal(taken.frame.bytes, edge_mac, 6);
	assert_nothing_left();
}

/* A sender with Nagle waits for the acknowledgement of its first write. */
static void a_header_in_two_writes_is_kept_and_handed_over(void **state)
{
	static const char *const remotes[] = {PARTNER_4, PARTNER_6};

	for (size_t i = 0; i < RTE_DIM(remotes); i++) {
		struct talk t = shake_hands(remotes[i], 40000, XMPP_PORT);
		uint32_t first = t.remote_seq;

		shake_kept(&t, declaration);
		assert_int_equal(edge->gathers.used, 1);
		shake_send(&t, TCP_ACK | TCP_PSH, rest);
		t.remote_seq += rest.len;
		assert_handed(&t, first, octets_view(&header), TCP_ACK | TCP_PSH);
		assert_flow_state(&t, FLOW_passed);
		shake_kernel_acknowledges(&t);
		assert_flow_state(&t, FLOW_established);
		assert_int_equal(edge->gathers.used, 0);
		ring_let_pass_ms(1000);
		assert_nothing_left();
		assert_true(talk_say(&t, VIEW("<a/>")).any);
	}
}

static void a_hello_in_two_segments_is_handed_over_in_two(void **state)
{
	struct octets hello = hello_make("corp.example", 1700);
	struct view all = octets_view(&hello);
	struct talk t = shake_hands(PARTNER_4, 40000, SIP_PORT);
	uint32_t first = t.remote_seq;

	assert_true(hello.len > 1780);
	shake_kept(&t, view_sub(all, 0, 1440));
	shake_send(&t, TCP_ACK | TCP_PSH, view_sub(all, 1440, all.len));
	t.remote_seq += all.len - 1440;
	assert_to_kernel(&t, first, TCP_ACK, view_sub(all, 0, 1460), partner_mark | ABI_MARK_FIRST);
	assert_to_kernel(
		&t, first + 1460, TCP_ACK | TCP_PSH, view_sub(all, 1460, all.len), partner_mark);
	assert_nothing_left();
	shake_kernel_acknowledges(&t);
	assert_flow_state(&t, FLOW_established);
}

static void both_segments_at_once_are_the_same(void **state)
{
	struct octets hello = hello_make("corp.example", 1700);
	struct view all = octets_view(&hello);
	struct talk t = shake_hands(PARTNER_4, 40000, SIP_PORT);

	ring_from_port(talk_from_remote(&t, TCP_ACK, VIEW("")));
	ring_from_port(talk_from_remote(&t, TCP_ACK, view_sub(all, 0, 1440)));
	t.remote_seq += 1440;
	shake_send(&t, TCP_ACK | TCP_PSH, view_sub(all, 1440, all.len));
	assert_true(ring_taken_by_port().any);
	assert_true(ring_taken_by_tap().any);
	assert_true(ring_taken_by_tap().any);
	assert_nothing_left();
}

static void the_window_that_is_left_shrinks_by_what_is_kept(void **state)
{
	struct talk t = shake_hands(PARTNER_4, 40000, XMPP_PORT);

	shake_send(&t, TCP_ACK, declaration);
	assert_int_equal(ring_taken_by_port().p.tcp.window << ABI_SCALE_OURS,
		SYNACK_WINDOW_BYTES); /* rounded up: it never moves back */
	t.remote_seq += declaration.len;
	for (int i = 0; i < 3; i++) {
		uint8_t blanks[1000];

		memset(blanks, ' ', sizeof(blanks));
		shake_send(&t, TCP_ACK, view_make(blanks, sizeof(blanks)));
		t.remote_seq += sizeof(blanks);
		assert_int_equal(ring_taken_by_port().p.tcp.window,
			(SYNACK_WINDOW_BYTES - 21 - 1000 * (i + 1) + 127) >> ABI_SCALE_OURS);
	}
}

static void segments_out_of_order_are_asked_for_again(void **state)
{
	struct octets hello = hello_make("corp.example", 1700);
	struct view all = octets_view(&hello);
	struct talk t = shake_hands(PARTNER_4, 40000, SIP_PORT);
	uint32_t first = t.remote_seq;

	/* The second one first: it proves nothing. */
	t.remote_seq = first + 1000;
	assert_shake_dropped(&t, TCP_ACK, view_sub(all, 1000, all.len), bad_cookie);
	t.remote_seq = first;
	shake_kept(&t, view_sub(all, 0, 500));
	/* Behind a gap. */
	t.remote_seq = first + 1000;
	shake_send(&t, TCP_ACK, view_sub(all, 1000, all.len));
	t.remote_seq = first + 500;
	assert_acknowledged(&t, first + 500);
	/* Again what is known, and what is known with more behind it. */
	t.remote_seq = first;
	shake_send(&t, TCP_ACK, view_sub(all, 0, 500));
	assert_acknowledged(&t, first + 500);
	t.remote_seq = first + 200;
	shake_send(&t, TCP_ACK, view_sub(all, 200, 600));
	assert_acknowledged(&t, first + 800);
	t.remote_seq = first + 300;
	assert_shake_dropped(&t, TCP_ACK, VIEW("something else"), overlap_differs);
	/* A question whether we are still there. */
	t.remote_seq = first - 1;
	shake_send(&t, TCP_ACK, VIEW(""));
	assert_acknowledged(&t, first + 800);
	t.remote_seq = first + 800;
	shake_send(&t, TCP_ACK, VIEW(""));
	assert_nothing_left();
	shake_send(&t, TCP_ACK, view_sub(all, 800, all.len));
	t.remote_seq = first + all.len;
	assert_to_kernel(&t, first, TCP_ACK, view_sub(all, 0, 1460), partner_mark | ABI_MARK_FIRST);
	assert_to_kernel(
		&t, first + 1460, TCP_ACK | TCP_PSH, view_sub(all, 1460, all.len), partner_mark);
	shake_kernel_acknowledges(&t);
	assert_flow_state(&t, FLOW_established);
}

static void what_says_too_little_is_refused(void **state)
{
	struct talk t = shake_hands(PARTNER_4, 40000, XMPP_PORT);
	uint8_t blanks[1400];

	/* One byte a segment. */
	for (uint32_t i = 0; i < GATHER_MAX_SEGMENTS - 1; i++)
		shake_kept(&t, view_sub(octets_view(&header), i, 1));
	shake_send(&t, TCP_ACK, view_sub(octets_view(&header), GATHER_MAX_SEGMENTS - 1, 1));
	assert_refused(too_many_segments);
	assert_reset_remote(&t);
	assert_flow_state(&t, FLOW_refused);
	/* Four kilobytes of nothing: no stream header is as long as that. */
	t = shake_hands(PARTNER_4, 40001, XMPP_PORT);
	shake_kept(&t, declaration);
	memset(blanks, ' ', sizeof(blanks));
	for (int i = 0; i < 2; i++)
		shake_kept(&t, view_make(blanks, sizeof(blanks)));
	shake_send(&t, TCP_ACK, view_make(blanks, sizeof(blanks)));
	assert_refused(too_many_bytes);
	assert_reset_remote(&t);
	/* Five seconds. */
	t = shake_hands(PARTNER_4, 40002, XMPP_PORT);
	shake_kept(&t, declaration);
	ring_let_pass_ms(4700);
	assert_flow_state(&t, FLOW_held);
	ring_let_pass_ms(200);
	assert_refused(too_late);
	assert_reset_remote(&t);
	assert_int_equal(edge->gathers.used, 0);
}

static void what_it_says_may_be_wrong(void **state)
{
	struct octets bad = header_make("corp.example", "bad.example");
	struct octets hello = hello_make("elsewhere.example", 1700);
	struct talk t = shake_hands(PARTNER_4, 40000, XMPP_PORT);

	shake_kept(&t, declaration);
	shake_send(&t, TCP_ACK, view_sub(octets_view(&bad), declaration.len, bad.len));
	assert_refused(from_blocked);
	assert_reset_remote(&t);
	t = shake_hands(PARTNER_4, 40001, SIP_PORT);
	shake_kept(&t, view_sub(octets_view(&hello), 0, 1440));
	shake_send(&t, TCP_ACK, view_sub(octets_view(&hello), 1440, hello.len));
	assert_refused(sni_not_ours);
	assert_reset_remote(&t);
	t = shake_hands(PARTNER_4, 40002, XMPP_PORT);
	shake_kept(&t, declaration);
	assert_shake_dropped(&t, TCP_ACK | TCP_URG, rest, urgent_data);
	t.kernel_seq++;
	assert_shake_dropped(&t, TCP_ACK, rest, bad_ack);
	t.kernel_seq--;
	assert_flow_state(&t, FLOW_held);
}

static void an_early_end_is_refused_a_late_one_handed_over(void **state)
{
	struct talk t = shake_hands(PARTNER_4, 40000, XMPP_PORT);
	uint32_t first;

	shake_kept(&t, declaration);
	shake_send(&t, TCP_FIN | TCP_ACK, VIEW(""));
	assert_refused(closed_early);
	assert_reset_remote(&t);
	t = shake_hands(PARTNER_4, 40001, XMPP_PORT);
	shake_kept(&t, declaration);
	shake_send(&t, TCP_FIN | TCP_ACK, view_sub(rest, 0, 10));
	assert_refused(closed_early);
	assert_reset_remote(&t);
	/* It gives up: nobody needs to hear of it. */
	t = shake_hands(PARTNER_4, 40002, XMPP_PORT);
	shake_kept(&t, declaration);
	t.remote_seq += 5;
	assert_shake_dropped(&t, TCP_RST, VIEW(""), out_of_order);
	t.remote_seq -= 5;
	shake_send(&t, TCP_RST, VIEW(""));
	assert_nothing_left();
	assert_flow_state(&t, FLOW_closed);
	assert_int_equal(edge->gathers.used, 0);
	/* What it answers to our last words, the kernel needs even less. */
	assert_shake_dropped(&t, TCP_RST, VIEW(""), flow_closed);
	t.remote_seq++;
	assert_shake_dropped(&t, TCP_RST | TCP_ACK, VIEW(""), flow_closed);
	/* Nothing is left of it when it comes again. */
	t = shake_hands_isn(PARTNER_4, 40002, XMPP_PORT, SHAKE_ISN + 100000);
	first = t.remote_seq;
	shake_kept(&t, declaration);
	shake_send(&t, TCP_ACK | TCP_PSH, rest);
	assert_handed(&t, first, octets_view(&header), TCP_ACK | TCP_PSH);
	t.remote_seq += rest.len;
	shake_kernel_acknowledges(&t);
	assert_flow_state(&t, FLOW_established);
	/* With its last byte. */
	t = shake_hands(PARTNER_4, 40003, XMPP_PORT);
	first = t.remote_seq;
	shake_kept(&t, declaration);
	shake_send(&t, TCP_FIN | TCP_ACK, rest);
	assert_handed(&t, first, octets_view(&header), TCP_FIN | TCP_PSH | TCP_ACK);
	t.remote_seq += rest.len + 1;
	shake_kernel_acknowledges(&t);
	assert_flow_state(&t, FLOW_closing);
}

static void it_is_written_until_the_kernel_has_it(void **state)
{
	struct talk t = shake_hands(PARTNER_4, 40000, XMPP_PORT);
	uint32_t first = t.remote_seq;

	shake_kept(&t, declaration);
	shake_send(&t, TCP_ACK | TCP_PSH, rest);
	assert_handed(&t, first, octets_view(&header), TCP_ACK | TCP_PSH);
	ring_advance_ms(GATHER_AGAIN_MS - 1);
	ring_step();
	assert_nothing_left();
	ring_advance_ms(1);
	ring_step();
	assert_handed(&t, first, octets_view(&header), TCP_ACK | TCP_PSH);
	/* The sender, whose last segment nobody acknowledged, tries too. */
	shake_send(&t, TCP_ACK | TCP_PSH, rest);
	assert_to_kernel(&t, t.remote_seq, TCP_ACK | TCP_PSH, rest, partner_mark);
	/* Only a part of it was taken. */
	shake_kernel_acknowledges(&t);
	ring_advance_ms(GATHER_AGAIN_MS);
	ring_step();
	assert_handed(&t, first, octets_view(&header), TCP_ACK | TCP_PSH);
	for (int i = 0; i < 20; i++) {
		ring_advance_ms(GATHER_AGAIN_MS);
		ring_step();
	}
	t.remote_seq += rest.len;
	assert_refused(not_acknowledged);
	for (struct taken taken; (taken = ring_taken_by_tap()).any;)
		assert_int_equal(
			taken.p.tcp.seq, taken.p.tcp.flags & TCP_RST ? t.remote_seq : first);
	assert_reset_remote(&t);
	assert_int_equal(edge->gathers.used, 0);
}

static void what_only_the_kernel_remembers_makes_way(void **state)
{
	struct talk t = shake_hands(PARTNER_4, 40000, XMPP_PORT);
	struct talk earlier = t;
	uint32_t first = t.remote_seq;

	earlier.remote_seq = 0x12345678;
	earlier.kernel_seq = 0x9abcdef0;
	shake_kept(&t, declaration);
	/* The kernel has no business with it yet. */
	assert_false(ring_outward(talk_from_kernel(&earlier, TCP_FIN | TCP_ACK, VIEW(""))).any);
	assert_dropped(outbound_no_flow);
	shake_send(&t, TCP_ACK | TCP_PSH, rest);
	assert_handed(&t, first, octets_view(&header), TCP_ACK | TCP_PSH);
	for (int i = 0; i < 3; i++) {
		assert_false(ring_outward(talk_from_kernel(&earlier, TCP_ACK, VIEW(""))).any);
		assert_to_kernel(&t, 0x12345678, TCP_RST, VIEW(""), partner_mark);
		assert_handed(&t, first, octets_view(&header), TCP_ACK | TCP_PSH);
	}
	/* It does not help: not faster than the clock, then. */
	assert_false(ring_outward(talk_from_kernel(&earlier, TCP_ACK, VIEW(""))).any);
	assert_to_kernel(&t, 0x12345678, TCP_RST, VIEW(""), partner_mark);
	assert_nothing_left();
	t.remote_seq += rest.len;
	shake_kernel_acknowledges(&t);
	assert_flow_state(&t, FLOW_established);
	/* From now on it is the kernel's word. */
	assert_true(ring_outward(talk_from_kernel(&earlier, TCP_ACK, VIEW(""))).any);
}

static void the_kernel_may_speak_at_once(void **state)
{
	struct talk t = shake_hands(PARTNER_4, 40000, XMPP_PORT);
	uint32_t first = t.remote_seq;

	shake_kept(&t, declaration);
	shake_send(&t, TCP_ACK | TCP_PSH, rest);
	assert_handed(&t, first, octets_view(&header), TCP_ACK | TCP_PSH);
	t.remote_seq += rest.len;
	/* Both at a time. */
	ring_from_port(talk_from_remote(&t, TCP_ACK | TCP_PSH, VIEW("<a/>")));
	ring_from_tap(talk_from_kernel(&t, TCP_ACK | TCP_PSH, VIEW("<stream:features/>")));
	ring_step();
	assert_to_kernel(&t, t.remote_seq, TCP_ACK | TCP_PSH, VIEW("<a/>"), partner_mark);
	assert_true(ring_taken_by_port().any);
	assert_nothing_left();
	assert_flow_state(&t, FLOW_established);
}

static void another_handshake_takes_the_place_of_one_that_is_held(void **state)
{
	struct talk t = shake_hands(PARTNER_4, 40000, XMPP_PORT);
	struct talk next;

	shake_kept(&t, declaration);
	next = shake_hands_isn(PARTNER_4, 40000, XMPP_PORT, 5000);
	assert_flow_state(&t, FLOW_held);
	/* Until the new one says something the old one may go on. */
	shake_send(&next, TCP_ACK, VIEW(""));
	assert_nothing_left();
	shake_kept(&t, view_sub(rest, 0, 10));
	shake_kept(&next, declaration);
	assert_int_equal(edge->gathers.used, 1);
	assert_int_equal(talk_flow(&next)->base_seq, 5001);
	shake_send(&next, TCP_ACK | TCP_PSH, rest);
	assert_handed(&next, 5001, octets_view(&header), TCP_ACK | TCP_PSH);
}

static void nobody_takes_all_the_room(void **state)
{
	struct talk t, other;
	char remote[32];

	shake_restart(&(struct worker_config){.gather_capacity = 2 * GATHER_MAX_PER_SOURCE});
	for (uint32_t i = 0; i < GATHER_MAX_PER_SOURCE; i++) {
		/* All of one network. */
		snprintf(remote, sizeof(remote), "192.0.9.%u", i + 1);
		t = shake_hands(remote, 40000, XMPP_PORT);
		shake_kept(&t, declaration);
	}
	other = shake_hands("192.0.9.200", 40000, XMPP_PORT);
	assert_shake_dropped(&other, TCP_ACK, declaration, gather_full);
	assert_null(talk_flow(&other));
	/* What needs no room passes. */
	assert_true(talk_say(&other, octets_view(&header)).any);
	for (uint16_t i = 0; i < GATHER_MAX_PER_SOURCE; i++) {
		other = shake_hands(PARTNER_4, 40000 + i, XMPP_PORT);
		shake_kept(&other, declaration);
	}
	assert_int_equal(edge->gathers.used, 2 * GATHER_MAX_PER_SOURCE);
	/* Nor is there more for anybody. */
	other = shake_hands(OTHER_4, 40000, XMPP_PORT);
	assert_shake_dropped(&other, TCP_ACK, declaration, gather_full);
	shake_send(&t, TCP_ACK, VIEW("!"));
	assert_refused(bad_stream_header);
	assert_reset_remote(&t);
	shake_kept(&other, declaration);
}

static void a_block_ends_what_is_held_too(void **state)
{
	struct talk t = shake_hands(PARTNER_4, 40000, XMPP_PORT);
	struct prefix prefix;
	struct block block = {.expires = mono_after_ms(now, 60000)};

	shake_kept(&t, declaration);
	assert_true(prefix_parse(VIEW("192.0.2.0/24"), &prefix));
	block.target = block_target_prefix(&prefix);
	assert_int_equal(verdict_block(&block, now), 0);
	ring_step();
	assert_refused(blocked_by_verdict);
	assert_reset_remote(&t);
	assert_flow_state(&t, FLOW_refused);
	shake_send(&t, TCP_ACK, rest);
	assert_refused(flow_refused);
	assert_reset_remote(&t);
}

static void errors_about_what_is_held_stay_outside(void **state)
{
	struct talk t = shake_hands(PARTNER_4, 40000, XMPP_PORT);
	struct octets ours;

	shake_kept(&t, declaration);
	ours = frame_back(talk_from_kernel(&t, TCP_ACK, VIEW("")));
	assert_false(ring_inward(frame_error("192.0.2.1", SERVICE_4, &ours)).any);
	assert_dropped(icmp_no_flow);
}

static void a_tag_and_the_way_back_are_kept(void **state)
{
	struct talk t = shake_hands(PARTNER_4, 40000, XMPP_PORT);
	struct taken taken;

	t.vlan_tci = 0x2007;
	shake_send(&t, TCP_ACK, declaration);
	taken = ring_taken_by_port();
	assert_true(taken.any && taken.p.has_vlan);
	assert_int_equal(taken.p.vlan_tci, 0x2007);
	t.remote_seq += declaration.len;
	shake_send(&t, TCP_ACK | TCP_PSH, rest);
	t.remote_seq += rest.len;
	taken = ring_taken_by_tap();
	assert_true(taken.any && !taken.p.has_vlan);
	taken = ring_outward(talk_from_kernel(&t, TCP_ACK, VIEW("")));
	assert_true(taken.any && taken.p.has_vlan);
	assert_flow_state(&t, FLOW_established);
}

#define shake_test(f) cmocka_unit_test_setup_teardown(f, set_up, ring_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		shake_test(a_header_in_two_writes_is_kept_and_handed_over),
		shake_test(a_hello_in_two_segments_is_handed_over_in_two),
		shake_test(both_segments_at_once_are_the_same),
		shake_test(the_window_that_is_left_shrinks_by_what_is_kept),
		shake_test(segments_out_of_order_are_asked_for_again),
		shake_test(what_says_too_little_is_refused),
		shake_test(what_it_says_may_be_wrong),
		shake_test(an_early_end_is_refused_a_late_one_handed_over),
		shake_test(it_is_written_until_the_kernel_has_it),
		shake_test(what_only_the_kernel_remembers_makes_way),
		shake_test(the_kernel_may_speak_at_once),
		shake_test(another_handshake_takes_the_place_of_one_that_is_held),
		shake_test(nobody_takes_all_the_room),
		shake_test(a_block_ends_what_is_held_too),
		shake_test(errors_about_what_is_held_stay_outside),
		shake_test(a_tag_and_the_way_back_are_kept),
	};

	return cmocka_run_group_tests_name("held", tests, ring_start, ring_stop);
}
