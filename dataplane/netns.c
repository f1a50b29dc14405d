/* SPDX-License-Identifier: BSD-3-Clause */
/* The one thread that lives in the kernel side's network namespace, and work for it. */
#include "dataplane/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

/* Work on the caller's stack: it waits until `done`. */
struct job {
	int (*work)(void *arg);
	void *arg;
	int result;
	bool done;
	struct job *next;
};

static struct {
	pthread_t thread;
	pthread_mutex_t lock; /* guards jobs, their done and result, and stopping */
	pthread_cond_t ended; /* some job is done */
	struct job *first;    /* oldest first */
	struct job **last;
	int wake_fd; /* eventfd: there are jobs, or stopping */
	int ns_fd;   /* of the namespace, until the thread is in it */
	bool running;
	bool stopping;
} home = {.lock = PTHREAD_MUTEX_INITIALIZER, .ended = PTHREAD_COND_INITIALIZER};

static struct job *take_job(void)
{
	struct job *job;

	pthread_mutex_lock(&home.lock);
	job = home.first;
	if (job) {
		home.first = job->next;
		if (!home.first)
			home.last = &home.first;
	}
	pthread_mutex_unlock(&home.lock);
	return job;
}

static void finish_job(struct job *job, int result)
{
	pthread_mutex_lock(&home.lock);
	job->result = result;
	job->done = true;
	pthread_cond_broadcast(&home.ended);
	pthread_mutex_unlock(&home.lock);
}

static bool must_stop(void)
{
	bool stop;

	pthread_mutex_lock(&home.lock);
	stop = home.stopping && !home.first;
	pthread_mutex_unlock(&home.lock);
	return stop;
}

static void *thread_main(void *unused)
{
	uint64_t count;

	pthread_setname_np(pthread_self(), "netns");
	while (!must_stop()) {
		struct job *job;

		while ((job = take_job()))
			finish_job(job, job->work(job->arg));
		if (must_stop())
			break;
		/* The TAP driver's signals interrupt it; one round too many does no harm. */
		if (read(home.wake_fd, &count, sizeof(count)) < 0 && errno != EINTR)
			break;
	}
	return NULL;
}

static void wake(void)
{
	uint64_t one = 1;

	/* It fails only with a counter near 2^64. */
	if (write(home.wake_fd, &one, sizeof(one)) < 0)
		return;
}

int netns_call(int (*work)(void *arg), void *arg)
{
	struct job job = {.work = work, .arg = arg};

	pthread_mutex_lock(&home.lock);
	if (!home.running || home.stopping) {
		pthread_mutex_unlock(&home.lock);
		return -ESHUTDOWN;
	}
	*home.last = &job;
	home.last = &job.next;
	wake();
	while (!job.done)
		pthread_cond_wait(&home.ended, &home.lock);
	pthread_mutex_unlock(&home.lock);
	return job.result;
}

static int enter(void *unused)
{
	return setns(home.ns_fd, CLONE_NEWNET) < 0 ? -errno : 0;
}

/* Open the namespace, unless it is the one we are in. */
static int open_namespace(const char *name, char *why, size_t why_bytes)
{
	struct stat theirs, ours;
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/run/netns/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		int error = -errno;

		snprintf(why, why_bytes,
			"network namespace '%s' cannot be opened (%s); make it: scripts/netns up "
			"--netns %s",
			name, strerror(-error), name);
		return error;
	}
	if (fstat(fd, &theirs) < 0 || stat("/proc/self/ns/net", &ours) < 0 ||
		(theirs.st_dev == ours.st_dev && theirs.st_ino == ours.st_ino)) {
		close(fd);
		snprintf(why, why_bytes,
			"the dataplane itself runs in network namespace '%s': frames of its port "
			"would reach the listeners past the filter; start it in the port's own "
			"namespace",
			name);
		return -EXDEV;
	}
	return fd;
}

int netns_start(const char *name, char *why, size_t why_bytes)
{
	int error;

	home.ns_fd = open_namespace(name, why, why_bytes);
	if (home.ns_fd < 0)
		return home.ns_fd;
	home.first = NULL;
	home.last = &home.first;
	home.stopping = false;
	home.wake_fd = eventfd(0, EFD_CLOEXEC);
	error = home.wake_fd < 0 ? -errno : -pthread_create(&home.thread, NULL, thread_main, NULL);
	if (error) {
		snprintf(why, why_bytes, "cannot start the thread of network namespace '%s': %s",
			name, strerror(-error));
		if (home.wake_fd >= 0)
			close(home.wake_fd);
		close(home.ns_fd);
		return error;
	}
	home.running = true;
	error = netns_call(enter, NULL);
	close(home.ns_fd);
	if (error) {
		snprintf(why, why_bytes,
			"cannot enter network namespace '%s': %s; start as root (CAP_SYS_ADMIN)",
			name, strerror(-error));
		netns_stop();
	}
	return error;
}

void netns_stop(void)
{
	if (!home.running)
		return;
	pthread_mutex_lock(&home.lock);
	home.stopping = true;
	wake();
	pthread_mutex_unlock(&home.lock);
	pthread_join(home.thread, NULL);
	close(home.wake_fd);
	home.running = false;
}
