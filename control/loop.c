/* SPDX-License-Identifier: BSD-3-Clause */
/* The event loop: a thin coat over libevent. */
#include "control/loop.h"

#include <stdlib.h>

struct loop {
	struct event_base *base;
	bool stopping; /* loop_stop was called, maybe before loop_run */
};

struct timer {
	struct event *event;
	void (*fire)(void *arg);
	void *arg;
};

struct loop *loop_new(void)
{
	struct loop *loop = calloc(1, sizeof(*loop));
	struct event_config *config = event_config_new();

	/* One thread: no locks. Everything here counts in milliseconds, so precise timers would
	 * cost a system call per round for nothing. */
	if (config)
		event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
	if (loop && config)
		loop->base = event_base_new_with_config(config);
	if (config)
		event_config_free(config);
	if (!loop || !loop->base) {
		free(loop);
		return NULL;
	}
	return loop;
}

void loop_free(struct loop *loop)
{
	if (!loop)
		return;
	event_base_free(loop->base);
	free(loop);
}

struct event_base *loop_base(struct loop *loop)
{
	return loop->base;
}

struct mono loop_now(struct loop *loop)
{
	/* Read without a system call; libevent's own cached time is of the other clock. */
	(void)loop;
	return mono_now();
}

void loop_run(struct loop *loop)
{
	if (!loop->stopping)
		event_base_loop(loop->base, EVLOOP_NO_EXIT_ON_EMPTY);
	loop->stopping = false;
}

void loop_stop(struct loop *loop)
{
	loop->stopping = true;
	event_base_loopbreak(loop->base);
}

static void timer_fired(evutil_socket_t fd, short what, void *arg)
{
	struct timer *timer = arg;

	/* Last use of the timer: the handler may free it. */
	timer->fire(timer->arg);
}

struct timer *timer_new(struct loop *loop, void (*fire)(void *arg), void *arg)
{
	struct timer *timer = calloc(1, sizeof(*timer));

	if (!timer)
		return NULL;
	timer->event = evtimer_new(loop->base, timer_fired, timer);
	if (!timer->event) {
		free(timer);
		return NULL;
	}
	timer->fire = fire;
	timer->arg = arg;
	return timer;
}

void timer_free(struct timer *timer)
{
	if (!timer)
		return;
	event_free(timer->event);
	free(timer);
}

void timer_set_ms(struct timer *timer, uint64_t ms)
{
	const struct timeval after = {
		.tv_sec = (time_t)(ms / 1000),
		.tv_usec = (suseconds_t)(ms % 1000 * 1000),
	};

	evtimer_add(timer->event, &after);
}

void timer_clear(struct timer *timer)
{
	evtimer_del(timer->event);
}
