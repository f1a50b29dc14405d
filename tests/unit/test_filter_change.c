/* SPDX-License-Identifier: BSD-3-Clause */
/* Changes of the rules over the channel, against a scripted dataplane. */
#include "tests/unit/test.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "control/counters.h"
#include "tests/unit/fake_dataplane.h"

enum { PATIENCE_MS = 15000, CHANGES = 1000 };

/* What a handler of a change heard. */
struct heard {
	struct bench *bench;
	unsigned times;
	int error;
	char words[128];
};

struct bench {
	struct loop *loop;
	struct timer *deadline;
	struct fake_dataplane fake;
	struct filter_client *client;
	int ready, lost, refused;
	struct filter_listener listeners[FAKE_SERVICES];
	uint32_t listener_count;
	struct heard prepare, commit;
	int expected, expect_error;
	struct generation *next; /* committed as soon as it is prepared */
};

static void on_ready(void *arg, const struct filter_listener *listeners, uint32_t count)
{
	struct bench *b = arg;

	b->ready++;
	b->listener_count = count;
	for (uint32_t i = 0; i < count; i++)
		b->listeners[i] = listeners[i];
}

static void on_lost(void *arg)
{
	((struct bench *)arg)->lost++;
}

static void on_refused(void *arg, const char *why)
{
	((struct bench *)arg)->refused++;
}

static void too_late(void *arg)
{
	fail_msg("it takes too long");
}

static void bench_open(struct bench *b, struct loop *loop)
{
	const struct filter_client_handlers handlers = {
		.arg = b, .ready = on_ready, .lost = on_lost, .refused = on_refused};

	*b = (struct bench){.loop = loop, .prepare.bench = b, .commit.bench = b};
	b->deadline = timer_new(b->loop, too_late, b);
	fake_open(&b->fake, b->loop);
	b->client = filter_client_new(b->loop, b->fake.path, b->fake.rules, &handlers);
	assert_non_null(b->client);
}

static void bench_close(struct bench *b)
{
	filter_client_free(b->client);
	fake_close(&b->fake);
	timer_free(b->deadline);
}

#define run_until(b, condition)                                                                    \
	do {                                                                                       \
		timer_set_ms((b)->deadline, PATIENCE_MS);                                          \
		while (!(condition))                                                               \
			event_base_loop(loop_base((b)->loop), EVLOOP_ONCE);                        \
		timer_clear((b)->deadline);                                                        \
	} while (0)

static void over(void *arg)
{
	*(bool *)arg = true;
}

static void run_for_ms(struct bench *b, uint64_t ms)
{
	bool done = false;
	struct timer *timer = timer_new(b->loop, over, &done);

	timer_set_ms(timer, ms);
	while (!done)
		event_base_loop(loop_base(b->loop), EVLOOP_ONCE);
	timer_free(timer);
}

static void hear(struct heard *h, int error, const char *words)
{
	h->times++;
	h->error = error;
	snprintf(h->words, sizeof(h->words), "%s", words ? words : "");
}

static void on_committed(void *arg, int error, const char *words)
{
	hear(arg, error, words);
}

static void on_prepared(void *arg, int error, const char *words)
{
	struct heard *h = arg;
	struct bench *b = h->bench;

	hear(h, error, words);
	if (b->next)
		filter_client_commit(b->client, b->next, on_committed, &b->commit);
}

static void prepare(struct bench *b, const struct generation *generation)
{
	struct filter_table table;
	char why[128];
	unsigned before = b->prepare.times;

	assert_int_equal(filter_table_make(generation->rules, &table, why, sizeof(why)), 0);
	assert_int_equal(table.generation, generation->rules->generation);
	filter_client_prepare(b->client, &table, on_prepared, &b->prepare);
	assert_null(table.block);
	assert_int_equal(b->prepare.times, before);
}

static void prepare_until_heard(struct bench *b, const struct generation *generation)
{
	unsigned before = b->prepare.times;

	prepare(b, generation);
	run_until(b, b->prepare.times > before);
}

