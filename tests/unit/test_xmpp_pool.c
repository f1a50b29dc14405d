/* SPDX-License-Identifier: BSD-3-Clause */
/* The pool: whole edges talk to each other over socket pairs with real TLS. */
#include "tests/unit/pool_bench.h"

static void a_stanza_crosses_and_is_reported_written(void **state)
{
	json_t *json;

	two_edges();
	send_to(A, "a.example", "b.example", 1, 77);
	await(B, "{a.example}[b.example<a.example 1]");
	await(A, "(77 written)");
	assert_int_equal(xmpp_pool_return_streams(B->pool, VIEW("a.example")), 1);
	assert_int_equal(xmpp_pool_return_streams(A->pool, VIEW("b.example")), 0);
	assert_int_equal(xmpp_pool_return_streams(A->pool, VIEW("nobody.example")), 0);
	send_to(A, "a.example", "b.example", 2, 0);
	await(B, "[b.example<a.example 2]");
	assert_int_equal(bench.attempts, 1);
	assert_int_equal(counter_get("xmpp", "stanzas_in"), 2);
	json = xmpp_pool_json(B->pool);
	assert_int_equal(json_array_size(json_object_get(json, "streams")), 1);
	assert_string_equal(json_string_value(json_object_get(
				    json_array_get(json_object_get(json, "streams"), 0), "state")),
		"ready");
	json_decref(json);
}

static void both_directions_have_their_own_stream(void **state)
{
	two_edges();
	send_to(A, "a.example", "b.example", 1, 0);
	await(B, "[b.example<a.example 1]");
	bench.domain = "a.example";
	bench.port = PORT_EDGES;
	send_to(B, "b.example", "a.example", 2, 5);
	await(A, "{b.example}[a.example<b.example 2]");
	await(B, "(5 written)");
	assert_int_equal(bench.attempts, 2);
}

static void order_is_kept_from_before_the_stream_to_after(void **state)
{
	struct text expected;

	two_edges();
	for (unsigned i = 0; i < 200; i++)
		send_to(A, "a.example", "b.example", i, 0);
	await(B, "{a.example}");
	for (unsigned i = 200; i < 400; i++)
		send_to(A, "a.example", "b.example", i, 0);
	await(B, "[b.example<a.example 399]");
	text_init(&expected, 1 << 20);
	text_puts(&expected, "{a.example}");
	for (unsigned i = 0; i < 400; i++)
		text_printf(&expected, "[b.example<a.example %u]", i);
	assert_string_equal(B->log.p, expected.p);
	text_free(&expected);
}

static void the_queue_has_a_bound(void **state)
{
	two_edges();
	for (unsigned i = 0; i < ROUTE_QUEUE_MAX + 2; i++)
		send_to(A, "a.example", "b.example", i, i + 1);
	assert_string_equal(A->log.p, "");
	await(A, "(257 full)(258 full)");
	await(A, "(256 written)");
	await(B, "[b.example<a.example 255]");
	assert_null(strstr(B->log.p, "[b.example<a.example 256]"));
}

static void a_partner_with_a_host_needs_no_srv(void **state)
{
	edge_open(0, "a.example", &bench.ca, NULL);
	bench.domain = "192.0.2.7";
	bench.port = PORT_REFUSES;
	send_to(A, "a.example", "fixed.example", 1, 1);
	await(A, "(1 unreachable)");
	assert_int_equal(bench.questions, 1);
	assert_int_equal(bench.attempts, 1);
}

static void who_is_no_partner_is_not_found(void **state)
{
	edge_open(0, "a.example", &bench.ca, NULL);
	send_to(A, "a.example", "nobody.example", 1, 1);
	send_to(A, "a.example", "sip.example", 1, 2);
	send_to(A, "a.example", "evil.example", 1, 3);
	send_to(A, "b.example", "b.example", 1, 4);
	send_to(A, "a.example", "nobody.example", 1, 0);
	await(A, "(1 not found)(2 not found)(3 not found)(4 not found)");
	assert_int_equal(bench.questions, 0);
}

