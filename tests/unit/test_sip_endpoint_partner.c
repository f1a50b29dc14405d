/* SPDX-License-Identifier: BSD-3-Clause */
/* Links of the endpoint to the servers of partners: found, proven, kept, backed off, and served. */
#include "tests/unit/sip_partner_bench.h"

static bool has(const struct peer *p, const char *text)
{
	return strstr(p->in, text) != NULL;
}

static void a_request_to_a_partner_is_written_whole_and_its_answer_comes_back(void **state)
{
	struct peer *p;

	send_to("peer.example");
	p = partner_take(&h.partner);
	await_request(p);
	assert_string_equal(dns.service, "_sipfederationtls._tcp");
	assert_string_equal(dns.other, "_sips._tcp");
	assert_string_equal(dns.name, "peer.example");
	assert_string_equal(dns.within, "peer.example");
	assert_int_equal(dns.port, 5061);
	assert_int_equal(net.side, CONNECT_PARTNER);
	assert_int_equal(
		net.partner_id, ruleset_partner(h.generation->rules, VIEW("peer.example"))->id);
	assert_string_equal(SSL_get_servername(p->ssl, TLSEXT_NAMETYPE_host_name), "peer.example");
	assert_int_equal(X509_cmp(SSL_get0_peer_certificate(p->ssl), h.edge.certificate), 0);
	assert_memory_equal(p->in, "MESSAGE sip:juliet@peer.example SIP/2.0\r\n", 41);
	assert_true(has(p, "\r\nVia: SIP/2.0/TLS home.example;branch=z9hG4bKpk"));
	assert_true(has(p, ";alias\r\n"));
	assert_true(has(p, "\r\nMax-Forwards: 12\r\n"));
	assert_true(has(p, "\r\nFrom: <sip:romeo@home.example>;tag="));
	assert_false(has(p, "Record-Route"));
	assert_false(has(p, "sip.home.example"));
	assert_int_equal(h.seen.verified, 1);
	assert_int_equal(h.seen.partner_id, net.partner_id);
	server_answer(p, "486 Busy Here", p->in);
	await_outcome(p, 1, SIP_RESPONDED);
	assert_int_equal(h.seen.code, 486);
	/* One connection for all that comes. */
	peer_clear(p);
	send_to("peer.example");
	await_request(p);
	assert_int_equal(net.attempts, 1);
	assert_int_equal(counter_get("sip", "partner_opened"), 1);
	peer_free(p);
}

static void the_host_of_the_rules_is_where_the_link_leads(void **state)
{
	static const struct house_rules rules[] = {
		{.partners = "  - {domain: peer.example, protocol: sip, host: 192.0.2.7, port: 5099}\n"},
		{.partners = "",
			.blocked =
				"evil.example]}\nproviders:\n"
				"  - {name: p, enabled: true, protocols: [sip], host: edge.big.example,"
				" domains: [peer.example"},
	};
	struct peer *p;

	adopt(&rules[0]);
	p = link_open("peer.example", &h.partner);
	assert_string_equal(dns.name, "192.0.2.7");
	assert_int_equal(dns.port, 5099);
	assert_string_equal(dns.service, "");
	peer_free(p);
	adopt(&rules[1]);
	p = link_open("peer.example", &h.partner);
	assert_string_equal(dns.name, "edge.big.example");
	assert_int_equal(dns.port, 5061);
	peer_free(p);
}

static void servers_may_be_anywhere_where_the_rules_say_so(void **state)
{
	struct identity_pair a = make("leaf", "URI:sip:a.group.example", &h.ca);
	struct peer *p = link_open("a.group.example", &a);

	/* What the partner speaks for. */
	assert_string_equal(dns.name, "a.group.example");
	assert_string_equal(dns.within, "group.example");
	peer_free(p);
	adopt(&(struct house_rules){
		.partners = "  - {domain: peer.example, protocol: sip, srv_hosts: any}\n"});
	p = link_open("peer.example", &h.partner);
	assert_string_equal(dns.within, "");
	peer_free(p);
	identity_pair_free(&a);
}

