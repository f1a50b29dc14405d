/* SPDX-License-Identifier: BSD-3-Clause */
/* What is different between two rulesets. */
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>

#include "rules/base/text.h"
#include "rules/diff.h"
#include "tests/unit/compile.h"

#define SERVICE "service: {addresses: [198.51.100.1]}\n"
#define LOCAL                                                                                      \
	"local:\n"                                                                                 \
	"  - {domain: corp.example, certificate: c.crt, key: c.key,\n"                             \
	"     inside: {protocol: sip, host: 10.0.0.1}}\n"
#define BASE SERVICE LOCAL

static void line_put(void *arg, const struct diff_line *line)
{
	diff_line_print(line, arg);
	text_putc(arg, '\n');
}

static struct text diff_of(const struct ruleset *from, const struct ruleset *to)
{
	struct text said;

	text_init(&said, 1 << 20);
	assert_int_equal(ruleset_diff(from, to, line_put, &said), 0);
	assert_false(said.failed);
	return said;
}

static void each_difference_is_a_line(void **state)
{
	static const struct {
		const char *label, *from, *to, *lines;
	} cases[] = {
		{"nothing", BASE, BASE, ""},
		{"order, comments and defaults say nothing",
			BASE "partners:\n  - {domain: b.example, protocol: xmpp}\n"
			     "  - {domain: a.example, protocol: sip}\n",
			SERVICE LOCAL
			"# the same\npartners:\n  - {domain: A.example, protocol: sip}\n"
			"  - {domain: b.example., protocol: xmpp}\nblocked: {domains: []}\n",
			""},
		{"a partner comes, one goes",
			BASE "partners: [{domain: a.example, protocol: xmpp}]\n",
			BASE
			"partners: [{domain: b.example, protocol: sip, host: h.example,\n"
			"  sources: [192.0.2.0/24, 2001:db8::/32], limits: {connections: 5}}]\n",
			"- partner a.example: protocol xmpp\n"
			"+ partner b.example: protocol sip, sources [192.0.2.0/24, 2001:db8::/32], "
			"host h.example, limits.connections 5\n"},
		{"a partner changes",
			BASE "partners: [{domain: a.example, protocol: xmpp, port: 5269,\n"
			     "  host: h.example, sources: [192.0.2.0/24, 198.51.100.0/24],\n"
			     "  limits: {connections: 5}}]\n",
			BASE "partners: [{domain: a.example, protocol: sip, host: i.example,\n"
			     "  sources: [192.0.2.0/25, 198.51.100.0/24],\n"
			     "  limits: {connections: 6, packets_per_s: 3000, users: 7}}]\n",
			"~ partner a.example: protocol: xmpp -> sip\n"
			"~ partner a.example: sources: - 192.0.2.0/24\n"
			"~ partner a.example: sources: + 192.0.2.0/25\n"
			"~ partner a.example: host: h.example -> i.example\n"
			"~ partner a.example: port: - 5269\n"
			"~ partner a.example: limits.connections: 5 -> 6\n"
			"~ partner a.example: limits.packets_per_s: + 3000\n"
			"~ partner a.example: limits.users: + 7\n"},
		{"a list that begins and one that ends",
			BASE
			"partners: [{domain: a.example, protocol: xmpp, sources: [192.0.2.1]},\n"
			"  {domain: b.example, protocol: xmpp}]\n",
			BASE "partners: [{domain: a.example, protocol: xmpp},\n"
			     "  {domain: b.example, protocol: xmpp, sources: [192.0.2.1]}]\n",
			"~ partner a.example: sources: - 192.0.2.1/32\n"
			"~ partner b.example: sources: + 192.0.2.1/32\n"},
		{"services", BASE,
			"service: {addresses: [198.51.100.2, 198.51.100.1], ports: {sip: []}}\n" LOCAL,
			"~ service: addresses: [198.51.100.1] -> [198.51.100.2, 198.51.100.1]\n"
			"~ service: ports.sip: [5061] -> []\n"},
		{"what happens without a control plane", SERVICE LOCAL "control_down: refuse\n",
			SERVICE LOCAL "control_down: hold\n",
			"~ service: control_down: refuse -> hold\n"},
		{"local domains", BASE,
			SERVICE
			"local:\n"
			"  - {domain: corp.example, certificate: d.crt, key: c.key,\n"
			"     inside: {protocol: sip, host: 10.0.0.2, port: 5071, name: i.example}}\n"
			"  - {domain: b.example, certificate: b.crt, key: b.key,\n"
			"     inside: {protocol: sip, host: 10.0.0.1}}\n",
			"+ local domain b.example: certificate b.crt, key b.key, inside.protocol sip, "
			"inside.host 10.0.0.1, inside.port 5061, inside.name b.example, "
			"inside.request_bytes_max 16000\n"
			"~ local domain corp.example: certificate: c.crt -> d.crt\n"
			"~ local domain corp.example: inside.host: 10.0.0.1 -> 10.0.0.2\n"
			"~ local domain corp.example: inside.port: 5061 -> 5071\n"
			"~ local domain corp.example: inside.name: corp.example -> i.example\n"},
		{"blocked ones",
			BASE
			"blocked: {domains: [bad.example, mad.example], prefixes: [192.0.2.0/24]}\n",
			BASE "blocked: {domains: [bad.example, sad.example],\n"
			     "  prefixes: [192.0.2.0/25, 2001:db8::/32]}\n",
			"- blocked domain mad.example\n+ blocked domain sad.example\n"
			"- blocked prefix 192.0.2.0/24\n+ blocked prefix 192.0.2.0/25\n"
			"+ blocked prefix 2001:db8::/32\n"},
		{"names below come along, or do not any more",
			BASE "partners: [{domain: a.example, protocol: xmpp}]\n"
			     "blocked: {domains: [{domain: bad.example, subtree: true}]}\n",
			BASE "partners: [{domain: a.example, protocol: xmpp, subtree: true}]\n"
			     "blocked: {domains: [bad.example]}\n",
			"~ partner a.example: subtree: + true\n"
			"~ blocked domain bad.example: subtree: - true\n"},
		{"who may talk to whom",
			BASE "policies: [{name: p}]\nusers: [{address: a@corp.example}]\n",
			BASE
			"federation: false\ndiscovery: {enabled: true, limits: {users: 9}}\n"
			"links: {action: block, extensions: [iso, default]}\n"
			"policies: [{name: p, in: [xmpp]}, {name: q, capabilities: [im]}]\n"
			"groups: [{name: g, policy: q}]\n"
			"users: [{address: a@corp.example, groups: [g]}]\n"
			"partners: [{domain: a.example, protocols: [sip, xmpp], type: public-verified}]\n"
			"providers: [{name: yh, profile: yahoo, domains: [y.example]}]\n"
			"licences: [{agreement: EA, provider: yh, seats: 5, start: 2012-01-01,\n"
			"  end: 2013-01-01}]\n",
			"+ partner a.example: protocols [sip, xmpp], type public-verified\n"
			"~ federation: federation: + false\n"
			"~ links: action: + block\n"
			"~ links: extensions: + [default, iso]\n"
			"~ discovery: enabled: + true\n"
			"~ discovery: limits.users: + 9\n"
			"~ policy p: in: + [xmpp]\n"
			"+ policy q: capabilities [im]\n"
			"+ group g: policy q\n"
			"~ user a@corp.example: groups: + g\n"
			"+ provider yh: profile yahoo, domains [y.example]\n"
			"+ licence EA: provider yh, model active, seats 5, start 2012-01-01, end "
			"2013-01-01\n"},
		{"limits of a provider",
			BASE "providers: [{name: p, domains: [p.example], limits: {users: 5}}]\n",
			BASE "providers: [{name: p, domains: [p.example],\n"
			     "  limits: {messages_per_s: 2, users: 6}}]\n",
			"~ provider p: limits.messages_per_s: + 2\n"
			"~ provider p: limits.users: 5 -> 6\n"},
		{"limits", BASE,
			BASE
			"limits: {partner: {connections: 21, users: 9}, unknown: {bytes_per_s: 900000},\n"
			"  suspicious: {errors_percent: 0, connections: 3}, window_minutes: 5,\n"
			"  handshakes_reserved_percent: 30}\n",
			"~ limits: partner.connections: 20 -> 21\n"
			"~ limits: unknown.bytes_per_s: 1000000 -> 900000\n"
			"~ limits: suspicious.connections: 4 -> 3\n"
			"~ limits: partner.users: + 9\n"
			"~ limits: suspicious.errors_percent: 50 -> 0\n"
			"~ limits: window_minutes: 60 -> 5\n"
			"~ limits: handshakes_reserved_percent: 25 -> 30\n"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ruleset *from = compile(cases[i].from);
		struct ruleset *to = compile(cases[i].to);
		struct text said = diff_of(from, to);

		if (strcmp(said.p ? said.p : "", cases[i].lines) != 0)
			fail_msg("%s: %s", cases[i].label, said.p);
		text_free(&said);
		ruleset_free(from);
		ruleset_free(to);
	}
}

static void partners_are_counted_once_each(void **state)
{
	struct ruleset *from = compile(
		BASE "partners: [{domain: a.example, protocol: xmpp},\n"
		     "  {domain: b.example, protocol: xmpp}, {domain: c.example, protocol: xmpp}]\n"
		     "blocked: {domains: [bad.example]}\n");
	struct ruleset *to = compile(
		BASE "partners: [{domain: b.example, protocol: sip, host: h.example, port: 1},\n"
		     "  {domain: c.example, protocol: xmpp}, {domain: d.example, protocol: xmpp},\n"
		     "  {domain: e.example, protocol: xmpp}]\n");
	struct diff_counts counts;

	assert_int_equal(ruleset_diff_partners(from, to, &counts), 0);
	assert_int_equal(counts.added, 2);
	assert_int_equal(counts.removed, 1);
	assert_int_equal(counts.changed, 1);
	ruleset_free(from);
	ruleset_free(to);
}

/* --- any two documents --- */

static uint32_t dice(uint32_t *seed, uint32_t sides)
{
	*seed = *seed * 1664525 + 1013904223;
	return (*seed >> 16) % sides;
}

/* Some of the terms of a partner, a provider or of discovery, each behind a comma. */
static void terms_throw(struct text *t, uint32_t *seed)
{
	static const char *const terms[] = {
		"type: public-verified",
		"verification: use-source, missing_mark: reject",
		"verification: always-unverifiable",
		"capabilities: []",
		"capabilities: [im]",
		"security: {sasl: optional, dialback: true}",
		"security: {dialback: true}",
		"fold_presence: true",
		"fold_messages: true",
		"archive: true",
		"message_bytes_max: 1000",
		"disclaimer: \"a, b: c\"",
		"srv_hosts: own",
		"srv_hosts: any",
		"links: {action: warn, notice: \"a, b: c\", ignore: [a.example]}",
		"links: {action: defuse, prefixes: [default, \"x:\"], directions: [out]}",
	};
	uint32_t at = dice(seed, 16);

	if (dice(seed, 3) != 0)
		return;
	text_printf(t, ", %s", terms[at]);
	if (at > 5 && dice(seed, 2))
		text_printf(t, ", %s", terms[dice(seed, 5)]);
}

static void policies_throw(struct text *t, uint32_t *seed)
{
	text_printf(t, "federation: %s\n%sdiscovery: {enabled: %s",
		dice(seed, 4) ? "true" : "false", dice(seed, 4) ? "" : "region: CN\n",
		dice(seed, 3) ? "true" : "false");
	terms_throw(t, seed);
	text_printf(t, ", limits: {users: %u}}\n", dice(seed, 4) ? 1000 : 500);
	text_printf(t,
		"policies: [{name: p, in: [%s], out: [federation]}, {name: q, capabilities: [%s]}]\n",
		dice(seed, 4) ? "federation" : "", dice(seed, 4) ? "im" : "");
	if (dice(seed, 4) == 0)
		text_printf(t, "policy: {global: %s}\n", dice(seed, 2) ? "p" : "q");
	text_printf(t,
		"sites: [{name: s, policy: %s, domains: [%s]}]\n"
		"groups: [{name: g, policy: p}, {name: h%s, members: [eve@corp.example]}]\n",
		dice(seed, 4) ? "p" : "q", dice(seed, 4) ? "corp.example" : "",
		dice(seed, 4) ? "" : ", policy: p");
	text_puts(t, "users:\n");
	for (char name = 'a'; name < 'd'; name++)
		if (dice(seed, 4))
			text_printf(t, "  - {address: %c@corp.example%s%s%s}\n", name,
				dice(seed, 4) ? "" : ", policy: q",
				dice(seed, 4) ? "" : ", site: s",
				dice(seed, 4) ? "" : ", groups: [h, g]");
}

static void providers_throw(struct text *t, uint32_t *seed)
{
	static const char *const graces[] = {"grace_days: 0", "grace_days: 1",
		"grace_days: 1, notice: \"a: b\"", "grace_days: 1, notice: c"};

	text_printf(t,
		"providers:\n  - {name: yh, profile: yahoo, enabled: %s, domains: [y.example%s]",
		dice(seed, 3) ? "true" : "false",
		dice(seed, 4) ? "" : ", {domain: z.example, subtree: true}");
	if (dice(seed, 4) == 0)
		text_printf(t, ", service_end: 203%u-01-01", dice(seed, 2));
	if (dice(seed, 4) == 0)
		text_puts(t, ", name_decoration: {routing_domain: y.example, excluded: []}");
	text_puts(t, "}\n  - {name: w, profile: windows-live, domains: [w.example]");
	if (dice(seed, 4) == 0)
		text_puts(t, ", service_end: 2013-03-15");
	text_puts(t, "}\n  - {name: x, kind: hosting, domains: [x.example], protocols: [xmpp]");
	terms_throw(t, seed);
	if (dice(seed, 4) == 0)
		text_puts(t, ", shared_address_space: true, host: h.example, port: 5061");
	text_printf(t,
		"}\nlicences:\n"
		"  - {agreement: a, provider: yh, seats: %u, model: assigned, start: 2012-01-01,\n"
		"     end: 2014-01-01, %s, renewals: [%s], domains: [%s],\n"
		"     assignments: [%s]}\n",
		8 + dice(seed, 2), graces[dice(seed, 4)], dice(seed, 4) ? "" : "2012-02-01",
		dice(seed, 4) ? "" : "{domain: corp.example, since: 2012-02-01}",
		dice(seed, 4)   ? "a@corp.example"
		: dice(seed, 2) ? "{user: a@corp.example, to: 2013-01-01}"
				: "a@corp.example, b@corp.example");
}

/* A document of a small world, so that two of them are often nearly the same. */
static struct ruleset *document_throw(uint32_t *seed)
{
	struct text t;
	struct ruleset *rules;

	text_init(&t, 16384);
	text_printf(&t, "service: {addresses: [%s198.51.100.1], ports: {sip: [%s]}}\n",
		dice(seed, 4) ? "" : "198.51.100.2, ", dice(seed, 4) ? "5061" : "5061, 5071");
	text_printf(&t,
		"local: [{domain: corp.example, certificate: %s, key: k,\n"
		"  inside: {protocol: sip, host: h.example}}]\npartners:\n",
		dice(seed, 4) ? "c" : "d");
	for (char name = 'a'; name < 'e'; name++) {
		if (dice(seed, 4) == 0)
			continue;
		text_printf(&t, "  - {domain: %c.example, protocol%s", name,
			dice(seed, 4)   ? ": xmpp"
			: dice(seed, 2) ? "s: [xmpp, sip]"
					: "s: [sip, xmpp]");
		if (dice(seed, 4) == 0)
			text_printf(&t, ", host: h%u.example", dice(seed, 2));
		if (dice(seed, 4) == 0)
			text_puts(&t, ", subtree: true");
		terms_throw(&t, seed);
		text_puts(&t, ", sources: [");
		if (dice(seed, 3) == 0)
			text_printf(&t, "192.0.%u.0/24", (unsigned)name);
		text_puts(&t, "]");
		if (dice(seed, 4) == 0)
			text_printf(&t, ", limits: {connections: %u}", 20 + dice(seed, 2));
		text_puts(&t, "}\n");
	}
	text_printf(&t, "blocked: {domains: [%s], prefixes: [%s]}\n",
		dice(seed, 4)   ? "bad.example"
		: dice(seed, 2) ? ""
				: "{domain: bad.example, subtree: true}",
		dice(seed, 4) ? "203.0.113.0/24" : "");
	text_printf(&t, "limits: {partner: {connections: %u}, handshakes_burst: %u}\n",
		20 + (dice(seed, 4) == 0), 4000 + (dice(seed, 4) == 0));
	policies_throw(&t, seed);
	providers_throw(&t, seed);
	rules = compile(t.p);
	text_free(&t);
	return rules;
}

static struct text printed(const struct ruleset *rules)
{
	struct text out;

	text_init(&out, 1 << 16);
	ruleset_print(rules, &out);
	return out;
}

static void nothing_is_said_exactly_when_both_print_the_same(void **state)
{
	uint32_t seed = 7;
	uint32_t alike = 0;

	for (uint32_t i = 0; i < 3000; i++) {
		/* One element of luck apart, or wholly different. */
		uint32_t other = i % 2 ? seed : seed + 1;
		struct ruleset *from = document_throw(&seed);
		struct ruleset *to = document_throw(i % 3 ? &other : &seed);
		struct text a = printed(from);
		struct text b = printed(to);
		struct text there = diff_of(from, to);
		struct text back = diff_of(to, from);
		bool same = view_equal(text_view(&a), text_view(&b));

		alike += same;
		if (same != (there.len == 0) || same != (back.len == 0))
			fail_msg("%s\n%s\n%s", a.p, b.p, there.p);
		text_free(&a);
		text_free(&b);
		text_free(&there);
		text_free(&back);
		ruleset_free(from);
		ruleset_free(to);
	}
	/* The dice showed both. */
	assert_in_range(alike, 300, 2700);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_difference_is_a_line),
		cmocka_unit_test(partners_are_counted_once_each),
		cmocka_unit_test(nothing_is_said_exactly_when_both_print_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
