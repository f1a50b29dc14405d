/* SPDX-License-Identifier: BSD-3-Clause */
/* The endpoint when the rules change under it, on real sockets with real TLS. */
#include "tests/unit/sip_house.h"

#include "control/sip/endpoint_int.h"

enum { CHANGES = 1000 };

static void adopt_rules(struct ruleset *rules)
{
	struct generation *old = h.generation;
	uint32_t outcomes = h.seen.outcomes;

	h.generation = make_generation(rules);
	sip_endpoint_adopt(h.endpoint, h.generation);
	generation_drop(old);
	/* Nobody hears anything inside the call. */
	assert_int_equal(h.seen.outcomes, outcomes);
}

static void adopt(const struct house_rules *r)
{
	adopt_rules(compile_rules(r));
}

static void adopt_same(void)
{
	adopt(&(struct house_rules){0});
}

static void await_answer(struct peer *p, const char *status)
{
	run_until(p, strstr(p->in, "\r\n\r\n"));
	if (strncmp(p->in + strlen("SIP/2.0 "), status, strlen(status)) != 0)
		fail_msg("%s", p->in);
	peer_clear(p);
}

/* ---- connections that were accepted ---- */

static void who_is_still_known_goes_on_with_all_that_is_pending(void **state)
{
	struct peer *p = peer_open(INSIDE, &h.inside);
	struct peer *partner = peer_open(PARTNER, &h.partner);

	h.seen.hold = true;
	peer_send(p, request_text("MESSAGE", "home.example", "1"));
	run_until(p, h.seen.messages == 1);
	adopt(&(struct house_rules){.partners = "  - {domain: peer.example, protocol: sip}\n"
						"  - {domain: zoo.example, protocol: xmpp}\n"});
	sip_respond(h.seen.tx, 200, NULL, (struct view){0});
	await_answer(p, "200");
	/* What comes twice is still known, across the change. */
	peer_send(p, request_text("MESSAGE", "home.example", "1"));
	await_answer(p, "200");
	assert_int_equal(h.seen.messages, 1);
	h.seen.hold = false;
	peer_send(p, request_text("MESSAGE", "home.example", "2"));
	await_answer(p, "202");
	peer_send(partner, request_text("MESSAGE", "peer.example", "3"));
	await_answer(partner, "202");
	peer_free(p);
	peer_free(partner);
}

static void a_handshake_under_way_is_judged_by_the_new_rules(void **state)
{
	struct peer *p = peer_connect(INSIDE, &h.inside);
	struct peer *q;

	round_of(p);
	adopt_same();
	run_until(p, p->open);
	peer_send(p, request_text("MESSAGE", "home.example", "1"));
	await_answer(p, "202");
	q = peer_connect(INSIDE, &h.inside);
	round_of(q);
	adopt(&(struct house_rules){.name = "sip.moved.example"});
	run_until(q, q->closed);
	assert_int_equal(counter_get("sip.refused", "peer_unknown"), 1);
	peer_free(p);
	peer_free(q);
}

/* Stands where the rules list blocked domains: peer.example is a provider's. */
#define PROVIDER(enabled)                                                                          \
	"evil.example]}\n"                                                                         \
	"providers:\n"                                                                             \
	"  - {name: p, protocols: [sip], enabled: " enabled ", domains: [peer.example"

static void whoever_may_speak_sip_stays(void **state)
{
	static const struct house_rules rules[] = {
		{.partners = "  - {domain: peer.example, protocols: [xmpp, sip]}\n"},
		{.partners = "", .blocked = PROVIDER("true")},
	};
	struct peer *p = peer_open(PARTNER, &h.partner);

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		struct peer *q;

		adopt(&rules[i]);
		peer_send(p, request_text("MESSAGE", "peer.example", i ? "2" : "1"));
		await_answer(p, "202");
		q = peer_open(PARTNER, &h.partner);
		peer_send(q, request_text("MESSAGE", "peer.example", i ? "4" : "3"));
		await_answer(q, "202");
		peer_free(q);
	}
	peer_free(p);
}

