/* SPDX-License-Identifier: BSD-3-Clause */
/* What crosses, held against what the rules give. */
#include "tests/unit/test.h"

#include <stdio.h>

#include "control/policy/rate.h"

#define MINUTE_NS (60 * NS_PER_S)

static const struct siphash_key key = {1, 2};
static struct rates *rates;
static struct mono now;
static struct rate_rules rules;

static int setup(void **state)
{
	rates = rates_new(key);
	now = (struct mono){1000 * NS_PER_S};
	rules = (struct rate_rules){
		.limits = {{[MESSAGE_LIMIT_messages_per_s] = 20, [MESSAGE_LIMIT_users] = 1000}},
		.suspicious = suspicious_limits_default,
		.window_minutes = 60,
	};
	return !rates;
}

static int teardown(void **state)
{
	rates_free(rates);
	return 0;
}

/* One message, which goes if it may. */
static enum limit_state pass(const char *peer, enum heading heading, const char *user)
{
	const struct rate_message message = {view_of(peer), heading, view_of(user)};
	enum limit_state limit = rates_ask(rates, &message, &rules, now);

	if (limit == LIMIT_FINE)
		rates_count(rates, &message, &rules, now);
	return limit;
}

/* How many of so many go. */
static uint32_t pass_many(const char *peer, enum heading heading, uint32_t count)
{
	uint32_t passed = 0;

	for (uint32_t i = 0; i < count; i++)
		passed += pass(peer, heading, "bob@corp.example") == LIMIT_FINE;
	return passed;
}

static bool answers(const char *peer, uint32_t count, bool nobody)
{
	bool found = false;

	for (uint32_t i = 0; i < count; i++)
		found |= rates_answered(rates, view_of(peer), nobody, &rules, now);
	return found;
}

static void a_second_has_so_many_messages(void **state)
{
	assert_int_equal(pass_many("a", HEADING_IN, 100), 20);
	assert_int_equal(pass("a", HEADING_IN, "bob@corp.example"), LIMIT_MESSAGES);
	now.ns += NS_PER_S / 20;
	assert_int_equal(pass_many("a", HEADING_IN, 100), 1);
	now.ns += NS_PER_S / 2;
	assert_int_equal(pass_many("a", HEADING_IN, 100), 10);
	/* A silence is worth a second, however long it is. */
	now.ns += 3600 * NS_PER_S;
	assert_int_equal(pass_many("a", HEADING_IN, 100), 20);
}

static void each_peer_and_each_way_has_its_own(void **state)
{
	assert_int_equal(pass_many("a", HEADING_IN, 100), 20);
	assert_int_equal(pass_many("a", HEADING_OUT, 100), 20);
	assert_int_equal(pass_many("b", HEADING_IN, 100), 20);
}

static void over_an_hour_the_rate_is_kept(void **state)
{
	uint32_t passed = 0;

	rules.limits.value[MESSAGE_LIMIT_messages_per_s] = 7;
	for (int i = 0; i < 36000; i++) {
		passed += pass_many("a", HEADING_IN, 3);
		now.ns += NS_PER_S / 10;
	}
	assert_in_range(passed, 7 * 3600, 7 * 3600 + 7);
}

static void without_a_limit_all_go(void **state)
{
	rules.limits = (struct message_limits){0};
	for (int i = 0; i < 5000; i++) {
		char user[32];

		snprintf(user, sizeof(user), "%d@corp.example", i);
		assert_int_equal(pass("a", HEADING_IN, user), LIMIT_FINE);
	}
	/* Nor is there anything to keep. */
	assert_true(rates_bytes(rates) < 1024);
}

