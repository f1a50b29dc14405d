/* SPDX-License-Identifier: BSD-3-Clause */
/* The event loop that owns sessions and meaning: one thread, no locks. A thin coat over libevent
 * that adds typed time; buffers and sockets are libevent's own. */
#pragma once

#include <event2/event.h>

#include "rules/base/clock.h"

struct loop;

struct loop *loop_new(void);
void loop_free(struct loop *loop);
struct event_base *loop_base(struct loop *loop);
/* Monotonic time of the current round. */
struct mono loop_now(struct loop *loop);
/* The calling thread, which will run the loop, goes before all ordinary threads, while it is rested
 * (rules/base/realtime.h). one_way: it may not come back once it has taken turns. 0, -ENOMEM, or -errno: it runs as an
 * ordinary one. */
int loop_realtime(struct loop *loop, int priority, bool one_way);
/* Until loop_stop. */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

/* One-shot timer, owned by the caller. Loop thread only. */
struct timer;
struct timer *timer_new(struct loop *loop, void (*fire)(void *arg), void *arg);
void timer_free(struct timer *timer);                /* accepts NULL */
void timer_set_ms(struct timer *timer, uint64_t ms); /* replaces an earlier setting */
void timer_clear(struct timer *timer);
