/* SPDX-License-Identifier: BSD-3-Clause */
/* The edge, put together: the dataplane's channel, the acceptor and, joined by the session layer, the
 * XMPP pool and the SIP endpoint. */
#pragma once

#include "control/accept.h"
#include "control/filter_client.h"
#include "control/generation.h"
#include "control/learn.h"
#include "control/policy/gate.h"
#include "control/resolve.h"
#include "control/sip/endpoint.h"
#include "control/verdicts.h"
#include "control/xmpp/pool.h"

struct edge;
struct session;

/* The rooms that speak protocols, and what they stand on. edge_join makes the last three. */
struct edge_rooms {
	struct loop *loop;
	struct door door;
	struct generation *generation; /* in force */
	struct resolver *resolver;
	struct filter_client *filter;
	struct verdicts *verdicts;
	struct gate *gate;   /* or NULL */
	struct learn *learn; /* or NULL: nothing is learned */
	struct xmpp_pool *pool;
	struct sip_endpoint *endpoint;
	struct session *session;
};

/* In edge_join.c. Make pool, endpoint and the session between them. 0 or -errno; then edge_part is
 * called all the same. */
int edge_join(struct edge_rooms *rooms);
/* Say goodbye to partners and free the three; fine when some are NULL. */
void edge_part(struct edge_rooms *rooms);

/* Everything given must outlive the edge, but for the generation, which is held. NULL without
 * memory. */
struct edge *edge_new(struct loop *loop, struct generation *generation, struct resolver *resolver,
	struct verdicts *verdicts);
void edge_free(struct edge *edge);
/* Learn where partners' connections come from by this resolver, which is for that alone. Before
 * edge_start. 0 or -ENOMEM. */
int edge_learn(struct edge *edge, struct resolver *resolver);
/* Who asks the rules about messages. Before edge_start; outlives the edge. */
void edge_gate(struct edge *edge, struct gate *gate);
/* Before edge_start: so many threads for handshakes (0: the loop does them), so many connections that have
 * proven nothing. */
void edge_bounds(struct edge *edge, uint32_t threads, uint32_t unproven_max);
/* Open the inside listener; needs whatever right the port needs. 0 or -errno. */
int edge_listen_inside(struct edge *edge, const struct ip_address *address, uint16_t port);
/* Begin: connect to the dataplane, serve. Nothing here needs a privilege. 0 or -errno. */
int edge_start(struct edge *edge, const char *dataplane_path);
/* Put a generation into force: from the return on every new decision is taken by it. Sessions that it no
 * longer allows (partner gone, blocked, other protocol, our domain gone) end with the reason: an XMPP
 * stream with policy-violation and words, a SIP connection once what is pending on it is answered. All
 * others, messages under way included, go on untouched. The dataplane is brought to it by
 * filter_client_commit, before this. */
void edge_adopt(struct edge *edge, struct generation *generation);
/* The generation in force; borrowed. */
struct generation *edge_generation(const struct edge *edge);

/* For the operator's socket; new references, NULL while there is nothing. */
json_t *edge_sessions(void *edge);
json_t *edge_partners(void *edge);
json_t *edge_messages(void *edge);
json_t *edge_handshakes(void *edge);
json_t *edge_prefixes(void *edge, uint32_t offset, uint32_t limit, uint32_t *total);
struct filter_client *edge_filter(void *edge);
struct verdicts *edge_verdicts(void *edge);
json_t *edge_suspects(void *edge);
bool edge_trust(void *edge, struct view peer);
