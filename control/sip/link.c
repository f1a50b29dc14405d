/* SPDX-License-Identifier: BSD-3-Clause */
/* A connection of ours: reach, prove, keep; back off when it fails. */
#include "control/sip/link.h"

#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "control/counters.h"
#include "control/sip/partner_proof.h"
#include "control/sip/reach.h"
#include "rules/base/log.h"

enum {
	BACKOFF_FIRST_MS = 1000,
	/* Of our own servers there is one each. With partners people wait, and there may be another way. */
	BACKOFF_INSIDE_MS = 60000,
	BACKOFF_PARTNER_MS = 5000,
	USER_TIMEOUT_MS = 30000, /* what we sent and nobody acknowledged, pings too */
};

enum state { IDLE, REACHING, HANDSHAKE, OPEN };

struct sip_link {
	const struct sip_link_house *house;
	struct sip_route route;
	bool closing;
	struct sip_link_handlers handlers;
	enum state state;
	struct sip_reach *reach;           /* REACHING */
	struct sip_connection *connection; /* HANDSHAKE, OPEN */
	bool stranger;                     /* the certificate is not the server's */
	bool heard;                        /* a message came on this connection */
	uint32_t failures;                 /* in a row */
	enum sip_outcome last_outcome;
	struct mono retry_at;
};

static bool is_inside(const struct sip_link *link)
{
	return link->route.kind == SIP_PEER_INSIDE;
}

static uint64_t wait_ms(const struct sip_link *link)
{
	uint64_t most = is_inside(link) ? BACKOFF_INSIDE_MS : BACKOFF_PARTNER_MS;
	uint64_t ms = link->failures < 6 ? (uint64_t)BACKOFF_FIRST_MS << link->failures : most;

	return ms < most ? ms : most;
}

static void failed(struct sip_link *link, enum sip_outcome outcome, const char *why)
{
	const struct sip_route *route = &link->route;
	uint64_t ms = wait_ms(link);

	link->failures++;
	link->state = IDLE;
	link->last_outcome = outcome;
	link->retry_at = mono_after_ms(loop_now(link->house->loop), ms);
	counter_add(is_inside(link) ? "sip.inside_failed" : "sip.partner_failed", why, 1);
	if (is_inside(link))
		log_warning("sip: no connection to the inside server %s:%u of %s: %s; next try in "
			    "%u s",
			route->host, route->port, route->local, why, (unsigned)(ms / 1000));
	else
		log_warning("sip: %s -> %s: no connection: %s; next try in %u s", route->local,
			route->name, why, (unsigned)(ms / 1000));
}

static void fail_and_tell(struct sip_link *link, enum sip_outcome outcome, const char *why)
{
	failed(link, outcome, why);
	link->handlers.failed(link->handlers.arg, link, outcome);
}

static const char *stranger_cause(const struct sip_link *link)
{
	return is_inside(link) ? "inside_identity" : "partner_identity";
}

static void log_stranger(const struct sip_link *link, X509 *certificate)
{
	char names[SIP_CERTIFICATE_TEXT_BYTES];

	sip_certificate_show(certificate, names);
	log_warning(
		"sip: %s -> %s: the server's certificate is for %s; if that is right, say so by %s",
		link->route.local, sip_route_domain(&link->route), names,
		is_inside(link) ? "inside.name" : "certificate_names");
}

/* RFC 5922 section 7.3: the name that we were asked for or one that the rules have for it, never one that DNS led to. */
static bool on_ready(void *arg, struct sip_connection *connection, SSL *ssl)
{
	struct sip_link *link = arg;
	struct tls_peer peer;

	tls_peer(ssl, &peer);
	if (!peer.chain_valid || !sip_certificate_proves(peer.certificate,
					 view_of(link->route.name), link->route.names)) {
		counter_add("sip.refused", stranger_cause(link), 1);
		link->stranger = true;
		if (peer.chain_valid)
			log_stranger(link, peer.certificate);
		return false;
	}
	link->state = OPEN;
	counter_add("sip", is_inside(link) ? "inside_opened" : "partner_opened", 1);
	link->handlers.open(link->handlers.arg, link, connection, peer.certificate);
	return true;
}

static void on_message(
	void *arg, struct sip_connection *connection, const struct sip_message *message)
{
	struct sip_link *link = arg;

	link->heard = true;
	link->failures = 0;
	link->handlers.message(link->handlers.arg, link, connection, message);
}

static void on_bad(void *arg, struct sip_connection *connection, const struct sip_message *message,
	const struct sip_fault *fault)
{
	struct sip_link *link = arg;

	link->handlers.bad(link->handlers.arg, link, connection, message, fault);
}

