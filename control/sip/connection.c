/* SPDX-License-Identifier: BSD-3-Clause */
/* One SIP connection: a libevent bufferevent with OpenSSL, and what a peer may not do to it. */
#include "control/sip/connection.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control/sip/frame.h"
#include "control/sip/inbox.h"

enum {
	HANDSHAKE_MS = 10000,
	HEAD_MS = 10000,
	MESSAGE_MS = 30000,
	DRAIN_MS = 5000,
	PONG_MS = 10000,
	PING_MIN_MS = 96000, /* 20 % below the 120 s of RFC 5626 section 4.4.1 */
	PING_MAX_MS = 110000,
	UNREAD_S = 30,                  /* the peer takes nothing of what we wrote */
	OUTPUT_MAX_BYTES = 1024 * 1024, /* written and not yet taken */
	OUTPUT_STEP_BYTES = 4096,       /* small messages share a record */
	CRLFS_MAX = 64,                 /* keepalive octet pairs ... */
	CRLFS_MS = 10000,               /* ... in this time */
};

enum phase { HANDSHAKE, OPEN, DRAINING, DEAD };

struct sip_connection {
	struct loop *loop;
	struct sip_connection_handlers handlers;
	void *owner;
	struct handshake *handshake; /* HANDSHAKE: has socket and SSL ... */
	struct bufferevent *bev;     /* ... then this has them, NULL until then */
	SSL *ssl;                    /* the bufferevent's */
	struct timer *timer;
	struct inbox inbox;
	struct sip_frame frame; /* of the message at the inbox's front; zeroed: not begun */
	enum phase phase;
	const char *cause; /* why it ends */
	enum sip_end end;
	bool busy;              /* inside an event: nothing is freed */
	bool pings;             /* we keep it alive */
	bool heard;             /* an octet came after the handshake */
	bool ponged;            /* this peer answers pings */
	bool ping_open;         /* our last ping has no answer yet */
	struct mono since;      /* HANDSHAKE, DRAINING: began */
	struct mono begun;      /* first octet of the message being read */
	struct mono last_write; /* for the next ping */
	uint32_t ping_ms;       /* from last_write to the ping */
	struct mono pinged;
	uint32_t crlfs;         /* of a ping in progress: 0 or 1 */
	uint32_t crlfs_counted; /* since crlfs_since */
	struct mono crlfs_since;
};

static void set_timer(struct sip_connection *c);

/* Random, so that many connections do not ping in step. */
static uint32_t random_ping_ms(void)
{
	uint32_t r = 0;

	if (getrandom(&r, sizeof(r), GRND_NONBLOCK) != sizeof(r))
		r = 0;
	return PING_MIN_MS + r % (PING_MAX_MS - PING_MIN_MS);
}

static void connection_delete(struct sip_connection *c)
{
	timer_free(c->timer);
	handshake_cancel(c->handshake);
	if (c->bev) {
		/* close_notify, as far as the socket takes it; its answer is not waited for. */
		SSL_set_shutdown(c->ssl, SSL_get_shutdown(c->ssl) | SSL_RECEIVED_SHUTDOWN);
		SSL_shutdown(c->ssl);
		ERR_clear_error();
		bufferevent_free(c->bev); /* the socket and the SSL too */
	}
	inbox_free(&c->inbox);
	free(c);
}

void sip_connection_free(struct sip_connection *c)
{
	if (c)
		connection_delete(c);
}

/* From here on nothing is read. What is queued still leaves, unless now. The first cause stays. */
static void end(struct sip_connection *c, enum sip_end why, const char *cause, bool now)
{
	if (c->phase == DEAD)
		return;
	if (!c->cause) {
		c->cause = cause;
		c->end = why;
	}
	if (c->bev)
		bufferevent_disable(c->bev, EV_READ);
	if (!now && c->bev && evbuffer_get_length(bufferevent_get_output(c->bev))) {
		if (c->phase == OPEN)
			c->since = loop_now(c->loop);
		c->phase = DRAINING;
		return;
	}
	c->phase = DEAD;
	handshake_cancel(c->handshake);
	c->handshake = NULL;
	if (c->bev)
		bufferevent_disable(c->bev, EV_WRITE);
}

