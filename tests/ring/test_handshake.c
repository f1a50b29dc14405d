/* SPDX-License-Identifier: BSD-3-Clause */
/* Handshakes that the edge answers without keeping anything, and first segments that prove them. */
#include "tests/ring/shake.h"

#include "dataplane/admit.h"
#include "dataplane/cookie.h"

static const uint32_t partner_mark = CLASS_CLAIMED << 28 | PARTNER_ID;

static struct octets header;

static int set_up(void **state)
{
	header = header_make("corp.example", NULL);
	return shake_setup(state);
}

static struct taken answer_with(const struct tcp *syn, struct view options)
{
	assert_false(ring_inward(frame_tcp_with(syn, options)).any);
	return ring_taken_by_port();
}

static struct taken answer_to(const struct tcp *syn)
{
	return answer_with(syn, shake_options);
}

static struct tcp syn_of(const char *src, uint32_t isn)
{
	return (struct tcp){src, strchr(src, ':') ? SERVICE_6 : SERVICE_4, 40000, XMPP_PORT, isn, 0,
		TCP_SYN, VIEW(""), 0};
}

static void a_syn_is_answered_and_nothing_is_kept(void **state)
{
	static const char *const remotes[] = {PARTNER_4, PARTNER_6, UNKNOWN_4, "2001:db8:9::9"};
	static const uint16_t tags[] = {0, 0x2007};

	for (size_t i = 0; i < RTE_DIM(remotes) * RTE_DIM(tags); i++) {
		struct tcp syn = syn_of(remotes[i / 2], 77);
		struct cookie_options agreed;
		struct taken answer;
		struct view options;

		syn.vlan_tci = tags[i % 2];
		answer = answer_to(&syn);
		assert_true(answer.any && answer.parsed);
		assert_int_equal(answer.p.tcp.flags, TCP_SYN | TCP_ACK);
		assert_int_equal(answer.p.tcp.ack, 78);
		assert_int_equal(answer.p.tcp.window, SYNACK_WINDOW_BYTES);
		assert_memory_equal(answer.frame.bytes, remote_mac, 6);
		assert_memory_equal(answer.frame.bytes + 6, edge_mac, 6);
		assert_int_equal(answer.p.has_vlan, syn.vlan_tci != 0);
		assert_int_equal(answer.p.vlan_tci, syn.vlan_tci);
		options = view_sub(view_make(answer.frame.bytes, answer.frame.len),
			answer.p.l4_offset + 20u, answer.p.l4_bytes - 20u);
		assert_int_equal(synack_read(options, answer.p.tuple.family, &agreed), 0);
		assert_int_equal(agreed.mss, answer.p.tuple.family == TUPLE_IPV4 ? 1460 : 1440);
		assert_true(agreed.sack && agreed.scaled);
		assert_int_equal(agreed.scale, ABI_SCALE_OURS);
		assert_nothing_left();
	}
	assert_int_equal(edge->flows.count, 0);
	assert_int_equal(edge->gathers.used, 0);
	assert_int_equal(edge->counters.fates[DIRECTION_IN].consumed, 8);
	assert_int_equal(edge->counters.fates[DIRECTION_OUT].made, 8);
}

static void the_same_syn_gets_the_same_answer(void **state)
{
	struct tcp syn = syn_of(PARTNER_4, 5);
	struct taken first = answer_to(&syn);
	struct taken again = answer_to(&syn);

	assert_int_equal(first.frame.len, again.frame.len);
	assert_memory_equal(first.frame.bytes, again.frame.bytes, first.frame.len);
	syn.seq = 6;
	again = answer_to(&syn);
	assert_int_not_equal(
		first.p.tcp.seq >> ABI_COOKIE_BITS, again.p.tcp.seq >> ABI_COOKIE_BITS);
}

