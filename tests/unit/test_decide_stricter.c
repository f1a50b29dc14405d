/* SPDX-License-Identifier: BSD-3-Clause */
/* A document, and the same with one thing in it made stricter: whatever is asked, the second never allows what
 * the first refuses. What is no longer a partner's is not among them: it may be discovered then. */
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>

#include "rules/base/text.h"
#include "rules/decide.h"

static const char loose[] =
	"service: {addresses: [198.51.100.1]}\n"
	"local:\n"
	"  - {domain: corp.example, certificate: c, key: k, inside: {protocol: sip, host: h.example}}\n"
	"federation: true\n"
	"policy: {global: staff}\n"
	"policies:\n"
	"  - {name: staff, in: [federation, xmpp, public, public_av], out: [federation, xmpp, public],\n"
	"     capabilities: [im, presence, audio, file]}\n"
	"  - {name: few, in: [federation], out: [federation, xmpp], capabilities: [im]}\n"
	"sites: [{name: here, domains: [corp.example], policy: staff}]\n"
	"groups: [{name: g, policy: few, members: [b@corp.example]}]\n"
	"partners:\n"
	"  - {domain: p.example, protocols: [sip, xmpp], subtree: true, capabilities: [im, audio],\n"
	"     security: {sasl: optional, dialback: true}, type: federated,\n"
	"     message_bytes_max: 2000, archive: false}\n"
	"links: {action: defuse, extensions: [iso], links_max: 3, directions: [in],\n"
	"  prefixes: [\"http:\"], ignore: [{domain: corp.example, subtree: true}]}\n"
	"discovery: {enabled: true}\n"
	"blocked: {domains: [bad.example]}\n"
	"providers:\n"
	"  - {name: yh, profile: yahoo, enabled: true, domains: [{domain: y.example, subtree: true}]}\n"
	"  - {name: host, kind: hosting, enabled: true, shared_address_space: true,\n"
	"     domains: [corp.example]}\n"
	"licences:\n"
	"  - {agreement: a, provider: yh, seats: 3, start: 2012-01-01, end: 2014-01-01, grace_days: 60}\n"
	"  - {agreement: b, provider: yh, seats: 2, model: assigned, start: 2011-01-01, end: 2013-01-01,\n"
	"     assignments: [a@corp.example, b@corp.example]}\n";

static const struct {
	const char *name, *from, *to;
} mutations[] = {
	{"a block", "domains: [bad.example]", "domains: [bad.example, n.example]"},
	{"a block of a subtree", "domains: [bad.example]",
		"domains: [bad.example, {domain: x.p.example, subtree: true}]"},
	{"the master switch", "federation: true", "federation: false"},
	{"a flag less in", "in: [federation, xmpp, public, public_av]",
		"in: [federation, public, public_av]"},
	{"a flag less out", "out: [federation, xmpp, public]", "out: [federation, xmpp]"},
	{"no calls with public providers", "public, public_av]", "public]"},
	{"a capability of users less", "[im, presence, audio, file]", "[presence, audio, file]"},
	{"a capability of a partner less", "[im, audio]", "[audio]"},
	{"a protocol less", "protocols: [sip, xmpp]", "protocol: xmpp"},
	{"certificates only", "{sasl: optional, dialback: true}", "{sasl: required}"},
	{"dialback only", "{sasl: optional, dialback: true}",
		"{sasl: not-supported, dialback: true}"},
	{"contacts only", "type: federated", "verification: always-unverifiable"},
	{"marks", "type: federated", "verification: use-source, missing_mark: unverified"},
	{"marks that must be", "type: federated", "verification: use-source, missing_mark: reject"},
	{"our user begins", "type: federated", "type: public-unverified"},
	{"servers of its own", "type: federated", "srv_hosts: own"},
	{"servers of its own for who is discovered", "discovery: {enabled: true}",
		"discovery: {enabled: true, srv_hosts: own}"},
	{"short messages", "message_bytes_max: 2000", "message_bytes_max: 1000"},
	{"no links", "{action: defuse", "{action: block"},
	{"no links from a partner", "message_bytes_max: 2000",
		"message_bytes_max: 2000,\n"
		"     links: {action: block, extensions: [iso], links_max: 3}"},
	{"no links to programs", "extensions: [iso]", "extensions: [default, iso]"},
	{"fewer links", "links_max: 3", "links_max: 1"},
	{"links both ways", "directions: [in]", "directions: [in, out]"},
	{"more prefixes", "prefixes: [\"http:\"]", "prefixes: [default]"},
	{"fewer names whose links do not count", "ignore: [{domain: corp.example, subtree: true}]",
		"ignore: [corp.example]"},
	{"an archive", "archive: false", "archive: true"},
	{"no discovery", "discovery: {enabled: true}", "discovery: {enabled: false}"},
	{"less for whoever is discovered", "discovery: {enabled: true}",
		"discovery: {enabled: true, capabilities: [presence]}"},
	{"provider off", "yahoo, enabled: true", "yahoo, enabled: false"},
	{"hosting off", "hosting, enabled: true", "hosting, enabled: false"},
	{"an earlier end of service", "yahoo, enabled", "yahoo, service_end: 2013-06-01, enabled"},
	{"a later begin of service", "yahoo, enabled", "yahoo, service_begin: 2012-06-01, enabled"},
	{"provider without presence", "yahoo, enabled", "yahoo, capabilities: [im], enabled"},
	{"an earlier end", "end: 2014-01-01", "end: 2013-06-01"},
	{"a later start", "start: 2012-01-01", "start: 2012-06-01"},
	{"less grace", "grace_days: 60", "grace_days: 0"},
	{"fewer seats", "seats: 3", "seats: 1"},
	{"an assignment less", "[a@corp.example, b@corp.example]", "[b@corp.example]"},
	{"an assignment that ends", "[a@corp.example, b",
		"[{user: a@corp.example, to: 2012-01-01}, b"},
	{"a user of a stricter policy", "members: [b@", "members: [a@corp.example, b@"},
};

