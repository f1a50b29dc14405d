/* SPDX-License-Identifier: BSD-3-Clause */
/* JSON for people. */
#include "tests/unit/test.h"

#include <stdlib.h>

#include "control/ctl/table.h"

static void expect_print(
	void (*print)(FILE *out, json_t *json), const char *json, const char *expected)
{
	char *got = NULL;
	size_t len;
	FILE *out = open_memstream(&got, &len);
	json_t *value = json_loads(json, 0, NULL);

	assert_non_null(value);
	print(out, value);
	fclose(out);
	json_decref(value);
	assert_string_equal(got, expected);
	free(got);
}

static void columns_are_aligned_numbers_to_the_right(void **state)
{
	expect_print(table_print_rows,
		"[{\"id\":1,\"domain\":\"a.example\"},{\"id\":100,\"domain\":\"b\"}]",
		" id  domain\n"
		"  1  a.example\n"
		"100  b\n");
}

static void missing_members_are_dashes_and_later_columns_appear(void **state)
{
	expect_print(table_print_rows, "[{\"a\":\"x\"},{\"b\":true},{\"a\":[1],\"b\":null}]",
		"a    b\n"
		"x    -\n"
		"-    yes\n"
		"[1]  -\n");
}

static void names_and_values_need_no_header(void **state)
{
	expect_print(table_print_rows,
		"[{\"name\":\"a.b\",\"value\":5},{\"name\":\"c\",\"value\":12}]",
		"a.b   5\n"
		"c    12\n");
	expect_print(table_print_rows, "[]", "");
}

static void width_counts_characters_not_bytes(void **state)
{
	expect_print(table_print_rows, "[{\"a\":\"\xc3\xbc\",\"b\":1},{\"a\":\"uu\",\"b\":2}]",
		"a   b\n"
		"\xc3\xbc   1\n"
		"uu  2\n");
}

static void nothing_steers_the_terminal(void **state)
{
	expect_print(table_print_rows, "[{\"a\":\"\\u001b[2J\\u009b\\u007f\\n\",\"b\":1}]",
		"a                    b\n"
		"\\x1b[2J\\x9b\\x7f\\x0a  1\n");
}

static void the_head_is_lines(void **state)
{
	expect_print(table_print_head,
		"{\"state\":\"ready\",\"listeners\":[{\"port\":1}],\"x\":{\"y\":2}}",
		"state: ready\n"
		"listeners: [{\"port\":1}]\n"
		"x.y: 2\n"
		"\n");
	expect_print(table_print_head, "{}", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_are_aligned_numbers_to_the_right),
		cmocka_unit_test(missing_members_are_dashes_and_later_columns_appear),
		cmocka_unit_test(names_and_values_need_no_header),
		cmocka_unit_test(width_counts_characters_not_bytes),
		cmocka_unit_test(nothing_steers_the_terminal),
		cmocka_unit_test(the_head_is_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
