/* SPDX-License-Identifier: BSD-3-Clause */
/* Going before all ordinary threads (SCHED_RR) while one is rested: a thread for which many wait should not wait for
 * others' computing. One that works all the time takes turns with everybody until it rests again, so that a
 * flood does not take a processor away from the machine. One that does not come to look any more has what the kernel
 * leaves to such threads (kernel.sched_rt_runtime_us). Threads and processes that it starts are ordinary. */
#pragma once

#include <pthread.h>

#include "rules/base/clock.h"

enum {
	REALTIME_PRIORITY_MAX = 99,
	REALTIME_LOOK_MS = 20,
	REALTIME_BUSY_PERCENT = 90,   /* of that time: from here on it takes turns */
	REALTIME_RESTED_PERCENT = 70, /* below, and having rested: it goes first again */
	REALTIME_ONE_WAY_LOOKS = 50,  /* so often in a row first, when there is no way back */
};

/* What a thread has used since it began. */
struct realtime_use {
	uint64_t cpu_ns;
	uint64_t rests; /* how often it waited for something of its own accord */
};

/* One thread's. All zero: ordinary, and stays so. */
struct realtime {
	int priority;
	bool first;   /* just now */
	bool one_way; /* it has no right to come back: a burst of work is not enough to take turns */
	uint32_t busy_looks; /* in a row */
	struct mono looked;
	struct realtime_use used; /* when it looked */
};

/* Sets RLIMIT_RTPRIO, so that threads of this process may come back to this priority, 1 to REALTIME_PRIORITY_MAX,
 * when it has given its privileges away. 0 or -errno. */
int realtime_allow(int priority);
/* May the calling thread have this priority now? 0 or -errno: -EPERM without CAP_SYS_NICE and that limit, or in a control
 * group that has no such time. */
int realtime_try(int priority);

/* The calling thread goes first, and has done nothing yet. one_way: once it takes turns it cannot come back
 * (realtime_allow failed, and it will have no CAP_SYS_NICE). 0 or -errno, then it stays ordinary; so with priority 0. */
int realtime_begin(struct realtime *r, int priority, bool one_way, struct mono now);

/* By the same thread, as often as it likes: does something every REALTIME_LOOK_MS. True if first has changed. */
bool realtime_look(struct realtime *r, struct mono now);

/* What realtime_look decides: should it go first, having used that much at that time? Takes note of both. */
bool realtime_judge(struct realtime *r, struct mono now, const struct realtime_use *used);

/* A lock that a thread which goes first shares with ordinary ones: who holds it goes first for as long as such a one waits for
 * it (PTHREAD_PRIO_INHERIT), else all who compute would keep both. Where the system has no such locks, one like any other. By
 * pthread_mutex_destroy. */
void realtime_lock_init(pthread_mutex_t *lock);
