/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames from the TAP. */
#include "dataplane/outbound.h"

#include "dataplane/burst.h"
#include "dataplane/held.h"
#include "dataplane/judge.h"
#include "dataplane/refuse.h"
#include "dataplane/segment.h"

static enum cause outbound_check(const struct edge *edge, const struct frame *f)
{
	/* The kernel tags nothing: the tag belongs to the port. */
	if (f->packet.has_vlan)
		return CAUSE_outbound_not_allowed;
	return edge->tables ? CAUSE_none : CAUSE_no_rules;
}

/* Until the remote answers, its SYN goes where the neighbour is, as far as that is known by now. */
static void outbound_send_syn(struct edge *edge, struct frame *f)
{
	struct flow *flow = f->flow;
	const uint8_t *target = rte_pktmbuf_mtod(f->m, const uint8_t *);
	uint32_t leg = edge_leg(edge, NULL, target);
	uint32_t tag = leg_tag(&edge->legs->all[leg]);

	memcpy(flow->peer_mac, target, 6);
	flow->leg = (uint8_t)leg;
	flow->vlan_tci = (uint16_t)tag;
	flow->flags &= (uint8_t)~FLOW_VLAN;
	flow->flags |= tag & LEG_TAGGED ? FLOW_VLAN : 0;
	edge_to_port(edge, f);
}

/* A connection that was announced begins. */
static void outbound_open(struct edge *edge, struct frame *f, const struct expectation *said)
{
	struct source remote;

	f->partner_slot = said->partner_slot;
	tables_source(edge->tables, f->key.family, f->key.src, &remote);
	if (remote.blocked) {
		edge_drop(edge, f, CAUSE_blocked_target);
		return;
	}
	if (judge_blocks(edge, f->key.family, f->key.src, said->partner_slot)) {
		edge_drop(edge, f, CAUSE_blocked_by_verdict);
		return;
	}
	if (!f->flow)
		f->flow = flow_insert(&edge->flows, &f->key, f->hash, edge->now);
	if (!f->flow) {
		edge_drop(edge, f, CAUSE_flow_table_full);
		return;
	}
	segment_restart(edge, f->flow, FLOW_OUTBOUND);
	f->flow->seq_out = f->packet.tcp.seq + 1;
	flow_assign(&edge->flows, f->flow, said->mark, said->partner_slot);
	edge->counters.partners[said->partner_slot].flows_opened++;
	outbound_send_syn(edge, f);
}

static void outbound_syn(struct edge *edge, struct frame *f)
{
	/* The kernel opens no connection that it still has: one that is announced anew has ended
	 * there, whatever was seen of its end here. */
	bool begins = !f->flow || f->flow->flags & FLOW_OUTBOUND || f->flow->state == FLOW_closed ||
		      f->flow->state == FLOW_refused;
	struct expectation said;

	if (f->flow && f->flow->flags & FLOW_OUTBOUND && f->flow->state == FLOW_new &&
		f->flow->seq_out == f->packet.tcp.seq + 1)
		outbound_send_syn(edge, f); /* again */
	else if (begins && expect_take(&edge->expects, &f->key, f->hash, edge->now, &said))
		outbound_open(edge, f, &said);
	else
		edge_drop(edge, f, CAUSE_outbound_unexpected);
}

static void outbound_tcp(struct edge *edge, struct frame *f)
{
	const uint8_t flags = f->packet.tcp.flags;
	struct flow *flow = f->flow;
	enum cause cause;

	if ((flags & (TCP_SYN | TCP_ACK)) == TCP_SYN) {
		outbound_syn(edge, f);
	} else if (!flow) {
		edge_drop(edge, f, CAUSE_outbound_no_flow);
	} else if (flow->state == FLOW_refused) {
		/* The kernel did not take the RST (it was not where the kernel was): now its own
		 * ack says where that is. */
		refuse_frame(edge, f, CAUSE_flow_refused, CAUSE_flow_refused);
	} else if (flow->state == FLOW_held) {
		/* Of an earlier connection of this tuple. */
		edge_drop(edge, f, CAUSE_outbound_no_flow);
	} else if (flow->state <= FLOW_closing &&
		   (cause = segment_blocked(edge, flow)) != CAUSE_none) {
		refuse_flow(edge, f, cause == CAUSE_blocked_source ? CAUSE_blocked_target : cause);
	} else if (flags & TCP_SYN && flow->flags & FLOW_OUTBOUND) {
		edge_drop(edge, f, CAUSE_outbound_unexpected);
	} else if (edge->config.handoff == HANDOFF_REQSK && flow->state == FLOW_passed &&
		   held_stale(edge, f)) {
		return;
	} else if (edge_within_limits(edge, f)) {
		segment_out(edge, f);
		edge_to_port(edge, f);
	}
}

void outbound_burst(struct edge *edge, struct rte_mbuf **frames, uint16_t count)
{
	struct burst burst;

	burst_parse(edge, &burst, DIRECTION_OUT, LEG_NONE, frames, count, outbound_check);
	burst_lookup(edge, &burst);
	burst_walk(edge, &burst, outbound_tcp, NULL, NULL);
}
