/* SPDX-License-Identifier: BSD-3-Clause */
/* Threads that do what is dear in a handshake. */
#include "control/handshakers.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "rules/base/realtime.h"

enum {
	COLLECT_MAX = 8, /* finished tasks in one round of the loop: sessions have their turn too */
	NICENESS = 5,
};

struct handshakers {
	pthread_mutex_t lock; /* of all but the first three and the threads' ids */
	int fd;               /* written when there is something to collect */
	struct event *finished_event;
	pthread_cond_t work;
	struct turns turns;
	TAILQ_HEAD(, handshaker_task) finished;
	bool stopping;
	uint32_t thread_count;
	pthread_t threads[HANDSHAKERS_MAX];
};

uint32_t handshakers_default(void)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);

	if (processors < 1)
		return 1;
	return processors > HANDSHAKERS_DEFAULT_MAX ? HANDSHAKERS_DEFAULT_MAX
						    : (uint32_t)processors;
}

/* --- the threads --- */

/* Whoever has a session must not wait for somebody's handshake. What fails here fails for everybody,
 * and costs nothing but that. */
static void step_back(void)
{
	const struct sched_param none = {0};

	(void)sched_setscheduler(0, SCHED_BATCH, &none);
	/* Of this thread, not of the process. */
	(void)!nice(NICENESS);
}

static void wake_loop(const struct handshakers *h)
{
	const uint64_t one = 1;

	/* The counter is far from full: the loop reads it before it collects. */
	(void)!write(h->fd, &one, sizeof(one));
}

/* The loop goes first (--realtime) and runs at once when it is woken: whoever wakes it must not hold the lock. */
static void finish(struct handshakers *h, struct handshaker_task *task)
{
	bool first;

	pthread_mutex_lock(&h->lock);
	turns_over(&h->turns, &task->turn.origin);
	task->state = TASK_FINISHED;
	first = TAILQ_EMPTY(&h->finished);
	TAILQ_INSERT_TAIL(&h->finished, task, next);
	pthread_mutex_unlock(&h->lock);
	if (first)
		wake_loop(h);
}

static void *thread_run(void *arg)
{
	struct handshakers *h = arg;
	struct handshaker_task *task;
	struct turn *turn;

	pthread_setname_np(pthread_self(), "handshakes");
	step_back();
	pthread_mutex_lock(&h->lock);
	while (!h->stopping) {
		turn = turns_next(&h->turns, mono_now());
		if (!turn) {
			pthread_cond_wait(&h->work, &h->lock);
			continue;
		}
		task = (struct handshaker_task *)turn; /* its first member */
		task->state = TASK_WORKS;
		pthread_mutex_unlock(&h->lock);
		task->work(task);
		finish(h, task);
		pthread_mutex_lock(&h->lock);
	}
	pthread_mutex_unlock(&h->lock);
	return NULL;
}

/* --- the loop --- */

/* The next finished task, idle now, or NULL. *more: others are left. */
static struct handshaker_task *collect(struct handshakers *h, bool *more)
{
	struct handshaker_task *task;

	pthread_mutex_lock(&h->lock);
	task = TAILQ_FIRST(&h->finished);
	if (task) {
		TAILQ_REMOVE(&h->finished, task, next);
		task->state = TASK_IDLE;
	}
	*more = !TAILQ_EMPTY(&h->finished);
	pthread_mutex_unlock(&h->lock);
	return task;
}

static void finished_come(evutil_socket_t fd, short what, void *arg)
{
	struct handshakers *h = arg;
	struct handshaker_task *task;
	uint64_t count;
	bool more = true;

	(void)!read(fd, &count, sizeof(count));
	for (int i = 0; i < COLLECT_MAX && more; i++) {
		task = collect(h, &more);
		if (task)
			task->done(task);
	}
	if (more)
		wake_loop(h);
}

bool handshakers_post(
	struct handshakers *h, struct handshaker_task *task, const struct origin *origin)
{
	bool joined;

