/* SPDX-License-Identifier: BSD-3-Clause */
/* The lcore of the TAP, when it is not a worker's: frames of all workers take turns at the TAP, frames
 * of the kernel go to the workers that own their connections. Makes all system calls for frames;
 * knows no flows, and of the rules only whose an address is: for the counts of what it drops. Its own
 * thread only, but for the counters. */
#pragma once

#include "dataplane/crossing.h"
#include "dataplane/exception.h"
#include "dataplane/pace.h"
#include "dataplane/steer.h"

struct ferry {
	struct mono now; /* of this turn */
	struct exception exception;
	struct counters counters;
	enum idle idle;
	int realtime_priority;
	uint32_t workers; /* and its number among the readers of tables */
	struct crossing to_workers[STEER_WORKERS_MAX];
	struct rte_ring *from_workers[STEER_WORKERS_MAX]; /* theirs to free */
};

/* 0, -ENOMEM. The rings from the workers are the caller's to fill in. */
int ferry_init(struct ferry *ferry, uint32_t workers);
void ferry_fini(struct ferry *ferry);

/* One turn at this time. How many frames it had. */
uint32_t ferry_step(struct ferry *ferry, struct mono now);
/* Turn until crew_stop. `ferry` is a struct ferry. For rte_eal_remote_launch, or to be called. 0. */
int ferry_run(void *ferry);
