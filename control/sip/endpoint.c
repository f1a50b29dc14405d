/* SPDX-License-Identifier: BSD-3-Clause */
/* The endpoint: connections and who is on them, links to the inside, the timer of all transactions. */
#include "control/sip/endpoint.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include "control/counters.h"
#include "control/sip/endpoint_int.h"
#include "control/sip/partner_proof.h"
#include "rules/base/log.h"

void sip_endpoint_rearm(struct sip_endpoint *e)
{
	struct mono now = loop_now(e->house.loop);
	int64_t servers = sip_servers_wait_ms(e->servers, now);
	int64_t clients = sip_clients_wait_ms(e->clients, now);
	int64_t wait = servers;

	if (wait < 0 || (clients >= 0 && clients < wait))
		wait = clients;
	if (e->finished_first)
		wait = 0;
	if (wait < 0)
		timer_clear(e->timer);
	else
		timer_set_ms(e->timer, (uint64_t)wait);
}

static void on_timer(void *arg)
{
	struct sip_endpoint *e = arg;
	struct mono now = loop_now(e->house.loop);

	sip_uas_tick(e, now);
	sip_uac_tick(e, now);
	sip_endpoint_rearm(e);
}

struct sip_flow *sip_flow_new(struct sip_endpoint *e, enum sip_peer_kind kind)
{
	struct sip_flow *flow;

	if (e->flow_count >= SIP_FLOWS_MAX)
		return NULL;
	flow = calloc(1, sizeof(*flow));
	if (!flow)
		return NULL;
	flow->locals = calloc(e->house.rules->local_count + 1, sizeof(*flow->locals));
	if (!flow->locals) {
		free(flow);
		return NULL;
	}
	flow->endpoint = e;
	flow->kind = kind;
	flow->next = e->flows;
	if (flow->next)
		flow->next->prev = flow;
	e->flows = flow;
	e->flow_count++;
	return flow;
}

/* The connection is freed by itself or by its link. */
void sip_flow_free(struct sip_flow *flow)
{
	struct sip_endpoint *e = flow->endpoint;

	sip_uas_forget_flow(flow);
	if (flow->prev)
		flow->prev->next = flow->next;
	else
		e->flows = flow->next;
	if (flow->next)
		flow->next->prev = flow->prev;
	if (!flow->proven)
		e->handshakes--;
	e->flow_count--;
	free(flow->locals);
	free(flow);
}

/* Whose server is this? Every local domain whose inside route names it counts. */
static bool prove_inside(struct sip_flow *flow, X509 *certificate)
{
	const struct ruleset *rules = flow->endpoint->house.rules;
	const char *name = NULL;

	for (uint32_t i = 0; i < rules->local_count; i++) {
		const char *wanted = rules->locals[i].inside.name;

		flow->locals[i] = identity_is_sip(certificate, view_of(wanted));
		if (flow->locals[i] && !name)
			name = wanted;
	}
	if (name)
		snprintf(flow->identity, sizeof(flow->identity), "inside %s", name);
	return name;
}

static bool prove_partner(struct sip_flow *flow, X509 *certificate)
{
	char name[DOMAIN_ASCII_BYTES];

	flow->partner = sip_partner_proven(flow->endpoint->house.rules, certificate, name);
	if (flow->partner)
		snprintf(flow->identity, sizeof(flow->identity), "partner %s", name);
	return flow->partner;
}

static void tell_verified(const struct sip_flow *flow)
{
	const struct sip_endpoint_handlers *handlers = &flow->endpoint->handlers;

	if (handlers->verified && flow->partner && !flow->link)
		handlers->verified(
			handlers->arg, sip_connection_fd(flow->connection), flow->partner);
}

void sip_endpoint_tell_verified(const struct sip_endpoint *e)
{
	for (const struct sip_flow *flow = e->flows; flow; flow = flow->next)
		if (flow->proven)
			tell_verified(flow);
}

