/* SPDX-License-Identifier: BSD-3-Clause */
/* From a document to a ruleset and back. What is refused and how stands in tests/golden. */
#include "tests/unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "rules/base/text.h"
#include "rules/ruleset.h"

#define LOCAL                                                                                      \
	"local:\n"                                                                                 \
	"  - domain: corp.example\n"                                                               \
	"    certificate: corp.crt\n"                                                              \
	"    key: corp.key\n"                                                                      \
	"    inside: {protocol: sip, host: 10.77.1.30}\n"

static const char document[] =
	"service:\n"
	"  addresses: [198.51.100.1, \"2001:db8::1\"]\n"
	"  ports: {sip: [5061, 5062]}\n" LOCAL "partners:\n"
	"  - {domain: zulu.example, protocol: sip, host: gw.zulu.example, port: 5071}\n"
	"  - domain: bücher.example\n"
	"    protocol: xmpp\n"
	"    sources: [198.51.100.128/25, 192.0.2.0/24]\n"
	"blocked:\n"
	"  domains: [bad.example, {domain: worse.example, subtree: true}]\n"
	"  prefixes: [203.0.113.0/24]\n";

static struct rules_errors errors;

static struct ruleset *compile(const char *text)
{
	struct ruleset *rules = ruleset_compile(view_of(text), "/etc/picket/rules.yaml", &errors);

	if (!rules)
		fail_msg(
			"%u: %s: %s", errors.list[0].line, errors.list[0].key, errors.list[0].text);
	assert_int_equal(errors.count, 0);
	return rules;
}

static void services_are_addresses_times_ports(void **state)
{
	static const struct {
		unsigned family_bits;
		uint16_t port;
		enum protocol protocol;
	} expected[] = {
		{32, 5269, PROTOCOL_XMPP},
		{32, 5061, PROTOCOL_SIP},
		{32, 5062, PROTOCOL_SIP},
		{128, 5269, PROTOCOL_XMPP},
		{128, 5061, PROTOCOL_SIP},
		{128, 5062, PROTOCOL_SIP},
	};
	struct ruleset *rules = compile(document);

	assert_int_equal(rules->service_count, 6);
	for (int i = 0; i < 6; i++) {
		assert_int_equal(rules->services[i].address.family_bits, expected[i].family_bits);
		assert_int_equal(rules->services[i].port, expected[i].port);
		assert_int_equal(rules->services[i].protocol, expected[i].protocol);
	}
	ruleset_free(rules);
}

static void what_is_not_said_has_its_default(void **state)
{
	struct ruleset *rules = compile("service: {addresses: [198.51.100.1]}\n" LOCAL);

	assert_int_equal(rules->generation, 1);
	assert_string_equal(rules->directory, "/etc/picket");
	assert_int_equal(rules->service_count, 2);
	assert_int_equal(rules->services[0].port, 5269);
	assert_int_equal(rules->services[1].port, 5061);
	assert_int_equal(rules->local_count, 1);
	assert_int_equal(rules->locals[0].line, 3);
	assert_string_equal(rules->locals[0].certificate_file, "corp.crt");
	assert_string_equal(rules->locals[0].key_file, "corp.key");
	assert_string_equal(rules->locals[0].inside.host, "10.77.1.30");
	assert_string_equal(rules->locals[0].inside.name, "corp.example");
	assert_int_equal(rules->locals[0].inside.port, 5061);
	assert_int_equal(rules->locals[0].inside.protocol, PROTOCOL_SIP);
	assert_int_equal(rules->locals[0].inside.line, 6);
	assert_int_equal(rules->partner_count, 0);
	assert_null(ruleset_partner(rules, VIEW("partner.example")));
	assert_false(ruleset_blocks_domain(rules, VIEW("partner.example")));
	ruleset_free(rules);
}

