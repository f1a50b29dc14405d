/* SPDX-License-Identifier: BSD-3-Clause */
/* What became of messages handed to XMPP, on a fake clock. */
#include "tests/unit/test.h"

#include <stdio.h>

#include "control/session/outcome.h"

/* What the handlers saw last, and how often. */
static struct {
	int decided, pings;
	enum outcome_verdict verdict;
	enum stanza_condition condition;
	void *owner;
	char ping_id[OUTCOME_ID_TEXT_BYTES];
	uint8_t next_random;
} seen;

static void on_decided(
	void *arg, void *owner, enum outcome_verdict verdict, const struct stanza_error *error)
{
	seen.decided++;
	seen.owner = owner;
	seen.verdict = verdict;
	seen.condition = error ? error->condition : STANZA_UNDEFINED_CONDITION;
}

static void on_ping(void *arg, const char *local, const char *remote, const char *id)
{
	seen.pings++;
	assert_string_equal(local, "corp.example");
	assert_string_equal(remote, "partner.example");
	memcpy(seen.ping_id, id, sizeof(seen.ping_id));
}

static void on_random(void *arg, void *out, size_t len)
{
	memset(out, seen.next_random++, len);
}

static const struct outcome_handlers handlers = {
	.decided = on_decided, .ping = on_ping, .random = on_random};
static const struct outcome_key key_a = {.id = {0xa}, .addresses = 1};
static const struct outcome_key key_b = {.id = {0xb}, .addresses = 2};

static struct mono at_ms(uint64_t ms)
{
	return (struct mono){ms * NS_PER_MS};
}

static struct outcome *write_one(
	struct outcomes *all, const struct outcome_key *key, void *owner, uint64_t ms)
{
	struct outcome *o =
		outcome_written(all, "corp.example", "partner.example", key, owner, at_ms(ms));

	assert_non_null(o);
	return o;
}

static bool pong(struct outcomes *all, uint32_t streams, uint64_t ms)
{
	return outcome_pong(all, VIEW("corp.example"), VIEW("partner.example"),
		view_of(seen.ping_id), streams, at_ms(ms));
}

static int start(void **state)
{
	memset(&seen, 0, sizeof(seen));
	*state = outcomes_new(&handlers);
	return *state ? 0 : -1;
}

static int stop(void **state)
{
	outcomes_free(*state);
	return 0;
}

static void a_message_is_accepted_after_pong_and_grace(void **state)
{
	struct outcomes *all = *state;
	int owner;

	write_one(all, &key_a, &owner, 1000);
	outcomes_tick(all, at_ms(1000));
	assert_int_equal(seen.pings, 1);
	assert_true(pong(all, 1, 1010));
	outcomes_tick(all, at_ms(1109));
	assert_int_equal(seen.decided, 0);
	outcomes_tick(all, at_ms(1110));
	assert_int_equal(seen.decided, 1);
	assert_int_equal(seen.verdict, OUTCOME_ACCEPTED);
	assert_ptr_equal(seen.owner, &owner);
	assert_int_equal(outcomes_open(all), 0);
}

static void one_ping_covers_all_messages_written_before_it(void **state)
{
	struct outcomes *all = *state;

	write_one(all, &key_a, NULL, 0);
	write_one(all, &key_b, NULL, 0);
	outcomes_tick(all, at_ms(0));
	assert_int_equal(seen.pings, 1);
	pong(all, 1, 1);
	outcomes_tick(all, at_ms(101));
	assert_int_equal(seen.decided, 2);
}

static void a_message_behind_the_ping_waits_for_the_next_one(void **state)
{
	struct outcomes *all = *state;

	write_one(all, &key_a, NULL, 0);
	outcomes_tick(all, at_ms(0));
	write_one(all, &key_b, NULL, 1);
	outcomes_tick(all, at_ms(1));
	assert_int_equal(seen.pings, 1);
	pong(all, 1, 2);
	assert_int_equal(seen.pings, 2);
	outcomes_tick(all, at_ms(1000));
	assert_int_equal(seen.decided, 1);
	assert_int_equal(outcomes_open(all), 1);
	pong(all, 1, 1001);
	outcomes_tick(all, at_ms(2001));
	assert_int_equal(seen.decided, 2);
}

static void an_error_decides_before_the_pong_and_within_the_grace(void **state)
{
	struct outcomes *all = *state;

	write_one(all, &key_a, NULL, 0);
	write_one(all, &key_b, NULL, 0);
	outcomes_tick(all, at_ms(0));
	assert_int_equal(outcome_error(all, &key_a,
				 &(struct stanza_error){STANZA_SERVICE_UNAVAILABLE, {0}}, at_ms(1)),
		OUTCOME_DECIDES);
	assert_int_equal(seen.verdict, OUTCOME_REFUSED);
	assert_int_equal(seen.condition, STANZA_SERVICE_UNAVAILABLE);
	pong(all, 1, 2);
	assert_int_equal(outcome_error(all, &key_b,
				 &(struct stanza_error){STANZA_ITEM_NOT_FOUND, {0}}, at_ms(50)),
		OUTCOME_DECIDES);
	assert_int_equal(seen.condition, STANZA_ITEM_NOT_FOUND);
	outcomes_tick(all, at_ms(10000));
	assert_int_equal(seen.decided, 2);
}

