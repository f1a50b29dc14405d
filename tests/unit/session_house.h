/* SPDX-License-Identifier: BSD-3-Clause */
/* A session between a pool and an endpoint that only remember, and a clock that tests turn. */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include "control/counters.h"
#include "control/session/session.h"
#include "control/sip/message.h"
#include "control/xmpp/reader.h"
#include "tests/unit/compile.h"

struct timer {
	void (*fire)(void *arg);
	void *arg;
	bool set;
	struct mono at;
};

static struct mono now;
static struct timer *timers[4];

struct mono loop_now(struct loop *loop)
{
	return now;
}

/* Of the store, which these tests do without. */
struct event_base *loop_base(struct loop *loop)
{
	return NULL;
}

static struct {
	int fd;
	uint32_t id;
	char domain[64];
	bool suspicious;
} proven;
static uint32_t said_again;     /* the partner */
static char suspects_said[256]; /* "0" for anew, then +ID or -ID */

void verdicts_proven(struct verdicts *verdicts, int fd, uint32_t partner_id, struct view domain)
{
	view_copy(domain, proven.domain, sizeof(proven.domain));
	proven.fd = fd;
	proven.id = partner_id;
	proven.suspicious = false;
}

void verdicts_suspicious(struct verdicts *verdicts, int fd, uint32_t partner_id, struct view domain)
{
	verdicts_proven(verdicts, fd, partner_id, domain);
	proven.suspicious = true;
}

void verdicts_say_again(struct verdicts *verdicts, uint32_t partner_id)
{
	said_again = partner_id;
}

static char said_again_of[64]; /* the domain that is no partner's */

void verdicts_say_again_of(struct verdicts *verdicts, struct view domain)
{
	view_copy(domain, said_again_of, sizeof(said_again_of));
}

void verdicts_suspects(struct verdicts *verdicts, const uint32_t *partner_ids, uint32_t count,
	bool suspicious, bool anew)
{
	size_t len = strlen(suspects_said);

	len += (size_t)snprintf(
		suspects_said + len, sizeof(suspects_said) - len, "%s", anew ? "0" : "");
	for (uint32_t i = 0; i < count; i++)
		len += (size_t)snprintf(suspects_said + len, sizeof(suspects_said) - len, "%s%u",
			suspicious ? "+" : "-", partner_ids[i]);
}

/* What an operator has blocked; NULL: nothing. */
static const char *shut;

bool verdicts_blocks_domain(const struct verdicts *verdicts, struct view domain)
{
	return shut && view_equal(domain, view_of(shut));
}

struct timer *timer_new(struct loop *loop, void (*fire)(void *arg), void *arg)
{
	struct timer *t = calloc(1, sizeof(*t));

	t->fire = fire;
	t->arg = arg;
	for (size_t i = 0; i < 4; i++)
		if (!timers[i]) {
			timers[i] = t;
			return t;
		}
	abort();
}

void timer_free(struct timer *timer)
{
	for (size_t i = 0; i < 4; i++)
		if (timers[i] == timer)
			timers[i] = NULL;
	free(timer);
}

void timer_set_ms(struct timer *timer, uint64_t ms)
{
	timer->set = true;
	timer->at = mono_after_ms(now, ms);
}

void timer_clear(struct timer *timer)
{
	timer->set = false;
}

/* Let time pass in steps of a millisecond. */
static inline void pass_ms(uint64_t ms)
{
	for (uint64_t i = 0; i <= ms; i++) {
		for (size_t t = 0; t < 4; t++)
			if (timers[t] && timers[t]->set && mono_reached(now, timers[t]->at)) {
				timers[t]->set = false;
				timers[t]->fire(timers[t]->arg);
			}
		if (i < ms)
			now.ns += NS_PER_MS;
	}
}

/* ---- the pool ------------------------------------------------------------------------------- */

static struct {
	char stanza[8192];
	char local[256], remote[256];
	uint64_t cookie;
} sent[64];
static uint32_t sent_count;
static uint64_t forgotten;

void xmpp_pool_send(struct xmpp_pool *pool, struct view local, struct view remote,
	struct view stanza, uint64_t cookie)
{
	assert_in_range(sent_count, 0, 63);
	view_copy(stanza, sent[sent_count].stanza, sizeof(sent[0].stanza));
	view_copy(local, sent[sent_count].local, sizeof(sent[0].local));
	view_copy(remote, sent[sent_count].remote, sizeof(sent[0].remote));
	sent[sent_count++].cookie = cookie;
}

void xmpp_pool_forget(struct xmpp_pool *pool, uint64_t cookie)
{
	forgotten = cookie;
}

static enum xmpp_fate held; /* what the way to partners ended with just now */

enum xmpp_fate xmpp_pool_held(const struct xmpp_pool *pool, struct view remote)
{
	return held;
}

uint32_t xmpp_pool_return_streams(const struct xmpp_pool *pool, struct view remote)
{
	return 1;
}

