/* SPDX-License-Identifier: BSD-3-Clause */
/* A bounded queue of frames in front of a port's TX queue. Knows which frames were received and
 * which were made here, nothing else of them. */
#pragma once

#include <stdbool.h>

#include <rte_mbuf.h>
#include <rte_spinlock.h>

#include "dataplane/counters.h"

enum { OUTLET_MAX = 256 };

struct outlet {
	uint16_t port_id;
	uint16_t queue_id;
	rte_spinlock_t *lock; /* of a TX queue that other lcores use too; NULL: of nobody else */
	uint16_t count;
	uint16_t unmade; /* of them, received */
	struct rte_mbuf *frames[OUTLET_MAX];
	bool made[OUTLET_MAX]; /* not received: made here */
};

/* Take a frame over for sending. False if the queue is full: the frame stays the caller's. */
static inline bool outlet_put(struct outlet *outlet, struct rte_mbuf *frame, bool made)
{
	if (outlet->count == OUTLET_MAX)
		return false;
	outlet->made[outlet->count] = made;
	outlet->frames[outlet->count++] = frame;
	outlet->unmade += !made;
	return true;
}
/* Send what the port takes and count it; the rest waits, of which `unmade` frames are held. A TX queue
 * that another lcore is using just now takes nothing: nobody ever waits for it. */
void outlet_flush(struct outlet *outlet, struct fates *fates);
/* Free what waits. */
void outlet_clear(struct outlet *outlet);
