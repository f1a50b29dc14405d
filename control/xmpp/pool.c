/* SPDX-License-Identifier: BSD-3-Clause */
/* Every stream of the edge: the public face, and what comes in. */
#include "control/xmpp/pool.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/counters.h"
#include "control/xmpp/pool_int.h"
#include "rules/base/log.h"

static bool is_refusal(const struct stream_fault *fault)
{
	static const char *const plain_ends[] = {
		"idle", "shutdown", "connection_closed", "connection_lost", "handshake_lost"};

	if (fault->by_peer)
		return false;
	for (size_t i = 0; i < sizeof(plain_ends) / sizeof(plain_ends[0]); i++)
		if (strcmp(fault->cause, plain_ends[i]) == 0)
			return false;
	return true;
}

/* One line and one count for each connection, when it is over. */
static void record_end(struct member *m)
{
	const struct stream_fault *fault = link_fault(m->link);
	struct stream *s = link_stream(m->link);
	bool refused = is_refusal(fault);
	bool in = link_role(m->link) == STREAM_INBOUND;
	char peer[IP_TEXT_BYTES];

	counter_add(refused ? "xmpp.refused" : "xmpp.ended", fault->cause, 1);
	link_print_peer(m->link, peer);
	log_line(refused ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO,
		"xmpp: %s %s%s%s%s: %s%s%s%s%s, %llu stanzas", in ? "from" : "to",
		stream_remote(s)[0] ? stream_remote(s) : "(unnamed)",
		m->authenticated ? "" : " (not proven)", peer[0] ? " at " : "", peer,
		refused ? "refused, " : "", fault->cause, fault->detail ? " (" : "",
		fault->detail ? fault->detail : "", fault->detail ? ")" : "",
		(unsigned long long)stream_stanzas(s));
}

static void admit(struct xmpp_pool *pool, struct member *m)
{
	struct view remote = view_of(stream_remote(link_stream(m->link)));
	const struct partner *partner = ruleset_partner(pool->rules, remote);

	m->authenticated = true;
	pool->strangers--;
	m->partner = (uint32_t)(partner - pool->rules->partners);
	if (pool->inbound[m->partner]++ >= POOL_INBOUND_MAX) {
		link_end(m->link, STREAM_RESOURCE_CONSTRAINT, "too_many_streams");
		return;
	}
	counter_add("xmpp", "ready_in", 1);
	if (pool->handlers.verified)
		pool->handlers.verified(pool->handlers.arg, link_fd(m->link), remote);
}

static void on_ready(void *arg, struct link *link)
{
	struct member *m = link_owner(link);

	if (link_role(link) == STREAM_INBOUND) {
		admit(arg, m);
		return;
	}
	m->authenticated = true;
	counter_add("xmpp", "ready_out", 1);
	if (m->route)
		route_ready(m->route);
}

static void on_stanza(void *arg, struct link *link, const struct element *stanza)
{
	struct xmpp_pool *pool = arg;
	struct stream *s = link_stream(link);

	counter_add("xmpp", "stanzas_in", 1);
	pool->handlers.stanza(
		pool->handlers.arg, view_of(stream_local(s)), view_of(stream_remote(s)), stanza);
}

static void on_closed(void *arg, struct link *link)
{
	struct xmpp_pool *pool = arg;
	struct member *m = link_owner(link);

	record_end(m);
	if (m->route)
		route_closed(m->route);
	if (link_role(link) == STREAM_OUTBOUND)
		return;
	if (m->authenticated)
		pool->inbound[m->partner]--;
}

static void on_gone(void *arg, struct link *link)
{
	struct xmpp_pool *pool = arg;
	struct member *m = link_owner(link);

	/* Not before: a refused stranger that never closes holds its socket while we linger. */
	if (link_role(link) == STREAM_INBOUND && !m->authenticated)
		pool->strangers--;
	LIST_REMOVE(m, all);
	free(m);
}

static const struct link_handlers link_handlers = {
	.ready = on_ready,
	.stanza = on_stanza,
	.closed = on_closed,
	.gone = on_gone,
};

static void tell_fate(void *arg, uint64_t cookie, enum xmpp_fate fate)
{
	struct xmpp_pool *pool = arg;

	pool->handlers.fate(pool->handlers.arg, cookie, fate);
}

struct xmpp_pool *xmpp_pool_new(struct loop *loop, struct filter_client *filter,
	struct resolver *resolver, struct generation *generation,
	const struct xmpp_handlers *handlers)
{
	struct xmpp_pool *pool = calloc(1, sizeof(*pool));

	if (!pool)
		return NULL;
	*pool = (struct xmpp_pool){.loop = loop,
		.filter = filter,
		.resolver = resolver,
		.generation = generation_hold(generation),
		.rules = generation->rules,
		.handlers = *handlers};
	pool->env = (struct link_env){.loop = loop,
		.tls = generation->tls,
		.rules = generation->rules,
		.handlers = &link_handlers,
		.arg = pool};
	LIST_INIT(&pool->members);
	pool->routes = calloc(pool->rules->partner_count + 1, sizeof(*pool->routes));
	pool->inbound = calloc(pool->rules->partner_count + 1, sizeof(*pool->inbound));
	pool->fates = fates_new(loop, tell_fate, pool);
	if (pool->routes && pool->inbound && pool->fates)
		return pool;
	xmpp_pool_free(pool);
	return NULL;
}