/* Who may no longer be there, and why. */
static const struct {
	enum side side;
	struct house_rules rules;
	const char *cause;
} endings[] = {
	{INSIDE, {.name = "sip.moved.example"}, "inside_gone"},
	{INSIDE, {.domain = "third.example", .name = "sip.third.example"}, "inside_gone"},
	{PARTNER, {.partners = ""}, "partner_gone"},
	{PARTNER, {.partners = "", .blocked = "peer.example"}, "partner_blocked"},
	{PARTNER, {.partners = "  - {domain: peer.example, protocol: xmpp}\n"},
		"partner_protocol_changed"},
	{PARTNER, {.partners = "", .blocked = PROVIDER("false")}, "provider_off"},
};

static void who_is_no_longer_known_is_closed(void **state)
{
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		bool inside = endings[i].side == INSIDE;
		struct peer *p = peer_open(endings[i].side, inside ? &h.inside : &h.partner);
		uint64_t before = counter_get("sip.closed", endings[i].cause);

		run_until(p, counter_get("sip", inside ? "inside_accepted" : "partner_accepted") ==
				     (inside ? i + 1 : i - 1));
		adopt(&endings[i].rules);
		run_until(p, p->closed);
		assert_int_equal(counter_get("sip.closed", endings[i].cause), before + 1);
		/* Nor does it come in again. */
		peer_free(p);
		p = peer_connect(endings[i].side, inside ? &h.inside : &h.partner);
		run_until(p, p->closed);
		assert_int_equal(counter_get("sip.refused", "peer_unknown"), i + 1);
		peer_free(p);
		adopt_same();
	}
}

static void what_is_pending_is_answered_before_the_end(void **state)
{
	struct peer *p = peer_open(INSIDE, &h.inside);

	h.seen.hold = true;
	peer_send(p, request_text("MESSAGE", "home.example", "1"));
	run_until(p, h.seen.messages == 1);
	adopt(&(struct house_rules){.name = "sip.moved.example"});
	/* Nothing new meanwhile. */
	peer_send(p, request_text("MESSAGE", "home.example", "2"));
	await_answer(p, "403");
	assert_int_equal(h.seen.messages, 1);
	/* And no way back for this connection, or its end would never come. */
	adopt(&(struct house_rules){.name = "sip.moved.example"});
	run_for_ms(p, 50);
	assert_false(p->closed);
	sip_respond(h.seen.tx, 202, NULL, (struct view){0});
	run_until(p, p->closed);
	assert_memory_equal(p->in, "SIP/2.0 202 ", 12);
	assert_int_equal(counter_get("sip.closed", "inside_gone"), 1);
	peer_free(p);
}

static void a_name_that_comes_is_proven_by_the_certificate_that_was_shown(void **state)
{
	struct identity_pair both =
		make("leaf", "URI:sip:sip.second.example,URI:sip:sip.moved.example", &h.ca);
	struct peer *p = peer_open(INSIDE, &both);

	peer_send(p, request_text("MESSAGE", "home.example", "1"));
	await_answer(p, "403");
	adopt(&(struct house_rules){.name = "sip.moved.example"});
	peer_send(p, request_text("MESSAGE", "home.example", "2"));
	await_answer(p, "202");
	peer_send(p, request_text("MESSAGE", "second.example", "3"));
	await_answer(p, "202");
	/* Each of its names is enough to stay. */
	adopt(&(struct house_rules){.domain = "third.example", .name = "sip.moved.example"});
	peer_send(p, request_text("MESSAGE", "third.example", "4"));
	await_answer(p, "202");
	peer_send(p, request_text("MESSAGE", "home.example", "5"));
	await_answer(p, "403");
	peer_free(p);
	identity_pair_free(&both);
}

