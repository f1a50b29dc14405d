/* SPDX-License-Identifier: BSD-3-Clause */
/* What verdicts and new rules do to connections. */
#include "dataplane/judge.h"

#include "dataplane/refuse.h"
#include "dataplane/segment.h"

enum {
	ORDERS_BURST = 32,   /* taken in one turn */
	SWEEP_SLOTS = 98304, /* flows looked at in one turn: about a millisecond */
	SWEEP_ROOM = 64,     /* places that a sweep leaves in the outlets */
	EXPIRE_SLOTS = 16,
};

bool judge_blocks(const struct edge *edge, uint8_t family, const uint8_t address[static 16],
	uint32_t partner_slot)
{
	return block_finds_address(&edge->verdicts.blocks, family, address, edge->now) ||
	       verdict_blocks_partner(partner_slot, edge->now);
}

bool judge_blocks_name(const struct edge *edge, struct view domain)
{
	return block_finds_name(&edge->verdicts.blocks, domain, edge->now);
}

static void take_orders(struct edge *edge)
{
	struct verdict_order order;
	bool blocked = false;

	for (int i = 0; i < ORDERS_BURST && verdict_take_order(&edge->verdicts, &order); i++) {
		if (order.ends) {
			block_remove(&edge->verdicts.blocks, &order.block.target, order.said);
			continue;
		}
		/* There is room: the table from which it was said holds the same. */
		block_put(&edge->verdicts.blocks, &order.block, order.said);
		blocked = true;
	}
	if (!blocked)
		return;
	edge->serial++;
	edge->sweep_left = edge->flows.slots;
}

static bool flow_is_open(const struct flow *flow)
{
	return flow->state >= FLOW_new && flow->state <= FLOW_closing;
}

/* A reset needs the numbers of both ends, and the way back. */
static bool flow_can_be_reset(const struct flow *flow)
{
	static const uint8_t nobody[6];

	return (flow->flags & FLOW_ACKED) && memcmp(flow->peer_mac, nobody, 6) != 0;
}

/* Not blocked, or not any more. */
static bool flow_passes(struct edge *edge, struct flow *flow)
{
	enum cause cause = segment_blocked(edge, flow);

	if (cause == CAUSE_none)
		return true;
	if (flow_can_be_reset(flow))
		refuse_now(edge, flow, cause);
	return false;
}

static void flow_take_verdict(struct edge *edge, struct flow *flow, const struct verdict_flow *said)
{
	uint32_t mark = said->mark;

	/* What we opened stays that. */
	if (flow->flags & FLOW_OUTBOUND && mark_class(mark) == CLASS_VERIFIED)
		mark = mark_make(CLASS_OUTBOUND, mark_partner(mark));
	if (said->domain == 0)
		flow_assign(&edge->flows, flow, mark, said->partner_slot);
	else
		flow_assign_domain(&edge->flows, flow, mark, said->domain);
}

static void take_flows(struct edge *edge)
{
	struct verdict_flow said[VERDICT_FLOWS_BURST];
	uint32_t count = verdict_take_flows(&edge->verdicts, said);

	for (uint32_t i = 0; i < count; i++) {
		struct flow *flow = flow_find(&edge->flows, &said[i].key, flow_hash(&said[i].key));

		if (!flow || !flow_is_open(flow)) {
			edge->counters.verdicts_unmatched++;
			continue;
		}
		flow_take_verdict(edge, flow, &said[i]);
		edge->counters.verdicts_taken++;
		/* Now that its partner is known, a block may be about it. */
		flow->serial = 0;
		if (edge->tables && flow_passes(edge, flow) && said[i].blocked &&
			flow_can_be_reset(flow))
			refuse_now(edge, flow, CAUSE_blocked_by_verdict);
	}
}

/* Connections that say nothing are looked for; those that speak are judged by the serial anyway. */
static void sweep(struct edge *edge)
{
	for (uint32_t i = 0; i < SWEEP_SLOTS && edge->sweep_left > 0; i++) {
		struct flow *flow = &edge->flows.flows[edge->sweep_left - 1];

		if (!edge_has_room(edge, SWEEP_ROOM))
			return;
		edge->sweep_left--;
		if (flow_is_open(flow))
			flow_passes(edge, flow);
	}
}

void judge_rules_changed(struct edge *edge)
{
	edge->sweep_left = edge->flows.slots;
}

void judge_turn(struct edge *edge)
{
	take_orders(edge);
	take_flows(edge);
	if (edge->tables)
		sweep(edge);
}

void judge_expire(struct edge *edge)
{
	block_expire(&edge->verdicts.blocks, edge->now, EXPIRE_SLOTS);
}
