/* SPDX-License-Identifier: BSD-3-Clause */
/* Cookies: what was put in comes out, for as long as it should, and nothing else does. Keys and
 * numbers are fixed, so that one guess in 2^24 does not fail a run now and then. */
#include "tests/unit/test.h"

#include "bpf/abi.h"
#include "dataplane/cookie.h"

static const struct siphash_key seed = {0x0706050403020100, 0x0f0e0d0c0b0a0908};
static const struct siphash_key other_seed = {0x0706050403020101, 0x0f0e0d0c0b0a0908};

static const struct cookie_options usual = {.mss = 1460, .sack = true, .scaled = true, .scale = 7};

static const struct tuple tuples[] = {
	{.src = {198, 51, 100, 7},
		.dst = {192, 0, 2, 1},
		.src_port = 40000,
		.dst_port = 5269,
		.family = TUPLE_IPV4,
		.protocol = 6},
	{.src = {0x20, 0x01, 0x0d, 0xb8, [15] = 7},
		.dst = {0x20, 0x01, 0x0d, 0xb8, [15] = 1},
		.src_port = 40000,
		.dst_port = 5061,
		.family = TUPLE_IPV6,
		.protocol = 6},
};

enum { TUPLES = sizeof(tuples) / sizeof(tuples[0]), ISN = 0xfffffffe };

static struct mono at_ms(uint64_t ms)
{
	return (struct mono){ms * NS_PER_MS};
}

static struct cookie_jar jar_at(uint64_t ms)
{
	struct cookie_jar jar;

	cookie_jar_init(&jar, &seed, at_ms(ms));
	return jar;
}

static void assert_same(
	const char *label, const struct cookie_options *got, const struct cookie_options *want)
{
	if (got->mss != want->mss || got->sack != want->sack || got->scaled != want->scaled ||
		got->scale != want->scale)
		fail_msg("%s: mss %u sack %d scaled %d scale %u, expected %u %d %d %u", label,
			got->mss, got->sack, got->scaled, got->scale, want->mss, want->sack,
			want->scaled, want->scale);
}

static void every_combination_comes_back(void **state)
{
	static const uint16_t mss[TUPLES][ABI_MSS_COUNT] = {{ABI_MSS_IPV4}, {ABI_MSS_IPV6}};
	struct cookie_jar jar = jar_at(1);

	for (size_t t = 0; t < TUPLES; t++) {
		for (int m = 0; m < ABI_MSS_COUNT; m++) {
			for (int sack = 0; sack < 2; sack++) {
				for (int scale = -1; scale <= 14; scale++) {
					struct cookie_options want = {.mss = mss[t][m],
						.sack = sack,
						.scaled = scale >= 0,
						.scale = (uint8_t)(scale >= 0 ? scale : 0)};
					struct cookie_options got;
					uint32_t cookie = cookie_make(&jar, &tuples[t], ISN, &want);

					assert_true(
						cookie_check(&jar, &tuples[t], ISN, cookie, &got));
					assert_same("round trip", &got, &want);
				}
			}
		}
	}
}

static void the_mss_is_rounded_down(void **state)
{
	static const struct {
		size_t tuple;
		uint16_t offered, kept;
	} cases[] = {
		{0, 65535, 1460},
		{0, 1461, 1460},
		{0, 1459, 1440},
		{0, 1400, 1300},
		{0, 1299, 536},
		{0, 536, 536},
		{0, 1, 536}, /* nothing less can be said: the caller refuses it before */
		{1, 9000, 1440},
		{1, 1432, 1420},
		{1, 1220, 1220},
		{1, 0, 1220},
	};
	struct cookie_jar jar = jar_at(1);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct tuple *t = &tuples[cases[i].tuple];
		struct cookie_options offered = {.mss = cases[i].offered};
		struct cookie_options got;

		assert_true(cookie_check(&jar, t, 1, cookie_make(&jar, t, 1, &offered), &got));
		assert_int_equal(got.mss, cases[i].kept);
	}
	assert_int_equal(cookie_mss_least(TUPLE_IPV4), 536);
	assert_int_equal(cookie_mss_least(TUPLE_IPV6), 1220);
}

