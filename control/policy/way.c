/* SPDX-License-Identifier: BSD-3-Clause */
/* What DNS has said of the way to a domain. */
#include "control/policy/way.h"

#include "control/policy/gate_int.h"

void way_ask(struct gate *gate, way_h *way, void *arg)
{
	gate->way = way;
	gate->way_arg = arg;
}

void way_fill(const struct gate *gate, struct question *q)
{
	enum reason reason = REASON_none;

	if (q->heading == HEADING_OUT && gate->way)
		reason = gate->way(gate->way_arg, q->theirs.domain);
	if (reason == REASON_srv_missing)
		q->srv_missing |= 1u << PROTOCOL_XMPP;
	if (reason == REASON_srv_conflict)
		q->srv_elsewhere |= 1u << PROTOCOL_XMPP;
}

void way_refused(struct gate *gate, const char *from, const char *to, enum reason reason)
{
	gate_say_refused(gate, view_of(from), view_of(to), question_kind_name(KIND_message), reason,
		"", 0, 0);
}
