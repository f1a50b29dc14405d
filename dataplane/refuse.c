/* SPDX-License-Identifier: BSD-3-Clause */
/* Saying no. */
#include "dataplane/refuse.h"

#include <rte_ether.h>

#include "dataplane/handoff.h"
#include "dataplane/reply.h"

/* A reset that reply_* wrote. In which direction it goes decides about tag and mark. leg: from which
 * it came that is answered, or to which it goes. */
static bool reset_send(struct edge *edge, const uint8_t *bytes, int len, enum direction direction,
	const struct flow *flow, uint32_t leg, bool built_tagged)
{
	const struct packet segment = {.kind = PACKET_TCP};
	struct rte_mbuf *m = len > 0 ? rte_pktmbuf_alloc(edge->config.pool) : NULL;
	bool sent = false;

	if (m) {
		memcpy(rte_pktmbuf_append(m, (uint16_t)len), bytes, (size_t)len);
		if (direction == DIRECTION_IN) {
			if (built_tagged)
				rte_vlan_strip(m);
			leg_inward(edge->legs, leg, m);
			if (flow)
				handoff_frame(m, flow->mark);
			sent = edge_put_tap(edge, m, flow, true) == CAUSE_none;
		} else {
			sent = true;
			leg_outward(&edge->legs->all[leg], m, &segment);
			if (!built_tagged && flow && flow->flags & FLOW_VLAN) {
				m->vlan_tci = flow->vlan_tci;
				sent = rte_vlan_insert(&m) == 0;
			}
			sent = sent && edge_put_leg(edge, m, leg, true);
		}
		if (!sent)
			rte_pktmbuf_free(m);
	}
	edge->counters.resets_lost += !sent;
	return sent;
}

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

	/* A RST is never answered: no answer was lost. */
	return len > 0 && reset_send(edge, bytes, len, opposite(f->direction), f->flow,
				  frame_leg(edge, f), f->packet.has_vlan);
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
	int len = reply_build(
		frame_bytes(f), &f->packet, REPLY_TO_RECEIVER, &segment, bytes, sizeof(bytes));

	reset_send(edge, bytes, len, f->direction, f->flow, frame_leg(edge, f), f->packet.has_vlan);
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

/* A frame of this connection as its remote would send it, as far as reply_build looks. */
static void frame_imitate(const struct edge *edge, const struct flow *flow, struct packet *p,
	uint8_t bytes[static REPLY_MIN_BYTES])
{
	bool tagged = flow->flags & FLOW_VLAN;
	uint8_t *type = bytes + 12;

	memset(bytes, 0, REPLY_MIN_BYTES);
	memcpy(bytes, edge->legs->mac, 6);
	memcpy(bytes + 6, flow->peer_mac, 6);
	if (tagged) {
		*type++ = 0x81;
		*type++ = 0x00;
		*type++ = (uint8_t)(flow->vlan_tci >> 8);
		*type++ = (uint8_t)flow->vlan_tci;
	}
	*type++ = flow->key.family == TUPLE_IPV4 ? 0x08 : 0x86;
	*type++ = flow->key.family == TUPLE_IPV4 ? 0x00 : 0xdd;
	*p = (struct packet){
		.tuple = flow->key,
		.kind = PACKET_TCP,
		.has_vlan = tagged,
		.vlan_tci = flow->vlan_tci,
		.l3_offset = (uint16_t)(type - bytes),
		.l3_bytes = flow->key.family == TUPLE_IPV4 ? 20 : 40,
		.l4_bytes = 20,
	};
	p->l4_offset = p->l3_offset + p->l3_bytes;
	p->payload_offset = p->l4_offset + p->l4_bytes;
	p->datagram_end = p->payload_offset;
}

void refuse_now(struct edge *edge, struct flow *flow, enum cause cause)
{
	bool reading = flow->state == FLOW_reading || flow->state == FLOW_passed;
	uint32_t remote_next = reading ? flow->next_seq : flow->ack_out;
	struct reply_segment to_remote = {
		.seq = flow->seq_out, .ack = remote_next, .flags = TCP_RST | TCP_ACK};
	struct reply_segment to_kernel = {
		.seq = remote_next, .ack = flow->seq_out, .flags = TCP_RST | TCP_ACK};
	uint32_t leg = edge_leg(edge, flow, flow->peer_mac);
	uint8_t imitation[REPLY_MIN_BYTES];
	uint8_t bytes[REPLY_MAX_BYTES];
	struct view frame = view_make(imitation, sizeof(imitation));
	struct packet p;
	int len;

	frame_imitate(edge, flow, &p, imitation);
	len = reply_build(frame, &p, REPLY_TO_SENDER, &to_remote, bytes, sizeof(bytes));
	reset_send(edge, bytes, len, DIRECTION_OUT, flow, leg, p.has_vlan);
	len = reply_build(frame, &p, REPLY_TO_RECEIVER, &to_kernel, bytes, sizeof(bytes));
	reset_send(edge, bytes, len, DIRECTION_IN, flow, leg, p.has_vlan);
	edge_refused_late(edge, flow, cause);
	flow_refuse(edge, flow, cause);
}

void refuse_late(struct edge *edge, struct flow *flow)
{
	refuse_now(
		edge, flow, flow->state == FLOW_passed ? CAUSE_not_acknowledged : CAUSE_too_late);
}
