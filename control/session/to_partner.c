/* SPDX-License-Identifier: BSD-3-Clause */
/* From the inside server to a partner's SIP server: a MESSAGE waits with its final response for that of ours. */
#include <stdlib.h>
#include <sys/queue.h>

#include "control/counters.h"
#include "control/session/departure.h"
#include "control/session/keep.h"

/* One MESSAGE under way. */
struct crossing {
	LIST_ENTRY(crossing) entry;
	struct departure
		*departure; /* NULL: its requester has heard already, the edge is stopping */
};

struct to_partner {
	struct session *session;
	LIST_HEAD(, crossing) list;
};

struct to_partner *to_partner_new(struct session *session)
{
	struct to_partner *to = calloc(1, sizeof(*to));

	if (to)
		to->session = session;
	return to;
}

static struct departure *crossing_end(struct crossing *c)
{
	struct departure *d = c->departure;

	LIST_REMOVE(c, entry);
	free(c);
	return d;
}

void to_partner_free(struct to_partner *to)
{
	struct crossing *c;

	if (!to)
		return;
	while ((c = LIST_FIRST(&to->list)))
		crossing_end(c);
	free(to);
}

static void say_unknown(struct departure *d, enum sip_outcome outcome)
{
	struct sip_answer answer;

	sip_answer_from_outcome(outcome, NULL, &answer);
	counter_add("session", "sip_to_sip_out_unknown", 1);
	tally_unknown(d->tally, TALLY_OUT);
	departure_answer(d, &answer);
}

/* Their transactions go on without them. */
void to_partner_stop(struct to_partner *to)
{
	struct crossing *c;

	LIST_FOREACH(c, &to->list, entry)
	if (c->departure) {
		struct departure *d = c->departure;

		c->departure = NULL;
		say_unknown(d, SIP_BROKEN);
	}
}

static void say_response(struct departure *d, const struct sip_message *response)
{
	struct sip_answer answer;

	sip_answer_from_outcome(SIP_RESPONDED, response, &answer);
	if (answer.code < 300) {
		counter_add("session", "sip_to_sip_out_delivered", 1);
		tally_delivered(d->tally, TALLY_OUT);
	} else {
		const char *cause = stanza_condition_name(stanza_from_sip_code(response->code));

		counter_add("session.sip_to_sip_out_refused", cause, 1);
		tally_refused(d->tally, TALLY_OUT, cause);
	}
	departure_answer(d, &answer);
}

static void on_response(void *arg, enum sip_outcome outcome, const struct sip_message *response)
{
	struct departure *d = crossing_end(arg);
	struct sip_answer answer;

	if (!d) {
		counter_add("session", "answered_while_stopping", 1);
		return;
	}
	switch (outcome) {
	case SIP_RESPONDED:
		say_response(d, response);
		break;
	case SIP_TIMED_OUT:
	case SIP_BROKEN:
		say_unknown(d, outcome);
		break;
	case SIP_UNREACHABLE:
	case SIP_UNTRUSTED:
	case SIP_NO_SERVER:
	case SIP_SRV_CONFLICT:
		sip_answer_from_outcome(outcome, NULL, &answer);
		counter_add("session.sip_to_sip_out_failed", session_outcome_word(outcome), 1);
		departure_failed(d, &answer, session_outcome_word(outcome), true);
		break;
	}
}

/* It begins a transaction, or is refused. */
static void crossing_go(
	struct to_partner *to, struct crossing *c, const struct sip_request *request)
{
	const struct parcel *parcel = &c->departure->parcel;

	if (sip_send_partner(to->session->endpoint, view_of(parcel->from.domain),
		    view_of(parcel->to.domain), request, on_response, c))
		counter_add("session", "sip_to_sip_out", 1);
	else
		departure_refuse(crossing_end(c), 500, "not_sent", "Retry-After: 10\r\n");
}

void to_partner_go(struct to_partner *to, struct departure *d)
{
	struct stanza_error refusal;
	struct sip_request request;
	struct crossing *c;
	uint8_t *strings;

	/* With the last hop that it had it has come to us. */
	if (d->max_forwards < 2) {
		departure_refuse(d, 483, "max_forwards", "");
		return;
	}
	if (request_make(to->session, &d->parcel, SIP_REQUEST_MAX_BYTES, &request, &strings,
		    &refusal) < 0) {
		struct sip_refusal why = request_refusal(&refusal);

		departure_refuse(d, why.code, why.cause, why.extra);
		return;
	}
	request.max_forwards = d->max_forwards - 1;
	c = calloc(1, sizeof(*c));
	if (c) {
		c->departure = d;
		LIST_INSERT_HEAD(&to->list, c, entry);
		crossing_go(to, c, &request);
	} else {
		departure_refuse(d, 500, "no_memory", "Retry-After: 10\r\n");
	}
	free(strings);
}
