/* SPDX-License-Identifier: BSD-3-Clause */
/* Addresses from which partners have proven themselves: whom they help, how long, and whom never. */
#include "tests/unit/test.h"

#include <stdio.h>

#include "control/known.h"
#include "control/turns.h"

enum { PARTNER = 7, OTHER = 8 };

static const uint32_t stranger = (uint32_t)CLASS_UNKNOWN << 28;

static struct known *known;
static struct mono now;

static int begin(void **state)
{
	now.ns = 1000 * NS_PER_S;
	known = known_new();
	return !known;
}

static int end(void **state)
{
	known_free(known);
	return 0;
}

static struct ip_address at(const char *text)
{
	struct ip_address address;

	assert_true(ip_address_parse(view_of(text), &address));
	return address;
}

static void prove(const char *text, uint32_t partner_id)
{
	const struct ip_address address = at(text);

	known_put(known, &address, partner_id, now);
}

static struct origin origin_of(const char *text, uint32_t mark)
{
	const struct ip_address address = at(text);

	return known_origin(known, mark, &address, now);
}

static bool is_stranger(const char *text)
{
	return origin_is_stranger(origin_of(text, stranger).class);
}

static void pass_minutes(uint64_t minutes)
{
	now.ns += minutes * 60 * NS_PER_S;
}

static void who_has_proven_nothing_is_a_stranger(void **state)
{
	assert_true(is_stranger("192.0.2.1"));
	prove("192.0.2.1", PARTNER);
	prove("2001:db8::1", PARTNER);
	assert_false(is_stranger("192.0.2.1"));
	assert_false(is_stranger("2001:db8::1"));
	/* Its neighbours have proven nothing, in whatever family. */
	assert_true(is_stranger("192.0.2.2"));
	assert_true(is_stranger("192.0.3.1"));
	assert_true(is_stranger("2001:db8::2"));
	assert_true(is_stranger("c000:201::"));
	assert_int_equal(known_count(known, now), 2);
}

static void nothing_is_known_without_a_book(void **state)
{
	const struct ip_address address = at("192.0.2.1");
	struct origin origin = known_origin(NULL, stranger, &address, now);

	assert_int_equal(origin.class, ORIGIN_UNKNOWN);
}

static void it_waits_among_its_partners_connections(void **state)
{
	struct origin unknown = origin_of("192.0.2.1", stranger);
	struct origin origin;

	prove("192.0.2.1", PARTNER);
	origin = origin_of("192.0.2.1", stranger);
	assert_int_equal(origin.class, ORIGIN_CLAIMED);
	assert_int_equal(origin.key, PARTNER);
	/* What several partners have is counted for the network, as it was before. */
	prove("192.0.2.1", OTHER);
	origin = origin_of("192.0.2.1", stranger);
	assert_int_equal(origin.class, ORIGIN_CLAIMED);
	assert_int_equal(origin.key, unknown.key);
	prove("192.0.2.1", PARTNER);
	assert_int_equal(origin_of("192.0.2.1", stranger).key, unknown.key);
	assert_int_equal(known_count(known, now), 1);
}

static void other_marks_mean_what_they_meant(void **state)
{
	static const struct {
		uint32_t mark;
		enum origin_class class;
	} cases[] = {
		{0, ORIGIN_OWN},
		{(uint32_t)CLASS_CLAIMED << 28 | OTHER, ORIGIN_CLAIMED},
		{(uint32_t)CLASS_VERIFIED << 28 | OTHER, ORIGIN_VERIFIED},
		{(uint32_t)CLASS_SUSPICIOUS << 28 | OTHER, ORIGIN_SUSPICIOUS},
	};

	prove("192.0.2.1", PARTNER);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct origin origin = origin_of("192.0.2.1", cases[i].mark);

		assert_int_equal(origin.class, cases[i].class);
		assert_int_not_equal(origin.key, PARTNER);
	}
}

static void a_proof_counts_for_an_hour(void **state)
{
	prove("192.0.2.1", PARTNER);
	pass_minutes(59);
	assert_false(is_stranger("192.0.2.1"));
	prove("192.0.2.1", PARTNER);
	pass_minutes(59);
	assert_false(is_stranger("192.0.2.1"));
	assert_int_equal(known_count(known, now), 1);
	pass_minutes(1);
	assert_true(is_stranger("192.0.2.1"));
	assert_int_equal(known_count(known, now), 0);
	/* Whose it was is over, too. */
	prove("192.0.2.1", OTHER);
	assert_int_equal(origin_of("192.0.2.1", stranger).key, OTHER);
}

static const char *numbered(uint32_t net, uint32_t number)
{
	static char text[32];

	snprintf(text, sizeof(text), "10.%u.%u.%u", net, number / 256, number % 256);
	return text;
}

