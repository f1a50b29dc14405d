/* SPDX-License-Identifier: BSD-3-Clause */
/* A process that is killed while seats are written down: whoever was told of a seat has it afterwards. */
#include "tests/unit/test.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "control/policy/usage.h"
#include "rules/base/log.h"

enum { ROUNDS = 12, SEATS = 64 };

static const struct wall march = {1330600000}; /* 2012-03-01 */
static struct provider_terms terms;
static const struct agreement agreement = {
	.id = "ea-1", .terms = &terms, .model = SEAT_ACTIVE, .seats = 1000, .end = DATE_NEVER};

struct place {
	char directory[64], path[128], head_path[128];
};

static struct usage *usage_at(const struct place *place, struct loop *loop, struct store **store)
{
	char why[STORE_WHY_BYTES];
	struct usage *usage;

	*store = store_open(loop, place->path, USAGE_SCHEMA, why, sizeof(why));
	usage = *store ? usage_open(*store, place->head_path, why, sizeof(why)) : NULL;
	if (!usage)
		fail_msg("%s", why);
	return usage;
}

/* --- the process that is killed --- */

struct telling {
	uint8_t number;
	int pipe;
};

static void told(void *arg, int error)
{
	const struct telling *t = arg;

	if (error == 0 && write(t->pipe, &t->number, 1) != 1)
		_exit(1);
}

static void take_and_tell(const struct place *place, int pipe)
{
	static struct telling all[SEATS];
	struct loop *loop = loop_new();
	struct store *store;
	struct usage *usage = usage_at(place, loop, &store);
	char user[32];
	int rc;

	for (uint8_t i = 0; i < SEATS; i++) {
		all[i] = (struct telling){i, pipe};
		snprintf(user, sizeof(user), "u%u@corp.example", i);
		rc = usage_take(usage, &agreement, view_of(user), march, told, &all[i]);
		if (rc == -EEXIST)
			told(&all[i], 0);
		/* Groups of all sizes. */
		else if (i % 7 == 0)
			event_base_loop(loop_base(loop), EVLOOP_ONCE);
	}
	loop_run(loop);
}

/* --- */

/* Kill it some time after so many were told. Who was told: seats. */
static void kill_after(
	const struct place *place, int wanted, long wait_ns, bool seats[static SEATS])
{
	const struct timespec wait = {.tv_nsec = wait_ns};
	uint8_t number;
	int ends[2];
	pid_t child;

	assert_int_equal(pipe(ends), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		take_and_tell(place, ends[1]);
		_exit(0);
	}
	close(ends[1]);
	for (int i = 0; i < wanted && read(ends[0], &number, 1) == 1; i++)
		seats[number] = true;
	nanosleep(&wait, NULL);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	while (read(ends[0], &number, 1) == 1)
		seats[number] = true;
	close(ends[0]);
}

static uint32_t check(const struct place *place, const bool seats[static SEATS])
{
	struct loop *loop = loop_new();
	struct store *store;
	struct usage *usage = usage_at(place, loop, &store);
	const struct licence_usage *view = usage_view(usage);
	uint32_t count = view->count(view->arg, &agreement, date_month(march));
	char user[32];

	assert_int_equal(usage_fault(usage)->fault, USAGE_FINE);
	assert_int_equal(usage_fault(usage)->head.seq, count);
	for (uint8_t i = 0; i < SEATS; i++) {
		snprintf(user, sizeof(user), "u%u@corp.example", i);
		if (seats[i] && !view->has(view->arg, &agreement, view_of(user), date_month(march)))
			fail_msg("%s was told of a seat that is gone", user);
	}
	store_close(store);
	usage_free(usage);
	loop_free(loop);
	return count;
}

static void whoever_was_told_of_a_seat_has_it_after_a_kill(void **state)
{
	srand(11);
	for (int round = 0; round < ROUNDS; round++) {
		bool seats[SEATS] = {false};
		struct place place;
		char command[160];

		strcpy(place.directory, "/tmp/picket-killed-XXXXXX");
		assert_non_null(mkdtemp(place.directory));
		snprintf(place.path, sizeof(place.path), "%s/facts.db", place.directory);
		snprintf(
			place.head_path, sizeof(place.head_path), "%s/usage-head", place.directory);
		kill_after(&place, round * 3, rand() % 8000000, seats);
		check(&place, seats);
		/* And it goes on from there. */
		kill_after(&place, SEATS, 0, seats);
		check(&place, seats);
		snprintf(command, sizeof(command), "rm -r %s", place.directory);
		assert_int_equal(system(command), 0);
	}
}

static int setup(void **state)
{
	log_setup("test", LOG_LEVEL_ERROR);
	terms = *provider_profile(VIEW("yahoo"));
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(whoever_was_told_of_a_seat_has_it_after_a_kill, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
