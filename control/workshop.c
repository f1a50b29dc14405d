/* SPDX-License-Identifier: BSD-3-Clause */
/* Work beside the loop. */
#include "control/workshop.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct workshop {
	int fd; /* the thread writes it when it is done: its last use of anything here */
	struct event *finished;
	bool busy;
	void (*work)(void *arg);
	void (*done)(void *arg);
	void *arg;
};

static void *thread_run(void *arg)
{
	struct workshop *workshop = arg;
	const uint64_t one = 1;

	workshop->work(workshop->arg);
	/* The counter cannot be full: it was read after the work before. */
	(void)!write(workshop->fd, &one, sizeof(one));
	return NULL;
}

static void work_finished(evutil_socket_t fd, short what, void *arg)
{
	struct workshop *workshop = arg;
	uint64_t count;

	if (read(fd, &count, sizeof(count)) != sizeof(count) || !workshop->busy)
		return;
	workshop->busy = false;
	/* May bring new work, or free the workshop. */
	workshop->done(workshop->arg);
}

struct workshop *workshop_new(struct loop *loop)
{
	struct workshop *workshop = calloc(1, sizeof(*workshop));

	if (!workshop)
		return NULL;
	workshop->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (workshop->fd >= 0)
		workshop->finished = event_new(loop_base(loop), workshop->fd, EV_READ | EV_PERSIST,
			work_finished, workshop);
	if (!workshop->finished || event_add(workshop->finished, NULL) < 0) {
		workshop_free(workshop);
		return NULL;
	}
	return workshop;
}

void workshop_free(struct workshop *workshop)
{
	struct pollfd over = {.events = POLLIN};
	uint64_t count;

	if (!workshop)
		return;
	over.fd = workshop->fd;
	/* The thread has written: it is done with all that goes now. */
	while (workshop->busy && read(workshop->fd, &count, sizeof(count)) < 0 &&
		(errno == EAGAIN || errno == EINTR))
		poll(&over, 1, -1);
	if (workshop->finished)
		event_free(workshop->finished);
	if (workshop->fd >= 0)
		close(workshop->fd);
	free(workshop);
}

int workshop_run(
	struct workshop *workshop, void (*work)(void *arg), void (*done)(void *arg), void *arg)
{
	pthread_attr_t detached;
	pthread_t thread;
	sigset_t all;
	sigset_t before;
	int rc;

	if (workshop->busy)
		return -EBUSY;
	workshop->work = work;
	workshop->done = done;
	workshop->arg = arg;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	/* Nobody waits for its end, which takes a processor that a loop that goes first may keep from it. */
	pthread_attr_init(&detached);
	pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	rc = -pthread_create(&thread, &detached, thread_run, workshop);
	pthread_attr_destroy(&detached);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	workshop->busy = rc == 0;
	return rc;
}
