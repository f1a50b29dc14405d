/* SPDX-License-Identifier: BSD-3-Clause */
/* A loop with a clock that the test owns. */
#include "tests/unit/fake_loop.h"

#include <stdlib.h>
#include <sys/queue.h>

struct timer {
	LIST_ENTRY(timer) all;
	struct loop *loop;
	void (*fire)(void *arg);
	void *arg;
	struct mono at;
	bool set;
};

struct loop {
	struct event_base *base;
	struct mono now;
	LIST_HEAD(, timer) timers;
};

struct loop *loop_new(void)
{
	struct loop *loop = calloc(1, sizeof(*loop));

	if (!loop)
		return NULL;
	loop->base = event_base_new();
	loop->now.ns = 1000 * NS_PER_S;
	LIST_INIT(&loop->timers);
	return loop;
}

void loop_free(struct loop *loop)
{
	event_base_free(loop->base);
	free(loop);
}

struct event_base *loop_base(struct loop *loop)
{
	return loop->base;
}

struct mono loop_now(struct loop *loop)
{
	return loop->now;
}

struct timer *timer_new(struct loop *loop, void (*fire)(void *arg), void *arg)
{
	struct timer *timer = calloc(1, sizeof(*timer));

	if (!timer)
		return NULL;
	*timer = (struct timer){.loop = loop, .fire = fire, .arg = arg};
	LIST_INSERT_HEAD(&loop->timers, timer, all);
	return timer;
}

void timer_free(struct timer *timer)
{
	if (!timer)
		return;
	LIST_REMOVE(timer, all);
	free(timer);
}

void timer_set_ms(struct timer *timer, uint64_t ms)
{
	timer->at = mono_after_ms(timer->loop->now, ms);
	timer->set = true;
}

void timer_clear(struct timer *timer)
{
	timer->set = false;
}

void fake_loop_round(struct loop *loop)
{
	event_base_loop(loop->base, EVLOOP_NONBLOCK);
}

static struct timer *first_until(struct loop *loop, struct mono end)
{
	struct timer *first = NULL;
	struct timer *t;

	LIST_FOREACH(t, &loop->timers, all)
	if (t->set && mono_reached(end, t->at) && (!first || t->at.ns < first->at.ns))
		first = t;
	return first;
}

void fake_loop_pass_ms(struct loop *loop, uint64_t ms)
{
	struct mono end = mono_after_ms(loop->now, ms);
	struct timer *t;

	while ((t = first_until(loop, end))) {
		loop->now = t->at.ns > loop->now.ns ? t->at : loop->now;
		t->set = false;
		t->fire(t->arg);
		fake_loop_round(loop);
	}
	loop->now = end;
	fake_loop_round(loop);
}
