/* SPDX-License-Identifier: BSD-3-Clause */
/* The house that the endpoint's test lives in: certificates, rules, an endpoint on the loop, and a peer
 * on a real socket with real TLS, stepped between rounds of the loop. For the tests of the endpoint. */
#pragma once

#include "tests/unit/test.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control/counters.h"
#include "control/sip/endpoint.h"
#include "rules/base/log.h"
#include "tests/unit/certificate.h"
#include "tests/unit/compile.h"

enum { PATIENCE_MS = 5000, IN_BYTES = 64 * 1024 };

/* The other end. */
struct peer {
	SSL *ssl;
	int fd;
	bool open; /* the handshake is done */
	bool closed;
	char in[IN_BYTES];
	size_t len;
};

/* What the handlers saw. */
struct seen {
	uint32_t messages;
	struct sip_server_tx *tx;
	char body[64], local[64], partner[64];
	enum sip_peer_kind kind;
	bool hold; /* do not answer at once */
	uint32_t outcomes;
	enum sip_outcome outcome;
	uint16_t code;
	uint32_t verified, partner_id;
	char remote[64];  /* who was */
	const char *shut; /* what an operator has blocked; NULL: nothing */
};

static struct house {
	char directory[64];
	struct identity_pair ca, other_ca, edge, inside, partner, branches, closed, stranger,
		foreign;
	uint16_t inside_port;
	struct loop *loop;
	struct resolver *resolver;
	struct generation *generation;
	struct sip_endpoint *endpoint;
	struct door door;
	struct seen seen;
} h;

/* A CA when there is no issuer; its name must be its own, or chains go astray. */
static inline struct identity_pair make(
	const char *cn, const char *san, const struct identity_pair *issuer)
{
	struct certificate_spec spec = {.cn = cn, .san = san, .ca = !issuer, .issuer = issuer};

	return certificate_make(&spec);
}

static inline char *path(const char *name)
{
	static char paths[4][128];
	static int next;
	char *p = paths[next++ % 4];

	snprintf(p, sizeof(paths[0]), "%s/%s", h.directory, name);
	return p;
}

static inline int make_certificates(void **state)
{
	signal(SIGPIPE, SIG_IGN);
	strcpy(h.directory, "/tmp/picket-sip-XXXXXX");
	assert_non_null(mkdtemp(h.directory));
	h.ca = make("ca", NULL, NULL);
	h.other_ca = make("other ca", NULL, NULL);
	h.edge = make("leaf", "DNS:home.example,DNS:second.example,DNS:third.example", &h.ca);
	h.inside = make("leaf", "URI:sip:sip.home.example", &h.ca);
	h.partner = make("leaf", "URI:sip:peer.example", &h.ca);
	h.branches = make("leaf",
		"URI:sip:old.group.example,URI:sip:a.group.example,URI:sip:b.group.example,"
		"URI:sip:north.group.example",
		&h.ca);
	h.closed = make("leaf", "URI:sip:old.group.example", &h.ca);
	h.stranger = make("leaf", "URI:sip:stranger.example", &h.ca);
	h.foreign = make("leaf", "URI:sip:sip.home.example", &h.other_ca);
	certificate_write(&h.ca, path("ca.pem"), NULL);
	certificate_write(&h.edge, path("edge.pem"), path("edge.key"));
	return 0;
}

static inline int drop_certificates(void **state)
{
	struct identity_pair *all[] = {&h.ca, &h.other_ca, &h.edge, &h.inside, &h.partner,
		&h.branches, &h.closed, &h.stranger, &h.foreign};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		identity_pair_free(all[i]);
	unlink(path("ca.pem"));
	unlink(path("edge.pem"));
	unlink(path("edge.key"));
	rmdir(h.directory);
	return 0;
}

static inline void on_message(void *arg, struct sip_server_tx *tx, const struct sip_peer *peer,
	const struct sip_message *request)
{
	h.seen.messages++;
	h.seen.kind = peer->kind;
	view_copy(request->body, h.seen.body, sizeof(h.seen.body));
	snprintf(h.seen.local, sizeof(h.seen.local), "%s", peer->local ? peer->local->domain : "");
	snprintf(h.seen.partner, sizeof(h.seen.partner), "%s",
		peer->partner ? peer->partner->domain : "");
	h.seen.tx = tx;
	if (!h.seen.hold)
		sip_respond(tx, 202, "", (struct view){0});
}

static inline void on_outcome(
	void *arg, enum sip_outcome outcome, const struct sip_message *response)
{
	h.seen.outcomes++;
	h.seen.outcome = outcome;
	h.seen.code = response ? response->code : 0;
}

/* The rules of the house, with another inside route of home.example, another domain in its place (with
 * a host of its own), or other partners. */
struct house_rules {
	const char *domain, *host, *name, *partners, *blocked; /* NULL: as ever */
	uint16_t port;
	uint32_t partner_id;
};