static void a_server_that_does_not_prove_the_domain_is_untrusted(void **state)
{
	const struct {
		const char *san, *cn;
		const struct identity_pair *issuer;
		const char *cause;
	} cases[] = {
		{"URI:sip:stranger.example", "leaf", &h.ca, "partner_identity"},
		/* The name that DNS led to, and the suffix of the domain. */
		{"URI:sip:edge.peer.example,DNS:peer.example", "leaf", &h.ca, "partner_identity"},
		{"DNS:edge.peer.example", "peer.example", &h.ca, "partner_identity"},
		{"DNS:*.example", "leaf", &h.ca, "partner_identity"},
		{"DNS:*.peer.example", "leaf", &h.ca, "partner_identity"},
		{"URI:sip:user@peer.example", "leaf", &h.ca, "partner_identity"},
		{"URI:sips:peer.example", "leaf", &h.ca, "partner_identity"},
		/* Ours is no partner's. */
		{"DNS:home.example", "leaf", &h.ca, "partner_identity"},
		{"URI:sip:peer.example", "leaf", &h.other_ca, "certificate"},
		{"URI:sip:peer.example", "leaf", NULL, "certificate"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct identity_pair pair = make(cases[i].cn, cases[i].san, cases[i].issuer);
		uint64_t before = counter_get("sip.partner_failed", cases[i].cause);
		struct peer *p;

		send_to("peer.example");
		p = partner_take(&pair);
		run_until(p, h.seen.outcomes == 2 * i + 1);
		if (h.seen.outcome != SIP_UNTRUSTED || p->len ||
			counter_get("sip.partner_failed", cases[i].cause) != before + 1)
			fail_msg("%s: %d, %zu octets", cases[i].san, h.seen.outcome, p->len);
		assert_int_equal(
			sip_endpoint_held(h.endpoint, VIEW("peer.example")), SIP_UNTRUSTED);
		/* Held for now, and said at once. */
		send_to("peer.example");
		await_outcome(p, 2 * i + 2, SIP_UNTRUSTED);
		assert_int_equal(net.attempts, i + 1);
		peer_free(p);
		identity_pair_free(&pair);
		/* Another route begins anew. */
		adopt(&(struct house_rules){.partners = ""});
		run_until(NULL, !h.endpoint->ways);
		adopt(&(struct house_rules){0});
		assert_int_equal(
			sip_endpoint_held(h.endpoint, VIEW("peer.example")), SIP_RESPONDED);
	}
	assert_int_equal(h.seen.verified, 0);
	assert_int_equal(counter_get("sip.refused", "partner_identity"), 8);
}

static void what_dns_says_becomes_the_outcome(void **state)
{
	static const struct {
		const char *domain;
		enum resolve_result result;
		enum sip_outcome outcome;
		const char *cause;
	} cases[] = {
		{"a.group.example", RESOLVE_NONE, SIP_NO_SERVER, "no_server_in_dns"},
		{"b.group.example", RESOLVE_CONFLICT, SIP_SRV_CONFLICT, "srv_conflict"},
		{"c.group.example", RESOLVE_FAILED, SIP_UNREACHABLE, "dns"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		dns.result = cases[i].result;
		send_to(cases[i].domain);
		await_outcome(NULL, (uint32_t)(2 * i + 1), cases[i].outcome);
		assert_int_equal(counter_get("sip.partner_failed", cases[i].cause), 1);
		assert_int_equal(
			sip_endpoint_held(h.endpoint, view_of(cases[i].domain)), cases[i].outcome);
		send_to(cases[i].domain);
		await_outcome(NULL, (uint32_t)(2 * i + 2), cases[i].outcome);
		assert_int_equal(dns.questions, i + 1);
	}
	assert_int_equal(net.attempts, 0);
	assert_int_equal(sip_endpoint_held(h.endpoint, VIEW("peer.example")), SIP_RESPONDED);
	assert_int_equal(sip_endpoint_held(h.endpoint, VIEW("home.example")), SIP_RESPONDED);
}

static void a_link_that_fails_is_tried_again_after_its_time(void **state)
{
	struct peer *p;

	net.refuses = true;
	send_to("peer.example");
	await_outcome(NULL, 1, SIP_UNREACHABLE);
	assert_int_equal(counter_get("sip.partner_failed", "connect"), 1);
	send_to("peer.example");
	await_outcome(NULL, 2, SIP_UNREACHABLE);
	assert_int_equal(net.attempts, 1);
	net.refuses = false;
	run_until(NULL, sip_endpoint_held(h.endpoint, VIEW("peer.example")) == SIP_RESPONDED);
	p = link_open("peer.example", &h.partner);
	assert_int_equal(net.attempts, 2);
	/* Each of our domains has a link of its own. */
	assert_int_equal(sip_endpoint_held(h.endpoint, VIEW("peer.example")), SIP_RESPONDED);
	net.refuses = true;
	send_from("second.example", "peer.example", "Hi");
	await_outcome(NULL, 4, SIP_UNREACHABLE);
	assert_int_equal(sip_endpoint_held(h.endpoint, VIEW("peer.example")), SIP_UNREACHABLE);
	send_to("peer.example");
	await_request(p);
	peer_free(p);
}

static void one_that_is_lost_without_a_word_is_held_off(void **state)
{
	struct peer *p;

	send_to("peer.example");
	p = partner_take(&h.partner);
	await_request(p);
	peer_free(p);
	await_outcome(NULL, 1, SIP_BROKEN);
	assert_int_equal(sip_endpoint_held(h.endpoint, VIEW("peer.example")), SIP_UNREACHABLE);
	assert_int_equal(counter_get("sip.partner_failed", "connection_broken") +
				 counter_get("sip.partner_failed", "peer_closed"),
		1);
}

static void who_is_not_served_gets_no_connection(void **state)
{
	static const struct {
		const char *local, *remote;
	} cases[] = {
		{"home.example", "nobody.example"},
		{"home.example", "other.example"}, /* by XMPP only */
		{"home.example", "evil.example"},
		{"home.example", "old.group.example"},
		{"home.example", "second.example"}, /* ours */
		{"home.example", ""},
		{"gone.example", "peer.example"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		send_from(cases[i].local, cases[i].remote, "Hi");
		await_outcome(NULL, (uint32_t)i + 1, SIP_UNREACHABLE);
	}
	h.seen.shut = "peer.example";
	send_to("peer.example");
	await_outcome(NULL, 8, SIP_UNREACHABLE);
	assert_int_equal(counter_get("sip.refused", "no_such_partner"), 8);
	assert_int_equal(dns.questions, 0);
	assert_null(h.endpoint->ways);
}

static void requests_of_the_partner_on_our_link_are_served(void **state)
{
	struct identity_pair a =
		make("leaf", "URI:sip:a.group.example,URI:sip:b.group.example", &h.ca);
	static const struct {
		const char *from, *answer;
	} cases[] = {
		{"a.group.example", "SIP/2.0 202 "},
		{"b.group.example", "SIP/2.0 202 "},
		{"c.group.example", "SIP/2.0 403 "},
		{"peer.example", "SIP/2.0 403 "},
		{"home.example", "SIP/2.0 403 "},
	};
	struct peer *p = link_open("a.group.example", &a);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char branch[8];

		snprintf(branch, sizeof(branch), "5%zu", i);
		peer_send(p, request_text("MESSAGE", cases[i].from, branch));
		run_until(p, has(p, "\r\n\r\n"));
		if (strncmp(p->in, cases[i].answer, 12) != 0)
			fail_msg("%s: %.40s", cases[i].from, p->in);
		peer_clear(p);
	}
	assert_int_equal(h.seen.messages, 2);
	assert_int_equal(h.seen.kind, SIP_PEER_PARTNER);
	assert_string_equal(h.seen.partner, "group.example");
	assert_int_equal(counter_get("sip.refused", "from_not_of_peer"), 3);
	/* Our request and its are under way at the same time. */
	h.seen.hold = true;
	peer_send(p, request_text("MESSAGE", "a.group.example", "60"));
	run_until(p, h.seen.messages == 3);
	send_to("a.group.example");
	await_request(p);
	answer_200(p);
	await_outcome(p, 2, SIP_RESPONDED);
	sip_respond(h.seen.tx, 200, NULL, (struct view){0});
	run_until(p, has(p, "SIP/2.0 200 "));
	assert_int_equal(net.attempts, 1);
	peer_free(p);
	identity_pair_free(&a);
}

static void nobody_answers_for_another_partner(void **state)
{
	struct identity_pair a = make("leaf", "URI:sip:a.group.example", &h.ca);
	struct peer *p = link_open("peer.example", &h.partner);
	struct peer *q = link_open("a.group.example", &a);
	struct peer *accepted = peer_open(PARTNER, &h.partner);

	send_to("peer.example");
	await_request(p);
	server_answer(q, "200 OK", p->in);
	server_answer(accepted, "200 OK", p->in);
	run_until(q, counter_get("sip", "responses_unmatched") == 2);
	assert_int_equal(h.seen.outcomes, 2);
	server_answer(p, "200 OK", p->in);
	await_outcome(p, 3, SIP_RESPONDED);
	peer_free(p);
	peer_free(q);
	peer_free(accepted);
	identity_pair_free(&a);
}

static void links_are_listed(void **state)
{
	struct peer *p = link_open("peer.example", &h.partner);
	json_t *list, *row;

	net.hangs = true;
	send_to("a.group.example");
	run_until(NULL, net.attempts == 2);
	list = sip_endpoint_json(h.endpoint);
	assert_int_equal(json_array_size(list), 2);
	row = json_array_get(list, 0);
	assert_string_equal(json_string_value(json_object_get(row, "direction")), "out");
	assert_string_equal(
		json_string_value(json_object_get(row, "peer")), "partner peer.example");
	assert_string_equal(json_string_value(json_object_get(row, "local")), "home.example");
	assert_true(json_is_true(json_object_get(row, "ready")));
	row = json_array_get(list, 1);
	assert_string_equal(
		json_string_value(json_object_get(row, "peer")), "partner a.group.example");
	assert_string_equal(json_string_value(json_object_get(row, "state")), "connecting");
	assert_int_equal(json_integer_value(json_object_get(row, "waiting")), 1);
	json_decref(list);
	peer_free(p);
}

static void links_that_nobody_uses_end_and_are_forgotten(void **state)
{
	struct peer *p = link_open("peer.example", &h.partner);
	struct sip_way *way = h.endpoint->ways;
	uint64_t minute_ns = 60 * (uint64_t)NS_PER_S;

	/* As if time had passed: never less than what the machine is up. */
	assert_true(loop_now(h.loop).ns > 11 * minute_ns);
	way->used.ns -= 9 * minute_ns;
	sip_ways_sweep(h.endpoint, loop_now(h.loop));
	run_for_ms(p, 20);
	assert_false(p->closed);
	send_to("peer.example");
	await_request(p);
	way->used.ns -= 11 * minute_ns;
	sip_ways_sweep(h.endpoint, loop_now(h.loop));
	run_for_ms(p, 20);
	assert_false(p->closed);
	answer_200(p);
	await_outcome(p, 2, SIP_RESPONDED);
	way->used.ns -= 11 * minute_ns;
	sip_ways_sweep(h.endpoint, loop_now(h.loop));
	run_until(p, p->closed);
	run_until(NULL, !h.endpoint->ways);
	assert_int_equal(counter_get("sip.closed", "idle"), 1);
	assert_int_equal(h.endpoint->partner_ways, 0);
	peer_free(p);
	/* What failed is remembered as long as it is held, and a little more. */
	net.refuses = true;
	send_to("peer.example");
	await_outcome(NULL, 3, SIP_UNREACHABLE);
	h.endpoint->ways->used.ns -= minute_ns;
	sip_ways_sweep(h.endpoint, loop_now(h.loop));
	assert_non_null(h.endpoint->ways);
	run_until(NULL, sip_endpoint_held(h.endpoint, VIEW("peer.example")) == SIP_RESPONDED);
	sip_ways_sweep(h.endpoint, loop_now(h.loop));
	run_until(NULL, !h.endpoint->ways);
}

static void the_oldest_link_without_use_makes_room(void **state)
{
	struct peer *p = link_open("peer.example", &h.partner);
	char domain[64];

	net.hangs = true;
	for (unsigned i = 0; i < SIP_LINKS_MAX; i++) {
		snprintf(domain, sizeof(domain), "n%u.group.example", i);
		send_to(domain);
	}
	assert_int_equal(h.endpoint->partner_ways, SIP_LINKS_MAX);
	run_until(p, p->closed);
	assert_int_equal(counter_get("sip.closed", "crowded_out"), 1);
	/* All others are in use. */
	send_to("peer.example");
	await_outcome(NULL, 2, SIP_UNREACHABLE);
	assert_int_equal(counter_get("sip.refused", "too_many_links"), 1);
	peer_free(p);
}

/* ---- other rules ---- */

/* Stands where the rules list blocked domains: peer.example is a provider's. */
#define PROVIDER(enabled)                                                                          \
	"evil.example]}\n"                                                                         \
	"providers:\n"                                                                             \
	"  - {name: p, protocols: [sip], enabled: " enabled ", domains: [peer.example"

/* Rules without a link from home.example to peer.example, and why. */
static const struct {
	struct house_rules rules;
	const char *cause;
} endings[] = {
	{{.partners = ""}, "partner_gone"},
	{{.partners = "", .blocked = "peer.example"}, "partner_blocked"},
	{{.partners = "  - {domain: peer.example, protocol: xmpp}\n"}, "partner_protocol_changed"},
	{{.partners = "", .blocked = PROVIDER("false")}, "provider_off"},
	{{.domain = "third.example", .name = "sip.third.example"}, "local_domain_gone"},
};

static void a_link_that_may_not_be_any_more_ends(void **state)
{
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		struct peer *p = link_open("peer.example", &h.partner);
		uint32_t outcomes = h.seen.outcomes;

		adopt(&endings[i].rules);
		run_until(p, p->closed);
		assert_int_equal(counter_get("sip.closed", endings[i].cause), 1);
		run_until(NULL, !h.endpoint->ways);
		send_to("peer.example");
		await_outcome(NULL, outcomes + 1, SIP_UNREACHABLE);
		assert_int_equal(net.attempts, i + 1);
		peer_free(p);
		adopt(&(struct house_rules){0});
	}
}

static void what_is_under_way_on_it_comes_to_its_end_first(void **state)
{
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		struct peer *p = link_open("peer.example", &h.partner);
		uint32_t outcomes = h.seen.outcomes;

		send_to("peer.example");
		await_request(p);
		adopt(&endings[i].rules);
		run_for_ms(p, 20);
		assert_false(p->closed);
		answer_200(p);
		await_outcome(p, outcomes + 1, SIP_RESPONDED);
		run_until(p, p->closed);
		peer_free(p);
		adopt(&(struct house_rules){0});
		/* What waits for a connection is not delivered. */
		net.hangs = true;
		send_to("peer.example");
		run_until(NULL, net.attempts == 2 * i + 2);
		adopt(&endings[i].rules);
		await_outcome(NULL, outcomes + 2, SIP_UNREACHABLE);
		run_until(NULL, !h.endpoint->ways);
		net.hangs = false;
		adopt(&(struct house_rules){0});
	}
}

