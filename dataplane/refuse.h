/* SPDX-License-Identifier: BSD-3-Clause */
/* Saying no: RST to whoever sent, and to the other end where a connection exists. Resets are
 * limited; over the limit a frame is dropped in silence. */
#pragma once

#include "dataplane/edge.h"

/* Answer a frame of no flow, or of one refused before; `over` is its cause when no answer can be
 * given. Takes the frame. */
void refuse_frame(struct edge *edge, struct frame *f, enum cause cause, enum cause over);

/* End the frame's connection: RST to both ends, the frame goes no further, the flow is remembered
 * as refused. Takes the frame. */
void refuse_flow(struct edge *edge, struct frame *f, enum cause cause);

/* The same without a frame, at the numbers where both ends last were: FLOW_ACKED is set. */
void refuse_now(struct edge *edge, struct flow *flow, enum cause cause);
/* The same for a flow in state held, reading or passed whose time is over, without a frame. */
void refuse_late(struct edge *edge, struct flow *flow);
