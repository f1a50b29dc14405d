/* SPDX-License-Identifier: BSD-3-Clause */
/* Facts that must outlive the process. */
#include "control/store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/queue.h>
#include <time.h>
#include <unistd.h>

#include "rules/base/log.h"
#include "rules/base/realtime.h"
#include "rules/base/view.h"

enum { GROUP_WAIT_MS = 5, GROUP_MAX = 4096, BUSY_MS = 2000 };

struct job {
	STAILQ_ENTRY(job) next;
	store_work *work;
	store_done *done;
	void *arg;
	int error;
};

STAILQ_HEAD(jobs, job);

/* The queues and `ending` are shared under the lock; the database is the thread's while it runs, and
 * the loop's under the same lock in store_run. */
struct store {
	sqlite3 *database;
	pthread_mutex_t lock;
	pthread_cond_t wanted;
	pthread_t thread;
	bool started, ending;
	struct jobs queued, finished;
	uint32_t waiting; /* queued and not yet told */
	pthread_mutex_t database_lock;
	void (*committed)(sqlite3 *database, void *arg);
	void *committed_arg;
	int event_fd;
	struct event *readable;
};

static int database_say(sqlite3 *database, const char *sql)
{
	char *words = NULL;

	if (sqlite3_exec(database, sql, NULL, NULL, &words) == SQLITE_OK)
		return 0;
	log_error("store: %s: %s", sql, words ? words : "out of memory");
	sqlite3_free(words);
	return -EIO;
}

/* The database is ours. */
static int commit(struct store *store)
{
	int error = database_say(store->database, "COMMIT");

	if (error != 0)
		database_say(store->database, "ROLLBACK");
	else if (store->committed)
		store->committed(store->database, store->committed_arg);
	return error;
}

/* --- the thread --- */

/* Each in a savepoint of its own, so that one that fails takes nobody with it. */
static void job_run(sqlite3 *database, struct job *job)
{
	job->error = database_say(database, "SAVEPOINT job");
	if (job->error == 0)
		job->error = job->work(database, job->arg);
	if (job->error != 0) {
		database_say(database, "ROLLBACK TO job");
		database_say(database, "RELEASE job");
	} else {
		job->error = database_say(database, "RELEASE job");
	}
}

static void group_run(struct store *store, struct jobs *group)
{
	struct job *job;
	int error;

	pthread_mutex_lock(&store->database_lock);
	error = database_say(store->database, "BEGIN IMMEDIATE");
	if (error == 0) {
		STAILQ_FOREACH(job, group, next)
		job_run(store->database, job);
		error = commit(store);
	}
	pthread_mutex_unlock(&store->database_lock);
	if (error == 0)
		return;
	STAILQ_FOREACH(job, group, next)
	job->error = error;
}

static void group_take(struct store *store, struct jobs *group)
{
	uint32_t count = 0;

	STAILQ_INIT(group);
	while (!STAILQ_EMPTY(&store->queued) && count++ < GROUP_MAX) {
		struct job *job = STAILQ_FIRST(&store->queued);

		STAILQ_REMOVE_HEAD(&store->queued, next);
		STAILQ_INSERT_TAIL(group, job, next);
	}
}

/* Company makes the dear part, waiting for the disk, cheaper for all. */
static void wait_for_company(struct store *store)
{
	const struct timespec wait = {.tv_nsec = GROUP_WAIT_MS * 1000000L};

	if (store->ending)
		return;
	pthread_mutex_unlock(&store->lock);
	clock_nanosleep(CLOCK_MONOTONIC, 0, &wait, NULL);
	pthread_mutex_lock(&store->lock);
}

static void *thread_run(void *arg)
{
	struct store *store = arg;
	struct jobs group;
	uint64_t one = 1;

	pthread_mutex_lock(&store->lock);
	for (;;) {
		while (STAILQ_EMPTY(&store->queued) && !store->ending)
			pthread_cond_wait(&store->wanted, &store->lock);
		if (STAILQ_EMPTY(&store->queued))
			break;
		wait_for_company(store);
		group_take(store, &group);
		pthread_mutex_unlock(&store->lock);
		group_run(store, &group);
		pthread_mutex_lock(&store->lock);
		STAILQ_CONCAT(&store->finished, &group);
		pthread_mutex_unlock(&store->lock);
		/* Without the lock, since the loop runs at once. Full means that it has been told already. */
		(void)!write(store->event_fd, &one, sizeof(one));
		pthread_mutex_lock(&store->lock);
	}
	pthread_mutex_unlock(&store->lock);
	return NULL;
}

/* --- the loop --- */

