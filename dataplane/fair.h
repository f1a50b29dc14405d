/* SPDX-License-Identifier: BSD-3-Clause */
/* Bounded queues in front of one outlet, served by deficit round robin: in the long run each that has
 * something gets the same bytes, and a burst in one delays another by one quantum a round. Knows
 * lengths, nothing of what is queued. One thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum {
	FAIR_ITEMS = 2048,    /* in all queues together */
	FAIR_QUEUE_MAX = 256, /* in one */
	FAIR_QUANTUM = 1600,  /* bytes a round */
	FAIR_RESERVED = FAIR_ITEMS / 4,
	FAIR_SHORT = 2,
};

struct fair_item {
	void *what;
	uint32_t bytes;
	uint16_t next; /* in its queue, or of the free ones */
	bool made;     /* the caller's */
};

struct fair_queue {
	uint16_t first, last; /* items; of no meaning while count is 0 */
	uint32_t count;
	uint32_t next; /* queue that is served after this one, while count > 0 */
	uint32_t deficit_bytes;
};

struct fair {
	struct fair_queue *queues;
	uint32_t queue_count;
	uint32_t last;   /* queue served last of a round; its next is served now */
	uint32_t count;  /* items in queues */
	uint32_t unmade; /* of them, not made here */
	uint16_t free;   /* first free item, while count < FAIR_ITEMS */
	struct fair_item items[FAIR_ITEMS];
};

enum fair_put { FAIR_TAKEN, FAIR_QUEUE_FULL, FAIR_ALL_FULL };

/* From DPDK's heap. 0, -ENOMEM. */
int fair_init(struct fair *fair, uint32_t queue_count);
/* What is still queued is the caller's to take before. */
void fair_fini(struct fair *fair);

/* Put at the end of a queue. One queue has at most FAIR_QUEUE_MAX, and at most half as many as are
 * free; of the last FAIR_RESERVED at most FAIR_SHORT: however many queues are long, one that was empty
 * finds room. */
enum fair_put fair_put(struct fair *fair, uint32_t queue, void *what, uint32_t bytes, bool made);
/* Take what is next; false if there is nothing. */
bool fair_take(struct fair *fair, struct fair_item *out);
