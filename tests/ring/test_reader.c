/* SPDX-License-Identifier: BSD-3-Clause */
/* First bytes: read as they pass, however they are cut, and refused at the byte that decides. */
#include "tests/ring/ring.h"

#include "dataplane/report.h"
#include "tests/ring/hello.h"

static uint16_t next_port = 1024;

/* Say bytes in segments of `step`; true if all passed. */
static bool say_in_pieces(struct talk *t, struct view all, uint32_t step)
{
	for (uint32_t at = 0; at < all.len; at += step)
		if (!talk_say(t, view_sub(all, at, step)).any)
			return false;
	return true;
}

static void assert_state(const struct talk *t, enum flow_state state)
{
	const struct flow *flow = talk_flow(t);

	assert_non_null(flow);
	assert_string_equal(flow_state_name((enum flow_state)flow->state), flow_state_name(state));
}

static void accepted_header_opens_the_way(void **state)
{
	struct octets header = header_make("corp.example", "partner.example");
	struct talk t = talk_open(PARTNER_4, next_port++, XMPP_PORT);
	struct taken taken;

	assert_state(&t, FLOW_reading);
	taken = talk_say(&t, octets_view(&header));
	assert_int_equal(taken_mark(&taken), CLASS_CLAIMED << 28 | PARTNER_ID);
	assert_state(&t, FLOW_passed);
	talk_acknowledge(&t);
	assert_state(&t, FLOW_established);
	assert_int_equal(edge->gathers.used, 0);
	assert_int_equal(talk_flow(&t)->claimed_partner, PARTNER_ID);
	/* From here on nothing is read. */
	assert_true(talk_say(&t, VIEW("\x16\x03\x01 anything")).any);
}

static void header_may_be_cut_anywhere(void **state)
{
	struct octets header = header_make("corp.example", "partner.example");

	for (uint32_t cut = 1; cut < header.len; cut++) {
		struct talk t = talk_open(PARTNER_4, next_port++, XMPP_PORT);

		if (!talk_say(&t, view_sub(octets_view(&header), 0, cut)).any ||
			!talk_say(&t, view_sub(octets_view(&header), cut, header.len)).any)
			fail_msg("cut at byte %u", cut);
		assert_state(&t, FLOW_passed);
		talk_acknowledge(&t);
	}
	for (uint32_t step = header.len / 8 + 1; step < header.len; step++) {
		struct talk t = talk_open(PARTNER_4, next_port++, XMPP_PORT);

		if (!say_in_pieces(&t, octets_view(&header), step))
			fail_msg("pieces of %u bytes", step);
		assert_state(&t, FLOW_passed);
		talk_acknowledge(&t);
	}
	assert_int_equal(edge->gathers.used, 0);
}

/* Say a piece; true if the connection was refused because of it, both ends being reset. */
static bool say_and_be_refused(struct talk *t, struct view piece, enum cause cause)
{
	uint64_t before = edge->counters.refused[cause];

	ring_from_port(talk_from_remote(t, TCP_ACK, piece));
	ring_step();
	if (edge->counters.refused[cause] == before + 1) {
		assert_reset_both(t, t->remote_seq);
		return true;
	}
	if (!ring_taken_by_tap().any)
		fail_msg("neither passed nor refused as %s", cause_name(cause));
	t->remote_seq += piece.len;
	return false;
}

/* Whole, and in two pieces: refused once, the connection remembered. */
static void assert_refuses(const char *label, uint16_t port, struct view bytes, enum cause cause)
{
	for (uint32_t cut = 0; cut < bytes.len; cut += 1 + bytes.len / 7) {
		struct talk t = talk_open(PARTNER_4, next_port++, port);
		bool refused = cut > 0 && say_and_be_refused(&t, view_sub(bytes, 0, cut), cause);

		if (!refused)
			refused = say_and_be_refused(&t, view_sub(bytes, cut, bytes.len), cause);
		if (!refused)
			fail_msg("%s, cut at %u, is not refused", label, cut);
		assert_state(&t, FLOW_refused);
		assert_int_equal(talk_flow(&t)->cause, cause);
	}
	assert_int_equal(edge->gathers.used, 0);
}