/* A request that the partner sends meanwhile is answered, and nothing comes of it. */
static void nothing_new_comes_on_a_link_that_ends(void **state)
{
	struct peer *p = link_open("peer.example", &h.partner);

	send_to("peer.example");
	await_request(p);
	adopt(&endings[1].rules);
	peer_clear(p);
	peer_send(p, request_text("MESSAGE", "peer.example", "70"));
	run_until(p, has(p, "SIP/2.0 403 "));
	assert_int_equal(h.seen.messages, 0);
	/* It was blocked for a moment only: the link is the link again. */
	adopt(&(struct house_rules){0});
	peer_clear(p);
	peer_send(p, request_text("MESSAGE", "peer.example", "71"));
	run_until(p, has(p, "SIP/2.0 202 "));
	run_for_ms(p, 20);
	assert_false(p->closed);
	peer_free(p);
}

static void a_link_of_another_route_takes_no_new_requests(void **state)
{
	static const struct house_rules moved = {
		.partners = "  - {domain: peer.example, protocol: sip, host: 192.0.2.7}\n"
			    "  - {domain: group.example, protocol: sip, subtree: true}\n"};
	struct peer *old = link_open("peer.example", &h.partner);
	struct peer *p;

	send_to("peer.example");
	await_request(old);
	adopt(&moved);
	send_to("peer.example");
	p = partner_take(&h.partner);
	await_request(p);
	assert_string_equal(dns.name, "192.0.2.7");
	answer_200(old);
	await_outcome(old, 2, SIP_RESPONDED);
	run_until(old, old->closed);
	assert_int_equal(counter_get("sip.closed", "route_changed"), 1);
	answer_200(p);
	await_outcome(p, 3, SIP_RESPONDED);
	/* What has not been written goes the new way. */
	net.hangs = true;
	send_to("a.group.example");
	run_until(NULL, net.attempts == 3);
	net.hangs = false;
	adopt(&(struct house_rules){
		.partners =
			"  - {domain: peer.example, protocol: sip, host: 192.0.2.7}\n"
			"  - {domain: group.example, protocol: sip, subtree: true, host: 192.0.2.8}\n"});
	run_until(NULL, net.count == 1);
	assert_string_equal(dns.name, "192.0.2.8");
	assert_false(p->closed);
	peer_free(old);
	peer_free(p);
}

