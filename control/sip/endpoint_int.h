/* SPDX-License-Identifier: BSD-3-Clause */
/* The endpoint's inside, shared by its three files: endpoint.c (connections, timers), uas.c (requests
 * that come), uac.c (requests that go). */
#pragma once

#include "control/sip/connection.h"
#include "control/sip/core.h"
#include "control/sip/endpoint.h"
#include "control/sip/link.h"
#include "control/sip/transaction_client.h"
#include "control/sip/transaction_server.h"

enum {
	SIP_FLOWS_MAX = 1024,
	SIP_HANDSHAKES_MAX = 256,    /* flows whose peer is not proven yet */
	SIP_SERVERS_MAX = 65536,     /* server transactions, answered ones included */
	SIP_PENDING_MAX = 4096,      /* of them, waiting for the handler's answer ... */
	SIP_FLOW_PENDING_MAX = 1024, /* ... and those of one connection */
	SIP_CLIENTS_MAX = 4096,
	SIP_IDENTITY_BYTES = 300,
};

/* A connection with a peer on it: accepted, or that of a link. */
struct sip_flow {
	struct sip_endpoint *endpoint;
	struct sip_connection *connection;
	struct sip_link *link; /* NULL: accepted */
	enum sip_peer_kind kind;
	bool proven;                   /* the handshake is done and the peer known */
	bool logged;                   /* one hostile thing was logged; more are only counted */
	bool *locals;                  /* INSIDE: per local domain of the rules: is it theirs? */
	const struct partner *partner; /* PARTNER */
	char identity[SIP_IDENTITY_BYTES]; /* what transactions know it by */
	struct ip_address address;         /* accepted: where from */
	uint32_t pending;                  /* server transactions */
	struct sip_flow *prev, *next;
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
	struct sip_link **links; /* per local domain, made when first wanted */
	struct sip_flow *flows;
	uint32_t flow_count, handshakes;
	struct sip_servers *servers;
	struct sip_server_tx *server_txs;
	struct sip_tx_secret secret;
	struct sip_clients *clients;
	/* Over, linked by next; their handlers run in the next round. */
	struct sip_client_tx *finished_first, *finished_last;
	struct timer *timer;
};

/* endpoint.c */
void sip_endpoint_rearm(struct sip_endpoint *endpoint);
/* The link of a local domain; NULL without memory. */
struct sip_link *sip_endpoint_link(struct sip_endpoint *endpoint, const struct local_domain *local);
struct sip_flow *sip_flow_new(struct sip_endpoint *endpoint, enum sip_peer_kind kind);
void sip_flow_free(struct sip_flow *flow);

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
void sip_uac_open(struct sip_endpoint *endpoint, struct sip_link *link);
/* End the link's transactions: those that were written, those that were not. */
void sip_uac_end_link(struct sip_endpoint *endpoint, struct sip_link *link,
	enum sip_outcome written, enum sip_outcome unwritten);
/* Run the handlers of finished ones; expire Timer F. */
void sip_uac_tick(struct sip_endpoint *endpoint, struct mono now);
