/* SPDX-License-Identifier: BSD-3-Clause */
/* What is told of partners, of one connection, and of who is refused most. */
#include "tests/ring/ring.h"

#include "dataplane/partner.h"
#include "dataplane/report.h"
#include "tests/ring/hello.h"
#include "tests/ring/told.h"

static json_int_t open_in_class(uint32_t id, const char *class)
{
	return told_count(id, "classes", class);
}

static struct octets syn(const char *src, uint16_t port)
{
	const struct talk t = {
		src, strchr(src, ':') ? SERVICE_6 : SERVICE_4, port, XMPP_PORT, 5000, 0, 0};

	return talk_from_remote(&t, TCP_SYN, VIEW(""));
}

/* --- partners --- */

static void each_drop_is_counted_for_the_partner_of_its_source(void **state)
{
	const struct talk stray = {PARTNER_4, SERVICE_4, 1, XMPP_PORT, 1, 1, 0};
	const struct talk closed = {PARTNER_4, SERVICE_4, 1, 22, 1, 1, 0};
	struct octets broken = talk_from_remote(&stray, TCP_ACK, VIEW("x"));

	ring_inward(talk_from_remote(&stray, TCP_RST, VIEW("")));
	ring_inward(frame_udp(PARTNER_4, SERVICE_4, 1, 1));
	ring_inward(frame_udp(OTHER_4, SERVICE_4, 1, 1));
	ring_inward(frame_udp(UNKNOWN_4, SERVICE_4, 1, 1));
	ring_inward(talk_from_remote(&closed, TCP_SYN, VIEW("")));
	/* Malformed: its source is read all the same. */
	broken.bytes[14 + 20 + 20] ^= 1;
	ring_inward(broken);
	assert_int_equal(told_count(PARTNER_ID, "drops", "no_flow"), 1);
	assert_int_equal(told_count(PARTNER_ID, "drops", "udp_not_allowed"), 1);
	assert_int_equal(told_count(PARTNER_ID, "drops", "not_service"), 1);
	assert_int_equal(told_count(PARTNER_ID, "drops", "bad_tcp_checksum"), 1);
	assert_int_equal(told_count(OTHER_ID, "drops", "udp_not_allowed"), 1);
	assert_int_equal(told_count(OTHER_ID, "drops", "no_flow"), 0);
	assert_int_equal(told_count(0, "drops", "udp_not_allowed"), 1);
}

static void what_the_kernel_may_not_send_is_counted_for_whom_it_was_to(void **state)
{
	const struct talk t = {PARTNER_4, SERVICE_4, 1, XMPP_PORT, 1, 1, 0};

	ring_outward(talk_from_kernel(&t, TCP_ACK, VIEW("")));
	assert_int_equal(told_count(PARTNER_ID, "drops", "outbound_no_flow"), 1);
	assert_int_equal(told_count(0, "drops", "outbound_no_flow"), 0);
}

static void refusals_are_counted_for_the_flows_partner(void **state)
{
	struct talk t = talk_open(PARTNER_4, 1, XMPP_PORT);
	struct talk late = talk_open(PARTNER_4, 2, XMPP_PORT);

	assert_int_equal(
		talk_say(&t, VIEW("GET / HTTP/1.1\r\n\r\n")).p.tcp.flags & TCP_RST, TCP_RST);
	while (ring_taken_by_port().any || ring_taken_by_tap().any)
		;
	assert_int_equal(told_count(PARTNER_ID, "refusals", "wrong_protocol"), 1);
	assert_true(talk_say(&late, VIEW("<?xml version='1.0'?>")).any);
	for (int i = 0; i < 10; i++)
		ring_let_pass_ms(1000);
	while (ring_taken_by_port().any || ring_taken_by_tap().any)
		;
	assert_int_equal(told_count(PARTNER_ID, "refusals", "too_late"), 1);
	ring_inward(syn(BLOCKED_4, 1));
	assert_true(ring_taken_by_port().any);
	assert_int_equal(told_count(0, "refusals", "blocked_source"), 1);
}

