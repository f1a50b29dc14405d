/* SPDX-License-Identifier: BSD-3-Clause */
/* Connections of which the kernel knows nothing yet (mode reqsk): first bytes are kept and acknowledged
 * until they are judged, then written to the kernel until it acknowledges them. */
#pragma once

#include "dataplane/edge.h"

/* Keep the first segment of a flow in state held, which says too little to be judged, or is complete and
 * there is nobody to accept it. There is a gather for it (gather_may_open). Takes the frame. */
void held_begin(struct edge *edge, struct frame *f, bool complete);

/* A segment of a flow in state held, no SYN, within limits. Takes the frame. */
void held_segment(struct edge *edge, struct frame *f);

/* Write what the kernel has not acknowledged in time again. */
void held_again(struct edge *edge);

/* Hand over what waited for somebody to accept it, once there is somebody. */
void held_release(struct edge *edge);

/* Write the RST that ends what the kernel still has of this tuple, where it expects rcv_nxt. */
void held_make_way(struct edge *edge, struct flow *flow, uint32_t rcv_nxt);

/* A segment of the kernel, of an inbound flow in state passed: is it of an earlier connection, which
 * took our first segment for its own? Then way is made for the new one, the frame is taken, and true. */
bool held_stale(struct edge *edge, struct frame *f);