static void a_shift_beyond_the_limit_is_held_to_it(void **state)
{
	struct cookie_options offered = {.mss = 1460, .scaled = true, .scale = 255};
	struct cookie_jar jar = jar_at(1);
	struct cookie_options got;

	assert_true(cookie_check(
		&jar, &tuples[0], 1, cookie_make(&jar, &tuples[0], 1, &offered), &got));
	assert_true(got.scaled);
	assert_int_equal(got.scale, 14);
}

static void any_bit_that_differs_refuses(void **state)
{
	struct cookie_jar jar = jar_at(1);

	for (size_t t = 0; t < TUPLES; t++) {
		uint32_t bytes = tuple_address_bytes(&tuples[t]);
		uint32_t cookie = cookie_make(&jar, &tuples[t], ISN, &usual);
		struct cookie_options got;

		for (int bit = 0; bit < 32; bit++) {
			assert_false(cookie_check(
				&jar, &tuples[t], ISN, cookie ^ UINT32_C(1) << bit, &got));
			assert_false(cookie_check(
				&jar, &tuples[t], ISN ^ UINT32_C(1) << bit, cookie, &got));
		}
		for (uint32_t bit = 0; bit < bytes * 8; bit++) {
			struct tuple other = tuples[t];

			other.src[bit / 8] ^= (uint8_t)(1 << bit % 8);
			assert_false(cookie_check(&jar, &other, ISN, cookie, &got));
			other = tuples[t];
			other.dst[bit / 8] ^= (uint8_t)(1 << bit % 8);
			assert_false(cookie_check(&jar, &other, ISN, cookie, &got));
		}
		for (int bit = 0; bit < 16; bit++) {
			struct tuple other = tuples[t];

			other.src_port ^= (uint16_t)(1 << bit);
			assert_false(cookie_check(&jar, &other, ISN, cookie, &got));
			other = tuples[t];
			other.dst_port ^= (uint16_t)(1 << bit);
			assert_false(cookie_check(&jar, &other, ISN, cookie, &got));
		}
	}
}

/* Adjacent numbers, as a guesser would try them: about one in 2^24 passes, so of a million none or
 * one or two; the fixed seed says which. */
static void guesses_pass_about_once_in_two_to_the_24(void **state)
{
	struct cookie_jar jar = jar_at(1);
	struct cookie_options got;
	unsigned passed = 0;

	for (uint32_t guess = 0; guess < 1 << 20; guess++)
		passed += cookie_check(&jar, &tuples[0], ISN, guess * 4099u, &got);
	assert_in_range(passed, 0, 2);
}

static void the_other_end_and_the_other_family_do_not_match(void **state)
{
	struct cookie_jar jar = jar_at(1);
	struct tuple back = tuple_reverse(&tuples[0]);
	struct tuple six = tuples[0];
	uint32_t cookie = cookie_make(&jar, &tuples[0], ISN, &usual);
	struct cookie_options got;

	assert_false(cookie_check(&jar, &back, ISN, cookie, &got));
	six.family = TUPLE_IPV6;
	assert_false(cookie_check(&jar, &six, ISN, cookie, &got));
}