static void tell_finished(struct store *store)
{
	struct jobs finished = STAILQ_HEAD_INITIALIZER(finished);
	struct job *job;

	pthread_mutex_lock(&store->lock);
	STAILQ_CONCAT(&finished, &store->finished);
	STAILQ_FOREACH(job, &finished, next)
	store->waiting--;
	pthread_mutex_unlock(&store->lock);
	while ((job = STAILQ_FIRST(&finished))) {
		STAILQ_REMOVE_HEAD(&finished, next);
		if (job->done)
			job->done(job->arg, job->error);
		free(job);
	}
}

static void on_finished(evutil_socket_t fd, short what, void *arg)
{
	uint64_t count;

	(void)!read(fd, &count, sizeof(count));
	tell_finished(arg);
}

/* The rights are those of the file: SQLite would follow the umask. */
static int file_make(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static int database_open(
	struct store *store, const char *path, const char *schema, char *why, size_t why_bytes)
{
	int rc = file_make(path);

	if (rc < 0) {
		snprintf(why, why_bytes, "%s: %s", path, strerror(-rc));
		return rc;
	}
	rc = sqlite3_open_v2(path, &store->database,
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_busy_timeout(store->database, BUSY_MS);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(store->database,
			"PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;",
			NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(store->database, schema, NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		return 0;
	snprintf(why, why_bytes, "%s: %s", path,
		store->database ? sqlite3_errmsg(store->database) : sqlite3_errstr(rc));
	return -EIO;
}

static int notice_setup(struct store *store, struct loop *loop)
{
	store->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (store->event_fd < 0)
		return -errno;
	store->readable = event_new(
		loop_base(loop), store->event_fd, EV_READ | EV_PERSIST, on_finished, store);
	if (!store->readable || event_add(store->readable, NULL) < 0)
		return -ENOMEM;
	return -pthread_create(&store->thread, NULL, thread_run, store);
}

struct store *store_open(
	struct loop *loop, const char *path, const char *schema, char *why, size_t why_bytes)
{
	struct store *store = calloc(1, sizeof(*store));
	int rc;

	snprintf(why, why_bytes, "out of memory");
	if (!store)
		return NULL;
	store->event_fd = -1;
	STAILQ_INIT(&store->queued);
	STAILQ_INIT(&store->finished);
	realtime_lock_init(&store->lock);
	realtime_lock_init(&store->database_lock);
	pthread_cond_init(&store->wanted, NULL);
	if (database_open(store, path, schema, why, why_bytes) < 0) {
		store_close(store);
		return NULL;
	}
	rc = notice_setup(store, loop);
	store->started = rc == 0;
	if (rc < 0) {
		snprintf(why, why_bytes, "%s: %s", path, strerror(-rc));
		store_close(store);
		return NULL;
	}
	return store;
}

void store_close(struct store *store)
{
	if (!store)
		return;
	if (store->started) {
		pthread_mutex_lock(&store->lock);
		store->ending = true;
		pthread_cond_signal(&store->wanted);
		pthread_mutex_unlock(&store->lock);
		pthread_join(store->thread, NULL);
		tell_finished(store);
	}
	if (store->readable)
		event_free(store->readable);
	if (store->event_fd >= 0)
		close(store->event_fd);
	sqlite3_close(store->database);
	pthread_cond_destroy(&store->wanted);
	pthread_mutex_destroy(&store->lock);
	pthread_mutex_destroy(&store->database_lock);
	free(store);
}

void store_after_commit(struct store *store, void (*run)(sqlite3 *database, void *arg), void *arg)
{
	store->committed = run;
	store->committed_arg = arg;
}

int store_run(struct store *store, store_work *work, void *arg)
{
	int error;

	pthread_mutex_lock(&store->database_lock);
	error = database_say(store->database, "BEGIN IMMEDIATE");
	if (error == 0) {
		error = work(store->database, arg);
		if (error == 0)
			error = commit(store);
		else
			database_say(store->database, "ROLLBACK");
	}
	pthread_mutex_unlock(&store->database_lock);
	return error;
}

int store_put(struct store *store, store_work *work, store_done *done, void *arg)
{
	struct job *job = malloc(sizeof(*job));
	int rc = 0;

	if (!job)
		return -ENOMEM;
	*job = (struct job){.work = work, .done = done, .arg = arg};
	pthread_mutex_lock(&store->lock);
	if (store->waiting >= STORE_QUEUE_MAX) {
		rc = -EAGAIN;
	} else {
		store->waiting++;
		STAILQ_INSERT_TAIL(&store->queued, job, next);
		pthread_cond_signal(&store->wanted);
	}
	pthread_mutex_unlock(&store->lock);
	if (rc < 0)
		free(job);
	return rc;
}
