/* SPDX-License-Identifier: BSD-3-Clause */
/* The endpoint's inside, shared by its files: endpoint.c (life, accepting, timer), flow.c (who is on a
 * connection), stranger.c (whom no rule names), ways.c (links), uas.c (requests that come), uac.c (requests that go). */
#pragma once

#include "control/discovered.h"
#include "control/sip/connection.h"
#include "control/sip/core.h"
#include "control/sip/endpoint.h"
#include "control/sip/link.h"
#include "control/sip/transaction_client.h"
#include "control/sip/transaction_server.h"
#include "rules/base/table.h"
#include "rules/domain.h"

enum {
	SIP_FLOWS_MAX = 1024,        /* whose peer is proven; others are guests (control/guests) */
	SIP_SERVERS_MAX = 65536,     /* server transactions, answered ones included */
	SIP_PENDING_MAX = 4096,      /* of them, waiting for the handler's answer ... */
	SIP_FLOW_PENDING_MAX = 1024, /* ... and those of one connection */
	SIP_CLIENTS_MAX = 4096,      /* requests of ours to the inside; to partners as many ... */
	SIP_LINK_CLIENTS_MAX = 1024, /* ... and so many to one of them: others may answer */
	SIP_LINKS_MAX = 512,         /* to partners: of the flows, so that others have room */
	SIP_STRANGERS_MAX = 256,     /* accepted, of domains that no rule names: likewise */
	SIP_IDENTITY_BYTES = 300,
};

/* A connection with a peer on it: accepted, or that of a link. */
struct sip_flow {
	struct sip_endpoint *endpoint;
	struct sip_connection *connection;
	struct sip_way *way; /* whose link it is; NULL: accepted */
	enum sip_peer_kind kind;
	bool proven;        /* the handshake is done and the peer known */
	struct guest guest; /* accepted: its place until then */
	bool logged;        /* one hostile thing was logged; more are only counted */
	X509 *certificate;  /* proven: of the connection's SSL; NULL on a link to the inside */
	char **names;       /* INSIDE: names that it proved, of inside routes that are or were */
	uint32_t name_count;
	char domain[DOMAIN_ASCII_BYTES]; /* PARTNER: what it proved */
	bool stranger;                   /* PARTNER: no rule names that */
	bool counts;                     /* accepted: in the book of discovered domains */
	const char *ending; /* the rules no longer allow it: why. Ends when nothing is pending */
	char identity[SIP_IDENTITY_BYTES]; /* what transactions know it by */
	struct ip_address address;         /* of the other end; not on a link to the inside */
	uint32_t pending;                  /* server transactions */
	struct sip_flow *prev, *next;
};

/* A link that new requests take, or one that goes. */
struct sip_way {
	struct sip_way *next; /* of all */
	struct sip_way *same; /* of those that lead to the same domain, from others of ours */
	struct sip_endpoint *endpoint;
	struct sip_link *link;
	struct sip_flow *flow; /* while it is open */
	uint32_t waiting;      /* requests of ours: for it, or for an answer on it */
	struct mono used;      /* the last message either way */
	/* NULL: new requests take it. Else why it goes when nothing is under way. */
	const char *ending;
	bool stranger; /* it leads to a domain that no rule names ... */
	bool counts;   /* ... and is in the book of these */
};

struct sip_server_tx {
	struct sip_endpoint *endpoint;
	struct sip_flow *flow; /* NULL: the connection is gone */
	uint32_t handle;       /* in servers */
	struct text lines;     /* Via, From, To with tag, Call-ID, CSeq */
	struct sip_server_tx *prev, *next;
};

struct sip_endpoint {
	struct sip_link_house house;
	struct sip_endpoint_handlers handlers;
	struct sip_way *ways;
	struct table leading;  /* those that new requests take, by the other side's domain */
	uint32_t old_ways;     /* the others */
	uint32_t partner_ways; /* leading to partners */
	bool sweep;            /* one of them may be free to go */
	struct mono look_at;   /* at links that nobody uses */
	struct discovered *discovered; /* NULL: domains that no rule names are not served */
	struct sip_flow *flows;
	uint32_t proven_count, stranger_count; /* accepted strangers */
	struct sip_servers *servers;
	struct sip_server_tx *server_txs;
	struct sip_tx_secret secret;
	struct sip_clients *clients;
	uint32_t asked[2]; /* how many of them, by sip_peer_kind */
	/* Over, linked by next; their handlers run in the next round. */
	struct sip_client_tx *finished_first, *finished_last;
	struct timer *timer;
};