static bool on_ready(void *arg, struct sip_connection *connection, SSL *ssl)
{
	struct sip_flow *flow = arg;
	struct tls_peer peer;
	bool known;

	tls_peer(ssl, &peer);
	known = peer.chain_valid &&
		(flow->kind == SIP_PEER_INSIDE ? prove_inside(flow, peer.certificate)
					       : prove_partner(flow, peer.certificate));
	if (!known) {
		counter_add("sip.refused", "peer_unknown", 1);
		return false;
	}
	flow->proven = true;
	flow->endpoint->handshakes--;
	counter_add(
		"sip", flow->kind == SIP_PEER_INSIDE ? "inside_accepted" : "partner_accepted", 1);
	tell_verified(flow);
	return true;
}

static void take(struct sip_flow *flow, const struct sip_message *message)
{
	if (message->is_request)
		sip_uas_request(flow, message);
	else
		sip_uac_response(flow, message);
}

static void on_message(
	void *arg, struct sip_connection *connection, const struct sip_message *message)
{
	take(arg, message);
}

static void on_bad(void *arg, struct sip_connection *connection, const struct sip_message *message,
	const struct sip_fault *fault)
{
	sip_uas_bad(arg, message, fault);
}

static void on_ended(
	void *arg, struct sip_connection *connection, enum sip_end end, const char *cause)
{
	struct sip_flow *flow = arg;
	char address[IP_TEXT_BYTES];

	counter_add("sip.closed", cause, 1);
	if (end != SIP_END_CLOSED)
		counter_add("sip.refused", cause, 1);
	if (!flow->logged) {
		ip_address_print(&flow->address, address);
		log_info("sip: connection from %s (%s) ended: %s", address,
			flow->proven ? flow->identity : "peer not proven", cause);
	}
	sip_flow_free(flow);
}

static void accept_flow(
	struct sip_endpoint *e, int fd, const struct ip_address *peer, enum sip_peer_kind kind)
{
	struct sip_connection_handlers handlers = {
		.ready = on_ready, .message = on_message, .bad = on_bad, .ended = on_ended};
	struct sip_flow *flow = NULL;

	if (e->handshakes < SIP_HANDSHAKES_MAX)
		flow = sip_flow_new(e, kind);
	if (!flow) {
		counter_add("sip.refused", "too_many_connections", 1);
		close(fd);
		return;
	}
	e->handshakes++;
	flow->address = *peer;
	snprintf(flow->identity, sizeof(flow->identity), "nobody");
	handlers.arg = flow;
	flow->connection = sip_connection_new(
		e->house.loop, fd, tls_accept_by_sni(e->house.tls, TLS_SIP), false, &handlers);
	if (!flow->connection) {
		counter_add("sip.refused", "no_memory", 1);
		sip_flow_free(flow);
	}
}

void sip_endpoint_accept_partner(struct sip_endpoint *e, int fd, const struct ip_address *peer)
{
	accept_flow(e, fd, peer, SIP_PEER_PARTNER);
}

void sip_endpoint_accept_inside(struct sip_endpoint *e, int fd, const struct ip_address *peer)
{
	accept_flow(e, fd, peer, SIP_PEER_INSIDE);
}

/* A link's server proved the one name of its route; whatever local domains share it are its own. */
static void on_link_open(void *arg, struct sip_link *link, struct sip_connection *connection)
{
	const struct local_domain *local = sip_link_local(link);
	struct sip_endpoint *e = arg;
	struct sip_flow *flow = sip_flow_new(e, SIP_PEER_INSIDE);

	if (!flow) {
		counter_add("sip.refused", "too_many_connections", 1);
		sip_connection_close(connection, "too_many_connections");
		return;
	}
	flow->connection = connection;
	flow->link = link;
	flow->proven = true;
	for (uint32_t i = 0; i < e->house.rules->local_count; i++)
		flow->locals[i] = view_equal_nocase(view_of(e->house.rules->locals[i].inside.name),
			view_of(local->inside.name));
	snprintf(flow->identity, sizeof(flow->identity), "inside %s", local->inside.name);
	sip_connection_set_owner(connection, flow);
	sip_uac_open(e, link);
}

static void on_link_failed(void *arg, struct sip_link *link, enum sip_outcome outcome)
{
	sip_uac_end_link(arg, link, outcome, outcome);
}

static void on_link_lost(
	void *arg, struct sip_link *link, struct sip_connection *connection, bool delivered_nothing)
{
	struct sip_flow *flow = sip_connection_owner(connection);

	sip_uac_end_link(
		arg, link, delivered_nothing ? SIP_UNREACHABLE : SIP_BROKEN, SIP_UNREACHABLE);
	if (flow)
		sip_flow_free(flow);
}

