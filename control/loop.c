/* SPDX-License-Identifier: BSD-3-Clause */
/* The event loop: a thin coat over libevent. */
#include "control/loop.h"

#include <errno.h>
#include <stdlib.h>

#include "control/counters.h"
#include "rules/base/realtime.h"

struct loop {
	struct event_base *base;
	bool stopping; /* loop_stop was called, maybe before loop_run */
	struct realtime realtime;
	struct event *look; /* NULL: ordinary */
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
	if (loop->look)
		event_free(loop->look);
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

static void look(evutil_socket_t fd, short what, void *arg)
{
	struct loop *loop = arg;

	if (realtime_look(&loop->realtime, mono_now()) && !loop->realtime.first)
		counter_add("loop", "took_turns", 1);
}

int loop_realtime(struct loop *loop, int priority, bool one_way)
{
	const struct timeval often = {.tv_usec = REALTIME_LOOK_MS * 1000};
	int rc = realtime_begin(&loop->realtime, priority, one_way, mono_now());

	if (rc < 0 || priority == 0)
		return rc;
	loop->look = event_new(loop->base, -1, EV_PERSIST, look, loop);
	return loop->look && event_add(loop->look, &often) == 0 ? 0 : -ENOMEM;
}

void loop_run(struct loop *loop)
{
	/* What it did before, it did for nobody who waits. */
	if (loop->look)
		(void)realtime_begin(&loop->realtime, loop->realtime.priority,
			loop->realtime.one_way, mono_now());
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
