/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages of the inside server that ask to leave. */
#include "control/session/departure.h"

#include <errno.h>
#include <stdlib.h>

#include "control/counters.h"
#include "control/parcel/sip_codec.h"
#include "control/policy/rename.h"
#include "control/policy/rewrite.h"
#include "control/policy/way.h"
#include "control/session/keep.h"
#include "control/session/preface.h"
#include "rules/base/log.h"
#include "rules/peer.h"

enum {
	/* Whoever sent it waits 32 s (RFC 3261, Timer F); what gets out later it would hold for lost. */
	TURN_MS = 25 * 1000,
	LOG_PER_S = 10,
};

#define LATER "Retry-After: 10\r\n"

struct departures {
	struct session *session;
	LIST_HEAD(, departure) list;
	uint32_t open;
	struct mono log_second; /* of which log_count lines were written */
	uint32_t log_count;
};

struct departures *departures_new(struct session *session)
{
	struct departures *all = calloc(1, sizeof(*all));

	if (all)
		all->session = session;
	return all;
}

static void departure_free(struct departure *d)
{
	LIST_REMOVE(d, entry);
	d->all->open--;
	hold_end(&d->hold);
	free(d->strings);
	free(d);
}

void departures_stop(struct departures *all)
{
	struct departure *d, *next;

	for (d = LIST_FIRST(&all->list); d; d = next) {
		next = LIST_NEXT(d, entry);
		if (!d->carried)
			departure_refuse(d, 500, "stopping", LATER);
	}
}

void departures_free(struct departures *all)
{
	struct departure *d;

	if (!all)
		return;
	while ((d = LIST_FIRST(&all->list)))
		departure_free(d);
	free(all);
}

uint32_t departures_open(const struct departures *all)
{
	return all->open;
}

/* --- its end --- */

void departure_refuse(
	struct departure *d, uint16_t code, const char *cause, const char *header_lines)
{
	session_refuse(d->tx, d->tally, TALLY_OUT, code, cause, header_lines);
	departure_free(d);
}

void departure_answer(struct departure *d, const struct sip_answer *answer)
{
	session_answer(d->tx, answer, view_of(d->parcel.from.domain));
	departure_free(d);
}

static const char *protocol_word(enum protocol protocol)
{
	return protocol == PROTOCOL_SIP ? "SIP" : "XMPP";
}

static void departure_go(struct departure *d)
{
	struct session *session = d->all->session;

	d->carried = true;
	d->ways &= ~(1u << d->way);
	if (d->way == PROTOCOL_SIP)
		to_partner_go(session->to_partner, d);
	else
		to_xmpp_go(session->to_xmpp, d);
}

/* A server that is down does not fill the log. */
static bool may_log(struct departures *all)
{
	struct mono now = loop_now(all->session->loop);

	if (now.ns - all->log_second.ns >= NS_PER_S) {
		all->log_second = now;
		all->log_count = 0;
	}
	return all->log_count++ < LOG_PER_S;
}

static bool turn(struct departure *d, const struct sip_answer *answer, const char *cause)
{
	struct session *session = d->all->session;
	enum protocol other = d->way == PROTOCOL_SIP ? PROTOCOL_XMPP : PROTOCOL_SIP;

	if (session->stopping || !(d->ways & 1u << other) ||
		mono_since_ms(loop_now(session->loop), d->since) >= TURN_MS)
		return false;
	counter_add("session", "fell_back", 1);
	if (may_log(d->all))
		log_info("session: %s to %s: not by %s (%s): by %s", d->parcel.from.domain,
			d->parcel.to.domain, protocol_word(d->way), cause, protocol_word(other));
	d->failed = *answer;
	d->failed_cause = cause;
	d->way = other;
	departure_go(d);
	return true;
}

void departure_failed(
	struct departure *d, const struct sip_answer *answer, const char *cause, bool may_turn)
{
	struct session *session = d->all->session;
	struct sip_answer said = *answer;

	if (may_turn && turn(d, answer, cause))
		return;
	/* Of two failures the one that found a server says more. */
	if (d->failed_cause && said.code == 404) {
		said = d->failed;
		cause = d->failed_cause;
	}
	if (said.why != REASON_none && session->gate)
		way_refused(session->gate, d->parcel.from.domain, d->parcel.to.domain, said.why);
	tally_refused(d->tally, TALLY_OUT, cause);
	departure_answer(d, &said);
}

/* --- its beginning --- */

/* One that is asked for: what is known of it before it may go. */
struct asking {
	struct session *session;
	struct sip_server_tx *tx;
	struct tally *tally;
	struct parcel parcel;
	struct peer peer;
	struct verdict verdict;
	struct usage_seat *seat;
	uint32_t max_forwards;
};

static bool refused(struct asking *a, uint16_t code, const char *cause, const char *header_lines)
{
	session_refuse(a->tx, a->tally, TALLY_OUT, code, cause, header_lines);
	return false;
}

/* Is there anybody to bring it to? Whether the rules let it go is asked next: they know better why not.
 * False when tx has been answered. */
