/* SPDX-License-Identifier: BSD-3-Clause */
/* The edge, put together. */
#include "control/edge.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "control/counters.h"
#include "control/session/session.h"
#include "rules/base/log.h"

struct edge {
	struct edge_rooms rooms;
	struct acceptor *acceptor;
	uint32_t threads, unproven_max;
	bool told; /* this dataplane knows the verdicts and who is verified */
};

static void edge_accepted(void *arg, int fd, const struct ip_address *peer, uint32_t mark,
	const struct service *service)
{
	struct edge *edge = arg;

	if (!edge->rooms.endpoint || !edge->rooms.pool) {
		/* The inside listener is open a moment before the rooms are there. */
		counter_add("accept.refused", "not_started", 1);
		close(fd);
	} else if (!service) {
		sip_endpoint_accept_inside(edge->rooms.endpoint, fd, peer);
	} else if (service->protocol == PROTOCOL_SIP) {
		sip_endpoint_accept_partner(edge->rooms.endpoint, fd, peer, mark);
	} else {
		xmpp_pool_accept(edge->rooms.pool, fd, peer, mark);
	}
}

static void say_proven(void *arg)
{
	struct edge *edge = arg;

	if (edge->rooms.pool)
		xmpp_pool_tell_verified(edge->rooms.pool);
	if (edge->rooms.endpoint)
		sip_endpoint_tell_verified(edge->rooms.endpoint);
}

/* The dataplane ends what it knows the partner of; with whom no rule names we do. SIP's peers may be of several
 * names, and are not asked again either. */
static void domain_blocked(void *arg)
{
	struct edge *edge = arg;

	say_proven(edge);
	if (edge->rooms.session)
		session_review_known(edge->rooms.session);
	if (edge->rooms.pool)
		xmpp_pool_review(edge->rooms.pool);
	if (edge->rooms.endpoint)
		sip_endpoint_review(edge->rooms.endpoint);
}

static void filter_ready(void *arg, const struct filter_listener *listeners, uint32_t count)
{
	struct edge *edge = arg;

	/* While it says goodbye the edge takes no one in, whatever the dataplane opens. */
	if (!edge->acceptor)
		return;
	if (acceptor_federation(edge->acceptor, listeners, count) < 0)
		log_error("edge: no memory to serve %u listeners", count);
	/* A new dataplane knows nothing of what was decided before. After a change of the rules it is
	 * the same one. */
	if (edge->told)
		return;
	edge->told = true;
	verdicts_ready(edge->rooms.verdicts);
	if (edge->rooms.session)
		session_say_suspects(edge->rooms.session);
	learn_ready(edge->rooms.learn);
	say_proven(edge);
}

static void filter_lost(void *arg)
{
	struct edge *edge = arg;

	edge->told = false;
	/* Listeners stay open and established connections go on; the client keeps trying. */
	log_warning("edge: without the dataplane no partner can be reached");
}

static void filter_refused(void *arg, const char *why)
{
	log_error("edge: the dataplane refused our rules: %s", why);
}

struct edge *edge_new(struct loop *loop, struct generation *generation, struct resolver *resolver,
	struct verdicts *verdicts)
{
	struct edge *edge = calloc(1, sizeof(*edge));

	if (!edge)
		return NULL;
	edge->rooms = (struct edge_rooms){.loop = loop,
		.generation = generation_hold(generation),
		.resolver = resolver,
		.verdicts = verdicts};
	edge_bounds(edge, handshakers_default(), GUESTS_DEFAULT);
	edge->acceptor = acceptor_new(loop, edge_accepted, edge);
	if (!edge->acceptor) {
		generation_drop(generation);
		free(edge);
		return NULL;
	}
	return edge;
}

void edge_free(struct edge *edge)
{
	if (!edge)
		return;
	acceptor_free(edge->acceptor);
	edge->acceptor = NULL;
	/* Rooms before the channel: they still hold announcements. */
	edge_part(&edge->rooms);
	handshakers_free(edge->rooms.door.hands);
	guests_free(edge->rooms.door.guests);
	known_free(edge->rooms.door.known);
	verdicts_connect(edge->rooms.verdicts, NULL);
	verdicts_on_block(edge->rooms.verdicts, NULL, NULL);
	learn_connect(edge->rooms.learn, NULL);
	filter_client_free(edge->rooms.filter);
	learn_free(edge->rooms.learn);
	generation_drop(edge->rooms.generation);
	free(edge);
}

void edge_bounds(struct edge *edge, uint32_t threads, uint32_t unproven_max)
{
	edge->threads = threads;
	edge->unproven_max = unproven_max;
}

int edge_learn(struct edge *edge, struct resolver *resolver)
{
	edge->rooms.learn = learn_new(edge->rooms.loop, resolver);
	return edge->rooms.learn ? learn_adopt(edge->rooms.learn, edge->rooms.generation) : -ENOMEM;
}

void edge_gate(struct edge *edge, struct gate *gate)
{
	edge->rooms.gate = gate;
}

int edge_listen_inside(struct edge *edge, const struct ip_address *address, uint16_t port)
{
	return acceptor_inside(edge->acceptor, address, port);
}

/* The threads have the rights that are left by now. */
static int door_open(struct edge *edge)
{
	struct door *door = &edge->rooms.door;

	door->guests = guests_new(edge->unproven_max);
	door->known = known_new();
	if (!door->guests || !door->known)
		return -ENOMEM;
	if (edge->threads == 0)
		return 0;
	door->hands = handshakers_new(edge->rooms.loop, edge->threads);
	return door->hands ? 0 : -errno;
}

