/* SPDX-License-Identifier: BSD-3-Clause */
/* From XMPP to SIP: one MESSAGE transaction at a time from one user to another, in order (RFC 3428
 * section 8), and an error stanza to the sender for everything that was not delivered. */
#include <errno.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "control/counters.h"
#include "control/parcel/warning.h"
#include "control/parcel/xmpp_codec.h"
#include "control/policy/hold.h"
#include "control/policy/rename.h"
#include "control/policy/rewrite.h"
#include "control/session/keep.h"
#include "control/session/preface.h"

enum {
	LANE_MAX = 32, /* messages that wait in one lane */
	LANE_KEY_BYTES = 2 * (ADDRESS_PART_MAX_BYTES + DOMAIN_MAX_BYTES + 4),
};

/* One message on its way, with all that is needed to send it and to tell its sender. */
struct crossing {
	STAILQ_ENTRY(crossing) next;
	struct lane *lane;
	struct tally *tally; /* the sender's */
	uint8_t *strings;    /* what the views of request point into */
	struct sip_request request;
	char *id; /* the sender's */
	struct address from, to;
	bool is_chat;
	bool told; /* its sender has heard already: the edge is stopping */
	struct hold hold;
	bool held; /* until its seat is on disk; all behind it in the lane wait too */
};

/* The messages from one user to another. */
struct lane {
	struct to_sip *owner;
	char *key; /* both bare addresses */
	struct crossing *in_flight;
	STAILQ_HEAD(, crossing) waiting;
	uint32_t count; /* waiting */
};

struct to_sip {
	struct session *session;
	struct table lanes; /* by key */
	uint32_t open;
};

struct to_sip *to_sip_new(struct session *session)
{
	struct to_sip *to = calloc(1, sizeof(*to));

	if (!to)
		return NULL;
	to->session = session;
	table_init(&to->lanes, session->hash_key);
	return to;
}

static void crossing_free(struct crossing *c)
{
	hold_end(&c->hold);
	free(c->strings);
	free(c->id);
	free(c);
}

static void lane_free(struct lane *lane)
{
	struct crossing *c;

	while ((c = STAILQ_FIRST(&lane->waiting))) {
		STAILQ_REMOVE_HEAD(&lane->waiting, next);
		crossing_free(c);
	}
	if (lane->in_flight)
		crossing_free(lane->in_flight);
	free(lane->key);
	free(lane);
}

/* The sender hears that it was not delivered, with its own id. */
static void bounce(
	struct to_sip *to, const struct parcel *message, const struct stanza_error *error)
{
	struct text stanza;

	text_init(&stanza, STANZA_MAX_BYTES);
	parcel_put_stanza_error(message, error, &stanza);
	if (stanza.failed)
		counter_add("session", "replies_too_large", 1);
	else
		xmpp_pool_send(to->session->pool, view_of(message->to.domain),
			view_of(message->from.domain), text_view(&stanza), 0);
	text_free(&stanza);
}

/* What is left of the sender's message: enough to answer it. */
static struct parcel crossing_parcel(const struct crossing *c)
{
	return (struct parcel){.kind = PARCEL_MESSAGE,
		.from = c->from,
		.to = c->to,
		.id = view_of(c->id),
		.is_chat = c->is_chat};
}

static void crossing_bounce(
	struct to_sip *to, const struct crossing *c, const struct stanza_error *error)
{
	const struct parcel message = crossing_parcel(c);

	bounce(to, &message, error);
}

/* Those that were not sent yet. */
static void lane_bounce_waiting(struct to_sip *to, struct lane *lane)
{
	const struct stanza_error unsent = {STANZA_REMOTE_SERVER_TIMEOUT, VIEW("not sent")};
	struct crossing *c;

	while ((c = STAILQ_FIRST(&lane->waiting))) {
		STAILQ_REMOVE_HEAD(&lane->waiting, next);
		crossing_bounce(to, c, &unsent);
		crossing_free(c);
		lane->count--;
		to->open--;
	}
}

/* One that is on its way may arrive; the others do not. */
static void lane_stop(struct to_sip *to, struct lane *lane)
{
	struct stanza_error unknown;

	stanza_error_from_outcome(SIP_BROKEN, 0, &unknown);
	if (lane->in_flight) {
		crossing_bounce(to, lane->in_flight, &unknown);
		lane->in_flight->told = true;
	}
	lane_bounce_waiting(to, lane);
}

void to_sip_stop(struct to_sip *to)
{
	const struct table_slot *slot;
	uint32_t cursor = 0;

	while ((slot = table_next(&to->lanes, &cursor)))
		lane_stop(to, slot->value);
}

void to_sip_free(struct to_sip *to)
{
	const struct table_slot *slot;
	uint32_t cursor = 0;

	if (!to)
		return;
	while ((slot = table_next(&to->lanes, &cursor)))
		lane_free(slot->value);
	table_free(&to->lanes);
	free(to);
}

