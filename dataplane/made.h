/* SPDX-License-Identifier: BSD-3-Clause */
/* Sending segments that the edge has made (reply.h, synack.h). They are counted as made, whatever
 * becomes of the frame that gave reason for them. Knows flows and legs, not why something is sent. */
#pragma once

#include "dataplane/edge.h"
#include "dataplane/reply.h"

/* Room for the longest segment that is made. */
enum { MADE_MAX_BYTES = REPLY_MAX_BYTES + PACKET_DATAGRAM_MAX_BYTES };

struct made {
	enum direction direction; /* DIRECTION_IN: to the kernel, DIRECTION_OUT: to the remote */
	const struct flow *flow;  /* or NULL */
	uint32_t leg;             /* by which the answered frame came, or by which it goes */
	bool tagged;              /* it was built with the tag of a frame */
	uint32_t mark_bits;       /* of the mark, besides the flow's; to the kernel only */
};

/* Queue what reply_* or synack_* wrote: len bytes, or an error of theirs. False, and counted as lost,
 * if it cannot be made or sent. */
bool made_send(struct edge *edge, const struct made *made, const uint8_t *bytes, int len);

/* Answer a frame from outside in its own buffer, which is then consumed; without room for the answer it
 * is dropped. Takes the frame. */
void made_answer(struct edge *edge, struct frame *f, const uint8_t *bytes, int len);

/* What is made where no frame gave reason for it. */
struct made_alone {
	struct made made; /* the direction is the caller's to say */
	/* In place of a frame: one of this connection as its remote would send it, as far as reply_build
	 * looks. */
	struct packet packet;
	uint8_t bytes[REPLY_MIN_BYTES];
};

void made_alone(const struct edge *edge, const struct flow *flow, struct made_alone *out);
static inline struct view made_frame(const struct made_alone *alone)
{
	return view_make(alone->bytes, sizeof(alone->bytes));
}
