/* SPDX-License-Identifier: BSD-3-Clause */
/* Rates: how much passes in a second, and never more than a burst and a lease above it. */
#include "tests/unit/test.h"

#include <pthread.h>

#include "dataplane/lease.h"

static uint64_t random_state = 88172645463325252;

static uint64_t random_below(uint64_t bound)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (random_state >> 11) % bound;
}

struct shape {
	uint64_t per_s, burst;
	uint32_t lease_most;
	uint32_t amount; /* of each attempt */
};

static const struct shape shapes[] = {
	{1, 5, 1, 1},
	{20, 50, 1, 1},
	{100, 100, 32, 1},
	{1000, 2000, 32, 1},
	{20000, 40000, 32, 1},
	{3000000, 1000, 32, 1},
	{10000000, 10000, 32, 1},
	{1000000, 2000000, 32768, 1514},
	{25000000, 50000000, 32768, 60},
	{1000000000, 10000000, 32768, 200},
	{UINT64_C(12500000000), 10000000, 32768, 9000},
};

/* Attempts at twice the rate for a second, or as many as can be had. */
static uint64_t passed_in_a_second(const struct shape *s, const struct rate *rate,
	struct pool *pool, struct lease *lease, struct mono *now)
{
	uint64_t tries = 2 * s->per_s / s->amount + 2;
	uint64_t turns = tries < 100000 ? tries : 100000;
	uint64_t each = tries / turns;
	uint64_t start = now->ns;
	uint64_t passed = 0;

	for (uint64_t turn = 1; turn <= turns; turn++) {
		now->ns = start + NS_PER_S * turn / turns;
		for (uint64_t i = 0; i < each; i++)
			passed += lease_take(lease, pool, rate, s->amount, *now) ? s->amount : 0;
	}
	return passed;
}

static void the_error_over_a_second_is_below_one_percent(void **state)
{
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		const struct shape *s = &shapes[i];
		struct rate rate = rate_make(s->per_s, s->burst, s->lease_most);
		struct mono now = {1234567890123};
		struct lease lease = {0};
		struct pool pool = {0};
		uint64_t burst = 0;

		while (lease_take(&lease, &pool, &rate, s->amount, now))
			burst += s->amount;
		if (burst > s->burst || burst + s->amount <= s->burst - s->burst / 100)
			fail_msg("case %zu: a burst of %llu", i, (unsigned long long)burst);
		for (int second = 0; second < 3; second++) {
			uint64_t passed = passed_in_a_second(s, &rate, &pool, &lease, &now);
			uint64_t error = passed > s->per_s ? passed - s->per_s : s->per_s - passed;

			/* One attempt is all or nothing. */
			if (error > s->per_s / 100 + s->amount)
				fail_msg("case %zu: %llu passed", i, (unsigned long long)passed);
		}
	}
}

static void at_any_time_no_more_has_passed_than_burst_rate_and_a_lease(void **state)
{
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		const struct shape *s = &shapes[i];
		struct rate rate = rate_make(s->per_s, s->burst, s->lease_most);
		struct mono now = {NS_PER_S};
		struct lease lease = {0};
		struct pool pool = {0};
		uint64_t window_ns = now.ns;
		uint64_t passed = 0;

		for (int turn = 0; turn < 20000; turn++) {
			unsigned __int128 most;

			now.ns +=
				random_below(4) ? random_below(1000) : random_below(NS_PER_S / 50);
			for (uint64_t k = random_below(200); k > 0; k--)
				if (lease_take(&lease, &pool, &rate, s->amount, now))
					passed += s->amount;
			most = (unsigned __int128)s->per_s * (now.ns - window_ns) / NS_PER_S +
			       s->burst + rate.lease;
			/* Rounded to units: a thousandth of the rate. */
			if (passed > most + most / 1000 + 1)
				fail_msg("case %zu, turn %d: %llu passed", i, turn,
					(unsigned long long)passed);
			if (random_below(1000) == 0) { /* a window may begin anywhere */
				window_ns = now.ns;
				passed = 0;
			}
		}
	}
}

