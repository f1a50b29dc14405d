/* SPDX-License-Identifier: BSD-3-Clause */
/* The stages that both directions share. */
#include "dataplane/burst.h"

static enum cause frame_parse(struct edge *edge, struct frame *f,
	enum cause (*check)(const struct edge *edge, const struct frame *f))
{
	enum cause cause;

	if (f->m->nb_segs != 1)
		return CAUSE_frame_in_pieces;
	/* A port may bring more than its MTU. The TAP would never take that, and whatever waits
	 * behind it would wait for ever. */
	if (rte_pktmbuf_data_len(f->m) > edge->frame_max)
		return (enum cause)PACKET_CAUSE_oversized;
	cause = (enum cause)packet_parse(frame_bytes(f), &f->packet);
	f->parsed = cause == CAUSE_none;
	return cause == CAUSE_none ? check(edge, f) : cause;
}

void burst_parse(struct edge *edge, struct burst *burst, enum direction direction, uint32_t leg,
	struct rte_mbuf **frames, uint16_t count,
	enum cause (*check)(const struct edge *edge, const struct frame *f))
{
	burst->count = 0;
	for (uint16_t i = 0; i < count; i++)
		__builtin_prefetch(rte_pktmbuf_mtod(frames[i], void *));
	for (uint16_t i = 0; i < count; i++) {
		struct frame *f = &burst->frames[burst->count];
		enum cause cause;

		f->m = frames[i];
		f->direction = direction;
		f->leg = (uint8_t)(leg == BURST_LEG_OF_FRAME ? f->m->port : leg);
		f->number = (uint8_t)i;
		f->flow = NULL;
		f->parsed = false;
		f->partner_slot = FRAME_OF_ANYBODY;
		cause = frame_parse(edge, f, check);
		if (cause == CAUSE_none)
			burst->count++;
		else
			edge_drop(edge, f, cause);
	}
}

void burst_lookup(struct edge *edge, struct burst *burst)
{
	const struct tuple *keys[WORKER_BURST];
	uint32_t hashes[WORKER_BURST];
	struct flow *flows[WORKER_BURST];
	uint16_t owners[WORKER_BURST];
	uint16_t count = 0;

	for (uint16_t i = 0; i < burst->count; i++) {
		struct frame *f = &burst->frames[i];

		if (!steer_key(&f->packet, f->direction == DIRECTION_OUT, &f->key))
			continue;
		keys[count] = &f->key;
		owners[count++] = i;
	}
	if (count == 0)
		return;
	flow_hash_bulk(keys, count, hashes);
	flow_find_bulk(&edge->flows, keys, hashes, count, flows);
	for (uint16_t i = 0; i < count; i++) {
		burst->frames[owners[i]].hash = hashes[i];
		burst->frames[owners[i]].flow = flows[i];
	}
}
