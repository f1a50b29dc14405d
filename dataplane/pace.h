/* SPDX-License-Identifier: BSD-3-Clause */
/* What a loop does when there is nothing to do. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <time.h>

#include "rules/base/realtime.h"

enum idle {
	IDLE_POLL,     /* never sleeps */
	IDLE_ADAPTIVE, /* sleeps at most 50 us after empty polls */
};

enum {
	PACE_POLLS = 64,       /* empty turns before the first sleep */
	PACE_SLEEP_NS = 40000, /* with the time of waking below 50 us */
};

struct pace {
	enum idle idle;
	uint32_t empty; /* turns in a row */
	struct realtime realtime;
};

/* For the thread that will call pace_turn. It goes before ordinary threads with that priority (0: not); one that
 * never sleeps does not. */
static inline struct pace pace_begin(enum idle idle, int realtime_priority, struct mono now)
{
	struct pace pace = {.idle = idle};

	/* Else the kernel may add 50 us to each sleep. */
	prctl(PR_SET_TIMERSLACK, 1UL);
	/* Whether it is allowed was said at the start. */
	if (idle == IDLE_ADAPTIVE)
		(void)realtime_begin(&pace.realtime, realtime_priority, false, now);
	return pace;
}

/* A turn, begun at that time, is over. */
static inline void pace_turn(struct pace *pace, bool worked, struct mono now)
{
	const struct timespec nap = {.tv_nsec = PACE_SLEEP_NS};

	(void)realtime_look(&pace->realtime, now);
	if (worked)
		pace->empty = 0;
	else if (pace->idle == IDLE_ADAPTIVE && ++pace->empty > PACE_POLLS)
		clock_nanosleep(CLOCK_MONOTONIC, 0, &nap, NULL);
}
