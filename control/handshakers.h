/* SPDX-License-Identifier: BSD-3-Clause */
/* Threads that do what is dear in a handshake, one step of one connection at a time, for the loop that owns
 * all connections. A task belongs to exactly one side at any time: to the loop until it is posted,
 * to a thread while that works at it, to the loop again from its `done` on. Nobody locks
 * anything of a task: the queue's lock, taken on the way to a thread and on the way back, orders what both
 * sides read and write. */
#pragma once

#include <jansson.h>

#include "control/loop.h"
#include "control/turns.h"

enum { HANDSHAKERS_DEFAULT_MAX = 4, HANDSHAKERS_MAX = 64 };

struct handshakers;

enum handshaker_state { TASK_IDLE, TASK_WAITS, TASK_WORKS, TASK_FINISHED };

/* The caller's memory, zeroed at first; work and done are set once. */
struct handshaker_task {
	struct turn turn;
	void (*work)(struct handshaker_task *task); /* in a thread */
	void (*done)(struct handshaker_task *task); /* then in the loop */
	enum handshaker_state state;                /* under the lock */
	TAILQ_ENTRY(handshaker_task) next;
};

/* As many threads as there are processors, from 1 to HANDSHAKERS_DEFAULT_MAX. */
uint32_t handshakers_default(void);

/* They take no signals, give way to the loop where processors are scarce, and have the rights that the
 * caller has now. NULL with errno set. */
struct handshakers *handshakers_new(struct loop *loop, uint32_t threads);
/* Ends the threads, then runs `done` of what they had. Nothing may wait any more. Accepts NULL. */
void handshakers_free(struct handshakers *h);

/* Have an idle task worked at when it is its turn; done will run. False: too many wait. Loop thread,
 * as all of these. */
bool handshakers_post(
	struct handshakers *h, struct handshaker_task *task, const struct origin *origin);
/* True: no thread has the task, it is idle again and `done` will not run. False: one has it; it must
 * stay until `done`. */
bool handshakers_withdraw(struct handshakers *h, struct handshaker_task *task);

/* For the operator: {"threads", "strangers": {"waiting", "served", ...}, "partners"}; a new reference. */
json_t *handshakers_json(struct handshakers *h);