static void partners_are_found_by_name_in_any_case_and_by_id(void **state)
{
	struct ruleset *rules = compile(document);
	const struct partner *partner = ruleset_partner(rules, VIEW("XN--Bcher-KVA.example"));

	assert_non_null(partner);
	assert_string_equal(partner->domain, "xn--bcher-kva.example");
	assert_int_equal(partner->id, 1);
	assert_int_equal(partner->protocol, PROTOCOL_XMPP);
	assert_int_equal(partner->source_count, 2);
	assert_int_equal(partner->sources[0].address.bytes[0], 192);
	assert_null(partner->host);
	assert_int_equal(partner->port, 0);
	assert_int_equal(partner->line, 11);
	assert_ptr_equal(ruleset_partner_by_id(rules, 1), partner);
	partner = ruleset_partner_by_id(rules, 2);
	assert_string_equal(partner->domain, "zulu.example");
	assert_string_equal(partner->host, "gw.zulu.example");
	assert_int_equal(partner->port, 5071);
	assert_null(ruleset_partner_by_id(rules, 0));
	assert_null(ruleset_partner_by_id(rules, 3));
	assert_null(ruleset_partner(rules, VIEW("example")));
	assert_null(ruleset_partner(rules, VIEW("www.zulu.example")));
	assert_null(ruleset_partner(rules, VIEW("")));
	assert_null(ruleset_partner(rules, VIEW("corp.example")));
	assert_non_null(ruleset_local(rules, VIEW("CORP.example")));
	assert_null(ruleset_local(rules, VIEW("zulu.example")));
	ruleset_free(rules);
}

static void a_blocked_domain_blocks_what_is_below_it_only_when_told(void **state)
{
	static const struct {
		const char *domain;
		bool blocked;
	} cases[] = {
		{"bad.example", true},
		{"BAD.example", true},
		{"www.bad.example", false},
		{"notbad.example", false},
		{"worse.example", true},
		{"www.worse.example", true},
		{"a.b.c.Worse.Example", true},
		{"notworse.example", false},
		{"worse.example.com", false},
		{"worse.example.", false},
		{"example", false},
		{"bad.example.com", false},
		{"bad.example.", false},
		{"", false},
		{".", false},
		{"..", false},
	};
	struct ruleset *rules = compile(document);
	char longest[300];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (ruleset_blocks_domain(rules, view_of(cases[i].domain)) != cases[i].blocked)
			fail_msg("'%s'", cases[i].domain);
	/* Longer than a domain can be: no name at all. */
	memset(longest, 'a', sizeof(longest));
	memcpy(longest + sizeof(longest) - 14, ".worse.example", 14);
	assert_false(ruleset_blocks_domain(rules, view_make(longest, sizeof(longest))));
	assert_true(ruleset_blocks_domain(rules, view_make(longest + 47, 253)));
	ruleset_free(rules);
}

static void a_partner_is_what_is_below_it_only_when_told(void **state)
{
	static const struct {
		const char *domain, *partner;
	} cases[] = {
		{"group.example", "group.example"},
		{"chat.group.example", "group.example"},
		{"A.B.Group.example", "group.example"},
		{"north.group.example", "north.group.example"},
		{"x.north.group.example", "group.example"},
		{"south.group.example", "south.group.example"},
		{"x.south.group.example", "south.group.example"},
		{"ours.group.example", NULL},
		{"x.ours.group.example", NULL},
		{"guest.ours.group.example", "guest.ours.group.example"},
		{"x.guest.ours.group.example", NULL},
		{"notgroup.example", NULL},
		{"example", NULL},
		{"x.solo.example", NULL},
		/* A partner all the same: blocking is asked first. */
		{"old.group.example", "group.example"},
		/* No names. */
		{".group.example", NULL},
		{"x..group.example", NULL},
		{"group.example.", NULL},
		{"*.group.example", NULL},
	};
	struct ruleset *rules =
		compile("service: {addresses: [198.51.100.1]}\n"
			"local:\n"
			"  - {domain: ours.group.example, certificate: c, key: k,\n"
			"     inside: {protocol: sip, host: h}}\n"
			"partners:\n"
			"  - {domain: group.example, protocol: xmpp, subtree: true}\n"
			"  - {domain: north.group.example, protocol: sip}\n"
			"  - {domain: south.group.example, protocol: sip, subtree: true}\n"
			"  - {domain: guest.ours.group.example, protocol: xmpp}\n"
			"  - {domain: solo.example, protocol: xmpp, subtree: false}\n"
			"blocked: {domains: [old.group.example]}\n");

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct partner *partner = ruleset_partner(rules, view_of(cases[i].domain));
		const char *found = partner ? partner->domain : NULL;

		if (!found != !cases[i].partner || (found && strcmp(found, cases[i].partner) != 0))
			fail_msg("'%s': %s", cases[i].domain, found ? found : "nobody");
	}
	assert_true(ruleset_blocks_domain(rules, VIEW("old.group.example")));
	ruleset_free(rules);
}