/* endpoint.c */
void sip_endpoint_rearm(struct sip_endpoint *endpoint);

/* flow.c */
struct sip_flow *sip_flow_new(struct sip_endpoint *endpoint, enum sip_peer_kind kind);
void sip_flow_free(struct sip_flow *flow);
/* It is proven: one of SIP_FLOWS_MAX from now on. NULL, or why there is no room: a cause. */
const char *sip_flow_settle_in(struct sip_flow *flow);
/* An accepted peer: does its certificate, which must stay, make it somebody? */
bool sip_flow_prove(struct sip_flow *flow, X509 *certificate);
/* A link's server: it proved the name of its route. */
void sip_flow_take_route(struct sip_flow *flow, const struct sip_route *route, X509 *certificate);
/* Why there can be no connection with this domain by the rules in force; NULL: there can. */
const char *sip_peer_ending(const struct sip_endpoint *endpoint, struct view domain);
/* ... none that is there may go on; stranger: of one that no rule named. */
const char *sip_peer_ending_of(
	const struct sip_endpoint *endpoint, struct view domain, bool stranger);
/* By the rules in force. */
bool sip_flow_owns(struct sip_flow *flow, struct view host);
void sip_flow_tell_verified(const struct sip_flow *flow);
/* The rules were changed from these. */
void sip_flow_adopt(struct sip_flow *flow, const struct ruleset *old);
/* Something that was pending is answered: close it if it was to end. */
void sip_flow_settle(struct sip_flow *flow);

/* stranger.c */
bool sip_is_stranger(const struct sip_endpoint *endpoint, struct view domain);
/* A connection with this domain begins; *counts: it must be given back to sip_stranger_end. NULL, or why it
 * cannot be: a cause. */
const char *sip_stranger_begin(struct sip_endpoint *endpoint, struct view domain, bool *counts);
void sip_stranger_end(struct sip_endpoint *endpoint, struct view domain, bool *counts);

/* ways.c */
/* What new requests for a local domain take; NULL without memory. */
struct sip_way *sip_ways_inside(struct sip_endpoint *endpoint, const struct local_domain *local);
/* ... from it to a domain that can be served. NULL with a static cause. */
struct sip_way *sip_ways_partner(struct sip_endpoint *endpoint, const struct local_domain *local,
	struct view remote, const char **refusal);
void sip_ways_adopt(struct sip_endpoint *endpoint);
/* Something on a way is over: look in the next round whether an old one can go. */
void sip_ways_touch(struct sip_endpoint *endpoint);
void sip_ways_sweep(struct sip_endpoint *endpoint, struct mono now);
int64_t sip_ways_wait_ms(const struct sip_endpoint *endpoint, struct mono now);
void sip_ways_free(struct sip_endpoint *endpoint);

/* uas.c */
void sip_uas_request(struct sip_flow *flow, const struct sip_message *request);
void sip_uas_bad(
	struct sip_flow *flow, const struct sip_message *message, const struct sip_fault *fault);
/* The flow is going: its transactions have nobody left to answer. */
void sip_uas_forget_flow(struct sip_flow *flow);
/* Send every 100 Trying that is due. */
void sip_uas_tick(struct sip_endpoint *endpoint, struct mono now);
void sip_server_tx_free(struct sip_server_tx *tx);

/* uac.c */
void sip_uac_response(struct sip_flow *flow, const struct sip_message *response);
void sip_uac_open(struct sip_endpoint *endpoint, struct sip_way *way);
/* End the way's transactions: those that were written, those that were not. */
void sip_uac_end_way(struct sip_endpoint *endpoint, struct sip_way *way, enum sip_outcome written,
	enum sip_outcome unwritten);
/* What waits unwritten for one way goes another, or (NULL) nowhere. */
void sip_uac_move(struct sip_endpoint *endpoint, struct sip_way *from, struct sip_way *to);
/* Run the handlers of finished ones; expire Timer F. */
void sip_uac_tick(struct sip_endpoint *endpoint, struct mono now);
