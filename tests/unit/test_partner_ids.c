/* SPDX-License-Identifier: BSD-3-Clause */
/* Partner ids by name over the generations of the rules. */
#include "tests/unit/test.h"

#include <errno.h>

#include "rules/base/mark.h"
#include "rules/partner_ids.h"
#include "tests/unit/compile.h"

static struct ruleset *compile_partners(const char *const *names)
{
	struct ruleset *rules;
	struct text text;

	text_init(&text, 64 * 1024);
	text_puts(&text, "service: {addresses: [198.51.100.1]}\n"
			 "local: [{domain: corp.example, certificate: c, key: k,\n"
			 "  inside: {protocol: sip, host: inside}}]\n"
			 "partners:\n");
	for (; *names; names++)
		text_printf(&text, "  - {domain: %s, protocol: xmpp}\n", *names);
	rules = compile(text.p);
	text_free(&text);
	return rules;
}

static uint32_t id_of(const struct ruleset *rules, const char *name)
{
	const struct partner *partner = ruleset_partner(rules, view_of(name));

	assert_non_null(partner);
	assert_ptr_equal(ruleset_partner_by_id(rules, partner->id), partner);
	return partner->id;
}

static void a_partner_keeps_its_id_and_an_id_is_never_anothers(void **state)
{
	static const char *const first[] = {"b.example", "d.example", NULL};
	static const char *const second[] = {"a.example", "d.example", NULL};
	static const char *const third[] = {"b.example", "c.example", NULL};
	struct partner_ids ids;
	struct ruleset *rules;

	assert_int_equal(partner_ids_init(&ids), 0);
	rules = compile_partners(first);
	assert_int_equal(id_of(rules, "b.example"), 1);
	assert_int_equal(ruleset_assign_ids(rules, &ids), 0);
	assert_int_equal(id_of(rules, "b.example"), 1);
	assert_int_equal(id_of(rules, "d.example"), 2);
	ruleset_free(rules);

	rules = compile_partners(second);
	assert_int_equal(id_of(rules, "d.example"), 2);
	assert_int_equal(ruleset_assign_ids(rules, &ids), 0);
	assert_int_equal(id_of(rules, "a.example"), 3);
	assert_int_equal(id_of(rules, "d.example"), 2);
	assert_null(ruleset_partner_by_id(rules, 1));
	ruleset_free(rules);

	rules = compile_partners(third);
	assert_int_equal(ruleset_assign_ids(rules, &ids), 0);
	assert_int_equal(id_of(rules, "b.example"), 1);
	assert_int_equal(id_of(rules, "c.example"), 4);
	ruleset_free(rules);
	partner_ids_free(&ids);
}

static void what_is_printed_reads_back(void **state)
{
	static const char text_in[] = "picket partner ids 1\n"
				      "1 b.example\n"
				      "7 xn--bcher-kva.example\n"
				      "16777214 c.example\n";
	struct partner_ids ids;
	struct fault fault;
	struct text text;

	assert_int_equal(partner_ids_init(&ids), 0);
	assert_int_equal(partner_ids_parse(view_of(text_in), &ids, &fault), PARSE_DONE);
	text_init(&text, 4096);
	partner_ids_print(&ids, &text);
	assert_string_equal(text.p, text_in);
	text_free(&text);
	partner_ids_free(&ids);
}

static void a_damaged_list_is_refused_whole(void **state)
{
	static const struct {
		const char *in, *cause;
		uint32_t offset_bytes;
	} cases[] = {
		{"", "header", 0},
		{"picket partner ids 1", "header", 0},
		{"picket partner ids 2\n", "header", 0},
		{"picket partner ids 1\n1 a.example", "line", 21},
		{"picket partner ids 1\n1 a.example\n\n", "line", 33},
		{"picket partner ids 1\n1a.example\n", "line", 21},
		{"picket partner ids 1\n01 a.example\n", "line", 21},
		{"picket partner ids 1\n0 a.example\n", "line", 21},
		{"picket partner ids 1\n16777216 a.example\n", "line", 21},
		{"picket partner ids 1\n-1 a.example\n", "line", 21},
		{"picket partner ids 1\n2 a.example\n1 b.example\n", "id_order", 33},
		{"picket partner ids 1\n2 a.example\n2 b.example\n", "id_order", 33},
		{"picket partner ids 1\n1 a.example\n2 a.example\n", "name_twice", 33},
		{"picket partner ids 1\n1 A.example\n", "name", 21},
		{"picket partner ids 1\n1  a.example\n", "name", 21},
		{"picket partner ids 1\n1 \n", "name", 21},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct partner_ids ids;
		struct fault fault = {"none", 0};

		assert_int_equal(partner_ids_init(&ids), 0);
		if (partner_ids_parse(view_of(cases[i].in), &ids, &fault) != PARSE_BAD ||
			strcmp(fault.cause, cases[i].cause) != 0 ||
			fault.offset_bytes != cases[i].offset_bytes)
			fail_msg("case %zu: %s at %u", i, fault.cause, fault.offset_bytes);
		assert_int_equal(ids.count, 0);
		assert_int_equal(ids.by_name.count, 0);
		partner_ids_free(&ids);
	}
}

static void when_ids_are_used_up_nothing_changes(void **state)
{
	static const char *const names[] = {"a.example", "b.example", "z.example", NULL};
	struct partner_ids ids;
	struct ruleset *rules;
	struct fault fault;

	assert_int_equal(partner_ids_init(&ids), 0);
	assert_int_equal(
		partner_ids_parse(VIEW("picket partner ids 1\n16777214 b.example\n"), &ids, &fault),
		PARSE_DONE);
	rules = compile_partners(names);
	assert_int_equal(ruleset_assign_ids(rules, &ids), -ENOSPC);
	assert_int_equal(ids.count, 1);
	assert_int_equal(id_of(rules, "a.example"), 1);
	assert_int_equal(id_of(rules, "b.example"), 2);
	assert_int_equal(id_of(rules, "z.example"), 3);
	ruleset_free(rules);
	partner_ids_free(&ids);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_partner_keeps_its_id_and_an_id_is_never_anothers),
		cmocka_unit_test(what_is_printed_reads_back),
		cmocka_unit_test(a_damaged_list_is_refused_whole),
		cmocka_unit_test(when_ids_are_used_up_nothing_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
