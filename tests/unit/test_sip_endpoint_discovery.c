/* SPDX-License-Identifier: BSD-3-Clause */
/* The endpoint with domains that no rule names. */
#include "tests/unit/sip_partner_bench.h"

/* Stands where the rules list blocked domains. */
#define DISCOVERY_OF(words)                                                                        \
	"evil.example]}\ndiscovery: {enabled: true, " words ", capabilities: [im"
#define DISCOVERY DISCOVERY_OF("limits: {connections: 2}")

static struct discovered *book;

static int open_discovering(void **state)
{
	open_partner_house(state);
	book = discovered_new();
	sip_endpoint_discover(h.endpoint, book);
	adopt(&(struct house_rules){.blocked = DISCOVERY});
	return 0;
}

static int close_discovering(void **state)
{
	int rc = close_partner_house(state);

	discovered_free(book);
	return rc;
}

/* Of the one domain in the book; -1: there is none. */
static int connections(void)
{
	json_t *rows = discovered_json(book, loop_now(h.loop));
	int count = -1;

	if (json_array_size(rows) > 0)
		count = (int)json_integer_value(
			json_object_get(json_array_get(rows, 0), "connections"));
	json_decref(rows);
	return count;
}

static void await_answer(struct peer *p, const char *status)
{
	run_until(p, strstr(p->in, "\r\n\r\n"));
	if (strncmp(p->in + strlen("SIP/2.0 "), status, strlen(status)) != 0)
		fail_msg("%s", p->in);
	peer_clear(p);
}

static void who_proves_a_domain_is_served_as_that(void **state)
{
	struct identity_pair two =
		make("leaf", "URI:sip:stranger.example,URI:sip:second.stranger.example", &h.ca);
	struct peer *p = peer_open(PARTNER, &two);

	peer_send(p, request_text("MESSAGE", "stranger.example", "1"));
	await_answer(p, "202");
	assert_int_equal(h.seen.kind, SIP_PEER_PARTNER);
	assert_string_equal(h.seen.partner, "");
	/* As one domain it came, as one it counts. */
	peer_send(p, request_text("MESSAGE", "second.stranger.example", "2"));
	await_answer(p, "403");
	peer_send(p, request_text("MESSAGE", "home.example", "3"));
	await_answer(p, "403");
	assert_int_equal(h.seen.messages, 1);
	assert_int_equal(connections(), 1);
	assert_int_equal(counter_get("sip", "discovered_accepted"), 1);
	assert_int_equal(h.seen.verified, 1);
	assert_string_equal(h.seen.remote, "stranger.example");
	peer_free(p);
	run_until(NULL, connections() == 0);
	identity_pair_free(&two);
}

static void a_partner_among_the_names_comes_first(void **state)
{
	struct identity_pair both =
		make("leaf", "URI:sip:stranger.example,URI:sip:peer.example", &h.ca);
	struct peer *p = peer_open(PARTNER, &both);

	peer_send(p, request_text("MESSAGE", "peer.example", "1"));
	await_answer(p, "202");
	assert_string_equal(h.seen.partner, "peer.example");
	peer_send(p, request_text("MESSAGE", "stranger.example", "2"));
	await_answer(p, "403");
	assert_int_equal(connections(), -1);
	peer_free(p);
	identity_pair_free(&both);
}

static void who_is_nobody_stays_out(void **state)
{
	static const struct {
		const char *san, *blocked, *shut;
	} cases[] = {
		{"URI:sip:stranger.example", "evil.example", NULL},
		{"URI:sip:stranger.example", DISCOVERY_OF("protocols: [xmpp]"), NULL},
		{"URI:sip:stranger.example", DISCOVERY, "stranger.example"},
		{"URI:sip:stranger", DISCOVERY, NULL},
		{"URI:sip:evil.example", DISCOVERY, NULL},
		{"URI:sip:home.example", DISCOVERY, NULL},
		{"URI:sip:chat.home.example", DISCOVERY, NULL},
		/* A partner, but not by SIP. */
		{"URI:sip:other.example", DISCOVERY, NULL},
		{"DNS:*.example", DISCOVERY, NULL},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct identity_pair pair = make("leaf", cases[i].san, &h.ca);
		struct peer *p;

		adopt(&(struct house_rules){.blocked = cases[i].blocked});
		h.seen.shut = cases[i].shut;
		p = peer_open(PARTNER, &pair);
		run_until(p, p->closed);
		if (counter_get("sip.refused", "peer_unknown") != i + 1)
			fail_msg("%s", cases[i].san);
		peer_free(p);
		identity_pair_free(&pair);
	}
	assert_int_equal(connections(), -1);
}

