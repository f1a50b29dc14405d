/* SPDX-License-Identifier: BSD-3-Clause */
/* The pool with domains that no rule names: whole edges over socket pairs with real TLS. */
#include "tests/unit/pool_bench.h"

#define OTHER "  - {domain: other.example, protocol: xmpp}\n"
#define KNOWN "  - {domain: b.example, protocol: xmpp}\n"

/* Stands where the rules list blocked domains. */
#define DISCOVERY_OF(connections)                                                                  \
	"evil.example]}\ndiscovery: {enabled: true, limits: {connections: " connections            \
	"}, capabilities: [im"
#define DISCOVERY DISCOVERY_OF("4")

static void adopt(
	struct edge *e, unsigned i, const char *domain, const char *partners, const char *blocked)
{
	struct generation *next = generation_make(rules_make(i, domain, partners, blocked));

	xmpp_pool_adopt(e->pool, next);
	generation_drop(e->generation);
	e->generation = next;
}

/* A discovers b.example, of which A is a partner. */
static void strangers(const char *discovery)
{
	two_edges();
	adopt(A, 0, "a.example", OTHER, discovery);
	bench.stranger = true;
}

static void to_b(unsigned id, const char *fate)
{
	bench.domain = "b.example";
	bench.port = PORT_EDGES + 1;
	send_to(A, "a.example", "b.example", id, id);
	await(A, fate);
}

static void from_b(unsigned id, const char *seen)
{
	bench.stranger = false;
	bench.domain = "a.example";
	bench.port = PORT_EDGES;
	send_to(B, "b.example", "a.example", id, id);
	await(A, seen);
	bench.stranger = true;
}

static uint32_t connections(void)
{
	json_t *rows = xmpp_pool_discovered_json(A->pool);
	json_t *row = json_array_get(rows, 0);
	uint32_t count = (uint32_t)json_integer_value(json_object_get(row, "connections"));

	assert_int_equal(json_array_size(rows), 1);
	assert_string_equal(json_string_value(json_object_get(row, "domain")), "b.example");
	json_decref(rows);
	return count;
}

static void stanzas_cross_both_ways_and_connections_are_counted(void **state)
{
	strangers(DISCOVERY);
	to_b(1, "(1 written)");
	assert_int_equal(connections(), 1);
	/* Whoever wants to know of proofs hears of both, and again when asked to be told. */
	assert_string_equal(A->log.p, "{b.example}(1 written)");
	from_b(2, "[a.example<b.example 2]");
	assert_int_equal(connections(), 2);
	assert_non_null(strstr(A->log.p, "{b.example}[a.example<b.example 2]"));
	text_reset(&A->log);
	xmpp_pool_tell_verified(A->pool);
	assert_string_equal(A->log.p, "{b.example}{b.example}");
	/* B knows A as a partner: what it opened was announced as that partner's. */
	text_reset(&B->log);
	xmpp_pool_tell_verified(B->pool);
	assert_string_equal(B->log.p, "{a.example}");
}

static void without_discovery_there_is_nobody(void **state)
{
	two_edges();
	adopt(A, 0, "a.example", OTHER, "evil.example");
	to_b(1, "(1 not found)");
	assert_int_equal(bench.questions, 0);
	bench.domain = "a.example";
	bench.port = PORT_EDGES;
	send_to(B, "b.example", "a.example", 2, 2);
	await(B, "(2 ");
	assert_int_equal(counter_get("xmpp.refused", "unknown_partner"), 1);
	assert_int_equal(discovered_count(A->pool->discovered), 0);
}

static const struct {
	const char *partners, *blocked, *cause;
} endings[] = {
	{OTHER, "evil.example", "discovery_off"},
	{OTHER, "b.example]}\ndiscovery: {enabled: true, capabilities: [im", "partner_blocked"},
	{OTHER, "evil.example]}\nproviders:\n  - {name: p, protocols: [xmpp], domains: [b.example",
		"provider_off"},
};

static void other_rules_end_it_with_the_reason(void **state)
{
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		counters_clear();
		strangers(DISCOVERY);
		to_b(1, "(1 written)");
		from_b(2, "[a.example<b.example 2]");
		adopt(A, 0, "a.example", endings[i].partners, endings[i].blocked);
		await(A, "(1 lost)");
		await_count("xmpp.ended", endings[i].cause, 2);
		assert_int_equal(discovered_count(A->pool->discovered), 0);
		to_b(3, "(3 not found)");
		edge_close(A);
		edge_close(B);
		for (int k = 0; k < 20; k++)
			event_base_loop(loop_base(bench.loop), EVLOOP_NONBLOCK);
	}
}

static void one_that_becomes_a_partner_goes_on(void **state)
{
	strangers(DISCOVERY);
	to_b(1, "(1 written)");
	from_b(2, "[a.example<b.example 2]");
	text_reset(&A->log);
	adopt(A, 0, "a.example", KNOWN, DISCOVERY);
	assert_string_equal(A->log.p, "{b.example}{b.example}");
	assert_int_equal(discovered_count(A->pool->discovered), 0);
	to_b(3, "(3 written)");
	/* A partner that is none any more begins anew, as a stranger. */
	adopt(A, 0, "a.example", OTHER, DISCOVERY);
	await_count("xmpp.ended", "partner_gone", 2);
	to_b(4, "(4 written)");
	assert_int_equal(connections(), 1);
}

static void nobody_has_more_connections_than_the_rules_say(void **state)
{
	strangers(DISCOVERY_OF("1"));
	from_b(1, "[a.example<b.example 1]");
	to_b(2, "(2 no room)");
	assert_int_equal(counter_get("discovery.refused", "over_connections"), 1);
}

