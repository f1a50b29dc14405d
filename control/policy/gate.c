/* SPDX-License-Identifier: BSD-3-Clause */
/* Puts what crosses before the rules. */
#include "control/policy/gate.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "control/counters.h"
#include "control/policy/gate_int.h"
#include "control/policy/rename.h"
#include "rules/base/log.h"
#include "rules/peer.h"

enum { LOG_PER_S = 10 };

struct gate *gate_new(struct loop *loop, struct usage *usage, struct contacts *contacts)
{
	struct gate *gate = calloc(1, sizeof(*gate));
	struct siphash_key key;

	if (!gate)
		return NULL;
	*gate = (struct gate){.loop = loop, .usage = usage, .contacts = contacts};
	gate->watch = watch_new(loop);
	if (siphash_key_random(&key) == 0) {
		gate->conversations = conversations_new(key);
		gate->notices = conversations_new(key);
	}
	if (gate->watch && gate->conversations && gate->notices)
		return gate;
	gate_free(gate);
	return NULL;
}

void gate_free(struct gate *gate)
{
	if (!gate)
		return;
	conversations_free(gate->conversations);
	conversations_free(gate->notices);
	watch_free(gate->watch);
	free(gate);
}

struct watch *gate_watch(struct gate *gate)
{
	return gate->watch;
}

/* Without a store no seat of a month can be known to be free. */
static bool nobody_has(
	const void *arg, const struct agreement *agreement, struct view user, int32_t month)
{
	return false;
}

static uint32_t all_are_taken(const void *arg, const struct agreement *agreement, int32_t month)
{
	return UINT32_MAX;
}

static const struct licence_usage no_usage = {NULL, nobody_has, all_are_taken};

struct wall gate_now(struct gate *gate)
{
	int64_t jumped_s;
	struct wall now =
		policy_clock_now(&gate->clock, wall_now(), loop_now(gate->loop), &jumped_s);

	if (jumped_s != 0) {
		counter_add("policy.clock", "jumped", 1);
		log_error("policy: the wall clock has jumped by %" PRId64
			  " s; licences go by the later time",
			jumped_s);
	}
	return now;
}

struct party gate_party(const struct address *address, char out[static GATE_ADDRESS_BYTES])
{
	int n = snprintf(out, GATE_ADDRESS_BYTES, "%s%s%s", address->local,
		address->local[0] ? "@" : "", address->domain);

	return (struct party){
		view_make(out, n < GATE_ADDRESS_BYTES ? (size_t)n : GATE_ADDRESS_BYTES - 1),
		view_of(address->domain)};
}

/* A partner that is refused a thousand times a second does not fill the log. */
static bool may_log(struct gate *gate)
{
	struct mono now = loop_now(gate->loop);

	if (now.ns - gate->log_second.ns >= NS_PER_S) {
		gate->log_second = now;
		gate->log_count = 0;
	}
	return gate->log_count++ < LOG_PER_S;
}

void gate_say_refused(struct gate *gate, struct view from, struct view to, const char *kind,
	enum reason reason, const char *when, unsigned line, uint64_t generation)
{
	const struct reason_text *text = reason_text(reason);
	char rule[64] = "";

	counter_add("policy.refused", text->name, 1);
	if (!may_log(gate))
		return;
	if (generation)
		snprintf(rule, sizeof(rule), "; rules line %u of generation %" PRIu64, line,
			generation);
	log_info("policy: %.*s to %.*s: %s refused at step %s: %s%s (%s%s)", VIEW_ARG(from),
		VIEW_ARG(to), kind, step_name(text->step), text->words, when, text->name, rule);
}