static void commit(struct bench *b, struct generation *generation)
{
	unsigned before = b->commit.times;

	filter_client_commit(b->client, generation, on_committed, &b->commit);
	assert_int_equal(b->commit.times, before);
	run_until(b, b->commit.times > before);
}

static uint64_t shown_generation(const struct bench *b)
{
	json_t *json = filter_client_json(b->client);
	uint64_t number = (uint64_t)json_integer_value(json_object_get(json, "generation"));

	json_decref(json);
	return number;
}

static const char *questions(const struct bench *b)
{
	static char text[1024];

	text[0] = '\0';
	for (uint32_t i = 0; i < b->fake.question_count; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s", i ? " " : "",
			b->fake.questions[i]);
	return text;
}

static int set_up(void **state)
{
	static struct bench b;

	counters_clear();
	bench_open(&b, loop_new());
	run_until(&b, b.ready == 1);
	b.fake.question_count = 0;
	*state = &b;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *b = *state;

	bench_close(b);
	loop_free(b->loop);
	return 0;
}

static void a_change_is_prepared_committed_and_brings_new_listeners(void **state)
{
	struct bench *b = *state;
	int before[2] = {b->listeners[0].fd, b->listeners[1].fd};
	struct generation *next = fake_rules(&b->fake, 8, FAKE_ALL);

	prepare_until_heard(b, next);
	assert_int_equal(b->prepare.error, 0);
	assert_int_equal(b->fake.generation, 7);
	assert_int_equal(shown_generation(b), 7);
	commit(b, next);
	assert_int_equal(b->commit.error, 0);
	assert_int_equal(b->fake.generation, 8);
	assert_int_equal(shown_generation(b), 8);
	run_until(b, b->ready == 2);
	assert_string_equal(questions(b), "prepare commit listeners");
	assert_int_equal(b->listener_count, 3);
	assert_int_equal(b->listeners[0].fd, before[0]);
	assert_int_equal(b->listeners[1].fd, before[1]);
	assert_int_equal(b->listeners[2].service.port, b->fake.service_list[2].port);
	assert_int_equal(b->lost, 0);
	generation_drop(next);
}

static void a_listener_that_no_rule_names_any_more_is_closed(void **state)
{
	struct bench *b = *state;
	int kept = b->listeners[0].fd;
	int gone = b->listeners[1].fd;
	struct generation *next = fake_rules(&b->fake, 8, 1);

	prepare_until_heard(b, next);
	commit(b, next);
	run_until(b, b->ready == 2);
	assert_int_equal(b->listener_count, 1);
	assert_int_equal(b->listeners[0].fd, kept);
	assert_true(fcntl(gone, F_GETFD) < 0 && errno == EBADF);
	generation_drop(next);
}

static void a_change_that_the_dataplane_refuses_changes_nothing(void **state)
{
	struct bench *b = *state;
	struct generation *next = fake_rules(&b->fake, 8, FAKE_ALL);

	b->fake.error_type = "prepare";
	b->fake.error_words = "too many partners";
	prepare_until_heard(b, next);
	assert_int_equal(b->prepare.error, -EACCES);
	assert_string_equal(b->prepare.words, "too many partners");
	assert_int_equal(counter_get("filter.refused", "prepare"), 1);
	filter_client_abandon(b->client);
	assert_int_equal(b->lost, 0);
	/* Nor does the next dataplane hear of it. */
	b->fake.generation = 0;
	b->fake.error_type = NULL;
	fake_hang_up(&b->fake);
	run_until(b, b->ready == 2);
	assert_int_equal(b->fake.generation, 7);
	assert_int_equal(b->prepare.times, 1);
	generation_drop(next);
}