int edge_start(struct edge *edge, const char *dataplane_path)
{
	const struct filter_client_handlers handlers = {
		.arg = edge,
		.ready = filter_ready,
		.lost = filter_lost,
		.refused = filter_refused,
	};
	int rc = door_open(edge);

	if (rc < 0)
		return rc;
	edge->rooms.filter = filter_client_new(
		edge->rooms.loop, dataplane_path, edge->rooms.generation, &handlers);
	if (!edge->rooms.filter)
		return -ENOMEM;
	verdicts_connect(edge->rooms.verdicts, edge->rooms.filter);
	verdicts_on_block(edge->rooms.verdicts, domain_blocked, edge);
	learn_connect(edge->rooms.learn, edge->rooms.filter);
	return edge_join(&edge->rooms);
}

void edge_adopt(struct edge *edge, struct generation *generation)
{
	struct edge_rooms *rooms = &edge->rooms;
	struct generation *old = rooms->generation;

	rooms->generation = generation_hold(generation);
	/* Pool and endpoint tell the session at once whose partner is another now. */
	if (rooms->session)
		session_adopt(rooms->session, generation);
	if (rooms->verdicts)
		verdicts_adopt(rooms->verdicts, generation);
	if (rooms->pool)
		xmpp_pool_adopt(rooms->pool, generation);
	if (rooms->endpoint)
		sip_endpoint_adopt(rooms->endpoint, generation);
	if (learn_adopt(rooms->learn, generation) < 0)
		log_error("edge: no memory to learn where the new partners come from");
	generation_drop(old);
}

struct generation *edge_generation(const struct edge *edge)
{
	return edge->rooms.generation;
}

/* Rows of one kind behind the others. Takes list. */
static void add_rows(json_t *rows, const char *kind, json_t *list)
{
	json_t *entry;
	size_t i;

	json_array_foreach(list, i, entry)
	{
		json_t *row = json_pack("{s:s}", "kind", kind);

		json_object_update(row, entry);
		json_array_append_new(rows, row);
	}
	json_decref(list);
}

json_t *edge_sessions(void *arg)
{
	const struct edge *edge = arg;
	json_t *rows = json_array();
	json_t *xmpp;

	if (!edge->rooms.pool || !edge->rooms.endpoint)
		return rows;
	xmpp = xmpp_pool_json(edge->rooms.pool);
	add_rows(rows, "xmpp stream", json_incref(json_object_get(xmpp, "streams")));
	add_rows(rows, "xmpp route", json_incref(json_object_get(xmpp, "routes")));
	add_rows(rows, "sip connection", sip_endpoint_json(edge->rooms.endpoint));
	json_decref(xmpp);
	return rows;
}

json_t *edge_partners(void *arg)
{
	const struct edge *edge = arg;
	const struct ruleset *rules = edge->rooms.generation->rules;
	json_t *rows = json_array();

	for (uint32_t i = 0; i < rules->partner_count; i++) {
		const struct partner *partner = &rules->partners[i];
		char proofs[PROOFS_TEXT_BYTES] = "";

		if (partner->terms.protocols & 1u << PROTOCOL_XMPP)
			proofs_print(security_proofs(&partner->terms.security), proofs);
		json_array_append_new(rows,
			json_pack("{s:I, s:s, s:s, s:s*, s:b, s:s, s:s, s:i, s:i, s:s, s:i}", "id",
				(json_int_t)partner->id, "domain", partner->domain, "origin",
				partner->provider ? "provider" : "rules", "provider",
				partner->provider ? partner->provider->name : NULL, "subtree",
				partner->subtree, "protocol",
				partner->protocol == PROTOCOL_SIP ? "sip" : "xmpp", "proofs",
				proofs, "sources", (int)partner->source_count, "learned",
				(int)learn_count(edge->rooms.learn, partner), "host",
				partner->host ? partner->host : "(DNS)", "port",
				(int)partner->port));
	}
	if (edge->rooms.pool) {
		json_t *discovered = xmpp_pool_discovered_json(edge->rooms.pool);

		json_array_extend(rows, discovered);
		json_decref(discovered);
	}
	return rows;
}

json_t *edge_messages(void *arg)
{
	const struct edge *edge = arg;

	return edge->rooms.session ? session_messages_json(edge->rooms.session) : NULL;
}

json_t *edge_handshakes(void *arg)
{
	const struct edge *edge = arg;
	const struct door *door = &edge->rooms.door;

	if (!door->guests)
		return NULL;
	return json_pack("{s:o, s:o}", "head",
		json_pack("{s:I, s:I, s:I, s:o}", "unproven",
			(json_int_t)guests_count(door->guests), "unproven_max",
			(json_int_t)guests_ceiling(door->guests, ORIGIN_OWN), "known",
			(json_int_t)known_count(door->known, loop_now(edge->rooms.loop)), "pool",
			door->hands ? handshakers_json(door->hands)
				    : json_pack("{s:i}", "threads", 0)),
		"rows", guests_json(door->guests));
}

json_t *edge_prefixes(void *arg, uint32_t offset, uint32_t limit, uint32_t *total)
{
	const struct edge *edge = arg;

	return learn_json(edge->rooms.learn, offset, limit, total);
}

struct filter_client *edge_filter(void *arg)
{
	const struct edge *edge = arg;

	return edge->rooms.filter;
}

struct verdicts *edge_verdicts(void *arg)
{
	const struct edge *edge = arg;

	return edge->rooms.verdicts;
}

json_t *edge_suspects(void *arg)
{
	const struct edge *edge = arg;

	return edge->rooms.gate ? watch_json(gate_watch(edge->rooms.gate)) : json_array();
}

bool edge_trust(void *arg, struct view peer)
{
	const struct edge *edge = arg;

	return edge->rooms.gate && watch_trust(gate_watch(edge->rooms.gate), peer);
}
