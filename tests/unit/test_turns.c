/* SPDX-License-Identifier: BSD-3-Clause */
/* Whose turn it is: shares, bounds, and nobody before others of his own. */
#include "tests/unit/test.h"

#include "control/turns.h"

static struct turns turns;
static struct mono now;

static struct origin of(enum origin_class class, uint32_t key)
{
	return (struct origin){class, key};
}

static void join(struct turn *turn, enum origin_class class, uint32_t key)
{
	const struct origin origin = of(class, key);

	assert_true(turns_join(&turns, turn, &origin, now));
}

/* Serve somebody and be done at once. NULL: nobody may. */
static struct turn *serve(void)
{
	struct turn *turn = turns_next(&turns, now);

	if (turn)
		turns_over(&turns, &turn->origin);
	return turn;
}

static int turns_setup(void **state)
{
	turns_init(&turns, 2);
	now.ns = 1000 * NS_PER_S;
	return 0;
}

static void nobody_waits_and_nobody_is_served(void **state)
{
	assert_null(turns_next(&turns, now));
}

static void those_of_one_key_come_in_their_order(void **state)
{
	struct turn all[5];

	for (int i = 0; i < 5; i++)
		join(&all[i], ORIGIN_CLAIMED, 7);
	for (int i = 0; i < 5; i++)
		assert_ptr_equal(serve(), &all[i]);
	assert_null(serve());
}

static void one_partner_waits_for_one_turn_of_another_however_many_it_has(void **state)
{
	struct turn greedy[50];
	struct turn modest[2];

	for (int i = 0; i < 50; i++)
		join(&greedy[i], ORIGIN_CLAIMED, 1);
	join(&modest[0], ORIGIN_VERIFIED, 2);
	join(&modest[1], ORIGIN_VERIFIED, 2);
	assert_ptr_equal(serve(), &greedy[0]);
	assert_ptr_equal(serve(), &modest[0]);
	assert_ptr_equal(serve(), &greedy[1]);
	assert_ptr_equal(serve(), &modest[1]);
	assert_ptr_equal(serve(), &greedy[2]);
	assert_ptr_equal(serve(), &greedy[3]);
}

static void a_partner_is_next_whoever_else_waits(void **state)
{
	static struct turn strangers[TURNS_STRANGERS_MAX];
	struct turn partner;

	for (uint32_t i = 0; i < TURNS_STRANGERS_MAX; i++)
		join(&strangers[i], i % 2 ? ORIGIN_UNKNOWN : ORIGIN_SUSPICIOUS, i);
	assert_non_null(serve());
	join(&partner, ORIGIN_CLAIMED, 1);
	assert_ptr_equal(serve(), &partner);
}

static void strangers_have_one_of_eight_turns_while_partners_wait(void **state)
{
	static struct turn partners[200], strangers[200];
	uint32_t served = 0;

	for (uint32_t i = 0; i < 200; i++) {
		join(&partners[i], ORIGIN_CLAIMED, i);
		join(&strangers[i], ORIGIN_UNKNOWN, i);
	}
	for (int i = 0; i < 160; i++)
		served += origin_is_stranger(serve()->origin.class);
	assert_int_equal(served, 20);
}

static void strangers_have_all_turns_that_no_partner_wants(void **state)
{
	struct turn strangers[20];

	for (uint32_t i = 0; i < 20; i++)
		join(&strangers[i], ORIGIN_UNKNOWN, 1u << 31 | i);
	for (int i = 0; i < 20; i++)
		assert_non_null(serve());
}

static void one_who_serves_is_never_a_strangers(void **state)
{
	struct turn strangers[3];
	struct turn partner;
	const struct origin stranger = of(ORIGIN_UNKNOWN, 1);

	for (int i = 0; i < 3; i++)
		join(&strangers[i], ORIGIN_UNKNOWN, 1);
	assert_ptr_equal(turns_next(&turns, now), &strangers[0]);
	assert_null(turns_next(&turns, now));
	join(&partner, ORIGIN_OWN, 0);
	assert_ptr_equal(turns_next(&turns, now), &partner);
	turns_over(&turns, &stranger);
	assert_ptr_equal(turns_next(&turns, now), &strangers[1]);
}

static void one_alone_serves_everybody(void **state)
{
	struct turn stranger;

	turns_init(&turns, 1);
	join(&stranger, ORIGIN_UNKNOWN, 1);
	assert_ptr_equal(turns_next(&turns, now), &stranger);
}

static void strangers_cannot_take_all_places(void **state)
{
	static struct turn all[TURNS_MAX + 1];
	const struct origin stranger = of(ORIGIN_UNKNOWN, 1);
	const struct origin partner = of(ORIGIN_CLAIMED, 1);
	uint32_t count = 0;

	while (turns_join(&turns, &all[count], &stranger, now))
		count++;
	assert_int_equal(count, TURNS_STRANGERS_MAX);
	assert_int_equal(turns.strangers.refused, 1);
	while (turns_join(&turns, &all[count], &partner, now))
		count++;
	assert_int_equal(count, TURNS_MAX);
	assert_int_equal(turns.partners.refused, 1);
}

static void who_leaves_is_not_served(void **state)
{
	struct turn all[3];

	for (int i = 0; i < 3; i++)
		join(&all[i], ORIGIN_CLAIMED, 5);
	turns_leave(&turns, &all[1]);
	assert_ptr_equal(serve(), &all[0]);
	assert_ptr_equal(serve(), &all[2]);
	assert_null(serve());
	join(&all[1], ORIGIN_CLAIMED, 5);
	turns_leave(&turns, &all[1]);
	assert_null(serve());
	assert_int_equal(turns.partners.waiting, 0);
}

static void waiting_is_measured(void **state)
{
	struct turn all[2];

	join(&all[0], ORIGIN_CLAIMED, 1);
	now.ns += 3 * NS_PER_MS;
	join(&all[1], ORIGIN_CLAIMED, 2);
	now.ns += 1 * NS_PER_MS;
	serve();
	serve();
	assert_int_equal(turns.partners.waited_ns, 5 * NS_PER_MS);
	assert_int_equal(turns.partners.longest_ns, 4 * NS_PER_MS);
	assert_int_equal(turns.partners.served, 2);
}

int main(void)
{
#define TURNS_TEST(f) cmocka_unit_test_setup(f, turns_setup)
	const struct CMUnitTest tests[] = {
		TURNS_TEST(nobody_waits_and_nobody_is_served),
		TURNS_TEST(those_of_one_key_come_in_their_order),
		TURNS_TEST(one_partner_waits_for_one_turn_of_another_however_many_it_has),
		TURNS_TEST(a_partner_is_next_whoever_else_waits),
		TURNS_TEST(strangers_have_one_of_eight_turns_while_partners_wait),
		TURNS_TEST(strangers_have_all_turns_that_no_partner_wants),
		TURNS_TEST(one_who_serves_is_never_a_strangers),
		TURNS_TEST(one_alone_serves_everybody),
		TURNS_TEST(strangers_cannot_take_all_places),
		TURNS_TEST(who_leaves_is_not_served),
		TURNS_TEST(waiting_is_measured),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
