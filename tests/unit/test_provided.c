/* SPDX-License-Identifier: BSD-3-Clause */
/* Domains of providers as partners: which there are, what they are like, and where they must not show. */
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>

#include "rules/diff.h"
#include "rules/filter.h"
#include "rules/partner_ids.h"
#include "rules/provided.h"
#include "tests/unit/compile.h"

#define BASE                                                                                       \
	"service: {addresses: [198.51.100.1]}\n"                                                   \
	"local: [{domain: corp.example, certificate: c, key: k,\n"                                 \
	"  inside: {protocol: sip, host: h.example}}]\n"                                           \
	"limits: {partner: {connections: 7, users: 40}}\n"

#define PROVIDERS(enabled)                                                                            \
	BASE "partners: [{domain: z.example, protocol: xmpp}, {domain: m.example, protocol: sip}]\n"  \
	     "providers:\n"                                                                           \
	     "  - {name: pub, enabled: " enabled                                                      \
	     ", protocols: [xmpp], host: edge.pub.example, port: 5299,\n"                             \
	     "     capabilities: [im], domains: [{domain: pub.example, subtree: true}, b.example]}\n" \
	     "  - {name: cloud, kind: hosting, enabled: true, shared_address_space: true,\n"          \
	     "     protocols: [sip, xmpp], domains: [corp.example, {domain: a.example}]}\n"

static void domains_of_enabled_providers_stand_behind_the_partners(void **state)
{
	static const char *const names[] = {
		"m.example", "z.example", "a.example", "b.example", "corp.example", "pub.example"};
	struct ruleset *rules = compile(PROVIDERS("true"));

	assert_int_equal(rules->partner_count, 6);
	assert_int_equal(ruleset_named_partners(rules), 2);
	for (uint32_t i = 0; i < 6; i++) {
		assert_string_equal(rules->partners[i].domain, names[i]);
		assert_int_equal(rules->partners[i].id, i + 1);
		assert_int_equal(rules->partners[i].provider != NULL, i >= 2);
		assert_ptr_equal(ruleset_partner_by_id(rules, i + 1), &rules->partners[i]);
	}
	ruleset_free(rules);
	rules = compile(PROVIDERS("false"));
	assert_int_equal(rules->partner_count, 4);
	assert_null(ruleset_partner(rules, VIEW("b.example")));
	ruleset_free(rules);
}

static void they_are_as_their_provider_says(void **state)
{
	struct ruleset *rules = compile(PROVIDERS("true"));
	const struct partner *below = ruleset_partner(rules, VIEW("im.pub.example"));
	const struct partner *cloud = ruleset_partner(rules, VIEW("a.example"));

	assert_non_null(below);
	assert_string_equal(below->domain, "pub.example");
	assert_string_equal(below->provider->name, "pub");
	assert_string_equal(below->host, "edge.pub.example");
	assert_int_equal(below->port, 5299);
	assert_int_equal(below->protocol, PROTOCOL_XMPP);
	assert_int_equal(below->terms.capabilities, CAPABILITY_BIT(im));
	assert_int_equal(below->limits.value[LIMIT_connections], 7);
	assert_int_equal(below->limits_stated, 0);
	assert_int_equal(cloud->protocol, PROTOCOL_SIP);
	assert_int_equal(cloud->terms.protocols, 1u << PROTOCOL_SIP | 1u << PROTOCOL_XMPP);
	assert_null(cloud->host);
	assert_null(ruleset_partner(rules, VIEW("x.a.example")));
	/* The one that is ours as well, and nothing below it. */
	assert_string_equal(ruleset_partner(rules, VIEW("corp.example"))->provider->name, "cloud");
	assert_null(ruleset_partner(rules, VIEW("x.corp.example")));
	ruleset_free(rules);
}

static void each_limit_of_messages_is_theirs_or_that_of_partners(void **state)
{
	static const struct {
		const char *limits;
		uint32_t messages_per_s, users, stated;
	} cases[] = {
		{"", 0, 40, 0},
		{", limits: {}", 0, 40, 0},
		{", limits: {messages_per_s: 5}", 5, 40, 1 << MESSAGE_LIMIT_messages_per_s},
		{", limits: {users: 50}", 0, 50, 1 << MESSAGE_LIMIT_users},
		{", limits: {users: 40, messages_per_s: 1}", 1, 40,
			1 << MESSAGE_LIMIT_users | 1 << MESSAGE_LIMIT_messages_per_s},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct provider *provider;
		char document[1024];
		struct ruleset *rules, *again;
		struct text text;

		snprintf(document, sizeof(document),
			BASE "providers: [{name: p, domains: [p.example]%s}]\n", cases[i].limits);
		rules = compile(document);
		text_init(&text, 64 * 1024);
		ruleset_print(rules, &text);
		again = compile(text.p);
		for (int k = 0; k < 2; k++) {
			provider = &(k ? again : rules)->policies.providers[0];
			if (provider->messages.value[MESSAGE_LIMIT_messages_per_s] !=
					cases[i].messages_per_s ||
				provider->messages.value[MESSAGE_LIMIT_users] != cases[i].users ||
				provider->messages_stated != cases[i].stated)
				fail_msg("'%s' %d: %u, %u", cases[i].limits, k,
					provider->messages.value[MESSAGE_LIMIT_messages_per_s],
					provider->messages.value[MESSAGE_LIMIT_users]);
		}
		text_free(&text);
		ruleset_free(again);
		ruleset_free(rules);
	}
}