static inline struct ruleset *compile_rules(const struct house_rules *r)
{
	char document[1024], file[128];

	snprintf(file, sizeof(file), "%s/rules.yaml", h.directory);
	snprintf(document, sizeof(document),
		"service: {addresses: [198.51.100.1]}\n"
		"local:\n"
		"  - domain: %s\n"
		"    certificate: edge.pem\n"
		"    key: edge.key\n"
		"    inside: {protocol: sip, host: %s, port: %u, name: %s}\n"
		"  - domain: second.example\n"
		"    certificate: edge.pem\n"
		"    key: edge.key\n"
		"    inside: {protocol: sip, host: 127.0.0.1, port: %u, name: sip.second.example}\n"
		"partners:\n"
		"  - {domain: other.example, protocol: xmpp}\n"
		"%s"
		"blocked: {domains: [%s]}\n",
		r->domain ? r->domain : "home.example", r->host ? r->host : "127.0.0.1",
		r->port ? r->port : h.inside_port, r->name ? r->name : "sip.home.example",
		h.inside_port,
		r->partners ? r->partners
			    : "  - {domain: peer.example, protocol: sip}\n"
			      "  - {domain: group.example, protocol: sip, subtree: true}\n"
			      "  - {domain: north.group.example, protocol: sip}\n",
		r->blocked ? r->blocked : "evil.example, old.group.example");
	return compile_from(document, file);
}

/* Takes the rules. */
static inline struct generation *make_generation(struct ruleset *rules)
{
	struct tls_store *tls;
	char why[256];

	tls = tls_store_new(rules, path("ca.pem"), why, sizeof(why));
	if (!tls)
		fail_msg("%s", why);
	return generation_new(rules, tls);
}

