/* SPDX-License-Identifier: BSD-3-Clause */
/* Reading first bytes as segments bring them. */
#include "dataplane/reader.h"

#include "dataplane/classify.h"
#include "dataplane/judge.h"
#include "dataplane/refuse.h"
#include "dataplane/sequence.h"
#include "dataplane/signature.h"

void reader_begin(struct edge *edge, struct flow *flow, uint32_t ack)
{
	/* Sent again. A flow that is past its first bytes cannot be meant: the kernel acknowledged
	 * those, and would not answer a handshake unless it had forgotten the connection. */
	if ((flow->state == FLOW_reading || flow->state == FLOW_passed) && flow->base_seq == ack)
		return;
	edge_gather_close(edge, flow);
	flow->flags &= (uint8_t) ~(FLOW_FIN_IN | FLOW_FIN_OUT | FLOW_RESET | FLOW_UNREAD);
	flow->base_seq = ack;
	flow->next_seq = ack;
	flow->claimed_partner = PARTNER_NONE;
	flow_enter(&edge->flows, flow, FLOW_reading, edge->now);
}

static void reader_finish(struct edge *edge, struct flow *flow)
{
	bool closing = flow->flags & (FLOW_FIN_IN | FLOW_FIN_OUT);

	edge_gather_close(edge, flow);
	flow_enter(&edge->flows, flow, closing ? FLOW_closing : FLOW_established, edge->now);
}

void reader_acknowledged(struct edge *edge, struct flow *flow, uint32_t ack)
{
	if (flow->state == FLOW_passed && sequence_reached(ack, flow->next_seq))
		reader_finish(edge, flow);
}

/* Whom the stream header claims to come from may only make treatment stricter: a claim that is not
 * the source's takes the source's name away, one that nobody confirms gives none. */
static void reader_claim(struct edge *edge, struct flow *flow, const struct first_bytes *said)
{
	flow->claimed_partner = said->claimed_partner;
	if (!said->has_claim || mark_partner(flow->mark) == PARTNER_NONE ||
		mark_partner(flow->mark) == said->claimed_partner)
		return;
	edge->counters.claims_contradicted++;
	flow_assign(&edge->flows, flow, mark_make(CLASS_UNKNOWN, PARTNER_NONE), 0);
}

enum parse reader_first(struct edge *edge, enum filter_protocol protocol, struct view bytes,
	struct first_bytes *said)
{
	enum parse parse = classify_bytes(edge->tables, protocol, bytes, edge->scratch, said);

	if (parse == PARSE_BAD && said->cause == CAUSE_wrong_protocol)
		edge->counters.spoken[signature_match(edge->number, bytes)]++;
	if (parse == PARSE_DONE && said->has_claim && judge_blocks_name(edge, said->claim)) {
		said->cause = CAUSE_blocked_by_verdict;
		return PARSE_BAD;
	}
	return parse;
}

void reader_accept(struct edge *edge, struct flow *flow, const struct first_bytes *said)
{
	reader_claim(edge, flow, said);
	flow_enter(&edge->flows, flow, FLOW_passed, edge->now);
}

/* More is needed. May there be more? */
static enum reading reader_wait(const struct gather *g, bool held, enum cause *cause)
{
	if (!g) {
		*cause = CAUSE_gather_full;
		return READING_DROP;
	}
	if (g->len == GATHER_MAX_BYTES) {
		*cause = CAUSE_too_many_bytes;
		return READING_REFUSE;
	}
	if (g->segments == GATHER_MAX_SEGMENTS) {
		*cause = CAUSE_too_many_segments;
		return READING_REFUSE;
	}
	return held ? READING_KEEP : READING_PASS;
}

/* All that is needed is there, and nobody to accept it. What comes behind it counts as before. */
static enum reading reader_hold(const struct gather *g, enum cause *cause)
{
	if (g->segments <= GATHER_MAX_SEGMENTS)
		return READING_HOLD;
	*cause = CAUSE_too_many_segments;
	return READING_REFUSE;
}

/* Judge all that is there from the first byte on; kept says whether it stays in a gather that can
 * take more. */
static enum reading reader_judge(
	struct edge *edge, struct flow *flow, struct view bytes, bool kept, enum cause *cause)
{
	const struct gather *g = kept ? gather_at(&edge->gathers, flow->gather) : NULL;
	bool held = flow->state == FLOW_held;
	struct first_bytes said;

