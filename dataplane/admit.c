/* SPDX-License-Identifier: BSD-3-Clause */
/* How a connection from outside begins. */
#include "dataplane/admit.h"

#include "dataplane/held.h"
#include "dataplane/judge.h"
#include "dataplane/made.h"
#include "dataplane/reader.h"
#include "dataplane/refuse.h"
#include "dataplane/segment.h"

/* Nobody is there to accept connections. Where we answer handshakes they can begin all the same, and are held
 * with their first bytes; where the kernel does, whoever asks in vain asks again, after a second, three,
 * seven. */
static bool admit_unattended(struct edge *edge, struct frame *f)
{
	if (!tables_hold_unattended(edge->tables))
		refuse_frame(edge, f, CAUSE_control_down, CAUSE_control_down);
	else if (edge->config.handoff == HANDOFF_REQSK)
		return true;
	else
		edge_drop(edge, f, CAUSE_control_down);
	return false;
}

bool admit_source(struct edge *edge, struct frame *f, struct classified *who)
{
	const struct tuple *t = &f->packet.tuple;
	enum cause cause = classify_source(edge->tables, t, who);
	bool blocked;

	if (!f->flow || admit_may_restart(f->flow))
		f->partner_slot = who->partner_slot;
	if (cause == CAUSE_none && judge_blocks(edge, t->family, t->src, who->partner_slot))
		cause = CAUSE_blocked_by_verdict;
	blocked = cause == CAUSE_blocked_source || cause == CAUSE_blocked_by_verdict;
	if (blocked && f->flow && !admit_may_restart(f->flow))
		refuse_flow(edge, f, cause);
	else if (blocked)
		refuse_frame(edge, f, cause, cause);
	else if (cause != CAUSE_none)
		edge_drop(edge, f, cause);
	else if (edge_is_unattended(edge))
		return admit_unattended(edge, f);
	else
		return true;
	return false;
}

/* Too many at once is said to the remote, which else would try for minutes. Too many in a second is
 * not: it comes again. */
bool admit_within_limits(struct edge *edge, struct frame *f, const struct classified *who)
{
	uint32_t slot = who->partner_slot;
	enum cause cause =
		limiter_admit(&edge->limiter, edge->tables, &edge->flows, &f->key, slot, edge->now);

	if (cause == CAUSE_none)
		return true;
	if (cause == CAUSE_over_connections)
		refuse_frame(edge, f, cause, cause);
	else
		edge_drop(edge, f, cause);
	return false;
}

void admit_prepare(struct edge *edge, struct burst *burst)
{
	for (uint16_t i = 0; i < burst->count; i++) {
		struct frame *f = &burst->frames[i];

		if (f->packet.kind != PACKET_TCP ||
			(f->packet.tcp.flags & (TCP_SYN | TCP_ACK)) != TCP_SYN)
			continue;
		f->source = budget_source(&edge->secret, &f->key);
		budget_prefetch(edge->answers, f->source);
	}
}

/* May this SYN be answered? Nobody has proven yet that it comes from there. */
static bool may_answer(struct edge *edge, const struct frame *f, uint32_t partner_slot)
{
	uint64_t source = partner_slot == 0
				  ? f->source
				  : budget_of(&edge->secret, budget_partner(partner_slot));

	return admit_answer(edge, source, partner_slot);
}

/* A SYN for a connection that there is (RFC 5961 section 4): a remote that has begun anew answers the
 * challenge with the RST that ends the old one. It lies one before what the remote expects, so that a
 * true connection, in whose name somebody else sent the SYN, takes neither data nor window from it. */
