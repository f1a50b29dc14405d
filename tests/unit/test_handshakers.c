/* SPDX-License-Identifier: BSD-3-Clause */
/* Threads beside the loop: who has a task when, and what is left of those that were called off. */
#include "tests/unit/test.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>

#include "control/handshakers.h"
#include "tests/unit/locks.h"

struct job {
	struct handshaker_task task; /* first */
	uint32_t worked, done;       /* no lock: each side in its turn */
	int rounds;                  /* to post again */
	bool holds;                  /* its thread waits for `go` */
	pthread_t worker;
};

enum { JOBS = 64 };

static struct {
	struct loop *loop;
	struct handshakers *hands;
	struct job jobs[JOBS];
	uint32_t done;
	sem_t began, go;
} h;

static const struct origin partner = {ORIGIN_CLAIMED, 1};

static void work(struct handshaker_task *task)
{
	struct job *job = (struct job *)task;

	job->worked++;
	job->worker = pthread_self();
	if (job->holds) {
		sem_post(&h.began);
		sem_wait(&h.go);
	}
}

static void done(struct handshaker_task *task)
{
	struct job *job = (struct job *)task;

	job->done++;
	h.done++;
	assert_int_equal(job->worked, job->done);
	if (job->rounds-- > 0)
		assert_true(handshakers_post(h.hands, task, &partner));
	else
		loop_stop(h.loop);
}

static void hands_setup(uint32_t threads)
{
	memset(&h, 0, sizeof(h));
	sem_init(&h.began, 0, 0);
	sem_init(&h.go, 0, 0);
	h.loop = loop_new();
	for (int i = 0; i < JOBS; i++) {
		h.jobs[i].task.work = work;
		h.jobs[i].task.done = done;
	}
	h.hands = handshakers_new(h.loop, threads);
	assert_non_null(h.hands);
}

static void hands_teardown(void)
{
	handshakers_free(h.hands);
	loop_free(h.loop);
	sem_destroy(&h.began);
	sem_destroy(&h.go);
}

static void post(struct job *job, enum origin_class trust, uint32_t key)
{
	const struct origin origin = {trust, key};

	assert_true(handshakers_post(h.hands, &job->task, &origin));
}

/* A thread is at it until somebody says go. */
static void occupy(struct job *job, enum origin_class trust)
{
	job->holds = true;
	post(job, trust, 1);
	sem_wait(&h.began);
}

static void run_until(uint32_t count)
{
	while (h.done < count)
		loop_run(h.loop);
}

static void every_round_of_every_task_is_worked_and_ends_in_the_loop(void **state)
{
	hands_setup(4);
	for (int i = 0; i < JOBS; i++) {
		h.jobs[i].rounds = 20;
		post(&h.jobs[i], i % 3 ? ORIGIN_UNKNOWN : ORIGIN_CLAIMED, (uint32_t)i);
	}
	run_until(JOBS * 21);
	for (int i = 0; i < JOBS; i++) {
		assert_int_equal(h.jobs[i].worked, 21);
		assert_int_equal(h.jobs[i].done, 21);
		assert_false(pthread_equal(h.jobs[i].worker, pthread_self()));
	}
	hands_teardown();
}

static void what_waits_is_withdrawn_and_never_worked_at(void **state)
{
	hands_setup(1);
	occupy(&h.jobs[0], ORIGIN_CLAIMED);
	post(&h.jobs[1], ORIGIN_CLAIMED, 1);
	assert_true(handshakers_withdraw(h.hands, &h.jobs[1].task));
	assert_true(handshakers_withdraw(h.hands, &h.jobs[1].task));
	sem_post(&h.go);
	run_until(1);
	assert_int_equal(h.jobs[1].worked, 0);
	/* It can be posted again. */
	post(&h.jobs[1], ORIGIN_CLAIMED, 1);
	run_until(2);
	assert_int_equal(h.jobs[1].worked, 1);
	hands_teardown();
}

static void what_a_thread_has_comes_back_to_whoever_called_it_off(void **state)
{
	hands_setup(1);
	occupy(&h.jobs[0], ORIGIN_CLAIMED);
	assert_false(handshakers_withdraw(h.hands, &h.jobs[0].task));
	sem_post(&h.go);
	run_until(1);
	assert_int_equal(h.jobs[0].done, 1);
	assert_true(handshakers_withdraw(h.hands, &h.jobs[0].task));
	hands_teardown();
}

