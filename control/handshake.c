/* SPDX-License-Identifier: BSD-3-Clause */
/* One TLS handshake: the loop waits for the socket, a thread takes the step. */
#include "control/handshake.h"

#include <openssl/err.h>
#include <stdlib.h>
#include <unistd.h>

#include <event2/bufferevent.h>

#include "control/counters.h"

enum found { FOUND_DONE, FOUND_WANTS_READ, FOUND_WANTS_WRITE, FOUND_FAILED, FOUND_NO_TURN };

struct handshake {
	struct handshaker_task task; /* first: threads know no more */
	struct handshake_place place;
	struct origin origin;
	int options;
	handshake_h *handler; /* NULL: cancelled while a thread had it */
	void *arg;
	struct event *readable, *writable; /* one shot each */

	/* A thread's while it has the task. */
	SSL *ssl;
	int fd;
	enum found found;
	unsigned long error;
};

static void events_free(struct handshake *h)
{
	if (h->readable)
		event_free(h->readable);
	if (h->writable)
		event_free(h->writable);
}

static void destroy(struct handshake *h)
{
	events_free(h);
	SSL_free(h->ssl);
	close(h->fd);
	free(h);
}

/* --- in a thread --- */

/* The last error is OpenSSL's word for it. A peer that just goes is none of TLS. */
static unsigned long error_take(void)
{
	unsigned long error = ERR_peek_last_error();

	ERR_clear_error();
	if (ERR_GET_LIB(error) == ERR_LIB_SSL &&
		ERR_GET_REASON(error) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
		return 0;
	return ERR_SYSTEM_ERROR(error) ? 0 : error;
}

static void step(struct handshaker_task *task)
{
	struct handshake *h = (struct handshake *)task;
	int rc;

	/* What another connection left in this thread's queue is not ours. */
	ERR_clear_error();
	rc = SSL_do_handshake(h->ssl);
	if (rc == 1) {
		h->found = FOUND_DONE;
		return;
	}
	switch (SSL_get_error(h->ssl, rc)) {
	case SSL_ERROR_WANT_READ:
		h->found = FOUND_WANTS_READ;
		break;
	case SSL_ERROR_WANT_WRITE:
		h->found = FOUND_WANTS_WRITE;
		break;
	default:
		h->found = FOUND_FAILED;
		h->error = error_take();
	}
	ERR_clear_error();
}

/* --- in the loop --- */

static const char *problem_of(const struct handshake *h)
{
	const char *words = h->error ? ERR_reason_error_string(h->error) : NULL;

	if (h->found == FOUND_NO_TURN)
		return "too many handshakes wait";
	return words ? words : h->error ? "no reason given" : "connection lost";
}

static void report_failure(struct handshake *h)
{
	struct handshake_result result = {
		.error = h->error,
		.verify = SSL_get_verify_result(h->ssl),
		.problem = problem_of(h),
	};
	handshake_h *handler = h->handler;
	void *arg = h->arg;

	counter_add("handshake", h->found == FOUND_NO_TURN ? "no_turn" : "failed", 1);
	destroy(h);
	handler(arg, &result);
}

static void report_success(struct handshake *h)
{
	struct handshake_result result = {0};
	handshake_h *handler = h->handler;
	void *arg = h->arg;

	events_free(h);
	/* With this option the SSL is freed by a call that fails, the socket is not. */
	result.bev = bufferevent_openssl_socket_new(loop_base(h->place.loop), h->fd, h->ssl,
		BUFFEREVENT_SSL_OPEN, BEV_OPT_CLOSE_ON_FREE | h->options);
	if (!result.bev) {
		close(h->fd);
		result.problem = "out of memory";
	}
	counter_add("handshake", result.bev ? "done" : "failed", 1);
	free(h);
	handler(arg, &result);
}

static void stepped(struct handshaker_task *task)
{
	struct handshake *h = (struct handshake *)task;

	if (!h->handler) {
		destroy(h);
		return;
	}
	switch (h->found) {
	case FOUND_WANTS_READ:
		event_add(h->readable, NULL);
		break;
	case FOUND_WANTS_WRITE:
		event_add(h->writable, NULL);
		break;
	case FOUND_DONE:
		report_success(h);
		break;
	case FOUND_FAILED:
	case FOUND_NO_TURN:
		report_failure(h);
		break;
	}
}

static void on_socket(evutil_socket_t fd, short what, void *arg)
{
	struct handshake *h = arg;

	if (!h->place.hands) {
		step(&h->task);
		stepped(&h->task);
	} else if (!handshakers_post(h->place.hands, &h->task, &h->origin)) {
		h->found = FOUND_NO_TURN;
		stepped(&h->task);
	}
}

/* The SSL reads and writes the socket by itself, whoever calls it. */
static bool prepare(struct handshake *h)
{
	struct event_base *base = loop_base(h->place.loop);
	BIO *bio = BIO_new_socket(h->fd, BIO_NOCLOSE);

	if (!bio)
		return false;
	SSL_set_bio(h->ssl, bio, bio);
	h->readable = event_new(base, h->fd, EV_READ, on_socket, h);
	h->writable = event_new(base, h->fd, EV_WRITE, on_socket, h);
	if (!h->readable || !h->writable)
		return false;
	return event_add(SSL_is_server(h->ssl) ? h->readable : h->writable, NULL) == 0;
}

struct handshake *handshake_start(const struct handshake_place *place, int fd, SSL *ssl,
	const struct origin *origin, int options, handshake_h *handler, void *arg)
{
	struct handshake *h = calloc(1, sizeof(*h));

	if (!h) {
		SSL_free(ssl);
		close(fd);
		return NULL;
	}
	*h = (struct handshake){
		.task = {.work = step, .done = stepped},
		.place = *place,
		.origin = *origin,
		.options = options,
		.handler = handler,
		.arg = arg,
		.ssl = ssl,
		.fd = fd,
	};
	if (prepare(h))
		return h;
	destroy(h);
	return NULL;
}

void handshake_cancel(struct handshake *h)
{
	if (!h)
		return;
	event_del(h->readable);
	event_del(h->writable);
	if (!h->place.hands || handshakers_withdraw(h->place.hands, &h->task)) {
		destroy(h);
		return;
	}
	/* A step takes less than a millisecond; then `stepped` closes it. */
	h->handler = NULL;
}
