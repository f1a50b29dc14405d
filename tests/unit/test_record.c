/* SPDX-License-Identifier: BSD-3-Clause */
/* The two texts beside the generations of the rules. */
#include "tests/unit/test.h"

#include <stdio.h>

#include "control/record.h"

#define DIGEST "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881" /* of "x" */
#define RECORD                                                                                     \
	"picket-generation 1\ngeneration 1700000001\nback 1700000000\nwhat rollback\n"             \
	"at 1700000002\nuid 1000\ntable 0123456789abcdef\ndigest " DIGEST                          \
	"\norigin /etc/picket/rules.yaml\n"
#define CURRENT                                                                                    \
	"picket-current 1\ngeneration 1700000001\nseen " DIGEST "\npath /etc/picket/rules.yaml\n"

static void what_is_read_prints_the_same(void **state)
{
	struct record record;
	struct record_current current;
	struct fault fault;
	struct text text;

	text_init(&text, RECORD_TEXT_BYTES_MAX);
	assert_int_equal(record_parse(VIEW(RECORD), &record, &fault), PARSE_DONE);
	assert_int_equal(record.generation, 1700000001);
	assert_int_equal(record.back, 1700000000);
	assert_int_equal(record.what, RECORD_ROLLBACK);
	assert_int_equal(record.at_s, 1700000002);
	assert_int_equal(record.uid, 1000);
	assert_true(record.table == 0x0123456789abcdef);
	assert_string_equal(record.digest, DIGEST);
	record_print(&record, &text);
	assert_string_equal(text.p, RECORD);
	text_reset(&text);
	assert_int_equal(record_current_parse(VIEW(CURRENT), &current, &fault), PARSE_DONE);
	assert_string_equal(current.seen_path, "/etc/picket/rules.yaml");
	record_current_print(&current, &text);
	assert_string_equal(text.p, CURRENT);
	text_free(&text);
}

static void a_digest_is_that_of_sha256sum(void **state)
{
	char digest[RECORD_DIGEST_BYTES];

	record_digest(VIEW("x"), digest);
	assert_string_equal(digest, DIGEST);
}

/* The record with one text in it replaced. */
static enum parse parse_with(
	const char *text, const char *from, const char *to, struct fault *fault)
{
	char changed[2048];
	const char *at = strstr(text, from);
	struct record record;
	struct record_current current;

	assert_non_null(at);
	snprintf(changed, sizeof(changed), "%.*s%s%s", (int)(at - text), text, to,
		at + strlen(from));
	return text[7] == 'g' ? record_parse(view_of(changed), &record, fault)
			      : record_current_parse(view_of(changed), &current, fault);
}

static void what_is_not_as_it_was_written_is_refused(void **state)
{
	static const struct {
		const char *text, *from, *to, *cause;
	} cases[] = {
		{RECORD, "picket-generation 1", "picket-generation 2", "record_header"},
		{RECORD, "generation 17", "generation 017", "record_line"},
		{RECORD, "generation 17", "generation -17", "record_line"},
		{RECORD, "1700000001", "18446744073709551615", "record_line"},
		{RECORD, "back 1700000000\n", "", "record_line"},
		{RECORD, "rollback", "sideways", "record_line"},
		{RECORD, "uid 1000", "uid 4294967296", "record_line"},
		{RECORD, "0123456789abcdef", "0123456789ABCDEF", "record_line"},
		{RECORD, "0123456789abcdef", "123456789abcdef", "record_line"},
		{RECORD, DIGEST, "2d71", "record_line"},
		{RECORD, "/etc", "etc", "record_line"},
		{RECORD, "/etc", "/\x01tc", "record_line"},
		{RECORD, "/etc", "/\xff", "record_line"},
		{RECORD, "rules.yaml\n", "rules.yaml", "record_line"},
		{RECORD, "rules.yaml\n", "rules.yaml\nmore\n", "record_end"},
		{CURRENT, "picket-current 1", "picket", "record_header"},
		{CURRENT, "seen ", "seen  ", "record_line"},
		{CURRENT, "path /", "path ", "record_line"},
		{CURRENT, "rules.yaml\n", "rules.yaml\n\n", "record_end"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fault fault = {0};

		if (parse_with(cases[i].text, cases[i].from, cases[i].to, &fault) != PARSE_BAD ||
			strcmp(fault.cause, cases[i].cause) != 0)
			fail_msg("'%s' for '%s': %s", cases[i].to, cases[i].from,
				fault.cause ? fault.cause : "taken");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_read_prints_the_same),
		cmocka_unit_test(a_digest_is_that_of_sha256sum),
		cmocka_unit_test(what_is_not_as_it_was_written_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
