/* SPDX-License-Identifier: BSD-3-Clause */
/* Whose a name is, what follows from a decision besides yes or no, and its words: rules as they are written. */
#include "tests/unit/test.h"

#include <stdio.h>

#include "rules/base/text.h"
#include "rules/decide.h"
#include "rules/decoration.h"
#include "tests/unit/compile.h"

static const char document[] =
	"service: {addresses: [198.51.100.1]}\n"
	"local:\n"
	"  - {domain: corp.example, certificate: c, key: k, inside: {protocol: sip, host: h.example}}\n"
	"  - {domain: all.example, certificate: c, key: k, inside: {protocol: sip, host: h.example}}\n"
	"policy: {global: staff}\n"
	"policies:\n"
	"  - {name: staff, in: [federation, xmpp, public], out: [federation, xmpp, public]}\n"
	"  - {name: quiet, out: [federation, xmpp], capabilities: [im]}\n"
	"sites: [{name: far, domains: [all.example], policy: staff}]\n"
	"groups: [{name: monks, policy: quiet, members: [dom@corp.example]}]\n"
	"partners:\n"
	"  - {domain: wide.example, protocol: xmpp, subtree: true, fold_messages: true,\n"
	"     fold_presence: true, disclaimer: archived}\n"
	"  - {domain: both.example, protocols: [xmpp, sip], limits: {users: 7}}\n"
	"discovery: {enabled: true}\n"
	"blocked: {domains: [bad.example]}\n"
	"providers:\n"
	"  - {name: cloud, kind: hosting, enabled: true, shared_address_space: true,\n"
	"     domains: [corp.example, {domain: mail.wide.example, subtree: true}]}\n"
	"  - {name: live, enabled: true, capabilities: [im, presence, audio],\n"
	"     limits: {messages_per_s: 20, users: 9},\n"
	"     domains: [msn.example, live.example, acme.example],\n"
	"     name_decoration: {routing_domain: msn.example, excluded: [live.example]}}\n";

static struct ruleset *rules;

static int make_rules(void **state)
{
	rules = compile(document);
	return 0;
}

static int free_rules(void **state)
{
	ruleset_free(rules);
	return 0;
}

static struct question question(const char *ours, const char *theirs, enum heading heading)
{
	return (struct question){
		.ours = {view_of(ours), user_domain(view_of(ours))},
		.theirs = {view_of(theirs), user_domain(view_of(theirs))},
		.heading = heading,
		.trust = TRUST_PROVEN,
		.protocol = PROTOCOL_SIP,
		.now = {1700000000},
	};
}

static struct verdict ask(const struct question *q)
{
	struct verdict verdict;

	decide(rules, q, &verdict);
	return verdict;
}

static void the_rule_that_names_most_of_a_domain_holds(void **state)
{
	static const struct {
		const char *theirs, *whose;
		enum reason reason;
	} cases[] = {
		{"a@wide.example", "wide.example", REASON_none},
		{"a@x.wide.example", "wide.example", REASON_none},
		{"a@mail.wide.example", "cloud", REASON_none},
		{"a@x.mail.wide.example", "cloud", REASON_none},
		{"a@acme.example", "live", REASON_none},
		{"a@x.acme.example", "", REASON_none}, /* discovered */
		{"a@corp.example", "cloud", REASON_none},
		{"a@all.example", "", REASON_domain_is_ours},
		{"a@x.corp.example", "", REASON_domain_is_ours},
		{"a@bad.example", "", REASON_domain_blocked},
		{"a@no_name", "", REASON_no_partner},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct question q = question("b@corp.example", cases[i].theirs, HEADING_OUT);
		struct verdict v = ask(&q);
		const char *whose = v.partner    ? v.partner->domain
				    : v.provider ? v.provider->name
						 : "";

		if (strcmp(whose, cases[i].whose) != 0 || v.reason != cases[i].reason)
			fail_msg("%s: '%s', %s", cases[i].theirs, whose,
				reason_text(v.reason)->name);
	}
}