static void who_belongs_to_another_partner_is_told_again(void **state)
{
	struct peer *p = peer_open(PARTNER, &h.partner);
	struct ruleset *rules;

	run_until(p, h.seen.verified == 1);
	adopt_same();
	assert_int_equal(h.seen.verified, 1);
	rules = compile_rules(&(struct house_rules){0});
	((struct partner *)ruleset_partner(rules, VIEW("peer.example")))->id = 77;
	assert_int_equal(ruleset_index_build(rules), 0);
	adopt_rules(rules);
	assert_int_equal(h.seen.verified, 2);
	assert_int_equal(h.seen.partner_id, 77);
	sip_endpoint_tell_verified(h.endpoint);
	assert_int_equal(h.seen.verified, 3);
	peer_free(p);
}

static void new_handshakes_show_the_new_certificate(void **state)
{
	struct peer *old = peer_open(INSIDE, &h.inside);
	struct identity_pair fresh =
		make("leaf", "DNS:home.example,DNS:second.example,DNS:third.example", &h.ca);
	struct peer *p;

	certificate_write(&fresh, path("edge.pem"), path("edge.key"));
	adopt_same();
	p = peer_open(INSIDE, &h.inside);
	assert_int_equal(X509_cmp(SSL_get0_peer_certificate(p->ssl), fresh.certificate), 0);
	assert_int_equal(X509_cmp(SSL_get0_peer_certificate(old->ssl), h.edge.certificate), 0);
	peer_send(old, request_text("MESSAGE", "home.example", "1"));
	await_answer(old, "202");
	certificate_write(&h.edge, path("edge.pem"), path("edge.key"));
	identity_pair_free(&fresh);
	peer_free(old);
	peer_free(p);
}

/* ---- links to the inside ---- */

static void await_request(struct peer *p)
{
	run_until(p, strstr(p->in, "\r\n\r\nHi"));
}

static void await_outcome(struct peer *p, uint32_t number, enum sip_outcome outcome)
{
	run_until(p, h.seen.outcomes == number);
	assert_int_equal(h.seen.outcome, outcome);
}

static bool nobody_connects(int listener)
{
	run_for_ms(NULL, 30);
	return accept4(listener, NULL, NULL, SOCK_NONBLOCK) < 0;
}

static void a_route_that_stays_keeps_its_connection(void **state)
{
	int listener = restart_with_server();
	struct peer *p;

	send_request("");
	p = server_take(listener, &h.inside);
	await_request(p);
	adopt(&(struct house_rules){.blocked = "more.example"});
	server_answer(p, "200 OK", p->in);
	await_outcome(p, 1, SIP_RESPONDED);
	peer_clear(p);
	send_request("");
	await_request(p);
	assert_true(nobody_connects(listener));
	peer_free(p);
	close(listener);
}

/* Two servers: the one of the rules, and the one that it moves to. */
struct move {
	int old_listener, new_listener;
	uint16_t old_port, new_port;
};

static void move_open(struct move *m)
{
	m->new_listener = listen_inside();
	m->new_port = h.inside_port;
	m->old_listener = restart_with_server();
	m->old_port = h.inside_port;
}

static void move_close(const struct move *m)
{
	close(m->old_listener);
	close(m->new_listener);
}

static void a_changed_route_takes_new_requests_and_lets_old_ones_end(void **state)
{
	struct peer *before, *after;
	struct move m;

	move_open(&m);
	send_request("");
	before = server_take(m.old_listener, &h.inside);
	await_request(before);
	adopt(&(struct house_rules){.port = m.new_port});
	send_request("");
	after = server_take(m.new_listener, &h.inside);
	await_request(after);
	run_for_ms(before, 30);
	assert_false(before->closed);
	server_answer(before, "200 OK", before->in);
	await_outcome(before, 1, SIP_RESPONDED);
	/* Now it has nothing left to do. */
	run_until(before, before->closed);
	assert_int_equal(counter_get("sip.closed", "route_changed"), 1);
	server_answer(after, "486 Busy Here", after->in);
	await_outcome(after, 2, SIP_RESPONDED);
	assert_false(after->closed);
	peer_free(before);
	peer_free(after);
	move_close(&m);
}