static void failures_are_told_apart_and_not_repeated_at_once(void **state)
{
	static const struct {
		enum resolve_result result;
		uint16_t port;
		const char *fate;
	} cases[] = {
		{RESOLVE_NONE, 0, "no server"},
		{RESOLVE_CONFLICT, 0, "conflict"},
		{RESOLVE_FAILED, 0, "unreachable"},
		{RESOLVE_OK, PORT_REFUSES, "unreachable"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char words[64];

		edge_open(0, "a.example", &bench.ca, NULL);
		bench.result = cases[i].result;
		bench.port = cases[i].port;
		bench.questions = 0;
		send_to(A, "a.example", "b.example", 1, 1);
		send_to(A, "a.example", "b.example", 2, 2);
		snprintf(words, sizeof(words), "(1 %s)(2 %s)", cases[i].fate, cases[i].fate);
		await(A, words);
		send_to(A, "a.example", "b.example", 3, 3);
		snprintf(words, sizeof(words), "(3 %s)", cases[i].fate);
		await(A, words);
		assert_int_equal(bench.questions, 1);
		edge_close(A);
	}
}

static void after_the_hold_a_stanza_makes_a_new_attempt(void **state)
{
	struct mono end;

	two_edges();
	bench.result = RESOLVE_FAILED;
	send_to(A, "a.example", "b.example", 1, 1);
	await(A, "(1 unreachable)");
	bench.result = RESOLVE_OK;
	end = mono_after_ms(mono_now(), ROUTE_HOLD_MS);
	while (!mono_reached(mono_now(), end))
		usleep(10000);
	send_to(A, "a.example", "b.example", 2, 2);
	await(A, "(2 written)");
	assert_int_equal(bench.questions, 2);
}

static void a_partner_of_another_ca_is_not_trusted(void **state)
{
	edge_open(0, "a.example", &bench.ca, NULL);
	edge_open(1, "b.example", &bench.other_ca, NULL);
	send_to(A, "a.example", "b.example", 1, 1);
	await(A, "(1 not trusted)");
	assert_int_equal(counter_get("xmpp.refused", "certificate_invalid"), 1);
	assert_string_equal(B->log.p, "");
}

static void a_stranger_in_a_partners_name_is_refused(void **state)
{
	edge_open(0, "a.example", &bench.ca, NULL);
	edge_open(1, "b.example", &bench.other_ca, NULL);
	bench.domain = "a.example";
	bench.port = PORT_EDGES;
	send_to(B, "b.example", "a.example", 1, 1);
	await(B, "(1 not trusted)");
	assert_string_equal(A->log.p, "");
	assert_int_equal(counter_get("xmpp.refused", "certificate_invalid"), 1);
}

static void a_valid_certificate_of_another_name_proves_nothing(void **state)
{
	edge_open(0, "a.example", &bench.ca, NULL);
	edge_open(1, "b.example", &bench.ca, "URI:sip:b.example");
	send_to(A, "a.example", "b.example", 1, 1);
	await(A, "(1 not trusted)");
	assert_int_equal(counter_get("xmpp.refused", "certificate_other_domain"), 1);
	bench.domain = "a.example";
	bench.port = PORT_EDGES;
	send_to(B, "b.example", "a.example", 1, 1);
	await(B, "(1 not trusted)");
	assert_null(strstr(A->log.p, "{"));
	assert_int_equal(counter_get("xmpp.refused", "certificate_other_domain"), 2);
}

/* The partner's certificate is not one for the names below it. */
static void a_name_below_a_partner_proves_itself(void **state)
{
	edge_open(0, "a.example", &bench.ca, NULL);
	edge_open(1, "x.group.example", &bench.ca, NULL);
	bench.domain = "a.example";
	bench.port = PORT_EDGES;
	send_to(B, "x.group.example", "a.example", 1, 1);
	await(B, "(1 written)");
	await(A, "{x.group.example}[a.example<x.group.example 1]");
	edge_close(B);
	edge_open(1, "y.group.example", &bench.ca, "URI:sip:y.group.example,DNS:group.example");
	send_to(B, "y.group.example", "a.example", 2, 2);
	await(B, "(2 not trusted)");
	await_count("xmpp.refused", "certificate_other_domain", 1);
	assert_null(strstr(A->log.p, "y.group.example"));
}

/* What is for a name below the partner never takes the way to the partner's own domain. */
static void a_name_below_a_partner_is_not_the_partner(void **state)
{
	edge_open(0, "a.example", &bench.ca, NULL);
	edge_open(1, "group.example", &bench.ca, NULL);
	bench.domain = "group.example";
	send_to(A, "a.example", "x.group.example", 1, 1);
	await(A, "(1 no server)");
	send_to(A, "a.example", "group.example", 2, 2);
	await(A, "(2 written)");
	await(B, "[group.example<a.example 2]");
	assert_null(strstr(B->log.p, "a.example 1]"));
}

static void a_server_that_does_not_know_the_domain_is_not_the_one(void **state)
{
	edge_open(0, "a.example", &bench.ca, NULL);
	edge_open(1, "c.example", &bench.ca, NULL);
	send_to(A, "a.example", "b.example", 1, 1);
	await(A, "(1 not found)");
	assert_int_equal(counter_get("xmpp.refused", "header_to_unknown"), 1);
}

static void a_broken_stream_loses_what_nobody_forgot(void **state)
{
	two_edges();
	for (unsigned i = 1; i <= 3; i++)
		send_to(A, "a.example", "b.example", i, i);
	await(B, "[b.example<a.example 3]");
	await(A, "(3 written)");
	xmpp_pool_forget(A->pool, 2);
	xmpp_pool_forget(A->pool, 99);
	edge_close(B);
	await(A, "(1 lost)");
	await(A, "(3 lost)");
	assert_null(strstr(A->log.p, "(2 lost)"));
	assert_int_equal(counter_get("xmpp.ended", "error_from_peer"), 1);
}

static void a_partner_that_restarts_gets_what_comes_then(void **state)
{
	two_edges();
	send_to(A, "a.example", "b.example", 1, 1);
	await(A, "(1 written)");
	edge_close(B);
	await(A, "(1 lost)");
	edge_open(1, "b.example", &bench.ca, NULL);
	send_to(A, "a.example", "b.example", 2, 2);
	await(A, "(2 written)");
	await(B, "[b.example<a.example 2]");
}

static void a_forgotten_stanza_is_sent_but_not_reported(void **state)
{
	two_edges();
	send_to(A, "a.example", "b.example", 1, 1);
	send_to(A, "a.example", "b.example", 2, 2);
	xmpp_pool_forget(A->pool, 1);
	await(B, "[b.example<a.example 1][b.example<a.example 2]");
	await(A, "(2 written)");
	assert_null(strstr(A->log.p, "(1 "));
}

static void a_lost_stream_is_opened_again_for_the_next_stanza(void **state)
{
	two_edges();
	send_to(A, "a.example", "b.example", 1, 0);
	await(B, "[b.example<a.example 1]");
	link_end(LIST_FIRST(&B->pool->members)->link, STREAM_NO_ERROR, "idle");
	await_count("xmpp.ended", "ended_by_peer", 1);
	send_to(A, "a.example", "b.example", 2, 9);
	await(B, "[b.example<a.example 2]");
	await(A, "(9 written)");
	assert_int_equal(bench.attempts, 2);
}

static void what_a_peer_does_not_read_is_bounded(void **state)
{
	static char stanza[100 * 1024];
	uint64_t cookie;

	two_edges();
	send_to(A, "a.example", "b.example", 1, 0);
	await(B, "[b.example<a.example 1]");
	memset(stanza, ' ', sizeof(stanza));
	for (cookie = 1; cookie <= 21; cookie++)
		xmpp_pool_send(A->pool, VIEW("a.example"), VIEW("b.example"),
			view_make(stanza, sizeof(stanza)), cookie);
	await(A, "(21 full)");
	await(A, "(1 lost)");
	assert_int_equal(counter_get("xmpp.refused", "peer_does_not_read"), 1);
}

static size_t memory_of(const struct edge *e)
{
	return stream_memory_bytes(link_stream(LIST_FIRST(&e->pool->members)->link));
}

static void a_quiet_stream_gives_its_parser_back(void **state)
{
	struct mono end;

	two_edges();
	send_to(A, "a.example", "b.example", 1, 0);
	await(B, "[b.example<a.example 1]");
	assert_true(memory_of(B) > 12000);
	end = mono_after_ms(mono_now(), STREAM_SLEEP_MS + 1000);
	while (memory_of(B) > 8000 || memory_of(A) > 8000) {
		assert_false(mono_reached(mono_now(), end));
		usleep(1000);
		event_base_loop(loop_base(bench.loop), EVLOOP_NONBLOCK);
	}
	send_to(A, "a.example", "b.example", 2, 0);
	await(B, "[b.example<a.example 2]");
}

static void one_partner_has_a_bounded_number_of_streams(void **state)
{
	edge_open(0, "a.example", &bench.ca, NULL);
	bench.domain = "a.example";
	bench.port = PORT_EDGES;
	for (unsigned i = 1; i <= POOL_INBOUND_MAX + 1; i++) {
		edge_open(i, "b.example", &bench.ca, NULL);
		send_to(&bench.edges[i], "b.example", "a.example", i, i);
		await(&bench.edges[i], "written)");
		if (i <= POOL_INBOUND_MAX)
			await_count("xmpp", "stanzas_in", i);
	}
	await_count("xmpp.refused", "too_many_streams", 1);
	assert_int_equal(counter_get("xmpp", "stanzas_in"), POOL_INBOUND_MAX);
	assert_int_equal(xmpp_pool_return_streams(A->pool, VIEW("b.example")), POOL_INBOUND_MAX);
}

/* Say bytes to edge A in clear text and read until it closes. */
static void talk(const char *bytes, struct text *answer)
{
	int fds[2];
	struct mono end = mono_after_ms(mono_now(), 10000);

	pair_make(fds);
	accept_from_test(A, fds[1]);
	assert_int_equal(write(fds[0], bytes, strlen(bytes)), (ssize_t)strlen(bytes));
	for (;;) {
		char buffer[1024];
		ssize_t got = read(fds[0], buffer, sizeof(buffer));

		if (got == 0 || (got < 0 && errno == ECONNRESET))
			break;
		if (got > 0)
			text_put(answer, view_make(buffer, (size_t)got));
		if (mono_reached(mono_now(), end))
			fail_msg("it does not close");
		event_base_loop(loop_base(bench.loop), EVLOOP_NONBLOCK);
	}
	close(fds[0]);
}

#define HEAD(to, from)                                                                             \
	"<stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams' "    \
	"to='" to "' from='" from "' version='1.0'>"
#define STARTTLS "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"

static void what_is_refused_in_clear_text_hears_why_and_is_counted(void **state)
{
	static const struct {
		const char *bytes, *answer, *cause;
	} cases[] = {
		{"GET / HTTP/1.1\r\n\r\n", "<not-well-formed ", "not_well_formed"},
		{"\x16\x03\x01\x02", "<not-well-formed ", "not_xml_character"},
		{HEAD("c.example", "b.example"), "<host-unknown ", "header_to_unknown"},
		{HEAD("a.example", "nobody.example"), "<not-authorized ", "unknown_partner"},
		{HEAD("a.example", "x.evil.example"), "<policy-violation ", "blocked_domain"},
		{HEAD("a.example", "sip.example"), "<policy-violation ", "partner_is_not_xmpp"},
		{HEAD("a.example", "b.example") "<message/>", "<not-authorized ",
			"stanza_before_auth"},
		{HEAD("a.example", "b.example") STARTTLS "<", "<policy-violation ",
			"bytes_behind_starttls"},
		{"<!DOCTYPE x>", "<restricted-xml ", "dtd"},
	};

	edge_open(0, "a.example", &bench.ca, NULL);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct text answer;

		text_init(&answer, 65536);
		text_puts(&answer, "");
		talk(cases[i].bytes, &answer);
		if (!strstr(answer.p, cases[i].answer) || !strstr(answer.p, "</stream:stream>"))
			fail_msg("%s: %s", cases[i].bytes, answer.p);
		if (counter_get("xmpp.refused", cases[i].cause) != 1)
			fail_msg("%s: %s", cases[i].bytes, json_dumps(counters_json(), 0));
		text_free(&answer);
	}
	await_no_stranger(A);
}