void xmpp_pool_free(struct xmpp_pool *pool)
{
	if (!pool)
		return;
	for (uint32_t i = 0; pool->routes && i < pool->rules->partner_count; i++) {
		while (pool->routes[i]) {
			struct route *r = pool->routes[i];

			pool->routes[i] = r->next;
			route_free(r);
		}
	}
	while (!LIST_EMPTY(&pool->members)) {
		struct member *m = LIST_FIRST(&pool->members);

		LIST_REMOVE(m, all);
		link_free(m->link);
		free(m);
	}
	fates_free(pool->fates);
	free(pool->routes);
	free(pool->inbound);
	generation_drop(pool->generation);
	free(pool);
}

struct member *pool_add_member(struct xmpp_pool *pool, enum stream_role role, int fd,
	const struct ip_address *peer, struct route *route)
{
	struct member *m = calloc(1, sizeof(*m));

	if (!m) {
		close(fd);
		return NULL;
	}
	*m = (struct member){.pool = pool, .route = route};
	m->link = link_new(&pool->env, role, fd, peer, route ? route->local : NULL,
		route ? route->partner->domain : NULL, m);
	if (!m->link) {
		free(m);
		return NULL;
	}
	LIST_INSERT_HEAD(&pool->members, m, all);
	return m;
}

void xmpp_pool_accept(struct xmpp_pool *pool, int fd, const struct ip_address *peer)
{
	counter_add("xmpp", "accepted", 1);
	if (pool->strangers >= POOL_STRANGERS_MAX) {
		counter_add("xmpp.refused", "too_many_strangers", 1);
		close(fd);
		return;
	}
	if (pool_add_member(pool, STREAM_INBOUND, fd, peer, NULL))
		pool->strangers++;
	else
		counter_add("xmpp.refused", "no_memory", 1);
}

void xmpp_pool_send(struct xmpp_pool *pool, struct view local, struct view remote,
	struct view stanza, uint64_t cookie)
{
	const struct local_domain *own = ruleset_local(pool->rules, local);
	const struct partner *partner = ruleset_partner(pool->rules, remote);

	/* A route leads to the partner's own domain, which must not get what is for names below. */
	if (!own || !partner || partner->protocol != PROTOCOL_XMPP ||
		!view_equal_nocase(remote, view_of(partner->domain)) ||
		ruleset_blocks_domain(pool->rules, remote)) {
		counter_add("xmpp.unreachable", "no_such_partner", 1);
		fates_at_once(pool->fates, cookie, XMPP_NOT_FOUND);
		return;
	}
	route_send(pool, partner, own->domain, stanza, cookie);
}

void xmpp_pool_forget(struct xmpp_pool *pool, uint64_t cookie)
{
	fates_forget(pool->fates, cookie);
}

uint32_t xmpp_pool_return_streams(const struct xmpp_pool *pool, struct view remote)
{
	const struct partner *partner = ruleset_partner(pool->rules, remote);

	return partner ? pool->inbound[partner - pool->rules->partners] : 0;
}

void xmpp_pool_tell_verified(const struct xmpp_pool *pool)
{
	const struct member *m;

	if (!pool->handlers.verified)
		return;
	LIST_FOREACH(m, &pool->members, all)
	if (m->authenticated && link_role(m->link) == STREAM_INBOUND && link_fd(m->link) >= 0)
		pool->handlers.verified(pool->handlers.arg, link_fd(m->link),
			view_of(stream_remote(link_stream(m->link))));
}

static json_t *member_json(const struct member *m, struct mono now)
{
	struct stream *s = link_stream(m->link);
	char peer[IP_TEXT_BYTES];

	link_print_peer(m->link, peer);
	return json_pack("{s:s, s:s, s:s, s:b, s:s, s:s, s:I, s:I, s:I}", "direction",
		link_role(m->link) == STREAM_INBOUND ? "in" : "out", "local", stream_local(s),
		"remote", stream_remote(s), "proven", m->authenticated, "state",
		stream_state_name(s), "address", peer, "stanzas", (json_int_t)stream_stanzas(s),
		"age_s", (json_int_t)(mono_since_ms(now, link_since(m->link)) / 1000),
		"memory_bytes", (json_int_t)stream_memory_bytes(s));
}

static json_t *route_json(const struct route *r)
{
	return json_pack("{s:s, s:s, s:s, s:i, s:i}", "local", r->local, "remote",
		r->partner->domain, "state", route_state_name(r), "waiting", (int)r->queue_count,
		"failures", (int)r->failures);
}

json_t *xmpp_pool_json(const struct xmpp_pool *pool)
{
	json_t *streams = json_array();
	json_t *routes = json_array();
	struct mono now = loop_now(pool->loop);
	const struct member *m;

	LIST_FOREACH(m, &pool->members, all)
	json_array_append_new(streams, member_json(m, now));
	for (uint32_t i = 0; i < pool->rules->partner_count; i++)
		for (const struct route *r = pool->routes[i]; r; r = r->next)
			json_array_append_new(routes, route_json(r));
	return json_pack("{s:o, s:o}", "streams", streams, "routes", routes);
}