static void nobody_has_more_addresses_than_his_share(void **state)
{
	for (uint32_t i = 0; i < 100; i++)
		prove(numbered(9, i), OTHER + i);
	for (uint32_t i = 0; i < 50000; i++) {
		now.ns += NS_PER_MS;
		prove(numbered(1, i), PARTNER);
		assert_false(is_stranger(numbered(1, i)));
	}
	assert_in_range(known_count(known, now), 100 + KNOWN_MAX / KNOWN_OF_ONE_PART * 9 / 10,
		100 + KNOWN_MAX / KNOWN_OF_ONE_PART);
	for (uint32_t i = 0; i < 100; i++)
		assert_false(is_stranger(numbered(9, i)));
}

static void there_is_a_bound_and_the_oldest_give_way(void **state)
{
	uint32_t left = 0;

	for (uint32_t i = 0; i < 4 * KNOWN_MAX; i++) {
		now.ns += NS_PER_MS;
		prove(numbered(2 + i % 4, i / 4), PARTNER + i / 32);
		/* Who has just come is there. */
		assert_false(is_stranger(numbered(2 + i % 4, i / 4)));
	}
	assert_in_range(known_count(known, now), KNOWN_MAX * 9 / 10, KNOWN_MAX);
	for (uint32_t i = 0; i < KNOWN_MAX / 4; i++)
		left += !is_stranger(numbered(2 + i % 4, i / 4));
	assert_in_range(left, 0, KNOWN_MAX / 40);
}

static bool keep_other(void *arg, uint32_t partner_id)
{
	return partner_id == *(uint32_t *)arg;
}

static void who_is_not_kept_is_a_stranger_again(void **state)
{
	uint32_t kept = OTHER;

	prove("192.0.2.1", PARTNER);
	prove("192.0.2.2", OTHER);
	prove("192.0.2.3", OTHER);
	prove("192.0.2.3", PARTNER);
	known_review(known, keep_other, &kept);
	assert_true(is_stranger("192.0.2.1"));
	assert_false(is_stranger("192.0.2.2"));
	assert_true(is_stranger("192.0.2.3")); /* it could be anybody's */
}

static bool suspects_partner(void *arg, uint32_t partner_id)
{
	return partner_id == PARTNER;
}

/* The rules or DNS know its address, or it has proven itself there: that is no merit now. */
static void a_suspicious_partner_has_no_more_turns_than_strangers(void **state)
{
	const uint32_t claimed = mark_make(CLASS_CLAIMED, PARTNER);
	const uint32_t other = mark_make(CLASS_CLAIMED, OTHER);
	uint32_t network = origin_of("192.0.2.9", stranger).key;

	assert_int_equal(origin_of("192.0.2.1", claimed).class, ORIGIN_CLAIMED);
	assert_int_equal(origin_of("192.0.2.1", claimed).key, PARTNER);
	known_doubt(known, suspects_partner, NULL);
	assert_true(origin_is_stranger(origin_of("192.0.2.1", claimed).class));
	assert_int_equal(origin_of("192.0.2.1", claimed).class, ORIGIN_SUSPICIOUS);
	assert_int_equal(origin_of("192.0.2.1", claimed).key, network);
	assert_int_equal(origin_of("192.0.2.1", other).class, ORIGIN_CLAIMED);
	assert_int_equal(origin_of("192.0.2.1", stranger).class, ORIGIN_UNKNOWN);
	known_doubt(known, NULL, NULL);
	assert_int_equal(origin_of("192.0.2.1", claimed).class, ORIGIN_CLAIMED);
}

/* The queue that it is for: strangers fill their side of it, and it has its turn next. */
static void who_is_known_does_not_wait_behind_strangers(void **state)
{
	static struct turns turns;
	static struct turn crowd[TURNS_STRANGERS_MAX];
	struct turn turn;
	struct origin origin;

	turns_init(&turns, 1);
	for (uint32_t i = 0; i < TURNS_STRANGERS_MAX; i++) {
		origin = origin_of(numbered(1, 256 * (i % 256)), stranger);
		assert_true(turns_join(&turns, &crowd[i], &origin, now));
	}
	origin = origin_of("192.0.2.1", stranger);
	assert_false(turns_join(&turns, &turn, &origin, now));
	prove("192.0.2.1", PARTNER);
	origin = origin_of("192.0.2.1", stranger);
	assert_true(turns_join(&turns, &turn, &origin, now));
	assert_ptr_equal(turns_next(&turns, now), &turn);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		CASE(who_has_proven_nothing_is_a_stranger),
		CASE(nothing_is_known_without_a_book),
		CASE(it_waits_among_its_partners_connections),
		CASE(other_marks_mean_what_they_meant),
		CASE(a_proof_counts_for_an_hour),
		CASE(nobody_has_more_addresses_than_his_share),
		CASE(there_is_a_bound_and_the_oldest_give_way),
		CASE(who_is_not_kept_is_a_stranger_again),
		CASE(a_suspicious_partner_has_no_more_turns_than_strangers),
		CASE(who_is_known_does_not_wait_behind_strangers),
	};

	return cmocka_run_group_tests_name("known", tests, NULL, NULL);
}
