/* SPDX-License-Identifier: BSD-3-Clause */
/* The pool when the rules change under it: whole edges over socket pairs with real TLS. */
#include "tests/unit/pool_bench.h"

enum { CHANGES = 1000, PHASES = 60 };

#define OTHER "  - {domain: other.example, protocol: xmpp}\n"

/* Edge i with its domain and these rules. Takes the rules. */
static void adopt(struct edge *e, struct ruleset *rules)
{
	struct generation *next = generation_make(rules);

	e->inside = true;
	xmpp_pool_adopt(e->pool, next);
	e->inside = false;
	generation_drop(e->generation);
	e->generation = next;
}

/* The same partner and one more. */
static void adopt_more(unsigned i, const char *domain)
{
	char partners[256];

	snprintf(partners, sizeof(partners), "%s%s", partner_of(domain), OTHER);
	adopt(&bench.edges[i], rules_make(i, domain, partners, "more.example"));
}

static void adopt_same(unsigned i, const char *domain)
{
	adopt(&bench.edges[i], rules_make(i, domain, partner_of(domain), "evil.example"));
}

static void rounds(unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		event_base_loop(loop_base(bench.loop), EVLOOP_NONBLOCK);
}

static void what_stays_allowed_goes_on_whenever_the_change_comes(void **state)
{
	for (unsigned phase = 0; phase < PHASES; phase++) {
		two_edges();
		bench.attempts = 0;
		send_to(A, "a.example", "b.example", 1, 1);
		send_to(A, "a.example", "b.example", 2, 2);
		rounds(phase);
		adopt_more(0, "a.example");
		adopt_more(1, "b.example");
		send_to(A, "a.example", "b.example", 3, 3);
		rounds(phase % 7);
		adopt_same(0, "a.example");
		adopt_same(1, "b.example");
		await(B, "[b.example<a.example 1][b.example<a.example 2][b.example<a.example 3]");
		await(A, "(3 written)");
		assert_non_null(strstr(A->log.p, "(1 written)(2 written)"));
		assert_int_equal(bench.attempts, 1);
		assert_int_equal(xmpp_pool_return_streams(B->pool, VIEW("a.example")), 1);
		edge_close(A);
		edge_close(B);
		rounds(20);
	}
}

/* Stands where the rules list blocked domains: b.example is a provider's. */
#define PROVIDER(enabled)                                                                          \
	"evil.example]}\nproviders:\n"                                                             \
	"  - {name: p, protocols: [xmpp], enabled: " enabled ", domains: [b.example"

/* What edge A may find in its next rules, and what its streams with b.example end with. */
static const struct {
	const char *domain, *partners, *blocked, *cause;
} endings[] = {
	{"a.example", OTHER, "evil.example", "partner_gone"},
	{"a.example", OTHER, "b.example", "partner_blocked"},
	{"a.example", "  - {domain: b.example, protocol: sip}\n", "evil.example",
		"partner_protocol_changed"},
	{"c.example", "  - {domain: b.example, protocol: xmpp}\n", "evil.example",
		"local_domain_gone"},
	{"a.example", OTHER, PROVIDER("false"), "provider_off"},
};

enum { ENDINGS = sizeof(endings) / sizeof(endings[0]) };

static void adopt_ending(size_t i)
{
	/* The certificate names the domain of its rules. */
	certificate_new(0, endings[i].domain, &bench.ca, NULL);
	adopt(A, rules_make(0, endings[i].domain, endings[i].partners, endings[i].blocked));
}

static void what_is_no_longer_allowed_ends_with_its_reason(void **state)
{
	for (size_t i = 0; i < ENDINGS; i++) {
		counters_clear();
		two_edges();
		bench.domain = "b.example";
		bench.port = PORT_EDGES + 1;
		send_to(A, "a.example", "b.example", 1, 1);
		await(A, "(1 written)");
		await(B, "[b.example<a.example 1]");
		bench.domain = "a.example";
		bench.port = PORT_EDGES;
		send_to(B, "b.example", "a.example", 2, 2);
		await(A, "[a.example<b.example 2]");
		adopt_ending(i);
		/* Nobody is told inside the call. */
		assert_null(strstr(A->log.p, "lost"));
		await(A, "(1 lost)");
		await(B, "(2 lost)");
		await_count("xmpp.ended", endings[i].cause, 2);
		await_count("xmpp.ended", "error_from_peer", 2);
		assert_int_equal(xmpp_pool_return_streams(A->pool, VIEW("b.example")), 0);
		assert_true(LIST_EMPTY(&A->pool->remotes));
		send_to(A, "a.example", "b.example", 3, 3);
		await(A, "(3 not found)");
		edge_close(A);
		edge_close(B);
		rounds(20);
	}
}

