/* SPDX-License-Identifier: BSD-3-Clause */
/* How a connection from outside begins. Whether its source may is asked in both modes of handing over;
 * in mode reqsk the edge answers the SYN itself, keeps nothing, and makes a flow of the first segment
 * that proves by its cookie that somebody is there. */
#pragma once

#include "dataplane/burst.h"
#include "dataplane/classify.h"
#include "dataplane/edge.h"

enum {
	/* SYNs answered per worker, of each /24 or /56 that is nobody's and of each partner. An answer
	 * is as long as its question and is sent once, so a forged SYN wins nothing by it. */
	ADMIT_ANSWERS_PER_S = 1000,
	ADMIT_ANSWERS_PARTNER_PER_S = 20000,
};

/* Is there a connection, or one that begins? Closed and refused ones may begin again. */
static inline bool admit_may_restart(const struct flow *flow)
{
	return flow->state == FLOW_closed || flow->state == FLOW_refused;
}

/* May connections of this source begin now? *who is filled; else the frame is gone, and a flow that was
 * open is refused. */
bool admit_source(struct edge *edge, struct frame *f, struct classified *who);

/* May one more begin, as far as limits go? Counted if so; else the frame is gone. */
bool admit_within_limits(struct edge *edge, struct frame *f, const struct classified *who);

/* Mode reqsk: let the memory come that SYNs among these will need. */
void admit_prepare(struct edge *edge, struct burst *burst);

/* Mode reqsk: may one more SYN of this source (budget.h) be answered? Counted if so. */
static inline bool admit_answer(struct edge *e, uint64_t source, uint32_t partner_slot)
{
	static const struct budget_rate nobodys = {NS_PER_S / ADMIT_ANSWERS_PER_S, NS_PER_S};
	static const struct budget_rate partners = {
		NS_PER_S / ADMIT_ANSWERS_PARTNER_PER_S, NS_PER_S};

	return budget_take(e->answers, source, partner_slot == 0 ? &nobodys : &partners, e->now);
}

/* Mode reqsk: answer a SYN to a service, without data, from a source that may. Takes the frame. */
void admit_syn(struct edge *edge, struct frame *f, const struct classified *who);

/* Mode reqsk: does a segment that is no SYN begin a connection, or pretend to? Then it is taken, and
 * true. False: it belongs to a connection that there is, or that has ended, or is a stray (bare, or
 * repeated for longer than any new connection would); or aims at no service. */
bool admit_segment(struct edge *edge, struct frame *f);
