/* SPDX-License-Identifier: BSD-3-Clause */
/* From SIP to XMPP: a MESSAGE waits with its final response until the outcome of its stanza is
 * known (RFC 7247 section 7, RFC 3428 section 7). */
#include <errno.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "control/counters.h"
#include "control/parcel/sip_codec.h"
#include "control/parcel/warning.h"
#include "control/parcel/xmpp_codec.h"
#include "control/policy/hold.h"
#include "control/policy/rename.h"
#include "control/policy/rewrite.h"
#include "control/policy/way.h"
#include "control/session/preface.h"
#include "control/session/session_int.h"
#include "rules/base/log.h"
#include "rules/peer.h"

enum { COOKIE_BUCKETS = 1024 };

/* One MESSAGE under way. */
struct crossing {
	LIST_ENTRY(crossing) bucket; /* by cookie */
	struct to_xmpp *owner;
	uint64_t cookie;
	struct sip_server_tx *tx;
	struct tally *tally; /* the recipient's */
	struct outcome_key key;
	struct outcome *outcome; /* NULL until the stanza is written */
	struct text stanza;      /* until it goes to the pool */
	struct hold hold;        /* and before that: until the seat is on disk */
	char local[DOMAIN_MAX_BYTES + 1];
	char remote[DOMAIN_MAX_BYTES + 1];
};

struct to_xmpp {
	struct session *session;
	struct outcomes *outcomes;
	struct timer *timer;
	LIST_HEAD(, crossing) buckets[COOKIE_BUCKETS];
	uint64_t last_cookie;
	uint32_t open;
};

static void tick(void *arg);

/* Sleep until the outcomes want to be looked at. */
static void arm(struct to_xmpp *to)
{
	struct mono now = loop_now(to->session->loop);
	struct mono deadline;

	if (!outcomes_deadline(to->outcomes, &deadline))
		timer_clear(to->timer);
	else if (mono_reached(now, deadline))
		timer_set_ms(to->timer, 0);
	else
		timer_set_ms(to->timer, (deadline.ns - now.ns + NS_PER_MS - 1) / NS_PER_MS);
}

static void tick(void *arg)
{
	struct to_xmpp *to = arg;

	outcomes_tick(to->outcomes, loop_now(to->session->loop));
	arm(to);
}

static void crossing_free(struct crossing *c)
{
	LIST_REMOVE(c, bucket);
	hold_end(&c->hold);
	text_free(&c->stanza);
	free(c);
}

static void crossing_end(struct to_xmpp *to, struct crossing *c, const struct sip_answer *answer)
{
	char buffer[1024];
	struct text extra;

	text_fixed(&extra, buffer, sizeof(buffer));
	sip_answer_put_headers(answer, view_of(c->local), &extra);
	sip_respond(c->tx, answer->code, answer->reason,
		extra.failed ? (struct view){0} : text_view(&extra));
	xmpp_pool_forget(to->session->pool, c->cookie);
	to->open--;
	crossing_free(c);
}

/* tally: NULL as long as no partner is known. */
static void refuse(struct sip_server_tx *tx, struct tally *tally, uint16_t code, const char *cause,
	const char *extra)
{
	counter_add("session.refused_to_xmpp", cause, 1);
	tally_refused(tally, TALLY_TO_XMPP, cause);
	sip_respond(tx, code, sip_reason(code), view_of(extra));
}

/* One that has not gone to the pool. */
static void crossing_refuse(
	struct to_xmpp *to, struct crossing *c, uint16_t code, const char *cause, const char *extra)
{
	refuse(c->tx, c->tally, code, cause, extra);
	to->open--;
	crossing_free(c);
}

/* Written, and then nobody said what became of it. */
static void crossing_unknown(struct to_xmpp *to, struct crossing *c)
{
	struct sip_answer answer;

	sip_answer_from_fate(XMPP_STREAM_LOST, &answer);
	counter_add("session", "sip_to_xmpp_unknown", 1);
	tally_unknown(c->tally, TALLY_TO_XMPP);
	crossing_end(to, c, &answer);
}

static void on_decided(
	void *arg, void *owner, enum outcome_verdict verdict, const struct stanza_error *error)
{
	const struct sip_answer accepted = {.code = 202, .reason = "Accepted"};
	struct to_xmpp *to = arg;
	struct crossing *c = owner;
	struct sip_answer answer;

	c->outcome = NULL;
	switch (verdict) {
	case OUTCOME_ACCEPTED:
		counter_add("session", "sip_to_xmpp_accepted", 1);
		tally_delivered(c->tally, TALLY_TO_XMPP);
		crossing_end(to, c, &accepted);
		break;
	case OUTCOME_REFUSED:
		counter_add(
			"session.sip_to_xmpp_refused", stanza_condition_name(error->condition), 1);
		tally_refused(c->tally, TALLY_TO_XMPP, stanza_condition_name(error->condition));
		answer = sip_answer_from_stanza(error);
		crossing_end(to, c, &answer);
		break;
	case OUTCOME_UNKNOWN:
		crossing_unknown(to, c);
		break;
	}
}