static void what_is_finished_and_not_collected_is_withdrawn(void **state)
{
	hands_setup(1);
	occupy(&h.jobs[0], ORIGIN_CLAIMED);
	sem_post(&h.go);
	/* It begins when the first has ended; the loop has not run. */
	occupy(&h.jobs[1], ORIGIN_CLAIMED);
	assert_true(handshakers_withdraw(h.hands, &h.jobs[0].task));
	sem_post(&h.go);
	run_until(1);
	assert_int_equal(h.jobs[0].worked, 1);
	assert_int_equal(h.jobs[0].done, 0);
	assert_int_equal(h.jobs[1].done, 1);
	hands_teardown();
}

static void an_end_waits_for_the_threads_and_collects(void **state)
{
	hands_setup(2);
	occupy(&h.jobs[0], ORIGIN_CLAIMED);
	h.jobs[0].rounds = 0;
	sem_post(&h.go);
	handshakers_free(h.hands);
	assert_int_equal(h.jobs[0].worked, 1);
	assert_int_equal(h.jobs[0].done, 1);
	h.hands = NULL;
	hands_teardown();
}

static void a_partner_finds_a_thread_while_strangers_have_what_they_may(void **state)
{
	hands_setup(2);
	occupy(&h.jobs[0], ORIGIN_UNKNOWN);
	for (int i = 1; i < JOBS - 1; i++)
		post(&h.jobs[i], ORIGIN_UNKNOWN, (uint32_t)i);
	post(&h.jobs[JOBS - 1], ORIGIN_CLAIMED, 1);
	run_until(1);
	assert_int_equal(h.jobs[JOBS - 1].done, 1);
	assert_int_equal(h.jobs[1].worked, 0);
	sem_post(&h.go);
	run_until(JOBS);
	hands_teardown();
}

static void too_many_are_refused_by_side(void **state)
{
	static struct job many[TURNS_STRANGERS_MAX + 1];
	const struct origin stranger = {ORIGIN_UNKNOWN, 1};
	json_t *all;
	json_t *told;

	hands_setup(1);
	occupy(&h.jobs[0], ORIGIN_CLAIMED);
	for (int i = 0; i < TURNS_STRANGERS_MAX; i++) {
		many[i].task.work = work;
		many[i].task.done = done;
		assert_true(handshakers_post(h.hands, &many[i].task, &stranger));
	}
	assert_false(handshakers_post(h.hands, &many[TURNS_STRANGERS_MAX].task, &stranger));
	post(&h.jobs[1], ORIGIN_CLAIMED, 2);
	all = handshakers_json(h.hands);
	told = json_object_get(all, "strangers");
	assert_int_equal(json_integer_value(json_object_get(told, "waiting")), TURNS_STRANGERS_MAX);
	assert_int_equal(json_integer_value(json_object_get(told, "refused")), 1);
	json_decref(all);
	for (int i = 0; i < TURNS_STRANGERS_MAX; i++)
		assert_true(handshakers_withdraw(h.hands, &many[i].task));
	sem_post(&h.go);
	run_until(2);
	hands_teardown();
}

/* It goes before the thread that wakes it, at once, and would find the door locked. */
static void the_loop_is_woken_by_who_holds_no_lock(void **state)
{
	uint32_t before = locks_writes(), with_a_lock = locks_writes_with_a_lock();

	hands_setup(2);
	for (int i = 0; i < JOBS; i++)
		post(&h.jobs[i], ORIGIN_CLAIMED, (uint32_t)i);
	run_until(JOBS);
	hands_teardown();
	assert_true(locks_writes() > before);
	assert_int_equal(locks_writes_with_a_lock(), with_a_lock);
}

static void there_are_as_many_threads_as_processors_but_few(void **state)
{
	assert_in_range(handshakers_default(), 1, HANDSHAKERS_DEFAULT_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_round_of_every_task_is_worked_and_ends_in_the_loop),
		cmocka_unit_test(what_waits_is_withdrawn_and_never_worked_at),
		cmocka_unit_test(what_a_thread_has_comes_back_to_whoever_called_it_off),
		cmocka_unit_test(what_is_finished_and_not_collected_is_withdrawn),
		cmocka_unit_test(an_end_waits_for_the_threads_and_collects),
		cmocka_unit_test(a_partner_finds_a_thread_while_strangers_have_what_they_may),
		cmocka_unit_test(too_many_are_refused_by_side),
		cmocka_unit_test(the_loop_is_woken_by_who_holds_no_lock),
		cmocka_unit_test(there_are_as_many_threads_as_processors_but_few),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
