/* SPDX-License-Identifier: BSD-3-Clause */
/* Going first while one is rested: who has worked too much takes turns, who has rested goes first again. */
#include "tests/unit/test.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "rules/base/realtime.h"

enum { START_MS = 5000, NOBODY = 65534 };

/* One period after the last look: so much of it worked, that many rests. */
static bool judged(struct realtime *r, uint32_t percent, uint64_t rests)
{
	struct mono now = mono_after_ms(r->looked, REALTIME_LOOK_MS);
	struct realtime_use used = {r->used.cpu_ns + REALTIME_LOOK_MS * NS_PER_MS / 100 * percent,
		r->used.rests + rests};

	r->first = realtime_judge(r, now, &used);
	return r->first;
}

static struct realtime rested(void)
{
	return (struct realtime){
		.priority = 1, .first = true, .looked = mono_after_ms((struct mono){0}, START_MS)};
}

static void who_works_nine_tenths_of_the_time_takes_turns(void **state)
{
	struct realtime r = rested();

	assert_true(judged(&r, 0, 1));
	assert_true(judged(&r, 89, 1));
	/* Also between two rests. */
	assert_true(judged(&r, 89, 0));
	assert_false(judged(&r, 90, 100));
	r = rested();
	assert_false(judged(&r, 100, 0));
}

static void who_has_rested_goes_first_again(void **state)
{
	struct realtime r = rested();

	assert_false(judged(&r, 100, 0));
	assert_false(judged(&r, 85, 5));
	assert_false(judged(&r, 70, 5));
	assert_true(judged(&r, 69, 5));
}

/* It had half of the time because others had the rest, and never stopped asking. */
static void who_was_kept_from_working_has_not_rested(void **state)
{
	struct realtime r = rested();

	assert_false(judged(&r, 100, 0));
	for (int i = 0; i < 10; i++)
		assert_false(judged(&r, 50, 0));
	assert_true(judged(&r, 50, 1));
}

/* Five hundred newcomers at once are 100 ms of work, and no reason to take turns for the rest of its life. */
static void who_cannot_come_back_takes_turns_after_a_second_of_work_only(void **state)
{
	struct realtime r = rested();

	r.one_way = true;
	for (int round = 0; round < 2; round++) {
		for (int i = 1; i < REALTIME_ONE_WAY_LOOKS; i++)
			assert_true(judged(&r, 100, 0));
		assert_true(judged(&r, 89, 0));
	}
	for (int i = 1; i < REALTIME_ONE_WAY_LOOKS; i++)
		assert_true(judged(&r, 100, 0));
	assert_false(judged(&r, 90, 0));
}

static void a_long_silence_is_a_rest(void **state)
{
	struct realtime r = rested();
	struct realtime_use used = {0, 1};

	assert_false(judged(&r, 100, 0));
	used.cpu_ns = r.used.cpu_ns;
	assert_true(realtime_judge(&r, mono_after_ms(r.looked, UINT64_C(86400000) * 365), &used));
}

static void without_a_priority_a_thread_is_ordinary(void **state)
{
	struct realtime r;

	assert_int_equal(realtime_begin(&r, 0, false, mono_now()), 0);
	assert_int_equal(sched_getscheduler(0), SCHED_OTHER);
	assert_false(realtime_look(&r, mono_after_ms(mono_now(), 3600000)));
}

static void *policy_of_a_thread(void *arg)
{
	*(int *)arg = sched_getscheduler(0);
	return NULL;
}

static void work_ms(uint64_t ms)
{
	struct mono end = mono_after_ms(mono_now(), ms);

	while (!mono_reached(mono_now(), end))
		;
}

