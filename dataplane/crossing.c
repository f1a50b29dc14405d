/* SPDX-License-Identifier: BSD-3-Clause */
/* The way of frames from one lcore to another. */
#include "dataplane/crossing.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Why a frame is seen whole at the other end: what the writer did to it comes before the ring's tail
 * is moved, by a release store; the reader loads the tail with acquire before it takes the frame, and
 * from then on only the reader touches it. One lcore writes and one reads, so neither needs a locked
 * instruction. */

int crossing_init(struct crossing *crossing, uint32_t from, uint32_t to)
{
	char name[RTE_RING_NAMESIZE];

	*crossing = (struct crossing){0};
	snprintf(name, sizeof(name), "picket_%u_to_%u", from, to);
	crossing->ring = rte_ring_create(
		name, CROSSING_FRAMES, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
	return crossing->ring ? 0 : -ENOMEM;
}

void crossing_fini(struct crossing *crossing)
{
	struct rte_mbuf *frames[CROSSING_BURST];
	uint16_t count;

	if (!crossing->ring)
		return;
	rte_pktmbuf_free_bulk(crossing->frames, crossing->count);
	while ((count = crossing_take(crossing->ring, frames, CROSSING_BURST)) > 0)
		rte_pktmbuf_free_bulk(frames, count);
	rte_ring_free(crossing->ring);
	*crossing = (struct crossing){0};
}

void crossing_flush(struct crossing *crossing)
{
	uint32_t sent;

	if (crossing->count == 0)
		return;
	sent = rte_ring_sp_enqueue_burst(
		crossing->ring, (void *const *)crossing->frames, crossing->count, NULL);
	crossing->count -= sent;
	if (sent > 0 && crossing->count > 0)
		memmove(crossing->frames, crossing->frames + sent,
			crossing->count * sizeof(crossing->frames[0]));
}

bool crossing_put(struct crossing *crossing, struct rte_mbuf *frame)
{
	if (crossing->count == CROSSING_BURST)
		crossing_flush(crossing);
	if (crossing->count == CROSSING_BURST)
		return false;
	crossing->frames[crossing->count++] = frame;
	return true;
}

uint32_t crossing_room(const struct crossing *crossing)
{
	uint32_t free = rte_ring_free_count(crossing->ring) + CROSSING_BURST;

	return free - crossing->count;
}