	switch (reader_first(edge, (enum filter_protocol)flow->protocol, bytes, &said)) {
	case PARSE_BAD:
		*cause = said.cause;
		return READING_REFUSE;
	case PARSE_DONE:
		if (held && edge_is_unattended(edge))
			return reader_hold(g, cause);
		reader_accept(edge, flow, &said);
		if (kept)
			gather_renew(&edge->gathers, flow->gather, edge->now);
		else
			flow->next_seq = flow->base_seq + bytes.len;
		return held ? READING_HAND : READING_PASS;
	case PARSE_NEED_MORE:
		break;
	}
	return reader_wait(g, held, cause);
}

bool reader_release(struct edge *edge, struct flow *flow, enum cause *cause)
{
	const struct gather *g = gather_at(&edge->gathers, flow->gather);

	switch (reader_judge(edge, flow, view_make(g->bytes, g->len), true, cause)) {
	case READING_HAND:
		return true;
	case READING_REFUSE:
		return false;
	default:
		*cause = CAUSE_none;
		return false;
	}
}

/* The next bytes in order. */
static enum reading reader_next(
	struct edge *edge, struct flow *flow, struct view fresh, enum cause *cause)
{
	enum reading reading;
	struct gather *g;
	uint32_t taken;

	if (flow->gather == GATHER_NONE)
		flow->gather = gather_open(&edge->gathers, flow_number(&edge->flows, flow),
			flow_source_hash(&flow->key, flow->partner_slot), edge->now);
	/* No room to keep anything, or not for this source: what is complete in one segment needs none. */
	if (flow->gather == GATHER_NONE)
		return reader_judge(edge, flow, fresh, false, cause);
	g = gather_at(&edge->gathers, flow->gather);
	taken = gather_append(g, fresh);
	reading = reader_judge(edge, flow, view_make(g->bytes, g->len), true, cause);
	if (reading != READING_REFUSE)
		flow->next_seq += taken;
	return reading;
}

/* A segment that overlaps bytes which were accepted without being kept: there is nothing to compare
 * it with, so it has to be acceptable by itself. */
static enum reading reader_again(struct edge *edge, struct flow *flow, uint32_t offset,
	struct view payload, enum cause *cause)
{
	if (offset == 0)
		return reader_judge(edge, flow, payload, false, cause);
	*cause = CAUSE_overlap_differs;
	return READING_DROP;
}

/* The kernel must begin to read where the reader does. A SYN cookie binds only the difference of seq
 * and ack, and a few numbers more or less fit it besides: a socket made from a forged ACK would leave
 * out the first of the bytes that are judged here. */
enum cause reader_check(const struct flow *flow, const struct packet *p)
{
	/* Even without data: it names a byte to come, which the kernel then takes out of the
	 * stream, and the reader would not. */
	if (p->tcp.flags & TCP_URG)
		return CAUSE_urgent_data;
	if (sequence_before(p->tcp.ack, flow->base_out) ||
		sequence_before(flow->seq_out, p->tcp.ack))
		return CAUSE_bad_ack;
	if (sequence_before(p->tcp.seq, flow->base_seq) ||
		(flow->state == FLOW_reading && sequence_before(flow->next_seq, p->tcp.seq)))
		return CAUSE_out_of_order;
	return CAUSE_none;
}

enum reading reader_take(struct edge *edge, struct frame *f, enum cause *cause)
{
	struct flow *flow = f->flow;
	struct view payload = packet_payload(frame_bytes(f), &f->packet);
	uint32_t offset = f->packet.tcp.seq - flow->base_seq;
	uint32_t known;

	known = sequence_before(f->packet.tcp.seq, flow->next_seq)
			? flow->next_seq - f->packet.tcp.seq
			: 0;
	if (known > 0 && flow->gather == GATHER_NONE)
		return reader_again(edge, flow, offset, payload, cause);
	if (known > 0 && !gather_agrees(gather_at(&edge->gathers, flow->gather), offset,
				 view_sub(payload, 0, known))) {
		*cause = CAUSE_overlap_differs;
		return READING_DROP;
	}
	if (flow->state == FLOW_held && known >= payload.len)
		return READING_KEEP;
	if (flow->state == FLOW_passed || known >= payload.len)
		return READING_PASS;
	return reader_next(edge, flow, view_sub(payload, known, payload.len), cause);
}

void reader_late(struct edge *edge)
{
	uint32_t index;

	while ((index = gather_late(&edge->gathers, edge->now)) != GATHER_NONE) {
		struct flow *flow = &edge->flows.flows[gather_at(&edge->gathers, index)->owner];

		/* Also what was accepted but never acknowledged: the kernel may have dropped it
		 * and would take other bytes in its place. */
		refuse_late(edge, flow);
	}
}
