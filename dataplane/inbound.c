/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames from the port: what becomes of each. */
#include "dataplane/inbound.h"

#include "dataplane/admit.h"
#include "dataplane/burst.h"
#include "dataplane/held.h"
#include "dataplane/judge.h"
#include "dataplane/reader.h"
#include "dataplane/refuse.h"
#include "dataplane/segment.h"
#include "dataplane/syn.h"

enum { VLAN_ID_MASK = 0xfff };

static enum cause inbound_check(const struct edge *edge, const struct frame *f)
{
	const uint8_t *target = rte_pktmbuf_mtod(f->m, const uint8_t *);
	const struct leg *leg = &edge->legs->all[f->leg];

	if (mark_in_mac(target + 6))
		return CAUSE_marked_from_outside;
	if (leg->has_mac && !(target[0] & 1) && memcmp(target, leg->mac, 6) != 0)
		return CAUSE_not_our_mac;
	if (leg->config.vlan_id != 0 &&
		(!f->packet.has_vlan || (f->packet.vlan_tci & VLAN_ID_MASK) != leg->config.vlan_id))
		return CAUSE_wrong_vlan;
	return edge->tables ? CAUSE_none : CAUSE_no_rules;
}

/* A SYN to one of our services from a source that may. A flow that still lives is left as it is: the
 * kernel challenges the SYN, or answers it when it knows better, and then reading begins again. */
static void inbound_admit(struct edge *edge, struct frame *f, enum filter_protocol protocol,
	const struct classified *who)
{
	bool begins = !f->flow || admit_may_restart(f->flow);

	if (begins ? !admit_within_limits(edge, f, who) : !edge_within_limits(edge, f))
		return;
	if (!f->flow)
		f->flow = flow_insert(&edge->flows, &f->key, f->hash, edge->now);
	if (!f->flow) {
		edge_drop(edge, f, CAUSE_flow_table_full);
		return;
	}
	if (begins) {
		segment_restart(edge, f->flow, 0);
		flow_assign(&edge->flows, f->flow, who->mark, who->partner_slot);
		f->flow->protocol = (uint8_t)protocol;
		edge->counters.partners[who->partner_slot].flows_opened++;
		edge_learn_link(edge, f->flow, f);
	}
	edge_to_tap(edge, f);
}

static void inbound_syn(struct edge *edge, struct frame *f)
{
	const struct tuple *t = &f->packet.tuple;
	enum filter_protocol protocol;
	struct classified who;

	if (f->flow && f->flow->flags & FLOW_OUTBOUND) {
		edge_drop(edge, f, CAUSE_syn_unexpected);
		return;
	}
	if (!edge_service(edge, t, &protocol)) {
		edge_drop(edge, f, CAUSE_not_service);
		return;
	}
	if (!admit_source(edge, f, &who))
		return;
	if (f->packet.payload_bytes > 0)
		edge_drop(edge, f, CAUSE_syn_with_data);
	else if (edge->config.handoff == HANDOFF_REQSK)
		admit_syn(edge, f, &who);
	else
		inbound_admit(edge, f, protocol, &who);
}

/* First bytes are still read, or judged and not yet acknowledged. True if the segment may pass. */
static bool inbound_read(struct edge *edge, struct frame *f)
{
	enum cause cause;

	if (f->packet.tcp.flags & TCP_RST)
		return true;
	cause = reader_check(f->flow, &f->packet);
	if (cause != CAUSE_none) {
		edge_drop(edge, f, cause);
		return false;
	}
	if (f->packet.payload_bytes == 0)
		return true;
	switch (reader_take(edge, f, &cause)) {
	case READING_PASS:
		return true;
	case READING_DROP:
		edge_drop(edge, f, cause);
		return false;
	case READING_REFUSE:
		refuse_flow(edge, f, cause);
		return false;
	case READING_KEEP:
	case READING_HAND:
	case READING_HOLD:
		break; /* held flows only */
	}
	return false;
}

/* The remote's answer to our SYN. What is no answer passes too: the kernel knows what to do. */
static void inbound_answer(struct edge *edge, struct frame *f)
{
	const uint8_t both = TCP_SYN | TCP_ACK;

	edge_learn_link(edge, f->flow, f);
	if ((f->packet.tcp.flags & both) == both && f->packet.tcp.ack == f->flow->seq_out)
		flow_enter(&edge->flows, f->flow, FLOW_established, edge->now);
}

/* Does it bring something to a connection that ended before its first bytes were judged? The kernel
 * may not have taken the FIN that we saw, and read on. */
static bool closed_unread(const struct frame *f)
{
	return f->flow->flags & FLOW_UNREAD &&
	       (f->packet.payload_bytes > 0 || f->packet.tcp.flags & TCP_URG);
}

/* Its remote gave it up while its first bytes were kept: the kernel has never heard of it, and need not hear
 * of the RSTs that answer what we had under way. Of every other closed connection a RST passes, since the
 * kernel may have missed the end that we saw. What was adopted at start is never taken for such a one: its
 * first bytes are not read, so it does not end unread; and a connection of the kernel's that was
 * judged here ends with something acknowledged. */
static bool closed_unheard(const struct flow *flow)
{
	return (flow->flags & (FLOW_UNREAD | FLOW_ACKED)) == FLOW_UNREAD;
}