static void an_index_refuses_doubles_and_keeps_the_old_one(void **state)
{
	struct ruleset *rules = compile(document);

	rules->partners[1].id = 1;
	assert_int_equal(ruleset_index_build(rules), -EEXIST);
	rules->partners[1].id = 9;
	assert_int_equal(ruleset_index_build(rules), 0);
	assert_ptr_equal(ruleset_partner_by_id(rules, 9), &rules->partners[1]);
	assert_null(ruleset_partner_by_id(rules, 2));
	ruleset_free(rules);
}

static char *print(const struct ruleset *rules)
{
	struct text text;
	char *copy;

	text_init(&text, 64 * 1024 * 1024);
	ruleset_print(rules, &text);
	assert_false(text.failed);
	copy = view_dup(text_view(&text));
	text_free(&text);
	return copy;
}

static void compiling_what_was_printed_gives_the_same_ruleset(void **state)
{
	struct ruleset *rules = compile(document);
	char *first = print(rules);
	struct ruleset *again = compile(first);
	char *second = print(again);

	assert_string_equal(first, second);
	assert_int_equal(again->service_count, rules->service_count);
	assert_int_equal(again->partner_count, rules->partner_count);
	for (uint32_t i = 0; i < rules->partner_count; i++) {
		assert_string_equal(again->partners[i].domain, rules->partners[i].domain);
		assert_int_equal(again->partners[i].id, rules->partners[i].id);
		assert_int_equal(again->partners[i].subtree, rules->partners[i].subtree);
		assert_int_equal(again->partners[i].source_count, rules->partners[i].source_count);
		assert_memory_equal(again->partners[i].sources, rules->partners[i].sources,
			rules->partners[i].source_count * sizeof(struct prefix));
	}
	for (uint32_t i = 0; i < rules->service_count; i++) {
		assert_true(
			ip_address_equal(&again->services[i].address, &rules->services[i].address));
		assert_int_equal(again->services[i].port, rules->services[i].port);
		assert_int_equal(again->services[i].protocol, rules->services[i].protocol);
	}
	ruleset_free(rules);
	ruleset_free(again);
	free(first);
	free(second);
}

/* Partners with names, sources and hosts of all kinds, in no order. */
static void put_many(struct text *text, int count)
{
	text_puts(text, "service: {addresses: [198.51.100.1]}\n" LOCAL "partners:\n");
	for (int i = 0; i < count; i++) {
		int k = i * 7919 % count; /* 7919 is prime: a permutation */

		text_printf(text, "  - domain: partner-%d.example\n    protocol: %s\n", k,
			k % 3 ? "xmpp" : "sip");
		if (k % 2)
			text_printf(text, "    sources: [10.%d.%d.0/24, \"2001:db8:%x::/48\"]\n",
				k / 256, k % 256, k + 1);
		if (k % 5 == 0)
			text_printf(
				text, "    host: gw%d.partner.example\n    port: %d\n", k, 1 + k);
	}
	text_puts(text, "blocked:\n  domains:\n");
	for (int i = 0; i < count; i++)
		text_printf(text, "    - {domain: blocked-%d.example, subtree: %s}\n",
			i * 7919 % count, i * 7919 % count % 2 ? "true" : "false");
	text_puts(text, "  prefixes: [203.0.113.0/24]\n");
}