static void refused_names_have_their_causes(void **state)
{
	static const struct {
		const char *to, *from;
		enum cause cause;
	} cases[] = {
		{"elsewhere.example", "partner.example", CAUSE_to_not_ours},
		{"sub.corp.example", "partner.example", CAUSE_to_not_ours},
		{NULL, "partner.example", CAUSE_to_missing},
		{"corp.example", "bad.example", CAUSE_from_blocked},
		{"corp.example", "very.much.BAD.example", CAUSE_from_blocked},
		{"corp.example.", "partner.example", CAUSE_bad_stream_header},
	};

	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		struct octets header = header_make(cases[i].to, cases[i].from);

		assert_refuses(cases[i].to, XMPP_PORT, octets_view(&header), cases[i].cause);
	}
}

static void names_that_only_look_blocked_pass(void **state)
{
	static const char *const names[] = {
		"notbad.example", "bad.example.org", "example", "xn--bcher-kva.example"};

	for (size_t i = 0; i < RTE_DIM(names); i++) {
		struct octets header = header_make("CORP.example", names[i]);
		struct talk t = talk_open(UNKNOWN_4, next_port++, XMPP_PORT);

		if (!talk_say(&t, octets_view(&header)).any)
			fail_msg("%s", names[i]);
		talk_acknowledge(&t);
	}
}

static void our_names_are_known_as_unicode_and_as_ascii(void **state)
{
	static const char *const names[] = {"bücher.example", "xn--bcher-kva.example"};

	for (size_t i = 0; i < RTE_DIM(names); i++) {
		struct octets header = header_make(names[i], NULL);
		struct talk t = talk_open(PARTNER_4, next_port++, XMPP_PORT);

		if (!talk_say(&t, octets_view(&header)).any)
			fail_msg("%s", names[i]);
		talk_acknowledge(&t);
	}
}

static void another_protocol_is_refused(void **state)
{
	struct octets hello = hello_make("corp.example", 0);
	struct octets header = header_make("corp.example", NULL);

	assert_refuses("HTTP", XMPP_PORT, VIEW("GET / HTTP/1.1\r\nHost: corp.example\r\n\r\n"),
		CAUSE_wrong_protocol);
	assert_refuses(
		"HTTP on sip", SIP_PORT, VIEW("GET / HTTP/1.1\r\n\r\n"), CAUSE_wrong_protocol);
	assert_refuses("garbage", XMPP_PORT, VIEW("\x80\x00\xff\x7fgarbage"), CAUSE_wrong_protocol);
	assert_refuses("TLS on xmpp", XMPP_PORT, octets_view(&hello), CAUSE_wrong_protocol);
	assert_refuses("XMPP on sip", SIP_PORT, octets_view(&header), CAUSE_wrong_protocol);
	assert_refuses("SIP without TLS", SIP_PORT, VIEW("OPTIONS sip:corp.example SIP/2.0\r\n"),
		CAUSE_wrong_protocol);
}

static void malformed_headers_are_refused(void **state)
{
	assert_refuses("DTD", XMPP_PORT, VIEW("<?xml version='1.0'?><!DOCTYPE a>"),
		CAUSE_bad_stream_header);
	assert_refuses("another element", XMPP_PORT, VIEW("<message to='corp.example'>"),
		CAUSE_bad_stream_header);
}

static void hello_with_our_name_or_none_passes(void **state)
{
	static const char *const names[] = {"corp.example", "CORP.example", NULL};

	for (size_t i = 0; i < RTE_DIM(names); i++) {
		struct octets hello = hello_make(names[i], 0);
		struct talk t = talk_open(PARTNER_4, next_port++, SIP_PORT);

		assert_true(talk_say(&t, octets_view(&hello)).any);
		assert_state(&t, FLOW_passed);
		talk_acknowledge(&t);
	}
}