static void a_link_is_found_by_srv_alone_and_proven_like_all(void **state)
{
	struct peer *p = link_open("stranger.example", &h.stranger);

	assert_string_equal(dns.service, "_sipfederationtls._tcp");
	assert_string_equal(dns.other, "_sips._tcp");
	assert_string_equal(dns.within, "stranger.example");
	/* The domain itself is not asked whether it has a server. */
	assert_int_equal(dns.port, 0);
	assert_int_equal(net.side, CONNECT_PARTNER);
	assert_int_equal(net.partner_id, PARTNER_NONE);
	assert_int_equal(connections(), 1);
	peer_send(p, request_text("MESSAGE", "stranger.example", "1"));
	await_answer(p, "202");
	peer_free(p);
	run_until(NULL, !sip_link_connection(h.endpoint->ways->link));
	send_to("more.example");
	p = partner_take(&h.stranger);
	await_outcome(p, 2, SIP_UNTRUSTED);
	peer_free(p);
}

static void its_dns_does_not_lead_us_anywhere(void **state)
{
	static const struct {
		const char *address, *cause;
	} cases[] = {
		{"127.0.0.1", "loopback"},
		{"10.1.2.3", "private"},
		{"192.168.0.1", "private"},
		{"198.51.100.1", "ours"},
		{"169.254.1.1", "link_local"},
		{"fc00::1", "private"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char domain[64];
		uint64_t before = counter_get("discovery.refused", cases[i].cause);

		snprintf(domain, sizeof(domain), "n%zu.example", i);
		dns.address = cases[i].address;
		send_to(domain);
		await_outcome(NULL, (uint32_t)i + 1, SIP_UNREACHABLE);
		assert_int_equal(counter_get("discovery.refused", cases[i].cause), before + 1);
	}
	assert_int_equal(counter_get("sip.partner_failed", "no_fit_address"), 6);
	assert_int_equal(net.attempts, 0);
}

static void nobody_has_more_connections_than_the_rules_say(void **state)
{
	struct peer *p = link_open("stranger.example", &h.stranger);
	struct peer *q = peer_open(PARTNER, &h.stranger);
	struct peer *r;

	run_until(q, connections() == 2);
	r = peer_open(PARTNER, &h.stranger);
	run_until(r, r->closed);
	assert_int_equal(counter_get("discovery.refused", "over_connections"), 1);
	assert_int_equal(counter_get("sip.refused", "over_connections"), 1);
	send_from("second.example", "stranger.example", "Hi");
	await_outcome(p, 2, SIP_UNREACHABLE);
	assert_int_equal(counter_get("discovery.refused", "over_connections"), 2);
	assert_int_equal(connections(), 2);
	/* Nor have all of them together, so that partners have room. */
	h.endpoint->stranger_count += SIP_STRANGERS_MAX - 1;
	peer_free(r);
	peer_free(q);
	run_until(NULL, connections() == 1);
	h.endpoint->stranger_count++;
	q = peer_open(PARTNER, &h.stranger);
	run_until(q, q->closed);
	assert_int_equal(counter_get("sip.refused", "too_many_discovered"), 1);
	assert_int_equal(connections(), 1);
	h.endpoint->stranger_count -= SIP_STRANGERS_MAX;
	assert_int_equal(h.endpoint->stranger_count, 0);
	/* The link that there is goes on. */
	peer_clear(p);
	send_to("stranger.example");
	await_request(p);
	peer_free(p);
	peer_free(q);
}

static const struct {
	const char *partners, *blocked, *cause;
} endings[] = {
	{NULL, "evil.example", "discovery_off"},
	{NULL, DISCOVERY_OF("protocols: [xmpp]"), "partner_protocol_changed"},
	{NULL, "stranger.example]}\ndiscovery: {enabled: true, capabilities: [im",
		"partner_blocked"},
	{NULL, "evil.example]}\nproviders:\n  - {name: p, protocols: [sip], domains: [stranger.example",
		"provider_off"},
};

static void other_rules_end_it(void **state)
{
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		struct peer *p = link_open("stranger.example", &h.stranger);
		struct peer *q = peer_open(PARTNER, &h.stranger);

		run_until(q, connections() == 2);
		adopt(&(struct house_rules){
			.partners = endings[i].partners, .blocked = endings[i].blocked});
		run_until(p, p->closed);
		run_until(q, q->closed);
		assert_int_equal(counter_get("sip.closed", endings[i].cause), 2);
		run_until(NULL, !h.endpoint->ways && !h.endpoint->flows);
		/* Nor does it stay in the book unless it may come again. */
		assert_int_equal(connections(), i == 1 ? 0 : -1);
		peer_free(p);
		peer_free(q);
		adopt(&(struct house_rules){.blocked = DISCOVERY});
	}
	h.seen.shut = "stranger.example";
	send_to("stranger.example");
	await_outcome(NULL, 5, SIP_UNREACHABLE);
}