static void ten_thousand_partners_load_and_are_found(void **state)
{
	enum { COUNT = 10000 };
	struct ruleset *rules, *again;
	struct text text;
	char *first, *second;
	char name[64];

	text_init(&text, 16 * 1024 * 1024);
	put_many(&text, COUNT);
	assert_false(text.failed);
	rules = compile(text.p);
	text_free(&text);
	assert_int_equal(rules->partner_count, COUNT);
	assert_int_equal(rules->blocked_domain_count, COUNT);
	for (int i = 0; i < COUNT; i++) {
		const struct partner *partner;

		snprintf(name, sizeof(name), "partner-%d.example", i);
		partner = ruleset_partner(rules, view_of(name));
		assert_non_null(partner);
		assert_string_equal(partner->domain, name);
		assert_ptr_equal(ruleset_partner_by_id(rules, partner->id), partner);
		assert_int_equal(partner->source_count, i % 2 ? 2 : 0);
		snprintf(name, sizeof(name), "a.b.blocked-%d.example", i);
		assert_int_equal(ruleset_blocks_domain(rules, view_of(name)), i % 2);
		assert_true(ruleset_blocks_domain(rules, view_of(name + 4)));
	}
	first = print(rules);
	again = compile(first);
	second = print(again);
	assert_true(strcmp(first, second) == 0);
	ruleset_free(again);
	ruleset_free(rules);
	free(first);
	free(second);
}

static void a_file_is_loaded_with_its_directory(void **state)
{
	char path[] = "/tmp/picket-ruleset-XXXXXX";
	int fd = mkstemp(path);
	struct ruleset *rules;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, document, sizeof(document) - 1), sizeof(document) - 1);
	rules = ruleset_load(path, &errors);
	assert_non_null(rules);
	assert_string_equal(rules->directory, "/tmp");
	ruleset_free(rules);
	/* A hole: 16 MiB and one byte of zeros. */
	assert_int_equal(ftruncate(fd, 16 * 1024 * 1024 + 1), 0);
	assert_null(ruleset_load(path, &errors));
	assert_non_null(strstr(errors.list[0].text, "16 MiB"));
	close(fd);
	unlink(path);
	assert_null(ruleset_load(path, &errors));
	assert_int_equal(errors.count, 1);
	assert_int_equal(errors.list[0].line, 0);
	assert_non_null(strstr(errors.list[0].text, "No such file"));
	assert_null(ruleset_load("/", &errors));
	assert_non_null(strstr(errors.list[0].text, "cannot be read: Is a directory"));
}

static void limits_override_each_other_from_class_to_partner(void **state)
{
	struct ruleset *rules = compile("service: {addresses: [198.51.100.1]}\n" LOCAL "partners:\n"
					"  - {domain: a.example, protocol: xmpp}\n"
					"  - domain: b.example\n"
					"    protocol: xmpp\n"
					"    limits: {connections: 99, bytes_burst: 10000}\n"
					"limits:\n"
					"  partner: {packets_per_s: 50}\n"
					"  unknown: {connections: 1}\n"
					"  suspicious: {bytes_per_s: 20000, minutes: 5}\n"
					"  handshakes_reserved_percent: 0\n"
					"discovery: {limits: {packets_per_s: 70}}\n");
	const struct limits *found = &rules->policies.limits_discovered;
	const struct limits *a = &rules->partners[0].limits;
	const struct limits *b = &rules->partners[1].limits;

	for (unsigned key = 0; key < LIMIT_COUNT; key++)
		if (key != LIMIT_packets_per_s)
			assert_true(a->value[key] == limits_partner_default.value[key]);
	assert_int_equal(a->value[LIMIT_packets_per_s], 50);
	assert_int_equal(rules->partners[0].limits_stated, 0);
	assert_int_equal(b->value[LIMIT_packets_per_s], 50);
	assert_int_equal(b->value[LIMIT_connections], 99);
	assert_int_equal(b->value[LIMIT_bytes_burst], 10000);
	assert_int_equal(
		rules->partners[1].limits_stated, 1 << LIMIT_connections | 1 << LIMIT_bytes_burst);
	assert_int_equal(rules->limits_unknown.value[LIMIT_connections], 1);
	assert_int_equal(rules->limits_unknown.value[LIMIT_packets_burst],
		limits_unknown_default.value[LIMIT_packets_burst]);
	assert_int_equal(rules->limits_suspicious.value[LIMIT_bytes_per_s], 20000);
	assert_int_equal(rules->limits_suspicious.value[LIMIT_connections], 4);
	assert_int_equal(rules->suspicious.minutes, 5);
	for (unsigned key = 0; key < LIMIT_COUNT; key++)
		assert_int_equal(found->value[key],
			key == LIMIT_packets_per_s ? 70 : limits_discovered_default.value[key]);
	assert_int_equal(rules->handshakes.handshakes_reserved_percent, 0);
	assert_int_equal(rules->handshakes.handshakes_per_s, 2000);
	ruleset_free(rules);
}