static void open_connections_are_told_by_class(void **state)
{
	struct octets header = header_make("corp.example", "other.example");
	struct talk claimed = talk_open(PARTNER_4, 1, XMPP_PORT);
	struct talk proven = talk_open(PARTNER_4, 2, XMPP_PORT);
	struct talk contradicted = talk_open(PARTNER_4, 3, XMPP_PORT);

	talk_open(UNKNOWN_4, 1, XMPP_PORT);
	assert_int_equal(open_in_class(PARTNER_ID, "claimed"), 3);
	assert_int_equal(open_in_class(0, "unknown"), 1);
	flow_assign(&edge->flows, talk_flow(&proven), mark_make(CLASS_VERIFIED, PARTNER_ID),
		partner_find(PARTNER_ID));
	assert_int_equal(open_in_class(PARTNER_ID, "claimed"), 2);
	assert_int_equal(open_in_class(PARTNER_ID, "verified"), 1);
	assert_true(talk_say(&contradicted, octets_view(&header)).any);
	assert_int_equal(open_in_class(PARTNER_ID, "claimed"), 1);
	assert_int_equal(open_in_class(0, "unknown"), 2);
	assert_true(ring_outward(talk_from_kernel(&claimed, TCP_RST, VIEW(""))).any);
	assert_true(ring_outward(talk_from_kernel(&proven, TCP_RST, VIEW(""))).any);
	assert_int_equal(open_in_class(PARTNER_ID, "claimed"), 0);
	assert_int_equal(open_in_class(PARTNER_ID, "verified"), 0);
}

static void partners_come_in_pages_and_everybody_else_first(void **state)
{
	uint32_t total = 0;
	json_t *rows = report_partners(0, 2, &total);

	assert_in_range(total, 3, PARTNER_SLOTS);
	assert_int_equal(json_array_size(rows), 2);
	assert_told(json_array_get(rows, 0), "partner", "(unknown)");
	assert_int_equal(told_number(json_array_get(rows, 0), "id"), 0);
	json_decref(rows);
	for (uint32_t at = 0; at < total + 3; at++) {
		rows = report_partners(at, 1, &total);
		assert_int_equal(json_array_size(rows), at < total);
		json_decref(rows);
	}
	assert_null(report_partner(12345));
}

/* --- one connection --- */

static void one_connection_is_told_whole_and_either_way_round(void **state)
{
	struct octets header = header_make("corp.example", NULL);
	struct talk t = talk_open(PARTNER_4, 40000, XMPP_PORT);

	ring_advance_ms(1500);
	assert_true(talk_say(&t, octets_view(&header)).any);
	talk_acknowledge(&t);
	assert_true(ring_outward(talk_from_kernel(&t, TCP_ACK, VIEW("0123456789"))).any);
	for (int reversed = 0; reversed < 2; reversed++) {
		json_t *flow = flow_told(&t, reversed, ring_step);
		json_t *limits = json_object_get(json_object_get(flow, "limits"), "partner");

		assert_told(flow, "remote", PARTNER_4);
		assert_int_equal(told_number(flow, "remote_port"), 40000);
		assert_told(flow, "state", "established");
		assert_told(flow, "class", "claimed");
		assert_told(flow, "partner_name", "partner.example");
		assert_told(flow, "cause", "none");
		assert_null(json_object_get(flow, "first_bytes"));
		assert_in_range(told_number(flow, "age_ms"), 1400, 1600);
		assert_int_equal(told_number(flow, "packets_in"), 3);  /* SYN, ACK, header */
		assert_int_equal(told_number(flow, "packets_out"), 3); /* SYN-ACK, ACK, data */
		assert_int_equal(told_number(flow, "bytes_in"), header.len);
		assert_int_equal(told_number(flow, "bytes_out"), 10);
		assert_int_equal(told_number(json_object_get(limits, "connections"), "open"), 1);
		assert_in_range(told_number(json_object_get(limits, "packets"), "left"), 1,
			told_number(json_object_get(limits, "packets"), "burst"));
		json_decref(flow);
	}
}

