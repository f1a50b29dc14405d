/* SPDX-License-Identifier: BSD-3-Clause */
/* Reading first bytes as segments bring them: order, retransmissions, bounds. Segments pass while
 * they are read, only a copy is kept, until the kernel has acknowledged all that was judged: before
 * that a sender could still replace it. Knows flows and segments, nothing of what bytes mean. */
#pragma once

#include "dataplane/edge.h"

enum reading {
	READING_PASS,   /* the segment may go on */
	READING_DROP,   /* it may not; its sender will try again */
	READING_REFUSE, /* the connection is refused */
};

/* May the kernel see a segment without RST of an inbound flow in state reading or passed, as far as its numbers go? CAUSE_none, or
 * why not. */
enum cause reader_check(const struct flow *flow, const struct packet *p);

/* Read a segment that was checked and has payload. *cause says why if it
 * does not pass. */
enum reading reader_take(struct edge *edge, struct frame *f, enum cause *cause);

/* The kernel answered the handshake (SYN-ACK with this ack): a connection begins here, or, if it is
 * the one that is being read, nothing happens. */
void reader_begin(struct edge *edge, struct flow *flow, uint32_t ack);

/* The kernel has acknowledged up to here. */
void reader_acknowledged(struct edge *edge, struct flow *flow, uint32_t ack);

/* End what took too long. */
void reader_late(struct edge *edge);
