/* SPDX-License-Identifier: BSD-3-Clause */
/* With which domains there may be connections. */
#include "tests/unit/test.h"

#include "rules/peer.h"
#include "tests/unit/compile.h"

#define BASE                                                                                       \
	"service: {addresses: [198.51.100.1]}\n"                                                   \
	"local: [{domain: corp.example, certificate: c, key: k,\n"                                 \
	"  inside: {protocol: sip, host: h.example}}]\n"                                           \
	"partners:\n"                                                                              \
	"  - {domain: group.example, protocol: xmpp, subtree: true}\n"                             \
	"  - {domain: sip.example, protocol: sip}\n"                                               \
	"  - {domain: own.pub.example, protocol: xmpp}\n"                                          \
	"blocked: {domains: [bad.pub.example, {domain: evil.example, subtree: true}]}\n"           \
	"providers:\n"                                                                             \
	"  - {name: pub, enabled: true, protocols: [xmpp],\n"                                      \
	"     domains: [{domain: pub.example, subtree: true}]}\n"                                  \
	"  - {name: closed, protocols: [xmpp], domains: [off.group.example, off.example]}\n"       \
	"  - {name: cloud, kind: hosting, enabled: true, shared_address_space: true,\n"            \
	"     protocols: [sip, xmpp], domains: [corp.example]}\n"

static const struct {
	const char *name;
	enum peer_standing standing;
	const char *partner; /* NULL: none */
	bool xmpp, sip;
} cases[] = {
	{"group.example", PEER_PARTNER, "group.example", true, false},
	{"x.group.example", PEER_PARTNER, "group.example", true, false},
	{"sip.example", PEER_PARTNER, "sip.example", false, true},
	{"x.sip.example", PEER_UNKNOWN, NULL, false, false},
	{"nobody.example", PEER_UNKNOWN, NULL, false, false},
	{"evil.example", PEER_BLOCKED, NULL, false, false},
	{"x.evil.example", PEER_BLOCKED, NULL, false, false},
	{"pub.example", PEER_PARTNER, "pub.example", true, false},
	{"x.y.pub.example", PEER_PARTNER, "pub.example", true, false},
	{"bad.pub.example", PEER_BLOCKED, NULL, false, false},
	/* Whoever names more of it. */
	{"own.pub.example", PEER_PARTNER, "own.pub.example", true, false},
	{"x.own.pub.example", PEER_PARTNER, "pub.example", true, false},
	{"off.example", PEER_OFF, NULL, false, false},
	{"off.group.example", PEER_OFF, NULL, false, false},
	{"x.off.group.example", PEER_PARTNER, "group.example", true, false},
	/* Ours, and a provider's who shares it. */
	{"corp.example", PEER_PARTNER, "corp.example", true, true},
	{"x.corp.example", PEER_UNKNOWN, NULL, false, false},
};

static void each_name_has_its_standing(void **state)
{
	struct ruleset *rules = compile(BASE);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct peer peer;

		peer_find(rules, view_of(cases[i].name), &peer);
		if (peer.standing != cases[i].standing)
			fail_msg("%s: standing %d", cases[i].name, peer.standing);
		if (!cases[i].partner != !peer.partner ||
			(peer.partner && strcmp(peer.partner->domain, cases[i].partner) != 0))
			fail_msg("%s: is %s's", cases[i].name,
				peer.partner ? peer.partner->domain : "nobody");
		if (peer_is_served(&peer, PROTOCOL_XMPP) != cases[i].xmpp ||
			peer_is_served(&peer, PROTOCOL_SIP) != cases[i].sip)
			fail_msg("%s: by other protocols", cases[i].name);
	}
	ruleset_free(rules);
}

static void with_discovery_whoever_is_named_by_no_rule_is_served(void **state)
{
	static const struct {
		const char *name;
		enum peer_standing standing;
	} rows[] = {
		{"nobody.example", PEER_DISCOVERED},
		{"x.sip.example", PEER_DISCOVERED},
		{"xn--bcher-kva.example", PEER_DISCOVERED},
		{"group.example", PEER_PARTNER},
		{"pub.example", PEER_PARTNER},
		{"off.example", PEER_OFF},
		{"x.evil.example", PEER_BLOCKED},
		{"bad.pub.example", PEER_BLOCKED},
		{"x.corp.example", PEER_UNKNOWN},
		{"x.y.corp.example", PEER_UNKNOWN},
		{"localhost", PEER_UNKNOWN},
		{"example", PEER_UNKNOWN},
		{"192.0.2.1", PEER_UNKNOWN},
		{"a.example.1", PEER_UNKNOWN},
		{"nobody.example.", PEER_UNKNOWN},
		{"Nobody.example", PEER_UNKNOWN},
		{"no_name.example", PEER_UNKNOWN},
		{"", PEER_UNKNOWN},
	};
	struct ruleset *rules = compile(BASE "discovery: {enabled: true, protocols: [xmpp]}\n");
	struct peer peer;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		peer_find(rules, view_of(rows[i].name), &peer);
		if (peer.standing != rows[i].standing)
			fail_msg("%s: standing %d", rows[i].name, peer.standing);
	}
	peer_find(rules, VIEW("nobody.example"), &peer);
	assert_null(peer.partner);
	assert_true(peer_is_served(&peer, PROTOCOL_XMPP));
	assert_false(peer_is_served(&peer, PROTOCOL_SIP));
	ruleset_free(rules);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_name_has_its_standing),
		cmocka_unit_test(with_discovery_whoever_is_named_by_no_rule_is_served),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
