/* SPDX-License-Identifier: BSD-3-Clause */
/* What is known of the ways to a domain. */
#include "control/policy/way.h"

#include "control/policy/gate_int.h"
#include "rules/peer.h"

void way_ask(struct gate *gate, way_h *way, void *arg)
{
	gate->way = way;
	gate->way_arg = arg;
}

void way_fill(const struct gate *gate, const struct ruleset *rules, struct question *q)
{
	struct way ways[WAYS] = {{WAY_OPEN, NULL}};
	uint32_t down = 0;
	uint32_t left;
	struct peer peer;

	peer_find(rules, q->theirs.domain, &peer);
	if (q->heading != HEADING_OUT || !gate->way || !peer.terms)
		return;
	gate->way(gate->way_arg, q->theirs.domain, ways);
	for (uint32_t i = 0; i < WAYS; i++) {
		q->held[i] = ways[i].words;
		if (ways[i].end == WAY_DOWN)
			down |= 1u << i;
		if (ways[i].end == WAY_MISSING)
			q->srv_missing |= 1u << i;
		if (ways[i].end == WAY_ELSEWHERE)
			q->srv_elsewhere |= 1u << i;
	}
	left = peer.terms->protocols & ~down & ~q->srv_missing &
	       ~(q->srv_elsewhere & peer.terms->srv_own);
	if (left)
		q->routes_down |= down;
}

void way_refused(struct gate *gate, const char *from, const char *to, enum reason reason)
{
	gate_say_refused(gate, view_of(from), view_of(to), question_kind_name(KIND_message), reason,
		"", 0, 0);
}
