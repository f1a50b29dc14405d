/* SPDX-License-Identifier: BSD-3-Clause */
/* The fates of frames. */
#include "dataplane/edge.h"

#include <rte_ether.h>

#include "dataplane/handoff.h"

/* Whose a frame is that goes no further: its flow's partner, or the one that its remote address
 * belongs to. An ICMP error is not its flow's own: anybody may have sent it. */
static uint32_t frame_partner(
	const struct edge *edge, const struct frame *f, const struct remote *remote)
{
	if (f->partner_slot != FRAME_OF_ANYBODY)
		return f->partner_slot;
	if (f->flow && f->packet.kind == PACKET_TCP)
		return f->flow->partner_slot;
	return remote_partner(edge->tables, remote);
}

/* Who sent it, or was to have it. */
static struct remote frame_remote(const struct frame *f)
{
	bool inward = f->direction == DIRECTION_IN;

	return f->parsed ? remote_of_tuple(&f->packet.tuple, inward)
			 : remote_of_frame(frame_bytes(f), inward);
}

void edge_drop(struct edge *edge, struct frame *f, enum cause cause)
{
	struct remote remote = frame_remote(f);

	edge->counters.fates[f->direction].dropped++;
	edge->counters.dropped[cause]++;
	blame_dropped(
		edge->counters.blame, cause, frame_partner(edge, f, &remote), &remote, edge->now);
	rte_pktmbuf_free(f->m);
}

void edge_lose(struct edge *edge, struct rte_mbuf *m, enum direction direction, enum cause cause)
{
	struct frame f = {.m = m, .direction = direction, .partner_slot = FRAME_OF_ANYBODY};

	edge_drop(edge, &f, cause);
}

void edge_answered(struct edge *edge, struct frame *f, enum cause cause)
{
	struct remote remote = frame_remote(f);

	edge->counters.fates[f->direction].answered++;
	edge->counters.refused[cause]++;
	blame_refused(
		edge->counters.blame, cause, frame_partner(edge, f, &remote), &remote, edge->now);
	rte_pktmbuf_free(f->m);
}

void edge_refused_late(struct edge *edge, const struct flow *flow, enum cause cause)
{
	struct remote remote = remote_of_tuple(&flow->key, true);

	edge->counters.late++;
	edge->counters.refused[cause]++;
	blame_refused(edge->counters.blame, cause, flow->partner_slot, &remote, edge->now);
}

enum cause edge_put_tap(struct edge *edge, struct rte_mbuf *m, const struct flow *flow, bool made)
{
	/* Nobody waits: the queue would be worked out in vain. */
	if (likely(edge->exception && exception_is_free(edge->exception)))
		return exception_put(edge->exception, m, 0, made);
	if (edge->exception)
		return exception_put(edge->exception, m, exception_queue(flow), made);
	crossing_label(m, exception_queue(flow), made);
	if (!crossing_put(&edge->to_ferry, m))
		return CAUSE_lcore_full;
	edge->counters.fates[DIRECTION_IN].passed_on += !made;
	return CAUSE_none;
}

/* Of a connection that was judged here before the kernel knew of it, only the first segment may begin
 * it there: from a later one it would lack the bytes that were judged. */
static uint32_t first_bit(const struct edge *edge, const struct frame *f)
{
	return edge->config.handoff == HANDOFF_REQSK && f->flow->state == FLOW_passed &&
			       f->packet.tcp.seq == f->flow->base_seq
		       ? ABI_MARK_FIRST
		       : 0;
}

void edge_to_tap(struct edge *edge, struct frame *f)
{
	uint32_t bytes = rte_pktmbuf_pkt_len(f->m);
	enum cause cause;

	if (f->packet.has_vlan)
		rte_vlan_strip(f->m);
	leg_inward(edge->legs, f->leg, f->m);
	if (f->flow && f->packet.kind == PACKET_TCP)
		handoff_frame(f->m, f->flow->mark | first_bit(edge, f));
	cause = edge_put_tap(edge, f->m, f->flow, false);
	if (cause != CAUSE_none) {
		edge_drop(edge, f, cause);
		return;
	}
	if (f->flow) {
		struct partner_counters *p = &edge->counters.partners[f->flow->partner_slot];

		f->flow->packets_in++;
		p->packets_in++;
		p->bytes_in += bytes;
	}
}

