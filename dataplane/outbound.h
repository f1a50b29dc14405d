/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames from the TAP: only what belongs to a connection, was announced or is named leaves. */
#pragma once

#include "dataplane/edge.h"

/* Bring to their fates up to WORKER_BURST frames that were counted as received or taken over. */
void outbound_burst(struct edge *edge, struct rte_mbuf **frames, uint16_t count);
