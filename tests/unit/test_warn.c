/* SPDX-License-Identifier: BSD-3-Clause */
/* What is allowed and probably not meant. */
#include "tests/unit/test.h"

#include "rules/base/text.h"
#include "rules/warn.h"

#define BASE                                                                                       \
	"service: {addresses: [198.51.100.1]}\n"                                                   \
	"local: [{domain: corp.example, certificate: c, key: k,\n"                                 \
	"  inside: {protocol: sip, host: h.example}}]\n"

static const struct {
	const char *document, *warnings;
} cases[] = {
	{BASE "partners: [{domain: a.example, protocol: xmpp}]\n", ""},
	{BASE "partners:\n"
	      "  - {domain: a.example, protocol: xmpp, security: {dialback: true}}\n"
	      "  - {domain: b.example, protocol: xmpp, security: {tls: not-supported, sasl: optional,\n"
	      "     dialback: true}}\n"
	      "  - {domain: c.example, protocol: xmpp, security: {tls: optional}}\n"
	      "discovery: {security: {tls: optional}}\n",
		"5: a.example: dialback has no effect while SASL is required over TLS\n"
		"6: b.example: all streams are in clear text\n"
		"8: c.example: a stream may stay without TLS\n"},
	{BASE "discovery: {enabled: true, security: {tls: optional}}\n",
		"4: discovery: a stream may stay without TLS\n"},
	{BASE "providers:\n"
	      "  - {name: yh, profile: yahoo, enabled: true, domains: [y.example]}\n"
	      "  - {name: aol, profile: aol, domains: [a.example]}\n"
	      "  - {name: skype, profile: skype, enabled: true, domains: [s.example]}\n"
	      "licences:\n"
	      "  - {agreement: old, provider: yh, seats: 1, start: 2011-01-01, end: 2012-01-01}\n"
	      "  - {agreement: new, provider: yh, seats: 1, start: 2011-01-01, end: 2030-01-01}\n",
		"5: yh: its service has ended on 2014-07-01, so that all is refused: state "
		"service_end if a successor goes on\n"
		"9: old: the agreement has ended on 2012-01-01\n"},
	{BASE "providers:\n"
	      "  - {name: skype, profile: skype, enabled: true, domains: [s.example], licence: seat}\n"
	      "licences:\n"
	      "  - {agreement: late, provider: skype, seats: 1, start: 2014-01-01, end: 2014-12-20,\n"
	      "     grace_days: 30}\n"
	      "  - {agreement: over, provider: skype, seats: 1, start: 2014-01-01, end: 2014-12-02,\n"
	      "     grace_days: 30}\n",
		"7: late: the agreement has ended on 2014-12-20, and is served in grace until "
		"2015-01-19\n"
		"9: over: the agreement has ended on 2014-12-02\n"},
	{BASE "providers:\n"
	      "  - {name: cloud, kind: hosting, enabled: true, shared_address_space: true,\n"
	      "     domains: [corp.example, c.example]}\n"
	      "  - {name: closed, kind: hosting, shared_address_space: true,\n"
	      "     domains: [d.example]}\n",
		"6: cloud: shares corp.example, whose server is here by DNS: state the provider's "
		"host\n"},
	{BASE "partners:\n"
	      "  - {domain: a.example, protocol: xmpp, archive: true}\n"
	      "  - {domain: b.example, protocol: xmpp, archive: false}\n"
	      "discovery: {enabled: true, archive: true}\n"
	      "providers:\n"
	      "  - {name: one, archive: true, enabled: true, domains: [on.example]}\n"
	      "  - {name: two, archive: true, domains: [off.example]}\n",
		"5: a.example: nothing archives yet, so that with archive: true all is refused\n"
		"7: discovery: nothing archives yet, so that with archive: true all is refused\n"
		"9: one: nothing archives yet, so that with archive: true all is refused\n"},
	{BASE "discovery: {archive: true}\n", ""},
	{BASE "partners:\n"
	      "  - {domain: a.example, protocol: sip, verification: use-source,\n"
	      "     missing_mark: reject}\n"
	      "  - {domain: b.example, protocol: xmpp, verification: use-source,\n"
	      "     missing_mark: reject}\n"
	      "  - {domain: c.example, protocol: sip, verification: use-source,\n"
	      "     missing_mark: unverified}\n",
		"5: a.example: marks of SIP are not read yet, so that with missing_mark: reject "
		"all that comes in by SIP is refused\n"},
	{BASE "providers:\n"
	      "  - {name: a, licence: seat, enabled: true, domains: [a.example]}\n"
	      "  - {name: b, licence: seat, domains: [b.example]}\n"
	      "  - {name: c, licence: seat, kind: hosting, enabled: true, domains: [c.example]}\n"
	      "  - {name: d, licence: seat, enabled: true, domains: [d.example]}\n"
	      "licences:\n"
	      "  - {agreement: x, provider: d, seats: 1, start: 2014-01-01, end: 2030-01-01}\n",
		"5: a: users need seats for it and no agreement in licences has any, so that all "
		"is refused\n"},
	{BASE "providers:\n"
	      "  - {name: p, domains: [{domain: a.example, subtree: true}, b.example],\n"
	      "     name_decoration: {routing_domain: b.example,\n"
	      "       excluded: [b.example, x.a.example, x.b.example, c.example]}}\n"
	      "  - {name: q, domains: [c.example]}\n",
		"5: p: name_decoration.excluded: 'c.example' is none of the provider's domains\n"
		"5: p: name_decoration.excluded: 'x.b.example' is none of the provider's domains\n"},
	{BASE "policies:\n"
	      "  - {name: none}\n"
	      "  - {name: global}\n"
	      "  - {name: site}\n"
	      "  - {name: group}\n"
	      "  - {name: user}\n"
	      "  - {name: other}\n"
	      "policy: {global: global}\n"
	      "sites: [{name: bare}, {name: s, policy: site}]\n"
	      "groups: [{name: bare}, {name: g, policy: group}]\n"
	      "users: [{address: a@corp.example, policy: user}, {address: b@corp.example}]\n",
		"5: policy none: nobody has it: name it as policy.global, or in a site, a group or "
		"a user\n"
		"10: policy other: nobody has it: name it as policy.global, or in a site, a group "
		"or a user\n"},
	{BASE "policies: [{name: a}]\n",
		"4: policy a: nobody has it: name it as policy.global, or in a site, a group or a "
		"user\n"},
	{BASE "partners:\n"
	      "  - {domain: a.example, protocol: xmpp, srv_hosts: own}\n"
	      "  - {domain: b.example, protocol: xmpp, host: h.b.example}\n"
	      "  - {domain: c.example, protocol: sip, host: h.c.example, srv_hosts: any}\n",
		"7: c.example: srv_hosts has no effect where host says where the server is\n"},
	{BASE "region: CN\n"
	      "providers: [{name: live, profile: windows-live, enabled: true, domains: [l.example]}]\n",
		""},
};

static void put(void *arg, unsigned line, const char *text)
{
	text_printf(arg, "%u: %s\n", line, text);
}

static void each_has_its_line(void **state)
{
	static struct rules_errors errors;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ruleset *rules = ruleset_compile(view_of(cases[i].document), NULL, &errors);
		struct text said;

		if (!rules)
			fail_msg("case %zu: %s: %s", i, errors.list[0].key, errors.list[0].text);
		text_init(&said, 4096);
		ruleset_warn(rules, (struct wall){1420070400}, put, &said); /* 2015-01-01 */
		if (strcmp(said.p ? said.p : "", cases[i].warnings) != 0)
			fail_msg("case %zu: %s", i, said.p);
		text_free(&said);
		ruleset_free(rules);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_has_its_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
