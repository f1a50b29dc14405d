/* SPDX-License-Identifier: BSD-3-Clause */
/* One TLS handshake on a connected socket. The seam behind which a pool of threads may do the
 * arithmetic one day: whoever calls gets a finished bufferevent, or learns that there is none. */
#pragma once

#include <event2/bufferevent_ssl.h>
#include <openssl/ssl.h>

#include "control/loop.h"

struct handshake;

/* bev: finished, reading not enabled, now the caller's; it owns socket and SSL. NULL: it failed and
 * both are gone; `tls` says whether TLS itself refused (the socket was lost otherwise), `problem` is
 * a static string. Runs once, never inside handshake_start. */
typedef void handshake_h(void *arg, struct bufferevent *bev, bool tls, const char *problem);

/* Takes fd (non-blocking) and ssl (in accept or connect state), also on failure. NULL without
 * memory. */
struct handshake *handshake_start(
	struct loop *loop, int fd, SSL *ssl, handshake_h *handler, void *arg);
/* Closes the socket; the handler will not run. Accepts NULL. */
void handshake_cancel(struct handshake *h);
