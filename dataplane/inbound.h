/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames from the port: what becomes of each. */
#pragma once

#include "dataplane/edge.h"

/* Bring to their fates up to WORKER_BURST frames that were counted as received or taken over. leg: by
 * which they came, or BURST_LEG_OF_FRAME. */
void inbound_burst(struct edge *edge, struct rte_mbuf **frames, uint16_t count, uint32_t leg);

/* The same, without the short way of SYNs. syns: those that were taken out of the burst and are to be
 * answered in between, where they came; or NULL. */
struct syns;
void inbound_through_stages(struct edge *edge, struct rte_mbuf **frames, uint16_t count,
	uint32_t leg, struct syns *syns);
