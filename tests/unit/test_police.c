/* SPDX-License-Identifier: BSD-3-Clause */
/* How much of what may cross. */
#include "tests/unit/test.h"

#include "dataplane/police.h"

static void burst_then_rate(void **state)
{
	struct police police;
	struct mono now = {5 * NS_PER_S};
	uint32_t passed = 0;

	police_init(&police, 1);
	for (int i = 0; i < 1000; i++)
		passed += police_allow(&police, POLICE_ECHO, now);
	assert_int_equal(passed, 50);
	/* Ten seconds of attempts, one a millisecond: 100 a second. */
	for (int i = 0; i < 10000; i++) {
		now = mono_after_ms(now, 1);
		passed += police_allow(&police, POLICE_ECHO, now);
	}
	assert_in_range(passed, 50 + 990, 50 + 1010);
}

static void kinds_do_not_share_a_bucket(void **state)
{
	struct police police;
	struct mono now = {NS_PER_S};

	police_init(&police, 1);
	while (police_allow(&police, POLICE_ARP, now))
		;
	for (int kind = 0; kind < POLICE_KINDS; kind++)
		if (kind != POLICE_ARP)
			assert_true(police_allow(&police, (enum police_kind)kind, now));
	assert_false(police_allow(&police, POLICE_ARP, now));
}

static void long_silence_saves_no_more_than_a_burst(void **state)
{
	struct police police;
	struct mono now = {NS_PER_S};
	uint32_t passed = 0;

	police_init(&police, 1);
	now = mono_after_ms(now, 3600 * 1000);
	for (int i = 0; i < 1000; i++)
		passed += police_allow(&police, POLICE_ND, now);
	assert_int_equal(passed, 100);
}

static void workers_share_what_comes_to_all_of_them(void **state)
{
	struct mono now = {NS_PER_S};
	uint32_t resets = 0;
	uint32_t arp = 0;

	for (int w = 0; w < 4; w++) {
		struct police police;

		police_init(&police, 4);
		for (int i = 0; i < 5000; i++) {
			resets += police_allow(&police, POLICE_RESET, now);
			arp += w == 0 && police_allow(&police, POLICE_ARP, now);
		}
	}
	assert_int_equal(resets, 2000);
	assert_int_equal(arp, 100); /* which the first alone sees */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(burst_then_rate),
		cmocka_unit_test(kinds_do_not_share_a_bucket),
		cmocka_unit_test(workers_share_what_comes_to_all_of_them),
		cmocka_unit_test(long_silence_saves_no_more_than_a_burst),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
