/* SPDX-License-Identifier: BSD-3-Clause */
/* The connection to an inside server: resolve, connect, prove, keep; back off when it fails. */
#include "control/sip/link.h"

#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control/counters.h"
#include "rules/base/log.h"
#include "rules/base/mark.h"

enum {
	CONNECT_MS = 5000,
	BACKOFF_FIRST_MS = 1000,
	BACKOFF_MAX_MS = 60000,
	USER_TIMEOUT_MS = 30000, /* what we sent and nobody acknowledged, pings too */
};

enum state { IDLE, RESOLVING, CONNECTING, HANDSHAKE, OPEN };

struct sip_link {
	const struct sip_link_house *house;
	char *domain, *host, *name;
	uint16_t port;
	bool closing;
	struct sip_link_handlers handlers;
	enum state state;
	struct resolve *question;
	struct connect *attempt;
	struct sip_connection *connection; /* HANDSHAKE, OPEN */
	bool stranger;                     /* the certificate is not the server's */
	bool heard;                        /* a message came on this connection */
	uint32_t failures;                 /* in a row */
	enum sip_outcome last_outcome;
	struct mono retry_at;
};

static void failed(struct sip_link *link, enum sip_outcome outcome, const char *why)
{
	uint64_t wait_ms = BACKOFF_MAX_MS;

	if (link->failures < 6)
		wait_ms = (uint64_t)BACKOFF_FIRST_MS << link->failures;
	if (wait_ms > BACKOFF_MAX_MS)
		wait_ms = BACKOFF_MAX_MS;
	link->failures++;
	link->state = IDLE;
	link->last_outcome = outcome;
	link->retry_at = mono_after_ms(loop_now(link->house->loop), wait_ms);
	counter_add("sip.inside_failed", why, 1);
	log_warning("sip: no connection to the inside server %s:%u of %s: %s; next try in %u s",
		link->host, link->port, link->domain, why, (unsigned)(wait_ms / 1000));
}

static void fail_and_tell(struct sip_link *link, enum sip_outcome outcome, const char *why)
{
	failed(link, outcome, why);
	link->handlers.failed(link->handlers.arg, link, outcome);
}

static bool on_ready(void *arg, struct sip_connection *connection, SSL *ssl)
{
	struct sip_link *link = arg;
	struct tls_peer peer;

	tls_peer(ssl, &peer);
	if (!peer.chain_valid || !identity_is_sip(peer.certificate, view_of(link->name))) {
		counter_add("sip.refused", "inside_identity", 1);
		link->stranger = true;
		return false;
	}
	link->state = OPEN;
	counter_add("sip", "inside_opened", 1);
	link->handlers.open(link->handlers.arg, link, connection);
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
			link->stranger ? "inside_identity" : cause);
		return;
	}
	/* One that never said a word would be opened again and again. */
	if (!link->heard)
		failed(link, SIP_UNREACHABLE, cause);
	else
		log_info("sip: the connection to the inside server of %s ended: %s", link->domain,
			cause);
	link->state = IDLE;
	link->handlers.lost(link->handlers.arg, link, connection, end == SIP_END_REFUSED);
}

static void on_connected(void *arg, int fd)
{
	const struct sip_connection_handlers handlers = {.ready = on_ready,
		.message = on_message,
		.bad = on_bad,
		.ended = on_ended,
		.arg = arg};
	unsigned timeout_ms = USER_TIMEOUT_MS;
	struct sip_link *link = arg;
	const struct handshake_place place = {link->house->loop, link->house->door.hands};
	const struct origin origin = origin_own(PARTNER_NONE);
	SSL *ssl;

	link->attempt = NULL;
	if (fd < 0) {
		fail_and_tell(link, SIP_UNREACHABLE, "connect");
		return;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms, sizeof(timeout_ms));
	ssl = tls_connect(
		link->house->generation->tls, TLS_SIP, view_of(link->domain), view_of(link->name));
	link->stranger = false;
	link->heard = false;
	link->connection = sip_connection_new(&place, fd, ssl, &origin, true, &handlers);
	link->state = HANDSHAKE;
	if (!link->connection)
		fail_and_tell(link, SIP_UNREACHABLE, "no_memory");
}

static void on_resolved(
	void *arg, enum resolve_result result, const struct target *targets, uint32_t count)
{
	struct sip_link *link = arg;

	link->question = NULL;
	if (result != RESOLVE_OK || count == 0) {
		fail_and_tell(link, SIP_UNREACHABLE, "resolve");
		return;
	}
	link->state = CONNECTING;
	link->attempt = connect_start(link->house->loop, link->house->filter,
		link->house->generation, CONNECT_INSIDE, PARTNER_NONE, targets, count, CONNECT_MS,
		on_connected, link);
	if (!link->attempt)
		fail_and_tell(link, SIP_UNREACHABLE, "no_memory");
}

struct sip_link *sip_link_new(const struct sip_link_house *house, const struct local_domain *local,
	const struct sip_link_handlers *handlers)
{
	struct sip_link *link = calloc(1, sizeof(*link));

	if (!link)
		return NULL;
	link->house = house;
	link->domain = strdup(local->domain);
	link->host = strdup(local->inside.host);
	link->name = strdup(local->inside.name);
	link->port = local->inside.port;
	link->handlers = *handlers;
	if (!link->domain || !link->host || !link->name) {
		sip_link_free(link);
		return NULL;
	}
	return link;
}

void sip_link_free(struct sip_link *link)
{
	if (!link)
		return;
	resolve_cancel(link->question);
	connect_cancel(link->attempt);
	sip_connection_free(link->connection);
	free(link->domain);
	free(link->host);
	free(link->name);
	free(link);
}

bool sip_link_want(struct sip_link *link, struct mono now, enum sip_outcome *outcome)
{
	if (link->state != IDLE)
		return true;
	if (link->failures && !mono_reached(now, link->retry_at)) {
		*outcome = link->last_outcome;
		return false;
	}
	link->state = RESOLVING;
	link->question = resolve_host(
		link->house->resolver, view_of(link->host), link->port, on_resolved, link);
	if (link->question)
		return true;
	failed(link, SIP_UNREACHABLE, "resolve");
	*outcome = SIP_UNREACHABLE;
	return false;
}

struct sip_connection *sip_link_connection(const struct sip_link *link)
{
	return link->state == OPEN ? link->connection : NULL;
}

bool sip_link_leads(const struct sip_link *link, const struct local_domain *local)
{
	return !link->closing && strcmp(link->domain, local->domain) == 0 &&
	       strcmp(link->host, local->inside.host) == 0 && link->port == local->inside.port &&
	       strcmp(link->name, local->inside.name) == 0;
}

void sip_link_close(struct sip_link *link, const char *cause)
{
	link->closing = true;
	if (link->state == OPEN)
		sip_connection_close(link->connection, cause);
}

const char *sip_link_domain(const struct sip_link *link)
{
	return link->domain;
}

const char *sip_link_host(const struct sip_link *link)
{
	return link->host;
}

const char *sip_link_name(const struct sip_link *link)
{
	return link->name;
}

const char *sip_link_state(const struct sip_link *link)
{
	static const char *const names[] = {"idle", "resolving", "connecting", "handshake", "open"};

	return names[link->state];
}