static void an_error_with_other_addresses_decides_nothing(void **state)
{
	struct outcomes *all = *state;
	struct outcome_key forged = key_a;

	forged.addresses++;
	write_one(all, &key_a, NULL, 0);
	outcomes_tick(all, at_ms(0));
	assert_int_equal(outcome_error(all, &forged, &(struct stanza_error){STANZA_FORBIDDEN, {0}},
				 at_ms(1)),
		OUTCOME_NO_MATCH);
	assert_int_equal(seen.decided, 0);
}

static void no_answer_in_time_is_unknown(void **state)
{
	struct outcomes *all = *state;
	struct mono deadline;

	write_one(all, &key_a, NULL, 0);
	outcomes_tick(all, at_ms(0));
	assert_true(outcomes_deadline(all, &deadline));
	assert_int_equal(deadline.ns, at_ms(OUTCOME_ANSWER_MS).ns);
	outcomes_tick(all, at_ms(OUTCOME_ANSWER_MS));
	assert_int_equal(seen.verdict, OUTCOME_UNKNOWN);
	assert_false(pong(all, 1, OUTCOME_ANSWER_MS + 1));
	assert_false(outcomes_deadline(all, &deadline));
}

static void several_return_streams_or_none_make_the_grace_longer(void **state)
{
	static const struct {
		uint32_t streams;
		uint64_t round_trip_ms, grace_ms;
	} cases[] = {{1, 10, 100}, {1, 400, 400}, {2, 10, 250}, {0, 10, 250}, {2, 400, 800},
		{1, 3000, 1000}, {2, 900, 1000}};
	struct outcomes *all = *state;
	uint64_t now = 0;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct outcome_key key = {.id = {(uint8_t)(i + 1)}};
		struct mono deadline = {0};

		write_one(all, &key, NULL, now);
		outcomes_tick(all, at_ms(now));
		now += cases[i].round_trip_ms;
		assert_true(pong(all, cases[i].streams, now));
		assert_true(outcomes_deadline(all, &deadline));
		if (deadline.ns != at_ms(now + cases[i].grace_ms).ns)
			fail_msg("case %zu: grace of %llu ms", i,
				(unsigned long long)(deadline.ns / NS_PER_MS - now));
		now += 2000;
		outcomes_tick(all, at_ms(now));
	}
}

static void a_late_error_is_recognised_for_eleven_minutes(void **state)
{
	struct outcomes *all = *state;
	uint64_t decided_ms = 101;

	write_one(all, &key_a, NULL, 0);
	outcomes_tick(all, at_ms(0));
	pong(all, 1, 1);
	outcomes_tick(all, at_ms(decided_ms));
	assert_int_equal(
		outcome_error(all, &key_a, &(struct stanza_error){STANZA_GONE, {0}}, at_ms(60000)),
		OUTCOME_LATE);
	assert_int_equal(seen.decided, 1);
	assert_int_equal(outcome_error(all, &key_a, &(struct stanza_error){STANZA_GONE, {0}},
				 at_ms(decided_ms + OUTCOME_MEMORY_MS)),
		OUTCOME_NO_MATCH);
}

static void a_broken_stream_makes_unanswered_messages_unknown_and_spares_processed_ones(
	void **state)
{
	struct outcomes *all = *state;
	struct outcome *processed = write_one(all, &key_a, NULL, 0);
	struct outcome *open;

	outcomes_tick(all, at_ms(0));
	pong(all, 1, 1);
	open = write_one(all, &key_b, NULL, 2);
	outcome_lost(all, processed, at_ms(3));
	assert_int_equal(seen.decided, 0);
	outcome_lost(all, open, at_ms(3));
	assert_int_equal(seen.verdict, OUTCOME_UNKNOWN);
	outcomes_tick(all, at_ms(101));
	assert_int_equal(seen.decided, 2);
	assert_int_equal(seen.verdict, OUTCOME_ACCEPTED);
}

static void a_ping_follows_again_after_the_stream_broke(void **state)
{
	struct outcomes *all = *state;
	struct outcome *o = write_one(all, &key_a, NULL, 0);

	outcomes_tick(all, at_ms(0));
	outcome_lost(all, o, at_ms(1));
	write_one(all, &key_b, NULL, 2);
	outcomes_tick(all, at_ms(2));
	assert_int_equal(seen.pings, 2);
}