static void who_belongs_to_another_partner_is_told_again(void **state)
{
	struct peer *p = link_open("peer.example", &h.partner);
	struct ruleset *rules;

	assert_int_equal(h.seen.verified, 1);
	adopt(&(struct house_rules){0});
	assert_int_equal(h.seen.verified, 1);
	rules = compile_rules(&(struct house_rules){0});
	((struct partner *)ruleset_partner(rules, VIEW("peer.example")))->id = 77;
	assert_int_equal(ruleset_index_build(rules), 0);
	adopt_rules(rules);
	assert_int_equal(h.seen.verified, 2);
	assert_int_equal(h.seen.partner_id, 77);
	sip_endpoint_tell_verified(h.endpoint);
	assert_int_equal(h.seen.verified, 3);
	assert_false(p->closed);
	peer_free(p);
}

static void what_an_operator_blocks_ends(void **state)
{
	struct identity_pair a =
		make("leaf", "URI:sip:a.group.example,URI:sip:b.group.example", &h.ca);
	struct peer *p = link_open("peer.example", &h.partner);
	struct peer *q = link_open("a.group.example", &a);
	struct peer *accepted = peer_open(PARTNER, &h.partner);

	run_until(accepted, counter_get("sip", "partner_accepted") == 1);
	h.seen.shut = "peer.example";
	sip_endpoint_review(h.endpoint);
	run_until(p, p->closed);
	run_until(accepted, accepted->closed);
	assert_int_equal(counter_get("sip.closed", "partner_blocked"), 2);
	send_to("peer.example");
	await_outcome(NULL, 3, SIP_UNREACHABLE);
	/* A name that is not the link's own. */
	h.seen.shut = "b.group.example";
	sip_endpoint_review(h.endpoint);
	peer_send(q, request_text("MESSAGE", "b.group.example", "80"));
	run_until(q, has(q, "SIP/2.0 403 "));
	peer_clear(q);
	peer_send(q, request_text("MESSAGE", "a.group.example", "81"));
	run_until(q, has(q, "SIP/2.0 202 "));
	h.seen.shut = NULL;
	sip_endpoint_review(h.endpoint);
	peer_free(p);
	p = link_open("peer.example", &h.partner);
	peer_free(p);
	peer_free(q);
	peer_free(accepted);
	identity_pair_free(&a);
}