static void users_beyond_the_limit_fail_and_known_ones_do_not(void **state)
{
	char user[32];

	rules.limits.value[MESSAGE_LIMIT_messages_per_s] = 0;
	for (int i = 0; i < 1500; i++) {
		snprintf(user, sizeof(user), "%d@corp.example", i);
		assert_int_equal(pass("a", HEADING_IN, user), i < 1000 ? LIMIT_FINE : LIMIT_USERS);
	}
	assert_int_equal(pass("a", HEADING_IN, "999@corp.example"), LIMIT_FINE);
	assert_int_equal(pass("a", HEADING_IN, "0@corp.example"), LIMIT_FINE);
	assert_int_equal(pass("a", HEADING_OUT, "new@a.example"), LIMIT_FINE);
	assert_int_equal(pass("b", HEADING_IN, "new@corp.example"), LIMIT_FINE);
	/* Whoever was addressed half an hour ago still counts then. */
	now.ns += 30 * MINUTE_NS;
	assert_int_equal(pass("a", HEADING_IN, "999@corp.example"), LIMIT_FINE);
	assert_int_equal(pass("a", HEADING_IN, "new@corp.example"), LIMIT_USERS);
	now.ns += 40 * MINUTE_NS;
	for (int i = 0; i < 999; i++) {
		snprintf(user, sizeof(user), "new-%d@corp.example", i);
		assert_int_equal(pass("a", HEADING_IN, user), LIMIT_FINE);
	}
	assert_int_equal(pass("a", HEADING_IN, "new@corp.example"), LIMIT_USERS);
}

static void who_asks_for_nobody_is_suspicious(void **state)
{
	struct rate_suspect suspect;
	const void *cursor = NULL;

	/* So many are anybody's mistakes. */
	assert_false(answers("a", 19, true));
	assert_false(rates_suspects(rates, VIEW("a"), now));
	assert_true(answers("a", 1, true));
	assert_true(rates_suspects(rates, VIEW("a"), now));
	assert_false(rates_suspects(rates, VIEW("b"), now));
	assert_true(rates_suspect_next(rates, &cursor, now, &suspect));
	assert_string_equal(suspect.peer, "a");
	assert_int_equal(suspect.seconds, 3600);
	assert_int_equal(suspect.errors, 20);
	assert_int_equal(suspect.answers, 20);
	assert_false(rates_suspect_next(rates, &cursor, now, &suspect));
}

static void the_share_decides(void **state)
{
	assert_false(answers("a", 100, false));
	assert_false(answers("a", 99, true));
	assert_true(answers("a", 1, true));
	/* Those of an hour ago do not count any more. */
	assert_false(answers("b", 19, true));
	now.ns += 70 * MINUTE_NS;
	assert_false(answers("b", 19, true));
	assert_true(answers("b", 1, true));
}

static void nobody_is_suspicious_where_the_rules_say_so(void **state)
{
	rules.suspicious.errors_percent = 0;
	assert_false(answers("a", 1000, true));
	assert_false(rates_suspects(rates, VIEW("a"), now));
}

static void who_is_suspicious_has_less(void **state)
{
	answers("a", 20, true);
	assert_int_equal(pass_many("a", HEADING_IN, 100), 1);
	assert_int_equal(pass("a", HEADING_IN, "bob@corp.example"), LIMIT_ERRORS);
	/* Our users may write as before, and so may others. */
	assert_int_equal(pass_many("a", HEADING_OUT, 100), 20);
	assert_int_equal(pass_many("b", HEADING_IN, 100), 20);
	/* Nobody has more for being suspicious. */
	now.ns += 2 * NS_PER_S;
	rules.suspicious.messages_per_s = 50;
	assert_int_equal(pass_many("a", HEADING_IN, 100), 20);
	now.ns += 2 * NS_PER_S;
	rules.limits.value[MESSAGE_LIMIT_messages_per_s] = 0;
	assert_int_equal(pass_many("a", HEADING_IN, 100), 50);
}

static void a_suspicion_ends_by_itself(void **state)
{
	char peer[RATE_NAME_BYTES];
	struct mono deadline;

	assert_false(rates_deadline(rates, &deadline));
	answers("a", 20, true);
	now.ns += 10 * MINUTE_NS;
	answers("b", 20, true);
	assert_true(rates_deadline(rates, &deadline));
	assert_true(deadline.ns == now.ns + 50 * MINUTE_NS);
	assert_false(rates_expire(rates, now, peer));
	now = deadline;
	assert_false(rates_suspects(rates, VIEW("a"), now));
	assert_true(rates_suspects(rates, VIEW("b"), now));
	assert_true(rates_expire(rates, now, peer));
	assert_string_equal(peer, "a");
	assert_false(rates_expire(rates, now, peer));
	/* It begins with nothing against it. */
	assert_false(answers("a", 19, true));
	assert_true(answers("a", 1, true));
}