static void what_is_abandoned_is_never_heard_of(void **state)
{
	struct bench *b = *state;
	struct generation *next = fake_rules(&b->fake, 8, FAKE_ALL);

	prepare(b, next);
	filter_client_abandon(b->client);
	filter_client_abandon(b->client);
	run_for_ms(b, 50);
	assert_int_equal(b->prepare.times, 0);
	/* And cannot be committed; that decides nothing. */
	commit(b, next);
	assert_int_equal(b->commit.error, -EINVAL);
	assert_int_equal(shown_generation(b), 7);
	prepare_until_heard(b, next);
	commit(b, b->fake.rules);
	assert_int_equal(b->commit.error, -EINVAL);
	assert_string_equal(questions(b), "prepare prepare");
	assert_int_equal(b->lost, 0);
	generation_drop(next);
}

static void without_a_dataplane_the_decision_waits_for_its_hello(void **state)
{
	struct bench *b = *state;
	struct generation *next = fake_rules(&b->fake, 8, FAKE_ALL);

	fake_vanish(&b->fake);
	run_until(b, b->lost == 1);
	prepare_until_heard(b, next);
	assert_int_equal(b->prepare.error, -ENOTCONN);
	commit(b, next);
	assert_int_equal(b->commit.error, -ENOTCONN);
	assert_int_equal(shown_generation(b), 8);
	fake_return(&b->fake);
	run_until(b, b->ready == 2);
	assert_int_equal(b->fake.generation, 8);
	assert_int_equal(b->listener_count, 3);
	generation_drop(next);
}

static void a_channel_lost_while_it_is_prepared_leaves_all_as_it_was(void **state)
{
	struct bench *b = *state;
	struct generation *next = fake_rules(&b->fake, 8, FAKE_ALL);

	b->fake.lossy_type = "prepare";
	prepare_until_heard(b, next);
	assert_int_equal(b->prepare.error, -ENOTCONN);
	filter_client_abandon(b->client);
	b->fake.lossy_type = NULL;
	run_until(b, b->ready == 2);
	assert_string_equal(questions(b), "prepare hello listeners");
	assert_int_equal(b->fake.generation, 7);
	generation_drop(next);
}

static void a_channel_lost_between_prepare_and_commit_heals_at_hello(void **state)
{
	struct bench *b = *state;
	struct generation *next = fake_rules(&b->fake, 8, FAKE_ALL);

	prepare_until_heard(b, next);
	fake_hang_up(&b->fake);
	run_until(b, b->ready == 2);
	assert_int_equal(b->fake.generation, 7);
	/* This channel was never given it: only the next hello can bring it. */
	commit(b, next);
	assert_int_equal(b->commit.error, -ENOTCONN);
	run_until(b, b->fake.generation == 8 && b->ready == 3);
	assert_string_equal(questions(b), "prepare hello listeners hello prepare commit listeners");
	generation_drop(next);
}