static void clear_text_behind_starttls_never_becomes_a_stream(void **state)
{
	struct text answer;
	int fds[2];
	char buffer[4096];
	struct mono end = mono_after_ms(mono_now(), 10000);

	edge_open(0, "a.example", &bench.ca, NULL);
	text_init(&answer, 65536);
	text_puts(&answer, "");
	pair_make(fds);
	accept_from_test(A, fds[1]);
	assert_true(dprintf(fds[0], HEAD("a.example", "b.example") STARTTLS) > 0);
	while (!strstr(answer.p, "<proceed")) {
		ssize_t got = read(fds[0], buffer, sizeof(buffer));

		if (got > 0)
			text_put(&answer, view_make(buffer, (size_t)got));
		assert_false(mono_reached(mono_now(), end));
		event_base_loop(loop_base(bench.loop), EVLOOP_NONBLOCK);
	}
	assert_true(dprintf(fds[0], HEAD("a.example", "b.example")) > 0);
	await_count("xmpp.refused", "tls_refused", 1);
	close(fds[0]);
	text_free(&answer);
}

static void a_peer_that_just_leaves_is_no_refusal(void **state)
{
	int fds[2];

	edge_open(0, "a.example", &bench.ca, NULL);
	pair_make(fds);
	accept_from_test(A, fds[1]);
	close(fds[0]);
	await_count("xmpp.ended", "connection_closed", 1);
	await_no_stranger(A);
}