static void hello_in_several_segments_passes(void **state)
{
	struct octets hello = hello_make("corp.example", 1700);
	struct talk t = talk_open(PARTNER_4, next_port++, SIP_PORT);

	assert_true(say_in_pieces(&t, octets_view(&hello), 1448));
	assert_state(&t, FLOW_passed);
	t = talk_open(PARTNER_4, next_port++, SIP_PORT);
	assert_true(say_in_pieces(&t, octets_view(&hello), 230));
	assert_state(&t, FLOW_passed);
}

static void hello_with_another_name_is_refused(void **state)
{
	struct octets hello = hello_make("elsewhere.example", 0);

	assert_refuses("sni", SIP_PORT, octets_view(&hello), CAUSE_sni_not_ours);
}

static void hello_that_lies_is_refused(void **state)
{
	static const uint8_t at[] = {43, 45, 51}; /* session, suites, extensions: lengths */

	for (size_t i = 0; i < sizeof(at); i++) {
		struct octets hello = hello_make("corp.example", 0);

		hello.bytes[at[i]]++;
		assert_refuses("lie", SIP_PORT, octets_view(&hello), CAUSE_bad_client_hello);
	}
}

static void header_that_never_ends_is_refused(void **state)
{
	struct talk t = talk_open(PARTNER_4, next_port++, XMPP_PORT);
	uint8_t blanks[1000];
	bool refused = say_and_be_refused(&t, VIEW("<?xml version='1.0'?>"), CAUSE_too_many_bytes);

	memset(blanks, ' ', sizeof(blanks));
	for (int i = 0; i < 8 && !refused; i++)
		refused = say_and_be_refused(
			&t, view_make(blanks, sizeof(blanks)), CAUSE_too_many_bytes);
	assert_true(refused);
	assert_int_equal(edge->gathers.used, 0);
}

static void too_many_segments_are_refused(void **state)
{
	struct octets header = header_make("corp.example", NULL);
	struct talk t = talk_open(PARTNER_4, next_port++, XMPP_PORT);

	for (uint32_t i = 0; i < 7; i++)
		assert_false(say_and_be_refused(
			&t, view_sub(octets_view(&header), i, 1), CAUSE_too_many_segments));
	assert_true(say_and_be_refused(
		&t, view_sub(octets_view(&header), 7, 1), CAUSE_too_many_segments));
}

static void header_that_takes_too_long_is_refused(void **state)
{
	struct talk t = talk_open(PARTNER_4, next_port++, XMPP_PORT);
	struct talk other = talk_open(OTHER_4, next_port++, XMPP_PORT);

	assert_true(talk_say(&t, VIEW("<stream:str")).any);
	talk_acknowledge(&t);
	ring_advance_ms(2000);
	assert_true(talk_say(&other, VIEW("<stream:str")).any);
	ring_advance_ms(2999);
	ring_step();
	assert_nothing_left();
	ring_advance_ms(2);
	ring_step();
	assert_reset_both(&t, t.remote_seq);
	assert_refused(too_late);
	assert_int_equal(edge->counters.late, 1);
	assert_state(&t, FLOW_refused);
	assert_state(&other, FLOW_reading);
	ring_advance_ms(2000);
	ring_step();
	assert_reset_both(&other, other.remote_seq);
	assert_int_equal(edge->gathers.used, 0);
}

/* The kernel drops what its socket does not want (an old timestamp, say) without a word: the bytes
 * that were judged would not be those that it takes in the end. */
