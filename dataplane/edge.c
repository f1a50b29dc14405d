/* SPDX-License-Identifier: BSD-3-Clause */
/* The fates of frames. */
#include "dataplane/edge.h"

#include <rte_ether.h>

#include "dataplane/handoff.h"

void edge_drop(struct edge *edge, struct frame *f, enum cause cause)
{
	edge->counters.fates[f->direction].dropped++;
	edge->counters.dropped[cause]++;
	rte_pktmbuf_free(f->m);
}

void edge_drop_limited(struct edge *edge, struct frame *f, enum cause cause, uint32_t partner_slot)
{
	edge->counters.partners[partner_slot].limited[cause_limited(cause)]++;
	edge_drop(edge, f, cause);
}

void edge_answered(struct edge *edge, struct frame *f, enum cause cause)
{
	edge->counters.fates[f->direction].answered++;
	edge->counters.refused[cause]++;
	rte_pktmbuf_free(f->m);
}

static void edge_no_room(struct edge *edge, struct frame *f, enum cause cause)
{
	if (cause == CAUSE_queue_full)
		edge_drop_limited(edge, f, cause, f->flow ? f->flow->partner_slot : 0);
	else
		edge_drop(edge, f, cause);
}

void edge_to_tap(struct edge *edge, struct frame *f)
{
	uint32_t bytes = rte_pktmbuf_pkt_len(f->m);
	enum cause cause;

	if (f->packet.has_vlan)
		rte_vlan_strip(f->m);
	if (f->flow && f->packet.kind == PACKET_TCP)
		handoff_frame(f->m, f->flow->mark);
	cause = exception_put(&edge->exception, f->m, f->flow, false);
	if (cause != CAUSE_none) {
		edge_no_room(edge, f, cause);
		return;
	}
	if (f->flow) {
		struct partner_counters *p = &edge->counters.partners[f->flow->partner_slot];

		p->packets_in++;
		p->bytes_in += bytes;
	}
}

void edge_to_port(struct edge *edge, struct frame *f)
{
	uint32_t bytes = rte_pktmbuf_pkt_len(f->m);
	bool tagged = f->flow ? (f->flow->flags & FLOW_VLAN) != 0 : edge->has_vlan;

	if (tagged) {
		f->m->vlan_tci = f->flow ? f->flow->vlan_tci : edge->vlan_tci;
		if (rte_vlan_insert(&f->m) != 0) {
			edge_drop(edge, f, CAUSE_no_buffer);
			return;
		}
	}
	if (!outlet_put(&edge->to_port, f->m, false)) {
		edge_drop(edge, f, CAUSE_port_full);
		return;
	}
	if (f->flow) {
		struct partner_counters *p = &edge->counters.partners[f->flow->partner_slot];

		p->packets_out++;
		p->bytes_out += bytes;
	}
}

void edge_gather_close(struct edge *edge, struct flow *flow)
{
	if (flow->gather == GATHER_NONE)
		return;
	gather_close(&edge->gathers, flow->gather);
	flow->gather = GATHER_NONE;
}