static void on_ping(void *arg, const char *local, const char *remote, const char *id)
{
	struct to_xmpp *to = arg;
	char buffer[1024];
	struct text iq;

	text_fixed(&iq, buffer, sizeof(buffer));
	text_printf(&iq,
		"<iq from='%s' to='%s' id='%s' type='get'><ping xmlns='urn:xmpp:ping'/></iq>",
		local, remote, id);
	xmpp_pool_send(to->session->pool, view_of(local), view_of(remote), text_view(&iq), 0);
}

static void on_random(void *arg, void *out, size_t len)
{
	session_random(out, len);
}

struct to_xmpp *to_xmpp_new(struct session *session)
{
	struct to_xmpp *to = calloc(1, sizeof(*to));

	if (!to)
		return NULL;
	to->session = session;
	to->outcomes = outcomes_new(&(struct outcome_handlers){
		.arg = to, .decided = on_decided, .ping = on_ping, .random = on_random});
	to->timer = timer_new(session->loop, tick, to);
	if (to->outcomes && to->timer)
		return to;
	to_xmpp_free(to);
	return NULL;
}

void to_xmpp_stop(struct to_xmpp *to)
{
	struct crossing *c;

	for (int i = 0; i < COOKIE_BUCKETS; i++)
		while ((c = LIST_FIRST(&to->buckets[i]))) {
			if (c->outcome)
				outcome_drop(to->outcomes, c->outcome);
			if (c->stanza.len > 0)
				crossing_refuse(to, c, 500, "stopping", "Retry-After: 10\r\n");
			else
				crossing_unknown(to, c);
		}
}

void to_xmpp_free(struct to_xmpp *to)
{
	struct crossing *c;

	if (!to)
		return;
	for (int i = 0; i < COOKIE_BUCKETS; i++)
		while ((c = LIST_FIRST(&to->buckets[i])))
			crossing_free(c);
	outcomes_free(to->outcomes);
	timer_free(to->timer);
	free(to);
}

/* Bare addresses both ways: an error comes from the bare or the full address that we wrote to. */
static uint64_t hash_addresses(
	const struct session *session, const struct address *from, const struct address *to)
{
	char buffer[2 * (ADDRESS_PART_MAX_BYTES + DOMAIN_MAX_BYTES + 4)];
	struct text both;

	text_fixed(&both, buffer, sizeof(buffer));
	address_put_bare_jid(from, &both);
	text_putc(&both, '\n');
	address_put_bare_jid(to, &both);
	return siphash(&session->hash_key, both.p, both.len);
}

static struct crossing *crossing_find(struct to_xmpp *to, uint64_t cookie)
{
	struct crossing *c;

	LIST_FOREACH(c, &to->buckets[cookie % COOKIE_BUCKETS], bucket)
	if (c->cookie == cookie)
		return c;
	return NULL;
}

static struct crossing *crossing_new(
	struct to_xmpp *to, struct sip_server_tx *tx, const struct parcel *parcel)
{
	struct crossing *c = to->open < CROSSINGS_MAX ? calloc(1, sizeof(*c)) : NULL;

	if (!c)
		return NULL;
	c->owner = to;
	c->tx = tx;
	text_init(&c->stanza, STANZA_MAX_BYTES);
	c->cookie = ++to->last_cookie;
	memcpy(c->local, parcel->from.domain, sizeof(c->local));
	memcpy(c->remote, parcel->to.domain, sizeof(c->remote));
	session_random(c->key.id, sizeof(c->key.id));
	c->key.addresses = hash_addresses(to->session, &parcel->from, &parcel->to);
	LIST_INSERT_HEAD(&to->buckets[c->cookie % COOKIE_BUCKETS], c, bucket);
	to->open++;
	return c;
}

/* Is there anybody to bring it to? Whether the rules let it go is asked next: they know better why not.
 * False when tx has been answered. */