static void header_that_the_kernel_never_acknowledges_is_refused(void **state)
{
	struct octets header = header_make("corp.example", NULL);
	struct talk t = talk_open(PARTNER_4, next_port++, XMPP_PORT);

	ring_advance_ms(1000);
	assert_true(talk_say(&t, view_sub(octets_view(&header), 0, 50)).any);
	ring_advance_ms(4000);
	assert_true(talk_say(&t, view_sub(octets_view(&header), 50, 300)).any);
	assert_state(&t, FLOW_passed);
	/* From the last byte on there is as much time again. */
	ring_advance_ms(4999);
	ring_step();
	assert_nothing_left();
	ring_advance_ms(2);
	ring_step();
	assert_reset_both(&t, t.remote_seq);
	assert_refused(not_acknowledged);
	assert_int_equal(edge->counters.late, 1);
	assert_state(&t, FLOW_refused);
	assert_int_equal(edge->gathers.used, 0);
}

static void a_late_refusal_keeps_tag_and_ip_version(void **state)
{
	struct talk t = {PARTNER_6, SERVICE_6, next_port++, XMPP_PORT, 100, 500, 0x2065};
	struct taken taken;

	ring_inward(talk_from_remote(&t, TCP_SYN, VIEW("")));
	t.remote_seq++;
	ring_outward(talk_from_kernel(&t, TCP_SYN | TCP_ACK, VIEW("")));
	t.kernel_seq++;
	talk_say(&t, VIEW("<str"));
	ring_advance_ms(5000);
	ring_step();
	taken = ring_taken_by_tap();
	assert_int_equal(taken_mark(&taken), CLASS_CLAIMED << 28 | PARTNER_ID);
	assert_int_equal(taken.p.tuple.family, TUPLE_IPV6);
	assert_false(taken.p.has_vlan);
	taken = ring_taken_by_port();
	assert_true(taken.parsed && taken.p.has_vlan);
	assert_int_equal(taken.p.vlan_tci, 0x2065);
	assert_int_equal(taken.p.tcp.seq, t.kernel_seq);
	assert_refused(too_late);
}

static void silence_after_the_handshake_is_refused(void **state)
{
	struct talk t = talk_open(PARTNER_4, next_port++, XMPP_PORT);

	ring_advance_ms(29000);
	/* Empty segments do not draw it out. */
	assert_true(ring_inward(talk_from_remote(&t, TCP_ACK, VIEW(""))).any);
	for (int i = 0; i < 1200 && !edge->counters.late; i++) {
		ring_advance_ms(1);
		ring_step();
	}
	assert_reset_both(&t, t.remote_seq);
	assert_refused(too_late);
}

static void out_of_order_segment_waits_for_the_gap(void **state)
{
	struct octets header = header_make("corp.example", NULL);
	struct talk t = talk_open(PARTNER_4, next_port++, XMPP_PORT);
	struct talk ahead = t;

	ahead.remote_seq += 50;
	assert_false(talk_say(&ahead, view_sub(octets_view(&header), 50, 300)).any);
	assert_dropped(out_of_order);
	assert_true(talk_say(&t, view_sub(octets_view(&header), 0, 50)).any);
	assert_true(talk_say(&t, view_sub(octets_view(&header), 50, 300)).any);
	assert_state(&t, FLOW_passed);
	/* Nor does a FIN ahead end the reading. */
	t = talk_open(PARTNER_4, next_port++, XMPP_PORT);
	ahead = t;
	ahead.remote_seq += 500;
	assert_false(ring_inward(talk_from_remote(&ahead, TCP_ACK | TCP_FIN, VIEW(""))).any);
	assert_dropped(out_of_order);
	assert_state(&t, FLOW_reading);
	/* Not even with the kernel's own FIN: the remote has not ended yet. */
	assert_true(ring_outward(talk_from_kernel(&t, TCP_FIN | TCP_ACK, VIEW(""))).any);
	t.kernel_seq++;
	assert_state(&t, FLOW_reading);
	assert_true(say_and_be_refused(&t, VIEW("GET /"), CAUSE_wrong_protocol));
}

