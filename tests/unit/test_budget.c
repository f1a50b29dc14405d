/* SPDX-License-Identifier: BSD-3-Clause */
/* Buckets that are shared by chance, with a clock and hashes of the test's own. */
#include "tests/unit/test.h"

#include <stdlib.h>
#include <string.h>

#include "dataplane/budget.h"

static const struct hash_secret secret = {{0x0123456789abcdef, 0xfedcba9876543210}};

static int set_up(void **state)
{
	*state = calloc(1, sizeof(struct budget));
	return *state ? 0 : -1;
}

static int tear_down(void **state)
{
	free(*state);
	return 0;
}

/* Slots of both rows. */
static uint64_t at(uint32_t a, uint32_t b)
{
	return (uint64_t)b << 32 | a;
}

static struct mono ms(uint64_t t)
{
	return (struct mono){t * NS_PER_MS};
}

static unsigned take(struct budget *budget, uint64_t source, const struct budget_rate *rate,
	struct mono now, unsigned tries)
{
	unsigned taken = 0;

	for (unsigned i = 0; i < tries; i++)
		taken += budget_take(budget, source, rate, now);
	return taken;
}

static void a_source_gets_its_burst_and_then_its_rate(void **state)
{
	static const struct {
		uint32_t per_second, burst;
	} cases[] = {{1, 1}, {10, 20}, {100, 1}, {1000, 500}, {1000000, 1000}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct budget_rate rate = budget_rate_make(cases[i].per_second, cases[i].burst);
		struct budget *budget = *state;
		uint64_t taken = 0;

		memset(budget, 0, sizeof(*budget));
		assert_int_equal(take(budget, at(7, 7), &rate, ms(1000), 2000),
			cases[i].burst < 2000 ? cases[i].burst : 2000);
		/* Asked for more than there is, over ten seconds. */
		for (uint64_t t = 1001; t <= 11000; t++)
			taken += take(
				budget, at(7, 7), &rate, ms(t), cases[i].per_second / 1000 + 2);
		assert_in_range(taken, (uint64_t)cases[i].per_second * 10 * 99 / 100,
			(uint64_t)cases[i].per_second * 10 + 1);
	}
}

static void rest_fills_the_bucket_and_no_more(void **state)
{
	struct budget_rate rate = budget_rate_make(10, 20);

	assert_int_equal(take(*state, at(1, 1), &rate, ms(0), 100), 20);
	assert_int_equal(take(*state, at(1, 1), &rate, ms(99), 100), 0);
	assert_int_equal(take(*state, at(1, 1), &rate, ms(100), 100), 1);
	assert_int_equal(take(*state, at(1, 1), &rate, ms(600), 100), 5);
	assert_int_equal(take(*state, at(1, 1), &rate, ms(1000000), 100), 20);
	assert_int_equal(take(*state, at(1, 1), &rate, ms(1000000), 100), 0);
}

static void one_shared_bucket_holds_nobody_back(void **state)
{
	struct budget_rate rate = budget_rate_make(10, 20);

	assert_int_equal(take(*state, at(1, 1), &rate, ms(5), 100), 20);
	assert_int_equal(take(*state, at(1, 2), &rate, ms(5), 100), 20);
	assert_int_equal(take(*state, at(3, 1), &rate, ms(5), 100), 20);
	/* Both: that is the price. */
	assert_int_equal(take(*state, at(3, 2), &rate, ms(5), 100), 0);
}

static void sources_with_different_rates_share_buckets(void **state)
{
	struct budget_rate slow = budget_rate_make(1, 1);
	struct budget_rate fast = budget_rate_make(1000, 1000);

	assert_int_equal(take(*state, at(1, 1), &slow, ms(0), 10), 1);
	/* The slow one's token is a second; so long the fast one has a second's worth less. */
	assert_int_equal(take(*state, at(1, 1), &fast, ms(0), 2000), 0);
	assert_int_equal(take(*state, at(1, 1), &fast, ms(500), 2000), 500);
}

static void a_flood_of_few_networks_leaves_the_others_alone(void **state)
{
	struct budget_rate rate = budget_rate_make(10, 20);
	struct tuple t = {.family = TUPLE_IPV4};
	unsigned held_back = 0;

	/* A thousand networks at their limit. */
	for (uint32_t n = 0; n < 1000; n++) {
		t.src[0] = 20;
		t.src[1] = (uint8_t)(n >> 8);
		t.src[2] = (uint8_t)n;
		take(*state, budget_source(&secret, &t), &rate, ms(5), 100);
	}
	/* And ten thousand that ask for the first time: each in both of theirs by chance 2e-4. */
	for (uint32_t n = 0; n < 10000; n++) {
		t.src[0] = 30;
		t.src[1] = (uint8_t)(n >> 8);
		t.src[2] = (uint8_t)n;
		held_back += !budget_take(*state, budget_source(&secret, &t), &rate, ms(5));
	}
	assert_in_range(held_back, 0, 10);
}

static void a_network_is_one_source(void **state)
{
	struct tuple a = {.src = {198, 51, 100, 7}, .family = TUPLE_IPV4};
	struct tuple b = {.src = {198, 51, 100, 200}, .src_port = 9, .family = TUPLE_IPV4};
	struct tuple c = {.src = {198, 51, 101, 7}, .family = TUPLE_IPV4};
	struct tuple d = {.src = {0x20, 1, 0xd, 0xb8, 0, 1, 2, 3, 4}, .family = TUPLE_IPV6};
	struct tuple e = {.src = {0x20, 1, 0xd, 0xb8, 0, 1, 2, 9, 9}, .family = TUPLE_IPV6};
	struct tuple f = {.src = {0x20, 1, 0xd, 0xb8, 0, 1, 3, 3, 4}, .family = TUPLE_IPV6};
	static const struct hash_secret other = {{1, 2}};

	assert_true(budget_source(&secret, &a) == budget_source(&secret, &b));
	assert_true(budget_source(&secret, &a) != budget_source(&secret, &c));
	assert_true(budget_source(&secret, &d) == budget_source(&secret, &e));
	assert_true(budget_source(&secret, &d) != budget_source(&secret, &f));
	assert_true(budget_source(&secret, &a) != budget_source(&other, &a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_source_gets_its_burst_and_then_its_rate, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			rest_fills_the_bucket_and_no_more, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			one_shared_bucket_holds_nobody_back, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			sources_with_different_rates_share_buckets, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_flood_of_few_networks_leaves_the_others_alone, set_up, tear_down),
		cmocka_unit_test(a_network_is_one_source),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