static void an_idle_connection_of_an_old_route_ends_at_once(void **state)
{
	struct peer *p;
	struct move m;

	move_open(&m);
	send_request("");
	p = server_take(m.old_listener, &h.inside);
	await_request(p);
	server_answer(p, "200 OK", p->in);
	await_outcome(p, 1, SIP_RESPONDED);
	adopt(&(struct house_rules){.port = m.new_port});
	run_until(p, p->closed);
	peer_free(p);
	/* One whose server is still asked waits for its answer. */
	send_request("");
	p = server_take(m.new_listener, &h.inside);
	await_request(p);
	server_answer(p, "200 OK", p->in);
	await_outcome(p, 2, SIP_RESPONDED);
	h.seen.hold = true;
	peer_clear(p);
	peer_send(p, request_text("MESSAGE", "home.example", "1"));
	run_until(p, h.seen.messages == 1);
	adopt(&(struct house_rules){.port = m.old_port});
	run_for_ms(p, 50);
	assert_false(p->closed);
	sip_respond(h.seen.tx, 202, NULL, (struct view){0});
	run_until(p, p->closed);
	assert_memory_equal(p->in, "SIP/2.0 202 ", 12);
	peer_free(p);
	move_close(&m);
}

static void what_is_not_yet_written_goes_the_new_way(void **state)
{
	struct peer *p;
	struct move m;

	move_open(&m);
	send_request("");
	send_request("");
	/* Connected, but this server never shakes hands. */
	p = server_take(m.old_listener, &h.inside);
	run_for_ms(NULL, 20);
	adopt(&(struct house_rules){.port = m.new_port});
	peer_free(p);
	p = server_take(m.new_listener, &h.inside);
	await_request(p);
	run_until(p, strstr(strstr(p->in, "\r\n\r\nHi") + 4, "\r\n\r\nHi"));
	assert_int_equal(h.seen.outcomes, 0);
	server_answer(p, "200 OK", p->in);
	await_outcome(p, 1, SIP_RESPONDED);
	peer_free(p);
	move_close(&m);
}

static void a_route_that_comes_back_finds_its_connection(void **state)
{
	struct peer *p;
	struct move m;

	move_open(&m);
	send_request("");
	p = server_take(m.old_listener, &h.inside);
	await_request(p);
	adopt(&(struct house_rules){.port = m.new_port});
	run_for_ms(p, 10);
	adopt_same();
	run_for_ms(p, 10);
	server_answer(p, "200 OK", p->in);
	await_outcome(p, 1, SIP_RESPONDED);
	peer_clear(p);
	send_request("");
	await_request(p);
	assert_true(nobody_connects(m.old_listener));
	assert_true(nobody_connects(m.new_listener));
	peer_free(p);
	move_close(&m);
}

static void a_server_that_must_prove_another_name_is_asked_anew(void **state)
{
	struct identity_pair moved = make("leaf", "URI:sip:sip.moved.example", &h.ca);
	int listener = restart_with_server();
	struct peer *before, *after;

	send_request("");
	before = server_take(listener, &h.inside);
	await_request(before);
	adopt(&(struct house_rules){.name = "sip.moved.example"});
	/* It is no longer the one to speak for the domain. */
	peer_send(before, request_text("MESSAGE", "home.example", "1"));
	run_until(before, strstr(before->in, "SIP/2.0 403 "));
	send_request("");
	after = server_take(listener, &moved);
	await_request(after);
	peer_send(after, request_text("MESSAGE", "home.example", "2"));
	run_until(after, h.seen.messages == 1);
	server_answer(before, "200 OK", before->in);
	await_outcome(before, 1, SIP_RESPONDED);
	run_until(before, before->closed);
	peer_free(before);
	peer_free(after);
	identity_pair_free(&moved);
	close(listener);
}