static void on_ended(
	void *arg, struct sip_connection *connection, enum sip_end end, const char *cause)
{
	struct sip_link *link = arg;
	bool was_open = link->state == OPEN;

	link->connection = NULL;
	counter_add("sip.closed", cause, 1);
	if (!was_open) {
		fail_and_tell(link,
			link->stranger || end == SIP_END_UNTRUSTED ? SIP_UNTRUSTED
								   : SIP_UNREACHABLE,
			link->stranger ? stranger_cause(link) : cause);
		return;
	}
	/* One that never said a word would be opened again and again: a partner's is held off, as there may be another
	 * way to it. Of ours there is none, and it may have ended for what was in a single request: whoever sent that
	 * must not keep everybody else away from it. */
	if (!link->heard && !link->closing && (!is_inside(link) || end == SIP_END_REFUSED))
		failed(link, SIP_UNREACHABLE, cause);
	else
		log_info("sip: the connection to the %s %s ended: %s",
			is_inside(link) ? "inside server of" : "server of",
			sip_route_domain(&link->route), cause);
	link->state = IDLE;
	link->handlers.lost(link->handlers.arg, link, connection, end == SIP_END_REFUSED);
}

static void on_reached(void *arg, const struct sip_reached *reached)
{
	const struct sip_connection_handlers handlers = {.ready = on_ready,
		.message = on_message,
		.bad = on_bad,
		.ended = on_ended,
		.arg = arg};
	unsigned timeout_ms = USER_TIMEOUT_MS;
	struct sip_link *link = arg;
	const struct handshake_place place = {link->house->loop, link->house->door.hands};
	SSL *ssl;

	link->reach = NULL;
	if (reached->fd < 0) {
		fail_and_tell(link, reached->outcome, reached->cause);
		return;
	}
	setsockopt(reached->fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms, sizeof(timeout_ms));
	ssl = tls_connect(link->house->generation->tls, TLS_SIP, view_of(link->route.local),
		view_of(link->route.name));
	link->stranger = false;
	link->heard = false;
	link->connection =
		sip_connection_new(&place, reached->fd, ssl, &reached->origin, true, &handlers);
	link->state = HANDSHAKE;
	if (!link->connection)
		fail_and_tell(link, SIP_UNREACHABLE, "no_memory");
}

struct sip_link *sip_link_new(const struct sip_link_house *house, struct sip_route *route,
	const struct sip_link_handlers *handlers)
{
	struct sip_link *link = calloc(1, sizeof(*link));

	if (!link) {
		sip_route_free(route);
		return NULL;
	}
	link->house = house;
	link->route = *route;
	link->handlers = *handlers;
	*route = (struct sip_route){0};
	return link;
}

void sip_link_free(struct sip_link *link)
{
	if (!link)
		return;
	sip_reach_cancel(link->reach);
	sip_connection_free(link->connection);
	sip_route_free(&link->route);
	free(link);
}

enum sip_outcome sip_link_held(const struct sip_link *link, struct mono now)
{
	return link->state == IDLE && link->failures && !mono_reached(now, link->retry_at)
		       ? link->last_outcome
		       : SIP_RESPONDED;
}

bool sip_link_want(struct sip_link *link, struct mono now, enum sip_outcome *outcome)
{
	if (link->state != IDLE)
		return true;
	*outcome = sip_link_held(link, now);
	if (*outcome != SIP_RESPONDED)
		return false;
	link->state = REACHING;
	link->reach = sip_reach_start(link->house, &link->route, on_reached, link);
	if (link->reach)
		return true;
	failed(link, SIP_UNREACHABLE, "no_memory");
	*outcome = SIP_UNREACHABLE;
	return false;
}

struct sip_connection *sip_link_connection(const struct sip_link *link)
{
	return link->state == OPEN ? link->connection : NULL;
}

const struct sip_route *sip_link_route(const struct sip_link *link)
{
	return &link->route;
}

void sip_link_close(struct sip_link *link, const char *cause)
{
	link->closing = true;
	if (link->state == OPEN)
		sip_connection_close(link->connection, cause);
}

bool sip_link_is_closing(const struct sip_link *link)
{
	return link->closing;
}

bool sip_link_is_under_way(const struct sip_link *link)
{
	return link->state == REACHING || link->state == HANDSHAKE;
}

const char *sip_link_state(const struct sip_link *link)
{
	static const char *const names[] = {"idle", "", "handshake", "open"};

	return link->state == REACHING ? sip_reach_state(link->reach) : names[link->state];
}
