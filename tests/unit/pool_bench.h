/* SPDX-License-Identifier: BSD-3-Clause */
/* The bench that the pool's test works at: edges whose finding and connecting are replaced, socket
 * pairs, certificates. For the two tests of it. */
#pragma once

#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control/counters.h"
#include "control/xmpp/pool.h"
#include "control/xmpp/pool_int.h"
#include "rules/base/log.h"
#include "tests/unit/certificate.h"

enum { PORT_REFUSES = 1, PORT_HANGS = 2, PORT_RAW = 3, PORT_EDGES = 10, EDGES = 12 };

struct edge {
	struct generation *generation;
	struct xmpp_pool *pool;
	struct guests *guests;
	struct text log;
	bool inside; /* a call of ours into the pool: no handler may run */
};

static struct {
	struct loop *loop;
	struct handshakers *hands;
	char directory[64];
	struct identity_pair ca, other_ca;
	struct edge edges[EDGES];
	const char *domain; /* what DNS knows, and where it leads */
	enum resolve_result result;
	uint16_t port;
	const char *second; /* another domain, and where that leads */
	uint16_t second_port;
	int raw; /* the other end of a connection to PORT_RAW */
	unsigned questions, attempts;
	bool stranger;      /* who is connected to is no partner */
	const char *server; /* address of whoever DNS knows; NULL: 192.0.2.50 */
	char within[64];    /* which names its servers may have; "": any */
} bench;

/* Finding. */
struct resolve {
	struct timer *timer;
	resolve_h *handler;
	void *arg;
	uint16_t port;
	bool known;
};

static void resolve_answer(void *arg)
{
	struct resolve q = *(struct resolve *)arg;
	struct target target = {.port = q.port};

	assert_true(ip_address_parse(
		view_of(bench.server ? bench.server : "192.0.2.50"), &target.address));

	resolve_cancel(arg);
	if (q.known)
		q.handler(q.arg, bench.result, &target, bench.result == RESOLVE_OK);
	else
		q.handler(q.arg, RESOLVE_NONE, NULL, 0);
}

static struct resolve *ask(struct view name, resolve_h *handler, void *arg)
{
	struct resolve *q = calloc(1, sizeof(*q));

	*q = (struct resolve){.handler = handler, .arg = arg};
	q->known = view_equal(name, view_of(bench.domain));
	bench.within[0] = '\0';
	q->port = bench.port;
	if (bench.second && view_equal(name, view_of(bench.second))) {
		q->known = true;
		q->port = bench.second_port;
	}
	q->timer = timer_new(bench.loop, resolve_answer, q);
	timer_set_ms(q->timer, 0);
	bench.questions++;
	return q;
}

struct resolve *resolve_service(struct resolver *resolver, const char *service, struct view domain,
	uint16_t fallback_port, resolve_h *handler, void *arg)
{
	assert_string_equal(service, "_xmpp-server._tcp");
	assert_int_equal(fallback_port, 5269);
	return ask(domain, handler, arg);
}

struct resolve *resolve_host(
	struct resolver *resolver, struct view host, uint16_t port, resolve_h *handler, void *arg)
{
	assert_true(view_equal(host, VIEW("192.0.2.7")));
	assert_int_equal(port, 5270);
	return ask(host, handler, arg);
}

void resolve_within(struct resolve *q, struct view domain)
{
	view_copy(domain, bench.within, sizeof(bench.within));
}

void resolve_cancel(struct resolve *q)
{
	if (!q)
		return;
	timer_free(q->timer);
	free(q);
}

/* Connecting. */
struct connect {
	struct timer *timer;
	connect_h *handler;
	void *arg;
	uint16_t port;
};

static void pair_make(int fds[2])
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
}

static inline void accept_from_test(struct edge *edge, int fd)
{
	static const struct ip_address peer = {.family_bits = 32, .bytes = {192, 0, 2, 9}};

	xmpp_pool_accept(edge->pool, fd, &peer, mark_make(CLASS_UNKNOWN, PARTNER_NONE));
}

static void connect_answer(void *arg)
{
	struct connect c = *(struct connect *)arg;
	int fds[2];

	connect_cancel(arg);
	if (c.port < PORT_RAW) {
		c.handler(c.arg, -ECONNREFUSED);
		return;
	}
	pair_make(fds);
	if (c.port == PORT_RAW) {
		bench.raw = fds[1];
		c.handler(c.arg, fds[0]);
		return;
	}
	accept_from_test(&bench.edges[c.port - PORT_EDGES], fds[1]);
	c.handler(c.arg, fds[0]);
}