uint32_t edge_leg(
	const struct edge *edge, const struct flow *flow, const uint8_t neighbour[static 6])
{
	uint32_t leg;

	if (flow && flow->leg != LEG_NONE)
		return flow->leg;
	leg = legs_find(edge->legs, neighbour);
	return leg == LEG_NONE || leg == LEG_ALL ? 0 : leg;
}

/* Tag 0 is a priority, not a VLAN. */
void edge_learn_link(struct edge *edge, struct flow *flow, const struct frame *f)
{
	enum { VLAN_ID_MASK = 0xfff };

	memcpy(flow->peer_mac, rte_pktmbuf_mtod(f->m, const uint8_t *) + 6, 6);
	legs_learn(edge->legs, flow->peer_mac, f->leg);
	flow->leg = f->leg;
	flow->vlan_tci = f->packet.vlan_tci;
	if (f->packet.has_vlan && (f->packet.vlan_tci & VLAN_ID_MASK) != 0)
		flow->flags |= FLOW_VLAN;
	else
		flow->flags &= (uint8_t)~FLOW_VLAN;
}

/* The frame as it looks on this leg; what does not go stays the caller's. */
static enum cause send_by(
	struct edge *edge, struct rte_mbuf **m, const struct frame *f, uint32_t number, bool made)
{
	const struct leg *leg = &edge->legs->all[number];
	bool known = f->flow && f->flow->leg != LEG_NONE;
	uint32_t tag = leg_tag(leg);

	leg_outward(leg, *m, &f->packet);
	if (known ? f->flow->flags & FLOW_VLAN : tag & LEG_TAGGED) {
		(*m)->vlan_tci = known ? f->flow->vlan_tci : (uint16_t)tag;
		if (rte_vlan_insert(m) != 0)
			return CAUSE_no_buffer;
	}
	return edge_put_leg(edge, *m, number, made) ? CAUSE_none : CAUSE_port_full;
}

/* A question to all neighbours, or to one that nobody has heard of: by each leg. The others get
 * copies, which were not received and count as made here. */
static void send_copies(struct edge *edge, const struct frame *f)
{
	for (uint32_t number = 1; number < edge->legs->count; number++) {
		struct rte_mbuf *copy = rte_pktmbuf_copy(f->m, edge->config.pool, 0, UINT32_MAX);

		if (copy && send_by(edge, &copy, f, number, true) == CAUSE_none)
			continue;
		rte_pktmbuf_free(copy);
		edge->counters.copies_lost++;
	}
}

void edge_to_port(struct edge *edge, struct frame *f)
{
	const uint8_t *target = rte_pktmbuf_mtod(f->m, const uint8_t *);
	uint32_t bytes = rte_pktmbuf_pkt_len(f->m);
	enum cause cause;

	if (unlikely(!f->flow && edge->legs->count > 1 && legs_find(edge->legs, target) >= LEG_ALL))
		send_copies(edge, f);
	/* The next frame of the remote goes the long way, and shows by which leg it came. */
	if (unlikely(f->flow && f->flow->leg == LEG_NONE))
		f->flow->serial = 0;
	cause = send_by(edge, &f->m, f, edge_leg(edge, f->flow, target), false);
	if (unlikely(cause != CAUSE_none)) {
		edge_drop(edge, f, cause);
		return;
	}
	if (f->flow) {
		struct partner_counters *p = &edge->counters.partners[f->flow->partner_slot];

		f->flow->packets_out++;
		p->packets_out++;
		p->bytes_out += bytes;
	}
}

bool edge_has_room(const struct edge *edge, uint32_t frames)
{
	for (uint32_t i = 0; i < edge->legs->count; i++)
		if (edge->to_legs[i].count + frames >= OUTLET_MAX)
			return false;
	return edge->exception ? edge->exception->to_tap.count + frames < OUTLET_MAX
			       : crossing_room(&edge->to_ferry) > frames;
}

void edge_gather_close(struct edge *edge, struct flow *flow)
{
	if (flow->gather == GATHER_NONE)
		return;
	gather_close(&edge->gathers, flow->gather);
	flow->gather = GATHER_NONE;
}
