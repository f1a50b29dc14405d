/* SPDX-License-Identifier: BSD-3-Clause */
/* The endpoint on real sockets with real TLS, inbound and outbound. */
#include "tests/unit/sip_house.h"

static void a_message_from_the_inside_is_delivered_and_answered(void **state)
{
	struct peer *p = peer_open(INSIDE, &h.inside);

	peer_send(p, request_text("MESSAGE", "home.example", "1"));
	run_until(p, strstr(p->in, "\r\n\r\n"));
	assert_int_equal(h.seen.messages, 1);
	assert_string_equal(h.seen.body, "Hello");
	assert_string_equal(h.seen.local, "home.example");
	assert_int_equal(h.seen.kind, SIP_PEER_INSIDE);
	assert_memory_equal(p->in, "SIP/2.0 202 Accepted\r\n", 22);
	assert_non_null(strstr(p->in, "Via: SIP/2.0/TLS 10.0.0.1:5061;branch=z9hG4bK1\r\n"));
	assert_non_null(strstr(p->in, "To: <sip:juliet@xmpp.example>;tag="));
	peer_free(p);
}

static void a_request_that_comes_twice_is_delivered_once(void **state)
{
	struct peer *p = peer_open(INSIDE, &h.inside);
	char first[2048];

	h.seen.hold = true;
	peer_send(p, request_text("MESSAGE", "home.example", "2"));
	peer_send(p, request_text("MESSAGE", "home.example", "2"));
	run_until(p, counter_get("sip", "requests_absorbed") == 1);
	assert_int_equal(p->len, 0);
	sip_respond(h.seen.tx, 200, NULL, VIEW("Warning: 399 x \"y\"\r\n"));
	run_until(p, strstr(p->in, "\r\n\r\n"));
	assert_non_null(strstr(p->in, "SIP/2.0 200 OK\r\n"));
	assert_non_null(strstr(p->in, "Warning: 399 x \"y\"\r\n"));
	strcpy(first, strstr(p->in, "To: "));
	peer_clear(p);
	peer_send(p, request_text("MESSAGE", "home.example", "2"));
	run_until(p, strstr(p->in, "\r\n\r\n"));
	assert_memory_equal(p->in, "SIP/2.0 200 OK\r\n", 16);
	assert_memory_equal(strstr(p->in, "To: "), first, strcspn(first, "\r"));
	assert_int_equal(h.seen.messages, 1);
	peer_free(p);
}

static void another_domain_in_from_is_refused_and_the_connection_stays(void **state)
{
	static const char *const foreign[] = {"second.example", "xmpp.example", "evil.example"};
	struct peer *p = peer_open(INSIDE, &h.inside);

	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
		char branch[8];

		snprintf(branch, sizeof(branch), "3%zu", i);
		peer_clear(p);
		peer_send(p, request_text("MESSAGE", foreign[i], branch));
		run_until(p, strstr(p->in, "\r\n\r\n"));
		assert_memory_equal(p->in, "SIP/2.0 403 ", 12);
	}
	assert_int_equal(counter_get("sip.refused", "from_not_of_peer"), 3);
	assert_int_equal(h.seen.messages, 0);
	assert_false(p->closed);
	peer_free(p);
}