static bool may_go(struct asking *a)
{
	const struct session *session = a->session;
	struct view domain = view_of(a->parcel.to.domain);
	const struct peer *peer = &a->peer;

	if (!a->parcel.to.local[0])
		return refused(a, 404, "no_user", "");
	/* With a gate it says so, in the words that it has for every refusal. */
	if (!session->gate && peer->standing == PEER_BLOCKED)
		return refused(a, 403, "blocked_domain", "");
	/* The inside server serves its own domain; sending it back would be a loop. Some of its users may live
	 * at a provider; if that one has just sent it, nobody knows the user. */
	if (ruleset_local(session->generation->rules, domain) &&
		(peer->standing != PEER_PARTNER ||
			to_sip_is_under_way(session->to_sip, &a->parcel) ||
			from_partner_is_under_way(session->from_partner, &a->parcel)))
		return refused(a, 482, "own_domain", "");
	if (!session->gate && !peer->terms)
		return refused(a, 403, "not_a_partner", "");
	if (peer->standing == PEER_DISCOVERED && session_is_shut(session, domain))
		return refused(a, 403, "blocked_domain", "");
	return true;
}

/* Do the rules let it go, and by which ways? False when tx has been answered. */
static bool is_allowed(struct asking *a)
{
	struct session *session = a->session;
	struct verdict *verdict = &a->verdict;
	char header[GATE_HEADER_BYTES];
	const struct reason_text *text;

	if (!session->gate) {
		uint32_t ways = a->peer.terms->protocols;

		verdict->protocols = ways;
		verdict->first = ways & 1u << a->peer.terms->preferred
					 ? (enum protocol)a->peer.terms->preferred
				 : ways & 1u << PROTOCOL_SIP ? PROTOCOL_SIP
							     : PROTOCOL_XMPP;
		return true;
	}
	gate_message(session->gate, session->generation->rules,
		&(struct gate_path){.heading = HEADING_OUT}, &a->parcel, verdict, &a->seat);
	/* It goes, and errors about it come back, under the name that it travels by. */
	if (verdict->reason == REASON_none && !rename_by_verdict(verdict, &a->parcel.to))
		verdict->reason = REASON_name_malformed;
	if (verdict->reason == REASON_none)
		return true;
	text = reason_text(verdict->reason);
	gate_sip_header(verdict->reason, a->parcel.from.domain, header);
	return refused(a, text->sip, text->name, header);
}

/* The seat is on disk, or cannot be had. */
static void on_seat(void *arg, enum reason reason)
{
	struct departure *d = arg;
	const struct reason_text *text = reason_text(reason);
	char header[GATE_HEADER_BYTES];

	if (reason == REASON_none) {
		departure_go(d);
		return;
	}
	gate_sip_header(reason, d->parcel.from.domain, header);
	departure_refuse(d, text->sip, text->name, header);
}

static struct departure *departure_new(struct departures *all, const struct asking *a)
{
	struct departure *d = all->open < CROSSINGS_MAX ? calloc(1, sizeof(*d)) : NULL;

	if (!d)
		return NULL;
	d->all = all;
	d->tx = a->tx;
	d->tally = a->tally;
	d->parcel = a->parcel;
	d->max_forwards = a->max_forwards;
	d->ways = a->verdict.protocols;
	d->way = a->verdict.first;
	d->since = loop_now(all->session->loop);
	if (!parcel_keep(&d->parcel, &d->strings)) {
		free(d);
		return NULL;
	}
	LIST_INSERT_HEAD(&all->list, d, entry);
	all->open++;
	return d;
}

/* A message that may go, now or when its seat is on disk. */
static void depart(struct departures *all, const struct asking *a)
{
	struct session *session = all->session;
	struct departure *d = departure_new(all, a);

	if (!d)
		session_refuse(a->tx, a->tally, TALLY_OUT, 500, "too_many_open", LATER);
	else if (!a->seat)
		departure_go(d);
	else if (hold_begin(&d->hold, session->gate, session->generation->rules, a->seat,
			 HEADING_OUT, &d->parcel, on_seat, d) < 0)
		departure_refuse(d, 500, "too_many_open", LATER);
}

/* Texts that the rules make of it are in these. */
static void ask(struct departures *all, struct asking *a, struct text texts[static 2])
{
	const struct ruleset *rules = all->session->generation->rules;
	struct view domain = view_of(a->parcel.to.domain);
	uint32_t notices;

	if (!ruleset_local(rules, view_of(a->parcel.from.domain))) {
		refused(a, 403, "from_not_ours", "");
		return;
	}
	a->tally = session_tally(all->session, domain);
	peer_find(rules, domain, &a->peer);
	tally_message(a->tally, TALLY_OUT);
	if (!may_go(a) || !is_allowed(a))
		return;
	if (!rewrite_by_verdict(&a->verdict, &a->parcel, &texts[0], &notices)) {
		refused(a, 500, "no_memory", LATER);
		return;
	}
	if (a->verdict.disclaimer)
		preface_put(&a->parcel, notices, a->verdict.disclaimer, &texts[1]);
	depart(all, a);
}

void departures_message(
	struct departures *all, struct sip_server_tx *tx, const struct sip_message *request)
{
	struct asking a = {
		.session = all->session, .tx = tx, .max_forwards = request->max_forwards};
	struct sip_refusal refusal;
	struct text texts[3];
	int error;

	if (all->session->stopping) {
		refused(&a, 500, "stopping", LATER);
		return;
	}
	for (size_t i = 0; i < 3; i++)
		text_init(&texts[i], STANZA_MAX_BYTES);
	error = parcel_from_sip(request, &a.parcel, &texts[2], &refusal);
	if (error == -ENOMSG) {
		counter_add("session", "sip_messages_without_text", 1);
		sip_respond(tx, 200, "OK", (struct view){0});
	} else if (error < 0) {
		refused(&a, refusal.code, refusal.cause, refusal.extra);
	} else {
		ask(all, &a, texts);
	}
	for (size_t i = 0; i < 3; i++)
		text_free(&texts[i]);
}
