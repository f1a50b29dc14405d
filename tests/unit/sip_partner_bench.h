/* SPDX-License-Identifier: BSD-3-Clause */
/* The house of sip_house.h with finding and connecting replaced: what DNS says, and partners' servers at
 * the other end of socket pairs. For the tests of links to partners. */
#pragma once

#include "tests/unit/sip_house.h"

#include <errno.h>

#include "control/sip/endpoint_int.h"
#include "control/sip/reach.h"

static struct {
	enum resolve_result result;
	const char *address; /* of what is found */
	char service[64], other[64], name[256], within[256];
	uint16_t port;
	unsigned questions;
} dns;

static struct {
	bool refuses, hangs;
	unsigned attempts;
	enum connect_side side;
	uint32_t partner_id;
	struct target target;
	int waiting[8]; /* the other ends, to be taken */
	unsigned count;
} net;

/* Finding. */
struct resolve {
	struct timer *timer;
	resolve_h *handler;
	void *arg;
	uint16_t port;
};

static void resolve_answer(void *arg)
{
	struct resolve q = *(struct resolve *)arg;
	struct target target = {.port = q.port};

	assert_true(ip_address_parse(view_of(dns.address), &target.address));
	resolve_cancel(arg);
	q.handler(q.arg, dns.result, &target, dns.result == RESOLVE_OK);
}

static struct resolve *ask(
	struct view name, const char *service, uint16_t port, resolve_h *handler, void *arg)
{
	struct resolve *q = calloc(1, sizeof(*q));

	*q = (struct resolve){.handler = handler, .arg = arg, .port = port};
	snprintf(dns.service, sizeof(dns.service), "%s", service);
	view_copy(name, dns.name, sizeof(dns.name));
	dns.within[0] = dns.other[0] = '\0';
	dns.port = port;
	dns.questions++;
	q->timer = timer_new(h.loop, resolve_answer, q);
	timer_set_ms(q->timer, 0);
	return q;
}

struct resolve *resolve_service(struct resolver *resolver, const char *service, struct view domain,
	uint16_t fallback_port, resolve_h *handler, void *arg)
{
	return ask(domain, service, fallback_port, handler, arg);
}

struct resolve *resolve_host(
	struct resolver *resolver, struct view host, uint16_t port, resolve_h *handler, void *arg)
{
	return ask(host, "", port, handler, arg);
}

void resolve_else(struct resolve *q, const char *service)
{
	snprintf(dns.other, sizeof(dns.other), "%s", service);
}

void resolve_within(struct resolve *q, struct view domain)
{
	view_copy(domain, dns.within, sizeof(dns.within));
}

void resolve_cancel(struct resolve *q)
{
	if (!q)
		return;
	timer_free(q->timer);
	free(q);
}

struct resolver *resolver_new(
	struct loop *loop, const char *nameserver, char *why, size_t why_bytes)
{
	return (struct resolver *)1;
}

void resolver_free(struct resolver *resolver)
{
}

/* Connecting. */
struct connect {
	struct timer *timer;
	connect_h *handler;
	void *arg;
};

static void connect_answer(void *arg)
{
	struct connect c = *(struct connect *)arg;
	int fds[2];

	connect_cancel(arg);
	if (net.refuses) {
		c.handler(c.arg, -ECONNREFUSED);
		return;
	}
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	assert_in_range(net.count, 0, 7);
	net.waiting[net.count++] = fds[1];
	c.handler(c.arg, fds[0]);
}

struct connect *connect_start(struct loop *loop, struct filter_client *filter,
	struct generation *generation, enum connect_side side, uint32_t partner_id,
	const struct target *targets, uint32_t count, uint32_t timeout_ms, connect_h *handler,
	void *arg)
{
	struct connect *c = calloc(1, sizeof(*c));

	assert_int_equal(count, 1);
	*c = (struct connect){.handler = handler, .arg = arg};
	net.side = side;
	net.partner_id = partner_id;
	net.target = targets[0];
	net.attempts++;
	c->timer = timer_new(h.loop, connect_answer, c);
	if (!net.hangs)
		timer_set_ms(c->timer, 0);
	return c;
}

void connect_cancel(struct connect *c)
{
	if (!c)
		return;
	timer_free(c->timer);
	free(c);
}

/* --- the house --- */

static inline int open_partner_house(void **state)
{
	memset(&dns, 0, sizeof(dns));
	memset(&net, 0, sizeof(net));
	dns.address = "192.0.2.50";
	return open_house(state);
}

static inline int close_partner_house(void **state)
{
	int rc = close_house(state);

	while (net.count > 0)
		close(net.waiting[--net.count]);
	return rc;
}

/* --- requests and servers --- */

static inline void send_from(const char *local, const char *remote, const char *body)
{
	char from[300], to[300];
	uint32_t outcomes = h.seen.outcomes;
	struct sip_request request = {.method = SIP_MESSAGE,
		.content_type = VIEW("text/plain;charset=UTF-8"),
		.max_forwards = 12,
		.body = view_of(body)};

	snprintf(from, sizeof(from), "sip:romeo@%s", local);
	snprintf(to, sizeof(to), "sip:juliet@%s", remote);
	request.from = view_of(from);
	request.uri = request.to = view_of(to);
	assert_non_null(sip_send_partner(
		h.endpoint, view_of(local), view_of(remote), &request, on_outcome, NULL));
	/* Never inside the call. */
	assert_int_equal(h.seen.outcomes, outcomes);
}

static inline void send_to(const char *remote)
{
	send_from("home.example", remote, "Hi");
}

/* It takes what we show, and the test looks at it. */
static inline int look_later(int ok, X509_STORE_CTX *store)
{
	return 1;
}

/* The next server that we connect to. */
static inline struct peer *partner_take(const struct identity_pair *pair)
{
	struct peer *p = calloc(1, sizeof(*p));

	run_until(NULL, net.count > 0);
	p->fd = net.waiting[0];
	memmove(net.waiting, net.waiting + 1, --net.count * sizeof(net.waiting[0]));
	p->ssl = peer_ssl(pair, true);
	SSL_set_verify(p->ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, look_later);
	SSL_set_fd(p->ssl, p->fd);
	return p;
}

static inline void await_request(struct peer *p)
{
	run_until(p, strstr(p->in, "\r\n\r\nHi"));
}

static inline void await_outcome(struct peer *p, uint32_t number, enum sip_outcome outcome)
{
	run_until(p, h.seen.outcomes == number);
	if (h.seen.outcome != outcome)
		fail_msg("outcome %d, not %d", h.seen.outcome, outcome);
}

static inline void answer_200(struct peer *p)
{
	server_answer(p, "200 OK", p->in);
	peer_clear(p);
}

/* A link that is open, idle, and has heard something. */
static inline struct peer *link_open(const char *remote, const struct identity_pair *pair)
{
	uint32_t outcomes = h.seen.outcomes;
	struct peer *p;

	send_to(remote);
	p = partner_take(pair);
	await_request(p);
	answer_200(p);
	await_outcome(p, outcomes + 1, SIP_RESPONDED);
	return p;
}

/* Rules as they stand in house_rules. */
static inline void adopt_rules(struct ruleset *rules)
{
	struct generation *old = h.generation;
	uint32_t outcomes = h.seen.outcomes;

	h.generation = make_generation(rules);
	sip_endpoint_adopt(h.endpoint, h.generation);
	generation_drop(old);
	assert_int_equal(h.seen.outcomes, outcomes);
}

static inline void adopt(const struct house_rules *r)
{
	adopt_rules(compile_rules(r));
}