static void retransmission_passes_if_it_says_the_same(void **state)
{
	struct octets header = header_make("corp.example", NULL);
	struct talk t = talk_open(PARTNER_4, next_port++, XMPP_PORT);
	struct talk again = t;
	struct talk partly = t;
	struct talk before = t;

	assert_true(talk_say(&t, view_sub(octets_view(&header), 0, 60)).any);
	assert_true(talk_say(&again, view_sub(octets_view(&header), 0, 60)).any);
	partly.remote_seq += 20;
	assert_true(talk_say(&partly, view_sub(octets_view(&header), 20, 300)).any);
	assert_state(&t, FLOW_passed);
	/* Accepted and not yet acknowledged: it cannot be replaced. */
	again = before;
	assert_true(talk_say(&again, view_sub(octets_view(&header), 0, 80)).any);
	again = before;
	header.bytes[30] ^= 1;
	assert_false(talk_say(&again, view_sub(octets_view(&header), 0, 80)).any);
	assert_dropped(overlap_differs);
	before.remote_seq -= 10;
	assert_false(talk_say(&before, VIEW("0123456789abc")).any);
	assert_dropped(out_of_order);
}

static void retransmission_that_differs_is_dropped_while_reading(void **state)
{
	struct talk t = talk_open(PARTNER_4, next_port++, XMPP_PORT);
	struct talk again = t;

	assert_true(talk_say(&t, VIEW("<stream:stream")).any);
	assert_false(talk_say(&again, VIEW("<stream:strEAM")).any);
	assert_dropped(overlap_differs);
}

static void urgent_data_is_dropped(void **state)
{
	struct octets header = header_make("corp.example", "partner.example");
	struct talk t = talk_open(PARTNER_4, next_port++, XMPP_PORT);

	assert_false(ring_inward(talk_from_remote(&t, TCP_ACK | TCP_URG, VIEW("<stream"))).any);
	assert_dropped(urgent_data);
	/* An empty segment can carry the pointer too: the kernel would leave out the byte that it
	 * names when that byte comes. */
	assert_false(ring_inward(talk_from_remote(&t, TCP_ACK | TCP_URG, VIEW(""))).any);
	assert_dropped(urgent_data);
	assert_true(talk_say(&t, octets_view(&header)).any);
	assert_state(&t, FLOW_passed);
	assert_false(ring_inward(talk_from_remote(&t, TCP_ACK | TCP_URG, VIEW(""))).any);
	assert_dropped(urgent_data);
}

static void empty_pool_takes_only_what_is_complete(void **state)
{
	struct octets header = header_make("corp.example", NULL);
	struct talk first, second, third, fourth, again;

	ring_restart(&(struct worker_config){.gather_capacity = 1});
	first = talk_open(PARTNER_4, next_port++, XMPP_PORT);
	second = talk_open(PARTNER_4, next_port++, XMPP_PORT);
	third = talk_open(PARTNER_4, next_port++, XMPP_PORT);
	assert_true(talk_say(&first, VIEW("<stream")).any);
	assert_false(talk_say(&second, VIEW("<stream")).any);
	assert_dropped(gather_full);
	assert_true(talk_say(&third, octets_view(&header)).any);
	assert_state(&third, FLOW_passed);
	/* It can be compared with nothing, so what replaces it is judged like it, and whole. */
	again = third;
	again.remote_seq -= header.len;
	assert_true(talk_say(&again, octets_view(&header)).any);
	again.remote_seq -= 10;
	assert_false(talk_say(&again, VIEW("0123456789abcdef")).any);
	assert_dropped(overlap_differs);
	again.remote_seq = third.remote_seq - header.len;
	assert_false(talk_say(&again, view_sub(octets_view(&header), 0, 20)).any);
	assert_dropped(gather_full);
	again.remote_seq = third.remote_seq - header.len;
	ring_from_port(talk_from_remote(&again, TCP_ACK, VIEW("GET / ")));
	ring_step();
	assert_refused(wrong_protocol);
	assert_reset_both(&third, third.remote_seq);
	fourth = talk_open(PARTNER_4, next_port++, XMPP_PORT);
	assert_true(talk_say(&fourth, octets_view(&header)).any);
	talk_acknowledge(&fourth);
	assert_state(&fourth, FLOW_established);
	second.remote_seq -= 7;
	assert_true(say_and_be_refused(&second, VIEW("GET / "), CAUSE_wrong_protocol));
	/* Without a gather it is the flow's own time that ends. */
	third = talk_open(PARTNER_4, next_port++, XMPP_PORT);
	assert_true(talk_say(&third, octets_view(&header)).any);
	ring_let_pass_ms(30000);
	assert_refused(not_acknowledged);
	while (ring_taken_by_port().any || ring_taken_by_tap().any)
		;
}