static void refused(struct gate *gate, const struct ruleset *rules, const struct question *q,
	const struct verdict *verdict)
{
	bool in = q->heading == HEADING_IN;
	char when[GATE_WHEN_BYTES] = "";
	char date[DATE_TEXT_BYTES];

	if (verdict->step == STEP_licence && verdict->reason != REASON_seat_not_written &&
		verdict->since.s != 0 && verdict->since.s != DATE_NEVER.s) {
		date_print(verdict->since, date);
		snprintf(when, sizeof(when), ", %s %s",
			verdict->since.s <= q->now.s ? "since" : "until", date);
	}
	gate_say_refused(gate, in ? q->theirs.address : q->ours.address,
		in ? q->ours.address : q->theirs.address, question_kind_name(q->kind),
		verdict->reason, when, verdict->line, rules->generation);
}

static void alarm_seats(const struct agreement *agreement, uint32_t used)
{
	uint32_t alarm = licence_alarm(agreement->seats, used);

	/* At the seat that reaches it, not at every one after. */
	if (alarm == 0 || (used > 0 && licence_alarm(agreement->seats, used - 1) == alarm))
		return;
	counter_add("policy.alarm", alarm == 100 ? "seats_100" : "seats_90", 1);
	log_warning("policy: %u of the %u seats of %s are taken this month", used, agreement->seats,
		agreement->id);
}

static void take_seat(struct gate *gate, const struct question *q, struct verdict *verdict)
{
	const struct licence_usage *view = usage_view(gate->usage);
	bool was_stuck = usage_is_stuck(gate->usage);

	if (usage_take(gate->usage, verdict->agreement, q->ours.address, q->now, NULL, NULL) < 0) {
		verdict->reason = REASON_seat_not_written;
		verdict->step = STEP_licence;
		counter_add("usage.refused", "not_taken", 1);
		return;
	}
	/* One that will probably be given back alarms nobody. */
	if (!was_stuck)
		alarm_seats(verdict->agreement,
			view->count(view->arg, verdict->agreement, date_month(q->now)));
}

void gate_remember(struct gate *gate, struct view ours, struct view theirs, struct wall now)
{
	if (gate->contacts && contacts_add(gate->contacts, ours, theirs, now) < 0)
		counter_add("contacts.refused", "full", 1);
}

/* A disclaimer is said when a conversation begins, also to whom we know; a notice, when something comes in for the
 * first time in one. */
static void note_conversation(struct gate *gate, enum heading heading, struct view ours,
	struct view theirs, struct verdict *verdict)
{
	struct mono now = loop_now(gate->loop);

	conversation_goes_on(
		heading == HEADING_IN ? gate->conversations : gate->notices, ours, theirs, now);
	if (verdict->notice && !conversation_begins(gate->notices, ours, theirs, now))
		verdict->notice = NULL;
	if (verdict->disclaimer && !conversation_begins(gate->conversations, ours, theirs, now))
		verdict->disclaimer = NULL;
}

/* The seat that this message must wait for, if it is its own or one that was taken just before. */
static struct usage_seat *seat_of(
	struct gate *gate, const struct question *q, const struct verdict *verdict)
{
	if (!gate->usage || !verdict->agreement)
		return NULL;
	return usage_pending(gate->usage, verdict->agreement, q->ours.address, date_month(q->now));
}

/* What this process knows about a question of which somebody has said who, what and when. */
static void facts_fill(
	struct gate *gate, const struct ruleset *rules, struct question *q, struct watched *watched)
{
	char undone[RENAME_BYTES];
	struct view known_as = rename_known_as(rules, &q->theirs, undone);

	q->trust = TRUST_PROVEN;
	/* Nothing archives yet, so what must be archived cannot be. */
	q->archive_is_down = true;
	way_fill(gate, rules, q);
	q->usage = gate->usage ? usage_view(gate->usage) : &no_usage;
	q->known_contact =
		q->known_contact ||
		(gate->contacts && contacts_has(gate->contacts, q->ours.address, known_as));
	q->limit = watch_ask(gate->watch, rules, q, watched);
}

/* Nobody said how they came. */
static enum proof best_proof(const struct ruleset *rules, struct view domain)
{
	struct peer peer;
	uint32_t proofs;

