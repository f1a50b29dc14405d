/* SPDX-License-Identifier: BSD-3-Clause */
/* What somebody asks of rules in a file: what is no question, and who was probably meant. */
#include "tests/unit/test.h"

#include "control/policy/explain.h"
#include "tests/unit/compile.h"

static const char document[] =
	"service: {addresses: [198.51.100.1]}\n"
	"local:\n"
	"  - {domain: corp.example, certificate: c, key: k, inside: {protocol: sip, host: h.example}}\n"
	"partners:\n"
	"  - {domain: partner.example, protocol: xmpp, limits: {users: 9}}\n"
	"  - {domain: m.example, protocols: [sip, xmpp], verification: use-source,\n"
	"     missing_mark: reject}\n"
	"  - {domain: n.example, protocols: [xmpp, sip], verification: use-source,\n"
	"     missing_mark: reject}\n"
	"  - {domain: paper.example, protocol: xmpp, archive: true}\n"
	"providers:\n"
	"  - {name: mail, domains: [mail.example]}\n";

static struct ruleset *rules;
static char why[EXPLAIN_WHY_BYTES];

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

static json_t *explained(const char *from, const char *to, const char *direction)
{
	const struct explain_asked asked = {.from = from, .to = to, .direction = direction};

	why[0] = '\0';
	return explain_make(NULL, rules, &asked, "r.yaml", why);
}

static void one_side_must_be_ours(void **state)
{
	static const struct {
		const char *from, *to, *why;
	} cases[] = {
		{"a@crop.example", "b@partner.example",
			"--from 'a@crop.example' is none of ours: did you mean 'corp.example'?"},
		{"a@partner.example", "b@corp.exmaple",
			"--to 'b@corp.exmaple' is none of ours: did you mean 'corp.example'?"},
		{"a@x.example", "b@partner.example",
			"--from 'a@x.example' is none of ours, and neither is --to: say "
			"--direction if that is what you ask"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		json_t *all = explained(cases[i].from, cases[i].to, NULL);

		if (all || strcmp(why, cases[i].why) != 0)
			fail_msg("%s: '%s'", cases[i].from, why);
		all = explained(cases[i].from, cases[i].to, "in");
		assert_string_equal(
			json_string_value(json_object_get(all, "reason")), "not_our_domain");
		json_decref(all);
	}
}

static void who_was_meant_is_named_where_no_rule_names_who_was_said(void **state)
{
	static const struct {
		const char *theirs, *reason, *near;
	} cases[] = {
		{"b@partner.exmaple", "no_partner", "partner.example"},
		{"b@partnr.example", "no_partner", "partner.example"},
		{"b@mial.example", "no_partner", "mail.example"},
		{"b@other.example", "no_partner", NULL},
		{"b@partner.example", "none", NULL},
		{"b@mail.example", "provider_off", NULL},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		json_t *all = explained("a@corp.example", cases[i].theirs, NULL);
		const char *reason = json_string_value(json_object_get(all, "reason"));
		const char *near = json_string_value(json_object_get(all, "near"));

		if (strcmp(reason, cases[i].reason) != 0 || !near != !cases[i].near ||
			(near && strcmp(near, cases[i].near) != 0))
			fail_msg("%s: %s, %s", cases[i].theirs, reason, near ? near : "nobody");
		json_decref(all);
	}
}

static void what_must_be_archived_is_refused_as_it_would_be(void **state)
{
	json_t *all = explained("a@corp.example", "b@paper.example", NULL);

	assert_string_equal(json_string_value(json_object_get(all, "reason")), "archive_down");
	json_decref(all);
}

static void a_limit_is_named_with_its_line(void **state)
{
	json_t *all = explained("b@partner.example", "a@corp.example", NULL);
	json_t *step = json_array_get(json_object_get(all, "steps"), STEP_limit);

	assert_string_equal(
		json_string_value(json_object_get(step, "words")), "at most 9 users in 60 minutes");
	assert_string_equal(json_string_value(json_object_get(step, "rule")), "r.yaml:5");
	json_decref(all);
}

static void what_comes_in_comes_by_what_the_rules_prefer_or_as_somebody_says(void **state)
{
	static const struct {
		const char *from, *said, *protocol, *reason;
	} cases[] = {
		{"a@m.example", NULL, "sip", "mark_missing"},
		{"a@m.example", "xmpp", "xmpp", "none"},
		{"a@n.example", NULL, "xmpp", "none"},
		{"a@n.example", "sip", "sip", "mark_missing"},
		{"a@partner.example", NULL, "xmpp", "none"},
		{"a@partner.example", "sip", "sip", "other_protocol"},
		{"a@other.example", NULL, "xmpp", "no_partner"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct explain_asked asked = {
			.from = cases[i].from, .to = "a@corp.example", .protocol = cases[i].said};
		json_t *all = explain_make(NULL, rules, &asked, "r.yaml", why);
		const char *protocol = json_string_value(json_object_get(all, "protocol"));
		const char *reason = json_string_value(json_object_get(all, "reason"));

		if (strcmp(protocol, cases[i].protocol) != 0 ||
			strcmp(reason, cases[i].reason) != 0)
			fail_msg("case %zu: %s, %s", i, protocol, reason);
		json_decref(all);
	}
}

static void of_what_goes_out_nobody_says_by_what(void **state)
{
	struct explain_asked asked = {
		.from = "a@corp.example", .to = "a@m.example", .protocol = "sip"};
	json_t *all;

	assert_null(explain_make(NULL, rules, &asked, "r.yaml", why));
	assert_string_equal(
		why, "--by 'sip' is for what comes in: of what goes out the rules say the way");
	asked = (struct explain_asked){
		.from = "a@m.example", .to = "a@corp.example", .protocol = "SIP"};
	assert_null(explain_make(NULL, rules, &asked, "r.yaml", why));
	assert_string_equal(why, "--by 'SIP' is neither sip nor xmpp");
	all = explained("a@corp.example", "a@m.example", NULL);
	assert_null(json_object_get(all, "protocol"));
	json_decref(all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_side_must_be_ours),
		cmocka_unit_test(who_was_meant_is_named_where_no_rule_names_who_was_said),
		cmocka_unit_test(what_must_be_archived_is_refused_as_it_would_be),
		cmocka_unit_test(a_limit_is_named_with_its_line),
		cmocka_unit_test(what_comes_in_comes_by_what_the_rules_prefer_or_as_somebody_says),
		cmocka_unit_test(of_what_goes_out_nobody_says_by_what),
	};

	return cmocka_run_group_tests(tests, make_rules, free_rules);
}
