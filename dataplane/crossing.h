/* SPDX-License-Identifier: BSD-3-Clause */
/* The way of frames from one lcore to another: a ring with one writer and one reader, and the
 * writer's burst in front of it. Knows nothing of what frames are. */
#pragma once

#include <rte_mbuf.h>
#include <rte_ring.h>

enum {
	CROSSING_FRAMES = 1024, /* in the ring; 2^n, one of them stays free */
	CROSSING_BURST = 32,
};

/* The writer's end. Zeroed: none. */
struct crossing {
	struct rte_ring *ring;
	uint32_t count; /* not in the ring yet */
	struct rte_mbuf *frames[CROSSING_BURST];
};

/* From one lcore to another, by the names that they have in the ring's name. 0, -ENOMEM. */
int crossing_init(struct crossing *crossing, uint32_t from, uint32_t to);
/* Free all that is under way. Writer and reader have ended. Fine on a zeroed one. */
void crossing_fini(struct crossing *crossing);

/* Take a frame over; false if there is no room: it stays the caller's. The writer. */
bool crossing_put(struct crossing *crossing, struct rte_mbuf *frame);
/* Let the reader have them, as far as there is room. The writer, at the end of its turn. */
void crossing_flush(struct crossing *crossing);
/* How many are sure to be taken. The writer. */
uint32_t crossing_room(const struct crossing *crossing);

/* Take at most max frames. The reader. */
static inline uint16_t crossing_take(struct rte_ring *ring, struct rte_mbuf **frames, uint16_t max)
{
	return (uint16_t)rte_ring_sc_dequeue_burst(ring, (void **)frames, max, NULL);
}

/* What a frame takes along. To the lcore of the TAP: the queue before it, and whether it was made
 * here. To another worker: the leg that it came in by. Drivers read none of these on sending. */
static inline void crossing_label(struct rte_mbuf *frame, uint32_t queue, bool made)
{
	frame->hash.fdir.lo = queue;
	frame->hash.fdir.hi = made;
}

static inline uint32_t crossing_queue(const struct rte_mbuf *frame)
{
	return frame->hash.fdir.lo;
}

static inline bool crossing_made(const struct rte_mbuf *frame)
{
	return frame->hash.fdir.hi != 0;
}
