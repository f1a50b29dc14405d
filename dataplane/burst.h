/* SPDX-License-Identifier: BSD-3-Clause */
/* The stages that both directions share: parse all, hash all, look up all. */
#pragma once

#include "dataplane/edge.h"

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