static void limits_of_messages_override_each_other_too(void **state)
{
	struct ruleset *rules =
		compile("service: {addresses: [198.51.100.1]}\n" LOCAL "partners:\n"
			"  - {domain: a.example, protocol: xmpp}\n"
			"  - {domain: b.example, protocol: xmpp, limits: {users: 7}}\n"
			"limits:\n"
			"  partner: {messages_per_s: 50}\n"
			"  suspicious: {errors_percent: 0, minutes: 5}\n");
	const struct partner *a = &rules->partners[0];
	const struct partner *b = &rules->partners[1];

	assert_int_equal(a->messages.value[MESSAGE_LIMIT_messages_per_s], 50);
	assert_int_equal(a->messages.value[MESSAGE_LIMIT_users], 0);
	assert_int_equal(a->messages_stated, 0);
	assert_int_equal(b->messages.value[MESSAGE_LIMIT_messages_per_s], 50);
	assert_int_equal(b->messages.value[MESSAGE_LIMIT_users], 7);
	assert_int_equal(b->messages_stated, 1 << MESSAGE_LIMIT_users);
	/* They are none of the dataplane's. */
	assert_int_equal(b->limits_stated, 0);
	assert_int_equal(rules->suspicious.errors_percent, 0);
	assert_int_equal(rules->suspicious.errors_least, 20);
	assert_int_equal(rules->suspicious.minutes, 5);
	assert_int_equal(rules->suspicious.messages_per_s, 1);
	assert_int_equal(rules->window_minutes, 60);
	ruleset_free(rules);
}

static void the_directory_is_what_stands_before_the_last_slash(void **state)
{
	static const struct {
		const char *file, *directory;
	} cases[] = {{NULL, "."}, {"rules.yaml", "."}, {"a/b.yaml", "a"}, {"/b.yaml", "/"}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ruleset *rules = ruleset_compile(view_of(document), cases[i].file, &errors);

		assert_non_null(rules);
		assert_string_equal(rules->directory, cases[i].directory);
		ruleset_free(rules);
	}
}

static void a_complaint_is_one_line_with_file_line_and_key(void **state)
{
	struct text text;
	char buffer[512];

	assert_null(ruleset_compile(VIEW("service: {addresses: [5x]}\n" LOCAL), NULL, &errors));
	assert_int_equal(errors.count, 1);
	text_fixed(&text, buffer, sizeof(buffer));
	rules_error_print("rules.yaml", &errors.list[0], &text);
	assert_memory_equal(buffer, "rules.yaml:1: service.addresses[0]: '5x' is not an IP", 53);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(services_are_addresses_times_ports),
		cmocka_unit_test(what_is_not_said_has_its_default),
		cmocka_unit_test(partners_are_found_by_name_in_any_case_and_by_id),
		cmocka_unit_test(a_blocked_domain_blocks_what_is_below_it_only_when_told),
		cmocka_unit_test(a_partner_is_what_is_below_it_only_when_told),
		cmocka_unit_test(an_index_refuses_doubles_and_keeps_the_old_one),
		cmocka_unit_test(compiling_what_was_printed_gives_the_same_ruleset),
		cmocka_unit_test(ten_thousand_partners_load_and_are_found),
		cmocka_unit_test(a_file_is_loaded_with_its_directory),
		cmocka_unit_test(limits_override_each_other_from_class_to_partner),
		cmocka_unit_test(limits_of_messages_override_each_other_too),
		cmocka_unit_test(the_directory_is_what_stands_before_the_last_slash),
		cmocka_unit_test(a_complaint_is_one_line_with_file_line_and_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
