/* SPDX-License-Identifier: BSD-3-Clause */
/* Comma-separated values. */
#include "tests/unit/test.h"

#include <stdio.h>

#include "rules/csv.h"

/* Records as "a|b\n", or the cause. */
static void read_all(struct view text, char *out, size_t out_bytes)
{
	struct fault fault = {0};
	struct csv csv;
	size_t used = 0;
	enum parse parse;

	csv_begin(&csv, text);
	out[0] = '\0';
	while ((parse = csv_next(&csv, &fault)) == PARSE_DONE)
		for (uint32_t i = 0; i < csv.count; i++)
			used += (size_t)snprintf(out + used, out_bytes - used, "%.*s%s",
				VIEW_ARG(csv.fields[i]), i + 1 < csv.count ? "|" : "\n");
	if (parse == PARSE_BAD)
		snprintf(out + used, out_bytes - used, "%u: %s", csv.line, fault.cause);
}

static void records_have_their_fields(void **state)
{
	static const struct {
		const char *text, *read;
	} cases[] = {
		{"", ""},
		{"\n \n\r\n", ""},
		{"a,b\nc,d", "a|b\nc|d\n"},
		{"\xef\xbb\xbf a , b\t\r\n\r\nc,\r\n", "a|b\nc|\n"},
		{",,\n", "||\n"},
		{"\"a,b\" , \"\",c\n", "a,b||c\n"},
		{"\"a\"", "a\n"},
		{"a\n\"b", "a\n2: csv_quote"},
		{"a\"b", "1: csv_quote"},
		{"\"a\"b", "1: csv_quote"},
		{"\"a\"\"b\"", "1: csv_quote"},
		{"\"a\nb\"", "1: csv_quote"},
		{"a\x01", "1: csv_control"},
		{"a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a", "a|a|a|a|a|a|a|a|a|a|a|a|a|a|a|a\n"},
		{"a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,", "1: csv_fields"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char read[256];

		read_all(view_of(cases[i].text), read, sizeof(read));
		if (strcmp(read, cases[i].read) != 0)
			fail_msg("'%s': '%s'", cases[i].text, read);
	}
}

static void a_field_has_a_bound(void **state)
{
	static char text[CSV_FIELD_BYTES_MAX + 2];
	struct fault fault;
	struct csv csv;

	memset(text, 'a', CSV_FIELD_BYTES_MAX + 1);
	csv_begin(&csv, view_make(text, CSV_FIELD_BYTES_MAX));
	assert_int_equal(csv_next(&csv, &fault), PARSE_DONE);
	csv_begin(&csv, view_make(text, CSV_FIELD_BYTES_MAX + 1));
	assert_int_equal(csv_next(&csv, &fault), PARSE_BAD);
	assert_string_equal(fault.cause, "csv_field_length");
}

static void columns_are_known_by_their_names(void **state)
{
	static const char *const names[] = {"user", "from", "to", NULL};
	static const struct {
		const char *text, *cause;
	} cases[] = {
		{"", "csv_column_missing"},
		{"from,to", "csv_column_missing"},
		{"user,user", "csv_column_twice"},
		{"user,until", "csv_column_unknown"},
		{"us\"er", "csv_quote"},
	};
	struct csv_columns columns;
	struct fault fault;
	struct csv csv;

	csv_begin(&csv, VIEW("To,User\n2012,a\n,b,c\nonly\n"));
	assert_int_equal(csv_header(&csv, names, 0, &columns, &fault), PARSE_DONE);
	assert_int_equal(csv_next(&csv, &fault), PARSE_DONE);
	assert_true(view_equal(csv_field(&csv, &columns, 0), VIEW("a")));
	assert_int_equal(csv_field(&csv, &columns, 1).len, 0);
	assert_true(view_equal(csv_field(&csv, &columns, 2), VIEW("2012")));
	assert_int_equal(csv_next(&csv, &fault), PARSE_DONE);
	assert_true(view_equal(csv_field(&csv, &columns, 0), VIEW("b")));
	assert_int_equal(csv_next(&csv, &fault), PARSE_DONE);
	assert_int_equal(csv_field(&csv, &columns, 0).len, 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		csv_begin(&csv, view_of(cases[i].text));
		assert_int_equal(csv_header(&csv, names, 0, &columns, &fault), PARSE_BAD);
		assert_string_equal(fault.cause, cases[i].cause);
		assert_string_not_equal(csv_cause_text(fault.cause), fault.cause);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_have_their_fields),
		cmocka_unit_test(a_field_has_a_bound),
		cmocka_unit_test(columns_are_known_by_their_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