/* ---- the endpoint --------------------------------------------------------------------------- */

static struct {
	uint16_t code;
	char extra[512];
	int count;
} response;

static struct {
	struct sip_request request;
	char uri[512], from[512], body[1024], call_id[256], extra[1024];
	char local[256], remote[256]; /* remote: "" of those for the inside */
	uint32_t max_forwards;
	sip_response_h *handler;
	void *arg;
} requests[64];
static uint32_t request_count;

void sip_respond(struct sip_server_tx *tx, uint16_t code, const char *reason, struct view extra)
{
	assert_non_null(reason);
	response.code = code;
	response.count++;
	view_copy(extra, response.extra, sizeof(response.extra));
}

static bool no_memory; /* for requests of ours */

static inline struct sip_client_tx *request_keep(struct view local, struct view remote,
	const struct sip_request *request, sip_response_h *handler, void *arg)
{
	if (no_memory)
		return NULL;
	assert_in_range(request_count, 0, 63);
	view_copy(local, requests[request_count].local, sizeof(requests[0].local));
	view_copy(remote, requests[request_count].remote, sizeof(requests[0].remote));
	view_copy(request->uri, requests[request_count].uri, sizeof(requests[0].uri));
	view_copy(request->from, requests[request_count].from, sizeof(requests[0].from));
	view_copy(request->body, requests[request_count].body, sizeof(requests[0].body));
	view_copy(request->call_id, requests[request_count].call_id, sizeof(requests[0].call_id));
	view_copy(request->extra, requests[request_count].extra, sizeof(requests[0].extra));
	requests[request_count].max_forwards = request->max_forwards;
	requests[request_count].handler = handler;
	requests[request_count].arg = arg;
	return (struct sip_client_tx *)&requests[request_count++];
}

struct sip_client_tx *sip_send_inside(struct sip_endpoint *endpoint, struct view local,
	const struct sip_request *request, sip_response_h *handler, void *arg)
{
	return request_keep(local, (struct view){0}, request, handler, arg);
}

struct sip_client_tx *sip_send_partner(struct sip_endpoint *endpoint, struct view local,
	struct view remote, const struct sip_request *request, sip_response_h *handler, void *arg)
{
	return request_keep(local, remote, request, handler, arg);
}

static enum sip_outcome sip_held; /* what the way to partners' SIP servers ended with just now */

enum sip_outcome sip_endpoint_held(const struct sip_endpoint *endpoint, struct view remote)
{
	return sip_held;
}

static const char *retry_after; /* of a response; NULL: it has none */

static inline void answer(uint32_t number, enum sip_outcome outcome, uint16_t code)
{
	static struct sip_message m;

	m = (struct sip_message){.code = code, .header_count = retry_after ? 1 : 0};
	m.headers[0] =
		(struct sip_header){.name = SIP_HEADER_RETRY_AFTER, .value = view_of(retry_after)};

	requests[number].handler(
		requests[number].arg, outcome, outcome == SIP_RESPONDED ? &m : NULL);
}

/* ---- the rules and the session -------------------------------------------------------------- */

static const char document[] = "service:\n"
			       "  addresses: [198.51.100.1]\n"
			       "local:\n"
			       "  - domain: corp.example\n"
			       "    certificate: c\n"
			       "    key: k\n"
			       "    inside: {protocol: sip, host: 192.0.2.10}\n"
			       "partners:\n"
			       "  - {domain: partner.example, protocol: xmpp}\n"
			       "  - {domain: sip-partner.example, protocol: sip}\n"
			       "  - {domain: group.example, protocol: xmpp, subtree: true}\n"
			       "blocked:\n"
			       "  domains: [blocked.example]\n";

static struct ruleset *rules;
static struct generation *generation;
static struct xmpp_handlers xmpp;
static struct sip_endpoint_handlers sip;

static inline int start(void **state)
{
	struct session *session;

	rules = compile_from(document, "test.yaml");
	now = (struct mono){NS_PER_S};
	sent_count = request_count = 0;
	held = XMPP_WRITTEN;
	sip_held = SIP_RESPONDED;
	no_memory = false;
	memset(&response, 0, sizeof(response));
	counters_clear();
	generation = generation_new(rules, NULL);
	session = session_new(NULL, generation);
	xmpp = session_xmpp_handlers(session);
	sip = session_sip_handlers(session);
	session_connect(session, NULL, NULL);
	*state = session;
	return 0;
}

static inline int stop(void **state)
{
	session_free(*state);
	generation_drop(generation);
	counters_clear();
	return 0;
}

/* Other rules, and those of before are gone. */
static inline void adopt_rules(struct session *session, const char *yaml)
{
	struct generation *old = generation;

	rules = compile_from(yaml, "test.yaml");
	generation = generation_new(rules, NULL);
	session_adopt(session, generation);
	generation_drop(old);
}