static void a_syn_that_may_not_is_not_answered(void **state)
{
	static const uint8_t cut[] = {2, 4, 5, 0xb4, 3, 9, 7, 0};
	static const uint8_t twice[] = {2, 4, 5, 0xb4, 2, 4, 5, 0xb4};
	static const uint8_t small[] = {2, 4, 0, 100};
	struct tcp syn = syn_of(PARTNER_4, 5);

	assert_false(answer_with(&syn, view_make(twice, sizeof(twice))).any);
	assert_dropped(syn_option_twice);
	assert_false(answer_with(&syn, view_make(small, sizeof(small))).any);
	assert_dropped(syn_mss_too_small);
	assert_false(answer_with(&syn, VIEW("\x02\x03\x05\x00")).any);
	assert_dropped(bad_tcp_header);
	assert_false(answer_with(&syn, view_make(cut, sizeof(cut))).any);
	assert_dropped(bad_tcp_header);
	syn.data = VIEW("x");
	assert_false(answer_to(&syn).any);
	assert_dropped(syn_with_data);
	syn.data = VIEW("");
	syn.dst_port = 22;
	assert_false(answer_to(&syn).any);
	assert_dropped(not_service);
	syn = syn_of(BLOCKED_4, 5);
	assert_int_equal(answer_to(&syn).p.tcp.flags, TCP_RST | TCP_ACK);
	assert_refused(blocked_source);
}

static void silent_connections_cost_nothing(void **state)
{
	for (uint32_t i = 0; i < 2000; i++) {
		char remote[32];
		struct talk t;

		snprintf(remote, sizeof(remote), "10.%u.%u.1", i / 250, i % 250);
		t = shake_hands(remote, 40000, XMPP_PORT);
		shake_send(&t, TCP_ACK, VIEW(""));
	}
	assert_int_equal(edge->flows.count, 0);
	assert_int_equal(edge->gathers.used, 0);
	assert_int_equal(edge->counters.fates[DIRECTION_IN].consumed, 4000);
	assert_nothing_left();
}

static void guesses_prove_nothing(void **state)
{
	struct talk t = shake_hands(PARTNER_4, 40000, XMPP_PORT);

	t.kernel_seq ^= 1 << 20;
	assert_shake_dropped(&t, TCP_ACK, octets_view(&header), bad_cookie);
	assert_shake_dropped(&t, TCP_FIN | TCP_ACK, VIEW(""), bad_cookie);
	assert_shake_dropped(&t, TCP_RST, VIEW(""), no_flow);
	/* A partner is told of what is not there. */
	shake_send(&t, TCP_ACK, VIEW(""));
	assert_refused(no_flow);
	assert_reset_remote(&t);
	t.kernel_seq ^= 1 << 20;
	/* Of another port, another ISN, another place in the stream. */
	t.remote_port++;
	assert_shake_dropped(&t, TCP_ACK, octets_view(&header), bad_cookie);
	t.remote_port--;
	t.remote_seq++;
	assert_shake_dropped(&t, TCP_ACK, octets_view(&header), bad_cookie);
	t.remote_seq--;
	assert_int_equal(edge->flows.count, 0);
	/* And the true one still is good. */
	assert_true(talk_say(&t, octets_view(&header)).any);
}

/* After a restart of everything partners write into connections that are gone. */
static void data_that_goes_on_coming_is_told_of(void **state)
{
	struct talk t = {PARTNER_4, SERVICE_4, 40000, XMPP_PORT, 5000, 6000, 0};
	struct talk stranger = {UNKNOWN_4, SERVICE_4, 40000, XMPP_PORT, 5000, 6000, 0};

	for (int i = 0; i < 2; i++) {
		assert_shake_dropped(&t, TCP_ACK, VIEW("<message/>"), bad_cookie);
		assert_shake_dropped(&stranger, TCP_ACK, VIEW("<message/>"), bad_cookie);
		ring_advance_ms(999);
	}
	assert_shake_dropped(&t, TCP_ACK, VIEW("<message/>"), bad_cookie);
	ring_advance_ms(2);
	shake_send(&t, TCP_ACK, VIEW("<message/>"));
	assert_refused(no_flow);
	assert_reset_remote(&t);
	assert_shake_dropped(&stranger, TCP_ACK, VIEW("<message/>"), bad_cookie);
	/* The second segment of a new one, whose first one was overtaken, is not. */
	t = shake_hands(PARTNER_4, 40001, XMPP_PORT);
	t.remote_seq += 21;
	assert_shake_dropped(
		&t, TCP_ACK, view_sub(octets_view(&header), 21, header.len), bad_cookie);
	t.remote_seq -= 21;
	shake_send(&t, TCP_ACK, octets_view(&header));
	assert_true(ring_taken_by_tap().any);
}