static void a_dropped_message_is_never_decided(void **state)
{
	struct outcomes *all = *state;
	struct outcome *o = write_one(all, &key_a, NULL, 0);

	outcome_drop(all, o);
	outcomes_tick(all, at_ms(100000));
	assert_int_equal(seen.decided, 0);
	assert_int_equal(seen.pings, 0);
}

static void ping_any(void *arg, const char *local, const char *remote, const char *id)
{
	snprintf(seen.ping_id, sizeof(seen.ping_id), "%s", id);
}

static void nothing_stays_of_a_pair_without_messages(void **state)
{
	struct outcomes *all = outcomes_new(&(struct outcome_handlers){
		.decided = on_decided, .ping = ping_any, .random = on_random});

	for (unsigned i = 0; i < 100; i++) {
		struct outcome *o;
		char remote[32];

		snprintf(remote, sizeof(remote), "%u.example", i);
		o = outcome_written(all, "corp.example", remote, &key_a, NULL, at_ms(i));
		assert_non_null(o);
		outcomes_tick(all, at_ms(i));
		if (i % 2)
			outcome_lost(all, o, at_ms(i));
		else
			outcome_drop(all, o);
	}
	assert_int_equal(outcomes_open(all), 0);
	/* Some still wait for the answer to their ping. */
	assert_in_range(outcomes_pairs(all), 1, 100);
	outcomes_tick(all, at_ms(100 + OUTCOME_ANSWER_MS));
	assert_int_equal(outcomes_pairs(all), 0);
	/* The last one's answer comes late, and is nobody's. */
	assert_false(outcome_pong(all, VIEW("corp.example"), VIEW("99.example"),
		view_of(seen.ping_id), 1, at_ms(6000)));
	outcomes_free(all);
}

static void memory_of_decided_messages_is_bounded(void **state)
{
	struct outcomes *all = *state;
	struct outcome_key key = {.addresses = 7};

	for (uint32_t i = 0; i < OUTCOME_REMEMBERED_MAX + 10; i++) {
		memcpy(key.id, &i, sizeof(i));
		write_one(all, &key, NULL, 0);
		outcome_error(all, &key, &(struct stanza_error){STANZA_GONE, {0}}, at_ms(1));
	}
	memset(key.id, 0, sizeof(key.id));
	assert_int_equal(
		outcome_error(all, &key, &(struct stanza_error){STANZA_GONE, {0}}, at_ms(2)),
		OUTCOME_NO_MATCH);
	key.id[0] = 20;
	assert_int_equal(
		outcome_error(all, &key, &(struct stanza_error){STANZA_GONE, {0}}, at_ms(2)),
		OUTCOME_LATE);
}

static void ids_survive_printing_and_nothing_else_parses(void **state)
{
	uint8_t id[OUTCOME_ID_BYTES] = {0x00, 0xff, 0x1e};
	uint8_t back[OUTCOME_ID_BYTES];
	char text[OUTCOME_ID_TEXT_BYTES];

	outcome_id_print(id, text);
	assert_true(outcome_id_parse(view_of(text), back));
	assert_memory_equal(id, back, sizeof(id));
	assert_false(outcome_id_parse(VIEW("00ff"), back));
	assert_false(outcome_id_parse(VIEW("00FF1e00000000000000000000000000"), back));
	assert_false(outcome_id_parse(VIEW("00ff1e0000000000000000000000000g"), back));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_message_is_accepted_after_pong_and_grace, start, stop),
		cmocka_unit_test_setup_teardown(
			one_ping_covers_all_messages_written_before_it, start, stop),
		cmocka_unit_test_setup_teardown(
			a_message_behind_the_ping_waits_for_the_next_one, start, stop),
		cmocka_unit_test_setup_teardown(
			an_error_decides_before_the_pong_and_within_the_grace, start, stop),
		cmocka_unit_test_setup_teardown(
			an_error_with_other_addresses_decides_nothing, start, stop),
		cmocka_unit_test_setup_teardown(no_answer_in_time_is_unknown, start, stop),
		cmocka_unit_test_setup_teardown(
			several_return_streams_or_none_make_the_grace_longer, start, stop),
		cmocka_unit_test_setup_teardown(
			a_late_error_is_recognised_for_eleven_minutes, start, stop),
		cmocka_unit_test_setup_teardown(
			a_broken_stream_makes_unanswered_messages_unknown_and_spares_processed_ones,
			start, stop),
		cmocka_unit_test_setup_teardown(
			a_ping_follows_again_after_the_stream_broke, start, stop),
		cmocka_unit_test_setup_teardown(a_dropped_message_is_never_decided, start, stop),
		cmocka_unit_test_setup_teardown(
			nothing_stays_of_a_pair_without_messages, start, stop),
		cmocka_unit_test_setup_teardown(memory_of_decided_messages_is_bounded, start, stop),
		cmocka_unit_test(ids_survive_printing_and_nothing_else_parses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