static void who_proves_nothing_gets_nowhere(void **state)
{
	static const struct {
		const char *what;
		enum side side;
		const struct identity_pair *pair;
		const char *cause;
	} cases[] = {
		{"no certificate", INSIDE, NULL, "no_certificate"},
		{"another CA", INSIDE, &h.foreign, "certificate"},
		{"another name", INSIDE, &h.stranger, "peer_unknown"},
		{"a partner inside", INSIDE, &h.partner, "peer_unknown"},
		{"the inside outside", PARTNER, &h.inside, "peer_unknown"},
		{"no partner", PARTNER, &h.stranger, "peer_unknown"},
		{"a hole in a partner's subtree", PARTNER, &h.closed, "peer_unknown"},
		{"no certificate outside", PARTNER, NULL, "no_certificate"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t before = counter_get("sip.refused", cases[i].cause);
		struct peer *p = peer_connect(cases[i].side, cases[i].pair);

		/* With TLS 1.3 the client's handshake is done before it is judged: read. The thread that
		 * judges it says so to the client before the loop counts it. */
		print_message("%s\n", cases[i].what);
		run_until(p, p->closed && counter_get("sip.refused", cases[i].cause) == before + 1);
		assert_int_equal(p->len, 0);
		peer_free(p);
	}
	assert_int_equal(h.seen.messages, 0);
}

static void a_message_of_a_partner_is_delivered_and_answered(void **state)
{
	struct peer *p = peer_open(PARTNER, &h.partner);

	peer_send(p, request_text("MESSAGE", "peer.example", "4"));
	run_until(p, strstr(p->in, "\r\n\r\n"));
	assert_memory_equal(p->in, "SIP/2.0 202 ", 12);
	assert_int_equal(h.seen.messages, 1);
	assert_int_equal(h.seen.kind, SIP_PEER_PARTNER);
	assert_string_equal(h.seen.partner, "peer.example");
	assert_string_equal(h.seen.local, "");
	peer_clear(p);
	peer_send(p, request_text("OPTIONS", "peer.example", "5"));
	run_until(p, strstr(p->in, "\r\n\r\n"));
	assert_memory_equal(p->in, "SIP/2.0 200 ", 12);
	/* Its own certificate does not make it one of ours. */
	peer_clear(p);
	peer_send(p, request_text("MESSAGE", "home.example", "6"));
	run_until(p, strstr(p->in, "\r\n\r\n"));
	assert_memory_equal(p->in, "SIP/2.0 403 ", 12);
	assert_int_equal(counter_get("sip.refused", "from_not_of_peer"), 1);
	assert_int_equal(h.seen.messages, 1);
	peer_free(p);
}

static void a_partner_speaks_for_the_names_that_it_proves(void **state)
{
	static const struct {
		const char *from, *answer;
	} cases[] = {
		{"a.group.example", "SIP/2.0 202 "},
		{"B.Group.Example", "SIP/2.0 202 "},
		{"c.group.example", "SIP/2.0 403 "},
		{"group.example", "SIP/2.0 403 "},
		{"x.a.group.example", "SIP/2.0 403 "},
		{"old.group.example", "SIP/2.0 403 "},
		/* Another partner's. */
		{"north.group.example", "SIP/2.0 202 "},
		{"home.example", "SIP/2.0 403 "},
	};
	struct peer *p = peer_open(PARTNER, &h.branches);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char branch[8];

		snprintf(branch, sizeof(branch), "4%zu", i);
		peer_clear(p);
		peer_send(p, request_text("MESSAGE", cases[i].from, branch));
		run_until(p, strstr(p->in, "\r\n\r\n"));
		if (strncmp(p->in, cases[i].answer, 12) != 0)
			fail_msg("%s: %.40s", cases[i].from, p->in);
	}
	peer_free(p);
}

/* Companies and providers have one server for several domains, and it keeps one connection. */
static void what_a_server_of_several_partners_sends_is_from_whom_it_says(void **state)
{
	struct peer *p = peer_open(PARTNER, &h.branches);

	peer_send(p, request_text("MESSAGE", "north.group.example", "1"));
	run_until(p, h.seen.messages == 1);
	assert_string_equal(h.seen.partner, "north.group.example");
	peer_send(p, request_text("MESSAGE", "b.group.example", "2"));
	run_until(p, h.seen.messages == 2);
	assert_string_equal(h.seen.partner, "group.example");
	/* An operator has blocked one of them. */
	h.seen.shut = "north.group.example";
	peer_clear(p);
	peer_send(p, request_text("MESSAGE", "north.group.example", "3"));
	run_until(p, strstr(p->in, "\r\n\r\n"));
	assert_memory_equal(p->in, "SIP/2.0 403 ", 12);
	peer_send(p, request_text("MESSAGE", "b.group.example", "4"));
	run_until(p, h.seen.messages == 3);
	peer_free(p);
}

