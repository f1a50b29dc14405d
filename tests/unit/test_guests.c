/* SPDX-License-Identifier: BSD-3-Clause */
/* Who is in and has proven nothing: bounds by class, by partner and network; and where trust comes from. */
#include "tests/unit/test.h"

#include "control/counters.h"
#include "control/guests.h"
#include "rules/base/log.h"

enum { PLACES = 160, STRANGERS = 120, SUSPICIOUS = 40, CLAIMED = 144, OF_ONE = 10 };

static struct {
	struct guests *guests;
	struct guest all[PLACES + 1];
	uint32_t count;
	struct mono now;
} h;

static const struct ip_address peer = {.family_bits = 32, .bytes = {192, 0, 2, 1}};

static bool enter(enum origin_class class, uint32_t key)
{
	const struct origin origin = {class, key};

	if (!guests_enter(h.guests, &h.all[h.count], &origin, &peer, h.now))
		return false;
	h.count++;
	return true;
}

/* As many as are let in, each of another key. */
static uint32_t fill(enum origin_class class)
{
	static uint32_t key = 1000;
	uint32_t before = h.count;

	while (enter(class, key++))
		;
	return h.count - before;
}

static int guests_setup(void **state)
{
	memset(&h, 0, sizeof(h));
	counters_clear();
	log_setup("test", LOG_LEVEL_ERROR);
	h.guests = guests_new(PLACES);
	return h.guests ? 0 : -1;
}

static int guests_teardown(void **state)
{
	guests_free(h.guests);
	return 0;
}

static uint64_t refused(const char *cause)
{
	return counter_get("accept.refused", cause);
}

static void strangers_leave_a_quarter_to_partners(void **state)
{
	assert_int_equal(fill(ORIGIN_UNKNOWN), STRANGERS);
	assert_int_equal(refused("no_place_for_strangers"), 1);
	assert_int_equal(fill(ORIGIN_CLAIMED), CLAIMED - STRANGERS);
	assert_int_equal(refused("no_place_for_unproven"), 1);
	assert_int_equal(fill(ORIGIN_VERIFIED), PLACES - CLAIMED);
	assert_int_equal(refused("full"), 1);
	assert_false(enter(ORIGIN_OWN, 0));
	assert_int_equal(guests_count(h.guests), PLACES);
}

static void suspicious_ones_have_a_part_of_the_strangers(void **state)
{
	assert_int_equal(fill(ORIGIN_SUSPICIOUS), SUSPICIOUS);
	assert_int_equal(fill(ORIGIN_UNKNOWN), STRANGERS - SUSPICIOUS);
	assert_false(enter(ORIGIN_SUSPICIOUS, 1));
}

static void partners_do_not_use_the_strangers_places_up_twice(void **state)
{
	assert_int_equal(fill(ORIGIN_CLAIMED), CLAIMED);
	assert_int_equal(fill(ORIGIN_UNKNOWN), PLACES - CLAIMED);
	assert_int_equal(refused("full"), 1);
}

static void one_partner_or_network_has_a_part(void **state)
{
	for (int i = 0; i < OF_ONE; i++)
		assert_true(enter(ORIGIN_CLAIMED, 7));
	assert_false(enter(ORIGIN_CLAIMED, 7));
	assert_false(enter(ORIGIN_VERIFIED, 7));
	assert_int_equal(refused("too_many_of_one"), 2);
	assert_true(enter(ORIGIN_CLAIMED, 8));
	for (int i = 0; i < 2 * OF_ONE; i++)
		assert_true(enter(ORIGIN_OWN, 0));
}

static void a_place_that_is_given_back_is_free(void **state)
{
	assert_int_equal(fill(ORIGIN_UNKNOWN), STRANGERS);
	guests_leave(h.guests, &h.all[3]);
	guests_leave(h.guests, &h.all[3]);
	assert_int_equal(guests_count(h.guests), STRANGERS - 1);
	assert_int_equal(fill(ORIGIN_UNKNOWN), 1);
	for (uint32_t i = 0; i < h.count; i++)
		guests_leave(h.guests, &h.all[i]);
	assert_int_equal(guests_count(h.guests), 0);
}

