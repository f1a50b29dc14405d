/* SPDX-License-Identifier: BSD-3-Clause */
/* Requests that come: known ones absorbed, others judged by the core, MESSAGEs given to the handler,
 * every answer written. */
#include <stdlib.h>

#include "control/counters.h"
#include "control/sip/endpoint_int.h"
#include "control/sip/response.h"
#include "control/sip/writer.h"
#include "rules/base/log.h"

enum { RESPONSE_MAX_BYTES = SIP_RESPONSE_LINES_MAX_BYTES + 2048 };

static bool flow_owns(void *arg, struct view host)
{
	return sip_flow_owns(arg, host);
}

/* One line per connection: the rest is for the counters. */
static void log_refusal(struct sip_flow *flow, const char *what, const char *cause)
{
	counter_add("sip.refused", cause, 1);
	if (flow->logged)
		return;
	flow->logged = true;
	log_info("sip: %s from %s refused: %s; more of this connection is only counted", what,
		flow->identity, cause);
}

/* An answer without a transaction (section 8.2.7): the same request gets the same again. */
static void answer(struct sip_flow *flow, const struct sip_message *request, uint16_t code,
	const char *reason, struct view extra)
{
	char tag[SIP_TAG_BYTES];
	struct text out;

	sip_tx_tag(sip_tx_key_make(&flow->endpoint->secret, view_of(flow->identity), request), tag);
	text_init(&out, RESPONSE_MAX_BYTES);
	if (sip_response_write(&out, request, code, view_of(reason), view_of(tag), extra) == 0) {
		sip_connection_write(flow->connection, text_view(&out));
		counter_add("sip", "responses_sent", 1);
	} else {
		counter_add("sip", "responses_unwritable", 1);
	}
	text_free(&out);
}

static struct sip_server_tx *tx_new(
	struct sip_flow *flow, const struct sip_message *request, struct sip_tx_key key)
{
	struct sip_endpoint *e = flow->endpoint;
	struct sip_server_tx *tx = NULL;
	char tag[SIP_TAG_BYTES];
	struct text lines;

	if (sip_servers_pending(e->servers) >= SIP_PENDING_MAX ||
		flow->pending >= SIP_FLOW_PENDING_MAX)
		return NULL;
	sip_tx_tag(key, tag);
	text_init(&lines, SIP_RESPONSE_LINES_MAX_BYTES);
	if (sip_response_lines(&lines, request, view_of(tag)) == 0)
		tx = calloc(1, sizeof(*tx));
	if (tx)
		tx->handle = sip_servers_begin(e->servers, loop_now(e->house.loop), key,
			sip_tx_merge_key_make(&e->secret, view_of(flow->identity), request), tx);
	if (!tx || tx->handle == SIP_SERVER_NONE) {
		text_free(&lines);
		free(tx);
		return NULL;
	}
	tx->endpoint = e;
	tx->flow = flow;
	tx->lines = lines;
	tx->next = e->server_txs;
	if (tx->next)
		tx->next->prev = tx;
	e->server_txs = tx;
	flow->pending++;
	return tx;
}

void sip_server_tx_free(struct sip_server_tx *tx)
{
	if (tx->flow) {
		tx->flow->pending--;
		sip_flow_settle(tx->flow);
	}
	if (tx->prev)
		tx->prev->next = tx->next;
	else
		tx->endpoint->server_txs = tx->next;
	if (tx->next)
		tx->next->prev = tx->prev;
	text_free(&tx->lines);
	free(tx);
}

static void deliver(struct sip_flow *flow, const struct sip_message *request, struct sip_tx_key key)
{
	struct sip_endpoint *e = flow->endpoint;
	struct view host = request->from.uri.host;
	struct sip_peer peer = {.kind = flow->kind};
	struct sip_server_tx *tx = tx_new(flow, request, key);

	if (!tx) {
		/* Never 503: it would take this whole server off the sender's list. */
		log_refusal(flow, "a MESSAGE", "busy");
		answer(flow, request, 500, "Too many requests at once", VIEW("Retry-After: 5\r\n"));
		return;
	}
	if (host.len && host.p[host.len - 1] == '.')
		host.len--;
	/* A server may speak for several of ours, and of theirs. */
	if (flow->kind == SIP_PEER_INSIDE)
		peer.local = ruleset_local(e->house.generation->rules, host);
	else
		peer.partner = ruleset_partner(e->house.generation->rules, host);
	counter_add("sip", "messages", 1);
	sip_endpoint_rearm(e);
	e->handlers.message(e->handlers.arg, tx, &peer, request);
}