static void strangers_are_counted_and_bounded(void **state)
{
	enum { OF_ONE = GUESTS_DEFAULT / GUESTS_OF_ONE_PART };
	int fds[OF_ONE + 1][2];
	char byte;

	edge_open(0, "a.example", &bench.ca, NULL);
	for (unsigned i = 0; i <= OF_ONE; i++) {
		pair_make(fds[i]);
		accept_from_test(A, fds[i][1]);
	}
	assert_int_equal(counter_get("accept.refused", "too_many_of_one"), 1);
	assert_int_equal(read(fds[OF_ONE][0], &byte, 1), 0);
	assert_int_equal(read(fds[0][0], &byte, 1), -1);
	for (unsigned i = 0; i <= OF_ONE; i++)
		close(fds[i][0]);
	await_count("xmpp.ended", "connection_closed", OF_ONE);
	await_no_stranger(A);
}

static void a_refused_stranger_counts_until_its_socket_is_closed(void **state)
{
	int fds[2];

	edge_open(0, "a.example", &bench.ca, NULL);
	pair_make(fds);
	accept_from_test(A, fds[1]);
	assert_int_equal(write(fds[0], "?", 1), 1);
	await_count("xmpp.refused", "not_well_formed", 1);
	for (unsigned i = 0; i < 10; i++)
		event_base_loop(loop_base(bench.loop), EVLOOP_NONBLOCK);
	assert_int_equal(guests_count(A->guests), 1);
	close(fds[0]);
	await_no_stranger(A);
}

