/* SPDX-License-Identifier: BSD-3-Clause */
/* From SIP to XMPP: a MESSAGE waits with its final response until the outcome of its stanza is
 * known (RFC 7247 section 7, RFC 3428 section 7). */
#include <errno.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "control/counters.h"
#include "control/parcel/warning.h"
#include "control/parcel/xmpp_codec.h"
#include "control/session/departure.h"
#include "rules/base/log.h"

enum { COOKIE_BUCKETS = 1024 };

/* One MESSAGE under way. */
struct crossing {
	LIST_ENTRY(crossing) bucket; /* by cookie */
	uint64_t cookie;
	struct departure *departure;
	struct outcome_key key;
	struct outcome *outcome; /* NULL until the stanza is written */
};

struct to_xmpp {
	struct session *session;
	struct outcomes *outcomes;
	struct timer *timer;
	LIST_HEAD(, crossing) buckets[COOKIE_BUCKETS];
	uint64_t last_cookie;
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

/* No more fates for it, and it is somebody else's again. */
static struct departure *crossing_end(struct to_xmpp *to, struct crossing *c)
{
	struct departure *d = c->departure;

	xmpp_pool_forget(to->session->pool, c->cookie);
	LIST_REMOVE(c, bucket);
	free(c);
	return d;
}

/* Written, and then nobody said what became of it. */
static void crossing_unknown(struct to_xmpp *to, struct crossing *c)
{
	struct departure *d = crossing_end(to, c);
	struct sip_answer answer;

	sip_answer_from_fate(XMPP_STREAM_LOST, &answer);
	counter_add("session", "sip_to_xmpp_unknown", 1);
	tally_unknown(d->tally, TALLY_OUT);
	departure_answer(d, &answer);
}

static void on_decided(
	void *arg, void *owner, enum outcome_verdict verdict, const struct stanza_error *error)
{
	const struct sip_answer accepted = {.code = 202, .reason = "Accepted"};
	struct to_xmpp *to = arg;
	struct crossing *c = owner;
	struct departure *d = c->departure;
	struct sip_answer answer;

	c->outcome = NULL;
	switch (verdict) {
	case OUTCOME_ACCEPTED:
		counter_add("session", "sip_to_xmpp_accepted", 1);
		tally_delivered(d->tally, TALLY_OUT);
		departure_answer(crossing_end(to, c), &accepted);
		break;
	case OUTCOME_REFUSED:
		counter_add(
			"session.sip_to_xmpp_refused", stanza_condition_name(error->condition), 1);
		tally_refused(d->tally, TALLY_OUT, stanza_condition_name(error->condition));
		answer = sip_answer_from_stanza(error);
		departure_answer(crossing_end(to, c), &answer);
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
			crossing_unknown(to, c);
		}
}

void to_xmpp_free(struct to_xmpp *to)
{
	struct crossing *c;

	if (!to)
		return;
	for (int i = 0; i < COOKIE_BUCKETS; i++)
		while ((c = LIST_FIRST(&to->buckets[i]))) {
			LIST_REMOVE(c, bucket);
			free(c);
		}
	outcomes_free(to->outcomes);
	timer_free(to->timer);
	free(to);
}

static struct crossing *crossing_find(struct to_xmpp *to, uint64_t cookie)
{
	struct crossing *c;

	LIST_FOREACH(c, &to->buckets[cookie % COOKIE_BUCKETS], bucket)
	if (c->cookie == cookie)
		return c;
	return NULL;
}

static struct crossing *crossing_new(struct to_xmpp *to, struct departure *d)
{
	struct crossing *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->departure = d;
	c->cookie = ++to->last_cookie;
	session_random(c->key.id, sizeof(c->key.id));
	c->key.addresses = session_hash_pair(to->session, &d->parcel.from, &d->parcel.to);
	LIST_INSERT_HEAD(&to->buckets[c->cookie % COOKIE_BUCKETS], c, bucket);
	return c;
}

void to_xmpp_go(struct to_xmpp *to, struct departure *d)
{
	struct crossing *c = crossing_new(to, d);
	char id[OUTCOME_ID_TEXT_BYTES];
	struct text stanza;

	if (!c) {
		departure_refuse(d, 500, "no_memory", "Retry-After: 10\r\n");
		return;
	}
	text_init(&stanza, STANZA_MAX_BYTES);
	outcome_id_print(c->key.id, id);
	parcel_put_stanza(&d->parcel, view_of(id), &stanza);
	if (stanza.failed) {
		departure_refuse(crossing_end(to, c), 513, "too_large", "");
	} else {
		counter_add("session", "sip_to_xmpp", 1);
		xmpp_pool_send(to->session->pool, view_of(d->parcel.from.domain),
			view_of(d->parcel.to.domain), text_view(&stanza), c->cookie);
	}
	text_free(&stanza);
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

/* Has the way itself failed, before anything went by it? A queue that is full moves on, and what went by
 * another way would overtake what waits in it. */
static bool is_no_way(enum xmpp_fate fate)
{
	return fate != XMPP_QUEUE_FULL && fate != XMPP_NO_ROOM;
}

/* Nothing of it was written. */
static void crossing_failed(struct to_xmpp *to, struct crossing *c, enum xmpp_fate fate)
{
	struct sip_answer answer;

	sip_answer_from_fate(fate, &answer);
	counter_add("session.sip_to_xmpp_failed", fate_name(fate), 1);
	departure_failed(crossing_end(to, c), &answer, fate_name(fate), is_no_way(fate));
}

void to_xmpp_fate(struct to_xmpp *to, uint64_t cookie, enum xmpp_fate fate)
{
	struct crossing *c = crossing_find(to, cookie);
	struct mono now = loop_now(to->session->loop);

	if (!c)
		return;
	if (fate == XMPP_WRITTEN) {
		const struct parcel *parcel = &c->departure->parcel;

		c->outcome = outcome_written(
			to->outcomes, parcel->from.domain, parcel->to.domain, &c->key, c, now);
		if (!c->outcome)
			crossing_unknown(to, c);
	} else if (c->outcome) {
		outcome_lost(to->outcomes, c->outcome, now);
	} else if (fate == XMPP_STREAM_LOST) {
		crossing_unknown(to, c);
	} else {
		crossing_failed(to, c, fate);
	}
	arm(to);
}

void to_xmpp_error(struct to_xmpp *to, struct view remote, const struct parcel *error)
{
	struct outcome_key key = {
		.addresses = session_hash_pair(to->session, &error->to, &error->from)};
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
