/* SPDX-License-Identifier: BSD-3-Clause */
/* Requests of ours: written, sent over the link that leads there, and brought to their one outcome. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "control/counters.h"
#include "control/sip/endpoint_int.h"
#include "control/sip/lex.h"
#include "control/sip/via.h"
#include "control/sip/writer.h"

enum {
	REQUEST_MAX_BYTES = SIP_HEAD_MAX_BYTES + SIP_BODY_MAX_BYTES,
	MAX_FORWARDS = 70,
	RANDOM_HEX_BYTES = 33, /* 128 bits in hexadecimal, with NUL */
};

static bool random_hex(char out[static RANDOM_HEX_BYTES])
{
	uint64_t r[2];

	if (getrandom(r, sizeof(r), 0) != sizeof(r))
		return false;
	snprintf(out, RANDOM_HEX_BYTES, "%016llx%016llx", (unsigned long long)r[0],
		(unsigned long long)r[1]);
	return true;
}

static const struct sip_route *route_of(const struct sip_client_tx *tx)
{
	const struct sip_way *way = tx->peer;

	return sip_link_route(way->link);
}

static bool write_request(
	struct sip_endpoint *e, struct sip_client_tx *tx, const struct sip_request *request)
{
	const struct sip_route *route = route_of(tx);
	char branch[SIP_BRANCH_BYTES];
	char tag[RANDOM_HEX_BYTES], call_id[RANDOM_HEX_BYTES];
	struct view id = request->call_id;
	struct sip_writer w;

	if (!random_hex(tag) || !random_hex(call_id))
		return false;
	if (id.len == 0)
		id = view_of(call_id);
	if (!sip_is_call_id(id))
		return false;
	sip_clients_branch(e->clients, tx, branch);
	text_init(&tx->request, REQUEST_MAX_BYTES);
	sip_writer_request(&w, &tx->request, sip_method_name(request->method), request->uri);
	/* Partners may send theirs on the same connection (RFC 5923): it proves both of us. */
	sip_writer_printf(&w, "Via", "SIP/2.0/TLS %s;branch=%s%s", route->local, branch,
		route->kind == SIP_PEER_PARTNER ? ";alias" : "");
	sip_writer_printf(&w, "Max-Forwards", "%u",
		request->max_forwards ? request->max_forwards : MAX_FORWARDS);
	sip_writer_address(&w, "From", request->from, view_of(tag));
	sip_writer_address(&w, "To", request->to, (struct view){0});
	sip_writer_header(&w, "Call-ID", id);
	sip_writer_printf(&w, "CSeq", "1 %s", sip_method_name(request->method));
	sip_writer_header(&w, "User-Agent", VIEW("Picket"));
	sip_writer_lines(&w, request->extra);
	return sip_writer_end(&w, request->content_type, request->body) == 0;
}

static enum sip_peer_kind kind_of(const struct sip_way *way)
{
	return sip_link_route(way->link)->kind;
}

static void take_out(struct sip_endpoint *e, struct sip_client_tx *tx)
{
	struct sip_way *way = tx->peer;

	if (way) {
		way->waiting--;
		e->asked[kind_of(way)]--;
	}
	sip_clients_end(e->clients, tx);
}

/* Out of the table; the handler runs in the next round. */
static void finish(struct sip_endpoint *e, struct sip_client_tx *tx, enum sip_outcome outcome)
{
	take_out(e, tx);
	text_free(&tx->request);
	tx->outcome = outcome;
	if (e->finished_last)
		e->finished_last->next = tx;
	else
		e->finished_first = tx;
	e->finished_last = tx;
	sip_ways_touch(e);
	sip_endpoint_rearm(e);
}

static void write_to(
	struct sip_endpoint *e, struct sip_client_tx *tx, struct sip_connection *connection)
{
	if (!sip_connection_write(connection, text_view(&tx->request))) {
		finish(e, tx, SIP_UNREACHABLE);
		return;
	}
	tx->written = true;
	text_free(&tx->request);
	counter_add("sip", "requests_sent", 1);
}

/* Partners that do not answer leave the inside what it needs, and each other. */
static bool is_too_many(const struct sip_endpoint *e, const struct sip_way *way)
{
	return e->asked[kind_of(way)] > SIP_CLIENTS_MAX ||
	       (kind_of(way) == SIP_PEER_PARTNER && way->waiting > SIP_LINK_CLIENTS_MAX);
}

/* way NULL: there is none, for the cause. */
static struct sip_client_tx *send_on(struct sip_endpoint *e, struct sip_way *way, const char *cause,
	const struct sip_request *request, sip_response_h *handler, void *arg)
{
	struct mono now = loop_now(e->house.loop);
	struct sip_client_tx *tx =
		sip_clients_begin(e->clients, now, way, request->method, handler, arg);
	enum sip_outcome outcome;

	if (!tx)
		return NULL;
	if (!way) {
		counter_add("sip.refused", cause, 1);
		finish(e, tx, SIP_UNREACHABLE);
		return tx;
	}
	way->waiting++;
	e->asked[kind_of(way)]++;
	way->used = now;
	if (is_too_many(e, way)) {
		counter_add("sip.refused", "too_many_requests_of_ours", 1);
		finish(e, tx, SIP_UNREACHABLE);
	} else if (!write_request(e, tx, request)) {
		counter_add("sip.refused", "request_of_ours", 1);
		finish(e, tx, SIP_UNREACHABLE);
	} else if (sip_link_connection(way->link)) {
		write_to(e, tx, sip_link_connection(way->link));
	} else if (!sip_link_want(way->link, now, &outcome)) {
		finish(e, tx, outcome);
	}
	sip_endpoint_rearm(e);
	return tx;
}