static uint32_t dice(uint32_t *seed, uint32_t sides)
{
	*seed = *seed * 1664525 + 1013904223;
	return (*seed >> 16) % sides;
}

static uint32_t used;

static bool usage_has(
	const void *arg, const struct agreement *agreement, struct view user, int32_t month)
{
	return user.p[0] == 'c' && used > 0;
}

static uint32_t usage_count(const void *arg, const struct agreement *agreement, int32_t month)
{
	return used;
}

static const struct licence_usage usage = {NULL, usage_has, usage_count};

static struct question question_throw(uint32_t *seed)
{
	static const struct view ours[] = {
		VIEW("a@corp.example"), VIEW("b@corp.example"), VIEW("c@corp.example")};
	static const struct view theirs[] = {VIEW("j@p.example"), VIEW("j@x.p.example"),
		VIEW("j@y.example"), VIEW("j@x.y.example"), VIEW("j@n.example"),
		VIEW("j@bad.example"), VIEW("j@corp.example")};
	static const enum proof proofs[] = {0, PROOF_SASL_TLS, PROOF_DIALBACK_TLS};
	static const struct view texts[] = {{0}, VIEW("hello"), VIEW("http://a.example/x"),
		VIEW("http://a.example/setup.exe"), VIEW("http://a.example/cd.iso"),
		VIEW("http://a.example http://b.example"),
		VIEW("http://a.example http://b.example http://c.example www.d.example"),
		VIEW("http://www.corp.example http://a.corp.example/x http://corp.example/x.exe "
		     "http://b.corp.example")};
	struct view us = ours[dice(seed, 3)];
	struct view them = theirs[dice(seed, 7)];

	used = dice(seed, 4);
	return (struct question){
		.ours = {us, user_domain(us)},
		.theirs = {them, user_domain(them)},
		.heading = (enum heading)dice(seed, 2),
		.kind = (enum question_kind)dice(seed, KIND_COUNT),
		.media = dice(seed, 4) ? 0 : dice(seed, CAPABILITIES_ALL + 1),
		.bytes = dice(seed, 3000),
		.text = texts[dice(seed, 8)],
		.subject = texts[dice(seed, 3)],
		.proof = proofs[dice(seed, 3)],
		.protocol = (enum protocol)dice(seed, 2),
		.mark = (enum source_mark)dice(seed, 3),
		.known_contact = dice(seed, 2),
		.archive_is_down = dice(seed, 2),
		.routes_down = dice(seed, 3),
		.srv_elsewhere = dice(seed, 4),
		/* 2010-11 to 2015-01 */
		.now = {1290000000 + (int64_t)dice(seed, 32000) * 4000},
		.usage = &usage,
	};
}

static struct ruleset *compile(struct view document, const char *name)
{
	static struct rules_errors errors;
	struct ruleset *rules = ruleset_compile(document, NULL, &errors);

	if (!rules)
		fail_msg("%s: %u: %s: %s", name, errors.list[0].line, errors.list[0].key,
			errors.list[0].text);
	return rules;
}

static struct ruleset *compile_mutated(const char *name, const char *from, const char *to)
{
	const char *at = strstr(loose, from);
	struct ruleset *rules;
	struct text text;

	if (!at)
		fail_msg("%s: nothing to change", name);
	text_init(&text, 8192);
	text_put(&text, view_make(loose, (size_t)(at - loose)));
	text_puts(&text, to);
	text_puts(&text, at + strlen(from));
	rules = compile(text_view(&text), name);
	text_free(&text);
	return rules;
}

static void a_stricter_document_never_allows_more(void **state)
{
	struct ruleset *before = compile(VIEW(loose), "the document");
	uint32_t seed = 5;

	for (size_t m = 0; m < sizeof(mutations) / sizeof(mutations[0]); m++) {
		const char *name = mutations[m].name;
		struct ruleset *after = compile_mutated(name, mutations[m].from, mutations[m].to);
		uint32_t refused = 0;

		for (uint32_t i = 0; i < 30000; i++) {
			struct question q = question_throw(&seed);
			struct verdict a;
			struct verdict b;

			decide(before, &q, &a);
			decide(after, &q, &b);
			if (b.reason == REASON_none && a.reason != REASON_none)
				fail_msg("%s allows %.*s %.*s, refused before as %s", name,
					VIEW_ARG(q.ours.address), VIEW_ARG(q.theirs.address),
					reason_text(a.reason)->name);
			if (b.reason == REASON_none &&
				((b.media & ~a.media) || (b.protocols & ~a.protocols)))
				fail_msg("%s lets more media or ways", name);
			if (b.reason == REASON_none && a.links && !b.links)
				fail_msg("%s leaves links as they are", name);
			refused += a.reason == REASON_none && b.reason != REASON_none;
		}
		if (refused == 0)
			fail_msg("%s never mattered", name);
		ruleset_free(after);
	}
	ruleset_free(before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stricter_document_never_allows_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
