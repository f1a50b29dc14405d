/* SPDX-License-Identifier: BSD-3-Clause */
/* From a document to policies: whose policy holds, and lists that stand elsewhere. */
#include "tests/unit/test.h"

#include <errno.h>
#include <stdlib.h>

#include "rules/base/text.h"
#include "rules/ruleset.h"

#define BASE                                                                                             \
	"service: {addresses: [198.51.100.1]}\n"                                                         \
	"local:\n"                                                                                       \
	"  - {domain: corp.example, certificate: c, key: k, inside: {protocol: sip, host: h.example}}\n" \
	"  - {domain: site.example, certificate: c, key: k, inside: {protocol: sip, host: h.example}}\n" \
	"policies: [{name: global}, {name: site}, {name: group}, {name: own}]\n"                         \
	"policy: {global: global}\n"                                                                     \
	"sites: [{name: there, domains: [site.example], policy: site}, {name: bare}]\n"                  \
	"groups: [{name: g, policy: group}, {name: same, policy: group}, {name: none}]\n"

static struct rules_errors errors;

/* What the reader gives. */
static struct {
	const char *file, *command, *seats;
	int rc;
	int reads;
} world;

static int read_world(
	void *arg, enum rules_source_kind kind, const char *name, uint8_t **bytes, size_t *len)
{
	const char *text = kind == RULES_COMMAND            ? world.command
			   : strcmp(name, "seats.csv") == 0 ? world.seats
							    : world.file;

	world.reads++;
	assert_ptr_equal(arg, &world);
	if (kind == RULES_COMMAND)
		assert_string_equal(name, "list users");
	if (world.rc)
		return world.rc;
	*len = strlen(text);
	*bytes = (uint8_t *)strdup(text);
	return 0;
}

static struct ruleset *compile(const char *document)
{
	struct rules_reader reader = {read_world, &world};

	return ruleset_compile_with(view_of(document), "rules.yaml", &reader, &errors);
}

static struct ruleset *compile_fine(const char *document)
{
	struct ruleset *rules = compile(document);

	if (!rules)
		fail_msg(
			"%u: %s: %s", errors.list[0].line, errors.list[0].key, errors.list[0].text);
	return rules;
}

static void check_policy(const struct ruleset *rules, const char *user, const char *policy,
	enum policy_scope scope, unsigned line, const char *file)
{
	struct policy_choice choice;

	policies_of(&rules->policies, view_of(user), user_domain(view_of(user)), &choice);
	if (strcmp(choice.policy->name, policy) != 0 || choice.scope != scope ||
		choice.line != line || strcmp(choice.file ? choice.file : "", file) != 0)
		fail_msg("%s: %s, scope %d, %s line %u", user, choice.policy->name, choice.scope,
			choice.file ? choice.file : "", choice.line);
}

static void the_nearest_policy_holds(void **state)
{
	struct ruleset *rules = compile_fine(
		BASE "users:\n"
		     "  - {address: own@site.example, policy: own, groups: [g]}\n"
		     "  - {address: group@site.example, groups: [none, g, same]}\n"
		     "  - {address: bare@site.example, site: bare}\n"
		     "  - {address: moved@corp.example, site: there, groups: [none]}\n");

	check_policy(rules, "own@site.example", "own", SCOPE_USER, 10, "");
	check_policy(rules, "group@site.example", "group", SCOPE_GROUP, 8, "");
	check_policy(rules, "bare@site.example", "global", SCOPE_GLOBAL, 6, "");
	check_policy(rules, "moved@corp.example", "site", SCOPE_SITE, 7, "");
	check_policy(rules, "unlisted@site.example", "site", SCOPE_SITE, 7, "");
	check_policy(rules, "unlisted@corp.example", "global", SCOPE_GLOBAL, 6, "");
	ruleset_free(rules);
}