void sip_uas_request(struct sip_flow *flow, const struct sip_message *request)
{
	struct sip_endpoint *e = flow->endpoint;
	struct sip_decision decision;
	struct sip_asker asker = {.arg = flow,
		.owns = flow_owns,
		.own_branch = sip_clients_branch_prefix(e->clients)};
	struct sip_tx_key key = sip_tx_key_make(&e->secret, view_of(flow->identity), request);
	uint16_t code;

	counter_add("sip", "requests", 1);
	switch (sip_servers_find(e->servers, loop_now(e->house.loop), key, &code)) {
	case SIP_ARRIVAL_PENDING:
		counter_add("sip", "requests_absorbed", 1);
		return;
	case SIP_ARRIVAL_ANSWERED:
		counter_add("sip", "requests_answered_again", 1);
		answer(flow, request, code, sip_reason_phrase(code), (struct view){0});
		return;
	case SIP_ARRIVAL_NEW:
		break;
	}
	if (request->to.tag.len == 0)
		asker.merged = sip_servers_merges(e->servers,
			sip_tx_merge_key_make(&e->secret, view_of(flow->identity), request));
	sip_core_decide(request, &asker, &decision);
	if (decision.fate == SIP_FATE_IGNORE)
		return;
	if (decision.fate == SIP_FATE_TAKE) {
		deliver(flow, request, key);
		return;
	}
	if (decision.cause)
		log_refusal(flow, "a request", decision.cause);
	answer(flow, request, decision.code, decision.reason,
		view_make(decision.extra, decision.extra_len));
}

void sip_uas_bad(
	struct sip_flow *flow, const struct sip_message *message, const struct sip_fault *fault)
{
	char warning[128];
	struct text extra;

	log_refusal(flow, "a message", fault->fault.cause);
	if (!fault->respond)
		return;
	text_fixed(&extra, warning, sizeof(warning));
	text_printf(&extra, "Warning: 399 picket \"%s\"\r\n", fault->fault.cause);
	answer(flow, message, fault->respond, sip_reason_phrase(fault->respond), text_view(&extra));
}

void sip_respond(struct sip_server_tx *tx, uint16_t code, const char *reason, struct view extra)
{
	struct sip_endpoint *e = tx->endpoint;
	struct view lines = text_view(&tx->lines);
	struct text out;

	if (!reason || !*reason)
		reason = sip_reason_phrase(code);
	text_init(&out, RESPONSE_MAX_BYTES);
	if (sip_response_finish(&out, code, view_of(reason), lines, extra) != 0) {
		/* The sender must hear something: the same without what other rooms added. */
		counter_add("sip.refused", "response_of_ours", 1);
		text_reset(&out);
		sip_response_finish(
			&out, code, view_of(sip_reason_phrase(code)), lines, (struct view){0});
	}
	if (tx->flow && sip_connection_write(tx->flow->connection, text_view(&out)))
		counter_add("sip", "responses_sent", 1);
	else
		counter_add("sip", "responses_lost", 1);
	text_free(&out);
	sip_servers_answer(e->servers, loop_now(e->house.loop), tx->handle, code);
	sip_server_tx_free(tx);
	sip_ways_touch(e);
}

void sip_uas_forget_flow(struct sip_flow *flow)
{
	for (struct sip_server_tx *tx = flow->endpoint->server_txs; tx; tx = tx->next)
		if (tx->flow == flow)
			tx->flow = NULL;
}

void sip_uas_tick(struct sip_endpoint *e, struct mono now)
{
	struct sip_server_tx *tx;
	struct text out;

	while ((tx = sip_servers_trying(e->servers, now))) {
		if (!tx->flow)
			continue;
		text_init(&out, RESPONSE_MAX_BYTES);
		if (sip_response_finish(&out, 100, VIEW("Trying"), text_view(&tx->lines),
			    (struct view){0}) == 0 &&
			sip_connection_write(tx->flow->connection, text_view(&out)))
			counter_add("sip", "trying_sent", 1);
		text_free(&out);
	}
}
