/* SPDX-License-Identifier: BSD-3-Clause */
/* What a TCP segment that passes does to its flow. */
#include "dataplane/segment.h"

#include "dataplane/judge.h"
#include "dataplane/reader.h"
#include "dataplane/sequence.h"
#include "rules/base/mark.h"

/* Whose it claims to be may be said anew, by other rules or by what was learned. What was proven, or
 * opened by us, stays; and what named itself in its stream header is nobody else's. */
static void source_changed(struct edge *edge, struct flow *flow, const struct source *source)
{
	enum source_class class = mark_class(flow->mark);
	uint32_t id = source->partner_id;

	if ((class != CLASS_UNKNOWN && class != CLASS_CLAIMED) || mark_partner(flow->mark) == id)
		return;
	if (flow->protocol == FILTER_XMPP && flow->state >= FLOW_passed &&
		flow->claimed_partner != id)
		id = PARTNER_NONE;
	if (mark_partner(flow->mark) == id)
		return;
	flow_assign(&edge->flows, flow,
		mark_make(id == PARTNER_NONE ? CLASS_UNKNOWN : CLASS_CLAIMED, id),
		id == PARTNER_NONE ? 0 : source->partner_slot);
}

enum cause segment_blocked(struct edge *edge, struct flow *flow)
{
	struct source source;

	if (flow->serial == edge->serial)
		return CAUSE_none;
	tables_source(edge->tables, flow->key.family, flow->key.src, &source);
	if (source.blocked)
		return CAUSE_blocked_source;
	source_changed(edge, flow, &source);
	if (judge_blocks(edge, flow->key.family, flow->key.src, flow->partner_slot))
		return CAUSE_blocked_by_verdict;
	flow->serial = edge->serial;
	return CAUSE_none;
}

void segment_restart(struct edge *edge, struct flow *flow, uint8_t flags)
{
	edge_gather_close(edge, flow);
	flow->flags = flags;
	flow->cause = CAUSE_none;
	flow->claimed_partner = PARTNER_NONE;
	flow->serial = edge->serial;
	flow_begin(flow, edge->now);
	flow_enter(&edge->flows, flow, FLOW_new, edge->now);
}

static bool flow_is_reading(const struct flow *flow)
{
	return flow->state == FLOW_reading || flow->state == FLOW_passed;
}

static void flow_close(struct edge *edge, struct flow *flow, uint8_t flags)
{
	edge_gather_close(edge, flow);
	flow->flags |= flags | (flow_is_reading(flow) ? FLOW_UNREAD : 0);
	flow_enter(&edge->flows, flow, FLOW_closed, edge->now);
}

/* A FIN of either end. While first bytes are read the state stays: what follows is still read. */
static void flow_finish(struct edge *edge, struct flow *flow, uint8_t flag)
{
	flow->flags |= flag;
	if ((flow->flags & FLOW_FIN_IN) && (flow->flags & FLOW_FIN_OUT)) {
		if (flow->state != FLOW_closed)
			flow_close(edge, flow, 0);
	} else if (flow->state == FLOW_established) {
		flow_enter(&edge->flows, flow, FLOW_closing, edge->now);
	}
}

/* Would the kernel believe this RST (RFC 5961)? Anything else goes on to earn its challenge, but
 * must not close the flow: its sender may be guessing. */
static bool reset_is_true(const struct flow *flow, const struct packet *p)
{
	if (flow->state == FLOW_new && flow->flags & FLOW_OUTBOUND)
		return (p->tcp.flags & TCP_ACK) && p->tcp.ack == flow->seq_out;
	return (flow->flags & FLOW_ACKED) && p->tcp.seq == flow->ack_out;
}

static void flow_learn_peer(struct flow *flow, const struct frame *f)
{
	static const uint8_t nobody[6];

	if (memcmp(flow->peer_mac, nobody, 6) == 0)
		memcpy(flow->peer_mac, rte_pktmbuf_mtod(f->m, const uint8_t *), 6);
}

/* Only what the other end can bear witness of keeps a flow alive: neither a handshake nor first
 * bytes may be drawn out, nor what is closed be kept. */
static void flow_touch(struct edge *edge, struct flow *flow)
{
	if (flow->state == FLOW_established || flow->state == FLOW_closing)
		flow->seen_ns = edge->now.ns;
}

void segment_in(struct edge *edge, struct frame *f)
{
	struct flow *flow = f->flow;
	const struct packet *p = &f->packet;

	flow_touch(edge, flow);
	if (p->tcp.flags & TCP_RST) {
		if (flow->state != FLOW_closed && reset_is_true(flow, p))
			flow_close(edge, flow, FLOW_RESET);
		return;
	}
	if (!(p->tcp.flags & TCP_FIN) || flow->state == FLOW_new)
		return;
	/* A FIN ahead of bytes that were not read would end the reading of them. */
	if (flow->state != FLOW_reading || p->tcp.seq + p->payload_bytes == flow->next_seq)
		flow_finish(edge, flow, FLOW_FIN_IN);
}

/* The kernel's next byte; bytes are counted from the first one seen. */
static void sent_reaches(struct flow *flow, const struct packet *p, uint32_t end)
{
	if (!(flow->flags & FLOW_ACKED))
		flow->base_out = p->tcp.flags & TCP_SYN ? end : p->tcp.seq;
	else if (!sequence_reached(end, flow->seq_out))
		return;
	else if (end - flow->base_out < flow->seq_out - flow->base_out)
		flow->wraps_out++;
	flow->seq_out = end;
}

/* Likewise what it has of the remote's. */
static void acknowledged_reaches(struct flow *flow, uint32_t ack)
{
	if (!(flow->flags & FLOW_ACKED))
		flow->base_seq = ack;
	else if (!sequence_reached(ack, flow->ack_out))
		return;
	else if (ack - flow->base_seq < flow->ack_out - flow->base_seq)
		flow->wraps_in++;
	flow->ack_out = ack;
}

void segment_out(struct edge *edge, struct frame *f)
{
	struct flow *flow = f->flow;
	const struct packet *p = &f->packet;
	uint32_t end = p->tcp.seq + packet_tcp_span(p);

	flow_touch(edge, flow);
	if ((p->tcp.flags & (TCP_SYN | TCP_ACK)) == (TCP_SYN | TCP_ACK)) {
		reader_begin(edge, flow, p->tcp.ack);
		flow->flags &= (uint8_t)~FLOW_ACKED;
		flow->seq_out = end;
		flow->base_out = end;
	}
	if (p->tcp.flags & TCP_RST) {
		if (flow->state != FLOW_closed)
			flow_close(edge, flow, FLOW_RESET);
		return;
	}
	/* The first segment of an adopted flow tells where the kernel is, and who is next to us. */
	if (!(flow->flags & FLOW_ACKED))
		flow_learn_peer(flow, f);
	sent_reaches(flow, p, end);
	if (p->tcp.flags & TCP_ACK) {
		acknowledged_reaches(flow, p->tcp.ack);
		flow->flags |= FLOW_ACKED;
		reader_acknowledged(edge, flow, p->tcp.ack);
	}
	if (p->tcp.flags & TCP_FIN && flow->state != FLOW_new)
		flow_finish(edge, flow, FLOW_FIN_OUT);
}