static void what_cannot_be_framed_is_answered_and_the_connection_ends(void **state)
{
	struct peer *p = peer_open(INSIDE, &h.inside);

	peer_send(p, "OPTIONS sip:home.example SIP/2.0\r\n"
		     "Via: SIP/2.0/TLS 10.0.0.1;branch=z9hG4bK6\r\n"
		     "From: <sip:romeo@home.example>;tag=1\r\nTo: <sip:home.example>\r\n"
		     "Call-ID: x\r\nCSeq: 1 OPTIONS\r\n"
		     "Content-Length: 0\r\nContent-Length: 5\r\n\r\n"
		     "OPTIONS sip:home.example SIP/2.0\r\n");
	run_until(p, p->closed);
	assert_memory_equal(p->in, "SIP/2.0 400 Bad Request\r\n", 25);
	assert_non_null(strstr(p->in, "Warning: 399 picket \"content_length_twice\"\r\n"));
	assert_null(strstr(p->in + 1, "SIP/2.0 400"));
	assert_int_equal(counter_get("sip.refused", "content_length_twice"), 1);
	peer_free(p);
	/* The service goes on. */
	p = peer_open(INSIDE, &h.inside);
	peer_send(p, request_text("MESSAGE", "home.example", "7"));
	run_until(p, h.seen.messages == 1);
	peer_free(p);
}

static void bad_messages_are_answered_and_the_stream_goes_on(void **state)
{
	struct peer *p = peer_open(INSIDE, &h.inside);

	peer_send(p, "MESSAGE sip:x@xmpp.example SIP/2.0\r\n"
		     "Via: SIP/2.0/TLS 10.0.0.1;branch=z9hG4bK8\r\n"
		     "From: <sip:romeo@home.example>;tag=1\r\nTo: <sip:x@xmpp.example>\r\n"
		     "CSeq: 1 MESSAGE\r\nContent-Length: 0\r\n\r\n");
	peer_send(p, request_text("MESSAGE", "home.example", "9"));
	run_until(p, h.seen.messages == 1);
	run_until(p, strstr(p->in, "202 Accepted"));
	assert_memory_equal(p->in, "SIP/2.0 400 Bad Request\r\n", 25);
	assert_int_equal(counter_get("sip.refused", "call_id_missing"), 1);
	peer_free(p);
}

static void octets_one_by_one_make_the_same_message(void **state)
{
	struct peer *p = peer_open(INSIDE, &h.inside);
	const char *text = request_text("MESSAGE", "home.example", "10");

	for (size_t i = 0; text[i]; i++) {
		assert_int_equal(SSL_write(p->ssl, text + i, 1), 1);
		round_of(p);
	}
	run_until(p, strstr(p->in, "202 Accepted"));
	assert_int_equal(h.seen.messages, 1);
	peer_free(p);
}

static void an_invite_gets_its_final_answer_and_the_ack_none(void **state)
{
	struct peer *p = peer_open(INSIDE, &h.inside);

	peer_send(p, request_text("INVITE", "home.example", "11"));
	run_until(p, strstr(p->in, "\r\n\r\n"));
	assert_memory_equal(p->in, "SIP/2.0 405 Method Not Allowed\r\n", 32);
	assert_non_null(strstr(p->in, "Allow: MESSAGE, OPTIONS\r\n"));
	peer_clear(p);
	peer_send(p, request_text("ACK", "home.example", "11"));
	peer_send(p, request_text("OPTIONS", "home.example", "12"));
	run_until(p, strstr(p->in, "\r\n\r\n"));
	assert_memory_equal(p->in, "SIP/2.0 200 OK\r\n", 16);
	peer_free(p);
}

static void a_ping_is_answered_and_a_flood_of_them_is_not(void **state)
{
	struct peer *p = peer_open(INSIDE, &h.inside);

	peer_send(p, "\r\n\r\n");
	run_until(p, p->len == 2);
	assert_string_equal(p->in, "\r\n");
	peer_send(p, "\r");
	run_for_ms(p, 5);
	peer_send(p, "\n\r\n");
	run_until(p, p->len == 4);
	for (int i = 0; i < 40; i++)
		peer_send(p, "\r\n\r\n");
	run_until(p, p->closed);
	assert_int_equal(counter_get("sip.closed", "keepalive_flood"), 1);
	peer_free(p);
}

static void who_does_not_read_is_closed(void **state)
{
	struct peer *p = peer_open(INSIDE, &h.inside);
	const char *text = request_text("OPTIONS", "home.example", "13");
	int length = (int)strlen(text);

	for (int i = 0; i < 40000 && !counter_get("sip.closed", "peer_does_not_read"); i++) {
		if (SSL_write(p->ssl, text, length) <= 0 || i % 16 == 0)
			round_of(NULL);
	}
	assert_int_equal(counter_get("sip.closed", "peer_does_not_read"), 1);
	peer_free(p);
}