static void decorated_names_are_who_is_in_the_brackets(void **state)
{
	static const struct {
		const char *theirs;
		enum reason reason;
		bool decorate, undecorate;
	} cases[] = {
		{"joe@acme.example", REASON_none, true, false},
		{"joe@live.example", REASON_none, false, false},
		{"joe@msn.example", REASON_none, false, false},
		{"joe(acme.example)@msn.example", REASON_none, false, true},
		{"joe(elsewhere.example)@msn.example", REASON_none, false, false},
		{"joe(bad.example)@msn.example", REASON_domain_blocked, false, false},
		{"joe(wide.example)@msn.example", REASON_name_of_another, false, false},
		{"joe(x.wide.example)@msn.example", REASON_name_of_another, false, false},
		{"joe(mail.wide.example)@msn.example", REASON_name_of_another, false, false},
		{"joe(corp.example)@msn.example", REASON_name_of_another, false, false},
		{"joe(all.example)@msn.example", REASON_name_of_another, false, false},
		{"joe(wide.example)@both.example", REASON_none, false, false},
		/* Nested, unbalanced, in the midst, nothing or no domain within. */
		{"joe(wide.example)(acme.example)@msn.example", REASON_name_malformed, false,
			false},
		{"joe((acme.example)@msn.example", REASON_name_malformed, false, false},
		{"joe((acme.example))@msn.example", REASON_name_malformed, false, false},
		{"joe(acme.example)x@msn.example", REASON_name_malformed, false, false},
		{"joe(acme.example@msn.example", REASON_name_malformed, false, false},
		{"joe)acme.example(@msn.example", REASON_name_malformed, false, false},
		{"(acme.example)@msn.example", REASON_name_malformed, false, false},
		{"joe()@msn.example", REASON_name_malformed, false, false},
		{"joe(Acme.example)@msn.example", REASON_name_malformed, false, false},
		{"joe(bad.example)(acme.example)@msn.example", REASON_name_malformed, false, false},
		{"joe(acme.example)(bad.example)@msn.example", REASON_domain_blocked, false, false},
		{"j(o)e@both.example", REASON_none, false, false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct question out = question("b@corp.example", cases[i].theirs, HEADING_OUT);
		struct question in = question("b@corp.example", cases[i].theirs, HEADING_IN);
		struct verdict to = ask(&out);
		struct verdict from = ask(&in);

		if (to.reason != cases[i].reason || from.reason != cases[i].reason ||
			!!to.decorate != cases[i].decorate ||
			from.undecorate != cases[i].undecorate || to.undecorate || from.decorate)
			fail_msg("%s: %s, %s", cases[i].theirs, reason_text(to.reason)->name,
				reason_text(from.reason)->name);
		if (to.decorate)
			assert_string_equal(to.decorate, "msn.example");
	}
}

static void a_decoration_goes_on_and_off(void **state)
{
	static const char *const refused[] = {"joe@acme.example", "(acme.example)@msn.example",
		"joe()@msn.example", "joe(a b)@msn.example", "joe(acme.example)x@msn.example", "",
		")@x", "joe(Acme.example)@msn.example"};
	struct view inner;
	struct text text;

	text_init(&text, 256);
	decoration_put(VIEW("joe@acme.example"), "msn.example", &text);
	assert_string_equal(text.p, "joe(acme.example)@msn.example");
	assert_true(decoration_find(text_view(&text), &inner));
	assert_true(view_equal(inner, VIEW("acme.example")));
	text_reset(&text);
	decoration_remove(VIEW("j(o)e(acme.example)@msn.example"), &text);
	assert_string_equal(text.p, "j(o)e@acme.example");
	assert_false(text.failed);
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		if (decoration_find(view_of(refused[i]), &inner))
			fail_msg("%s", refused[i]);
	decoration_remove(VIEW("joe@acme.example"), &text);
	assert_true(text.failed);
	text_free(&text);
}

static void what_cannot_be_undone_is_not_decorated(void **state)
{
	static const char *const users[] = {"j(o)e", "joe)", "joe(x.example)"};
	char theirs[DECORATION_LOCAL_BYTES + 64];
	struct question q;
	struct text text;

	for (size_t i = 0; i < sizeof(users) / sizeof(users[0]); i++) {
		snprintf(theirs, sizeof(theirs), "%s@acme.example", users[i]);
		q = question("b@corp.example", theirs, HEADING_OUT);
		assert_int_equal(ask(&q).reason, REASON_name_malformed);
		/* From there it is a name like any other. */
		q.heading = HEADING_IN;
		assert_int_equal(ask(&q).reason, REASON_none);
	}
	/* The longest that fits: user, two brackets, the domain. */
	memset(theirs, 'j', sizeof(theirs));
	for (size_t len = DECORATION_LOCAL_BYTES - 14; len < DECORATION_LOCAL_BYTES - 12; len++) {
		bool fits = len + 2 + strlen("acme.example") <= DECORATION_LOCAL_BYTES;

		snprintf(theirs + len, sizeof(theirs) - len, "@acme.example");
		q = question("b@corp.example", theirs, HEADING_OUT);
		assert_int_equal(ask(&q).reason, fits ? REASON_none : REASON_name_malformed);
		text_init(&text, 4096);
		decoration_put(view_of(theirs), "msn.example", &text);
		assert_int_equal(view_find(text_view(&text), '@') <= DECORATION_LOCAL_BYTES, fits);
		text_free(&text);
		theirs[len] = 'j';
	}
}

static void each_kind_is_folded_for_itself(void **state)
{
	for (uint32_t kind = 0; kind < KIND_COUNT; kind++) {
		struct question q = question("b@corp.example", "a@wide.example", HEADING_OUT);
		struct verdict v;

		q.kind = (enum question_kind)kind;
		v = ask(&q);
		assert_int_equal(v.reason, REASON_none);
		assert_int_equal(v.fold_text, kind == KIND_message || kind == KIND_group);
		assert_int_equal(v.fold_presence, kind == KIND_presence);
		assert_int_equal(!!v.disclaimer, kind == KIND_message);
	}
}

static void media_are_refused_one_by_one(void **state)
{
	struct question q = question("b@corp.example", "a@msn.example", HEADING_OUT);

	/* No public_av: the text stays, and a call is nothing without its media. */
	q.media = CAPABILITY_BIT(audio) | CAPABILITY_BIT(file);
	assert_int_equal(ask(&q).reason, REASON_none);
	assert_int_equal(ask(&q).media, 0);
	q.kind = KIND_call;
	assert_int_equal(ask(&q).reason, REASON_user_public_av);
	q = question("b@corp.example", "a@both.example", HEADING_OUT);
	q.kind = KIND_call;
	q.media = CAPABILITY_BIT(audio) | CAPABILITY_BIT(video);
	assert_int_equal(ask(&q).media, q.media);
	q.theirs = (struct party){VIEW("a@new.example"), VIEW("new.example")};
	assert_int_equal(ask(&q).reason, REASON_capability);
}

static void the_words_say_which_rule(void **state)
{
	struct question q = question("dom@corp.example", "a@both.example", HEADING_IN);
	struct explanation explanation;
	struct verdict v;

	decide_explain(rules, &q, &v, &explanation);
	assert_int_equal(v.reason, REASON_user_federation);
	assert_string_equal(explanation.steps[STEP_policy].words,
		"the user's policy does not allow federation (policy quiet, of the group monks)");
	assert_int_equal(explanation.steps[STEP_policy].line, 10);
	q.heading = HEADING_OUT;
	q.kind = KIND_presence;
	decide_explain(rules, &q, &v, &explanation);
	assert_int_equal(v.reason, REASON_capability);
	assert_int_equal(v.line, 8);
	assert_string_equal(explanation.steps[STEP_capability].words,
		"partner, provider or user cannot exchange this (presence, by policy quiet)");
	q.theirs = (struct party){VIEW("a@bad.example"), VIEW("bad.example")};
	decide_explain(rules, &q, &v, &explanation);
	assert_string_equal(explanation.steps[STEP_blocklist].words,
		"the rules block the domain (bad.example)");
	q = question("x@all.example", "a@both.example", HEADING_OUT);
	decide_explain(rules, &q, &v, &explanation);
	assert_string_equal(explanation.steps[STEP_policy].words, "policy staff, of the site far");
	assert_string_equal(explanation.steps[STEP_route].words, "by XMPP, else by the other");
	assert_int_equal(explanation.steps[STEP_licence].outcome, STEP_DOES_NOT_APPLY);
}

static void the_words_say_what_the_limits_are(void **state)
{
	static const struct {
		const char *theirs, *words;
		enum limit_state limit;
		unsigned line;
	} cases[] = {
		{"a@both.example", "at most 7 users in 60 minutes", LIMIT_FINE, 14},
		{"a@both.example",
			"more different users addressed than the rules give the partner "
			"(at most 7 users in 60 minutes)",
			LIMIT_USERS, 14},
		{"a@wide.example", "as many as there are", LIMIT_FINE, 12},
		{"a@live.example",
			"at most 20 messages a second, 9 users in 60 minutes, for all its domains "
			"together",
			LIMIT_FINE, 20},
		{"a@live.example",
			"the partner is suspicious: too many of its messages went to nobody "
			"(at most 1 messages a second, 9 users in 60 minutes, for all its domains "
			"together)",
			LIMIT_ERRORS, 20},
		{"a@stranger.example", "at most 20 messages a second, 1000 users in 60 minutes",
			LIMIT_FINE, 15},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct question q = question("x@all.example", cases[i].theirs, HEADING_IN);
		struct explanation explanation;
		struct verdict v;

		q.limit = cases[i].limit;
		q.protocol = strstr(cases[i].theirs, "live") ? PROTOCOL_SIP : PROTOCOL_XMPP;
		q.proof = q.protocol == PROTOCOL_SIP ? 0 : PROOF_SASL_TLS;
		q.known_contact = true;
		decide_explain(rules, &q, &v, &explanation);
		if (strcmp(explanation.steps[STEP_limit].words, cases[i].words) != 0 ||
			explanation.steps[STEP_limit].line != cases[i].line)
			fail_msg("%s: line %u, '%s' (%s)", cases[i].theirs,
				explanation.steps[STEP_limit].line,
				explanation.steps[STEP_limit].words, reason_text(v.reason)->name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_rule_that_names_most_of_a_domain_holds),
		cmocka_unit_test(decorated_names_are_who_is_in_the_brackets),
		cmocka_unit_test(a_decoration_goes_on_and_off),
		cmocka_unit_test(what_cannot_be_undone_is_not_decorated),
		cmocka_unit_test(each_kind_is_folded_for_itself),
		cmocka_unit_test(media_are_refused_one_by_one),
		cmocka_unit_test(the_words_say_which_rule),
		cmocka_unit_test(the_words_say_what_the_limits_are),
	};

	return cmocka_run_group_tests(tests, make_rules, free_rules);
}