static void a_cookie_lives_for_one_to_two_slots(void **state)
{
	struct talk t = shake_hands(PARTNER_4, 40000, XMPP_PORT);

	ring_let_pass_ms(COOKIE_SLOT_MS);
	assert_true(talk_say(&t, octets_view(&header)).any);
	t = shake_hands(PARTNER_4, 40001, XMPP_PORT);
	ring_let_pass_ms(2 * COOKIE_SLOT_MS);
	while (ring_taken_by_port().any || ring_taken_by_tap().any)
		; /* the first one, which no kernel took */
	assert_shake_dropped(&t, TCP_ACK, octets_view(&header), bad_cookie);
}

static void a_complete_first_segment_passes_as_the_first(void **state)
{
	struct talk t = shake_hands(PARTNER_4, 40000, XMPP_PORT);
	struct flow *flow;

	shake_send(&t, TCP_ACK, VIEW(""));
	shake_send(&t, TCP_ACK | TCP_PSH, octets_view(&header));
	assert_to_kernel(&t, t.remote_seq, TCP_ACK | TCP_PSH, octets_view(&header),
		partner_mark | ABI_MARK_FIRST);
	assert_flow_state(&t, FLOW_passed);
	flow = talk_flow(&t);
	assert_int_equal(flow->base_seq, t.remote_seq);
	assert_int_equal(flow->base_out, t.kernel_seq);
	assert_int_equal(flow->next_seq, t.remote_seq + header.len);
	assert_int_equal(edge->gathers.used, 0);
	assert_int_equal(edge->counters.partners[flow->partner_slot].flows_opened, 1);
	/* Nobody acknowledged it, so it comes again; what follows it passes, but begins nothing. */
	shake_send(&t, TCP_ACK | TCP_PSH, octets_view(&header));
	assert_to_kernel(&t, t.remote_seq, TCP_ACK | TCP_PSH, octets_view(&header),
		partner_mark | ABI_MARK_FIRST);
	t.remote_seq += header.len;
	shake_send(&t, TCP_ACK | TCP_PSH, VIEW("<a/>"));
	assert_to_kernel(&t, t.remote_seq, TCP_ACK | TCP_PSH, VIEW("<a/>"), partner_mark);
	/* Before it was taken nobody may put something else in its place. */
	t.remote_seq -= 5;
	assert_shake_dropped(&t, TCP_ACK, VIEW("other bytes"), overlap_differs);
	t.remote_seq += 5;
	shake_kernel_acknowledges(&t);
	assert_flow_state(&t, FLOW_established);
	assert_true(talk_say(&t, VIEW("<a/>")).any);
	t.remote_seq = flow->base_seq;
	shake_send(&t, TCP_ACK | TCP_PSH, VIEW("late copy"));
	assert_to_kernel(&t, t.remote_seq, TCP_ACK | TCP_PSH, VIEW("late copy"), partner_mark);
}

