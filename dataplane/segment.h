/* SPDX-License-Identifier: BSD-3-Clause */
/* What a TCP segment that passes does to its flow: FIN, RST, time; and what new rules do to it. */
#pragma once

#include "dataplane/edge.h"

/* Has the flow's remote been blocked since it was last judged? CAUSE_none, or
 * CAUSE_blocked_source, CAUSE_blocked_by_verdict. A flow that only claims a partner, or none, follows
 * what its source is by now. */
enum cause segment_blocked(struct edge *edge, struct flow *flow);

/* Enter the effects of a segment from the remote that is about to pass; payload has been read. */
void segment_in(struct edge *edge, struct frame *f);
/* The same for a segment of the kernel, which is believed. */
void segment_out(struct edge *edge, struct frame *f);

/* Make a flow, new or used before, begin again: no flags but these, no bytes, state new. */
void segment_restart(struct edge *edge, struct flow *flow, uint8_t flags);