static void one_that_does_not_answer_leaves_room_for_others(void **state)
{
	struct peer *inside;

	net.hangs = true;
	for (unsigned i = 0; i < SIP_LINK_CLIENTS_MAX; i++)
		send_to("peer.example");
	run_until(NULL, net.attempts == 1);
	assert_int_equal(h.seen.outcomes, 0);
	send_to("peer.example");
	await_outcome(NULL, 1, SIP_UNREACHABLE);
	assert_int_equal(counter_get("sip.refused", "too_many_requests_of_ours"), 1);
	net.hangs = false;
	send_to("a.group.example");
	run_until(NULL, net.count == 1);
	/* With all of them as many as there may be. */
	h.endpoint->asked[SIP_PEER_PARTNER] += SIP_CLIENTS_MAX;
	send_to("b.group.example");
	await_outcome(NULL, 2, SIP_UNREACHABLE);
	h.endpoint->asked[SIP_PEER_PARTNER] -= SIP_CLIENTS_MAX;
	close(net.waiting[--net.count]);
	/* The inside's are counted by themselves. */
	h.endpoint->asked[SIP_PEER_PARTNER] += SIP_CLIENTS_MAX;
	send_request("");
	inside = partner_take(&h.inside);
	await_request(inside);
	h.endpoint->asked[SIP_PEER_PARTNER] -= SIP_CLIENTS_MAX;
	peer_free(inside);
}