/* A listening socket on loopback; its port becomes that of the inside server. */
static inline int listen_inside(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	socklen_t len = sizeof(a);

	assert_int_equal(bind(fd, (struct sockaddr *)&a, len), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	h.inside_port = ntohs(a.sin_port);
	return fd;
}

static inline void on_verified(void *arg, int fd, struct view remote)
{
	const struct partner *partner = ruleset_partner(h.generation->rules, remote);

	h.seen.verified++;
	h.seen.partner_id = partner ? partner->id : PARTNER_NONE;
	view_copy(remote, h.seen.remote, sizeof(h.seen.remote));
}

static inline bool on_shut(void *arg, struct view domain)
{
	return h.seen.shut && view_equal(domain, view_of(h.seen.shut));
}

static inline void open_endpoint(void)
{
	static const struct sip_endpoint_handlers handlers = {
		.message = on_message, .verified = on_verified, .shut = on_shut};
	char why[256];

	h.loop = loop_new();
	h.resolver = resolver_new(h.loop, "127.0.0.1@1", why, sizeof(why));
	assert_non_null(h.resolver);
	h.generation = make_generation(compile_rules(&(struct house_rules){0}));
	h.endpoint = sip_endpoint_new(h.loop, NULL, h.resolver, h.generation, &handlers);
	assert_non_null(h.endpoint);
	h.door = (struct door){handshakers_new(h.loop, 2), guests_new(GUESTS_DEFAULT), NULL};
	assert_non_null(h.door.hands);
	sip_endpoint_door(h.endpoint, &h.door);
}

static inline int open_house(void **state)
{
	memset(&h.seen, 0, sizeof(h.seen));
	counters_clear();
	log_setup("test", getenv("SIP_TEST_LOG") ? LOG_LEVEL_DEBUG : LOG_LEVEL_ERROR);
	h.inside_port = 1;
	open_endpoint();
	return 0;
}

static inline void close_endpoint(void)
{
	sip_endpoint_free(h.endpoint);
	handshakers_free(h.door.hands);
	assert_int_equal(guests_count(h.door.guests), 0);
	guests_free(h.door.guests);
	resolver_free(h.resolver);
	loop_free(h.loop);
	generation_drop(h.generation);
	h.endpoint = NULL;
}

static inline int close_house(void **state)
{
	if (h.endpoint)
		close_endpoint();
	return 0;
}

static SSL *peer_ssl(const struct identity_pair *pair, bool server)
{
	SSL_CTX *context = SSL_CTX_new(TLS_method());
	SSL *ssl;

	assert_non_null(context);
	if (pair) {
		assert_int_equal(SSL_CTX_use_certificate(context, pair->certificate), 1);
		assert_int_equal(SSL_CTX_use_PrivateKey(context, pair->key), 1);
	}
	ssl = SSL_new(context);
	SSL_CTX_free(context);
	if (server)
		SSL_set_accept_state(ssl);
	else
		SSL_set_connect_state(ssl);
	return ssl;
}

static inline void peer_step(struct peer *p)
{
	int n;

	if (p->closed || !p->ssl)
		return;
	ERR_clear_error();
	if (!p->open) {
		n = SSL_do_handshake(p->ssl);
		p->open = n == 1;
	} else {
		n = SSL_read(p->ssl, p->in + p->len, (int)(IN_BYTES - 1 - p->len));
		if (n > 0)
			p->len += (size_t)n;
	}
	p->in[p->len] = '\0';
	if (n <= 0) {
		int error = SSL_get_error(p->ssl, n);

		p->closed = error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE;
	}
}

static inline void peer_clear(struct peer *p)
{
	p->len = 0;
	p->in[0] = '\0';
}

static inline void peer_free(struct peer *p)
{
	SSL_free(p->ssl);
	close(p->fd);
	free(p);
}

static inline void round_of(struct peer *p)
{
	event_base_loop(loop_base(h.loop), EVLOOP_NONBLOCK);
	if (p)
		peer_step(p);
	usleep(200);
}

/* Rounds until the condition holds; fails the test when it takes too long. */
#define run_until_ms(p, condition, ms)                                                             \
	do {                                                                                       \
		struct mono until_ = mono_after_ms(mono_now(), ms);                                \
		while (!(condition) && !mono_reached(mono_now(), until_))                          \
			round_of(p);                                                               \
		assert_true(condition);                                                            \
	} while (0)
#define run_until(p, condition) run_until_ms(p, condition, PATIENCE_MS)

static inline void run_for_ms(struct peer *p, uint64_t ms)
{
	struct mono until = mono_after_ms(mono_now(), ms);

	while (!mono_reached(mono_now(), until))
		round_of(p);
}

enum side { INSIDE, PARTNER };

/* A client of the endpoint; not yet through its handshake. */
static inline struct peer *peer_connect(enum side side, const struct identity_pair *pair)
{
	static const struct ip_address address = {.family_bits = 32, .bytes = {192, 0, 2, 9}};
	struct peer *p = calloc(1, sizeof(*p));
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	p->fd = fds[0];
	p->ssl = peer_ssl(pair, false);
	SSL_set_fd(p->ssl, p->fd);
	if (side == INSIDE)
		sip_endpoint_accept_inside(h.endpoint, fds[1], &address);
	else
		sip_endpoint_accept_partner(
			h.endpoint, fds[1], &address, mark_make(CLASS_UNKNOWN, PARTNER_NONE));
	return p;
}

static inline struct peer *peer_open(enum side side, const struct identity_pair *pair)
{
	struct peer *p = peer_connect(side, pair);

	run_until(p, p->open);
	return p;
}

static inline void peer_send(struct peer *p, const char *text)
{
	assert_int_equal(SSL_write(p->ssl, text, (int)strlen(text)), (int)strlen(text));
}

/* A request from the inside; branch tells it apart. */
static const char *request_text(const char *method, const char *from, const char *branch)
{
	static char text[1024];

	snprintf(text, sizeof(text),
		"%s sip:juliet@xmpp.example SIP/2.0\r\n"
		"Via: SIP/2.0/TLS 10.0.0.1:5061;branch=z9hG4bK%s\r\nMax-Forwards: 70\r\n"
		"From: <sip:romeo@%s>;tag=%s\r\nTo: <sip:juliet@xmpp.example>\r\n"
		"Call-ID: c%s\r\nCSeq: 1 %s\r\nContact: <sip:10.0.0.1>\r\n"
		"Content-Type: text/plain\r\nContent-Length: 5\r\n\r\nHello",
		method, branch, from, branch, branch, method);
	return text;
}

/* Open the house again with an inside server that listens, and take its connection. */
static inline int restart_with_server(void)
{
	int fd = listen_inside();

	close_endpoint();
	open_endpoint();
	return fd;
}

static inline struct peer *server_take(int listener, const struct identity_pair *pair)
{
	struct peer *p = calloc(1, sizeof(*p));

	do {
		round_of(NULL);
		p->fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
	} while (p->fd < 0);
	p->ssl = peer_ssl(pair, true);
	SSL_set_fd(p->ssl, p->fd);
	return p;
}

static inline void send_request(const char *call_id)
{
	struct sip_request request = {.method = SIP_MESSAGE,
		.uri = VIEW("sip:romeo@home.example"),
		.from = VIEW("sip:juliet@xmpp.example"),
		.to = VIEW("sip:romeo@home.example"),
		.call_id = view_of(call_id),
		.extra = VIEW("Subject: \xc3\xa9\r\n"),
		.content_type = VIEW("text/plain;charset=UTF-8"),
		.body = VIEW("Hi")};

	assert_non_null(
		sip_send_inside(h.endpoint, VIEW("home.example"), &request, on_outcome, NULL));
}

static inline void server_answer(struct peer *p, const char *status, const char *via_from)
{
	char text[2048], via[256], cseq[] = "CSeq: 1 MESSAGE";
	const char *at = strstr(via_from, "Via: ");

	snprintf(via, sizeof(via), "%.*s", (int)strcspn(at, "\r"), at);
	snprintf(text, sizeof(text),
		"SIP/2.0 %s\r\n%s\r\nFrom: <sip:juliet@xmpp.example>;tag=1\r\n"
		"To: <sip:romeo@home.example>;tag=2\r\nCall-ID: x\r\n%s\r\n"
		"Content-Length: 0\r\n\r\n",
		status, via, cseq);
	peer_send(p, text);
}
