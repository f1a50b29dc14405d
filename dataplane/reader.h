/* SPDX-License-Identifier: BSD-3-Clause */
/* Reading first bytes as segments bring them: order, retransmissions, bounds. Where the kernel answered
 * the handshake (state reading) segments pass while they are read and only a copy is kept; where we
 * did (state held, held.h) they are kept. Until the kernel has acknowledged all that was judged a
 * sender could still replace it, so as long segments are compared with it. Knows flows and segments,
 * nothing of what bytes mean. */
#pragma once

#include "dataplane/classify.h"
#include "dataplane/edge.h"

enum reading {
	READING_PASS,   /* the segment may go on */
	READING_DROP,   /* it may not; its sender will try again */
	READING_REFUSE, /* the connection is refused */
	READING_KEEP,   /* held: it says nothing new, or more is needed */
	READING_HAND,   /* held: all is there, and the flow is in state passed */
	READING_HOLD,   /* held: the same, but nobody is there to accept it; more may come */
};

/* Judge the first bytes of a connection that begins with these, with counters and verdicts. As
 * classify_bytes. */
enum parse reader_first(struct edge *edge, enum filter_protocol protocol, struct view bytes,
	struct first_bytes *said);
/* They are accepted: the flow is whose they say, and in state passed. */
void reader_accept(struct edge *edge, struct flow *flow, const struct first_bytes *said);

/* May the kernel see a segment without RST of an inbound flow in state reading or passed, as far as its numbers go? CAUSE_none, or
 * why not. */
enum cause reader_check(const struct flow *flow, const struct packet *p);

/* Read a segment that was checked and has payload, of a flow in state held, reading or passed. *cause
 * says why if it is dropped or refused. */
enum reading reader_take(struct edge *edge, struct frame *f, enum cause *cause);

/* What is kept of a held flow is complete: judge it anew. True: the flow is in state passed. False, and
 * *cause is set: it is refused; is CAUSE_none: more is needed by the rules of now. */
bool reader_release(struct edge *edge, struct flow *flow, enum cause *cause);

/* The kernel answered the handshake (SYN-ACK with this ack): a connection begins here, or, if it is
 * the one that is being read, nothing happens. */
void reader_begin(struct edge *edge, struct flow *flow, uint32_t ack);

/* The kernel has acknowledged up to here. */
void reader_acknowledged(struct edge *edge, struct flow *flow, uint32_t ack);

/* End what took too long. */
void reader_late(struct edge *edge);
