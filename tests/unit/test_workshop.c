/* SPDX-License-Identifier: BSD-3-Clause */
/* Work beside the loop. */
#include "tests/unit/test.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <unistd.h>

#include "control/workshop.h"

struct job {
	struct workshop *workshop;
	struct loop *loop;
	pthread_t worker, finisher;
	unsigned sleep_us;
	int left; /* more rounds to go */
	int worked, done;
};

static void work(void *arg)
{
	struct job *job = arg;

	job->worker = pthread_self();
	usleep(job->sleep_us);
	job->worked++;
}

static void done(void *arg)
{
	struct job *job = arg;

	job->finisher = pthread_self();
	job->done++;
	if (job->left-- > 0)
		assert_int_equal(workshop_run(job->workshop, work, done, job), 0);
	else
		loop_stop(job->loop);
}

static void work_is_done_elsewhere_and_ends_in_the_loop(void **state)
{
	struct job job = {.loop = loop_new(), .left = 20};

	job.workshop = workshop_new(job.loop);
	assert_int_equal(workshop_run(job.workshop, work, done, &job), 0);
	loop_run(job.loop);
	assert_int_equal(job.worked, 21);
	assert_int_equal(job.done, 21);
	assert_false(pthread_equal(job.worker, pthread_self()));
	assert_true(pthread_equal(job.finisher, pthread_self()));
	workshop_free(job.workshop);
	loop_free(job.loop);
}

static void there_is_one_piece_of_work_at_a_time(void **state)
{
	struct job job = {.loop = loop_new(), .sleep_us = 20000};
	struct job second = {0};

	job.workshop = workshop_new(job.loop);
	assert_int_equal(workshop_run(job.workshop, work, done, &job), 0);
	assert_int_equal(workshop_run(job.workshop, work, done, &second), -EBUSY);
	loop_run(job.loop);
	assert_int_equal(job.done, 1);
	assert_int_equal(second.worked, 0);
	workshop_free(job.workshop);
	loop_free(job.loop);
}

static void whoever_closes_waits_for_the_work(void **state)
{
	struct job job = {.loop = loop_new(), .sleep_us = 50000};

	job.workshop = workshop_new(job.loop);
	assert_int_equal(workshop_run(job.workshop, work, done, &job), 0);
	workshop_free(job.workshop);
	assert_int_equal(job.worked, 1);
	assert_int_equal(job.done, 0);
	workshop_free(NULL);
	loop_free(job.loop);
}

static sem_t ended_work, may_end;

static void end_slowly(void *arg)
{
	sem_post(&ended_work);
	sem_wait(&may_end);
}

static void work_of_a_thread_that_ends_slowly(void *arg)
{
	static pthread_key_t key;

	assert_int_equal(pthread_key_create(&key, end_slowly), 0);
	assert_int_equal(pthread_setspecific(key, &key), 0);
	work(arg);
}

/* The loop goes before such a thread, which needs a processor to end. */
static void the_loop_does_not_wait_for_the_end_of_a_thread(void **state)
{
	struct job job = {.loop = loop_new()};

	sem_init(&ended_work, 0, 0);
	sem_init(&may_end, 0, 0);
	job.workshop = workshop_new(job.loop);
	assert_int_equal(
		workshop_run(job.workshop, work_of_a_thread_that_ends_slowly, done, &job), 0);
	sem_wait(&ended_work);
	loop_run(job.loop);
	assert_int_equal(job.done, 1);
	workshop_free(job.workshop);
	loop_free(job.loop);
	sem_post(&may_end);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(work_is_done_elsewhere_and_ends_in_the_loop),
		cmocka_unit_test(there_is_one_piece_of_work_at_a_time),
		cmocka_unit_test(the_loop_does_not_wait_for_the_end_of_a_thread),
		cmocka_unit_test(whoever_closes_waits_for_the_work),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