static void those_at_one_host_learn_its_addresses_once(void **state)
{
	struct ruleset *rules = compile(PROVIDERS("true"));

	assert_false(provided_by_host_of_another(rules, &rules->partners[0]));
	assert_false(provided_by_host_of_another(rules, ruleset_partner(rules, VIEW("a.example"))));
	assert_false(
		provided_by_host_of_another(rules, ruleset_partner(rules, VIEW("corp.example"))));
	assert_false(provided_by_host_of_another(rules, ruleset_partner(rules, VIEW("b.example"))));
	assert_true(
		provided_by_host_of_another(rules, ruleset_partner(rules, VIEW("pub.example"))));
	ruleset_free(rules);
}

static void print(const struct ruleset *rules, struct text *out)
{
	text_init(out, 64 * 1024);
	ruleset_print(rules, out);
	assert_false(out->failed);
}

static void they_are_printed_with_their_provider_alone(void **state)
{
	struct ruleset *rules = compile(PROVIDERS("true"));
	struct ruleset *again;
	struct text first, second;

	print(rules, &first);
	again = compile(first.p);
	print(again, &second);
	assert_string_equal(first.p, second.p);
	assert_null(strstr(first.p, "domain: b.example\n"));
	assert_int_equal(again->partner_count, 6);
	text_free(&first);
	text_free(&second);
	ruleset_free(rules);
	ruleset_free(again);
}

static void a_provider_that_is_enabled_is_one_change(void **state)
{
	struct ruleset *from = compile(PROVIDERS("false"));
	struct ruleset *to = compile(PROVIDERS("true"));
	struct diff_counts counts;

	assert_int_equal(ruleset_diff_partners(from, to, &counts), 0);
	assert_int_equal(counts.added + counts.removed + counts.changed, 0);
	ruleset_free(from);
	ruleset_free(to);
}

static void a_domain_keeps_its_id_when_it_comes_and_goes(void **state)
{
	struct ruleset *rules = compile(PROVIDERS("true"));
	struct partner_ids ids;
	uint32_t id;

	assert_int_equal(partner_ids_init(&ids), 0);
	assert_int_equal(ruleset_assign_ids(rules, &ids), 0);
	id = ruleset_partner(rules, VIEW("corp.example"))->id;
	ruleset_free(rules);
	rules = compile(BASE "partners: [{domain: new.example, protocol: sip}]\n");
	assert_int_equal(ruleset_assign_ids(rules, &ids), 0);
	assert_int_equal(ruleset_partner(rules, VIEW("new.example"))->id, 7);
	ruleset_free(rules);
	rules = compile(PROVIDERS("false"));
	assert_int_equal(ruleset_assign_ids(rules, &ids), 0);
	assert_int_equal(ruleset_partner(rules, VIEW("corp.example"))->id, id);
	ruleset_free(rules);
	partner_ids_free(&ids);
}

static void the_filter_table_knows_them(void **state)
{
	struct ruleset *rules = compile(PROVIDERS("true"));
	struct filter_partner partner;
	struct filter filter;
	uint8_t *block;
	size_t bytes;
	char why[128] = "";

	assert_int_equal(filter_write(rules, &block, &bytes), 0);
	if (filter_open(view_make(block, bytes), &filter, why, sizeof(why)))
		fail_msg("%s", why);
	assert_int_equal(filter.partner_count, 6);
	filter_partner(&filter, 5, &partner);
	assert_true(view_equal(partner.domain, VIEW("pub.example")));
	assert_true(partner.subtree);
	free(block);
	ruleset_free(rules);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(domains_of_enabled_providers_stand_behind_the_partners),
		cmocka_unit_test(they_are_as_their_provider_says),
		cmocka_unit_test(each_limit_of_messages_is_theirs_or_that_of_partners),
		cmocka_unit_test(those_at_one_host_learn_its_addresses_once),
		cmocka_unit_test(they_are_printed_with_their_provider_alone),
		cmocka_unit_test(a_provider_that_is_enabled_is_one_change),
		cmocka_unit_test(a_domain_keeps_its_id_when_it_comes_and_goes),
		cmocka_unit_test(the_filter_table_knows_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
