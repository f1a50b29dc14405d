/* SPDX-License-Identifier: BSD-3-Clause */
/* The filter table in the form that packets ask. */
#include "tests/ring/ring.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

#include "rules/filter.h"

#define HEAD                                                                                       \
	"service:\n  addresses: [198.51.100.1]\n  ports: {xmpp: [5269], sip: [5061, 5062]}\n"      \
	"local:\n  - {domain: corp.example, certificate: c, key: k,\n"                             \
	"     inside: {protocol: sip, host: 10.0.0.9}}\n"

static struct source source_of(const char *address)
{
	bool six = strchr(address, ':') != NULL;
	struct source source;
	uint8_t bytes[16] = {0};

	assert_int_equal(inet_pton(six ? AF_INET6 : AF_INET, address, bytes), 1);
	tables_source(tables_now(), six ? TUPLE_IPV6 : TUPLE_IPV4, bytes, &source);
	return source;
}

static void assert_source(const char *address, bool blocked, uint32_t partner_id)
{
	struct source source = source_of(address);

	if (source.blocked != blocked || source.partner_id != partner_id)
		fail_msg("%s: blocked %d, partner %u", address, source.blocked, source.partner_id);
}

static void longest_prefix_decides(void **state)
{
	ring_publish(HEAD "partners:\n"
			  "  - {domain: a.example, protocol: xmpp, sources: [10.0.0.0/8,\n"
			  "     \"2001:db8:a::/48\", \"2001:db8:b::1/128\"]}\n"
			  "  - {domain: b.example, protocol: sip, sources: [10.1.2.0/24]}\n"
			  "blocked:\n"
			  "  prefixes: [10.3.0.0/16, 10.1.2.128/25, 172.16.0.0/12,\n"
			  "     \"2001:db8:c::/48\", \"2001:db8:a:1::/64\"]\n");
	assert_source("10.9.9.9", false, 1);
	assert_source("10.3.9.9", true, 0);
	assert_source("10.1.9.9", false, 1);
	assert_source("10.1.2.3", false, 2);
	assert_source("10.1.2.200", true, 0);
	assert_source("172.16.5.8", true, 0);
	assert_source("11.0.0.1", false, 0);
	assert_source("2001:db8:a::5", false, 1);
	assert_source("2001:db8:a:1::5", true, 0);
	assert_source("2001:db8:b::1", false, 1);
	assert_source("2001:db8:b::2", false, 0);
	assert_source("2001:db8:c::2", true, 0);
	assert_source("2001:db9::1", false, 0);
	assert_int_not_equal(source_of("10.9.9.9").partner_slot, 0);
	assert_int_not_equal(
		source_of("10.9.9.9").partner_slot, source_of("10.1.2.3").partner_slot);
}

static void everything_may_be_blocked(void **state)
{
	ring_publish(HEAD "partners:\n  - {domain: a.example, protocol: xmpp}\n"
			  "blocked:\n  prefixes: [0.0.0.0/0, \"::/0\"]\n");
	assert_source("8.8.8.8", true, 0);
	assert_source("255.255.255.255", true, 0);
	assert_source("0.0.0.0", true, 0);
	assert_source("2001:db8::1", true, 0);
}

static void without_prefixes_everybody_is_unknown(void **state)
{
	ring_publish(HEAD "partners:\n  - {domain: a.example, protocol: xmpp}\n");
	assert_source("8.8.8.8", false, 0);
	assert_source("2001:db8::1", false, 0);
}

static void thousands_of_partners_and_hosts_fit(void **state)
{
	enum { PARTNERS = 3000 };
	size_t bytes = PARTNERS * 120 + 1024;
	char *yaml = malloc(bytes);
	size_t len = (size_t)snprintf(yaml, bytes, HEAD "partners:\n");
	char address[40];

	for (int i = 0; i < PARTNERS; i++)
		len += (size_t)snprintf(yaml + len, bytes - len,
			"  - {domain: p%04d.example, protocol: xmpp, sources: [10.%d.%d.7/32, "
			"\"2001:db8:%x::/48\"]}\n",
			i, i / 256, i % 256, i);
	ring_publish(yaml);
	free(yaml);
	for (int i = 0; i < PARTNERS; i += 37) {
		snprintf(address, sizeof(address), "10.%d.%d.7", i / 256, i % 256);
		assert_source(address, false, (uint32_t)i + 1);
		snprintf(address, sizeof(address), "10.%d.%d.8", i / 256, i % 256);
		assert_source(address, false, 0);
		snprintf(address, sizeof(address), "2001:db8:%x::7", i);
		assert_source(address, false, (uint32_t)i + 1);
	}
	assert_int_equal(tables_partner(tables_now(), VIEW("P2999.example.")), 3000);
}