static void trying_goes_out_when_the_answer_takes_long(void **state)
{
	struct peer *p = peer_open(INSIDE, &h.inside);

	h.seen.hold = true;
	peer_send(p, request_text("MESSAGE", "home.example", "14"));
	run_until(p, h.seen.messages == 1);
	run_for_ms(p, 3200);
	assert_int_equal(p->len, 0);
	run_until_ms(p, strstr(p->in, "\r\n\r\n"), 1000);
	assert_memory_equal(p->in, "SIP/2.0 100 Trying\r\n", 20);
	peer_clear(p);
	sip_respond(h.seen.tx, 480, NULL, (struct view){0});
	run_until(p, strstr(p->in, "\r\n\r\n"));
	assert_memory_equal(p->in, "SIP/2.0 480 Temporarily Unavailable\r\n", 37);
	peer_free(p);
}

static void an_answer_to_a_lost_connection_is_only_counted(void **state)
{
	struct peer *p = peer_open(INSIDE, &h.inside);

	h.seen.hold = true;
	peer_send(p, request_text("MESSAGE", "home.example", "15"));
	run_until(p, h.seen.messages == 1);
	peer_free(p);
	run_until(NULL, counter_get("sip.closed", "connection_broken") +
					counter_get("sip.closed", "peer_closed") ==
				1);
	sip_respond(h.seen.tx, 200, NULL, (struct view){0});
	assert_int_equal(counter_get("sip", "responses_lost"), 1);
}

static void an_answer_of_bad_pieces_still_reaches_the_sender(void **state)
{
	struct peer *p = peer_open(INSIDE, &h.inside);

	h.seen.hold = true;
	peer_send(p, request_text("MESSAGE", "home.example", "16"));
	run_until(p, h.seen.messages == 1);
	sip_respond(h.seen.tx, 404, "No\r\nX: y", VIEW("Evil: 1\r\n"));
	run_until(p, strstr(p->in, "\r\n\r\n"));
	assert_memory_equal(p->in, "SIP/2.0 404 Not Found\r\n", 23);
	assert_null(strstr(p->in, "Evil"));
	peer_free(p);
}

static void slow_peers_meet_their_timers(void **state)
{
	struct peer *silent = peer_connect(INSIDE, &h.inside);
	struct peer *slow = peer_open(INSIDE, &h.inside);
	struct peer *idle = peer_open(INSIDE, &h.inside);

	peer_send(slow, "MESSAGE sip:x");
	run_for_ms(slow, 9000);
	assert_int_equal(counter_get("sip.closed", "head_timeout"), 0);
	run_until_ms(slow, slow->closed, 2000);
	assert_int_equal(counter_get("sip.closed", "head_timeout"), 1);
	run_until_ms(NULL, counter_get("sip.closed", "handshake_timeout") == 1, 2000);
	peer_step(idle);
	assert_false(idle->closed);
	peer_free(silent);
	peer_free(slow);
	peer_free(idle);
}

/* ---- outbound ---- */