static void long_silence_saves_no_more_than_a_burst_and_a_lease(void **state)
{
	struct rate rate = rate_make(1000, 500, 32);
	struct mono now = {NS_PER_S};
	struct lease lease = {0};
	struct pool pool = {0};
	uint32_t passed = 0;

	assert_true(lease_take(&lease, &pool, &rate, 1, now));
	assert_int_equal(rate.lease, 7); /* a 128th of a second's */
	assert_int_equal(lease.credit, 6);
	now = mono_after_ms(now, 3600 * 1000);
	while (lease_take(&lease, &pool, &rate, 1, now))
		passed++;
	assert_int_equal(passed, 506);
}

static void what_does_not_pass_costs_nothing(void **state)
{
	struct rate rate = rate_make(10000, 20000, 32768);
	struct mono now = {NS_PER_S};
	struct lease lease = {0};
	struct pool pool = {0};

	assert_true(lease_take(&lease, &pool, &rate, 19000, now));
	for (int i = 0; i < 100; i++)
		assert_false(lease_take(&lease, &pool, &rate, 1514, now));
	assert_true(lease_take(&lease, &pool, &rate, 1000, now));
	assert_false(lease_take(&lease, &pool, &rate, 1, now));
}

static void stricter_rules_are_not_waited_for(void **state)
{
	struct rate slow = rate_make(1, 3600, 1);
	struct rate fast = rate_make(1000, 10, 1);
	struct mono now = {NS_PER_S};
	struct pool pool = {0};

	for (int i = 0; i < 3600; i++)
		assert_true(pool_take(&pool, &slow, 1, now));
	/* An hour in debt by the old rules, empty by the new ones. */
	assert_false(pool_take(&pool, &fast, 1, now));
	now = mono_after_ms(now, 5);
	for (int i = 0; i < 5; i++)
		assert_true(pool_take(&pool, &fast, 1, now));
	assert_false(pool_take(&pool, &fast, 1, now));
}

/* Whoever is behind must not take a pool that the other has emptied for one in debt. */
static void clocks_that_differ_give_no_more(void **state)
{
	const uint64_t lags_us[] = {1, 40, 1000, 900000};
	struct rate rate = rate_make(20000, 4000, 32);

	for (size_t i = 0; i < sizeof(lags_us) / sizeof(lags_us[0]); i++) {
		struct lease leases[2] = {{0}};
		struct pool pool = {0};
		uint64_t passed = 0;

		for (uint64_t us = 0; us < 1000000; us += 20) {
			struct mono ahead = {10 * NS_PER_S + us * NS_PER_US};
			struct mono behind = {ahead.ns - lags_us[i] * NS_PER_US};

			passed += lease_take(&leases[0], &pool, &rate, 1, behind);
			passed += lease_take(&leases[1], &pool, &rate, 1, ahead);
		}
		assert_in_range(passed, 4000 + 20000 - 32, 4000 + 20000 + 2 * 32);
	}
}

enum { LCORES = 4, ROUNDS = 200000 };

static struct pool shared_pool;
static struct rate shared_rate;

/* All of them at one moment: the pool must give its burst once. */
static void *spend(void *arg)
{
	struct lease lease = {0};
	uint64_t *passed = arg;

	for (int i = 0; i < ROUNDS; i++)
		*passed +=
			lease_take(&lease, &shared_pool, &shared_rate, 1, (struct mono){NS_PER_S});
	*passed += lease.credit;
	return NULL;
}

static void lcores_that_share_a_pool_get_no_more_than_one(void **state)
{
	pthread_t threads[LCORES];
	uint64_t passed[LCORES] = {0};
	uint64_t sum = 0;

	shared_pool = (struct pool){0};
	shared_rate = rate_make(100000, 100000, 32);
	for (int i = 0; i < LCORES; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, spend, &passed[i]), 0);
	for (int i = 0; i < LCORES; i++) {
		pthread_join(threads[i], NULL);
		sum += passed[i];
	}
	assert_int_equal(sum, 100000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_error_over_a_second_is_below_one_percent),
		cmocka_unit_test(at_any_time_no_more_has_passed_than_burst_rate_and_a_lease),
		cmocka_unit_test(long_silence_saves_no_more_than_a_burst_and_a_lease),
		cmocka_unit_test(what_does_not_pass_costs_nothing),
		cmocka_unit_test(stricter_rules_are_not_waited_for),
		cmocka_unit_test(clocks_that_differ_give_no_more),
		cmocka_unit_test(lcores_that_share_a_pool_get_no_more_than_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