/* Other partners. */
static inline void adopt(struct session *session, const char *partners)
{
	char other[1024];

	snprintf(other, sizeof(other), "%.*s%sblocked: {domains: [partner.example]}\n",
		(int)(strstr(document, "  - {domain: partner.example") - document), document,
		partners);
	adopt_rules(session, other);
}

/* A stanza comes in on a stream of `remote`, which has proven itself in this way. */
static inline void stanza_from_by(const char *remote, enum proof proof, const char *stanza)
{
	static const char header[] =
		"<stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams' "
		"from='x.example' to='corp.example' id='x' version='1.0'>";
	struct reader *r = reader_new(&reader_limits_partner);
	struct view input = view_of(header);

	assert_int_equal(reader_next(r, &input), READER_HEADER);
	input = view_of(stanza);
	assert_int_equal(reader_next(r, &input), READER_STANZA);
	xmpp.stanza(xmpp.arg, VIEW("corp.example"), view_of(remote), proof, reader_stanza(r));
	reader_free(r);
}

static inline void stanza_from(const char *remote, const char *stanza)
{
	stanza_from_by(remote, PROOF_SASL_TLS, stanza);
}

static inline void stanza_in(const char *stanza)
{
	stanza_from("partner.example", stanza);
}

static const char *content_type = "text/plain"; /* of what comes in from there */

/* A MESSAGE comes in from a peer. */
static inline void request_in(const struct sip_peer *peer, const char *from, const char *to,
	uint32_t hops, const char *headers, const char *body)
{
	static struct sip_message m;
	struct sip_fault fault;
	uint32_t consumed;
	char text[4096];
	int len = snprintf(text, sizeof(text),
		"MESSAGE %s SIP/2.0\r\nVia: SIP/2.0/TLS h;branch=z9hG4bK1\r\nMax-Forwards: %u\r\n"
		"From: <%s>;tag=1\r\nTo: <%s>\r\nCall-ID: call-1@host\r\n"
		"CSeq: 1 MESSAGE\r\nContent-Type: %s\r\n%sContent-Length: %zu\r\n\r\n%s",
		to, hops, from, to, content_type, headers, strlen(body), body);

	assert_int_equal(
		sip_message_parse(view_make(text, (size_t)len), &m, &consumed, &fault), PARSE_DONE);
	sip.message(sip.arg, NULL, peer, &m);
}

/* One of our users', from the inside server. */
static inline void message_made_in(
	const char *user, const char *to, const char *headers, const char *body)
{
	const struct sip_peer peer = {.kind = SIP_PEER_INSIDE, .local = &rules->locals[0]};
	char from[256];

	snprintf(from, sizeof(from), "sip:%s@corp.example", user);
	request_in(&peer, from, to, 70, headers, body);
}

/* One of a partner's users, from its SIP server. */
static inline void partner_hops_in(
	const char *from, const char *to, uint32_t hops, const char *headers, const char *body)
{
	const struct sip_peer peer = {.kind = SIP_PEER_PARTNER,
		.partner = ruleset_partner(rules, view_of(strchr(from, '@') + 1))};

	request_in(&peer, from, to, hops, headers, body);
}

static inline void partner_in(const char *from, const char *to, const char *body)
{
	partner_hops_in(from, to, 70, "", body);
}

static inline void message_in_with(const char *to, const char *headers, const char *body)
{
	message_made_in("bob", to, headers, body);
}

static inline void message_from_in(const char *user, const char *to, const char *body)
{
	message_made_in(user, to, "", body);
}

static inline void message_in(const char *to, const char *body)
{
	message_in_with(to, "", body);
}

/* The value of an attribute of the last stanza that was sent. */
static inline const char *sent_attribute(uint32_t number, const char *name)
{
	static char value[256];
	char wanted[64];
	const char *at;
	size_t n;

	snprintf(wanted, sizeof(wanted), " %s='", name);
	at = strstr(sent[number].stanza, wanted);
	assert_non_null(at);
	at += strlen(wanted);
	n = strcspn(at, "'");
	snprintf(value, sizeof(value), "%.*s", (int)n, at);
	return value;
}

static inline void pong(uint32_t ping)
{
	char iq[512];

	snprintf(iq, sizeof(iq),
		"<iq from='partner.example' to='corp.example' type='result' id='%s'/>",
		sent_attribute(ping, "id"));
	stanza_in(iq);
}

static inline void error_in(uint32_t message, const char *condition)
{
	char stanza[1024];

	snprintf(stanza, sizeof(stanza),
		"<message from='alice@partner.example' to='bob@corp.example' type='error' id='%s'><error "
		"type='cancel'><%s xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>",
		sent_attribute(message, "id"), condition);
	stanza_in(stanza);
}

/* ---- SIP to XMPP ----------------------------------------------------------------------------- */

#define HELLO(id)                                                                                  \
	"<message from='alice@partner.example/home' to='bob@corp.example' type='chat' id='" id     \
	"' xml:lang='fr'><subject>s</subject><body>salut &amp; ciao</body></message>"

#define ROW(name) cmocka_unit_test_setup_teardown(name, start, stop)