/* By the kernel, where it lets us. */
static void a_thread_goes_first_and_takes_turns_and_its_children_are_ordinary(void **state)
{
	const struct timespec nap = {.tv_nsec = 2000000};
	struct realtime r;
	pthread_t thread;
	int policy = -1;

	if (realtime_try(1) < 0)
		skip();
	assert_int_equal(sched_getscheduler(0) & ~SCHED_RESET_ON_FORK, SCHED_OTHER);
	assert_int_equal(realtime_begin(&r, 1, false, mono_now()), 0);
	assert_true(r.first);
	assert_int_equal(sched_getscheduler(0) & ~SCHED_RESET_ON_FORK, SCHED_RR);
	assert_int_equal(pthread_create(&thread, NULL, policy_of_a_thread, &policy), 0);
	pthread_join(thread, NULL);
	assert_int_equal(policy, SCHED_OTHER);

	/* However slow this machine is, at some time it has worked all of a period. */
	while (r.first) {
		work_ms(2 * REALTIME_LOOK_MS);
		realtime_look(&r, mono_now());
	}
	assert_int_equal(sched_getscheduler(0) & ~SCHED_RESET_ON_FORK, SCHED_OTHER);
	while (!r.first) {
		nanosleep(&nap, NULL);
		realtime_look(&r, mono_now());
	}
	assert_int_equal(sched_getscheduler(0) & ~SCHED_RESET_ON_FORK, SCHED_RR);
}

static void a_process_that_may_not_is_told_so(void **state)
{
	const struct rlimit none = {0};
	pid_t child = fork();
	int status = 0;

	assert_true(child >= 0);
	if (child == 0) {
		bool told = setrlimit(RLIMIT_RTPRIO, &none) == 0 &&
			    (geteuid() != 0 || setresuid(NOBODY, NOBODY, NOBODY) == 0) &&
			    realtime_try(1) < 0;

		_exit(told ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

enum { SCHEDULED_FIRST = -2 }; /* what /proc shows of SCHED_RR with priority 1 */

struct house {
	pthread_mutex_t lock;
	bool went_first; /* who waits for the lock */
};

static void *wait_for_the_lock(void *arg)
{
	struct house *house = arg;
	struct realtime r;

	house->went_first = realtime_begin(&r, 1, false, mono_now()) == 0;
	pthread_mutex_lock(&house->lock);
	pthread_mutex_unlock(&house->lock);
	return NULL;
}

/* Of the calling thread, by proc(5): the eighteenth field. */
static int priority_now(void)
{
	char line[512] = "";
	char *at;
	FILE *file = fopen("/proc/thread-self/stat", "r");

	assert_non_null(file);
	assert_non_null(fgets(line, sizeof(line), file));
	fclose(file);
	at = strrchr(line, ')');
	for (int i = 0; at && i < 16; i++)
		at = strchr(at + 1, ' ');
	assert_non_null(at);
	return atoi(at);
}

/* Or anybody who computes would keep the one from giving the lock back, and the other from its work. */
static void who_holds_a_lock_goes_first_while_one_waits_for_it_who_does(void **state)
{
	const struct timespec nap = {.tv_nsec = 1000000};
	struct house house = {.went_first = false};
	pthread_t thread;
	int ordinary;

	if (realtime_try(1) < 0)
		skip();
	ordinary = priority_now();
	assert_true(ordinary >= 0);
	realtime_lock_init(&house.lock);
	pthread_mutex_lock(&house.lock);
	assert_int_equal(pthread_create(&thread, NULL, wait_for_the_lock, &house), 0);
	while (priority_now() != SCHEDULED_FIRST)
		nanosleep(&nap, NULL);
	pthread_mutex_unlock(&house.lock);
	assert_int_equal(priority_now(), ordinary);
	pthread_join(thread, NULL);
	assert_true(house.went_first);
	pthread_mutex_destroy(&house.lock);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_works_nine_tenths_of_the_time_takes_turns),
		cmocka_unit_test(who_has_rested_goes_first_again),
		cmocka_unit_test(who_was_kept_from_working_has_not_rested),
		cmocka_unit_test(who_cannot_come_back_takes_turns_after_a_second_of_work_only),
		cmocka_unit_test(a_long_silence_is_a_rest),
		cmocka_unit_test(without_a_priority_a_thread_is_ordinary),
		cmocka_unit_test(a_thread_goes_first_and_takes_turns_and_its_children_are_ordinary),
		cmocka_unit_test(who_holds_a_lock_goes_first_while_one_waits_for_it_who_does),
		cmocka_unit_test(a_process_that_may_not_is_told_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