static void a_strangers_first_bytes_and_prefixes_are_told(void **state)
{
	struct talk t = talk_open("2001:db8:9:100::1", 1, XMPP_PORT);
	json_t *flow;

	assert_true(talk_say(&t, VIEW("<?xml version='1.0'?>")).any);
	flow = flow_told(&t, false, ring_step);
	assert_told(flow, "state", "reading");
	assert_told(flow, "class", "unknown");
	assert_int_equal(told_number(json_object_get(flow, "first_bytes"), "bytes"), 21);
	assert_int_equal(told_number(json_object_get(flow, "first_bytes"), "segments"), 1);
	assert_in_range(told_number(json_object_get(flow, "first_bytes"), "left_ms"), 4000, 5000);
	assert_non_null(json_object_get(json_object_get(flow, "limits"), "2001:db8:9:100::/56"));
	assert_non_null(json_object_get(json_object_get(flow, "limits"), "2001:db8:9:100::/64"));
	json_decref(flow);
	assert_true(ring_outward(talk_from_kernel(&t, TCP_RST, VIEW(""))).any);
	flow = flow_told(&t, false, ring_step);
	assert_told(flow, "state", "closed");
	assert_true(json_is_true(json_object_get(flow, "reset")));
	json_decref(flow);
}

static void a_refused_connection_is_told_with_its_cause(void **state)
{
	struct talk t = talk_open(PARTNER_4, 1, XMPP_PORT);
	json_t *flow;

	assert_int_equal(
		talk_say(&t, VIEW("GET / HTTP/1.1\r\n\r\n")).p.tcp.flags & TCP_RST, TCP_RST);
	while (ring_taken_by_port().any || ring_taken_by_tap().any)
		;
	flow = flow_told(&t, true, ring_step);
	assert_told(flow, "state", "refused");
	assert_told(flow, "cause", "wrong_protocol");
	assert_told(flow, "cause_words", "first bytes of another protocol than the port's");
	json_decref(flow);
}

static void bytes_are_counted_past_the_end_of_sequence_numbers(void **state)
{
	struct octets header = header_make("corp.example", NULL);
	struct talk t = {PARTNER_4, SERVICE_4, 1, XMPP_PORT, UINT32_MAX - 20, UINT32_MAX - 5, 0};
	uint64_t in = header.len;
	struct flow *flow;

	assert_true(ring_inward(talk_from_remote(&t, TCP_SYN, VIEW(""))).any);
	t.remote_seq++;
	assert_true(ring_outward(talk_from_kernel(&t, TCP_SYN | TCP_ACK, VIEW(""))).any);
	t.kernel_seq++;
	assert_true(ring_inward(talk_from_remote(&t, TCP_ACK, VIEW(""))).any);
	assert_true(talk_say(&t, octets_view(&header)).any);
	talk_acknowledge(&t);
	flow = talk_flow(&t);
	assert_int_equal(flow_bytes_in(flow), in);
	/* As if by gigabytes: the kernel acknowledges what went by another way. */
	for (int i = 0; i < 5; i++) {
		t.remote_seq += 0x70000000;
		in += 0x70000000;
		talk_acknowledge(&t);
		assert_int_equal(flow_bytes_in(flow), in);
	}
	assert_true(ring_outward(talk_from_kernel(&t, TCP_ACK, VIEW("0123456789"))).any);
	assert_int_equal(flow_bytes_out(flow), 10);
}

static void assert_why(
	const char *remote, const char *local, uint16_t local_port, const char *words)
{
	const struct talk t = {remote, local, 40000, local_port, 1, 1, 0};
	struct tuple key = talk_key(&t);
	json_t *told = told_of(&key, ring_step);
	const char *why = json_string_value(json_object_get(told, "why"));

	assert_true(json_is_null(json_object_get(told, "flow")));
	if (!why || !strstr(why, words))
		fail_msg("%s", why);
	json_decref(told);
}