struct connect *connect_start(struct loop *loop, struct filter_client *filter,
	struct generation *generation, enum connect_side side, uint32_t partner_id,
	const struct target *targets, uint32_t count, uint32_t timeout_ms, connect_h *handler,
	void *arg)
{
	struct connect *c = calloc(1, sizeof(*c));

	assert_int_equal(side, CONNECT_PARTNER);
	assert_int_equal(partner_id == 0, bench.stranger);
	assert_int_equal(count, 1);
	*c = (struct connect){.handler = handler, .arg = arg, .port = targets[0].port};
	c->timer = timer_new(loop, connect_answer, c);
	if (c->port != PORT_HANGS)
		timer_set_ms(c->timer, 0);
	bench.attempts++;
	return c;
}

void connect_cancel(struct connect *c)
{
	if (!c)
		return;
	timer_free(c->timer);
	free(c);
}

/* Edges. */
static void on_stanza(void *arg, struct view local, struct view remote, enum proof proof,
	const struct element *stanza)
{
	struct edge *e = arg;
	bool found;
	struct view id = element_attribute(stanza, VIEW("id"), &found);

	assert_false(e->inside);
	text_printf(&e->log, "[%.*s<%.*s %.*s]", VIEW_ARG(local), VIEW_ARG(remote), VIEW_ARG(id));
	if (proof != PROOF_SASL_TLS)
		text_printf(&e->log, "(by %s)", proof_words(proof));
}

static void on_fate(void *arg, uint64_t cookie, enum xmpp_fate fate)
{
	static const char *const names[] = {
		[XMPP_WRITTEN] = "written",
		[XMPP_NOT_FOUND] = "not found",
		[XMPP_UNREACHABLE] = "unreachable",
		[XMPP_NOT_TRUSTED] = "not trusted",
		[XMPP_QUEUE_FULL] = "full",
		[XMPP_STREAM_LOST] = "lost",
		[XMPP_NO_ROOM] = "no room",
		[XMPP_NO_SERVER] = "no server",
		[XMPP_SRV_CONFLICT] = "conflict",
	};
	struct edge *e = arg;

	assert_false(e->inside);
	text_printf(&e->log, "(%llu %s)", (unsigned long long)cookie, names[fate]);
}

static void on_verified(void *arg, int fd, struct view remote)
{
	struct edge *e = arg;

	assert_true(fcntl(fd, F_GETFD) >= 0);
	text_printf(&e->log, "{%.*s}", VIEW_ARG(remote));
}

/* Rules of edge i: its own domain, two partners that are never reached, and these lines. */
static inline struct ruleset *rules_make(
	unsigned i, const char *domain, const char *partners, const char *blocked)
{
	char file[128];
	char yaml[1024];
	struct rules_errors errors = {0};
	struct ruleset *rules;

	snprintf(yaml, sizeof(yaml),
		"service: {addresses: [127.0.0.1]}\n"
		"local:\n"
		"  - domain: %s\n"
		"    certificate: %u.crt\n"
		"    key: %u.key\n"
		"    inside: {protocol: sip, host: 127.0.0.1}\n"
		"partners:\n"
		"%s"
		"  - {domain: fixed.example, protocol: xmpp, host: 192.0.2.7, port: 5270}\n"
		"  - {domain: sip.example, protocol: sip}\n"
		"blocked: {domains: [%s]}\n",
		domain, i, i, partners, blocked);
	snprintf(file, sizeof(file), "%s/rules.yaml", bench.directory);
	rules = ruleset_compile(view_of(yaml), file, &errors);
	if (!rules)
		fail_msg("line %u: %s", errors.list[0].line, errors.list[0].text);
	return rules;
}

/* Takes the rules. */
static inline struct generation *generation_make(struct ruleset *rules)
{
	char file[128];
	char why[256] = "";
	struct tls_store *tls;

	snprintf(file, sizeof(file), "%s/ca.crt", bench.directory);
	tls = tls_store_new(rules, file, why, sizeof(why));
	if (!tls)
		fail_msg("%s", why);
	return generation_new(rules, tls);
}

#define GROUP "  - {domain: group.example, protocol: xmpp, subtree: true}\n"

/* The other one, and a partner of many names. */
static inline const char *partner_of(const char *domain)
{
	if (strcmp(domain, "a.example") == 0)
		return "  - {domain: b.example, protocol: xmpp}\n" GROUP;
	if (strcmp(domain, "group.example") == 0)
		return "  - {domain: a.example, protocol: xmpp}\n";
	return "  - {domain: a.example, protocol: xmpp}\n" GROUP;
}

static inline void certificate_new(
	unsigned i, const char *domain, const struct identity_pair *issuer, const char *san)
{
	char san_text[64];
	char certificate[128];
	char key[128];
	struct identity_pair pair;

	snprintf(san_text, sizeof(san_text), "DNS:%s", domain);
	snprintf(certificate, sizeof(certificate), "%s/%u.crt", bench.directory, i);
	snprintf(key, sizeof(key), "%s/%u.key", bench.directory, i);
	pair = certificate_make(&(struct certificate_spec){.cn = domain,
		.san = san ? san : san_text,
		.eku = "serverAuth,clientAuth",
		.issuer = issuer});
	certificate_write(&pair, certificate, key);
	identity_pair_free(&pair);
}

