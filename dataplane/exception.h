/* SPDX-License-Identifier: BSD-3-Clause */
/* The owner of the TAP: all system calls for frames are made here, none by a worker's stages. With
 * one lcore it is part of the worker's turn; with more it has an lcore of its own (ferry.h).
 *
 * While the TAP keeps up a frame goes straight in front of it. When it does not, frames wait in a
 * queue for each partner, and some for all others, which take turns. */
#pragma once

#include "dataplane/fair.h"
#include "dataplane/flow.h"
#include "dataplane/outlet.h"
#include "dataplane/partner.h"

enum {
	EXCEPTION_DIRECT = 64, /* frames in front of the TAP, in the order of their coming */
	EXCEPTION_UNKNOWN_QUEUES = 64, /* of sources that are nobody's, by their prefix */
};

struct exception {
	struct outlet to_tap;
	struct fair waiting;
};

/* 0, -ENOMEM. */
int exception_init(struct exception *exception, uint16_t tap_id);
/* Before which queue a frame of this flow waits, or of none (NULL). */
uint32_t exception_queue(const struct flow *flow);
/* The partner slot of a queue; 0: nobody's. */
static inline uint32_t exception_slot(uint32_t queue)
{
	return queue < PARTNER_SLOTS ? queue : 0;
}
enum cause exception_wait(
	struct exception *exception, struct rte_mbuf *frame, uint32_t queue, bool made);

/* Is the way to the TAP free, so that no queue matters? */
static inline bool exception_is_free(const struct exception *exception)
{
	return exception->waiting.count == 0 && exception->to_tap.count < EXCEPTION_DIRECT;
}

/* Queue a frame for the kernel. CAUSE_none; else it stays the caller's: CAUSE_queue_full,
 * CAUSE_tap_full. */
static inline enum cause exception_put(
	struct exception *exception, struct rte_mbuf *frame, uint32_t queue, bool made)
{
	if (unlikely(!exception_is_free(exception)))
		return exception_wait(exception, frame, queue, made);
	outlet_put(&exception->to_tap, frame, made);
	return CAUSE_none;
}
/* Write what is queued. */
void exception_flush(struct exception *exception, struct fates *fates);
/* Frames that the kernel sent, at most max. */
uint16_t exception_receive(struct exception *exception, struct rte_mbuf **frames, uint16_t max);
/* Free all that it has. Fine on a zeroed one. */
void exception_fini(struct exception *exception);
