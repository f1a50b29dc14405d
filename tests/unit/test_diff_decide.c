/* SPDX-License-Identifier: BSD-3-Clause */
/* Whose decisions two rulesets disagree about. */
#include "tests/unit/test.h"

#include "rules/base/text.h"
#include "rules/diff_decide.h"
#include "tests/unit/compile.h"

#define BASE                                                                                       \
	"service: {addresses: [198.51.100.1]}\n"                                                   \
	"local: [{domain: corp.example, certificate: c, key: k,\n"                                 \
	"  inside: {protocol: sip, host: h.example}}]\n"
#define POLICIES                                                                                   \
	"policies:\n"                                                                              \
	"  - {name: all, in: [federation, xmpp, public], out: [federation, xmpp, public]}\n"       \
	"  - {name: few, in: [federation], out: [federation]}\n"
#define USERS                                                                                       \
	"users: [{address: a@corp.example, policy: all}, {address: b@corp.example, policy: few},\n" \
	"  {address: c@corp.example, policy: few}]\n"
#define PARTNERS                                                                                   \
	"partners: [{domain: p.example, protocol: xmpp}, {domain: q.example, protocol: xmpp},\n"   \
	"  {domain: s.example, protocol: sip}]\n"
#define YAHOO(more)                                                                                \
	"providers: [{name: yh, profile: yahoo, enabled: true, domains: [y.example]" more "}]\n"   \
	"licences: [{agreement: a, provider: yh, seats: 5, start: 2012-01-01, end: 2016-01-01}]\n"

static void change_put(void *arg, const struct decision_change *change)
{
	decision_change_print(change, arg);
	text_putc(arg, '\n');
}

static const struct {
	const char *label, *from, *to, *lines;
} cases[] = {
	{"nothing", BASE POLICIES USERS PARTNERS, BASE POLICIES USERS PARTNERS, ""},
	{"what decides nothing", BASE PARTNERS,
		BASE "partners: [{domain: p.example, protocol: xmpp, host: h.example},\n"
		     "  {domain: q.example, protocol: xmpp, disclaimer: hello},\n"
		     "  {domain: s.example, protocol: sip, limits: {connections: 3}}]\n",
		""},
	{"a partner comes", BASE, BASE "partners: [{domain: p.example, protocol: xmpp}]\n",
		"~ decision others at corp.example with p.example, in: message, presence, "
		"subscription, typing, receipt, file, call, group: refused: no_partner -> allowed\n"
		"~ decision others at corp.example with p.example, out: message, presence, "
		"subscription, typing, receipt, file, call, group: refused: no_partner -> "
		"allowed\n"},
	{"capabilities of two partners", BASE PARTNERS,
		BASE
		"partners: [{domain: p.example, protocol: xmpp, capabilities: [im, presence,\n"
		"    typing, receipts]},\n"
		"  {domain: q.example, protocol: xmpp, capabilities: [presence, im, receipts,\n"
		"    typing]},\n"
		"  {domain: s.example, protocol: sip}]\n",
		"~ decision others at corp.example with p.example (and 1 like it), in: file, call, "
		"group: allowed -> refused: capability\n"
		"~ decision others at corp.example with p.example (and 1 like it), out: file, call, "
		"group: allowed -> refused: capability\n"},
	{"some users get another policy", BASE POLICIES USERS PARTNERS,
		BASE POLICIES "users: [{address: a@corp.example, policy: all},\n"
			      "  {address: b@corp.example, policy: few}]\n"
			      "policy: {global: all}\n" PARTNERS,
		"~ decision c@corp.example with p.example (and 1 like it), in: message, presence, "
		"subscription, typing, receipt, file, call, group: refused: user_xmpp -> allowed\n"
		"~ decision c@corp.example with p.example (and 1 like it), out: message, presence, "
		"subscription, typing, receipt, file, call, group: refused: user_xmpp -> allowed\n"},
	{"the end of a service", BASE POLICIES USERS YAHOO(", service_end: 2020-01-01"),
		BASE POLICIES USERS YAHOO(""),
		"~ decision a@corp.example with y.example, in: message, presence, subscription: "
		"allowed -> refused: provider_retired\n"
		"~ decision a@corp.example with y.example, out: message, presence, subscription: "
		"allowed -> refused: provider_retired\n"
		"~ decision others at corp.example with y.example, in: message, presence, "
		"subscription: allowed -> refused: provider_retired\n"
		"~ decision others at corp.example with y.example, out: message, presence, "
		"subscription: allowed -> refused: provider_retired\n"},
	{"discovery", BASE, BASE "discovery: {enabled: true, capabilities: [im]}\n",
		"~ decision others at corp.example with whoever no rule names, in: message: "
		"refused: no_partner -> allowed\n"
		"~ decision others at corp.example with whoever no rule names, out: message: "
		"refused: no_partner -> allowed\n"},
	{"a block, and who begins", BASE "discovery: {enabled: true}\n" PARTNERS,
		BASE "discovery: {enabled: true}\nblocked: {domains: [p.example]}\n"
		     "partners: [{domain: q.example, protocol: xmpp, type: public-unverified},\n"
		     "  {domain: s.example, protocol: sip}]\n",
		"~ decision others at corp.example with q.example, in: message, presence, "
		"subscription, typing, receipt, file, call, group: allowed -> refused: not_invited\n"
		"~ decision others at corp.example with p.example, in: message, presence, "
		"subscription, typing, receipt, file, call, group: allowed -> refused: "
		"domain_blocked\n"
		"~ decision others at corp.example with p.example, out: message, presence, "
		"subscription, typing, receipt, file, call, group: allowed -> refused: "
		"domain_blocked\n"},
};