static void challenge(struct edge *edge, struct frame *f)
{
	const struct flow *flow = f->flow;
	struct reply_segment segment = {
		.seq = flow->seq_out - 1, .ack = flow->ack_out, .flags = TCP_ACK};
	uint8_t bytes[REPLY_MAX_BYTES];

	if (!(flow->flags & FLOW_ACKED) ||
		!police_allow(&edge->police, POLICE_CHALLENGE, edge->now)) {
		edge_drop(edge, f, CAUSE_syn_unexpected);
		return;
	}
	made_answer(edge, f, bytes,
		reply_build(frame_bytes(f), &f->packet, REPLY_TO_SENDER, &segment, bytes,
			sizeof(bytes)));
}

void admit_syn(struct edge *edge, struct frame *f, const struct classified *who)
{
	const struct packet *p = &f->packet;
	uint8_t bytes[REPLY_MAX_BYTES];
	struct cookie_options agreed;
	enum cause cause;
	uint32_t cookie;

	if (f->flow && !admit_may_restart(f->flow) && f->flow->state != FLOW_held) {
		challenge(edge, f);
		return;
	}
	if (!may_answer(edge, f, who->partner_slot)) {
		edge_drop(edge, f, CAUSE_syn_over_answers);
		return;
	}
	cause = cause_of_syn(
		synack_read(synack_options(frame_bytes(f), p), p->tuple.family, &agreed));
	if (cause != CAUSE_none) {
		edge_drop(edge, f, cause);
		return;
	}
	cookie = cookie_make(&edge->cookies, &f->key, p->tcp.seq, &agreed);
	made_answer(edge, f, bytes,
		synack_build(frame_bytes(f), p, &agreed, cookie, edge->mtu, bytes, sizeof(bytes)));
}

/* The segment's own flow, new or used before. What the kernel may still have of an earlier connection
 * goes first. NULL: no room, the frame is gone. */
static struct flow *admit_begin(struct edge *edge, struct frame *f, enum filter_protocol protocol,
	const struct classified *who)
{
	struct flow *flow = f->flow;
	bool earlier = flow && admit_may_restart(flow) && flow->flags & FLOW_ACKED;
	uint32_t earlier_ack = flow ? flow->ack_out : 0;

	if (!flow)
		flow = f->flow = flow_insert(&edge->flows, &f->key, f->hash, edge->now);
	if (!flow) {
		edge_drop(edge, f, CAUSE_flow_table_full);
		return NULL;
	}
	segment_restart(edge, flow, FLOW_ACKED);
	flow_assign(&edge->flows, flow, who->mark, who->partner_slot);
	flow->protocol = (uint8_t)protocol;
	flow->base_seq = flow->next_seq = flow->ack_out = f->packet.tcp.seq;
	flow->base_out = flow->seq_out = f->packet.tcp.ack;
	edge->counters.partners[who->partner_slot].flows_opened++;
	edge_learn_link(edge, flow, f);
	if (earlier)
		held_make_way(edge, flow, earlier_ack);
	return flow;
}

/* It is complete and accepted. Nobody but its sender has acknowledged anything: the kernel will, or
 * it comes again, so nothing is kept. */
static void begin_passed(struct edge *edge, struct frame *f, enum filter_protocol protocol,
	const struct classified *who, const struct first_bytes *said)
{
	struct flow *flow = admit_begin(edge, f, protocol, who);

	if (!flow)
		return;
	reader_accept(edge, flow, said);
	flow->next_seq += f->packet.payload_bytes;
	segment_in(edge, f);
	edge_to_tap(edge, f);
}

/* complete: it says enough, and nobody is there to accept it. */
static void begin_held(struct edge *edge, struct frame *f, enum filter_protocol protocol,
	const struct classified *who, bool complete)
{
	if (!gather_may_open(&edge->gathers, flow_source_hash(&f->key, who->partner_slot))) {
		edge_drop(edge, f, CAUSE_gather_full);
		return;
	}
	if (!admit_begin(edge, f, protocol, who))
		return;
	flow_enter(&edge->flows, f->flow, FLOW_held, edge->now);
	held_begin(edge, f, complete);
}