static void a_request_of_ours_is_written_whole_and_its_answer_comes_back(void **state)
{
	int listener = restart_with_server();
	struct peer *p;
	struct sip_message m;
	struct sip_fault fault;
	uint32_t consumed;

	send_request("thread@xmpp.example");
	assert_int_equal(h.seen.outcomes, 0);
	p = server_take(listener, &h.inside);
	run_until(p, strstr(p->in, "\r\n\r\nHi"));
	assert_int_equal(sip_message_parse(view_of(p->in), &m, &consumed, &fault), PARSE_DONE);
	assert_int_equal(m.method, SIP_MESSAGE);
	assert_true(view_equal(m.call_id, VIEW("thread@xmpp.example")));
	assert_true(view_equal(m.via.transport, VIEW("TLS")));
	assert_true(view_equal(m.via.host, VIEW("home.example")));
	assert_true(view_starts(m.via.branch, VIEW("z9hG4bK")));
	assert_int_equal(m.max_forwards, 70);
	assert_true(m.from.tag.len >= 8);
	assert_null(sip_header_find(&m, SIP_HEADER_CONTACT, 0));
	assert_non_null(strstr(p->in, "\r\nUser-Agent: Picket\r\n"));
	assert_true(view_equal(m.body, VIEW("Hi")));
	server_answer(p, "100 Trying", p->in);
	run_until(p, counter_get("sip", "provisionals") == 1);
	assert_int_equal(h.seen.outcomes, 0);
	server_answer(p, "200 OK", p->in);
	run_until(p, h.seen.outcomes == 1);
	assert_int_equal(h.seen.outcome, SIP_RESPONDED);
	assert_int_equal(h.seen.code, 200);
	/* The same answer again belongs to nobody. */
	server_answer(p, "200 OK", p->in);
	run_until(p, counter_get("sip", "responses_unmatched") == 1);

	/* The connection is kept for the next one, and serves the other direction too. */
	peer_clear(p);
	send_request("");
	run_until(p, strstr(p->in, "\r\n\r\nHi"));
	peer_send(p, request_text("MESSAGE", "home.example", "17"));
	run_until(p, h.seen.messages == 1);
	server_answer(p, "486 Busy Here", p->in);
	run_until(p, h.seen.outcomes == 2);
	assert_int_equal(h.seen.code, 486);
	peer_free(p);
	close(listener);
}

static void a_connection_lost_behind_a_request_leaves_its_fate_unknown(void **state)
{
	int listener = restart_with_server();
	struct peer *p;

	send_request("");
	p = server_take(listener, &h.inside);
	run_until(p, strstr(p->in, "\r\n\r\nHi"));
	peer_free(p);
	run_until(NULL, h.seen.outcomes == 1);
	assert_int_equal(h.seen.outcome, SIP_BROKEN);
	close(listener);
}

/* What one request did to it keeps no other away. */
static void a_server_that_ends_a_connection_without_a_word_is_asked_again_at_once(void **state)
{
	int listener = restart_with_server();

	for (uint32_t i = 1; i <= 3; i++) {
		struct peer *p;

		send_request("");
		p = server_take(listener, &h.inside);
		run_until(p, strstr(p->in, "\r\n\r\nHi"));
		peer_free(p);
		run_until(NULL, h.seen.outcomes == i);
		assert_int_equal(h.seen.outcome, SIP_BROKEN);
	}
	assert_int_equal(counter_get("sip", "inside_opened"), 3);
	close(listener);
}

static void nobody_there_is_unreachable_also_during_the_back_off(void **state)
{
	int listener = restart_with_server();

	close(listener);
	send_request("");
	send_request("");
	assert_int_equal(h.seen.outcomes, 0);
	run_until(NULL, h.seen.outcomes == 2);
	assert_int_equal(h.seen.outcome, SIP_UNREACHABLE);
	send_request("");
	assert_int_equal(h.seen.outcomes, 2);
	run_until_ms(NULL, h.seen.outcomes == 3, 200);
	assert_int_equal(h.seen.outcome, SIP_UNREACHABLE);
	assert_int_equal(counter_get("sip.inside_failed", "connect"), 1);
}

static void a_server_that_is_not_itself_is_untrusted(void **state)
{
	const struct identity_pair *const pairs[] = {&h.stranger, &h.foreign};

	for (size_t i = 0; i < 2; i++) {
		int listener = restart_with_server();
		struct peer *p;

		h.seen.outcomes = 0;
		send_request("");
		p = server_take(listener, pairs[i]);
		run_until(p, h.seen.outcomes == 1);
		assert_int_equal(h.seen.outcome, SIP_UNTRUSTED);
		assert_null(strstr(p->in, "MESSAGE"));
		peer_free(p);
		close(listener);
	}
}

