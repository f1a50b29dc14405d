/* SPDX-License-Identifier: BSD-3-Clause */
/* edge RULES CA ADDRESS REMOTE: an XMPP pool without dataplane and session layer. It listens on
 * ADDRESS port 5269, sends REMOTE's server a ping and a message to a user that it does not have,
 * prints what happens, and ends: 0 when both answers have come, 3 when a stanza did not get out,
 * 4 after 20 s. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control/accept.h"
#include "control/counters.h"
#include "control/xmpp/pool.h"
#include "rules/base/log.h"

enum { EXIT_USAGE = 2, EXIT_NOT_SENT = 3, EXIT_TIME = 4, TIME_MS = 20000 };

static struct {
	struct loop *loop;
	struct xmpp_pool *pool;
	bool ping_answered, message_refused;
	int exit_code;
} edge;

/* Connecting without a dataplane to announce it to: in place of the library's. One target. */
struct connect {
	struct event *event;
	connect_h *handler;
	void *arg;
	int fd;
};

static void connected(evutil_socket_t fd, short what, void *arg)
{
	struct connect *c = arg;
	struct connect copy = *c;
	int error = 0;
	socklen_t len = sizeof(error);

	getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len);
	c->fd = -1;
	connect_cancel(c);
	if (error)
		close(copy.fd);
	copy.handler(copy.arg, error ? -error : copy.fd);
}

struct connect *connect_start(struct loop *loop, struct filter_client *filter,
	struct generation *generation, enum connect_side side, uint32_t partner_id,
	const struct target *targets, uint32_t count, uint32_t timeout_ms, connect_h *handler,
	void *arg)
{
	struct connect *c = calloc(1, sizeof(*c));
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(targets[0].port)};
	int on = 1;

	if (!c)
		return NULL;
	*c = (struct connect){.handler = handler, .arg = arg};
	memcpy(&to.sin_addr, targets[0].address.bytes, 4);
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(c->fd, (struct sockaddr *)&to, sizeof(to)) < 0 && errno != EINPROGRESS)
		perror("connect");
	c->event = event_new(loop_base(loop), c->fd, EV_WRITE, connected, c);
	event_add(c->event, NULL);
	return c;
}

void connect_cancel(struct connect *c)
{
	if (!c)
		return;
	event_free(c->event);
	if (c->fd >= 0)
		close(c->fd);
	free(c);
}

static void stanza(
	void *arg, struct view local, struct view remote, enum proof proof, const struct element *e)
{
	bool found;
	struct view id = element_attribute(e, VIEW("id"), &found);
	struct view type = element_attribute(e, VIEW("type"), &found);

	printf("stanza %.*s from %.*s: id %.*s type %.*s\n", VIEW_ARG(e->name), VIEW_ARG(remote),
		VIEW_ARG(id), VIEW_ARG(type));
	if (view_equal(id, VIEW("ping-1")))
		edge.ping_answered = true;
	if (view_equal(id, VIEW("message-1")) && view_equal(type, VIEW("error")))
		edge.message_refused = true;
	if (edge.ping_answered && edge.message_refused)
		loop_stop(edge.loop);
}

static void fate(void *arg, uint64_t cookie, enum xmpp_fate what)
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

	printf("fate %llu: %s\n", (unsigned long long)cookie, names[what]);
	if (what == XMPP_WRITTEN)
		return;
	edge.exit_code = EXIT_NOT_SENT;
	loop_stop(edge.loop);
}

static void verified(void *arg, int fd, struct view remote)
{
	printf("verified %.*s\n", VIEW_ARG(remote));
}

static void accepted(void *arg, int fd, const struct ip_address *peer, uint32_t mark,
	const struct service *service)
{
	xmpp_pool_accept(edge.pool, fd, peer, mark);
}

static void time_is_up(void *arg)
{
	edge.exit_code = EXIT_TIME;
	loop_stop(edge.loop);
}

static void send_both(const char *local, const char *remote)
{
	char bytes[512];

	snprintf(bytes, sizeof(bytes),
		"<iq type='get' id='ping-1' from='%s' to='%s'><ping xmlns='urn:xmpp:ping'/></iq>",
		local, remote);
	xmpp_pool_send(edge.pool, view_of(local), view_of(remote), view_of(bytes), 1);
	snprintf(bytes, sizeof(bytes),
		"<message type='chat' id='message-1' from='romeo@%s' to='nobody@%s'>"
		"<body>hello</body></message>",
		local, remote);
	xmpp_pool_send(edge.pool, view_of(local), view_of(remote), view_of(bytes), 2);
}

static void complain(const char *what, const char *why)
{
	fprintf(stderr, "edge: %s: %s\n", what, why);
	exit(EXIT_FAILURE);
}

int main(int argc, char **argv)
{
	struct xmpp_handlers handlers = {.stanza = stanza, .fate = fate, .verified = verified};
	struct rules_errors errors = {0};
	struct ip_address address;
	struct generation *generation;
	struct ruleset *rules;
	struct acceptor *acceptor;
	struct resolver *resolver;
	struct tls_store *tls;
	struct timer *timer;
	json_t *json;
	char why[256] = "";
	int error;

	if (argc != 5 || !ip_address_parse(view_of(argv[3]), &address))
		return EXIT_USAGE;
	signal(SIGPIPE, SIG_IGN);
	setvbuf(stdout, NULL, _IOLBF, 0);
	log_setup("edge", LOG_LEVEL_INFO);
	rules = ruleset_load(argv[1], &errors);
	if (!rules)
		complain(errors.list[0].key, errors.list[0].text);
	edge.loop = loop_new();
	tls = tls_store_new(rules, argv[2], why, sizeof(why));
	resolver = tls ? resolver_new(edge.loop, NULL, why, sizeof(why)) : NULL;
	if (!resolver)
		complain("start", why);
	generation = generation_new(rules, tls);
	edge.pool = xmpp_pool_new(edge.loop, NULL, resolver, generation, &handlers);
	acceptor = acceptor_new(edge.loop, accepted, NULL);
	error = acceptor_inside(acceptor, &address, 5269);
	if (error)
		complain("listen", strerror(-error));
	timer = timer_new(edge.loop, time_is_up, NULL);
	timer_set_ms(timer, TIME_MS);
	send_both(rules->locals[0].domain, argv[4]);
	loop_run(edge.loop);
	json = json_pack(
		"{s:o, s:o}", "pool", xmpp_pool_json(edge.pool), "counters", counters_json());
	json_dumpf(json, stdout, JSON_SORT_KEYS);
	putchar('\n');
	json_decref(json);
	xmpp_pool_free(edge.pool);
	acceptor_free(acceptor);
	timer_free(timer);
	resolver_free(resolver);
	loop_free(edge.loop);
	generation_drop(generation);
	return edge.exit_code;
}