/* A first segment with a cookie of ours: somebody is there. */
static void admit_first(struct edge *edge, struct frame *f, enum filter_protocol protocol)
{
	struct first_bytes said;
	struct classified who;
	enum parse parse;

	if (f->packet.tcp.flags & TCP_URG) {
		edge_drop(edge, f, CAUSE_urgent_data);
		return;
	}
	if (!admit_source(edge, f, &who) || !admit_within_limits(edge, f, &who))
		return;
	parse = reader_first(edge, protocol, packet_payload(frame_bytes(f), &f->packet), &said);
	if (f->packet.tcp.flags & TCP_FIN &&
		(parse == PARSE_NEED_MORE || (parse == PARSE_DONE && edge_is_unattended(edge)))) {
		said.cause = CAUSE_closed_early;
		parse = PARSE_BAD;
	}
	switch (parse) {
	case PARSE_BAD:
		edge->counters.partners[who.partner_slot].refused++;
		refuse_frame(edge, f, said.cause, said.cause);
		break;
	case PARSE_DONE:
		if (edge_is_unattended(edge))
			begin_held(edge, f, protocol, &who, true);
		else
			begin_passed(edge, f, protocol, &who, &said);
		break;
	case PARSE_NEED_MORE:
		begin_held(edge, f, protocol, &who, false);
		break;
	}
}

static void consume(struct edge *edge, struct frame *f)
{
	edge->counters.fates[f->direction].consumed++;
	rte_pktmbuf_free(f->m);
}

/* A segment with a cookie of ours, of no connection that there is. */
static void admit_proven(struct edge *edge, struct frame *f, enum filter_protocol protocol)
{
	uint8_t flags = f->packet.tcp.flags;

	/* The end of the handshake says nothing that the first bytes do not say too. */
	if (flags & TCP_RST || (f->packet.payload_bytes == 0 && !(flags & TCP_FIN)))
		consume(edge, f);
	else if (f->packet.payload_bytes == 0)
		refuse_frame(edge, f, CAUSE_closed_early, CAUSE_closed_early);
	else
		admit_first(edge, f, protocol);
}

/* Data that proves nothing: a guess, what is left of a connection, or a later segment of a new one. True
 * if it is known to be a partner's of a connection that is gone; else it is dropped. */
static bool admit_stray(struct edge *edge, struct frame *f)
{
	struct source source;

	tables_source(edge->tables, f->key.family, f->key.src, &source);
	f->partner_slot = source.partner_slot;
	if (source.partner_id != PARTNER_NONE && !source.blocked &&
		stray_comes(edge->strays, f->hash, edge->now))
		return true;
	edge_drop(edge, f, CAUSE_bad_cookie);
	return false;
}

bool admit_segment(struct edge *edge, struct frame *f)
{
	const struct packet *p = &f->packet;
	const struct flow *flow = f->flow;
	bool answers = (p->tcp.flags & (TCP_SYN | TCP_ACK)) == TCP_ACK;
	enum filter_protocol protocol;
	struct cookie_options agreed;
	bool proven;

	/* One that is held gives way to another handshake of its remote, which has another ack. */
	if (flow && !admit_may_restart(flow) &&
		(flow->state != FLOW_held || p->tcp.ack == flow->base_out))
		return false;
	if (!edge_service(edge, &f->key, &protocol))
		return false;
	proven = answers &&
		 cookie_check(&edge->cookies, &f->key, p->tcp.seq - 1, p->tcp.ack - 1, &agreed);
	if (proven && flow && flow->base_seq == p->tcp.seq) {
		/* Its cookie still lives, the connection does not. */
		if (flow->state != FLOW_closed || p->payload_bytes == 0)
			return false;
		edge_drop(edge, f, CAUSE_flow_closed);
		return true;
	}
	if (proven)
		admit_proven(edge, f, protocol);
	else if (flow || !answers || (p->payload_bytes == 0 && !(p->tcp.flags & TCP_FIN)))
		return false;
	else
		return !admit_stray(edge, f);
	return true;
}