/* The last line of every event. */
static void settle(struct sip_connection *c)
{
	c->busy = false;
	if (c->phase != DEAD) {
		set_timer(c);
		return;
	}
	c->handlers.ended(c->handlers.arg, c, c->end, c->cause);
	connection_delete(c);
}

void sip_connection_close(struct sip_connection *c, const char *cause)
{
	end(c, SIP_END_CLOSED, cause, c->phase == HANDSHAKE);
	if (!c->busy && c->phase == DEAD)
		timer_set_ms(c->timer, 0); /* ended is never called inside a call of the owner */
	else if (!c->busy)
		set_timer(c);
}

/* Milliseconds from now until t + ms, at least 0. */
static uint64_t left_ms(struct mono now, struct mono t, uint64_t ms)
{
	uint64_t gone = mono_since_ms(now, t);

	return gone < ms ? ms - gone : 0;
}

static bool is_reading(const struct sip_connection *c)
{
	return inbox_view(&c->inbox).len > 0;
}

static uint64_t reading_limit_ms(const struct sip_connection *c)
{
	return c->frame.body ? MESSAGE_MS : HEAD_MS;
}

/* Only who has answered before must answer: nobody agreed on it (RFC 6223). */
static bool awaits_pong(const struct sip_connection *c)
{
	return c->ping_open && c->ponged;
}

static void set_timer(struct sip_connection *c)
{
	struct mono now = loop_now(c->loop);
	uint64_t wait = UINT64_MAX;
	uint64_t next;

	if (c->phase == HANDSHAKE)
		wait = left_ms(now, c->since, HANDSHAKE_MS);
	else if (c->phase == DRAINING)
		wait = left_ms(now, c->since, DRAIN_MS);
	else if (is_reading(c))
		wait = left_ms(now, c->begun, reading_limit_ms(c));
	if (c->phase == OPEN && c->pings) {
		next = awaits_pong(c) ? left_ms(now, c->pinged, PONG_MS)
				      : left_ms(now, c->last_write, c->ping_ms);
		wait = next < wait ? next : wait;
	}
	if (wait == UINT64_MAX)
		timer_clear(c->timer);
	else
		timer_set_ms(c->timer, wait);
}

static void ping(struct sip_connection *c, struct mono now)
{
	sip_connection_write(c, VIEW("\r\n\r\n"));
	c->ping_open = true;
	c->pinged = now;
	c->ping_ms = random_ping_ms();
}

static void timer_fired(void *arg)
{
	struct sip_connection *c = arg;
	struct mono now = loop_now(c->loop);

	c->busy = true;
	if (c->phase == HANDSHAKE && !left_ms(now, c->since, HANDSHAKE_MS))
		end(c, SIP_END_HANDSHAKE, "handshake_timeout", true);
	else if (c->phase == DRAINING && !left_ms(now, c->since, DRAIN_MS))
		end(c, c->end, c->cause, true);
	else if (c->phase == OPEN && is_reading(c) && !left_ms(now, c->begun, reading_limit_ms(c)))
		end(c, SIP_END_CLOSED, c->frame.body ? "message_timeout" : "head_timeout", false);
	else if (c->phase == OPEN && awaits_pong(c) && !left_ms(now, c->pinged, PONG_MS))
		end(c, SIP_END_CLOSED, "pong_timeout", true);
	else if (c->phase == OPEN && c->pings && !awaits_pong(c) &&
		 !left_ms(now, c->last_write, c->ping_ms))
		ping(c, now);
	settle(c);
}

/* A CRLF between messages: half a ping, or the pong to ours. */
static void take_crlf(struct sip_connection *c)
{
	struct mono now = loop_now(c->loop);

	if (mono_since_ms(now, c->crlfs_since) >= CRLFS_MS) {
		c->crlfs_since = now;
		c->crlfs_counted = 0;
	}
	if (++c->crlfs_counted > CRLFS_MAX) {
		end(c, SIP_END_CLOSED, "keepalive_flood", false);
		return;
	}
	if (c->ping_open) {
		c->ping_open = false;
		c->ponged = true;
		return;
	}
	if (++c->crlfs == 2) {
		c->crlfs = 0;
		sip_connection_write(c, VIEW("\r\n"));
	}
}