static void what_is_wrong_never_reaches_the_kernel(void **state)
{
	struct octets elsewhere = header_make("bank.example", NULL);
	struct octets nowhere = header_make(NULL, NULL);
	struct octets bad = header_make("corp.example", "a.bad.example");
	struct octets hello = hello_make("elsewhere.example", 0);
	const struct {
		uint16_t port;
		struct view said;
		enum cause cause;
		const char *name;
	} cases[] = {
		{XMPP_PORT, VIEW("GET / HTTP/1.1\r\n\r\n"), CAUSE_wrong_protocol, "http"},
		{XMPP_PORT, VIEW("\x16\x03\x01\x02"), CAUSE_wrong_protocol, "tls"},
		{SIP_PORT, VIEW("OPTIONS sip:x SIP/2.0\r\n"), CAUSE_wrong_protocol, "sip"},
		{SIP_PORT, VIEW("\x16\x03\x01\x00\x05hello"), CAUSE_bad_client_hello, "hello"},
		{XMPP_PORT, VIEW("<?xml version='1.0'?><!-- -->"), CAUSE_bad_stream_header,
			"comment"},
		{XMPP_PORT, octets_view(&elsewhere), CAUSE_to_not_ours, "to"},
		{XMPP_PORT, octets_view(&nowhere), CAUSE_to_missing, "no to"},
		{XMPP_PORT, octets_view(&bad), CAUSE_from_blocked, "from"},
		{SIP_PORT, octets_view(&hello), CAUSE_sni_not_ours, "sni"},
	};

	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		struct talk t = shake_hands(PARTNER_4, (uint16_t)(40000 + i), cases[i].port);

		shake_send(&t, TCP_ACK | TCP_PSH, cases[i].said);
		assert_counted(edge->counters.refused, cases[i].cause, cases[i].name, 1);
		assert_reset_remote(&t);
	}
	assert_int_equal(edge->flows.count, 0);
}

static void the_end_before_the_first_bytes_is_refused(void **state)
{
	struct talk t = shake_hands(PARTNER_4, 40000, XMPP_PORT);

	shake_send(&t, TCP_FIN | TCP_ACK, VIEW(""));
	assert_refused(closed_early);
	assert_reset_remote(&t);
	shake_send(&t, TCP_FIN | TCP_ACK, VIEW("<?xml"));
	assert_refused(closed_early);
	assert_reset_remote(&t);
	/* It gives up by itself: there is nothing to forget. */
	shake_send(&t, TCP_RST | TCP_ACK, VIEW(""));
	assert_nothing_left();
	assert_shake_dropped(&t, TCP_URG | TCP_ACK, octets_view(&header), urgent_data);
	assert_int_equal(edge->flows.count, 0);
	/* All that it had to say in one segment, with its end. */
	shake_send(&t, TCP_FIN | TCP_ACK, octets_view(&header));
	assert_to_kernel(&t, t.remote_seq, TCP_FIN | TCP_ACK, octets_view(&header),
		partner_mark | ABI_MARK_FIRST);
	t.remote_seq += header.len + 1;
	shake_kernel_acknowledges(&t);
	assert_flow_state(&t, FLOW_closing);
}

static void limits_are_held_when_somebody_is_there(void **state)
{
	struct talk t;

	ring_publish(
		"service: {addresses: [" SERVICE_4 "], ports: {xmpp: [5269], sip: [5061]}}\n"
		"local:\n  - {domain: corp.example, certificate: c.pem, key: k.pem,\n"
		"     inside: {protocol: sip, host: 10.0.0.9}}\n"
		"partners:\n"
		"  - {domain: partner.example, protocol: xmpp, sources: [192.0.2.0/24],\n"
		"     limits: {new_connections_per_s: 1, new_connections_burst: 2, connections: 3}}\n");
	for (int i = 0; i < 20; i++)
		shake_hands(PARTNER_4, (uint16_t)(30000 + i), XMPP_PORT);
	for (uint16_t i = 0; i < 2; i++) {
		t = shake_hands(PARTNER_4, 40000 + i, XMPP_PORT);
		assert_true(talk_say(&t, octets_view(&header)).any);
	}
	t = shake_hands(PARTNER_4, 40002, XMPP_PORT);
	assert_shake_dropped(&t, TCP_ACK, octets_view(&header), over_new_connections);
	assert_null(talk_flow(&t));
	/* It comes again when its time has come. */
	ring_advance_ms(1000);
	assert_true(talk_say(&t, octets_view(&header)).any);
	ring_advance_ms(1000);
	t = shake_hands(PARTNER_4, 40003, XMPP_PORT);
	shake_send(&t, TCP_ACK, octets_view(&header));
	assert_refused(over_connections);
	assert_reset_remote(&t);
}