static void who_goes_on_is_suspicious_for_longer(void **state)
{
	struct mono deadline;

	answers("a", 20, true);
	now.ns += 30 * MINUTE_NS;
	/* It is no news. */
	assert_false(answers("a", 1, true));
	assert_true(rates_deadline(rates, &deadline));
	assert_true(deadline.ns == now.ns + 60 * MINUTE_NS);
}

static void somebody_vouches_for_it(void **state)
{
	assert_false(rates_trust(rates, VIEW("a")));
	answers("a", 20, true);
	assert_true(rates_trust(rates, VIEW("a")));
	assert_false(rates_suspects(rates, VIEW("a"), now));
	assert_int_equal(pass_many("a", HEADING_IN, 100), 20);
	assert_false(answers("a", 19, true));
	assert_false(rates_trust(rates, VIEW("a")));
}

static void there_is_room_for_so_many_and_suspects_stay(void **state)
{
	char peer[32];

	answers("the first", 20, true);
	for (uint32_t i = 0; i < RATE_PEERS_MAX + 100; i++) {
		snprintf(peer, sizeof(peer), "%u.example", i);
		assert_int_equal(pass(peer, HEADING_IN, "bob@corp.example"), LIMIT_FINE);
		assert_in_range(rates_peers(rates), 1, RATE_PEERS_MAX);
	}
	assert_int_equal(rates_peers(rates), RATE_PEERS_MAX);
	assert_true(rates_suspects(rates, VIEW("the first"), now));
	/* More than so many suspects are not told apart from others. */
	for (uint32_t i = 0; i < RATE_SUSPECTS_MAX; i++) {
		snprintf(peer, sizeof(peer), "bad-%u.example", i);
		assert_int_equal(answers(peer, 20, true), i < RATE_SUSPECTS_MAX - 1);
	}
	assert_int_equal(rates_peers(rates), RATE_PEERS_MAX);
}

static void memory_is_bounded(void **state)
{
	size_t most = 0;

	rules.limits.value[MESSAGE_LIMIT_users] = 10 * 1000 * 1000;
	rules.limits.value[MESSAGE_LIMIT_messages_per_s] = 0;
	/* Each fills what it can have. */
	for (uint32_t i = 0; i < 1200; i++) {
		char peer[32], user[32];

		snprintf(peer, sizeof(peer), "%u.example", i);
		for (uint32_t k = 0; k < 4200; k++) {
			snprintf(user, sizeof(user), "%u@corp.example", k);
			pass(peer, HEADING_IN, user);
			if (rates_bytes(rates) > most)
				most = rates_bytes(rates);
		}
	}
	assert_in_range(most, RATE_BYTES_MAX / 2, RATE_BYTES_MAX + 256 * 1024);
	assert_in_range(rates_peers(rates), 100, 1199);
	/* What is forgotten is given back, also when it had become less meanwhile. */
	now.ns += 600 * MINUTE_NS;
	for (uint32_t i = 0; i < 1200; i++) {
		char peer[32];

		snprintf(peer, sizeof(peer), "%u.example", i);
		pass(peer, HEADING_IN, "bob@corp.example");
	}
	assert_in_range(rates_bytes(rates), 1, 4 * 1024 * 1024);
}

int main(void)
{
#define ROW(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		ROW(a_second_has_so_many_messages),
		ROW(each_peer_and_each_way_has_its_own),
		ROW(over_an_hour_the_rate_is_kept),
		ROW(without_a_limit_all_go),
		ROW(users_beyond_the_limit_fail_and_known_ones_do_not),
		ROW(who_asks_for_nobody_is_suspicious),
		ROW(the_share_decides),
		ROW(nobody_is_suspicious_where_the_rules_say_so),
		ROW(who_is_suspicious_has_less),
		ROW(a_suspicion_ends_by_itself),
		ROW(who_goes_on_is_suspicious_for_longer),
		ROW(somebody_vouches_for_it),
		ROW(there_is_room_for_so_many_and_suspects_stay),
		ROW(memory_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
