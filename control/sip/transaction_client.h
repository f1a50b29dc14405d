/* SPDX-License-Identifier: BSD-3-Clause */
/* Non-INVITE client transactions (RFC 3261 section 17.1.2) over a reliable transport: no
 * retransmission, Timer F, one outcome. */
#pragma once

#include "control/sip/endpoint.h"
#include "control/sip/transaction.h"

struct sip_client_tx {
	uint64_t id; /* the part of the branch that is its own */
	void *peer;  /* whose responses count; opaque */
	enum sip_method method;
	struct mono since;
	bool written;             /* handed to a connection: from now on nothing is certain */
	enum sip_outcome outcome; /* once it is over */
	sip_response_h *handler;
	void *arg;
	struct text request;               /* what waits to be written */
	struct sip_client_tx *prev, *next; /* in order of time */
	struct sip_client_tx *same;        /* hash chain */
};

struct sip_clients;

enum { SIP_BRANCH_BYTES = 7 + 2 + 16 + 16 + 1 };

/* instance: random, tells the branches of this process from all others. NULL without memory. */
struct sip_clients *sip_clients_new(uint64_t instance);
/* With all that wait; their handlers do not run. Accepts NULL. */
void sip_clients_free(struct sip_clients *clients);

struct sip_client_tx *sip_clients_begin(struct sip_clients *clients, struct mono now, void *peer,
	enum sip_method method, sip_response_h *handler, void *arg);
/* "z9hG4bKpk", instance, id. */
void sip_clients_branch(const struct sip_clients *clients, const struct sip_client_tx *tx,
	char out[static SIP_BRANCH_BYTES]);
/* What all branches of ours begin with. */
struct view sip_clients_branch_prefix(const struct sip_clients *clients);
/* Whose response is this? Section 17.1.3: branch of the top Via, CSeq method; and the peer. */
struct sip_client_tx *sip_clients_match(
	const struct sip_clients *clients, const void *peer, const struct sip_message *response);
/* Take it out; the caller frees it with sip_client_tx_free. */
void sip_clients_end(struct sip_clients *clients, struct sip_client_tx *tx);
/* One whose Timer F has fired, still in; NULL: none. */
struct sip_client_tx *sip_clients_expired(const struct sip_clients *clients, struct mono now);
/* Walk in order of time: NULL begins. */
struct sip_client_tx *sip_clients_next(
	const struct sip_clients *clients, const struct sip_client_tx *after);
int64_t sip_clients_wait_ms(const struct sip_clients *clients, struct mono now);
void sip_client_tx_free(struct sip_client_tx *tx); /* accepts NULL */
uint32_t sip_clients_count(const struct sip_clients *clients);