static void answers_to_one_network_are_bounded(void **state)
{
	struct tcp syn = syn_of(UNKNOWN_4, 0);
	uint32_t answered = 0;

	for (uint32_t i = 0; i < ADMIT_ANSWERS_PER_S + 100; i++) {
		char remote[32];

		snprintf(remote, sizeof(remote), "192.0.9.%u", i % 250 + 1);
		syn.src = remote;
		syn.seq = i;
		answered += answer_to(&syn).any;
	}
	assert_int_equal(answered, ADMIT_ANSWERS_PER_S);
	assert_counted(edge->counters.dropped, CAUSE_syn_over_answers, "syn_over_answers", 100);
	/* Its neighbours and partners are others. */
	syn.src = "192.0.10.1";
	assert_true(answer_to(&syn).any);
	syn.src = PARTNER_4;
	assert_true(answer_to(&syn).any);
	ring_advance_ms(1);
	syn.src = UNKNOWN_4;
	assert_true(answer_to(&syn).any);
	assert_false(answer_to(&syn).any);
	assert_dropped(syn_over_answers);
}

static void without_a_control_plane_nothing_begins(void **state)
{
	struct talk t = shake_hands(PARTNER_4, 40000, XMPP_PORT);
	struct tcp syn = syn_of(PARTNER_4, 9);

	crew_attend(false);
	assert_int_equal(answer_to(&syn).p.tcp.flags, TCP_RST | TCP_ACK);
	assert_refused(control_down);
	shake_send(&t, TCP_ACK, octets_view(&header));
	assert_refused(control_down);
	assert_reset_remote(&t);
	crew_attend(true);
	assert_true(talk_say(&t, octets_view(&header)).any);
}

static void a_full_flow_table_says_so(void **state)
{
	struct talk t;

	shake_restart(&(struct worker_config){.flow_capacity = 2});
	for (uint16_t i = 0; i < 2; i++) {
		t = shake_hands(PARTNER_4, 40000 + i, XMPP_PORT);
		assert_true(talk_say(&t, octets_view(&header)).any);
	}
	t = shake_hands(PARTNER_4, 40002, XMPP_PORT);
	assert_shake_dropped(&t, TCP_ACK, octets_view(&header), flow_table_full);
	assert_shake_dropped(&t, TCP_ACK, VIEW("<?xml"), flow_table_full);
	assert_int_equal(edge->gathers.used, 0);
}

/* ---- a tuple that was there before ----------------------------------------------------------- */

/* The remote first, then the kernel; all is acknowledged. */
static void say_goodbye(struct talk *t)
{
	shake_send(t, TCP_FIN | TCP_ACK, VIEW(""));
	assert_true(ring_taken_by_tap().any);
	t->remote_seq++;
	assert_true(ring_outward(talk_from_kernel(t, TCP_FIN | TCP_ACK, VIEW(""))).any);
	t->kernel_seq++;
	assert_true(ring_inward(talk_from_remote(t, TCP_ACK, VIEW(""))).any);
	assert_flow_state(t, FLOW_closed);
}