static bool may_go(struct session *session, struct sip_server_tx *tx, const struct parcel *parcel)
{
	struct view domain = view_of(parcel->to.domain);
	struct tally *tally = session_tally(session, domain);
	struct peer peer;

	peer_find(session->generation->rules, domain, &peer);

	tally_message(tally, TALLY_TO_XMPP);
	if (!parcel->to.local[0]) {
		refuse(tx, tally, 404, "no_user", "");
		return false;
	}
	/* With a gate it says so, in the words that it has for every refusal. */
	if (!session->gate && peer.standing == PEER_BLOCKED) {
		refuse(tx, tally, 403, "blocked_domain", "");
		return false;
	}
	/* The inside server serves its own domain; sending it back would be a loop. Some of its users may live
	 * at a provider; if that one has just sent it, nobody knows the user. */
	if (ruleset_local(session->generation->rules, domain) &&
		(peer.standing != PEER_PARTNER || to_sip_is_under_way(session->to_sip, parcel))) {
		refuse(tx, tally, 482, "own_domain", "");
		return false;
	}
	if (!session->gate && !peer.terms) {
		refuse(tx, tally, 403, "not_a_partner", "");
		return false;
	}
	if (peer.standing == PEER_DISCOVERED && session_is_shut(session, domain)) {
		refuse(tx, tally, 403, "blocked_domain", "");
		return false;
	}
	if (peer.terms && !peer_is_served(&peer, PROTOCOL_XMPP)) {
		refuse(tx, tally, 501, "sip_partner", "");
		return false;
	}
	return true;
}

/* Do the rules let it go? False when tx has been answered. */
static bool is_allowed(struct session *session, struct sip_server_tx *tx, struct parcel *parcel,
	struct verdict *verdict, struct usage_seat **seat)
{
	char header[GATE_HEADER_BYTES];
	const struct reason_text *text;

	*verdict = (struct verdict){0};
	*seat = NULL;
	if (!session->gate)
		return true;
	gate_message(
		session->gate, session->generation->rules, HEADING_OUT, parcel, 0, verdict, seat);
	/* It goes, and errors about it come back, under the name that it travels by. */
	if (verdict->reason == REASON_none && !rename_by_verdict(verdict, &parcel->to))
		verdict->reason = REASON_name_malformed;
	if (verdict->reason == REASON_none)
		return true;
	text = reason_text(verdict->reason);
	gate_sip_header(verdict->reason, parcel->from.domain, header);
	refuse(tx, session_tally(session, view_of(parcel->to.domain)), text->sip, text->name,
		header);
	return false;
}

static void crossing_go(struct to_xmpp *to, struct crossing *c)
{
	struct text stanza = c->stanza;

	counter_add("session", "sip_to_xmpp", 1);
	/* The pool may end the crossing inside the call. */
	c->stanza = (struct text){0};
	xmpp_pool_send(to->session->pool, view_of(c->local), view_of(c->remote), text_view(&stanza),
		c->cookie);
	text_free(&stanza);
}

/* The seat is on disk, or cannot be had. */
static void on_seat(void *arg, enum reason reason)
{
	struct crossing *c = arg;
	const struct reason_text *text = reason_text(reason);
	char header[GATE_HEADER_BYTES];

	if (reason == REASON_none) {
		crossing_go(c->owner, c);
		return;
	}
	gate_sip_header(reason, c->local, header);
	crossing_refuse(c->owner, c, text->sip, text->name, header);
}

/* A message that may go, now or when its seat is on disk. */
static void crossing_begin(struct to_xmpp *to, struct sip_server_tx *tx,
	const struct parcel *parcel, struct usage_seat *seat)
{
	struct session *session = to->session;
	struct tally *tally = session_tally(session, view_of(parcel->to.domain));
	struct crossing *c = crossing_new(to, tx, parcel);
	char id[OUTCOME_ID_TEXT_BYTES];

	if (!c) {
		refuse(tx, tally, 500, "too_many_open", "Retry-After: 10\r\n");
		return;
	}
	c->tally = tally;
	outcome_id_print(c->key.id, id);
	parcel_put_stanza(parcel, view_of(id), &c->stanza);
	if (c->stanza.failed)
		crossing_refuse(to, c, 513, "too_large", "");
	else if (!seat)
		crossing_go(to, c);
	else if (hold_begin(&c->hold, session->gate, session->generation->rules, seat, HEADING_OUT,
			 parcel, on_seat, c) < 0)
		crossing_refuse(to, c, 500, "too_many_open", "Retry-After: 10\r\n");
}