static void a_second_stream_over_the_limit_hears_so(void **state)
{
	strangers(DISCOVERY_OF("1"));
	to_b(1, "(1 written)");
	bench.stranger = false;
	bench.domain = "a.example";
	bench.port = PORT_EDGES;
	send_to(B, "b.example", "a.example", 2, 2);
	await_count("xmpp.refused", "over_connections", 1);
	assert_null(strstr(A->log.p, "[a.example<b.example 2]"));
}

static void a_full_table_says_so(void **state)
{
	char name[32];

	strangers(DISCOVERY);
	for (int i = 0; i < DISCOVERED_MAX; i++) {
		snprintf(name, sizeof(name), "x%d.example", i);
		assert_int_equal(discovered_open(A->pool->discovered, view_of(name), 1,
					 loop_now(bench.loop)),
			0);
	}
	to_b(1, "(1 no room)");
	assert_int_equal(counter_get("discovery.refused", "too_many_discovered"), 1);
	assert_null(remote_find(A->pool, VIEW("b.example")));
	bench.stranger = false;
	bench.domain = "a.example";
	bench.port = PORT_EDGES;
	send_to(B, "b.example", "a.example", 2, 2);
	await_count("xmpp.refused", "too_many_discovered", 1);
}

static void its_dns_leads_nowhere_inside(void **state)
{
	strangers(DISCOVERY);
	bench.server = "10.0.0.7";
	to_b(1, "(1 not found)");
	assert_int_equal(bench.attempts, 0);
	assert_int_equal(counter_get("discovery.refused", "private"), 1);
	/* A partner's may. */
	bench.stranger = false;
	adopt(A, 0, "a.example", KNOWN, DISCOVERY);
	to_b(2, "(2 ");
	await_count("xmpp", "held_off", 1);
}

/* Which names may its servers have? */
static void servers_may_have_the_names_that_the_rules_say(void **state)
{
	static const struct {
		const char *partners, *blocked, *to, *within;
	} cases[] = {
		{KNOWN, "evil.example", "b.example", ""},
		{"  - {domain: b.example, protocol: xmpp, srv_hosts: own}\n", "evil.example",
			"b.example", "b.example"},
		{"  - {domain: b.example, protocol: xmpp, srv_hosts: any}\n", "evil.example",
			"b.example", ""},
		{"  - {domain: b.example, protocol: xmpp, subtree: true, srv_hosts: own}\n",
			"evil.example", "x.b.example", "b.example"},
		{OTHER, DISCOVERY, "b.example", ""},
		{OTHER,
			"evil.example]}\ndiscovery: {enabled: true, srv_hosts: own, "
			"capabilities: [im",
			"b.example", "b.example"},
		{OTHER,
			"evil.example]}\nproviders:\n  - {name: p, enabled: true, protocols: [xmpp], "
			"srv_hosts: own, domains: [b.example",
			"b.example", "b.example"},
	};

	two_edges();
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char fate[32];

		edge_close(A);
		edge_open(0, "a.example", &bench.ca, NULL);
		adopt(A, 0, "a.example", cases[i].partners, cases[i].blocked);
		bench.domain = cases[i].to;
		bench.result = RESOLVE_CONFLICT;
		assert_int_equal(xmpp_pool_held(A->pool, view_of(cases[i].to)), XMPP_WRITTEN);
		send_to(A, "a.example", cases[i].to, 1, i + 1);
		snprintf(fate, sizeof(fate), "(%u conflict)", i + 1);
		await(A, fate);
		if (strcmp(bench.within, cases[i].within) != 0)
			fail_msg("case %u: within '%s'", i, bench.within);
		assert_int_equal(xmpp_pool_held(A->pool, view_of(cases[i].to)), XMPP_SRV_CONFLICT);
		assert_int_equal(xmpp_pool_held(A->pool, VIEW("other.example")), XMPP_WRITTEN);
	}
	assert_int_equal(counter_get("xmpp.unreachable", "srv_conflict"), 7);
	assert_int_equal(bench.attempts, 0);
}

static const char *shut;

static bool is_shut(void *arg, struct view remote)
{
	return shut && view_equal(remote, view_of(shut));
}

static void an_operator_shuts_one_out(void **state)
{
	strangers(DISCOVERY);
	A->pool->handlers.shut = is_shut;
	to_b(1, "(1 written)");
	from_b(2, "[a.example<b.example 2]");
	shut = "b.example";
	xmpp_pool_review(A->pool);
	await(A, "(1 lost)");
	await_count("xmpp.ended", "partner_blocked", 2);
	to_b(3, "(3 not found)");
	shut = NULL;
	to_b(4, "(4 written)");
}

int main(void)
{
#define POOL_TEST(f) cmocka_unit_test_setup_teardown(f, bench_open, bench_close)
	const struct CMUnitTest tests[] = {
		POOL_TEST(stanzas_cross_both_ways_and_connections_are_counted),
		POOL_TEST(without_discovery_there_is_nobody),
		POOL_TEST(other_rules_end_it_with_the_reason),
		POOL_TEST(one_that_becomes_a_partner_goes_on),
		POOL_TEST(nobody_has_more_connections_than_the_rules_say),
		POOL_TEST(a_second_stream_over_the_limit_hears_so),
		POOL_TEST(a_full_table_says_so),
		POOL_TEST(its_dns_leads_nowhere_inside),
		POOL_TEST(servers_may_have_the_names_that_the_rules_say),
		POOL_TEST(an_operator_shuts_one_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