static void a_cookie_opens_no_second_connection(void **state)
{
	struct talk t = shake_established(PARTNER_4, 40000);
	struct talk first = t;

	first.remote_seq = SHAKE_ISN + 1;
	say_goodbye(&t);
	assert_shake_dropped(&first, TCP_ACK, octets_view(&header), flow_closed);
	/* As long as the cookie lives the connection is remembered. */
	ring_let_pass_ms(2 * COOKIE_SLOT_MS - 2500);
	assert_shake_dropped(&first, TCP_ACK, octets_view(&header), flow_closed);
	ring_let_pass_ms(5000);
	assert_null(talk_flow(&first));
	assert_shake_dropped(&first, TCP_ACK, octets_view(&header), bad_cookie);
}

static void a_connection_in_time_wait_makes_way(void **state)
{
	struct talk t = shake_established(PARTNER_4, 40000);
	struct talk next;

	say_goodbye(&t);
	next = shake_hands_isn(PARTNER_4, 40000, XMPP_PORT, 5000);
	assert_flow_state(&t, FLOW_closed);
	shake_send(&next, TCP_ACK, VIEW(""));
	assert_nothing_left();
	shake_send(&next, TCP_ACK, octets_view(&header));
	assert_to_kernel(&next, t.remote_seq, TCP_RST, VIEW(""), partner_mark);
	assert_to_kernel(&next, 5001, TCP_ACK, octets_view(&header), partner_mark | ABI_MARK_FIRST);
	assert_flow_state(&next, FLOW_passed);
	next.remote_seq += header.len;
	shake_kernel_acknowledges(&next);
	assert_flow_state(&next, FLOW_established);
	/* The same when its first bytes are kept first. */
	say_goodbye(&next);
	t = shake_hands_isn(PARTNER_4, 40000, XMPP_PORT, 9000);
	shake_send(&t, TCP_ACK, view_sub(octets_view(&header), 0, 21));
	assert_to_kernel(&t, next.remote_seq, TCP_RST, VIEW(""), partner_mark);
	assert_acknowledged(&t, 9001 + 21);
	assert_flow_state(&t, FLOW_held);
}

static void a_refused_connection_may_begin_anew(void **state)
{
	struct talk t = shake_hands(PARTNER_4, 40000, XMPP_PORT);
	struct talk next;

	shake_kept(&t, VIEW("<?xml version='1.0'?>"));
	shake_send(&t, TCP_ACK, VIEW("<!--"));
	assert_refused(bad_stream_header);
	assert_reset_remote(&t);
	assert_flow_state(&t, FLOW_refused);
	next = shake_hands_isn(PARTNER_4, 40000, XMPP_PORT, 5000);
	shake_send(&next, TCP_ACK, VIEW(""));
	assert_nothing_left();
	/* Late copies of the old one are answered as before. */
	shake_send(&t, TCP_ACK, VIEW("<!--"));
	assert_refused(flow_refused);
	assert_reset_remote(&t);
	shake_send(&next, TCP_ACK, octets_view(&header));
	assert_to_kernel(&next, t.remote_seq, TCP_RST, VIEW(""), partner_mark);
	assert_to_kernel(&next, 5001, TCP_ACK, octets_view(&header), partner_mark | ABI_MARK_FIRST);
}

static void a_syn_for_an_open_connection_is_challenged(void **state)
{
	struct talk t = shake_established(PARTNER_4, 40000);
	struct tcp syn = syn_of(PARTNER_4, 123456);
	struct taken challenge = answer_to(&syn);

	assert_true(challenge.any && challenge.parsed);
	assert_int_equal(challenge.p.tcp.flags, TCP_ACK);
	assert_int_equal(challenge.p.tcp.seq, t.kernel_seq - 1);
	assert_int_equal(challenge.p.tcp.ack, t.remote_seq);
	assert_flow_state(&t, FLOW_established);
	for (int i = 0; i < 2000; i++)
		answer_to(&syn);
	assert_counted(edge->counters.dropped, CAUSE_syn_unexpected, "syn_unexpected", 1001);
	/* Who has begun anew says so, and may. */
	shake_send(&t, TCP_RST, VIEW(""));
	assert_to_kernel(&t, t.remote_seq, TCP_RST, VIEW(""), partner_mark);
	assert_flow_state(&t, FLOW_closed);
	shake_hands_isn(PARTNER_4, 40000, XMPP_PORT, 123456);
}