static void one_source_cannot_empty_the_pool(void **state)
{
	struct talk t, other;

	ring_restart(&(struct worker_config){.gather_capacity = 2 * GATHER_MAX_PER_SOURCE});
	for (int i = 0; i < GATHER_MAX_PER_SOURCE; i++) {
		t = talk_open(UNKNOWN_4, next_port++, XMPP_PORT);
		assert_true(talk_say(&t, VIEW("<stream")).any);
	}
	other = talk_open(UNKNOWN_4, next_port++, XMPP_PORT);
	assert_false(talk_say(&other, VIEW("<stream")).any);
	assert_dropped(gather_full);
	other = talk_open(PARTNER_4, next_port++, XMPP_PORT);
	assert_true(talk_say(&other, VIEW("<stream")).any);
	/* What was used is free for it again. */
	assert_true(say_and_be_refused(&t, VIEW("!"), CAUSE_bad_stream_header));
	assert_int_equal(edge->gathers.used, GATHER_MAX_PER_SOURCE);
	t = talk_open(UNKNOWN_4, next_port++, XMPP_PORT);
	assert_true(talk_say(&t, VIEW("<stream")).any);
}

static void refused_connection_stays_refused(void **state)
{
	struct talk t = talk_open(PARTNER_4, next_port++, XMPP_PORT);
	struct taken taken;

	assert_true(say_and_be_refused(&t, VIEW("GET / "), CAUSE_wrong_protocol));
	/* The sender did not get the reset. */
	ring_from_port(talk_from_remote(&t, TCP_ACK, VIEW("GET / ")));
	ring_step();
	assert_refused(flow_refused);
	taken = ring_taken_by_port();
	assert_true(taken.any && taken.p.tcp.flags & TCP_RST);
	/* The kernel is where we did not expect it: its challenge says where. */
	t.remote_seq -= 3;
	ring_from_tap(talk_from_kernel(&t, TCP_ACK, VIEW("")));
	ring_step();
	assert_refused(flow_refused);
	taken = ring_taken_by_tap();
	assert_true(taken.any && taken.p.tcp.flags & TCP_RST);
	assert_int_equal(taken.p.tcp.seq, t.remote_seq);
	assert_int_equal(taken_mark(&taken), CLASS_CLAIMED << 28 | PARTNER_ID);
	/* A RST is never answered. */
	assert_false(ring_inward(talk_from_remote(&t, TCP_RST, VIEW(""))).any);
	assert_dropped(flow_refused);
	/* A new handshake is a new beginning. */
	t.remote_seq = 90000;
	assert_true(ring_inward(talk_from_remote(&t, TCP_SYN, VIEW(""))).any);
	assert_state(&t, FLOW_new);
	/* Once forgotten it is nobody's. */
	ring_let_pass_ms(61000);
	assert_null(talk_flow(&t));
}