static void an_endpoint_may_go_in_every_state(void **state)
{
	struct peer *open = link_open("peer.example", &h.partner);
	struct peer *shaking;

	send_to("a.group.example");
	shaking = partner_take(&h.partner);
	run_for_ms(NULL, 20);
	net.hangs = true;
	send_to("b.group.example");
	run_until(NULL, net.attempts == 3);
	send_to("c.group.example");
	send_to("peer.example");
	await_request(open);
	close_endpoint();
	assert_int_equal(h.seen.outcomes, 1);
	peer_free(open);
	peer_free(shaking);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, open_partner_house, close_partner_house)
	const struct CMUnitTest tests[] = {
		CASE(a_request_to_a_partner_is_written_whole_and_its_answer_comes_back),
		CASE(the_host_of_the_rules_is_where_the_link_leads),
		CASE(servers_may_be_anywhere_where_the_rules_say_so),
		CASE(a_server_that_does_not_prove_the_domain_is_untrusted),
		CASE(what_dns_says_becomes_the_outcome),
		CASE(a_link_that_fails_is_tried_again_after_its_time),
		CASE(one_that_is_lost_without_a_word_is_held_off),
		CASE(who_is_not_served_gets_no_connection),
		CASE(requests_of_the_partner_on_our_link_are_served),
		CASE(nobody_answers_for_another_partner),
		CASE(links_are_listed),
		CASE(links_that_nobody_uses_end_and_are_forgotten),
		CASE(the_oldest_link_without_use_makes_room),
		CASE(a_link_that_may_not_be_any_more_ends),
		CASE(what_is_under_way_on_it_comes_to_its_end_first),
		CASE(nothing_new_comes_on_a_link_that_ends),
		CASE(a_link_of_another_route_takes_no_new_requests),
		CASE(who_belongs_to_another_partner_is_told_again),
		CASE(what_an_operator_blocks_ends),
		CASE(one_that_does_not_answer_leaves_room_for_others),
		CASE(an_endpoint_may_go_in_every_state),
	};

	return cmocka_run_group_tests(tests, make_certificates, drop_certificates);
}