void to_xmpp_message(struct to_xmpp *to, struct sip_server_tx *tx, const struct sip_peer *peer,
	const struct sip_message *request)
{
	struct session *session = to->session;
	struct sip_refusal refusal;
	struct usage_seat *seat;
	struct verdict verdict;
	struct parcel parcel;
	struct text scratch;
	struct text rewritten;
	struct text whole;
	uint32_t notices;
	int error;

	if (session->stopping) {
		refuse(tx, NULL, 500, "stopping", "Retry-After: 10\r\n");
		return;
	}
	text_init(&scratch, STANZA_MAX_BYTES);
	text_init(&rewritten, STANZA_MAX_BYTES);
	text_init(&whole, STANZA_MAX_BYTES);
	error = parcel_from_sip(request, &parcel, &scratch, &refusal);
	if (error == -ENOMSG) {
		counter_add("session", "sip_messages_without_text", 1);
		sip_respond(tx, 200, "OK", (struct view){0});
		goto out_scratch;
	}
	if (error < 0) {
		refuse(tx, NULL, refusal.code, refusal.cause, refusal.extra);
		goto out_scratch;
	}
	if (!ruleset_local(session->generation->rules, view_of(parcel.from.domain))) {
		refuse(tx, NULL, 403, "from_not_ours", "");
		goto out_scratch;
	}
	if (!may_go(session, tx, &parcel) || !is_allowed(session, tx, &parcel, &verdict, &seat))
		goto out_scratch;
	if (!rewrite_by_verdict(&verdict, &parcel, &rewritten, &notices)) {
		refuse(tx, session_tally(session, view_of(parcel.to.domain)), 500, "no_memory",
			"Retry-After: 10\r\n");
		goto out_scratch;
	}
	if (verdict.disclaimer)
		preface_put(&parcel, notices, verdict.disclaimer, &whole);
	crossing_begin(to, tx, &parcel, seat);
out_scratch:
	text_free(&whole);
	text_free(&rewritten);
	text_free(&scratch);
}

static const char *fate_name(enum xmpp_fate fate)
{
	static const char *const names[] = {
		[XMPP_WRITTEN] = "written",
		[XMPP_NOT_FOUND] = "not_found",
		[XMPP_UNREACHABLE] = "unreachable",
		[XMPP_NOT_TRUSTED] = "not_trusted",
		[XMPP_QUEUE_FULL] = "queue_full",
		[XMPP_STREAM_LOST] = "stream_lost",
		[XMPP_NO_ROOM] = "no_room",
		[XMPP_NO_SERVER] = "srv_missing",
		[XMPP_SRV_CONFLICT] = "srv_conflict",
	};

	return names[fate];
}

void to_xmpp_fate(struct to_xmpp *to, uint64_t cookie, enum xmpp_fate fate)
{
	struct crossing *c = crossing_find(to, cookie);
	struct mono now = loop_now(to->session->loop);

	if (!c)
		return;
	if (fate == XMPP_WRITTEN) {
		c->outcome = outcome_written(to->outcomes, c->local, c->remote, &c->key, c, now);
		if (!c->outcome)
			crossing_unknown(to, c);
	} else if (c->outcome) {
		outcome_lost(to->outcomes, c->outcome, now);
	} else {
		struct sip_answer answer;

		sip_answer_from_fate(fate, &answer);
		if (answer.why != REASON_none && to->session->gate)
			way_refused(to->session->gate, c->local, c->remote, answer.why);
		counter_add("session.sip_to_xmpp_failed", fate_name(fate), 1);
		tally_refused(c->tally, TALLY_TO_XMPP, fate_name(fate));
		crossing_end(to, c, &answer);
	}
	arm(to);
}

void to_xmpp_error(struct to_xmpp *to, struct view remote, const struct parcel *error)
{
	struct outcome_key key = {
		.addresses = hash_addresses(to->session, &error->to, &error->from)};
	enum outcome_match match = OUTCOME_NO_MATCH;

	if (outcome_id_parse(error->id, key.id))
		match = outcome_error(
			to->outcomes, &key, &error->error, loop_now(to->session->loop));
	if (match == OUTCOME_LATE) {
		counter_add("session", "late_errors", 1);
		log_warning(
			"%.*s refused a message (%s) after its sender had been told that it was accepted",
			VIEW_ARG(remote), stanza_condition_name(error->error.condition));
	} else if (match == OUTCOME_NO_MATCH) {
		counter_add("session", "unmatched_errors", 1);
	}
	arm(to);
}

bool to_xmpp_pong(struct to_xmpp *to, struct view local, struct view remote, struct view id)
{
	bool ours = outcome_pong(to->outcomes, local, remote, id,
		xmpp_pool_return_streams(to->session->pool, remote), loop_now(to->session->loop));

	if (ours)
		arm(to);
	return ours;
}

uint32_t to_xmpp_open(const struct to_xmpp *to)
{
	return to->open;
}