	pthread_mutex_lock(&h->lock);
	joined = turns_join(&h->turns, &task->turn, origin, mono_now());
	if (joined)
		task->state = TASK_WAITS;
	pthread_mutex_unlock(&h->lock);
	/* Any thread will do: which side is served does not depend on who serves. */
	if (joined)
		pthread_cond_signal(&h->work);
	return joined;
}

bool handshakers_withdraw(struct handshakers *h, struct handshaker_task *task)
{
	bool ours = true;

	pthread_mutex_lock(&h->lock);
	switch (task->state) {
	case TASK_IDLE:
		break;
	case TASK_WAITS:
		turns_leave(&h->turns, &task->turn);
		break;
	case TASK_FINISHED:
		TAILQ_REMOVE(&h->finished, task, next);
		break;
	case TASK_WORKS:
		ours = false;
		break;
	}
	if (ours)
		task->state = TASK_IDLE;
	pthread_mutex_unlock(&h->lock);
	return ours;
}

/* --- life --- */

static int threads_start(struct handshakers *h, uint32_t threads)
{
	sigset_t all;
	sigset_t before;
	int rc = 0;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (rc == 0 && h->thread_count < threads) {
		rc = pthread_create(&h->threads[h->thread_count], NULL, thread_run, h);
		h->thread_count += rc == 0;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rc;
}

struct handshakers *handshakers_new(struct loop *loop, uint32_t threads)
{
	struct handshakers *h = calloc(1, sizeof(*h));
	int rc = ENOMEM;

	if (!h) {
		errno = ENOMEM;
		return NULL;
	}
	realtime_lock_init(&h->lock);
	pthread_cond_init(&h->work, NULL);
	turns_init(&h->turns, threads);
	TAILQ_INIT(&h->finished);
	h->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (h->fd >= 0)
		h->finished_event =
			event_new(loop_base(loop), h->fd, EV_READ | EV_PERSIST, finished_come, h);
	if (h->finished_event && event_add(h->finished_event, NULL) == 0)
		rc = threads_start(h, threads < HANDSHAKERS_MAX ? threads : HANDSHAKERS_MAX);
	if (rc == 0)
		return h;
	handshakers_free(h);
	errno = rc;
	return NULL;
}

void handshakers_free(struct handshakers *h)
{
	struct handshaker_task *task;
	bool more;

	if (!h)
		return;
	pthread_mutex_lock(&h->lock);
	h->stopping = true;
	pthread_cond_broadcast(&h->work);
	pthread_mutex_unlock(&h->lock);
	for (uint32_t i = 0; i < h->thread_count; i++)
		pthread_join(h->threads[i], NULL);
	while ((task = collect(h, &more)))
		task->done(task);
	if (h->finished_event)
		event_free(h->finished_event);
	if (h->fd >= 0)
		close(h->fd);
	pthread_cond_destroy(&h->work);
	pthread_mutex_destroy(&h->lock);
	free(h);
}

static json_t *side_json(const struct turns_side *side)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "waiting",
		(json_int_t)side->waiting, "working", (json_int_t)side->served_now, "working_max",
		(json_int_t)side->served_max, "steps", (json_int_t)side->served, "waited_us",
		(json_int_t)(side->waited_ns / NS_PER_US), "longest_wait_us",
		(json_int_t)(side->longest_ns / NS_PER_US), "refused", (json_int_t)side->refused);
}

json_t *handshakers_json(struct handshakers *h)
{
	struct turns_side strangers, partners;

	/* No allocation while threads want the lock. */
	pthread_mutex_lock(&h->lock);
	strangers = h->turns.strangers;
	partners = h->turns.partners;
	pthread_mutex_unlock(&h->lock);
	return json_pack("{s:i, s:o, s:o}", "threads", (int)h->thread_count, "strangers",
		side_json(&strangers), "partners", side_json(&partners));
}
