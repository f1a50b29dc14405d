/* SPDX-License-Identifier: BSD-3-Clause */
/* How many different things were seen in a window. */
#include "tests/unit/test.h"

#include "control/policy/distinct.h"

/* As hashes are: all bits of it differ from one to the next. */
static uint64_t hash(uint64_t n)
{
	n = (n + 1) * UINT64_C(0x9e3779b97f4a7c15);
	n = (n ^ n >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	n = (n ^ n >> 27) * UINT64_C(0x94d049bb133111eb);
	return n ^ n >> 31;
}

static void add(struct distinct *d, uint32_t from, uint32_t count, uint32_t step)
{
	for (uint32_t i = 0; i < count; i++)
		assert_int_equal(distinct_add(d, hash(from + i), step), 0);
}

static void each_counts_once(void **state)
{
	struct distinct d = {0};

	assert_int_equal(distinct_count(&d, 5), 0);
	assert_false(distinct_has(&d, hash(1), 5));
	assert_int_equal(distinct_bytes(&d), 0);
	for (int i = 0; i < 3; i++)
		add(&d, 0, 1000, 5);
	assert_int_equal(distinct_count(&d, 5), 1000);
	assert_true(distinct_has(&d, hash(999), 5));
	assert_false(distinct_has(&d, hash(1000), 5));
	/* What a free slot has is a hash as well. */
	assert_false(distinct_has(&d, 0, 5));
	assert_int_equal(distinct_add(&d, 0, 5), 0);
	assert_true(distinct_has(&d, 0, 5));
	assert_int_equal(distinct_count(&d, 5), 1001);
	distinct_free(&d);
}

static void what_is_not_seen_for_a_window_goes_and_its_memory_too(void **state)
{
	struct distinct d = {0};

	add(&d, 0, 100, 10);
	add(&d, 100, 100, 14);
	assert_int_equal(distinct_count(&d, 18), 200);
	/* Seen again it stays. */
	add(&d, 7, 1, 18);
	assert_int_equal(distinct_count(&d, 19), 101);
	assert_true(distinct_has(&d, hash(7), 19));
	assert_false(distinct_has(&d, hash(8), 19));
	assert_int_equal(distinct_count(&d, 23), 1);
	assert_int_equal(distinct_count(&d, 27), 0);
	assert_int_equal(distinct_bytes(&d), 0);
	distinct_free(&d);
}

static void up_to_the_bound_it_is_exact(void **state)
{
	struct distinct d = {0};

	add(&d, 0, DISTINCT_EXACT_MAX, 3);
	assert_int_equal(distinct_count(&d, 3), DISTINCT_EXACT_MAX);
	/* None of them is one more. */
	add(&d, 0, DISTINCT_EXACT_MAX, 3);
	assert_null(d.bits[0]);
	assert_int_equal(distinct_count(&d, 3), DISTINCT_EXACT_MAX);
	distinct_free(&d);
}

static void beyond_it_is_estimated_in_the_same_memory(void **state)
{
	static const uint32_t counts[] = {5000, 50 * 1000, 500 * 1000, 2000 * 1000};
	struct distinct d = {0};
	uint32_t added = 0;

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		uint32_t count;

		add(&d, added, counts[i] - added, 8);
		added = counts[i];
		count = distinct_count(&d, 8);
		if (count < counts[i] - counts[i] / 20 || count > counts[i] + counts[i] / 20)
			fail_msg("%u were seen, %u are told", counts[i], count);
		assert_int_equal(distinct_bytes(&d), 2 * DISTINCT_BITS / 8);
	}
	assert_true(distinct_has(&d, hash(1), 8));
	distinct_free(&d);
}

static void an_estimate_ends_too(void **state)
{
	struct distinct d = {0};

	add(&d, 0, 10 * 1000, 8);
	add(&d, 10 * 1000, 10 * 1000, 16); /* the next window */
	assert_in_range(distinct_count(&d, 16), 19000, 21000);
	add(&d, 10 * 1000, 100, 24);
	assert_in_range(distinct_count(&d, 24), 9500, 10500);
	/* The window after that has few enough to be counted, but nobody knows which they are. */
	assert_in_range(distinct_count(&d, 32), 90, 110);
	assert_int_equal(distinct_count(&d, 40), 0);
	assert_int_equal(distinct_bytes(&d), 0);
	add(&d, 0, 5, 40);
	assert_int_equal(distinct_count(&d, 40), 5);
	distinct_free(&d);
}

static void when_time_goes_back_it_begins_anew(void **state)
{
	struct distinct d = {0};

	add(&d, 0, 100, 1000);
	assert_int_equal(distinct_count(&d, 3), 0);
	add(&d, 0, 10 * 1000, 1000);
	assert_int_equal(distinct_count(&d, 3), 0);
	distinct_free(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_counts_once),
		cmocka_unit_test(what_is_not_seen_for_a_window_goes_and_its_memory_too),
		cmocka_unit_test(up_to_the_bound_it_is_exact),
		cmocka_unit_test(beyond_it_is_estimated_in_the_same_memory),
		cmocka_unit_test(an_estimate_ends_too),
		cmocka_unit_test(when_time_goes_back_it_begins_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