static void false_claim_takes_the_partner_away(void **state)
{
	struct octets header = header_make("corp.example", "other.example");
	struct talk t = talk_open(PARTNER_4, next_port++, XMPP_PORT);
	struct taken taken = talk_say(&t, octets_view(&header));

	assert_true(taken.any);
	assert_int_equal(taken_mark(&taken), CLASS_UNKNOWN << 28);
	assert_int_equal(talk_flow(&t)->claimed_partner, OTHER_ID);
	assert_int_equal(edge->counters.claims_contradicted, 1);
	/* A claim that nobody confirms gives nothing. */
	header = header_make("corp.example", "partner.example");
	t = talk_open(UNKNOWN_4, next_port++, XMPP_PORT);
	taken = talk_say(&t, octets_view(&header));
	assert_int_equal(taken_mark(&taken), CLASS_UNKNOWN << 28);
	assert_int_equal(talk_flow(&t)->claimed_partner, PARTNER_ID);
	assert_int_equal(edge->counters.claims_contradicted, 1);
}

static void new_connection_on_old_ports_is_read_again(void **state)
{
	struct octets header = header_make("corp.example", NULL);
	struct talk t = talk_open(PARTNER_4, next_port++, XMPP_PORT);

	assert_true(talk_say(&t, octets_view(&header)).any);
	talk_acknowledge(&t);
	assert_state(&t, FLOW_established);
	/* The edge saw no end, the kernel did: it answers a new SYN. */
	t.remote_seq = 50000;
	assert_true(ring_inward(talk_from_remote(&t, TCP_SYN, VIEW(""))).any);
	t.remote_seq++;
	t.kernel_seq = 90000;
	assert_true(ring_outward(talk_from_kernel(&t, TCP_SYN | TCP_ACK, VIEW(""))).any);
	t.kernel_seq++;
	assert_state(&t, FLOW_reading);
	assert_true(say_and_be_refused(&t, VIEW("GET / "), CAUSE_wrong_protocol));
}

/* The kernel may have forgotten a connection of which the edge saw only one FIN. */
static void new_connection_from_the_same_number_is_read_again(void **state)
{
	struct octets header = header_make("corp.example", NULL);
	struct talk t = talk_open(PARTNER_4, next_port++, XMPP_PORT);
	struct talk again = t;

	assert_true(talk_say(&t, octets_view(&header)).any);
	talk_acknowledge(&t);
	assert_true(ring_outward(talk_from_kernel(&t, TCP_FIN | TCP_ACK, VIEW(""))).any);
	assert_state(&t, FLOW_closing);
	again.remote_seq--;
	assert_true(ring_inward(talk_from_remote(&again, TCP_SYN, VIEW(""))).any);
	again.remote_seq++;
	again.kernel_seq = 90000;
	assert_true(ring_outward(talk_from_kernel(&again, TCP_SYN | TCP_ACK, VIEW(""))).any);
	again.kernel_seq++;
	assert_state(&again, FLOW_reading);
	assert_true(say_and_be_refused(&again, VIEW("GET / "), CAUSE_wrong_protocol));
}

/* A SYN cookie is checked against the difference of both numbers: the kernel would make a socket
 * that begins anywhere in the bytes that are read. */