/* May a segment of a known flow pass, as far as the flow's state decides? Else it is gone. */
static bool inbound_state(struct edge *edge, struct frame *f)
{
	struct flow *flow = f->flow;
	bool reset = f->packet.tcp.flags & TCP_RST;

	if (f->packet.tcp.flags & TCP_SYN && !(flow->flags & FLOW_OUTBOUND)) {
		edge_drop(edge, f, CAUSE_syn_unexpected);
		return false;
	}
	switch ((enum flow_state)flow->state) {
	case FLOW_new:
		if (flow->flags & FLOW_OUTBOUND) {
			inbound_answer(edge, f);
			return true;
		}
		if (!reset)
			edge_drop(edge, f, CAUSE_early_data);
		return reset;
	case FLOW_held:
		held_segment(edge, f);
		return false;
	case FLOW_reading:
	case FLOW_passed:
		return inbound_read(edge, f);
	case FLOW_closed:
		if (closed_unheard(flow) ||
			(!reset && (flow->flags & FLOW_RESET || closed_unread(f)))) {
			edge_drop(edge, f, CAUSE_flow_closed);
			return false;
		}
		return true;
	case FLOW_refused:
		refuse_frame(edge, f, CAUSE_flow_refused, CAUSE_flow_refused);
		return false;
	default:
		return true;
	}
}

/* An adopted flow's way shows when the neighbour speaks that the kernel sends to. */
static void inbound_meet(struct edge *edge, struct frame *f)
{
	const uint8_t *sender = rte_pktmbuf_mtod(f->m, const uint8_t *) + 6;

	if (unlikely(f->flow->leg == LEG_NONE) && memcmp(sender, f->flow->peer_mac, 6) == 0)
		edge_learn_link(edge, f->flow, f);
}

/* A segment of a connection that is not known, after a boot say: a partner is told, so that its server
 * comes again instead of writing into nothing until its TCP gives up. Nobody else hears anything. */
static void inbound_stray(struct edge *edge, struct frame *f)
{
	const struct tuple *t = &f->packet.tuple;
	enum filter_protocol protocol;
	struct source source;
	enum cause cause = edge_service(edge, t, &protocol) ? CAUSE_no_flow : CAUSE_not_service;

	tables_source(edge->tables, t->family, t->src, &source);
	if (source.blocked || source.partner_id == PARTNER_NONE ||
		!edge_owns(edge, t->family, t->dst) ||
		judge_blocks(edge, t->family, t->src, source.partner_slot))
		edge_drop(edge, f, cause);
	else
		refuse_frame(edge, f, cause, cause);
}

static void inbound_tcp(struct edge *edge, struct frame *f)
{
	const uint8_t flags = f->packet.tcp.flags;
	struct flow *flow = f->flow;
	enum cause cause;

	if (flow && flow->state == FLOW_established && !(flags & (TCP_SYN | TCP_FIN | TCP_RST)) &&
		flow->serial == edge->serial) {
		if (!edge_within_limits(edge, f))
			return;
		flow->seen_ns = edge->now.ns;
		edge_to_tap(edge, f);
		return;
	}
	if ((flags & (TCP_SYN | TCP_ACK)) == TCP_SYN) {
		inbound_syn(edge, f);
	} else if (edge->config.handoff == HANDOFF_REQSK && admit_segment(edge, f)) {
		return;
	} else if (!flow) {
		inbound_stray(edge, f);
	} else if (flow->state <= FLOW_closing &&
		   (cause = segment_blocked(edge, flow)) != CAUSE_none) {
		refuse_flow(edge, f, cause);
	} else if (edge_within_limits(edge, f) && inbound_state(edge, f)) {
		inbound_meet(edge, f);
		segment_in(edge, f);
		edge_to_tap(edge, f);
	}
}

/* SYNs, if any, that came before the other frame of this number. */
static void inbound_answer_before(struct edge *edge, void *arg, uint32_t number)
{
	struct syns *syns = arg;
	const struct syn *syn;

	while (syns && (syn = syns_answer(edge, syns, number)) != NULL) {
		struct rte_mbuf *m = syn->m;

		inbound_through_stages(edge, &m, 1, syn->leg, NULL);
	}
}

void inbound_through_stages(struct edge *edge, struct rte_mbuf **frames, uint16_t count,
	uint32_t leg, struct syns *syns)
{
	struct burst burst;

	burst_parse(edge, &burst, DIRECTION_IN, leg, frames, count, inbound_check);
	burst_lookup(edge, &burst);
	if (edge->config.handoff == HANDOFF_REQSK)
		admit_prepare(edge, &burst);
	burst_walk(edge, &burst, inbound_tcp, inbound_answer_before, syns);
}

void inbound_burst(struct edge *edge, struct rte_mbuf **frames, uint16_t count, uint32_t leg)
{
	struct syns syns;

	if (edge->config.handoff != HANDOFF_REQSK) {
		inbound_through_stages(edge, frames, count, leg, NULL);
		return;
	}
	count = syns_take(edge, &syns, frames, count, leg);
	if (count > 0)
		inbound_through_stages(edge, frames, count, leg, &syns);
	inbound_answer_before(edge, &syns, UINT32_MAX);
}
