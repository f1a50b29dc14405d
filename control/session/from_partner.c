/* SPDX-License-Identifier: BSD-3-Clause */
/* From a partner's SIP server to the inside one: a MESSAGE is put before the rules, held for its seat, and
 * waits with its final response for that of ours. */
#include <errno.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "control/counters.h"
#include "control/parcel/sip_codec.h"
#include "control/parcel/warning.h"
#include "control/policy/hold.h"
#include "control/policy/rename.h"
#include "control/policy/rewrite.h"
#include "control/session/keep.h"
#include "control/session/preface.h"

enum { PAIR_BUCKETS = 1024 };

#define LATER "Retry-After: 10\r\n"

/* One MESSAGE under way. */
struct crossing {
	LIST_ENTRY(crossing) bucket; /* by pair */
	struct from_partner *owner;
	struct sip_server_tx *tx;
	struct tally *tally; /* the sender's */
	struct sip_request request;
	uint8_t *strings; /* what the views of request point into */
	uint64_t pair;    /* keyed hash of who writes to whom */
	struct hold hold;
	bool sent, told; /* told: its requester has heard already, the edge is stopping */
	char ours[DOMAIN_MAX_BYTES + 1];
	char theirs[DOMAIN_MAX_BYTES + 1]; /* that it came from */
};

struct from_partner {
	struct session *session;
	LIST_HEAD(, crossing) buckets[PAIR_BUCKETS];
	uint32_t open;
};

/* A message that asks to come in: what is known of it before it may. */
struct asking {
	struct from_partner *from;
	struct sip_server_tx *tx;
	struct tally *tally;
	struct parcel parcel; /* as it came */
	struct parcel inside; /* as it goes on */
	struct verdict verdict;
	struct usage_seat *seat;
	uint32_t max_forwards;
};

struct from_partner *from_partner_new(struct session *session)
{
	struct from_partner *from = calloc(1, sizeof(*from));

	if (from)
		from->session = session;
	return from;
}

static void crossing_free(struct crossing *c)
{
	c->owner->open--;
	LIST_REMOVE(c, bucket);
	hold_end(&c->hold);
	free(c->strings);
	free(c);
}

void from_partner_free(struct from_partner *from)
{
	struct crossing *c;

	if (!from)
		return;
	for (int i = 0; i < PAIR_BUCKETS; i++)
		while ((c = LIST_FIRST(&from->buckets[i])))
			crossing_free(c);
	free(from);
}

static uint64_t pair_of(const struct from_partner *from, const struct parcel *parcel)
{
	return session_hash_pair(from->session, &parcel->from, &parcel->to);
}

bool from_partner_is_under_way(const struct from_partner *from, const struct parcel *parcel)
{
	uint64_t pair = pair_of(from, parcel);
	const struct crossing *c;

	LIST_FOREACH(c, &from->buckets[pair % PAIR_BUCKETS], bucket)
	if (c->pair == pair && c->sent)
		return true;
	return false;
}

uint32_t from_partner_open(const struct from_partner *from)
{
	return from->open;
}

/* --- its end --- */

static bool refused(struct asking *a, uint16_t code, const char *cause, const char *header_lines)
{
	session_refuse(a->tx, a->tally, TALLY_IN, code, cause, header_lines);
	return false;
}

/* One that was not sent. */
static void crossing_refuse(
	struct crossing *c, uint16_t code, const char *cause, const char *header_lines)
{
	session_refuse(c->tx, c->tally, TALLY_IN, code, cause, header_lines);
	crossing_free(c);
}

static void crossing_say_unknown(struct crossing *c, enum sip_outcome outcome)
{
	struct sip_answer answer;

	sip_answer_from_outcome(outcome, NULL, &answer);
	counter_add("session", "sip_to_sip_in_unknown", 1);
	tally_unknown(c->tally, TALLY_IN);
	session_answer(c->tx, &answer, view_of(c->ours));
	c->told = true;
}