static void on_link_message(void *arg, struct sip_link *link, struct sip_connection *connection,
	const struct sip_message *message)
{
	take(sip_connection_owner(connection), message);
}

static void on_link_bad(void *arg, struct sip_link *link, struct sip_connection *connection,
	const struct sip_message *message, const struct sip_fault *fault)
{
	sip_uas_bad(sip_connection_owner(connection), message, fault);
}

struct sip_link *sip_endpoint_link(struct sip_endpoint *e, const struct local_domain *local)
{
	const struct sip_link_handlers handlers = {.arg = e,
		.open = on_link_open,
		.failed = on_link_failed,
		.lost = on_link_lost,
		.message = on_link_message,
		.bad = on_link_bad};
	struct sip_link **slot = &e->links[local - e->house.rules->locals];

	if (!*slot)
		*slot = sip_link_new(&e->house, local, &handlers);
	return *slot;
}

struct sip_endpoint *sip_endpoint_new(struct loop *loop, struct filter_client *filter,
	struct resolver *resolver, struct generation *generation,
	const struct sip_endpoint_handlers *handlers)
{
	struct sip_endpoint *e = calloc(1, sizeof(*e));
	uint64_t instance;

	if (!e)
		return NULL;
	e->house = (struct sip_link_house){loop, filter, resolver, generation_hold(generation),
		generation->tls, generation->rules};
	e->handlers = *handlers;
	if (getrandom(&instance, sizeof(instance), 0) != sizeof(instance) ||
		siphash_key_random(&e->secret.a) < 0 || siphash_key_random(&e->secret.b) < 0) {
		free(e);
		return NULL;
	}
	e->links = calloc(generation->rules->local_count + 1, sizeof(*e->links));
	e->servers = sip_servers_new(SIP_SERVERS_MAX);
	e->clients = sip_clients_new(instance);
	e->timer = timer_new(loop, on_timer, e);
	if (!e->links || !e->servers || !e->clients || !e->timer) {
		sip_endpoint_free(e);
		return NULL;
	}
	return e;
}

void sip_endpoint_free(struct sip_endpoint *e)
{
	struct sip_client_tx *tx;

	if (!e)
		return;
	while (e->server_txs)
		sip_server_tx_free(e->server_txs);
	while (e->flows) {
		if (!e->flows->link)
			sip_connection_free(e->flows->connection);
		sip_flow_free(e->flows);
	}
	for (uint32_t i = 0; e->links && i < e->house.rules->local_count; i++)
		sip_link_free(e->links[i]);
	while ((tx = e->finished_first)) {
		e->finished_first = tx->next;
		sip_client_tx_free(tx);
	}
	sip_clients_free(e->clients);
	sip_servers_free(e->servers);
	timer_free(e->timer);
	generation_drop(e->house.generation);
	free(e->links);
	free(e);
}

static json_t *flow_json(const struct sip_flow *flow)
{
	char address[IP_TEXT_BYTES] = "";

	if (!flow->link)
		ip_address_print(&flow->address, address);
	return json_pack("{s:s, s:s, s:s, s:s, s:b, s:i}", "protocol", "sip", "direction",
		flow->link ? "out" : "in", "peer", flow->identity, "address",
		flow->link ? sip_link_local(flow->link)->inside.host : address, "ready",
		flow->proven, "pending", (int)flow->pending);
}

json_t *sip_endpoint_json(const struct sip_endpoint *e)
{
	json_t *list = json_array();

	for (const struct sip_flow *flow = e->flows; flow; flow = flow->next)
		json_array_append_new(list, flow_json(flow));
	for (uint32_t i = 0; i < e->house.rules->local_count; i++) {
		const struct local_domain *local = &e->house.rules->locals[i];

		if (!e->links[i] || sip_link_connection(e->links[i]))
			continue;
		json_array_append_new(list,
			json_pack("{s:s, s:s, s:s, s:s, s:b, s:s}", "protocol", "sip", "direction",
				"out", "peer", local->inside.name, "address", local->inside.host,
				"ready", 0, "state", sip_link_state(e->links[i])));
	}
	return list;
}
