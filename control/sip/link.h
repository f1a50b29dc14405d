/* SPDX-License-Identifier: BSD-3-Clause */
/* The one connection that we open by a route: on demand, kept, opened again with exponential back-off. Loop
 * thread only. */
#pragma once

#include "control/connect.h"
#include "control/door.h"
#include "control/sip/connection.h"
#include "control/sip/route.h"

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
	/* Open, and the server is who it should be: write what waits. The certificate is the
	 * connection's. */
	void (*open)(void *arg, struct sip_link *link, struct sip_connection *connection,
		X509 *certificate);
	/* No connection came about. Nothing was delivered. */
	void (*failed)(void *arg, struct sip_link *link, enum sip_outcome outcome);
	/* The open connection is gone; it is freed behind this call. delivered_nothing: certain. */
	void (*lost)(void *arg, struct sip_link *link, struct sip_connection *connection,
		bool delivered_nothing);
	void (*message)(void *arg, struct sip_link *link, struct sip_connection *connection,
		const struct sip_message *message);
	void (*bad)(void *arg, struct sip_link *link, struct sip_connection *connection,
		const struct sip_message *message, const struct sip_fault *fault);
};

/* Takes the route, also on failure (NULL: no memory). */
struct sip_link *sip_link_new(const struct sip_link_house *house, struct sip_route *route,
	const struct sip_link_handlers *handlers);
void sip_link_free(struct sip_link *link); /* no handler runs; accepts NULL */

/* Ask for the connection. True: open now, or being opened (open or failed will be called, never
 * inside this call). False: it failed a moment ago and its time has not come; *outcome says how. */
bool sip_link_want(struct sip_link *link, struct mono now, enum sip_outcome *outcome);
/* With which outcome it would be refused now; SIP_RESPONDED: it would not. */
enum sip_outcome sip_link_held(const struct sip_link *link, struct mono now);
/* The open connection, or NULL. */
struct sip_connection *sip_link_connection(const struct sip_link *link);
const struct sip_route *sip_link_route(const struct sip_link *link);
/* It leads nowhere from now on. An open connection ends once what was written has left (lost will be
 * called). */
void sip_link_close(struct sip_link *link, const char *cause);
bool sip_link_is_closing(const struct sip_link *link);
/* Neither idle nor open: it is being opened. */
bool sip_link_is_under_way(const struct sip_link *link);
/* "idle", "resolving", "connecting", "handshake", "open". */
const char *sip_link_state(const struct sip_link *link);
