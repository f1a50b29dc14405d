/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages per partner. */
#include "tests/unit/test.h"

#include <stdio.h>

#include "control/session/tally.h"

static int start(void **state)
{
	*state = tallies_new((struct siphash_key){1, 2});
	return *state ? 0 : -1;
}

static int stop(void **state)
{
	tallies_free(*state);
	return 0;
}

/* One number of a row, -1 if the row does not have it. */
static int64_t number(struct tallies *all, size_t row, const char *name)
{
	json_t *rows = tallies_json(all);
	json_t *value = json_object_get(json_array_get(rows, row), name);
	int64_t n = json_is_integer(value) ? json_integer_value(value) : -1;

	json_decref(rows);
	return n;
}

static int64_t refused(struct tallies *all, size_t row, const char *cause)
{
	json_t *rows = tallies_json(all);
	json_t *causes = json_object_get(json_array_get(rows, row), "refused");
	json_t *value = json_object_get(causes, cause);
	int64_t n = json_is_integer(value) ? json_integer_value(value) : -1;

	json_decref(rows);
	return n;
}

static void nobody_wrote_yet(void **state)
{
	json_t *rows = tallies_json(*state);

	assert_true(json_is_array(rows));
	assert_int_equal(json_array_size(rows), 0);
	json_decref(rows);
}

static void both_ways_and_all_ends_are_counted_apart(void **state)
{
	struct tally *tally = tally_of(*state, "a.example");

	for (int i = 0; i < 7; i++)
		tally_message(tally, TALLY_IN);
	tally_message(tally, TALLY_OUT);
	tally_delivered(tally, TALLY_IN);
	tally_delivered(tally, TALLY_IN);
	tally_refused(tally, TALLY_IN, "gone");
	tally_unknown(tally, TALLY_OUT);
	assert_int_equal(number(*state, 0, "in"), 7);
	assert_int_equal(number(*state, 0, "in_delivered"), 2);
	assert_int_equal(number(*state, 0, "in_refused"), 1);
	assert_int_equal(number(*state, 0, "in_unknown"), 0);
	assert_int_equal(number(*state, 0, "out"), 1);
	assert_int_equal(number(*state, 0, "out_delivered"), 0);
	assert_int_equal(number(*state, 0, "out_unknown"), 1);
}

static void refusals_are_kept_by_way_and_cause(void **state)
{
	struct tally *tally = tally_of(*state, "a.example");

	tally_refused(tally, TALLY_IN, "gone");
	tally_refused(tally, TALLY_OUT, "gone");
	tally_refused(tally, TALLY_OUT, "gone");
	tally_refused(tally, TALLY_OUT, "no_user");
	assert_int_equal(refused(*state, 0, "in.gone"), 1);
	assert_int_equal(refused(*state, 0, "out.gone"), 2);
	assert_int_equal(refused(*state, 0, "out.no_user"), 1);
	assert_int_equal(refused(*state, 0, "in.no_user"), -1);
}

static void partners_stay_where_they_came_first(void **state)
{
	struct tally *first = tally_of(*state, "z.example");
	char name[32];

	for (int i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "p%d.example", i);
		assert_non_null(tally_of(*state, name));
	}
	assert_ptr_equal(tally_of(*state, "z.example"), first);
	tally_message(first, TALLY_IN);
	assert_int_equal(number(*state, 0, "in"), 1);
	assert_int_equal(number(*state, 200, "in"), 0);
	assert_int_equal(number(*state, 201, "in"), -1);
}

static void more_causes_than_there_is_room_for_are_still_counted(void **state)
{
	static char causes[200][16];
	struct tally *tally = tally_of(*state, "a.example");

	for (int i = 0; i < 200; i++) {
		snprintf(causes[i], sizeof(causes[i]), "cause_%d", i);
		tally_refused(tally, TALLY_IN, causes[i]);
	}
	assert_int_equal(number(*state, 0, "in_refused"), 200);
	assert_int_equal(refused(*state, 0, "in.cause_0"), 1);
	assert_int_equal(refused(*state, 0, "in.cause_199"), -1);
}

static void nobody_is_counted_for_nobody(void **state)
{
	tally_message(NULL, TALLY_IN);
	tally_delivered(NULL, TALLY_IN);
	tally_refused(NULL, TALLY_IN, "gone");
	tally_unknown(NULL, TALLY_IN);
	tallies_free(NULL);
	nobody_wrote_yet(state);
}

#define ROW(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROW(nobody_wrote_yet),
		ROW(both_ways_and_all_ends_are_counted_apart),
		ROW(refusals_are_kept_by_way_and_cause),
		ROW(partners_stay_where_they_came_first),
		ROW(more_causes_than_there_is_room_for_are_still_counted),
		ROW(nobody_is_counted_for_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