static void what_waits_for_a_partner_that_goes_is_not_found(void **state)
{
	for (size_t i = 0; i < ENDINGS; i++) {
		edge_open(0, "a.example", &bench.ca, NULL);
		bench.port = PORT_HANGS;
		send_to(A, "a.example", "b.example", 1, 1);
		send_to(A, "a.example", "b.example", 2, 2);
		/* In the midst of finding, or of connecting. */
		rounds(i % 2 ? 5 : 0);
		adopt_ending(i);
		await(A, "(1 not found)(2 not found)");
		assert_true(LIST_EMPTY(&A->pool->remotes));
		assert_int_equal(A->pool->queued_bytes, 0);
		edge_close(A);
	}
}

static void await_no_stream(struct edge *e, const char *from)
{
	struct mono end = mono_after_ms(mono_now(), 10000);

	while (xmpp_pool_return_streams(e->pool, view_of(from))) {
		assert_false(mono_reached(mono_now(), end));
		rounds(1);
	}
}

static void a_change_in_any_phase_of_a_set_up_ends_it(void **state)
{
	for (unsigned phase = 0; phase < PHASES; phase++) {
		two_edges();
		send_to(A, "a.example", "b.example", 1, 1);
		rounds(phase);
		/* The one that is asked, then the one that asks. */
		if (phase % 2)
			adopt(B, rules_make(1, "b.example", OTHER, "evil.example"));
		else
			adopt_ending(phase / 2 % ENDINGS);
		await(A, "(1 ");
		if (strstr(A->log.p, "(1 written)"))
			await(A, "(1 lost)");
		await_no_stranger(B);
		await_no_stream(B, "a.example");
		edge_close(A);
		edge_close(B);
		rounds(20);
	}
}

static void a_partner_that_comes_back_is_served_again(void **state)
{
	two_edges();
	for (unsigned i = 1; i <= 5; i++) {
		char words[64];

		send_to(A, "a.example", "b.example", i, i);
		snprintf(words, sizeof(words), "(%u written)", i);
		await(A, words);
		snprintf(words, sizeof(words), "[b.example<a.example %u]", i);
		await(B, words);
		adopt(A, rules_make(0, "a.example", OTHER, "evil.example"));
		adopt(B, rules_make(1, "b.example", OTHER, "evil.example"));
		snprintf(words, sizeof(words), "(%u lost)", i);
		await(A, words);
		adopt_same(0, "a.example");
		adopt_same(1, "b.example");
	}
	assert_int_equal(bench.attempts, 5);
}

#define HEAD(to, from)                                                                             \
	"<stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams' "    \
	"to='" to "' from='" from "' version='1.0'>"

/* Say bytes to edge A, then change its rules, and read until it closes. */
static void talk_over_a_change(const char *bytes, size_t ending, struct text *answer)
{
	int fds[2];
	struct mono end = mono_after_ms(mono_now(), 10000);

	pair_make(fds);
	accept_from_test(A, fds[1]);
	assert_int_equal(write(fds[0], bytes, strlen(bytes)), (ssize_t)strlen(bytes));
	rounds(10);
	adopt_ending(ending);
	for (;;) {
		char buffer[1024];
		ssize_t got = read(fds[0], buffer, sizeof(buffer));

		if (got == 0)
			break;
		if (got > 0)
			text_put(answer, view_make(buffer, (size_t)got));
		assert_false(mono_reached(mono_now(), end));
		rounds(1);
	}
	close(fds[0]);
}

static void the_reason_is_said_in_words(void **state)
{
	static const char *const words[ENDINGS] = {
		"your domain is no partner here any more",
		"your domain is blocked here",
		"your domain is not served over XMPP any more",
		"this domain is not served here any more",
		"the service of your domain is switched off here",
	};

	for (size_t i = 0; i < ENDINGS; i++) {
		struct text answer;
		char expected[512];

		edge_open(0, "a.example", &bench.ca, NULL);
		text_init(&answer, 65536);
		text_puts(&answer, "");
		talk_over_a_change(HEAD("a.example", "b.example"), i, &answer);
		snprintf(expected, sizeof(expected),
			"<stream:error><policy-violation xmlns='urn:ietf:params:xml:ns:xmpp-"
			"streams'/><text xmlns='urn:ietf:params:xml:ns:xmpp-streams' "
			"xml:lang='en'>%s</text></stream:error></stream:stream>",
			words[i]);
		if (!strstr(answer.p, expected))
			fail_msg("%s", answer.p);
		text_free(&answer);
		edge_close(A);
	}
}

