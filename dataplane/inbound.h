/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames from the port: what becomes of each. */
#pragma once

#include "dataplane/edge.h"

/* Take over and bring to their fates up to WORKER_BURST frames. */
void inbound_burst(struct edge *edge, struct rte_mbuf **frames, uint16_t count);
