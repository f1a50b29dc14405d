/* SPDX-License-Identifier: BSD-3-Clause */
/* Whom of those outside our users have written to. */
#include "tests/unit/test.h"

#include <errno.h>

#include "control/policy/contact.h"
#include "tests/unit/store_bench.h"

struct bench {
	struct store_bench at;
	struct contacts *contacts;
};

static void begin(struct bench *b)
{
	char why[STORE_WHY_BYTES];

	store_bench_open(&b->at, CONTACT_SCHEMA);
	b->contacts = contacts_open(b->at.store, why, sizeof(why));
	assert_non_null(b->contacts);
}

static void end(struct bench *b)
{
	store_bench_close(&b->at);
	contacts_free(b->contacts);
}

static int setup(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));

	store_bench_make(&b->at);
	begin(b);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct bench *b = *state;

	end(b);
	store_bench_remove(&b->at);
	free(b);
	return 0;
}

static const struct wall now = {1000};

static void who_was_written_to_is_known_also_after_a_restart(void **state)
{
	struct bench *b = *state;

	assert_int_equal(
		contacts_add(b->contacts, VIEW("a@corp.example"), VIEW("j@p.example"), now), 0);
	assert_int_equal(
		contacts_add(b->contacts, VIEW("a@corp.example"), VIEW("j@p.example"), now), 0);
	assert_int_equal(contacts_count(b->contacts), 1);
	end(b);
	begin(b);
	assert_int_equal(contacts_count(b->contacts), 1);
	assert_true(contacts_has(b->contacts, VIEW("a@corp.example"), VIEW("j@p.example")));
}

static void a_contact_is_of_one_of_our_users_and_of_nobody_else(void **state)
{
	struct bench *b = *state;

	assert_int_equal(
		contacts_add(b->contacts, VIEW("a@corp.example"), VIEW("j@p.example"), now), 0);
	assert_false(contacts_has(b->contacts, VIEW("b@corp.example"), VIEW("j@p.example")));
	assert_false(contacts_has(b->contacts, VIEW("a@corp.example"), VIEW("k@p.example")));
	assert_false(contacts_has(b->contacts, VIEW("j@p.example"), VIEW("a@corp.example")));
}

static void without_a_store_they_are_known_until_the_end(void **state)
{
	char why[STORE_WHY_BYTES];
	struct contacts *contacts = contacts_open(NULL, why, sizeof(why));

	assert_int_equal(contacts_add(contacts, VIEW("a@c"), VIEW("j@p"), now), 0);
	assert_true(contacts_has(contacts, VIEW("a@c"), VIEW("j@p")));
	contacts_free(contacts);
}

static void there_is_room_for_so_many_and_who_is_known_stays(void **state)
{
	char why[STORE_WHY_BYTES];
	struct contacts *contacts = contacts_open(NULL, why, sizeof(why));
	char theirs[32];

	for (uint32_t i = 0; i < CONTACTS_MAX; i++) {
		snprintf(theirs, sizeof(theirs), "%u@p.example", i);
		assert_int_equal(contacts_add(contacts, VIEW("a@c"), view_of(theirs), now), 0);
	}
	assert_int_equal(contacts_add(contacts, VIEW("a@c"), VIEW("new@p.example"), now), -ENOSPC);
	assert_int_equal(contacts_add(contacts, VIEW("a@c"), VIEW("7@p.example"), now), 0);
	contacts_free(contacts);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(who_was_written_to_is_known_also_after_a_restart),
		TEST(a_contact_is_of_one_of_our_users_and_of_nobody_else),
		cmocka_unit_test(without_a_store_they_are_known_until_the_end),
		cmocka_unit_test(there_is_room_for_so_many_and_who_is_known_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