static void lists_elsewhere_are_as_those_in_the_document(void **state)
{
	static const char *const lists[] = {
		"address,policy,groups,site\n"
		"Alice@corp.example,own,\"g; none\",\n"
		"\n"
		"bob@corp.example,,same g,there\r\n",
		"{\"users\": [{\"address\": \"Alice@corp.example\", \"policy\": \"own\",\n"
		"  \"groups\": [\"g\", \"none\"]},\n\n"
		" {\"address\": \"bob@corp.example\", \"groups\": [\"same\", \"g\"],"
		" \"site\": \"there\"}]}\n",
	};

	for (size_t i = 0; i < 2; i++) {
		struct ruleset *by_file;
		struct ruleset *by_command;
		struct text a;
		struct text b;

		world.file = world.command = lists[i];
		by_file = compile_fine(BASE "directory: {file: users.csv}\n");
		by_command = compile_fine(BASE "directory: {command: list users}\n");
		check_policy(
			by_file, "alice@corp.example", "own", SCOPE_USER, i ? 1 : 2, "users.csv");
		check_policy(by_command, "alice@corp.example", "own", SCOPE_USER, i ? 1 : 2,
			"list users");
		check_policy(by_file, "bob@corp.example", "group", SCOPE_GROUP, 8, "");
		text_init(&a, 1 << 20);
		text_init(&b, 1 << 20);
		ruleset_print(by_file, &a);
		ruleset_print(by_command, &b);
		assert_string_equal(a.p, b.p);
		assert_non_null(strstr(a.p, "groups:\n      - g\n      - same\n"));
		assert_null(strstr(a.p, "directory"));
		text_free(&a);
		text_free(&b);
		ruleset_free(by_file);
		ruleset_free(by_command);
	}
}

static void groups_come_with_json_too(void **state)
{
	struct ruleset *rules;

	world.file = "{\"groups\": [\n{\"name\": \"far\", \"policy\": \"own\",\n"
		     "\"members\": [\"eve@corp.example\"]}]}";
	rules = compile_fine(BASE "directory: {file: a.json}\nusers: [{address: joe@corp.example, "
				  "groups: [far]}]\n");
	check_policy(rules, "eve@corp.example", "own", SCOPE_GROUP, 2, "a.json");
	check_policy(rules, "joe@corp.example", "own", SCOPE_GROUP, 2, "a.json");
	ruleset_free(rules);
}

static void seats_come_from_a_file(void **state)
{
	struct ruleset *rules;
	const struct agreement *a;

	world.seats = "user,from,to\nzoe@corp.example\nalice@corp.example,2012-02-01,2013-01-01\n";
	rules = compile_fine(
		BASE "providers: [{name: p, licence: seat, domains: [p.example]}]\n"
		     "licences: [{agreement: a, provider: p, model: assigned, seats: 2,\n"
		     "  start: 2012-01-01, end: 2014-01-01, assignments_file: seats.csv}]\n");
	a = rules->policies.agreements;
	assert_int_equal(a->assignment_count, 2);
	assert_string_equal(a->assignments[0].user, "alice@corp.example");
	assert_int_equal(a->assignments[0].line, 3);
	assert_true(a->assignments[1].from.s == a->start.s);
	assert_true(a->assignments[1].to.s == DATE_NEVER.s);
	ruleset_free(rules);
}