static void a_domain_that_goes_leaves_only_what_was_written(void **state)
{
	static const struct house_rules gone = {
		.domain = "third.example", .name = "sip.third.example"};
	int listener = restart_with_server();
	struct peer *p;

	/* Waiting for a connection: nothing was delivered. */
	send_request("");
	round_of(NULL);
	adopt(&gone);
	await_outcome(NULL, 1, SIP_UNREACHABLE);
	adopt_same();
	while ((p = calloc(1, sizeof(*p))) && (p->fd = accept(listener, NULL, NULL)) >= 0)
		peer_free(p);
	free(p);
	/* Written: its answer still counts. */
	send_request("");
	p = server_take(listener, &h.inside);
	await_request(p);
	adopt(&gone);
	send_request("");
	await_outcome(p, 2, SIP_UNREACHABLE);
	assert_int_equal(counter_get("sip.refused", "no_inside_route"), 1);
	server_answer(p, "200 OK", p->in);
	await_outcome(p, 3, SIP_RESPONDED);
	run_until(p, p->closed);
	peer_free(p);
	close(listener);
}

static void the_sessions_that_are_shown_are_those_that_there_are(void **state)
{
	struct peer *p;
	struct move m;
	json_t *json;

	move_open(&m);
	send_request("");
	p = server_take(m.old_listener, &h.inside);
	await_request(p);
	adopt(&(struct house_rules){.port = m.new_port, .host = "127.0.0.2"});
	send_request("");
	json = sip_endpoint_json(h.endpoint);
	assert_int_equal(json_array_size(json), 2);
	assert_string_equal(json_string_value(json_object_get(json_array_get(json, 0), "address")),
		"127.0.0.1");
	assert_string_equal(json_string_value(json_object_get(json_array_get(json, 1), "address")),
		"127.0.0.2");
	json_decref(json);
	peer_free(p);
	move_close(&m);
}

static void a_thousand_changes_lose_no_request(void **state)
{
	int listener = restart_with_server();
	struct peer *inside = peer_open(INSIDE, &h.inside);
	struct peer *server;

	send_request("");
	server = server_take(listener, &h.inside);
	await_request(server);
	for (unsigned i = 0; i < CHANGES; i++) {
		char branch[16];

		snprintf(branch, sizeof(branch), "%u", i);
		peer_send(inside, request_text("MESSAGE", "home.example", branch));
		adopt(&(struct house_rules){.blocked = i % 2 ? "more.example" : NULL});
		await_answer(inside, "202");
		adopt(&(struct house_rules){
			.partners = i % 2 ? "" : "  - {domain: zoo.example, protocol: xmpp}\n"});
		server_answer(server, "200 OK", server->in);
		await_outcome(server, i + 1, SIP_RESPONDED);
		peer_clear(server);
		send_request("");
		await_request(server);
	}
	assert_int_equal(h.seen.messages, CHANGES);
	assert_true(nobody_connects(listener));
	assert_null(h.endpoint->ways->next);
	peer_free(inside);
	peer_free(server);
	close(listener);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, open_house, close_house)
	const struct CMUnitTest tests[] = {
		CASE(who_is_still_known_goes_on_with_all_that_is_pending),
		CASE(a_handshake_under_way_is_judged_by_the_new_rules),
		CASE(whoever_may_speak_sip_stays),
		CASE(who_is_no_longer_known_is_closed),
		CASE(what_is_pending_is_answered_before_the_end),
		CASE(a_name_that_comes_is_proven_by_the_certificate_that_was_shown),
		CASE(who_belongs_to_another_partner_is_told_again),
		CASE(new_handshakes_show_the_new_certificate),
		CASE(a_route_that_stays_keeps_its_connection),
		CASE(a_changed_route_takes_new_requests_and_lets_old_ones_end),
		CASE(an_idle_connection_of_an_old_route_ends_at_once),
		CASE(what_is_not_yet_written_goes_the_new_way),
		CASE(a_route_that_comes_back_finds_its_connection),
		CASE(a_server_that_must_prove_another_name_is_asked_anew),
		CASE(a_domain_that_goes_leaves_only_what_was_written),
		CASE(the_sessions_that_are_shown_are_those_that_there_are),
		CASE(a_thousand_changes_lose_no_request),
	};

	return cmocka_run_group_tests(tests, make_certificates, drop_certificates);
}