/* What is on its way may arrive; what waits for its seat does not. */
void from_partner_stop(struct from_partner *from)
{
	struct crossing *c, *next;

	for (int i = 0; i < PAIR_BUCKETS; i++)
		for (c = LIST_FIRST(&from->buckets[i]); c; c = next) {
			next = LIST_NEXT(c, bucket);
			if (!c->sent)
				crossing_refuse(c, 500, "stopping", LATER);
			else if (!c->told)
				crossing_say_unknown(c, SIP_BROKEN);
		}
}

static void crossing_say(
	struct crossing *c, enum sip_outcome outcome, const struct sip_message *response)
{
	enum stanza_condition condition = STANZA_UNDEFINED_CONDITION;
	struct sip_answer answer;

	sip_answer_from_outcome(outcome, response, &answer);
	if (answer.code < 300) {
		counter_add("session", "sip_to_sip_in_delivered", 1);
		tally_delivered(c->tally, TALLY_IN);
	} else if (outcome == SIP_RESPONDED) {
		condition = stanza_from_sip_code(response->code);
		counter_add("session.sip_to_sip_in_refused", stanza_condition_name(condition), 1);
		tally_refused(c->tally, TALLY_IN, stanza_condition_name(condition));
	} else {
		counter_add("session.sip_to_sip_in_failed", session_outcome_word(outcome), 1);
		tally_refused(c->tally, TALLY_IN, session_outcome_word(outcome));
	}
	if (outcome == SIP_RESPONDED)
		suspicion_answered(c->owner->session, view_of(c->theirs),
			answer.code >= 300 && suspicion_is_nobody(condition));
	session_answer(c->tx, &answer, view_of(c->ours));
}

static void on_response(void *arg, enum sip_outcome outcome, const struct sip_message *response)
{
	struct crossing *c = arg;

	if (c->told)
		counter_add("session", "answered_while_stopping", 1);
	else if (outcome == SIP_TIMED_OUT || outcome == SIP_BROKEN)
		crossing_say_unknown(c, outcome);
	else
		crossing_say(c, outcome, response);
	crossing_free(c);
}

/* --- its beginning --- */

static void crossing_go(struct crossing *c)
{
	c->sent = true;
	if (sip_send_inside(
		    c->owner->session->endpoint, view_of(c->ours), &c->request, on_response, c))
		counter_add("session", "sip_to_sip_in", 1);
	else
		crossing_refuse(c, 500, "not_sent", LATER);
}

/* The seat is on disk, or cannot be had. Whoever needs the same seat waits for it as well, so nobody overtakes. */
static void on_seat(void *arg, enum reason reason)
{
	struct crossing *c = arg;
	const struct reason_text *text = reason_text(reason);
	char header[GATE_HEADER_BYTES];

	if (reason == REASON_none) {
		crossing_go(c);
		return;
	}
	gate_sip_header(reason, c->ours, header);
	crossing_refuse(c, text->sip, text->name, header);
}

/* Do the rules let it in, and as what? Inside, its sender has the name that he really has, its text is what the
 * rules make of it, and it may begin with words for our user: in `texts`. False when he has been told. */
static bool is_allowed(struct asking *a, struct text texts[static 2])
{
	static const struct gate_path path = {.heading = HEADING_IN, .protocol = PROTOCOL_SIP};
	struct session *session = a->from->session;
	struct verdict *verdict = &a->verdict;
	char header[GATE_HEADER_BYTES];
	uint32_t notices;

	a->inside = a->parcel;
	if (!session->gate)
		return true;
	gate_message(
		session->gate, session->generation->rules, &path, &a->parcel, verdict, &a->seat);
	if (verdict->reason == REASON_none && !rename_by_verdict(verdict, &a->inside.from))
		verdict->reason = REASON_name_malformed;
	if (verdict->reason != REASON_none) {
		const struct reason_text *text = reason_text(verdict->reason);

		gate_sip_header(verdict->reason, a->parcel.to.domain, header);
		return refused(a, text->sip, text->name, header);
	}
	if (!rewrite_by_verdict(verdict, &a->inside, &texts[0], &notices))
		return refused(a, 500, "no_memory", LATER);
	if (verdict->notice)
		preface_put(&a->inside, notices, verdict->notice, &texts[1]);
	return true;
}