static void one_that_becomes_a_partner_goes_on_and_one_that_was_comes_anew(void **state)
{
	static const struct house_rules named = {
		.partners = "  - {domain: stranger.example, protocol: sip}\n",
		.blocked = DISCOVERY};
	struct peer *p = link_open("stranger.example", &h.stranger);
	struct peer *q = peer_open(PARTNER, &h.stranger);

	run_until(q, h.seen.verified == 2);
	assert_int_equal(h.seen.partner_id, PARTNER_NONE);
	adopt(&named);
	run_until(p, p->closed); /* it is found in other ways now */
	peer_free(p);
	assert_int_equal(h.seen.verified, 4);
	assert_int_not_equal(h.seen.partner_id, PARTNER_NONE);
	peer_send(q, request_text("MESSAGE", "stranger.example", "1"));
	await_answer(q, "202");
	assert_string_equal(h.seen.partner, "stranger.example");
	run_until(NULL, connections() == -1);
	p = link_open("stranger.example", &h.stranger);
	adopt(&(struct house_rules){.blocked = DISCOVERY});
	run_until(p, p->closed);
	run_until(q, q->closed);
	assert_int_equal(counter_get("sip.closed", "partner_gone"), 2);
	assert_int_equal(connections(), -1);
	peer_free(p);
	peer_free(q);
}

static void without_a_book_nobody_is_discovered(void **state)
{
	struct peer *p;

	sip_endpoint_discover(h.endpoint, NULL);
	p = peer_open(PARTNER, &h.stranger);
	run_until(p, p->closed);
	send_to("stranger.example");
	await_outcome(NULL, 1, SIP_UNREACHABLE);
	assert_int_equal(dns.questions, 0);
	peer_free(p);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, open_discovering, close_discovering)
	const struct CMUnitTest tests[] = {
		CASE(who_proves_a_domain_is_served_as_that),
		CASE(a_partner_among_the_names_comes_first),
		CASE(who_is_nobody_stays_out),
		CASE(a_link_is_found_by_srv_alone_and_proven_like_all),
		CASE(its_dns_does_not_lead_us_anywhere),
		CASE(nobody_has_more_connections_than_the_rules_say),
		CASE(other_rules_end_it),
		CASE(one_that_becomes_a_partner_goes_on_and_one_that_was_comes_anew),
		CASE(without_a_book_nobody_is_discovered),
	};

	return cmocka_run_group_tests(tests, make_certificates, drop_certificates);
}