static void a_pool_can_go_at_any_time(void **state)
{
	two_edges();
	bench.port = PORT_HANGS;
	send_to(A, "a.example", "b.example", 1, 1);
	for (unsigned i = 0; i < 3; i++)
		event_base_loop(loop_base(bench.loop), EVLOOP_NONBLOCK);
	edge_close(A);
	/* In the middle of a set-up, at many moments. */
	bench.port = PORT_EDGES + 1;
	for (unsigned rounds = 0; rounds < 40; rounds++) {
		edge_open(0, "a.example", &bench.ca, NULL);
		send_to(A, "a.example", "b.example", 1, 1);
		for (unsigned i = 0; i < rounds; i++)
			event_base_loop(loop_base(bench.loop), EVLOOP_NONBLOCK);
		edge_close(A);
	}
}

int main(void)
{
#define POOL_TEST(f) cmocka_unit_test_setup_teardown(f, bench_open, bench_close)
	const struct CMUnitTest tests[] = {
		POOL_TEST(a_stanza_crosses_and_is_reported_written),
		POOL_TEST(both_directions_have_their_own_stream),
		POOL_TEST(order_is_kept_from_before_the_stream_to_after),
		POOL_TEST(the_queue_has_a_bound),
		POOL_TEST(a_partner_with_a_host_needs_no_srv),
		POOL_TEST(who_is_no_partner_is_not_found),
		POOL_TEST(failures_are_told_apart_and_not_repeated_at_once),
		POOL_TEST(after_the_hold_a_stanza_makes_a_new_attempt),
		POOL_TEST(a_partner_of_another_ca_is_not_trusted),
		POOL_TEST(a_stranger_in_a_partners_name_is_refused),
		POOL_TEST(a_valid_certificate_of_another_name_proves_nothing),
		POOL_TEST(a_name_below_a_partner_proves_itself),
		POOL_TEST(a_name_below_a_partner_is_not_the_partner),
		POOL_TEST(a_server_that_does_not_know_the_domain_is_not_the_one),
		POOL_TEST(a_broken_stream_loses_what_nobody_forgot),
		POOL_TEST(a_partner_that_restarts_gets_what_comes_then),
		POOL_TEST(a_forgotten_stanza_is_sent_but_not_reported),
		POOL_TEST(a_lost_stream_is_opened_again_for_the_next_stanza),
		POOL_TEST(what_a_peer_does_not_read_is_bounded),
		POOL_TEST(a_quiet_stream_gives_its_parser_back),
		POOL_TEST(one_partner_has_a_bounded_number_of_streams),
		POOL_TEST(what_is_refused_in_clear_text_hears_why_and_is_counted),
		POOL_TEST(clear_text_behind_starttls_never_becomes_a_stream),
		POOL_TEST(a_peer_that_just_leaves_is_no_refusal),
		POOL_TEST(strangers_are_counted_and_bounded),
		POOL_TEST(a_refused_stranger_counts_until_its_socket_is_closed),
		POOL_TEST(a_pool_can_go_at_any_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
