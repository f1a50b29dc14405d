/* SPDX-License-Identifier: BSD-3-Clause */
/* Connections of which the kernel knows nothing yet. */
#include "dataplane/held.h"

#include "dataplane/made.h"
#include "dataplane/reader.h"
#include "dataplane/refuse.h"
#include "dataplane/segment.h"
#include "dataplane/sequence.h"

enum {
	STALE_MAX = 3,              /* answers of an earlier connection that are acted on at once */
	WITHIN_BYTES = 1024 * 1024, /* what a connection says first lies within this */
};

/* It is kept, or needs no keeping: counted as what passes is. */
static void count_taken(struct edge *edge, const struct frame *f)
{
	struct partner_counters *p = &edge->counters.partners[f->flow->partner_slot];

	f->flow->packets_in++;
	p->packets_in++;
	p->bytes_in += rte_pktmbuf_pkt_len(f->m);
}

static void consume(struct edge *edge, struct frame *f)
{
	count_taken(edge, f);
	edge->counters.fates[f->direction].consumed++;
	rte_pktmbuf_free(f->m);
}

/* Say up to where bytes are kept. The frame's own buffer becomes the answer. */
static void acknowledge(struct edge *edge, struct frame *f)
{
	struct flow *flow = f->flow;
	struct cookie_options agreed = cookie_options_of(flow->key.family, flow->base_out - 1);
	uint8_t bytes[REPLY_MAX_BYTES];

	flow->ack_out = flow->next_seq;
	count_taken(edge, f);
	made_answer(edge, f, bytes,
		synack_acknowledge(frame_bytes(f), &f->packet, &agreed, flow->base_out - 1,
			flow->base_seq, flow->next_seq - flow->base_seq, bytes, sizeof(bytes)));
}

/* Enough came, and nobody is there to accept it. */
static void hold_back(struct edge *edge, const struct frame *f)
{
	struct gather *g = gather_at(&edge->gathers, f->flow->gather);

	g->waits_for_control = true;
	g->window = f->packet.tcp.window;
	edge->held_back = true;
}

void held_begin(struct edge *edge, struct frame *f, bool complete)
{
	struct view payload = packet_payload(frame_bytes(f), &f->packet);
	struct flow *flow = f->flow;

	flow->gather = gather_open(&edge->gathers, flow_number(&edge->flows, flow),
		flow_source_hash(&flow->key, flow->partner_slot), edge->now);
	flow->next_seq += gather_append(gather_at(&edge->gathers, flow->gather), payload);
	if (complete)
		hold_back(edge, f);
	acknowledge(edge, f);
}

/* All that is kept, in segments as long as the TAP takes them. What its sender saw acknowledged it
 * will not send again, so we do until the kernel has it. */
static void hand(struct edge *edge, struct flow *flow)
{
	struct gather *g = gather_at(&edge->gathers, flow->gather);
	uint32_t longest = edge->mtu - (flow->key.family == TUPLE_IPV4 ? 40u : 60u);
	struct made_alone alone;
	uint8_t bytes[MADE_MAX_BYTES];

	made_alone(edge, flow, &alone);
	alone.made.direction = DIRECTION_IN;
	for (uint32_t at = 0; at < g->len; at += longest) {
		bool last = g->len - at <= longest;
		struct reply_segment segment = {
			.seq = flow->base_seq + at,
			.ack = flow->base_out,
			.window = g->window,
			.flags = TCP_ACK | (last ? TCP_PSH : 0) | (last && g->fin ? TCP_FIN : 0),
			.payload = view_sub(view_make(g->bytes, g->len), at, longest),
		};

		alone.made.mark_bits = at == 0 ? ABI_MARK_FIRST : 0;
		made_send(edge, &alone.made, bytes,
			reply_build(made_frame(&alone), &alone.packet, REPLY_TO_RECEIVER, &segment,
				bytes, sizeof(bytes)));
	}
	gather_again(&edge->gathers, flow->gather, edge->now);
}

void held_again(struct edge *edge)
{
	uint32_t index;

	while ((index = gather_due(&edge->gathers, edge->now)) != GATHER_NONE)
		hand(edge, &edge->flows.flows[gather_at(&edge->gathers, index)->owner]);
}

/* The rules may be others by now, and so may be what is blocked. */
static void release(struct edge *edge, struct flow *flow)
{
	enum cause cause = segment_blocked(edge, flow);

	if (cause == CAUSE_none && reader_release(edge, flow, &cause)) {
		hand(edge, flow);
	} else if (cause != CAUSE_none) {
		refuse_now(edge, flow, cause);
	} else if (edge_is_unattended(edge)) {
		gather_at(&edge->gathers, flow->gather)->waits_for_control = true;
		edge->held_back = true;
	}
}

