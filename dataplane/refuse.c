/* SPDX-License-Identifier: BSD-3-Clause */
/* Saying no. */
#include "dataplane/refuse.h"

#include "dataplane/made.h"

/* Where the remote of a frame is: by which leg it came, or would go. */
static uint32_t frame_leg(const struct edge *edge, const struct frame *f)
{
	return f->direction == DIRECTION_IN
		       ? f->leg
		       : edge_leg(edge, f->flow, rte_pktmbuf_mtod(f->m, const uint8_t *));
}

static enum direction opposite(enum direction direction)
{
	return direction == DIRECTION_IN ? DIRECTION_OUT : DIRECTION_IN;
}

static bool reset_sender(struct edge *edge, const struct frame *f)
{
	uint8_t bytes[REPLY_MAX_BYTES];
	int len = reply_reset_sender(frame_bytes(f), &f->packet, bytes, sizeof(bytes));
	struct made made = {.direction = opposite(f->direction),
		.flow = f->flow,
		.leg = frame_leg(edge, f),
		.tagged = f->packet.has_vlan};

	/* A RST is never answered: no answer was lost. */
	return len > 0 && made_send(edge, &made, bytes, len);
}

/* On the way in the receiver has all up to next_seq while first bytes are read; else, and on the
 * way out, the segment itself is what comes next. */
static void reset_receiver(struct edge *edge, const struct frame *f)
{
	uint8_t bytes[REPLY_MAX_BYTES];
	bool reading = f->direction == DIRECTION_IN &&
		       (f->flow->state == FLOW_reading || f->flow->state == FLOW_passed);
	struct reply_segment segment = {
		.seq = reading ? f->flow->next_seq : f->packet.tcp.seq,
		.ack = f->packet.tcp.flags & TCP_ACK ? f->packet.tcp.ack : 0,
		.flags = TCP_RST | (f->packet.tcp.flags & TCP_ACK),
	};
	struct made made = {.direction = f->direction,
		.flow = f->flow,
		.leg = frame_leg(edge, f),
		.tagged = f->packet.has_vlan};
	int len;

	/* The kernel knows nothing of it yet. */
	if (f->flow->state == FLOW_held)
		return;
	len = reply_build(
		frame_bytes(f), &f->packet, REPLY_TO_RECEIVER, &segment, bytes, sizeof(bytes));
	made_send(edge, &made, bytes, len);
}

void refuse_frame(struct edge *edge, struct frame *f, enum cause cause, enum cause over)
{
	if (!(f->packet.tcp.flags & TCP_RST) &&
		police_allow(&edge->police, POLICE_RESET, edge->now) && reset_sender(edge, f))
		edge_answered(edge, f, cause);
	else
		edge_drop(edge, f, over);
}

static void flow_refuse(struct edge *edge, struct flow *flow, enum cause cause)
{
	edge->counters.partners[flow->partner_slot].refused++;
	edge_gather_close(edge, flow);
	flow->cause = (uint8_t)cause;
	flow_enter(&edge->flows, flow, FLOW_refused, edge->now);
}

void refuse_flow(struct edge *edge, struct frame *f, enum cause cause)
{
	/* The receiver's half must end even when answers are limited: the kernel holds a socket. */
	reset_receiver(edge, f);
	flow_refuse(edge, f->flow, cause);
	refuse_frame(edge, f, cause, cause);
}

void refuse_now(struct edge *edge, struct flow *flow, enum cause cause)
{
	bool held = flow->state == FLOW_held;
	bool reading = held || flow->state == FLOW_reading || flow->state == FLOW_passed;
	uint32_t remote_next = reading ? flow->next_seq : flow->ack_out;
	struct reply_segment to_remote = {
		.seq = flow->seq_out, .ack = remote_next, .flags = TCP_RST | TCP_ACK};
	struct reply_segment to_kernel = {
		.seq = remote_next, .ack = flow->seq_out, .flags = TCP_RST | TCP_ACK};
	struct made_alone alone;
	uint8_t bytes[REPLY_MAX_BYTES];

	made_alone(edge, flow, &alone);
	alone.made.direction = DIRECTION_OUT;
	made_send(edge, &alone.made, bytes,
		reply_build(made_frame(&alone), &alone.packet, REPLY_TO_SENDER, &to_remote, bytes,
			sizeof(bytes)));
	alone.made.direction = DIRECTION_IN;
	if (!held)
		made_send(edge, &alone.made, bytes,
			reply_build(made_frame(&alone), &alone.packet, REPLY_TO_RECEIVER,
				&to_kernel, bytes, sizeof(bytes)));
	edge_refused_late(edge, flow, cause);
	flow_refuse(edge, flow, cause);
}

void refuse_late(struct edge *edge, struct flow *flow)
{
	enum cause cause = CAUSE_too_late;

	if (flow->state == FLOW_passed)
		cause = CAUSE_not_acknowledged;
	else if (flow->gather != GATHER_NONE &&
		 gather_at(&edge->gathers, flow->gather)->waits_for_control)
		cause = CAUSE_control_down;
	refuse_now(edge, flow, cause);
}