static void numbers_that_the_kernel_did_not_offer_are_dropped(void **state)
{
	struct octets header = header_make("corp.example", NULL);
	struct talk t = talk_open(PARTNER_4, next_port++, XMPP_PORT);
	struct talk moved = t;

	moved.remote_seq += 40;
	moved.kernel_seq += 40;
	assert_false(ring_inward(talk_from_remote(&moved, TCP_ACK, VIEW(""))).any);
	assert_dropped(bad_ack);
	moved = t;
	moved.kernel_seq -= 1;
	assert_false(talk_say(&moved, octets_view(&header)).any);
	assert_dropped(bad_ack);
	/* Nor may the beginning be moved with the right ack. */
	moved = t;
	moved.remote_seq += 2;
	assert_false(ring_inward(talk_from_remote(&moved, TCP_ACK, VIEW(""))).any);
	assert_dropped(out_of_order);
	moved.remote_seq = t.remote_seq - 2;
	assert_false(ring_inward(talk_from_remote(&moved, TCP_ACK, VIEW(""))).any);
	assert_dropped(out_of_order);
	/* Both while it waits for the kernel too; what the kernel did say may be acknowledged. */
	assert_true(talk_say(&t, octets_view(&header)).any);
	moved = t;
	moved.kernel_seq += 1;
	assert_false(ring_inward(talk_from_remote(&moved, TCP_ACK, VIEW(""))).any);
	assert_dropped(bad_ack);
	assert_true(ring_outward(
		talk_from_kernel(&(struct talk){t.remote, t.local, t.remote_port, t.local_port,
					 t.remote_seq - 5, t.kernel_seq, 0},
			TCP_ACK, VIEW("x")))
			    .any);
	assert_state(&t, FLOW_passed);
	assert_true(ring_inward(talk_from_remote(&t, TCP_ACK, VIEW(""))).any);
	assert_true(ring_inward(talk_from_remote(&moved, TCP_ACK, VIEW(""))).any);
	t.kernel_seq++;
	talk_acknowledge(&t);
	assert_state(&t, FLOW_established);
}

static void forged_syn_does_not_move_the_reader(void **state)
{
	struct octets header = header_make("corp.example", NULL);
	struct talk t = talk_open(PARTNER_4, next_port++, XMPP_PORT);
	struct talk forged = t;

	assert_true(talk_say(&t, view_sub(octets_view(&header), 0, 40)).any);
	forged.remote_seq = 123456;
	assert_true(ring_inward(talk_from_remote(&forged, TCP_SYN, VIEW(""))).any);
	forged.remote_seq++;
	assert_false(talk_say(&forged, VIEW("GET / ")).any);
	assert_dropped(out_of_order);
	assert_true(talk_say(&t, view_sub(octets_view(&header), 40, 300)).any);
	assert_state(&t, FLOW_passed);
}

#define ring_test(f) cmocka_unit_test_setup_teardown(f, ring_setup, ring_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ring_test(accepted_header_opens_the_way),
		ring_test(header_may_be_cut_anywhere),
		ring_test(refused_names_have_their_causes),
		ring_test(names_that_only_look_blocked_pass),
		ring_test(our_names_are_known_as_unicode_and_as_ascii),
		ring_test(another_protocol_is_refused),
		ring_test(malformed_headers_are_refused),
		ring_test(hello_with_our_name_or_none_passes),
		ring_test(hello_in_several_segments_passes),
		ring_test(hello_with_another_name_is_refused),
		ring_test(hello_that_lies_is_refused),
		ring_test(header_that_never_ends_is_refused),
		ring_test(too_many_segments_are_refused),
		ring_test(header_that_takes_too_long_is_refused),
		ring_test(header_that_the_kernel_never_acknowledges_is_refused),
		ring_test(a_late_refusal_keeps_tag_and_ip_version),
		ring_test(silence_after_the_handshake_is_refused),
		ring_test(out_of_order_segment_waits_for_the_gap),
		ring_test(retransmission_passes_if_it_says_the_same),
		ring_test(retransmission_that_differs_is_dropped_while_reading),
		ring_test(urgent_data_is_dropped),
		ring_test(empty_pool_takes_only_what_is_complete),
		ring_test(one_source_cannot_empty_the_pool),
		ring_test(refused_connection_stays_refused),
		ring_test(false_claim_takes_the_partner_away),
		ring_test(new_connection_on_old_ports_is_read_again),
		ring_test(new_connection_from_the_same_number_is_read_again),
		ring_test(numbers_that_the_kernel_did_not_offer_are_dropped),
		ring_test(forged_syn_does_not_move_the_reader),
	};

	return cmocka_run_group_tests(tests, ring_start, ring_stop);
}