/* 2015-01-01 */
static const struct wall now = {1420070400};

static void whoever_is_decided_otherwise_is_named(void **state)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ruleset *from = compile(cases[i].from);
		struct ruleset *to = compile(cases[i].to);
		struct text said;
		int64_t there;
		int64_t back;

		text_init(&said, 1 << 20);
		back = ruleset_diff_decisions(to, from, now, change_put, &said);
		text_reset(&said);
		there = ruleset_diff_decisions(from, to, now, change_put, &said);
		if (strcmp(said.p ? said.p : "", cases[i].lines) != 0 || there != back)
			fail_msg("%s: %s", cases[i].label, said.p);
		text_free(&said);
		ruleset_free(from);
		ruleset_free(to);
	}
}

static void change_count(void *arg, const struct decision_change *change)
{
	++*(uint32_t *)arg;
}

/* Every policy is a class of its own, and every partner too. */
static void there_is_an_end_to_it(void **state)
{
	struct ruleset *rules[2];
	uint32_t brought = 0;

	for (int i = 0; i < 2; i++) {
		struct text t;

		text_init(&t, 1 << 20);
		text_puts(&t, BASE "policies:\n");
		for (int k = 0; k < 20; k++)
			text_printf(&t, "  - {name: p%d, in: [federation, xmpp]}\n", k);
		text_puts(&t, "users:\n");
		for (int k = 0; k < 20; k++)
			text_printf(&t, "  - {address: u%d@corp.example, policy: p%d}\n", k, k);
		text_puts(&t, "partners:\n");
		for (int k = 0; k < 20; k++)
			text_printf(&t,
				"  - {domain: d%d.example, protocol: xmpp, message_bytes_max: %d%s}\n",
				k, k + 1, i == 0 ? "" : ", capabilities: [im]");
		rules[i] = compile(t.p);
		text_free(&t);
	}
	assert_true(ruleset_diff_decisions(rules[0], rules[1], now, change_count, &brought) > 400);
	assert_int_equal(brought, DECISION_CHANGES_MAX);
	ruleset_free(rules[0]);
	ruleset_free(rules[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whoever_is_decided_otherwise_is_named),
		cmocka_unit_test(there_is_an_end_to_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