static bool starts_with_crlf(struct view v)
{
	return v.len >= 2 && v.p[0] == '\r' && v.p[1] == '\n';
}

/* Take one message from the inbox. False: nothing more to be had now. */
static bool take_message(struct sip_connection *c)
{
	struct view bytes = inbox_view(&c->inbox);
	struct sip_message message;
	struct sip_fault fault;
	uint32_t consumed;
	enum parse got;

	/* What came whole is parsed at once; the frame is for what comes in pieces. */
	if (c->frame.at && sip_frame_scan(&c->frame, bytes) == PARSE_NEED_MORE)
		return false;
	got = sip_message_parse(bytes, &message, &consumed, &fault);
	if (got == PARSE_NEED_MORE) {
		sip_frame_scan(&c->frame, bytes);
		return false;
	}
	c->frame = (struct sip_frame){0};
	c->crlfs = 0;
	if (got == PARSE_DONE) {
		c->handlers.message(c->handlers.arg, c, &message);
	} else {
		c->handlers.bad(c->handlers.arg, c, &message, &fault);
		if (fault.close)
			end(c, SIP_END_CLOSED, fault.fault.cause, false);
	}
	if (c->phase != OPEN)
		return false;
	inbox_take(&c->inbox, consumed);
	c->begun = loop_now(c->loop);
	return true;
}

static void on_read(struct bufferevent *bev, void *arg)
{
	struct sip_connection *c = arg;
	struct evbuffer *input = bufferevent_get_input(bev);
	bool more = true;

	c->busy = true;
	c->heard = true;
	while (c->phase == OPEN && evbuffer_get_length(input)) {
		if (!is_reading(c))
			c->begun = loop_now(c->loop);
		if (!inbox_fill(&c->inbox, input)) {
			end(c, SIP_END_CLOSED, "no_memory", true);
			break;
		}
		for (more = true; more && c->phase == OPEN && is_reading(c);) {
			if (!c->frame.at && starts_with_crlf(inbox_view(&c->inbox))) {
				inbox_take(&c->inbox, 2);
				take_crlf(c);
			} else {
				more = take_message(c);
			}
		}
		inbox_settle(&c->inbox);
	}
	settle(c);
}

static void on_write(struct bufferevent *bev, void *arg)
{
	struct sip_connection *c = arg;

	if (c->phase != DRAINING)
		return;
	c->busy = true;
	end(c, c->end, c->cause, true);
	settle(c);
}

/* Did the peer tell us, before it said anything else, that it does not take our certificate? With
 * TLS 1.3 that comes when our side of the handshake is long done. */
static bool peer_refused_us(const struct sip_connection *c, unsigned long error)
{
	if (c->heard || ERR_GET_LIB(error) != ERR_LIB_SSL)
		return false;
	switch (ERR_GET_REASON(error)) {
	case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
	case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
	case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
	case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
	case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
	case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
	case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
	case SSL_R_TLSV1_ALERT_ACCESS_DENIED:
	case SSL_R_TLSV1_ALERT_DECRYPT_ERROR:
	case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
		return true;
	default:
		return false;
	}
}

