/* SPDX-License-Identifier: BSD-3-Clause */
/* One TLS handshake, on the loop. */
#include "control/xmpp/handshake.h"

#include <openssl/err.h>
#include <stdlib.h>
#include <unistd.h>

#include <event2/bufferevent.h>

struct handshake {
	struct bufferevent *bev;
	handshake_h *handler;
	void *arg;
};

static void report(struct handshake *h, bool done, bool tls, const char *problem)
{
	struct handshake copy = *h;

	free(h);
	bufferevent_setcb(copy.bev, NULL, NULL, NULL, NULL);
	if (done) {
		copy.handler(copy.arg, copy.bev, false, NULL);
		return;
	}
	bufferevent_free(copy.bev);
	copy.handler(copy.arg, NULL, tls, problem);
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
	struct handshake *h = arg;
	unsigned long error;
	const char *reason;

	if (what & BEV_EVENT_CONNECTED) {
		report(h, true, false, NULL);
		return;
	}
	error = bufferevent_get_openssl_error(bev);
	reason = error ? ERR_reason_error_string(error) : NULL;
	ERR_clear_error();
	report(h, false, error != 0, reason ? reason : "connection lost");
}

struct handshake *handshake_start(
	struct loop *loop, int fd, SSL *ssl, handshake_h *handler, void *arg)
{
	struct handshake *h = calloc(1, sizeof(*h));

	if (!h) {
		SSL_free(ssl);
		close(fd);
		return NULL;
	}
	ERR_clear_error();
	/* With this option the SSL is freed by a call that fails, the socket is not. */
	h->bev = bufferevent_openssl_socket_new(loop_base(loop), fd, ssl,
		SSL_is_server(ssl) ? BUFFEREVENT_SSL_ACCEPTING : BUFFEREVENT_SSL_CONNECTING,
		BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
	if (!h->bev) {
		free(h);
		close(fd);
		return NULL;
	}
	h->handler = handler;
	h->arg = arg;
	/* A stream ends with its end tag; a missing close_notify hides nothing. */
	bufferevent_openssl_set_allow_dirty_shutdown(h->bev, 1);
	bufferevent_setcb(h->bev, NULL, NULL, on_event, h);
	return h;
}

void handshake_cancel(struct handshake *h)
{
	if (!h)
		return;
	bufferevent_setcb(h->bev, NULL, NULL, NULL, NULL);
	bufferevent_free(h->bev);
	free(h);
}