static void who_belongs_to_another_partner_is_told_again(void **state)
{
	struct ruleset *rules;

	two_edges();
	send_to(A, "a.example", "b.example", 1, 0);
	await(B, "{a.example}[b.example<a.example 1]");
	adopt_same(1, "b.example");
	assert_string_equal(B->log.p, "{a.example}[b.example<a.example 1]");
	rules = rules_make(1, "b.example", partner_of("b.example"), "evil.example");
	((struct partner *)ruleset_partner(rules, VIEW("a.example")))->id = 77;
	assert_int_equal(ruleset_index_build(rules), 0);
	adopt(B, rules);
	assert_string_equal(B->log.p, "{a.example}[b.example<a.example 1]{a.example}");
}

static void names_are_the_same_in_any_case(void **state)
{
	two_edges();
	send_to(A, "a.example", "b.example", 1, 1);
	send_to(A, "A.example", "B.EXAMPLE", 2, 2);
	await(A, "(1 written)(2 written)");
	assert_int_equal(bench.attempts, 1);
	assert_int_equal(xmpp_pool_return_streams(A->pool, VIEW("B.EXAMPLE")), 0);
	await(B, "2]");
	assert_int_equal(xmpp_pool_return_streams(B->pool, VIEW("A.EXAMPLE")), 1);
}

static void a_new_certificate_is_for_new_streams_only(void **state)
{
	two_edges();
	send_to(A, "a.example", "b.example", 1, 1);
	await(B, "[b.example<a.example 1]");
	/* Of a CA that nobody here trusts. */
	certificate_new(1, "b.example", &bench.other_ca, NULL);
	adopt_same(1, "b.example");
	send_to(A, "a.example", "b.example", 2, 2);
	await(B, "[b.example<a.example 2]");
	link_end(LIST_FIRST(&A->pool->members)->link, STREAM_NO_ERROR, "idle");
	await_count("xmpp.ended", "idle", 1);
	send_to(A, "a.example", "b.example", 3, 3);
	await(A, "(3 not trusted)");
}

static void a_route_that_nobody_uses_is_forgotten(void **state)
{
	struct mono end;

	edge_open(0, "a.example", &bench.ca, NULL);
	bench.result = RESOLVE_NONE;
	send_to(A, "a.example", "b.example", 1, 1);
	await(A, "(1 no server)");
	assert_false(LIST_EMPTY(&A->pool->remotes));
	end = mono_after_ms(mono_now(), ROUTE_REST_MS + 2000);
	while (!LIST_EMPTY(&A->pool->remotes)) {
		assert_false(mono_reached(mono_now(), end));
		usleep(1000);
		rounds(1);
	}
	assert_int_equal(A->pool->remote_names.count, 0);
	send_to(A, "a.example", "b.example", 2, 2);
	await(A, "(2 no server)");
	assert_int_equal(bench.questions, 2);
}

static void a_thousand_changes_lose_no_stanza(void **state)
{
	struct text expected;

	two_edges();
	text_init(&expected, 1 << 20);
	text_puts(&expected, "{a.example}");
	for (unsigned i = 1; i <= CHANGES; i++) {
		send_to(A, "a.example", "b.example", i, i);
		text_printf(&expected, "[b.example<a.example %u]", i);
		if (i % 2) {
			adopt_more(0, "a.example");
			adopt_same(1, "b.example");
		} else {
			adopt_same(0, "a.example");
			adopt_more(1, "b.example");
		}
		rounds(2);
	}
	await(B, "[b.example<a.example 1000]");
	await(A, "(1000 written)");
	assert_string_equal(B->log.p, expected.p);
	assert_null(strstr(A->log.p, "lost"));
	assert_int_equal(bench.attempts, 1);
	text_free(&expected);
}

int main(void)
{
#define POOL_TEST(f) cmocka_unit_test_setup_teardown(f, bench_open, bench_close)
	const struct CMUnitTest tests[] = {
		POOL_TEST(what_stays_allowed_goes_on_whenever_the_change_comes),
		POOL_TEST(what_is_no_longer_allowed_ends_with_its_reason),
		POOL_TEST(what_waits_for_a_partner_that_goes_is_not_found),
		POOL_TEST(a_change_in_any_phase_of_a_set_up_ends_it),
		POOL_TEST(a_partner_that_comes_back_is_served_again),
		POOL_TEST(the_reason_is_said_in_words),
		POOL_TEST(who_belongs_to_another_partner_is_told_again),
		POOL_TEST(names_are_the_same_in_any_case),
		POOL_TEST(a_new_certificate_is_for_new_streams_only),
		POOL_TEST(a_route_that_nobody_uses_is_forgotten),
		POOL_TEST(a_thousand_changes_lose_no_stanza),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