static struct crossing *crossing_new(const struct asking *a)
{
	struct from_partner *from = a->from;
	struct crossing *c = from->open < CROSSINGS_MAX ? calloc(1, sizeof(*c)) : NULL;

	if (!c)
		return NULL;
	c->owner = from;
	c->tx = a->tx;
	c->tally = a->tally;
	c->pair = pair_of(from, &a->inside);
	memcpy(c->ours, a->parcel.to.domain, sizeof(c->ours));
	memcpy(c->theirs, a->parcel.from.domain, sizeof(c->theirs));
	LIST_INSERT_HEAD(&from->buckets[c->pair % PAIR_BUCKETS], c, bucket);
	from->open++;
	return c;
}

/* It goes, now or when its seat is on disk. */
static void come(struct asking *a)
{
	struct session *session = a->from->session;
	struct crossing *c = crossing_new(a);
	struct stanza_error refusal;

	if (!c) {
		refused(a, 500, "too_many_open", LATER);
		return;
	}
	if (request_make(session, &a->inside, request_bytes_inside(session, c->ours), &c->request,
		    &c->strings, &refusal) < 0) {
		struct sip_refusal why = request_refusal(&refusal);

		crossing_refuse(c, why.code, why.cause, why.extra);
		return;
	}
	c->request.max_forwards = a->max_forwards - 1;
	if (!a->seat)
		crossing_go(c);
	else if (hold_begin(&c->hold, session->gate, session->generation->rules, a->seat,
			 HEADING_IN, &a->inside, on_seat, c) < 0)
		crossing_refuse(c, 500, "too_many_open", LATER);
}

static void ask(struct asking *a, struct text texts[static 2])
{
	struct session *session = a->from->session;

	a->tally = session_tally(session, view_of(a->parcel.from.domain));
	tally_message(a->tally, TALLY_IN);
	if (session->stopping)
		refused(a, 500, "stopping", LATER);
	/* From one partner to another leads no way. */
	else if (!ruleset_local(session->generation->rules, view_of(a->parcel.to.domain)))
		refused(a, 403, "relay", "");
	/* With the last hop that it had it has come to us. */
	else if (a->max_forwards < 2)
		refused(a, 483, "max_forwards", "");
	else if (is_allowed(a, texts))
		come(a);
}

void from_partner_message(struct from_partner *from, struct sip_server_tx *tx,
	const struct sip_peer *peer, const struct sip_message *request)
{
	struct asking a = {.from = from, .tx = tx, .max_forwards = request->max_forwards};
	struct sip_refusal refusal;
	struct text texts[3];
	int error;

	for (size_t i = 0; i < 3; i++)
		text_init(&texts[i], STANZA_MAX_BYTES);
	error = parcel_from_sip(request, &a.parcel, &texts[2], &refusal);
	if (error == -ENOMSG) {
		counter_add("session", "sip_messages_without_text", 1);
		sip_respond(tx, 200, "OK", (struct view){0});
	} else if (error < 0) {
		a.tally = peer->partner
				  ? session_tally(from->session, view_of(peer->partner->domain))
				  : tally_of(from->session->tallies, TALLY_DISCOVERED);
		tally_message(a.tally, TALLY_IN);
		refused(&a, refusal.code, refusal.cause, refusal.extra);
	} else {
		ask(&a, texts);
	}
	for (size_t i = 0; i < 3; i++)
		text_free(&texts[i]);
}