static void lane_go(struct lane *lane);

static void on_response(void *arg, enum sip_outcome outcome, const struct sip_message *response)
{
	struct lane *lane = arg;
	struct crossing *c = lane->in_flight;
	struct to_sip *to = lane->owner;
	struct stanza_error error;

	lane->in_flight = NULL;
	to->open--;
	if (c->told) {
		counter_add("session", "answered_while_stopping", 1);
		tally_unknown(c->tally, TALLY_IN);
	} else if (stanza_error_from_outcome(outcome, response ? response->code : 0, &error)) {
		counter_add(
			"session.xmpp_to_sip_refused", stanza_condition_name(error.condition), 1);
		if (outcome == SIP_TIMED_OUT || outcome == SIP_BROKEN)
			tally_unknown(c->tally, TALLY_IN);
		else
			tally_refused(c->tally, TALLY_IN, stanza_condition_name(error.condition));
		if (outcome == SIP_RESPONDED)
			suspicion_answered(to->session, view_of(c->from.domain),
				suspicion_is_nobody(error.condition));
		crossing_bounce(to, c, &error);
		/* Who waits behind a silent user would wait as long again, one after the other. */
		if (outcome == SIP_TIMED_OUT)
			lane_bounce_waiting(to, lane);
	} else {
		counter_add("session", "xmpp_to_sip_delivered", 1);
		tally_delivered(c->tally, TALLY_IN);
		suspicion_answered(to->session, view_of(c->from.domain), false);
	}
	crossing_free(c);
	lane_go(lane);
}

/* Send the next one, or remove a lane that has nothing left. */
static void lane_go(struct lane *lane)
{
	struct to_sip *to = lane->owner;
	struct crossing *c;

	while (!lane->in_flight && (c = STAILQ_FIRST(&lane->waiting)) && !c->held) {
		STAILQ_REMOVE_HEAD(&lane->waiting, next);
		lane->count--;
		lane->in_flight = c;
		if (sip_send_inside(to->session->endpoint, view_of(c->to.domain), &c->request,
			    on_response, lane))
			return;
		lane->in_flight = NULL;
		to->open--;
		tally_refused(c->tally, TALLY_IN, "not_sent");
		crossing_bounce(to, c, &(struct stanza_error){STANZA_RESOURCE_CONSTRAINT, {0}});
		crossing_free(c);
	}
	if (!lane->in_flight && STAILQ_EMPTY(&lane->waiting)) {
		table_remove(&to->lanes, view_of(lane->key));
		lane_free(lane);
	}
}

static struct view lane_key(const struct parcel *parcel, char buffer[static LANE_KEY_BYTES])
{
	struct text key;

	text_fixed(&key, buffer, LANE_KEY_BYTES);
	address_put_bare_jid(&parcel->from, &key);
	text_putc(&key, '\n');
	address_put_bare_jid(&parcel->to, &key);
	return text_view(&key);
}

static struct lane *lane_get(struct to_sip *to, const struct parcel *parcel)
{
	char buffer[LANE_KEY_BYTES];
	struct view key = lane_key(parcel, buffer);
	struct lane *lane = table_find(&to->lanes, key);

	if (lane)
		return lane;
	lane = calloc(1, sizeof(*lane));
	if (!lane)
		return NULL;
	lane->owner = to;
	lane->key = view_dup(key);
	STAILQ_INIT(&lane->waiting);
	if (lane->key && table_put(&to->lanes, view_of(lane->key), lane) == 0)
		return lane;
	lane_free(lane);
	return NULL;
}

static void on_seat(void *arg, enum reason reason);

/* 0, or -errno with the refusal for the sender. */
static int crossing_fill(struct to_sip *to, struct crossing *c, const struct parcel *parcel,
	struct usage_seat *seat, struct stanza_error *refusal)
{
	const struct session *session = to->session;
	int error = request_make(session, parcel, request_bytes_inside(session, parcel->to.domain),
		&c->request, &c->strings, refusal);

	c->held = seat;
	if (error == 0 && seat)
		error = hold_begin(&c->hold, session->gate, session->generation->rules, seat,
			HEADING_IN, parcel, on_seat, c);
	return error;
}

static void bounce_refused(
	struct to_sip *to, const struct parcel *parcel, struct tally *tally, enum reason reason)
{
	struct stanza_error error = gate_stanza_error(reason);

	counter_add("session.refused_in", reason_text(reason)->name, 1);
	tally_refused(tally, TALLY_IN, reason_text(reason)->name);
	bounce(to, parcel, &error);
}

/* Do the rules let it in, and as what? Inside, its sender has the name that he really has, its text is what the
 * rules make of it, and it may begin with words for our user: in `texts`. False when he has been told. */
static bool is_allowed(struct to_sip *to, const struct parcel *parcel, enum proof proof,
	struct tally *tally, struct parcel *inside, struct text texts[static 2],
	struct usage_seat **seat)
{
	struct session *session = to->session;
	struct verdict verdict;
	uint32_t notices;