/* Why did the handshake fail? Causes are few and ours; OpenSSL's words are for the log. */
static void handshake_failed(struct sip_connection *c, const struct handshake_result *result)
{
	unsigned long error = result->error;
	int reason = ERR_GET_LIB(error) == ERR_LIB_SSL ? ERR_GET_REASON(error) : 0;

	if (reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE)
		end(c, SIP_END_UNTRUSTED, "no_certificate", true);
	else if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED || result->verify != X509_V_OK)
		end(c, SIP_END_UNTRUSTED, "certificate", true);
	else if (peer_refused_us(c, error))
		end(c, SIP_END_REFUSED, "certificate_refused", true);
	else
		end(c, SIP_END_HANDSHAKE, error ? "handshake" : "handshake_cut", true);
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
	struct sip_connection *c = arg;
	unsigned long error = bufferevent_get_openssl_error(bev);

	c->busy = true;
	if (what & BEV_EVENT_TIMEOUT)
		end(c, SIP_END_CLOSED, "peer_does_not_read", true);
	else if (peer_refused_us(c, error))
		end(c, SIP_END_REFUSED, "certificate_refused", true);
	else if (what & BEV_EVENT_EOF)
		end(c, SIP_END_CLOSED, is_reading(c) ? "message_cut" : "peer_closed", true);
	else
		end(c, SIP_END_CLOSED, "connection_broken", true);
	settle(c);
}

static void use_bufferevent(struct sip_connection *c, struct bufferevent *bev)
{
	const struct timeval unread = {.tv_sec = UNREAD_S};

	c->bev = bev;
	c->ssl = bufferevent_openssl_get_ssl(bev);
	bufferevent_openssl_set_allow_dirty_shutdown(bev, 0);
	bufferevent_setcb(bev, on_read, on_write, on_event, c);
	bufferevent_setwatermark(bev, EV_READ, 0, INBOX_STEP_BYTES);
	bufferevent_set_timeouts(bev, NULL, &unread);
	bufferevent_enable(bev, EV_READ | EV_WRITE);
}

static void on_handshake(void *arg, const struct handshake_result *result)
{
	struct sip_connection *c = arg;

	c->handshake = NULL;
	c->busy = true;
	if (result->bev) {
		use_bufferevent(c, result->bev);
		c->phase = OPEN;
		c->last_write = loop_now(c->loop);
		if (!c->handlers.ready(c->handlers.arg, c, c->ssl))
			end(c, SIP_END_CLOSED, "peer_unknown", true);
	} else {
		handshake_failed(c, result);
	}
	settle(c);
}

struct sip_connection *sip_connection_new(const struct handshake_place *place, int fd, SSL *ssl,
	const struct origin *origin, bool pings, const struct sip_connection_handlers *handlers)
{
	struct sip_connection *c = calloc(1, sizeof(*c));
	int on = 1;

	evutil_make_socket_nonblocking(fd);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	if (c && ssl) {
		c->handshake = handshake_start(place, fd, ssl, origin, 0, on_handshake, c);
	} else {
		SSL_free(ssl);
		close(fd);
	}
	if (!c || !c->handshake) {
		free(c);
		return NULL;
	}
	c->loop = place->loop;
	c->handlers = *handlers;
	c->pings = pings;
	c->since = loop_now(c->loop);
	c->ping_ms = random_ping_ms();
	c->timer = timer_new(c->loop, timer_fired, c);
	if (!c->timer) {
		connection_delete(c);
		return NULL;
	}
	set_timer(c);
	return c;
}

bool sip_connection_write(struct sip_connection *c, struct view message)
{
	struct evbuffer *output;
	size_t queued;

	if (c->phase != OPEN)
		return false;
	output = bufferevent_get_output(c->bev);
	queued = evbuffer_get_length(output);
	if (queued + message.len > OUTPUT_MAX_BYTES) {
		end(c, SIP_END_CLOSED, "peer_does_not_read", true);
		if (!c->busy)
			timer_set_ms(c->timer, 0);
		return false;
	}
	if (queued == 0)
		evbuffer_expand(
			output, message.len > OUTPUT_STEP_BYTES ? message.len : OUTPUT_STEP_BYTES);
	if (evbuffer_add(output, message.p, message.len) < 0)
		return false;
	c->last_write = loop_now(c->loop);
	return true;
}

bool sip_connection_is_ready(const struct sip_connection *c)
{
	return c->phase == OPEN;
}

int sip_connection_fd(const struct sip_connection *c)
{
	return c->bev ? bufferevent_getfd(c->bev) : -1;
}

void sip_connection_set_owner(struct sip_connection *c, void *owner)
{
	c->owner = owner;
}

void *sip_connection_owner(const struct sip_connection *c)
{
	return c->owner;
}