struct sip_client_tx *sip_send_inside(struct sip_endpoint *e, struct view domain,
	const struct sip_request *request, sip_response_h *handler, void *arg)
{
	const struct local_domain *local = ruleset_local(e->house.generation->rules, domain);
	struct sip_way *way = local ? sip_ways_inside(e, local) : NULL;

	return send_on(e, way, local ? "no_memory" : "no_inside_route", request, handler, arg);
}

struct sip_client_tx *sip_send_partner(struct sip_endpoint *e, struct view domain,
	struct view remote, const struct sip_request *request, sip_response_h *handler, void *arg)
{
	const struct local_domain *local = ruleset_local(e->house.generation->rules, domain);
	const char *refusal = "no_such_partner";
	struct sip_way *way = NULL;

	if (local && !sip_peer_ending(e, remote))
		way = sip_ways_partner(e, local, remote, &refusal);
	return send_on(e, way, refusal, request, handler, arg);
}

void sip_uac_open(struct sip_endpoint *e, struct sip_way *way)
{
	struct sip_connection *connection = sip_link_connection(way->link);
	struct sip_client_tx *tx, *next;

	for (tx = sip_clients_next(e->clients, NULL); tx; tx = next) {
		next = sip_clients_next(e->clients, tx);
		if (tx->peer == way && !tx->written)
			write_to(e, tx, connection);
	}
}

void sip_uac_end_way(struct sip_endpoint *e, struct sip_way *way, enum sip_outcome written,
	enum sip_outcome unwritten)
{
	struct sip_client_tx *tx, *next;

	for (tx = sip_clients_next(e->clients, NULL); tx; tx = next) {
		next = sip_clients_next(e->clients, tx);
		if (tx->peer == way)
			finish(e, tx, tx->written ? written : unwritten);
	}
}

void sip_uac_move(struct sip_endpoint *e, struct sip_way *from, struct sip_way *to)
{
	struct sip_client_tx *tx, *next;
	enum sip_outcome outcome;
	bool moved = false;

	for (tx = sip_clients_next(e->clients, NULL); tx && from->waiting; tx = next) {
		next = sip_clients_next(e->clients, tx);
		if (tx->peer != from || tx->written)
			continue;
		if (!to) {
			finish(e, tx, SIP_UNREACHABLE);
			continue;
		}
		from->waiting--;
		to->waiting++;
		tx->peer = to;
		moved = true;
	}
	if (!moved)
		return;
	if (sip_link_connection(to->link))
		sip_uac_open(e, to);
	else if (!sip_link_want(to->link, loop_now(e->house.loop), &outcome))
		sip_uac_end_way(e, to, outcome, outcome);
}

/* Section 8.1.3.3: a response with a second Via went astray. */
static bool has_one_via(const struct sip_message *response)
{
	struct sip_cursor c = sip_cursor_make(sip_header_find(response, SIP_HEADER_VIA, 0)->value);
	struct fault fault;
	struct sip_via via;

	return !sip_header_find(response, SIP_HEADER_VIA, 1) &&
	       sip_via_next(&c, &via, &fault) == PARSE_DONE && sip_cursor_end(&c);
}

void sip_uac_response(struct sip_flow *flow, const struct sip_message *response)
{
	struct sip_endpoint *e = flow->endpoint;
	struct sip_client_tx *tx = NULL;

	if (flow->way && has_one_via(response) &&
		view_equal_nocase(
			response->via.host, view_of(sip_link_route(flow->way->link)->local)))
		tx = sip_clients_match(e->clients, flow->way, response);
	if (!tx) {
		counter_add("sip", "responses_unmatched", 1);
		return;
	}
	counter_add("sip", response->code < 200 ? "provisionals" : "responses", 1);
	if (response->code < 200)
		return;
	take_out(e, tx);
	tx->handler(tx->arg, SIP_RESPONDED, response);
	sip_client_tx_free(tx);
	sip_ways_touch(e);
	sip_endpoint_rearm(e);
}

static const char *outcome_name(enum sip_outcome outcome)
{
	static const char *const names[] = {[SIP_RESPONDED] = "responded",
		[SIP_TIMED_OUT] = "timed_out",
		[SIP_UNREACHABLE] = "unreachable",
		[SIP_UNTRUSTED] = "untrusted",
		[SIP_BROKEN] = "broken",
		[SIP_NO_SERVER] = "no_server",
		[SIP_SRV_CONFLICT] = "srv_conflict"};

	return names[outcome];
}

void sip_uac_tick(struct sip_endpoint *e, struct mono now)
{
	struct sip_client_tx *tx;

	while ((tx = sip_clients_expired(e->clients, now)))
		finish(e, tx, tx->written ? SIP_TIMED_OUT : SIP_UNREACHABLE);
	/* What the handlers begin and fails at once has its turn in the next round. */
	tx = e->finished_first;
	e->finished_first = e->finished_last = NULL;
	while (tx) {
		struct sip_client_tx *next = tx->next;

		counter_add("sip.outcome", outcome_name(tx->outcome), 1);
		tx->handler(tx->arg, tx->outcome, NULL);
		sip_client_tx_free(tx);
		tx = next;
	}
}