	*inside = *parcel;
	*seat = NULL;
	if (!session->gate)
		return true;
	gate_message(session->gate, session->generation->rules,
		&(struct gate_path){HEADING_IN, PROTOCOL_XMPP, proof}, parcel, &verdict, seat);
	if (verdict.reason == REASON_none && !rename_by_verdict(&verdict, &inside->from))
		verdict.reason = REASON_name_malformed;
	if (verdict.reason != REASON_none) {
		bounce_refused(to, parcel, tally, verdict.reason);
		return false;
	}
	if (!rewrite_by_verdict(&verdict, inside, &texts[0], &notices)) {
		counter_add("session.refused_in", "no_memory", 1);
		tally_refused(tally, TALLY_IN, "no_memory");
		bounce(to, parcel, &(struct stanza_error){STANZA_RESOURCE_CONSTRAINT, {0}});
		return false;
	}
	if (verdict.notice)
		preface_put(inside, notices, verdict.notice, &texts[1]);
	return true;
}

/* The seat is on disk, or cannot be had. */
static void on_seat(void *arg, enum reason reason)
{
	struct crossing *c = arg;
	struct lane *lane = c->lane;
	struct to_sip *to = lane->owner;

	c->held = false;
	if (reason != REASON_none) {
		const struct parcel message = crossing_parcel(c);

		STAILQ_REMOVE(&lane->waiting, c, crossing, next);
		lane->count--;
		to->open--;
		bounce_refused(to, &message, c->tally, reason);
		crossing_free(c);
	}
	lane_go(lane);
}

/* It goes, as `inside` says, when those before it have gone. */
static void cross(struct to_sip *to, const struct parcel *parcel, const struct parcel *inside,
	struct tally *tally, struct usage_seat *seat)
{
	struct stanza_error refusal = {STANZA_RESOURCE_CONSTRAINT, {0}};
	struct crossing *c = NULL;
	struct lane *lane;

	lane = to->open < CROSSINGS_MAX ? lane_get(to, inside) : NULL;
	if (lane && lane->count < LANE_MAX)
		c = calloc(1, sizeof(*c));
	if (!c) {
		counter_add("session.refused_in", "too_many_open", 1);
		tally_refused(tally, TALLY_IN, "too_many_open");
		goto refuse;
	}
	c->id = view_dup(parcel->id);
	if (!c->id || crossing_fill(to, c, inside, seat, &refusal) < 0) {
		if (suspicion_is_nobody(refusal.condition))
			suspicion_answered(to->session, view_of(parcel->from.domain), true);
		counter_add("session.refused_in", stanza_condition_name(refusal.condition), 1);
		tally_refused(tally, TALLY_IN, stanza_condition_name(refusal.condition));
		goto refuse;
	}
	/* For whom it has the name that he sent. */
	c->from = parcel->from;
	c->to = parcel->to;
	c->is_chat = parcel->is_chat;
	c->lane = lane;
	c->tally = tally;
	counter_add("session", "xmpp_to_sip", 1);
	to->open++;
	lane->count++;
	STAILQ_INSERT_TAIL(&lane->waiting, c, next);
	lane_go(lane);
	return;
refuse:
	bounce(to, parcel, &refusal);
	if (c)
		crossing_free(c);
	if (lane)
		lane_go(lane);
}

void to_sip_message(struct to_sip *to, const struct parcel *parcel, enum proof proof)
{
	struct tally *tally = session_tally(to->session, view_of(parcel->from.domain));
	struct stanza_error stopping = {STANZA_REMOTE_SERVER_TIMEOUT, {0}};
	struct usage_seat *seat;
	struct parcel inside;
	struct text texts[2];

	tally_message(tally, TALLY_IN);
	if (!parcel->to.local[0]) {
		tally_refused(tally, TALLY_IN, "no_user");
		bounce(to, parcel, &(struct stanza_error){STANZA_SERVICE_UNAVAILABLE, {0}});
		return;
	}
	if (to->session->stopping) {
		tally_refused(tally, TALLY_IN, "stopping");
		bounce(to, parcel, &stopping);
		return;
	}
	for (size_t i = 0; i < 2; i++)
		text_init(&texts[i], STANZA_MAX_BYTES);
	if (is_allowed(to, parcel, proof, tally, &inside, texts, &seat))
		cross(to, parcel, &inside, tally, seat);
	for (size_t i = 0; i < 2; i++)
		text_free(&texts[i]);
}

bool to_sip_is_under_way(const struct to_sip *to, const struct parcel *parcel)
{
	char buffer[LANE_KEY_BYTES];
	const struct lane *lane = table_find(&to->lanes, lane_key(parcel, buffer));

	return lane && lane->in_flight;
}

uint32_t to_sip_open(const struct to_sip *to)
{
	return to->open;
}

uint32_t to_sip_lanes(const struct to_sip *to)
{
	return to->lanes.count;
}