static void a_channel_lost_in_the_commit_heals_at_hello(void **state)
{
	static const struct {
		const char *silent, *lossy, *asked;
	} cases[] = {
		{"commit", NULL, "prepare commit hello prepare commit listeners"},
		/* It had been done already. */
		{NULL, "commit", "prepare commit hello listeners"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bench *b = *state;
		struct generation *next = fake_rules(&b->fake, 8 + i, FAKE_ALL);
		int ready = b->ready;

		b->fake.question_count = 0;
		prepare_until_heard(b, next);
		b->fake.silent_type = cases[i].silent;
		b->fake.lossy_type = cases[i].lossy;
		filter_client_commit(b->client, next, on_committed, &b->commit);
		run_until(b, fake_count(&b->fake, "commit") == 1);
		b->fake.silent_type = b->fake.lossy_type = NULL;
		fake_hang_up(&b->fake);
		run_until(b, b->commit.times == i + 1);
		assert_int_equal(b->commit.error, -ENOTCONN);
		run_until(b, b->ready == ready + 1);
		assert_int_equal(b->fake.generation, 8 + i);
		assert_string_equal(questions(b), cases[i].asked);
		generation_drop(next);
	}
}

static void a_refused_commit_is_tried_again_by_a_new_channel(void **state)
{
	struct bench *b = *state;
	struct generation *next = fake_rules(&b->fake, 8, FAKE_ALL);

	prepare_until_heard(b, next);
	b->fake.error_type = "commit";
	b->fake.error_words = "not now";
	commit(b, next);
	assert_int_equal(b->commit.error, -EACCES);
	assert_string_equal(b->commit.words, "not now");
	b->fake.error_type = NULL;
	run_until(b, b->ready == 2);
	assert_int_equal(b->lost, 1);
	assert_int_equal(b->fake.generation, 8);
	generation_drop(next);
}

static void silence_has_an_end(void **state)
{
	struct bench *b = *state;
	struct bench other;
	struct generation *next = fake_rules(&b->fake, 8, FAKE_ALL);
	struct generation *others;

	/* Two at a time: it is ten seconds. */
	bench_open(&other, b->loop);
	run_until(&other, other.ready == 1);
	others = fake_rules(&other.fake, 8, FAKE_ALL);
	prepare_until_heard(&other, others);
	other.fake.silent_type = "commit";
	filter_client_commit(other.client, others, on_committed, &other.commit);
	b->fake.silent_type = "prepare";
	prepare_until_heard(b, next);
	assert_int_equal(b->prepare.error, -ETIMEDOUT);
	assert_int_equal(b->lost, 0);
	other.fake.silent_type = NULL;
	run_until(&other, other.commit.times == 1);
	assert_int_equal(other.commit.error, -ETIMEDOUT);
	run_until(&other, other.ready == 2);
	assert_int_equal(other.fake.generation, 8);
	bench_close(&other);
	generation_drop(others);
	generation_drop(next);
}

static void a_change_may_come_while_the_dataplane_is_set_up(void **state)
{
	static const char *const stages[] = {"hello", "prepare", "commit", "listeners"};

	for (size_t i = 0; i < sizeof(stages) / sizeof(stages[0]); i++) {
		struct bench *b = *state;
		struct generation *next = fake_rules(&b->fake, 20 + i, FAKE_ALL);
		int ready = b->ready;

		b->fake.generation = 0;
		b->fake.question_count = 0;
		b->fake.silent_type = stages[i];
		fake_hang_up(&b->fake);
		run_until(b, fake_count(&b->fake, stages[i]) == 1);
		prepare_until_heard(b, next);
		assert_int_equal(b->prepare.error, -ENOTCONN);
		b->fake.silent_type = NULL;
		commit(b, next);
		assert_int_equal(b->commit.error, -ENOTCONN);
		/* A dataplane that has not even answered hello has missed nothing. */
		if (i == 0)
			fake_hang_up(&b->fake);
		run_until(b, b->ready == ready + 1);
		assert_int_equal(b->fake.generation, 20 + i);
		assert_int_equal(b->refused, 0);
		generation_drop(next);
	}
}

static void new_rules_are_offered_at_once_to_who_refused_the_old(void **state)
{
	struct bench *b = *state;
	struct generation *next = fake_rules(&b->fake, 8, FAKE_ALL);
	struct mono began;

	b->fake.generation = 0;
	b->fake.error_type = "prepare";
	b->fake.error_words = "too much";
	fake_hang_up(&b->fake);
	run_until(b, b->refused == 1);
	b->fake.error_type = NULL;
	began = mono_now();
	prepare_until_heard(b, next);
	commit(b, next);
	run_until(b, b->ready == 2);
	assert_true(mono_since_ms(mono_now(), began) < 2000);
	assert_int_equal(b->fake.generation, 8);
	generation_drop(next);
}

static void listeners_that_cannot_be_had_leave_the_others_alone(void **state)
{
	struct bench *b = *state;
	struct generation *next = fake_rules(&b->fake, 8, FAKE_ALL);

	b->fake.error_type = "listeners";
	b->fake.error_words = "address not available";
	prepare_until_heard(b, next);
	commit(b, next);
	run_until(b, fake_count(&b->fake, "listeners") == 1);
	run_for_ms(b, 100);
	assert_int_equal(b->ready, 1);
	assert_int_equal(b->lost, 0);
	b->fake.error_type = NULL;
	run_until(b, b->ready == 2);
	assert_int_equal(b->listener_count, 3);
	assert_int_equal(b->lost, 0);
	generation_drop(next);
}

static void nonsense_about_listeners_makes_a_new_channel(void **state)
{
	struct bench *b = *state;
	struct generation *next = fake_rules(&b->fake, 8, FAKE_ALL);

	b->fake.wrong_listeners = true;
	prepare_until_heard(b, next);
	commit(b, next);
	run_until(b, b->lost == 1);
	b->fake.wrong_listeners = false;
	run_until(b, b->ready == 2);
	assert_int_equal(b->listener_count, 3);
	generation_drop(next);
}

static void who_waits_at_the_end_is_told(void **state)
{
	struct bench *b = *state;
	struct bench other;
	struct generation *next = fake_rules(&b->fake, 8, FAKE_ALL);

	bench_open(&other, b->loop);
	run_until(&other, other.ready == 1);
	prepare(&other, next);
	bench_close(&other);
	assert_int_equal(other.prepare.times, 1);
	assert_int_equal(other.prepare.error, -ENOTCONN);
	generation_drop(next);
}

static void on_expected(void *arg, int error)
{
	struct bench *b = arg;

	b->expected++;
	if (error)
		b->expect_error = error;
}

static void announce(struct bench *b)
{
	struct ip_address a;

	assert_true(ip_address_parse(VIEW("192.0.2.1"), &a));
	assert_non_null(filter_client_expect(
		b->client, &a, 40000, &a, 5269, 0x50000007, 1500, on_expected, b));
}

static unsigned open_descriptors(void)
{
	DIR *directory = opendir("/proc/self/fd");
	unsigned count = 0;

	while (readdir(directory))
		count++;
	closedir(directory);
	return count;
}

static void a_thousand_changes_lose_no_question_and_no_descriptor(void **state)
{
	static const unsigned services[] = {FAKE_ALL, FAKE_FIRST, 1, 6};
	struct bench *b = *state;
	unsigned before = open_descriptors();

	for (unsigned i = 1; i <= CHANGES; i++) {
		b->next = fake_rules(&b->fake, 7 + i, i == CHANGES ? FAKE_FIRST : services[i % 4]);
		announce(b);
		prepare(b, b->next);
		announce(b);
		/* The listeners of the last one may still be under way: the newest count. */
		run_until(b, b->commit.times == i);
		assert_int_equal(b->commit.error, 0);
		generation_drop(b->next);
	}
	run_until(b, b->expected == 2 * CHANGES);
	run_for_ms(b, 50);
	assert_int_equal(b->expect_error, 0);
	assert_int_equal(b->lost, 0);
	assert_int_equal(b->fake.generation, 7 + CHANGES);
	assert_int_equal(b->listener_count, 2);
	assert_int_equal(open_descriptors(), before);
	b->next = NULL;
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(a_change_is_prepared_committed_and_brings_new_listeners),
		CASE(a_listener_that_no_rule_names_any_more_is_closed),
		CASE(a_change_that_the_dataplane_refuses_changes_nothing),
		CASE(what_is_abandoned_is_never_heard_of),
		CASE(without_a_dataplane_the_decision_waits_for_its_hello),
		CASE(a_channel_lost_while_it_is_prepared_leaves_all_as_it_was),
		CASE(a_channel_lost_between_prepare_and_commit_heals_at_hello),
		CASE(a_channel_lost_in_the_commit_heals_at_hello),
		CASE(a_refused_commit_is_tried_again_by_a_new_channel),
		CASE(silence_has_an_end),
		CASE(a_change_may_come_while_the_dataplane_is_set_up),
		CASE(new_rules_are_offered_at_once_to_who_refused_the_old),
		CASE(listeners_that_cannot_be_had_leave_the_others_alone),
		CASE(nonsense_about_listeners_makes_a_new_channel),
		CASE(who_waits_at_the_end_is_told),
		CASE(a_thousand_changes_lose_no_question_and_no_descriptor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