static void a_cookie_lives_one_to_two_slots(void **state)
{
	static const struct {
		const char *label;
		uint64_t made_ms, checked_ms;
		bool good;
	} cases[] = {
		{"at once, the first slot", 0, 0, true},
		{"at once", 5 * COOKIE_SLOT_MS, 5 * COOKIE_SLOT_MS, true},
		{"made first, last moment", 5 * COOKIE_SLOT_MS, 7 * COOKIE_SLOT_MS - 1, true},
		{"made first, too late", 5 * COOKIE_SLOT_MS, 7 * COOKIE_SLOT_MS, false},
		{"made last, last moment", 6 * COOKIE_SLOT_MS - 1, 7 * COOKIE_SLOT_MS - 1, true},
		{"made last, too late", 6 * COOKIE_SLOT_MS - 1, 7 * COOKIE_SLOT_MS, false},
		{"same parity, much later", 5 * COOKIE_SLOT_MS, 9 * COOKIE_SLOT_MS, false},
		{"after a long pause", 5 * COOKIE_SLOT_MS, 1000 * COOKIE_SLOT_MS, false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct cookie_jar jar = jar_at(cases[i].made_ms);
		struct cookie_jar fresh = jar_at(cases[i].checked_ms);
		uint32_t cookie = cookie_make(&jar, &tuples[0], ISN, &usual);
		struct cookie_options got;

		cookie_jar_turn(&jar, at_ms(cases[i].checked_ms));
		if (cookie_check(&jar, &tuples[0], ISN, cookie, &got) != cases[i].good)
			fail_msg("%s", cases[i].label);
		/* However a jar came to this moment, it has the keys of this moment. */
		if (cookie_check(&fresh, &tuples[0], ISN, cookie, &got) != cases[i].good)
			fail_msg("%s, another jar", cases[i].label);
	}
}

static void time_passes_slot_by_slot_or_at_once(void **state)
{
	struct cookie_jar walked = jar_at(0);

	for (uint64_t ms = 0; ms < 10 * COOKIE_SLOT_MS; ms += 7001) {
		struct cookie_jar fresh = jar_at(ms);

		cookie_jar_turn(&walked, at_ms(ms));
		assert_memory_equal(&walked, &fresh, sizeof(fresh));
		cookie_jar_turn(&walked, at_ms(ms / 2)); /* never back */
		assert_memory_equal(&walked, &fresh, sizeof(fresh));
	}
}

/* The same from bytes, by the other implementation. */
static void a_cookie_is_siphash_of_what_it_is_bound_to(void **state)
{
	struct cookie_jar jar = jar_at(1);

	for (size_t t = 0; t < TUPLES; t++) {
		uint32_t cookie = cookie_make(&jar, &tuples[t], ISN, &usual);
		uint32_t len = tuple_address_bytes(&tuples[t]);
		uint32_t isn = ISN;
		uint8_t bound[41];
		uint64_t hash;

		memcpy(bound, tuples[t].src, len);
		memcpy(bound + len, tuples[t].dst, len);
		memcpy(bound + 2 * len, &tuples[t].src_port, 2);
		memcpy(bound + 2 * len + 2, &tuples[t].dst_port, 2);
		memcpy(bound + 2 * len + 4, &isn, 4);
		bound[2 * len + 8] = (uint8_t)cookie;
		hash = siphash(&jar.keys[jar.slot & 1], bound, 2 * len + 9);
		assert_int_equal(cookie >> ABI_COOKIE_BITS, (uint32_t)hash & 0xffffff);
	}
}

static void jars_of_one_seed_agree_and_of_two_do_not(void **state)
{
	struct cookie_jar a = jar_at(100);
	struct cookie_jar b = jar_at(200);
	struct cookie_jar stranger;
	uint32_t cookie = cookie_make(&a, &tuples[1], ISN, &usual);
	struct cookie_options got;

	cookie_jar_init(&stranger, &other_seed, at_ms(100));
	assert_true(cookie_check(&b, &tuples[1], ISN, cookie, &got));
	assert_false(cookie_check(&stranger, &tuples[1], ISN, cookie, &got));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_combination_comes_back),
		cmocka_unit_test(the_mss_is_rounded_down),
		cmocka_unit_test(a_shift_beyond_the_limit_is_held_to_it),
		cmocka_unit_test(any_bit_that_differs_refuses),
		cmocka_unit_test(guesses_pass_about_once_in_two_to_the_24),
		cmocka_unit_test(the_other_end_and_the_other_family_do_not_match),
		cmocka_unit_test(a_cookie_lives_one_to_two_slots),
		cmocka_unit_test(time_passes_slot_by_slot_or_at_once),
		cmocka_unit_test(a_cookie_is_siphash_of_what_it_is_bound_to),
		cmocka_unit_test(jars_of_one_seed_agree_and_of_two_do_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