static void what_only_the_kernel_remembers_makes_way(void **state)
{
	struct talk t = shake_hands(PARTNER_4, 40000, XMPP_PORT);
	struct talk earlier = t;

	earlier.remote_seq = 0x12345678;
	earlier.kernel_seq = 0x9abcdef0;
	assert_true(talk_say(&t, octets_view(&header)).any);
	/* Somebody of an earlier run answers in its place. */
	assert_false(ring_outward(talk_from_kernel(&earlier, TCP_ACK, VIEW(""))).any);
	assert_to_kernel(&t, 0x12345678, TCP_RST, VIEW(""), partner_mark);
	assert_nothing_left();
	assert_flow_state(&t, FLOW_passed);
	/* The sender repeats itself, and is heard. */
	t.remote_seq -= header.len;
	shake_send(&t, TCP_ACK, octets_view(&header));
	assert_true(ring_taken_by_tap().any);
	t.remote_seq += header.len;
	shake_kernel_acknowledges(&t);
	assert_flow_state(&t, FLOW_established);
}

static void our_own_connections_are_as_they_were(void **state)
{
	struct talk t = {PARTNER_4, SERVICE_4, 5269, 40000, 9000, 3000, 0};
	struct tuple outbound = {.family = TUPLE_IPV4, .protocol = PROTOCOL_NUMBER_TCP};
	struct octets syn = talk_from_kernel(&t, TCP_SYN, VIEW(""));
	struct packet p;

	assert_false(ring_outward(syn).any);
	assert_dropped(outbound_unexpected);
	assert_int_equal(packet_parse(view_make(syn.bytes, syn.len), &p), 0);
	outbound = p.tuple;
	assert_int_equal(
		expect_add(&outbound, CLASS_OUTBOUND << 28 | PARTNER_ID, mono_after_ms(now, 5000)),
		0);
	assert_true(ring_outward(syn).any);
	t.kernel_seq++;
	shake_send(&t, TCP_SYN | TCP_ACK, VIEW(""));
	assert_to_kernel(&t, 9000, TCP_SYN | TCP_ACK, VIEW(""), CLASS_OUTBOUND << 28 | PARTNER_ID);
	assert_flow_state(&t, FLOW_established);
	t.remote_seq++;
	assert_true(ring_outward(talk_from_kernel(&t, TCP_ACK, VIEW("<hello/>"))).any);
}

#define shake_test(f) cmocka_unit_test_setup_teardown(f, set_up, ring_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		shake_test(a_syn_is_answered_and_nothing_is_kept),
		shake_test(the_same_syn_gets_the_same_answer),
		shake_test(a_syn_that_may_not_is_not_answered),
		shake_test(silent_connections_cost_nothing),
		shake_test(guesses_prove_nothing),
		shake_test(data_that_goes_on_coming_is_told_of),
		shake_test(a_cookie_lives_for_one_to_two_slots),
		shake_test(a_complete_first_segment_passes_as_the_first),
		shake_test(what_is_wrong_never_reaches_the_kernel),
		shake_test(the_end_before_the_first_bytes_is_refused),
		shake_test(limits_are_held_when_somebody_is_there),
		shake_test(answers_to_one_network_are_bounded),
		shake_test(without_a_control_plane_nothing_begins),
		shake_test(a_full_flow_table_says_so),
		shake_test(a_cookie_opens_no_second_connection),
		shake_test(a_connection_in_time_wait_makes_way),
		shake_test(a_refused_connection_may_begin_anew),
		shake_test(a_syn_for_an_open_connection_is_challenged),
		shake_test(what_only_the_kernel_remembers_makes_way),
		shake_test(our_own_connections_are_as_they_were),
	};

	return cmocka_run_group_tests_name("handshake", tests, ring_start, ring_stop);
}