static void services_are_address_port_and_protocol(void **state)
{
	static const struct {
		const char *address;
		uint16_t port;
		bool found;
		enum filter_protocol protocol;
	} cases[] = {
		{"198.51.100.1", 5269, true, FILTER_XMPP},
		{"198.51.100.1", 5061, true, FILTER_SIP},
		{"198.51.100.1", 5062, true, FILTER_SIP},
		{"198.51.100.1", 5060, false, 0},
		{"198.51.100.2", 5269, false, 0},
	};

	ring_publish(HEAD "partners:\n  - {domain: a.example, protocol: xmpp}\n");
	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		enum filter_protocol protocol = FILTER_XMPP;
		uint8_t bytes[16] = {0};
		bool found;

		inet_pton(AF_INET, cases[i].address, bytes);
		found = tables_service(tables_now(), TUPLE_IPV4, bytes, cases[i].port, &protocol);
		if (found != cases[i].found || (found && protocol != cases[i].protocol))
			fail_msg("%s:%u", cases[i].address, cases[i].port);
		/* The same octets as an IPv6 address are somebody else. */
		assert_false(
			tables_service(tables_now(), TUPLE_IPV6, bytes, cases[i].port, &protocol));
	}
}

static void blocked_domains_are_found_by_labels(void **state)
{
	static const struct {
		const char *name;
		bool blocked;
	} cases[] = {
		{"bad.example", true},
		{"BAD.Example.", true},
		{"x.bad.example", false},
		{"worst.example", true},
		{"a.b.c.d.e.f.worst.example", true},
		{"notworst.example", false},
		{"worst.example.org", false},
		{"notbad.example", false},
		{"bad.example.org", false},
		{"example", false},
		{"deep.down.worse.example", true},
		{"x.deep.down.worse.example", true},
		{"down.worse.example", false},
		{"bücher.example", true},
		{"xn--bcher-kva.example", true},
		{"sub.bücher.example", true},
		{"", false},
		{".", false},
		{"..", false},
		{".worst.example", true},
	};
	uint8_t labels[255];

	ring_publish(
		HEAD "partners:\n  - {domain: a.example, protocol: xmpp}\n"
		     "blocked:\n  domains: [bad.example, {domain: worst.example, subtree: true}, "
		     "{domain: deep.down.worse.example, subtree: true}, "
		     "{domain: bücher.example, subtree: true}]\n");
	for (size_t i = 0; i < RTE_DIM(cases); i++)
		if (tables_blocked(tables_now(), view_of(cases[i].name)) != cases[i].blocked)
			fail_msg("'%s'", cases[i].name);
	for (size_t i = 0; i < sizeof(labels); i++)
		labels[i] = i % 2 ? '.' : 'a';
	assert_false(tables_blocked(tables_now(), view_make(labels, sizeof(labels))));
}

static void unbuildable_table_says_why(void **state)
{
	struct filter filter = {.generation = 9, .service_count = TABLES_SERVICES_MAX + 1};
	char why[128];

	assert_null(tables_build(&filter, why, sizeof(why)));
	assert_non_null(strstr(why, "services of generation 9"));
	tables_free(NULL);
}

#define ring_test(f) cmocka_unit_test_setup_teardown(f, ring_setup, ring_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ring_test(longest_prefix_decides),
		ring_test(everything_may_be_blocked),
		ring_test(without_prefixes_everybody_is_unknown),
		ring_test(thousands_of_partners_and_hosts_fit),
		ring_test(services_are_address_port_and_protocol),
		ring_test(blocked_domains_are_found_by_labels),
		ring_test(unbuildable_table_says_why),
	};

	return cmocka_run_group_tests(tests, ring_start, ring_stop);
}
