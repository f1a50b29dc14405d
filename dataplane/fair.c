/* SPDX-License-Identifier: BSD-3-Clause */
/* Bounded queues served by deficit round robin. */
#include "dataplane/fair.h"

#include <errno.h>

#include <rte_malloc.h>

int fair_init(struct fair *fair, uint32_t queue_count)
{
	*fair = (struct fair){.queue_count = queue_count};
	for (uint32_t i = 0; i < FAIR_ITEMS; i++)
		fair->items[i].next = (uint16_t)(i + 1);
	fair->queues = rte_zmalloc("fair", queue_count * sizeof(*fair->queues), 64);
	return fair->queues ? 0 : -ENOMEM;
}

void fair_fini(struct fair *fair)
{
	rte_free(fair->queues);
	fair->queues = NULL;
}

/* The last of the round, with what it may send at its first turn. */
static void queue_join(struct fair *fair, uint32_t queue)
{
	struct fair_queue *q = &fair->queues[queue];

	q->deficit_bytes = FAIR_QUANTUM;
	if (fair->count == 0) {
		q->next = queue;
	} else {
		q->next = fair->queues[fair->last].next;
		fair->queues[fair->last].next = queue;
	}
	fair->last = queue;
}

enum fair_put fair_put(struct fair *fair, uint32_t queue, void *what, uint32_t bytes, bool made)
{
	struct fair_queue *q = &fair->queues[queue];
	uint32_t free = FAIR_ITEMS - fair->count;
	uint16_t i = fair->free;

	if (free < 2)
		return FAIR_ALL_FULL;
	if (q->count >= FAIR_QUEUE_MAX || q->count >= free / 2 ||
		(free <= FAIR_RESERVED && q->count >= FAIR_SHORT))
		return FAIR_QUEUE_FULL;
	if (q->count == 0)
		queue_join(fair, queue);
	fair->free = fair->items[i].next;
	fair->items[i] = (struct fair_item){.what = what, .bytes = bytes, .made = made};
	if (q->count == 0)
		q->first = i;
	else
		fair->items[q->last].next = i;
	q->last = i;
	q->count++;
	fair->count++;
	fair->unmade += !made;
	return FAIR_TAKEN;
}

bool fair_take(struct fair *fair, struct fair_item *out)
{
	struct fair_queue *q;
	uint16_t i;

	if (fair->count == 0)
		return false;
	/* Ends: each round gives each queue a quantum. */
	for (;;) {
		q = &fair->queues[fair->queues[fair->last].next];
		if (fair->items[q->first].bytes <= q->deficit_bytes)
			break;
		q->deficit_bytes += FAIR_QUANTUM;
		fair->last = fair->queues[fair->last].next;
	}
	i = q->first;
	*out = fair->items[i];
	q->first = out->next;
	q->deficit_bytes -= out->bytes;
	/* A queue that runs empty leaves, and takes nothing along into its next life. */
	if (--q->count == 0)
		fair->queues[fair->last].next = q->next;
	fair->items[i].next = fair->free;
	fair->free = i;
	fair->count--;
	fair->unmade -= !out->made;
	return true;
}