	peer_find(rules, domain, &peer);
	proofs = peer.terms ? security_proofs(&peer.terms->security) : PROOF_SASL_TLS;
	if (proofs & PROOF_SASL_TLS)
		return PROOF_SASL_TLS;
	return proofs & PROOF_DIALBACK_TLS ? PROOF_DIALBACK_TLS : PROOF_DIALBACK_TCP;
}

void gate_explain(struct gate *gate, const struct ruleset *rules, struct question *q,
	struct verdict *out, struct explanation *explanation)
{
	struct watched watched;

	if (q->now.s == 0)
		q->now = gate_now(gate);
	if (q->heading == HEADING_IN && q->protocol == PROTOCOL_XMPP)
		q->proof = best_proof(rules, q->theirs.domain);
	facts_fill(gate, rules, q, &watched);
	/* What comes finds out by trying. */
	q->seats_are_stuck = gate->usage && usage_is_stuck(gate->usage);
	decide_explain(rules, q, out, explanation);
}

void gate_message(struct gate *gate, const struct ruleset *rules, const struct gate_path *path,
	const struct parcel *parcel, struct verdict *out, struct usage_seat **seat)
{
	enum heading heading = path->heading;
	char from[GATE_ADDRESS_BYTES];
	char to[GATE_ADDRESS_BYTES];
	char undone[RENAME_BYTES];
	struct view known_as;
	struct watched watched;
	struct party sender = gate_party(&parcel->from, from);
	struct party recipient = gate_party(&parcel->to, to);
	struct question q = {
		.ours = heading == HEADING_IN ? recipient : sender,
		.theirs = heading == HEADING_IN ? sender : recipient,
		.heading = heading,
		.kind = KIND_message,
		.proof = path->proof,
		.bytes = parcel->body.len,
		.text = parcel->body,
		.subject = parcel->subject,
		.now = gate_now(gate),
	};

	question_come_by(&q, path->protocol);
	facts_fill(gate, rules, &q, &watched);
	*seat = NULL;
	decide(rules, &q, out);
	if (out->reason == REASON_none && out->takes_seat && gate->usage)
		take_seat(gate, &q, out);
	/* What is refused for something else uses nothing up. */
	if (out->reason == REASON_none || out->step > STEP_limit)
		watch_count(gate->watch, &watched);
	if (out->reason != REASON_none) {
		refused(gate, rules, &q, out);
		return;
	}
	*seat = seat_of(gate, &q, out);
	known_as = rename_known_as(rules, &q.theirs, undone);
	if (!*seat && heading == HEADING_OUT)
		gate_remember(gate, q.ours.address, known_as, q.now);
	note_conversation(gate, heading, q.ours.address, known_as, out);
}

struct stanza_error gate_stanza_error(enum reason reason)
{
	static const enum stanza_condition conditions[REASON_CONDITION_COUNT] = {
		[REASON_CONDITION_NONE] = STANZA_UNDEFINED_CONDITION,
#define GATE_CONDITION(name, text) [REASON_CONDITION_##name] = STANZA_##name,
		REASON_CONDITIONS(GATE_CONDITION)
#undef GATE_CONDITION
	};
	const struct reason_text *text = reason_text(reason);

	return (struct stanza_error){conditions[text->condition], view_of(text->outside)};
}

void gate_sip_header(enum reason reason, const char *our_domain, char out[static GATE_HEADER_BYTES])
{
	const struct reason_text *text = reason_text(reason);

	out[0] = '\0';
	if (text->diagnostics != 0)
		snprintf(out, GATE_HEADER_BYTES,
			"ms-diagnostics-public: %u;reason=\"%s\";source=\"%s\"\r\n",
			text->diagnostics, text->outside, our_domain);
	/* A better time to try this recipient, and nobody else (RFC 3261 section 21.4.18). */
	if (reason == REASON_over_messages || reason == REASON_over_errors)
		snprintf(out + strlen(out), GATE_HEADER_BYTES - strlen(out), "Retry-After: 1\r\n");
}
