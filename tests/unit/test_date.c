/* SPDX-License-Identifier: BSD-3-Clause */
/* Days and instants as the rules write them. */
#include "tests/unit/test.h"

#include <stdio.h>
#include <time.h>

#include "rules/date.h"

static const struct {
	const char *text;
	const char *cause; /* NULL: fine */
	int64_t s;
} dates[] = {
	{"1990-01-01", NULL, 631152000},
	{"2000-02-29", NULL, 951782400},
	{"2012-09-01T00:00:00Z", NULL, 1346457600},
	{"2012-08-31T23:59:59Z", NULL, 1346457599},
	{"2014-07-01", NULL, 1404172800},
	{"2038-01-19T03:14:08Z", NULL, INT64_C(2147483648)},
	{"9998-12-31T23:59:59Z", NULL, INT64_C(253370764799)},
	{"", "not_a_date", 0},
	{"2014", "not_a_date", 0},
	{"2014-6-30", "not_a_date", 0},
	{"2014-06-30 ", "not_a_date", 0},
	{" 2014-06-30", "not_a_date", 0},
	{"2014/06/30", "not_a_date", 0},
	{"30-06-2014", "not_a_date", 0},
	{"+014-06-30", "not_a_date", 0},
	{"2014-06-30T00:00:00", "not_a_date", 0},
	{"2014-06-30T00:00:00z", "not_a_date", 0},
	{"2014-06-30t00:00:00Z", "not_a_date", 0},
	{"2014-06-30T00:00Z", "not_a_date", 0},
	{"2014-06-30T00:00:00.5Z", "not_a_date", 0},
	{"2014-06-30T00:00:00+02:00", "not_a_date", 0},
	{"2014-00-10", "no_such_month", 0},
	{"2014-13-10", "no_such_month", 0},
	{"2014-06-31", "no_such_day", 0},
	{"2014-06-00", "no_such_day", 0},
	{"2014-02-29", "no_such_day", 0},
	{"2100-02-29", "no_such_day", 0},
	{"2014-06-30T24:00:00Z", "no_such_time", 0},
	{"2014-06-30T23:60:00Z", "no_such_time", 0},
	{"2016-12-31T23:59:60Z", "no_such_time", 0},
	{"1989-12-31", "year_out_of_range", 0},
	{"9999-01-01", "year_out_of_range", 0},
};

static void a_date_is_read_or_refused_with_its_cause(void **state)
{
	for (size_t i = 0; i < sizeof(dates) / sizeof(dates[0]); i++) {
		struct fault fault = {0};
		struct wall out = {-1};
		bool ok = date_read(view_of(dates[i].text), &out, &fault);

		if (ok != !dates[i].cause || (ok && out.s != dates[i].s) ||
			(!ok && strcmp(fault.cause, dates[i].cause) != 0))
			fail_msg("'%s': %s %lld", dates[i].text, ok ? "read" : fault.cause,
				(long long)out.s);
	}
}

static void the_fault_is_at_the_first_wrong_byte(void **state)
{
	struct fault fault;
	struct wall out;

	assert_false(date_read(VIEW("2014-06x30"), &out, &fault));
	assert_int_equal(fault.offset_bytes, 7);
	assert_false(date_read(VIEW("2014-06-31"), &out, &fault));
	assert_int_equal(fault.offset_bytes, 8);
}

/* The C library's calendar is the other opinion. */
static void every_day_is_that_of_the_c_library_and_is_printed_as_it_was_read(void **state)
{
	struct fault fault;

	for (int64_t day = 7305; day < 7305 + 200 * 366; day++) {
		time_t t = (time_t)(day * 86400);
		char text[DATE_TEXT_BYTES];
		char printed[DATE_TEXT_BYTES];
		struct wall out;
		struct tm tm;

		gmtime_r(&t, &tm);
		strftime(text, sizeof(text), "%Y-%m-%d", &tm);
		assert_true(date_read(view_of(text), &out, &fault));
		assert_int_equal(out.s, t);
		date_print(out, printed);
		assert_string_equal(printed, text);
		assert_int_equal(date_month(out), (tm.tm_year + 1900) * 12 + tm.tm_mon);
		out.s += 86399;
		assert_int_equal(date_month(out), (tm.tm_year + 1900) * 12 + tm.tm_mon);
		date_print(out, printed);
		assert_string_equal(printed + 10, "T23:59:59Z");
	}
}

static void a_month_begins_at_its_first_instant(void **state)
{
	for (int32_t month = 1990 * 12; month < 2200 * 12; month++) {
		struct wall first = date_of_month(month);

		assert_int_equal(date_month(first), month);
		assert_int_equal(date_month((struct wall){first.s - 1}), month - 1);
	}
}

static void never_stays_never(void **state)
{
	char text[DATE_TEXT_BYTES];

	assert_int_equal(date_after_days(DATE_NEVER, 30).s, DATE_NEVER.s);
	date_print(DATE_NEVER, text);
	assert_string_equal(text, "never");
	assert_int_equal(date_after_days((struct wall){1346457600}, 2).s, 1346457600 + 172800);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_date_is_read_or_refused_with_its_cause),
		cmocka_unit_test(the_fault_is_at_the_first_wrong_byte),
		cmocka_unit_test(every_day_is_that_of_the_c_library_and_is_printed_as_it_was_read),
		cmocka_unit_test(a_month_begins_at_its_first_instant),
		cmocka_unit_test(never_stays_never),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
