/* SPDX-License-Identifier: BSD-3-Clause */
/* One TLS handshake on a connected socket, its arithmetic done by threads (control/handshakers). While a
 * thread has a step of it, SSL and socket are that thread's alone; all else is the loop's, freeing the SSL
 * too. Loop thread only. */
#pragma once

#include <event2/bufferevent_ssl.h>
#include <openssl/ssl.h>

#include "control/handshakers.h"

struct handshake;

/* Where handshakes are made. */
struct handshake_place {
	struct loop *loop;
	struct handshakers *hands; /* NULL: the loop does it itself */
};

struct handshake_result {
	struct bufferevent
		*bev;        /* finished, reading not enabled, now the handler's; it owns socket and
				    SSL. NULL: it failed and both are gone */
	unsigned long error; /* OpenSSL's, when TLS itself failed; 0: the connection was lost */
	long verify;         /* X509_V_*: what was wrong with the peer's chain when it failed */
	const char *problem; /* static */
};

/* Runs once, never inside handshake_start. */
typedef void handshake_h(void *arg, const struct handshake_result *result);

/* Takes fd (non-blocking) and ssl (in accept or connect state), also on failure. origin: for whose turn
 * it is. options: BEV_OPT_* besides BEV_OPT_CLOSE_ON_FREE. NULL without memory. */
struct handshake *handshake_start(const struct handshake_place *place, int fd, SSL *ssl,
	const struct origin *origin, int options, handshake_h *handler, void *arg);
/* Closes the socket, now or when a thread has ended the step that it has; the handler will not run.
 * Accepts NULL. */
void handshake_cancel(struct handshake *h);
