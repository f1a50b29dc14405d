/* SPDX-License-Identifier: BSD-3-Clause */
/* The clock of licences. */
#include "tests/unit/test.h"

#include "control/policy/clock.h"

static struct mono at_s(uint64_t s)
{
	return (struct mono){s * NS_PER_S};
}

static void it_follows_the_wall_clock_and_never_goes_back(void **state)
{
	struct policy_clock clock = {0};
	int64_t jumped;

	assert_int_equal(policy_clock_now(&clock, (struct wall){1000}, at_s(5), &jumped).s, 1000);
	assert_int_equal(jumped, 0);
	assert_int_equal(policy_clock_now(&clock, (struct wall){1010}, at_s(15), &jumped).s, 1010);
	assert_int_equal(policy_clock_now(&clock, (struct wall){1005}, at_s(16), &jumped).s, 1010);
	assert_int_equal(jumped, 0);
	assert_int_equal(policy_clock_now(&clock, (struct wall){1012}, at_s(23), &jumped).s, 1012);
	assert_int_equal(jumped, 0);
}

static void a_jump_of_more_than_a_minute_is_said_once_either_way(void **state)
{
	struct policy_clock clock = {0};
	int64_t jumped;

	policy_clock_now(&clock, (struct wall){100000}, at_s(100), &jumped);
	policy_clock_now(&clock, (struct wall){100061 + 10}, at_s(110), &jumped);
	assert_int_equal(jumped, 61);
	policy_clock_now(&clock, (struct wall){100061 + 20}, at_s(120), &jumped);
	assert_int_equal(jumped, 0);
	assert_int_equal(
		policy_clock_now(&clock, (struct wall){90000}, at_s(121), &jumped).s, 100081);
	assert_int_equal(jumped, 90000 - 100082);
	policy_clock_now(&clock, (struct wall){90060 + 1}, at_s(122), &jumped);
	assert_int_equal(jumped, 0); /* sixty seconds are no jump */
	policy_clock_now(&clock, (struct wall){90060 + 3600}, at_s(122 + 3600), &jumped);
	assert_int_equal(jumped, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_follows_the_wall_clock_and_never_goes_back),
		cmocka_unit_test(a_jump_of_more_than_a_minute_is_said_once_either_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
