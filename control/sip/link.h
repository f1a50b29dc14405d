/* SPDX-License-Identifier: BSD-3-Clause */
/* The one connection that we open to the inside server of a local domain, as its route was when the
 * link was made: on demand, kept, opened again with exponential back-off. Loop thread only. */
#pragma once

#include "control/connect.h"
#include "control/door.h"
#include "control/sip/connection.h"
#include "control/sip/endpoint.h"

struct sip_link;

/* What a link needs of the house; must outlive it. */
struct sip_link_house {
	struct loop *loop;
	struct filter_client *filter;
	struct resolver *resolver;
	struct generation *generation; /* in force: may be another each time */
	struct door door;
};

struct sip_link_handlers {
	void *arg;
	/* Open, and the server is who it should be: write what waits. */
	void (*open)(void *arg, struct sip_link *link, struct sip_connection *connection);
	/* No connection came about: SIP_UNREACHABLE or SIP_UNTRUSTED. Nothing was delivered. */
	void (*failed)(void *arg, struct sip_link *link, enum sip_outcome outcome);
	/* The open connection is gone; it is freed behind this call. delivered_nothing: certain. */
	void (*lost)(void *arg, struct sip_link *link, struct sip_connection *connection,
		bool delivered_nothing);
	void (*message)(void *arg, struct sip_link *link, struct sip_connection *connection,
		const struct sip_message *message);
	void (*bad)(void *arg, struct sip_link *link, struct sip_connection *connection,
		const struct sip_message *message, const struct sip_fault *fault);
};

/* The local domain and its route are copied. */
struct sip_link *sip_link_new(const struct sip_link_house *house, const struct local_domain *local,
	const struct sip_link_handlers *handlers);
void sip_link_free(struct sip_link *link); /* no handler runs; accepts NULL */

/* Ask for the connection. True: open now, or being opened (open or failed will be called, never
 * inside this call). False: it failed a moment ago and its time has not come; *outcome says how. */
bool sip_link_want(struct sip_link *link, struct mono now, enum sip_outcome *outcome);
/* The open connection, or NULL. */
struct sip_connection *sip_link_connection(const struct sip_link *link);
/* Is it the link that new requests for this local domain take? */
bool sip_link_leads(const struct sip_link *link, const struct local_domain *local);
/* It leads nowhere from now on. An open connection ends once what was written has left (lost will be
 * called). */
void sip_link_close(struct sip_link *link, const char *cause);
const char *sip_link_domain(const struct sip_link *link); /* the local domain */
const char *sip_link_host(const struct sip_link *link);
const char *sip_link_name(const struct sip_link *link); /* what the server must prove */
/* "idle", "resolving", "connecting", "handshake", "open". */
const char *sip_link_state(const struct sip_link *link);
