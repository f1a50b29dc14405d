/* SPDX-License-Identifier: BSD-3-Clause */
/* The stages that both directions share: parse all, hash all, look up all. */
#pragma once

#include "dataplane/edge.h"
#include "dataplane/wire.h"

struct burst {
	struct frame frames[WORKER_BURST]; /* those still on their way */
	uint16_t count;
};

enum { BURST_LEG_OF_FRAME = UINT16_MAX }; /* each has its own, in m->port */

/* Parse; what cannot be parsed, and what `check` gives a cause, is dropped. check looks at a frame
 * that parsed. leg: by which they came, or LEG_NONE. */
void burst_parse(struct edge *edge, struct burst *burst, enum direction direction, uint32_t leg,
	struct rte_mbuf **frames, uint16_t count,
	enum cause (*check)(const struct edge *edge, const struct frame *f));

/* Find the flows of TCP segments and of the connections that ICMP errors quote. */
void burst_lookup(struct edge *edge, struct burst *burst);

/* Then each frame, in the order in which they came: TCP to `tcp`, which takes it, all else to wire_frame;
 * before (or NULL) runs first. Inlined, so that each direction calls its own directly. */
static __rte_always_inline void burst_walk(struct edge *e, struct burst *burst,
	void (*tcp)(struct edge *e, struct frame *f),
	void (*before)(struct edge *e, void *arg, uint32_t number), void *arg)
{
	uint32_t flows_before = e->flows.count;

	for (uint16_t i = 0; i < burst->count; i++) {
		struct frame *f = &burst->frames[i];

		if (before)
			before(e, arg, f->number);
		if (f->packet.kind != PACKET_TCP) {
			wire_frame(e, f);
			continue;
		}
		/* A frame before this one may have made its flow. */
		if (!f->flow && e->flows.count != flows_before)
			f->flow = flow_find(&e->flows, &f->key, f->hash);
		tcp(e, f);
	}
}
