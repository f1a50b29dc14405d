/* SPDX-License-Identifier: BSD-3-Clause */
/* Which of our users talk with whom just now. */
#include "tests/unit/test.h"

#include <stdio.h>

#include "control/policy/conversation.h"

static const struct siphash_key key = {1, 2};
static struct conversations *all;
static struct mono now;

static int setup(void **state)
{
	now = (struct mono){1000 * NS_PER_S};
	all = conversations_new(key);
	return !all;
}

static int teardown(void **state)
{
	conversations_free(all);
	return 0;
}

static bool begins(const char *ours, const char *theirs)
{
	return conversation_begins(all, view_of(ours), view_of(theirs), now);
}

static void pass_minutes(uint64_t minutes)
{
	now = mono_after_ms(now, minutes * 60 * 1000);
}

static void it_begins_once_and_is_between_two(void **state)
{
	assert_true(begins("bob", "alice"));
	assert_false(begins("bob", "alice"));
	assert_true(begins("alice", "bob"));
	assert_true(begins("bo", "balice"));
	assert_true(begins("eve", "alice"));
	assert_false(begins("bob", "alice"));
}

static void after_a_silence_it_is_another_one(void **state)
{
	assert_true(begins("bob", "alice"));
	pass_minutes(59);
	assert_false(begins("bob", "alice"));
	pass_minutes(59);
	assert_false(begins("bob", "alice"));
	pass_minutes(60);
	assert_true(begins("bob", "alice"));
	assert_false(begins("bob", "alice"));
}

static void both_sides_keep_it_going_but_only_ours_begins_it(void **state)
{
	conversation_goes_on(all, VIEW("bob"), VIEW("alice"), now);
	assert_true(begins("bob", "alice"));
	for (int i = 0; i < 5; i++) {
		pass_minutes(50);
		conversation_goes_on(all, VIEW("bob"), VIEW("alice"), now);
	}
	assert_false(begins("bob", "alice"));
	conversation_end(all, VIEW("bob"), VIEW("alice"));
	conversation_end(all, VIEW("bob"), VIEW("nobody"));
	assert_true(begins("bob", "alice"));
	/* Theirs does not wake up what is over. */
	pass_minutes(60);
	conversation_goes_on(all, VIEW("bob"), VIEW("alice"), now);
	assert_true(begins("bob", "alice"));
}

static void when_there_are_too_many_the_oldest_begin_anew(void **state)
{
	uint32_t begun = 0;
	char name[16];

	for (uint32_t i = 0; i < 4 * CONVERSATIONS_MAX; i++) {
		snprintf(name, sizeof(name), "%u", i);
		now.ns++;
		assert_true(begins("bob", name));
	}
	assert_false(begins("bob", name));
	for (uint32_t i = 0; i < CONVERSATIONS_MAX; i++) {
		snprintf(name, sizeof(name), "%u", i);
		now.ns++;
		begun += begins("bob", name);
	}
	assert_in_range(begun, CONVERSATIONS_MAX - CONVERSATIONS_MAX / 100, CONVERSATIONS_MAX);
}

int main(void)
{
#define ROW(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		ROW(it_begins_once_and_is_between_two),
		ROW(after_a_silence_it_is_another_one),
		ROW(both_sides_keep_it_going_but_only_ours_begins_it),
		ROW(when_there_are_too_many_the_oldest_begin_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