static void without_a_book_everybody_is_let_in(void **state)
{
	const struct origin origin = {ORIGIN_SUSPICIOUS, 1};
	struct guest guest = {0};

	assert_true(guests_enter(NULL, &guest, &origin, &peer, h.now));
	guests_leave(NULL, &guest);
}

static void what_is_told_has_each_trust(void **state)
{
	json_t *rows;
	json_t *row;

	fill(ORIGIN_UNKNOWN);
	rows = guests_json(h.guests);
	assert_int_equal(json_array_size(rows), ORIGIN_CLASSES);
	row = json_array_get(rows, ORIGIN_OWN - ORIGIN_UNKNOWN);
	assert_string_equal(json_string_value(json_object_get(row, "class")), "unknown");
	assert_int_equal(json_integer_value(json_object_get(row, "unproven")), STRANGERS);
	assert_int_equal(json_integer_value(json_object_get(row, "unproven_max")), STRANGERS);
	assert_int_equal(json_integer_value(json_object_get(row, "refused")), 1);
	json_decref(rows);
}

static void trust_comes_from_the_mark_alone(void **state)
{
	static const struct {
		enum source_class class;
		uint32_t partner;
		enum origin_class expected;
	} cases[] = {
		{CLASS_UNKNOWN, PARTNER_NONE, ORIGIN_UNKNOWN},
		{CLASS_CLAIMED, 7, ORIGIN_CLAIMED},
		{CLASS_VERIFIED, 7, ORIGIN_VERIFIED},
		{CLASS_SUSPICIOUS, 7, ORIGIN_SUSPICIOUS},
		{CLASS_OUTBOUND, 7, ORIGIN_UNKNOWN},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct origin o =
			origin_accepted(mark_make(cases[i].class, cases[i].partner), &peer);

		if (o.class != cases[i].expected || (o.key == 7) != !origin_is_stranger(o.class))
			fail_msg("case %zu: %s, key %u", i, origin_class_name(o.class), o.key);
	}
	assert_int_equal(origin_accepted(0, &peer).class, ORIGIN_OWN);
	assert_int_equal(origin_own(9).key, 9);
	/* Whom our users lead us to is no more than a stranger, and none of our servers. */
	assert_int_equal(origin_discovered(VIEW("a.example")).class, ORIGIN_UNKNOWN);
	assert_int_not_equal(origin_discovered(VIEW("a.example")).key, 0);
	assert_int_not_equal(
		origin_discovered(VIEW("a.example")).key, origin_discovered(VIEW("b.example")).key);
}

static void strangers_of_one_network_have_one_key(void **state)
{
	static const struct {
		const char *one, *other;
		bool same;
	} cases[] = {
		{"192.0.2.1", "192.0.2.254", true},
		{"192.0.2.1", "192.0.3.1", false},
		{"2001:db8::1", "2001:db8:0:ff::1", true},
		{"2001:db8::1", "2001:db8:0:100::1", false},
		{"192.0.2.1", "c000:201::", false},
	};
	uint32_t mark = mark_make(CLASS_UNKNOWN, PARTNER_NONE);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ip_address one, other;

		assert_true(ip_address_parse(view_of(cases[i].one), &one));
		assert_true(ip_address_parse(view_of(cases[i].other), &other));
		if ((origin_accepted(mark, &one).key == origin_accepted(mark, &other).key) !=
			cases[i].same)
			fail_msg("%s and %s", cases[i].one, cases[i].other);
		assert_true(origin_accepted(mark, &one).key > PARTNER_ID_MAX);
	}
}

int main(void)
{
#define GUESTS_TEST(f) cmocka_unit_test_setup_teardown(f, guests_setup, guests_teardown)
	const struct CMUnitTest tests[] = {
		GUESTS_TEST(strangers_leave_a_quarter_to_partners),
		GUESTS_TEST(suspicious_ones_have_a_part_of_the_strangers),
		GUESTS_TEST(partners_do_not_use_the_strangers_places_up_twice),
		GUESTS_TEST(one_partner_or_network_has_a_part),
		GUESTS_TEST(a_place_that_is_given_back_is_free),
		GUESTS_TEST(without_a_book_everybody_is_let_in),
		GUESTS_TEST(what_is_told_has_each_trust),
		cmocka_unit_test(trust_comes_from_the_mark_alone),
		cmocka_unit_test(strangers_of_one_network_have_one_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
