/* SPDX-License-Identifier: BSD-3-Clause */
/* One SIP connection over mutual TLS: handshake, framing, keepalive, timers, bounds. Knows octets
 * and messages; nothing of transactions or of who may say what. Loop thread only. */
#pragma once

#include <openssl/ssl.h>

#include "control/handshake.h"
#include "control/sip/message.h"

struct sip_connection;

enum sip_end {
	SIP_END_CLOSED,    /* closed by either side, or broken, after the handshake */
	SIP_END_HANDSHAKE, /* no handshake came about */
	SIP_END_UNTRUSTED, /* the peer showed no certificate, or none that our CA vouches for */
	SIP_END_REFUSED,   /* the peer did not take our certificate: it read nothing of ours */
};

struct sip_connection_handlers {
	void *arg;
	/* The handshake is done, the chain is valid. False: this peer is not welcome, the
	 * connection ends (handlers count the reason). */
	bool (*ready)(void *arg, struct sip_connection *connection, SSL *ssl);
	/* A message; it lives during the call. */
	void (*message)(
		void *arg, struct sip_connection *connection, const struct sip_message *message);
	/* What the parser refused. When fault->close, the connection ends behind this call, once
	 * what was written has left. */
	void (*bad)(void *arg, struct sip_connection *connection, const struct sip_message *message,
		const struct sip_fault *fault);
	/* It is over; the connection is freed behind this call. cause: static, snake_case. */
	void (*ended)(
		void *arg, struct sip_connection *connection, enum sip_end end, const char *cause);
};

/* Takes fd and ssl, also on failure (NULL). ssl is in accept or connect state; origin: of its handshake.
 * pings: we keep the connection alive (RFC 5626 section 3.5.1). */
struct sip_connection *sip_connection_new(const struct handshake_place *place, int fd, SSL *ssl,
	const struct origin *origin, bool pings, const struct sip_connection_handlers *handlers);
/* End it now; ended is not called. Accepts NULL. Never inside its handlers. */
void sip_connection_free(struct sip_connection *connection);
/* End it behind the current event, what was written first; ended is called. */
void sip_connection_close(struct sip_connection *connection, const char *cause);

/* Queue one complete message. False: not open, or the peer does not read and the connection ends. */
bool sip_connection_write(struct sip_connection *connection, struct view message);
bool sip_connection_is_ready(const struct sip_connection *connection);
/* -1 during the handshake. */
int sip_connection_fd(const struct sip_connection *connection);

/* The owner's own pointer. */
void sip_connection_set_owner(struct sip_connection *connection, void *owner);
void *sip_connection_owner(const struct sip_connection *connection);