static void one_that_is_not_there_is_told_why(void **state)
{
	struct tuple key;

	assert_why(PARTNER_4, SERVICE_4, XMPP_PORT, "an address of partner.example");
	assert_why(UNKNOWN_4, SERVICE_4, XMPP_PORT, "no partner's address");
	assert_why(SERVICE_4, UNKNOWN_4, XMPP_PORT, "is no service");
	assert_why(BLOCKED_4, SERVICE_4, XMPP_PORT, "blocked_source");
	assert_why(PARTNER_4, UNKNOWN_4, XMPP_PORT, "neither");
	assert_why(PARTNER_4, SERVICE_4, 22, "no service");
	key = talk_key(&(struct talk){PARTNER_4, SERVICE_4, XMPP_PORT, 50000, 1, 1, 0});
	key = tuple_reverse(&key);
	assert_int_equal(
		expect_add(&key, mark_make(CLASS_OUTBOUND, PARTNER_ID), mono_after_ms(now, 60000)),
		0);
	key = tuple_reverse(&key);
	{
		json_t *told = told_of(&key, ring_step);

		assert_told(told, "why", "announced by the control plane, not begun yet");
		json_decref(told);
	}
}

static void a_worker_that_stands_still_is_not_waited_for(void **state)
{
	struct tuple key = talk_key(&(struct talk){PARTNER_4, SERVICE_4, 1, 2, 1, 1, 0});
	json_t *told = report_flow(&key);

	assert_told(told, "why", "the worker does not answer");
	json_decref(told);
	told = report_flow(&key);
	assert_told(told, "why", "the worker still looks for another one");
	json_decref(told);
	ring_step();
	json_decref(told_of(&key, ring_step));
}

/* --- who is refused most --- */

static void who_is_dropped_most_is_told_by_cause(void **state)
{
	uint32_t total;
	json_t *rows, *first;

	for (int i = 0; i < 5; i++)
		ring_inward(frame_udp(UNKNOWN_4, SERVICE_4, 1, 1));
	ring_inward(frame_udp(PARTNER_4, SERVICE_4, 1, 1));
	ring_inward(frame_udp("2001:db8:7:8:1::1", SERVICE_6, 1, 1));
	ring_inward(frame_udp("2001:db8:7:8:2::2", SERVICE_6, 1, 1));
	ring_inward(syn(BLOCKED_4, 1));
	assert_true(ring_taken_by_port().any);
	rows = report_hitters(CAUSE_udp_not_allowed, 0, 100, &total);
	assert_int_equal(total, 3);
	first = json_array_get(rows, 0);
	assert_told(first, "source", UNKNOWN_4);
	assert_told(first, "cause", "udp_not_allowed");
	assert_int_equal(told_number(first, "count"), 5);
	assert_int_equal(told_number(first, "at_least"), 5);
	assert_int_equal(told_number(first, "of"), 8);
	assert_told(json_array_get(rows, 1), "source", "2001:db8:7:8::/64");
	json_decref(rows);
	rows = report_hitters(CAUSE_none, 3, 1, &total);
	assert_int_equal(total, 4);
	assert_int_equal(json_array_size(rows), 1);
	assert_told(json_array_get(rows, 0), "cause", "blocked_source");
	json_decref(rows);
	ring_advance_ms(HITTERS_WINDOW_S * 2000 + 1000);
	ring_step();
	json_decref(report_hitters(CAUSE_none, 0, 100, &total));
	assert_int_equal(total, 0);
}

#define ring_test(f) cmocka_unit_test_setup_teardown(f, ring_setup, ring_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ring_test(each_drop_is_counted_for_the_partner_of_its_source),
		ring_test(what_the_kernel_may_not_send_is_counted_for_whom_it_was_to),
		ring_test(refusals_are_counted_for_the_flows_partner),
		ring_test(open_connections_are_told_by_class),
		ring_test(partners_come_in_pages_and_everybody_else_first),
		ring_test(one_connection_is_told_whole_and_either_way_round),
		ring_test(a_strangers_first_bytes_and_prefixes_are_told),
		ring_test(a_refused_connection_is_told_with_its_cause),
		ring_test(bytes_are_counted_past_the_end_of_sequence_numbers),
		ring_test(one_that_is_not_there_is_told_why),
		ring_test(a_worker_that_stands_still_is_not_waited_for),
		ring_test(who_is_dropped_most_is_told_by_cause),
	};

	return cmocka_run_group_tests(tests, ring_start, ring_stop);
}
