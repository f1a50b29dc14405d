/* SPDX-License-Identifier: BSD-3-Clause */
/* What the control plane counts. */
#include "tests/unit/test.h"

#include <stdio.h>
#include <string.h>

#include "control/counters.h"

static void area_and_cause_make_one_name(void **state)
{
	json_t *all;

	counters_clear();
	counter_add("xmpp.refused", "invalid_from", 2);
	counter_add("xmpp.refused.invalid_from", NULL, 1);
	assert_int_equal(counter_get("xmpp.refused", "invalid_from"), 3);
	assert_int_equal(counter_get("xmpp.refused", "other"), 0);
	all = counters_json();
	assert_int_equal(json_object_size(all), 1);
	assert_int_equal(json_integer_value(json_object_get(all, "xmpp.refused.invalid_from")), 3);
	json_decref(all);
}

static void adding_nothing_makes_the_counter_visible(void **state)
{
	json_t *all;

	counters_clear();
	counter_add("a", "b", 0);
	all = counters_json();
	assert_true(json_is_integer(json_object_get(all, "a.b")));
	json_decref(all);
}

static void a_full_table_counts_what_had_no_room(void **state)
{
	char what[16];
	json_t *all;

	counters_clear();
	for (int i = 0; i < 5000; i++) {
		snprintf(what, sizeof(what), "n%d", i);
		counter_add("many", what, 1);
	}
	all = counters_json();
	assert_int_equal(json_object_size(all), 1024);
	assert_int_equal(counter_get("counters", "no_room"), 5000 - 1023);
	assert_int_equal(counter_get("many", "n0"), 1);
	/* Those that are there still count. */
	counter_add("many", "n0", 1);
	assert_int_equal(counter_get("many", "n0"), 2);
	json_decref(all);
}

static void a_name_that_is_too_long_is_cut_not_overrun(void **state)
{
	char longer[200];

	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	counters_clear();
	counter_add(longer, "cause", 1);
	assert_int_equal(counter_get(longer, "cause"), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(area_and_cause_make_one_name),
		cmocka_unit_test(adding_nothing_makes_the_counter_visible),
		cmocka_unit_test(a_full_table_counts_what_had_no_room),
		cmocka_unit_test(a_name_that_is_too_long_is_cut_not_overrun),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
