/* SPDX-License-Identifier: BSD-3-Clause */
/* Work that would make the loop wait (compiling a large document, writing to a slow disk), done beside it
 * in a thread of its own; one piece at a time. */
#pragma once

#include "control/loop.h"

struct workshop;

struct workshop *workshop_new(struct loop *loop);
/* Waits for the work under way; its `done` does not run. Accepts NULL. */
void workshop_free(struct workshop *workshop);

/* work(arg) in a thread that takes no signals and has the rights that the caller has now, then done(arg)
 * in the loop. 0; -EBUSY; or another -errno: neither will run. */
int workshop_run(
	struct workshop *workshop, void (*work)(void *arg), void (*done)(void *arg), void *arg);