/* Its refusal of our certificate comes when we have already written: still nothing was delivered. */
static void a_server_that_refuses_our_certificate_got_nothing(void **state)
{
	int listener = restart_with_server();
	struct peer *p;

	send_request("");
	p = server_take(listener, &h.inside);
	/* Verified against no CA at all. */
	SSL_set_verify(p->ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	run_until(p, h.seen.outcomes == 1);
	assert_int_equal(h.seen.outcome, SIP_UNREACHABLE);
	assert_int_equal(p->len, 0);
	peer_free(p);
	close(listener);
}

static void a_request_of_bad_pieces_never_leaves(void **state)
{
	static const struct sip_request bad[] = {
		{.method = SIP_MESSAGE,
			.uri = VIEW("sip:a b@c"),
			.from = VIEW("sip:a@b.example"),
			.to = VIEW("sip:a@b.example")},
		{.method = SIP_MESSAGE,
			.uri = VIEW("sip:a@b.example"),
			.from = VIEW("sip:a@b.example>\r\nX: y"),
			.to = VIEW("sip:a@b.example")},
		{.method = SIP_MESSAGE,
			.uri = VIEW("sip:a@b.example"),
			.from = VIEW("sip:a@b.example"),
			.to = VIEW("sip:a@b.example"),
			.extra = VIEW("Subject: a\r\nVia: x\r\n")},
		{.method = SIP_MESSAGE,
			.uri = VIEW("sip:a@b.example"),
			.from = VIEW("sip:a@b.example"),
			.to = VIEW("sip:a@b.example"),
			.call_id = VIEW("a b")},
		{.method = SIP_MESSAGE,
			.uri = VIEW("sip:a@b.example"),
			.from = VIEW("sip:a@b.example"),
			.to = VIEW("sip:a@b.example"),
			.content_type = VIEW("a\r\nb"),
			.body = VIEW("x")},
	};

	for (uint32_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_non_null(sip_send_inside(
			h.endpoint, VIEW("home.example"), &bad[i], on_outcome, NULL));
		assert_int_equal(h.seen.outcomes, i);
		run_until(NULL, h.seen.outcomes == i + 1);
		assert_int_equal(h.seen.outcome, SIP_UNREACHABLE);
	}
	assert_int_equal(counter_get("sip.refused", "request_of_ours"), 5);
}

static void sessions_are_listed(void **state)
{
	struct peer *p = peer_open(INSIDE, &h.inside);
	json_t *list;

	run_until(p, counter_get("sip", "inside_accepted") == 1);
	list = sip_endpoint_json(h.endpoint);
	assert_int_equal(json_array_size(list), 1);
	assert_string_equal(json_string_value(json_object_get(json_array_get(list, 0), "address")),
		"192.0.2.9");
	json_decref(list);
	peer_free(p);
}

#define in_house(test) cmocka_unit_test_setup_teardown(test, open_house, close_house)

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_house(a_message_from_the_inside_is_delivered_and_answered),
		in_house(a_request_that_comes_twice_is_delivered_once),
		in_house(another_domain_in_from_is_refused_and_the_connection_stays),
		in_house(who_proves_nothing_gets_nowhere),
		in_house(a_message_of_a_partner_is_delivered_and_answered),
		in_house(a_partner_speaks_for_the_names_that_it_proves),
		in_house(what_a_server_of_several_partners_sends_is_from_whom_it_says),
		in_house(what_cannot_be_framed_is_answered_and_the_connection_ends),
		in_house(bad_messages_are_answered_and_the_stream_goes_on),
		in_house(octets_one_by_one_make_the_same_message),
		in_house(an_invite_gets_its_final_answer_and_the_ack_none),
		in_house(a_ping_is_answered_and_a_flood_of_them_is_not),
		in_house(who_does_not_read_is_closed),
		in_house(trying_goes_out_when_the_answer_takes_long),
		in_house(an_answer_to_a_lost_connection_is_only_counted),
		in_house(an_answer_of_bad_pieces_still_reaches_the_sender),
		in_house(slow_peers_meet_their_timers),
		in_house(a_request_of_ours_is_written_whole_and_its_answer_comes_back),
		in_house(a_connection_lost_behind_a_request_leaves_its_fate_unknown),
		in_house(a_server_that_ends_a_connection_without_a_word_is_asked_again_at_once),
		in_house(nobody_there_is_unreachable_also_during_the_back_off),
		in_house(a_server_that_is_not_itself_is_untrusted),
		in_house(a_server_that_refuses_our_certificate_got_nothing),
		in_house(a_request_of_bad_pieces_never_leaves),
		in_house(sessions_are_listed),
	};

	return cmocka_run_group_tests(tests, make_certificates, drop_certificates);
}
