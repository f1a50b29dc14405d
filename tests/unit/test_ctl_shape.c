/* SPDX-License-Identifier: BSD-3-Clause */
/* Answers as documents. */
#include "tests/unit/test.h"

#include <string.h>

#include "control/ctl/shape.h"

static void expect_shape(const char *head, const char *rows, const char *expected)
{
	json_t *h = head ? json_loads(head, 0, NULL) : NULL;
	json_t *r = json_loads(rows, 0, NULL);
	json_t *wanted = json_loads(expected, 0, NULL);
	json_t *got = shape_answer(h, r);

	assert_non_null(wanted);
	if (!json_equal(got, wanted))
		fail_msg("%s became %s", rows, json_dumps(got, JSON_COMPACT));
	json_decref(h);
	json_decref(r);
	json_decref(wanted);
	json_decref(got);
}

static void counters_become_one_object_with_their_names(void **state)
{
	expect_shape(NULL, "[{\"name\": \"in.x\", \"value\": 1}, {\"name\": \"b\", \"value\": 2}]",
		"{\"in.x\": 1, \"b\": 2}");
}

static void rows_of_another_kind_stay_an_array(void **state)
{
	expect_shape(NULL, "[{\"id\": 1}, {\"id\": 2}]", "[{\"id\": 1}, {\"id\": 2}]");
	expect_shape(NULL, "[]", "[]");
}

static void the_dataplanes_groups_are_nested_and_partners_come_last(void **state)
{
	expect_shape("{\"state\": \"ready\"}",
		"[{\"name\": \"flows\", \"value\": 3}, {\"name\": \"in.received\", \"value\": 1},"
		" {\"name\": \"dropped.bad_arp\", \"value\": 2}, {\"partner\": \"a.example\", \"id\": 1}]",
		"{\"state\": \"ready\", \"counters\": {\"flows\": 3, \"in\": {\"received\": 1},"
		" \"dropped\": {\"bad_arp\": 2}, \"partners\": [{\"partner\": \"a.example\", \"id\": 1}]}}");
}

static void a_head_without_rows_stands_alone(void **state)
{
	expect_shape("{\"version\": \"1\"}", "[]", "{\"version\": \"1\"}");
}

static void zeros_are_left_out_of_pairs_only(void **state)
{
	json_t *rows =
		json_loads("[{\"name\": \"a\", \"value\": 0}, {\"name\": \"b\", \"value\": 1},"
			   " {\"id\": 0, \"value\": 0, \"x\": 0}]",
			0, NULL);
	json_t *kept = shape_without_zeros(rows);

	assert_int_equal(json_array_size(kept), 2);
	json_decref(kept);
	json_decref(rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counters_become_one_object_with_their_names),
		cmocka_unit_test(rows_of_another_kind_stay_an_array),
		cmocka_unit_test(the_dataplanes_groups_are_nested_and_partners_come_last),
		cmocka_unit_test(a_head_without_rows_stands_alone),
		cmocka_unit_test(zeros_are_left_out_of_pairs_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