void held_release(struct edge *edge)
{
	struct gather_pool *pool = &edge->gathers;
	uint32_t next;

	if (!edge->held_back || edge_is_unattended(edge))
		return;
	edge->held_back = false;
	/* Whose time runs anew goes to the end, and waits no more. */
	for (uint32_t index = gather_oldest(pool); index != GATHER_NONE; index = next) {
		struct gather *g = gather_at(pool, index);

		next = gather_younger(pool, index);
		if (!g->waits_for_control)
			continue;
		g->waits_for_control = false;
		release(edge, &edge->flows.flows[g->owner]);
	}
}

void held_make_way(struct edge *edge, struct flow *flow, uint32_t rcv_nxt)
{
	struct made_alone alone;
	uint8_t bytes[REPLY_MAX_BYTES];

	made_alone(edge, flow, &alone);
	alone.made.direction = DIRECTION_IN;
	made_send(edge, &alone.made, bytes,
		synack_make_way(made_frame(&alone), &alone.packet, rcv_nxt, bytes, sizeof(bytes)));
}

bool held_stale(struct edge *edge, struct frame *f)
{
	struct flow *flow = f->flow;
	const struct packet *p = &f->packet;

	if (flow->flags & FLOW_TAKEN || !(p->tcp.flags & TCP_ACK) || p->tcp.flags & TCP_RST)
		return false;
	if (p->tcp.ack - flow->base_seq < WITHIN_BYTES &&
		p->tcp.seq - flow->base_out < WITHIN_BYTES) {
		flow->flags |= FLOW_TAKEN;
		return false;
	}
	held_make_way(edge, flow, p->tcp.ack);
	if (flow->gather != GATHER_NONE &&
		gather_at(&edge->gathers, flow->gather)->stale++ < STALE_MAX)
		hand(edge, flow);
	edge->counters.fates[f->direction].consumed++;
	rte_pktmbuf_free(f->m);
	return true;
}

/* The remote gives it up; the kernel knows nothing of it. */
static void give_up(struct edge *edge, struct frame *f)
{
	struct flow *flow = f->flow;

	if (f->packet.tcp.seq != flow->next_seq) {
		edge_drop(edge, f, CAUSE_out_of_order);
		return;
	}
	edge_gather_close(edge, flow);
	flow->flags = (uint8_t)((flow->flags & ~FLOW_ACKED) | FLOW_RESET | FLOW_UNREAD);
	flow_enter(&edge->flows, flow, FLOW_closed, edge->now);
	consume(edge, f);
}

/* The last segment may say that nothing comes behind it. The kernel is told so with the last byte; we
 * acknowledge neither. */
static void hand_over(struct edge *edge, struct frame *f)
{
	struct flow *flow = f->flow;
	struct gather *g = gather_at(&edge->gathers, flow->gather);

	g->window = f->packet.tcp.window;
	g->fin = f->packet.tcp.flags & TCP_FIN &&
		 f->packet.tcp.seq + f->packet.payload_bytes == flow->next_seq;
	if (g->fin)
		flow->flags |= FLOW_FIN_IN;
	hand(edge, flow);
	consume(edge, f);
}

void held_segment(struct edge *edge, struct frame *f)
{
	const struct packet *p = &f->packet;
	struct flow *flow = f->flow;
	bool ends = p->tcp.flags & TCP_FIN;
	enum cause cause = CAUSE_closed_early;
	enum reading reading = READING_KEEP;

	if (p->tcp.flags & TCP_RST) {
		give_up(edge, f);
		return;
	}
	if (p->tcp.flags & TCP_URG || !(p->tcp.flags & TCP_ACK) || p->tcp.ack != flow->base_out) {
		edge_drop(edge, f, p->tcp.flags & TCP_URG ? CAUSE_urgent_data : CAUSE_bad_ack);
		return;
	}
	if (p->tcp.seq != flow->next_seq && (sequence_before(p->tcp.seq, flow->base_seq) ||
						    sequence_before(flow->next_seq, p->tcp.seq))) {
		/* A question whether we are there, or bytes behind a gap: say what comes next. */
		acknowledge(edge, f);
		return;
	}
	if (p->payload_bytes == 0 && !ends) {
		consume(edge, f);
		return;
	}
	if (p->payload_bytes > 0)
		reading = reader_take(edge, f, &cause);
	if ((reading == READING_KEEP || reading == READING_HOLD) && ends &&
		p->tcp.seq + p->payload_bytes == flow->next_seq)
		reading = READING_REFUSE;
	switch (reading) {
	case READING_HAND:
		hand_over(edge, f);
		break;
	case READING_REFUSE:
		refuse_flow(edge, f, cause);
		break;
	case READING_DROP:
		edge_drop(edge, f, cause);
		break;
	case READING_HOLD:
		hold_back(edge, f);
		acknowledge(edge, f);
		break;
	default:
		acknowledge(edge, f);
	}
}
