/* SPDX-License-Identifier: BSD-3-Clause */
/* The endpoint: its life, connections that are accepted, the timer of all transactions. */
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
	int64_t ways = sip_ways_wait_ms(e, now);
	int64_t wait = servers;

	if (wait < 0 || (clients >= 0 && clients < wait))
		wait = clients;
	if (wait < 0 || (ways >= 0 && ways < wait))
		wait = ways;
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
	if (sip_ways_wait_ms(e, now) == 0)
		sip_ways_sweep(e, now);
	sip_endpoint_rearm(e);
}

void sip_endpoint_tell_verified(const struct sip_endpoint *e)
{
	for (const struct sip_flow *flow = e->flows; flow; flow = flow->next)
		sip_flow_tell_verified(flow);
}

/* What an operator may want to have among certificate_names. */
static void name_unknown(struct sip_flow *flow, X509 *certificate)
{
	char names[SIP_CERTIFICATE_TEXT_BYTES];

	sip_certificate_show(certificate, names);
	snprintf(flow->identity, sizeof(flow->identity), "peer not proven, certificate of %s",
		names);
}

static bool on_ready(void *arg, struct sip_connection *connection, SSL *ssl)
{
	struct sip_flow *flow = arg;
	struct tls_peer peer;
	const char *full;

	tls_peer(ssl, &peer);
	if (!peer.chain_valid || !sip_flow_prove(flow, peer.certificate)) {
		counter_add("sip.refused", "peer_unknown", 1);
		if (peer.chain_valid)
			name_unknown(flow, peer.certificate);
		return false;
	}
	full = sip_flow_settle_in(flow);
	if (full) {
		counter_add("sip.refused", full, 1);
		return false;
	}
	counter_add("sip",
		flow->kind == SIP_PEER_INSIDE ? "inside_accepted"
		: flow->stranger              ? "discovered_accepted"
					      : "partner_accepted",
		1);
	sip_flow_tell_verified(flow);
	return true;
}

static void on_message(
	void *arg, struct sip_connection *connection, const struct sip_message *message)
{
	if (message->is_request)
		sip_uas_request(arg, message);
	else
		sip_uac_response(arg, message);
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
		log_info("sip: connection from %s (%s) ended: %s", address, flow->identity, cause);
	}
	sip_flow_free(flow);
}

static void accept_flow(struct sip_endpoint *e, int fd, const struct ip_address *peer,
	const struct origin *origin, enum sip_peer_kind kind)
{
	struct sip_connection_handlers handlers = {
		.ready = on_ready, .message = on_message, .bad = on_bad, .ended = on_ended};
	const struct handshake_place place = {e->house.loop, e->house.door.hands};
	struct sip_flow *flow = sip_flow_new(e, kind);

	if (!flow) {
		counter_add("sip.refused", "no_memory", 1);
		close(fd);
		return;
	}
	if (!guests_enter(
		    e->house.door.guests, &flow->guest, origin, peer, loop_now(e->house.loop))) {
		sip_flow_free(flow);
		close(fd);
		return;
	}
	flow->address = *peer;
	snprintf(flow->identity, sizeof(flow->identity), "peer not proven");
	handlers.arg = flow;
	flow->connection = sip_connection_new(&place, fd,
		tls_accept_by_sni(e->house.generation->tls, TLS_SIP), origin, false, &handlers);
	if (!flow->connection) {
		counter_add("sip.refused", "no_memory", 1);
		sip_flow_free(flow);
	}
}

void sip_endpoint_door(struct sip_endpoint *e, const struct door *door)
{
	e->house.door = *door;
}

void sip_endpoint_discover(struct sip_endpoint *e, struct discovered *discovered)
{
	e->discovered = discovered;
}

void sip_endpoint_accept_partner(
	struct sip_endpoint *e, int fd, const struct ip_address *peer, uint32_t mark)
{
	const struct origin origin =
		known_origin(e->house.door.known, mark, peer, loop_now(e->house.loop));

	accept_flow(e, fd, peer, &origin, SIP_PEER_PARTNER);
}

void sip_endpoint_accept_inside(struct sip_endpoint *e, int fd, const struct ip_address *peer)
{
	const struct origin origin = origin_own(PARTNER_NONE);

	accept_flow(e, fd, peer, &origin, SIP_PEER_INSIDE);
}