static void what_is_wrong_elsewhere_is_said_here(void **state)
{
	static const struct {
		const char *list, *key, *says;
	} cases[] = {
		{"address\n\nx@other.example\n", "directory.file",
			"users.csv:3: 'other.example' is none of our domains"},
		{"address\nx\n", "directory.file", "users.csv:2: address: 'x' is not the address"},
		{"address,site\nx@corp.example,rome\n", "directory.file",
			"users.csv:2: site: 'rome' is none of the sites"},
		{"address,groups\nx@corp.example,g;rome\n", "directory.file",
			"users.csv:2: groups: 'rome' is none of the groups"},
		{"address,policy\nx@corp.example,rome\n", "directory.file",
			"users.csv:2: policy: 'rome' is none of the policies"},
		{"address\nx@corp.example\nX@corp.example\n", "directory.file",
			"users.csv:3: 'x@corp.example' is there twice, first in users.csv, line 2"},
		{"address\nx@corp.example\nin@corp.example\n", "directory.file",
			"users.csv:3: 'in@corp.example' is there twice, first in line 10"},
		{"name\nx@corp.example\n", "directory.file",
			"users.csv:1: 'name' is no column: the first line must name the columns, "
			"like address,site,policy,groups"},
		{"x@corp.example,own\n", "directory.file",
			"users.csv:1: 'x@corp.example' is no column: the first line must"},
		{"address;policy\nx@corp.example;own\n", "directory.file",
			"users.csv:1: 'address;policy' is no column: the first line must"},
		{"Address,polici\nx@corp.example,own\n", "directory.file",
			"users.csv:1: 'polici' is no column: did you mean 'policy'?"},
		{"policy\nown\n", "directory.file",
			"users.csv:1: the first line must name the columns"},
		{"address\nx@crop.example\n", "directory.file",
			"users.csv:2: 'crop.example' is none of our domains: did you mean "
			"'corp.example'?"},
		{"address,site,policy,groups\nx@corp.example,their,,\n", "directory.file",
			"users.csv:2: site: 'their' is none of the sites: did you mean 'there'?"},
		{"address,site,policy,groups\nx@corp.example,,globl,\n", "directory.file",
			"users.csv:2: policy: 'globl' is none of the policies: did you mean "
			"'global'?"},
		{"address,groups\nx@corp.example,none smae\n", "directory.file",
			"users.csv:2: groups: 'smae' is none of the groups: did you mean 'same'?"},
		{"address\n\"x\n", "directory.file", "users.csv:2: a quote must"},
		{"{\"users\": [\n{\"address\": \"x\"}]}", "directory.file",
			"users.csv:2: users[0].address: 'x' is not the address"},
		{"{\"users\": [\n{\"adress\": \"x\"}]}", "directory.file",
			"users.csv:2: users[0].adress: unknown key 'adress': did you mean 'address'?"},
		{"{\"users\": [\n{\"policy\": \"own\"}]}", "directory.file",
			"users.csv:2: users[0].address: is missing"},
		{"{", "directory.file", "users.csv:2: not YAML"},
		{"[]", "directory.file", "users.csv:1: is not a mapping"},
		{"{\"groups\": [{\"name\": \"g\"}]}", "directory.file",
			"users.csv:1: groups[].name: 'g' is there twice, first in line 8"},
		{"{\"groups\": [{\"name\": \"h\", \"policy\": \"x\"}]}", "directory.file",
			"users.csv:1: groups[0].policy: 'x' is none of the policies"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ruleset *rules;
		bool found = false;

		world.file = cases[i].list;
		rules = compile(BASE "directory: {file: users.csv}\n"
				     "users: [{address: in@corp.example}]\n");
		for (uint32_t k = 0; k < errors.count; k++)
			found |=
				strstr(errors.list[k].text, cases[i].says) == errors.list[k].text &&
				strcmp(errors.list[k].key, cases[i].key) == 0 &&
				errors.list[k].line == 9;
		if (rules || !found)
			fail_msg("case %zu: %s: %s", i, errors.list[0].key, errors.list[0].text);
	}
}

static void what_cannot_be_read_is_refused(void **state)
{
	static const struct {
		int rc;
		const char *says;
	} cases[] = {
		{-ENOENT, "'users.csv' cannot be read: No such file or directory: a path begins "
			  "where the rules file is, unless with '/'"},
		{-EFBIG, "'users.csv' cannot be read: it has more than 64 MiB"},
		{-ENOTSUP, "'users.csv' cannot be read: no files are read here"},
	};
	const char *document = BASE "directory: {file: users.csv}\n";

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		world.rc = cases[i].rc;
		assert_null(compile(document));
		assert_string_equal(errors.list[0].text, cases[i].says);
		assert_string_equal(errors.list[0].key, "directory.file");
	}
	world.rc = 0;
	assert_null(ruleset_compile(view_of(document), NULL, &errors));
	assert_null(
		ruleset_compile(VIEW(BASE "directory: {command: list users}\n"), NULL, &errors));
	assert_non_null(strstr(errors.list[0].text, "picketctl alone"));
}

static void nothing_is_read_that_nobody_names(void **state)
{
	world.reads = 0;
	ruleset_free(compile_fine(BASE));
	assert_int_equal(world.reads, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_nearest_policy_holds),
		cmocka_unit_test(lists_elsewhere_are_as_those_in_the_document),
		cmocka_unit_test(groups_come_with_json_too),
		cmocka_unit_test(seats_come_from_a_file),
		cmocka_unit_test(what_is_wrong_elsewhere_is_said_here),
		cmocka_unit_test(what_cannot_be_read_is_refused),
		cmocka_unit_test(nothing_is_read_that_nobody_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