static inline void edge_open_with(unsigned i, const char *domain,
	const struct identity_pair *issuer, const char *san, const char *partners)
{
	struct edge *e = &bench.edges[i];
	struct xmpp_handlers handlers = {
		.arg = e, .stanza = on_stanza, .fate = on_fate, .verified = on_verified};

	certificate_new(i, domain, issuer, san);
	e->generation = generation_make(
		rules_make(i, domain, partners, "{domain: evil.example, subtree: true}"));
	text_init(&e->log, 1 << 20);
	text_puts(&e->log, "");
	e->pool = xmpp_pool_new(bench.loop, NULL, NULL, e->generation, &handlers);
	assert_non_null(e->pool);
	e->guests = guests_new(GUESTS_DEFAULT);
	xmpp_pool_door(e->pool, &(struct door){bench.hands, e->guests, NULL});
}

static inline void edge_open(
	unsigned i, const char *domain, const struct identity_pair *issuer, const char *san)
{
	edge_open_with(i, domain, issuer, san, partner_of(domain));
}

static inline void edge_close(struct edge *e)
{
	xmpp_pool_free(e->pool);
	guests_free(e->guests);
	generation_drop(e->generation);
	text_free(&e->log);
	*e = (struct edge){0};
}

static inline int bench_open(void **state)
{
	char file[128];

	memset(&bench, 0, sizeof(bench));
	counters_clear();
	log_setup("test", LOG_LEVEL_ERROR);
	signal(SIGPIPE, SIG_IGN);
	bench.loop = loop_new();
	bench.hands = handshakers_new(bench.loop, 2);
	assert_non_null(bench.hands);
	strcpy(bench.directory, "/tmp/picket-xmpp-XXXXXX");
	assert_non_null(mkdtemp(bench.directory));
	bench.ca = certificate_make(&(struct certificate_spec){.cn = "CA", .ca = true});
	bench.other_ca = certificate_make(&(struct certificate_spec){.cn = "Other", .ca = true});
	snprintf(file, sizeof(file), "%s/ca.crt", bench.directory);
	certificate_write(&bench.ca, file, NULL);
	bench.domain = "b.example";
	bench.result = RESOLVE_OK;
	bench.port = PORT_EDGES + 1;
	return 0;
}

static inline int bench_close(void **state)
{
	char command[128];

	for (unsigned i = 0; i < EDGES; i++)
		if (bench.edges[i].pool)
			edge_close(&bench.edges[i]);
	event_base_loop(loop_base(bench.loop), EVLOOP_NONBLOCK);
	handshakers_free(bench.hands);
	loop_free(bench.loop);
	identity_pair_free(&bench.ca);
	identity_pair_free(&bench.other_ca);
	snprintf(command, sizeof(command), "rm -r %s", bench.directory);
	return system(command);
}

/* Run until the edge's log holds the words. */
static inline void await(struct edge *e, const char *words)
{
	struct mono end = mono_after_ms(mono_now(), 10000);

	while (!strstr(e->log.p, words)) {
		if (mono_reached(mono_now(), end))
			fail_msg("no '%s' in '%s'", words, e->log.p);
		event_base_loop(loop_base(bench.loop), EVLOOP_NONBLOCK);
	}
}

static inline void await_count(const char *area, const char *what, uint64_t n)
{
	struct mono end = mono_after_ms(mono_now(), 10000);

	while (counter_get(area, what) < n) {
		if (mono_reached(mono_now(), end))
			fail_msg("%s.%s stays %llu", area, what,
				(unsigned long long)counter_get(area, what));
		event_base_loop(loop_base(bench.loop), EVLOOP_NONBLOCK);
	}
	assert_int_equal(counter_get(area, what), n);
}

static inline void await_no_stranger(struct edge *e)
{
	struct mono end = mono_after_ms(mono_now(), 10000);

	while (guests_count(e->guests)) {
		if (mono_reached(mono_now(), end))
			fail_msg("%u strangers stay", guests_count(e->guests));
		event_base_loop(loop_base(bench.loop), EVLOOP_NONBLOCK);
	}
}

static inline void send_to(
	struct edge *e, const char *from, const char *to, unsigned id, uint64_t cookie)
{
	char stanza[256];

	snprintf(stanza, sizeof(stanza), "<message from='x@%s' to='y@%s' id='%u'/>", from, to, id);
	e->inside = true;
	xmpp_pool_send(e->pool, view_of(from), view_of(to), view_of(stanza), cookie);
	e->inside = false;
}

static inline void two_edges(void)
{
	edge_open(0, "a.example", &bench.ca, NULL);
	edge_open(1, "b.example", &bench.ca, NULL);
}

#define A (&bench.edges[0])
#define B (&bench.edges[1])