struct sip_endpoint *sip_endpoint_new(struct loop *loop, struct filter_client *filter,
	struct resolver *resolver, struct generation *generation,
	const struct sip_endpoint_handlers *handlers)
{
	struct sip_endpoint *e = calloc(1, sizeof(*e));
	struct siphash_key key;
	uint64_t instance;

	if (!e)
		return NULL;
	e->house = (struct sip_link_house){
		loop, filter, resolver, generation_hold(generation), {NULL, NULL, NULL}};
	e->handlers = *handlers;
	if (getrandom(&instance, sizeof(instance), 0) != sizeof(instance) ||
		siphash_key_random(&e->secret.a) < 0 || siphash_key_random(&e->secret.b) < 0 ||
		siphash_key_random(&key) < 0) {
		sip_endpoint_free(e);
		return NULL;
	}
	table_init(&e->leading, key);
	e->servers = sip_servers_new(SIP_SERVERS_MAX);
	e->clients = sip_clients_new(instance);
	e->timer = timer_new(loop, on_timer, e);
	if (!e->servers || !e->clients || !e->timer) {
		sip_endpoint_free(e);
		return NULL;
	}
	return e;
}

/* End what may not be any more, `old` being what was in force before. */
static void review(struct sip_endpoint *e, const struct ruleset *old)
{
	for (struct sip_flow *flow = e->flows; flow; flow = flow->next)
		sip_flow_adopt(flow, old);
	sip_ways_adopt(e);
}

void sip_endpoint_adopt(struct sip_endpoint *e, struct generation *generation)
{
	struct generation *old = e->house.generation;

	e->house.generation = generation_hold(generation);
	review(e, old->rules);
	generation_drop(old);
}

void sip_endpoint_review(struct sip_endpoint *e)
{
	review(e, e->house.generation->rules);
}

void sip_endpoint_free(struct sip_endpoint *e)
{
	struct sip_client_tx *tx;

	if (!e)
		return;
	while (e->server_txs)
		sip_server_tx_free(e->server_txs);
	while (e->flows) {
		if (!e->flows->way)
			sip_connection_free(e->flows->connection);
		sip_flow_free(e->flows);
	}
	sip_ways_free(e);
	while ((tx = e->finished_first)) {
		e->finished_first = tx->next;
		sip_client_tx_free(tx);
	}
	sip_clients_free(e->clients);
	sip_servers_free(e->servers);
	timer_free(e->timer);
	generation_drop(e->house.generation);
	free(e);
}

static json_t *flow_json(const struct sip_flow *flow)
{
	char address[IP_TEXT_BYTES] = "";

	if (flow->address.family_bits)
		ip_address_print(&flow->address, address);
	return json_pack("{s:s, s:s, s:s, s:s*, s:s, s:b, s:i}", "protocol", "sip", "direction",
		flow->way ? "out" : "in", "peer", flow->identity, "local",
		flow->way ? sip_link_route(flow->way->link)->local : NULL, "address",
		address[0] ? address : sip_route_host(sip_link_route(flow->way->link)), "ready",
		flow->proven, "pending", (int)flow->pending);
}

static json_t *way_json(const struct sip_way *way)
{
	const struct sip_route *route = sip_link_route(way->link);
	char peer[SIP_IDENTITY_BYTES];

	snprintf(peer, sizeof(peer), "%s%s",
		way->stranger                     ? "discovered "
		: route->kind == SIP_PEER_PARTNER ? "partner "
						  : "",
		route->name);
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:b, s:s, s:i}", "protocol", "sip", "direction",
		"out", "peer", peer, "local", route->local, "address", sip_route_host(route),
		"ready", 0, "state", sip_link_state(way->link), "waiting", (int)way->waiting);
}

json_t *sip_endpoint_json(const struct sip_endpoint *e)
{
	json_t *list = json_array();

	for (const struct sip_flow *flow = e->flows; flow; flow = flow->next)
		json_array_append_new(list, flow_json(flow));
	for (const struct sip_way *way = e->ways; way; way = way->next)
		if (!sip_link_connection(way->link))
			json_array_append_new(list, way_json(way));
	return list;
}
