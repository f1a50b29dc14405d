/* SPDX-License-Identifier: BSD-3-Clause */
/* Every stream of the edge: the public face, and what comes in. */
#include "control/xmpp/pool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/counters.h"
#include "control/xmpp/pool_int.h"
#include "rules/base/log.h"
#include "rules/base/mark.h"
#include "rules/peer.h"

enum { PROOF_TEXT_BYTES = 32 };

static bool is_refusal(const struct stream_fault *fault)
{
	static const char *const plain_ends[] = {"idle", "shutdown", "connection_closed",
		"connection_lost", "handshake_lost", "local_domain_gone", "partner_gone",
		"partner_blocked", "partner_protocol_changed", "provider_off", "discovery_off",
		"proof_gone", "asked"};

	if (fault->by_peer)
		return false;
	for (size_t i = 0; i < sizeof(plain_ends) / sizeof(plain_ends[0]); i++)
		if (strcmp(fault->cause, plain_ends[i]) == 0)
			return false;
	return true;
}

/* " (not proven)", " (dialback over TLS)"; of a certificate, which is usual, nothing. */
static void print_proof(const struct member *m, char out[static PROOF_TEXT_BYTES])
{
	enum proof proof = stream_proven_by(link_stream(m->link));

	out[0] = '\0';
	if (!m->authenticated)
		snprintf(out, PROOF_TEXT_BYTES, " (not proven)");
	else if (proof != PROOF_SASL_TLS)
		snprintf(out, PROOF_TEXT_BYTES, " (%s)", proof_words(proof));
}

/* One line and one count for each connection, when it is over. */
static void record_end(struct member *m)
{
	const struct stream_fault *fault = link_fault(m->link);
	struct stream *s = link_stream(m->link);
	bool refused = is_refusal(fault);
	bool in = link_role(m->link) == STREAM_INBOUND;
	char proof[PROOF_TEXT_BYTES];
	char peer[IP_TEXT_BYTES];

	counter_add(refused ? "xmpp.refused" : "xmpp.ended", fault->cause, 1);
	link_print_peer(m->link, peer);
	print_proof(m, proof);
	log_line(refused ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO,
		"xmpp: %s %s%s%s%s: %s%s%s%s%s, %llu stanzas", in ? "from" : "to",
		stream_remote(s)[0] ? stream_remote(s) : "(unnamed)", proof, peer[0] ? " at " : "",
		peer, refused ? "refused, " : "", fault->cause, fault->detail ? " (" : "",
		fault->detail ? fault->detail : "", fault->detail ? ")" : "",
		(unsigned long long)stream_stanzas(s));
}

/* Of what we opened to a partner the dataplane knows since it was announced. */
static void tell_verified(const struct member *m)
{
	const struct xmpp_handlers *handlers = &m->pool->handlers;
	bool ours = m->route && m->route->discovered;

	if (handlers->verified && m->authenticated && link_fd(m->link) >= 0 &&
		(ours || link_role(m->link) == STREAM_INBOUND))
		handlers->verified(handlers->arg, link_fd(m->link),
			view_of(stream_remote(link_stream(m->link))));
}

static void admit(struct xmpp_pool *pool, struct member *m)
{
	struct view remote = view_of(stream_remote(link_stream(m->link)));
	const char *full = discovery_begin(pool, remote, &m->discovered);

	m->authenticated = true;
	guests_leave(pool->env.door.guests, &m->guest);
	if (full) {
		link_end(m->link, STREAM_RESOURCE_CONSTRAINT, full);
		return;
	}
	if (m->discovered)
		discovered_proven(pool->discovered, remote);
	m->remote = remote_get(pool, remote);
	if (!m->remote) {
		link_end(m->link, STREAM_RESOURCE_CONSTRAINT, "no_memory");
		return;
	}
	if (m->remote->inbound++ >= POOL_INBOUND_MAX) {
		link_end(m->link, STREAM_RESOURCE_CONSTRAINT, "too_many_streams");
		return;
	}
	counter_add("xmpp", "ready_in", 1);
	tell_verified(m);
}

static void on_ready(void *arg, struct link *link)
{
	struct member *m = link_owner(link);

	if (link_role(link) == STREAM_INBOUND) {
		admit(arg, m);
		return;
	}
	if (link_role(link) == STREAM_ASKING) {
		verify_ready(m);
		return;
	}
	m->authenticated = true;
	if (m->route && m->route->discovered) {
		discovered_proven(m->pool->discovered, view_of(m->route->remote->domain));
		tell_verified(m);
	}
	counter_add("xmpp", "ready_out", 1);
	if (m->route)
		route_ready(m->route);
}

static void on_stanza(void *arg, struct link *link, const struct element *stanza)
{
	struct xmpp_pool *pool = arg;
	struct stream *s = link_stream(link);

	counter_add("xmpp", "stanzas_in", 1);
	pool->handlers.stanza(pool->handlers.arg, view_of(stream_local(s)),
		view_of(stream_remote(s)), stream_proven_by(s), stanza);
}

static void on_verify(void *arg, struct link *link)
{
	verify_begin(link_owner(link));
}

static void on_answer(void *arg, struct link *link, const struct dialback *answer)
{
	verify_answer(link_owner(link), answer);
}

static void on_closed(void *arg, struct link *link)
{
	struct member *m = link_owner(link);

	record_end(m);
	if (m->route)
		route_closed(m->route);
	verify_closed(m);
	verify_cancel(m);
	discovery_end(m->pool, view_of(stream_remote(link_stream(link))), &m->discovered);
	if (!m->remote)
		return;
	m->remote->inbound--;
	remote_release(m->remote);
	m->remote = NULL;
}

static void on_gone(void *arg, struct link *link)
{
	struct xmpp_pool *pool = arg;
	struct member *m = link_owner(link);

	/* Not before: a refused stranger that never closes holds its socket while we linger. */
	guests_leave(pool->env.door.guests, &m->guest);
	LIST_REMOVE(m, all);
	free(m);
}

static const struct link_handlers link_handlers = {
	.ready = on_ready,
	.stanza = on_stanza,
	.verify = on_verify,
	.answer = on_answer,
	.closed = on_closed,
	.gone = on_gone,
};

static void tell_fate(void *arg, uint64_t cookie, enum xmpp_fate fate)
{
	struct xmpp_pool *pool = arg;

	pool->handlers.fate(pool->handlers.arg, cookie, fate);
}

static bool is_shut(void *arg, struct view remote)
{
	const struct xmpp_pool *pool = arg;

	return pool->handlers.shut && pool->handlers.shut(pool->handlers.arg, remote);
}

static void take_generation(struct xmpp_pool *pool, struct generation *generation)
{
	const struct ruleset *rules = generation->rules;

	pool->env.generation = generation_hold(generation);
	snprintf(pool->env.own_domain, sizeof(pool->env.own_domain), "%s",
		rules->local_count ? rules->locals[0].domain : "");
}

struct xmpp_pool *xmpp_pool_new(struct loop *loop, struct filter_client *filter,
	struct resolver *resolver, struct generation *generation,
	const struct xmpp_handlers *handlers)
{
	struct xmpp_pool *pool = calloc(1, sizeof(*pool));
	struct siphash_key key;

	if (!pool)
		return NULL;
	*pool = (struct xmpp_pool){
		.loop = loop, .filter = filter, .resolver = resolver, .handlers = *handlers};
	pool->env = (struct link_env){
		.loop = loop, .handlers = &link_handlers, .arg = pool, .is_shut = is_shut};
	take_generation(pool, generation);
	dialback_secret_random(&pool->env.secret);
	LIST_INIT(&pool->verifiers);
	LIST_INIT(&pool->members);
	LIST_INIT(&pool->remotes);
	pool->fates = fates_new(loop, tell_fate, pool);
	pool->discovered = discovered_new();
	if (!pool->fates || !pool->discovered || siphash_key_random(&key) < 0) {
		xmpp_pool_free(pool);
		return NULL;
	}
	table_init(&pool->remote_names, key);
	return pool;
}

void xmpp_pool_free(struct xmpp_pool *pool)
{
	struct remote *remote;

	if (!pool)
		return;
	LIST_FOREACH(remote, &pool->remotes, all)
	while (remote->routes)
		route_free(remote->routes, XMPP_UNREACHABLE);
	verify_stop(pool);
	while (!LIST_EMPTY(&pool->members)) {
		struct member *m = LIST_FIRST(&pool->members);

		LIST_REMOVE(m, all);
		link_free(m->link);
		guests_leave(pool->env.door.guests, &m->guest);
		free(m);
	}
	while ((remote = LIST_FIRST(&pool->remotes))) {
		remote->inbound = 0;
		remote_release(remote);
	}
	fates_free(pool->fates);
	discovered_free(pool->discovered);
	table_free(&pool->remote_names);
	generation_drop(pool->env.generation);
	free(pool);
}

/* Why there can be no stream between the two any more. */
struct ending {
	const char *cause; /* NULL: there can */
	const char *words;
};

static struct ending ending_of(const struct xmpp_pool *pool, const struct ruleset *old,
	const char *local, const char *remote)
{
	struct peer before, now;

	if (local[0] && !ruleset_local(pool->env.generation->rules, view_of(local)))
		return (struct ending){
			"local_domain_gone", "this domain is not served here any more"};
	if (!remote[0])
		return (struct ending){NULL, NULL};
	peer_find(old, view_of(remote), &before);
	peer_find(pool->env.generation->rules, view_of(remote), &now);
	switch (link_judge(&pool->env, view_of(remote))) {
	case STREAM_PARTNER_SERVED:
		/* Who was a partner comes again as a stranger, with what strangers may have. */
		if (before.standing != PEER_PARTNER || now.standing != PEER_DISCOVERED)
			break;
		return (struct ending){"partner_gone", "your domain is no partner here any more"};
	case STREAM_PARTNER_BLOCKED:
		return (struct ending){"partner_blocked", "your domain is blocked here"};
	case STREAM_PARTNER_UNKNOWN:
		if (before.standing == PEER_DISCOVERED)
			return (struct ending){
				"discovery_off", "only domains that are named here are served now"};
		return (struct ending){"partner_gone", "your domain is no partner here any more"};
	case STREAM_PARTNER_OFF:
		return (struct ending){
			"provider_off", "the service of your domain is switched off here"};
	case STREAM_PARTNER_NOT_XMPP:
		return (struct ending){
			"partner_protocol_changed", "your domain is not served over XMPP any more"};
	}
	return (struct ending){NULL, NULL};
}

/* What waits fails, what was written is unknown, and the stream hears why. */
static void end_routes(struct remote *remote, const struct ruleset *old)
{
	struct route *r, *next;

	for (r = remote->routes; r; r = next) {
		struct ending ending = ending_of(remote->pool, old, r->local, remote->domain);
		struct member *m = r->member;

		next = r->next;
		if (!ending.cause)
			continue;
		route_free(r, XMPP_NOT_FOUND);
		if (m)
			link_dismiss(m->link, ending.cause, ending.words);
	}
}

static uint32_t id_of(const struct ruleset *rules, struct view remote)
{
	const struct partner *partner = ruleset_partner(rules, remote);

	return partner ? partner->id : PARTNER_NONE;
}

/* Of a stream that may be there: was it proven in a way that the rules do not take any more? A certificate that
 * a server has shown to us is never too little. */
static struct ending proof_ending(const struct xmpp_pool *pool, const struct member *m)
{
	const struct stream *s = link_stream(m->link);
	enum proof proof = stream_proven_by(s);

	if (!m->authenticated || link_proofs(&pool->env, view_of(stream_remote(s))) & proof ||
		(link_role(m->link) == STREAM_OUTBOUND && proof == PROOF_SASL_TLS))
		return (struct ending){NULL, NULL};
	return (struct ending){
		"proof_gone", "what your server has proven itself by is not taken here any more"};
}

/* A stream that goes on, maybe as another partner's. */
static void tell_if_other(struct xmpp_pool *pool, const struct member *m, const struct ruleset *old)
{
	struct view remote = view_of(stream_remote(link_stream(m->link)));

	if (id_of(old, remote) != id_of(pool->env.generation->rules, remote))
		tell_verified(m);
}

/* End what may not be any more, `old` being what was in force before. */
static void review(struct xmpp_pool *pool, const struct ruleset *old)
{
	struct remote *remote, *next;
	struct member *m;

	for (remote = LIST_FIRST(&pool->remotes); remote; remote = next) {
		next = LIST_NEXT(remote, all);
		end_routes(remote, old);
		remote_release(remote);
	}
	LIST_FOREACH(m, &pool->members, all)
	{
		struct stream *s = link_stream(m->link);
		struct ending ending = ending_of(pool, old, stream_local(s), stream_remote(s));

		if (!ending.cause)
			ending = proof_ending(pool, m);
		if (ending.cause)
			link_dismiss(m->link, ending.cause, ending.words);
		else
			tell_if_other(pool, m, old);
	}
}

void xmpp_pool_adopt(struct xmpp_pool *pool, struct generation *generation)
{
	struct generation *old = pool->env.generation;

	take_generation(pool, generation);
	review(pool, old->rules);
	discovery_adopt(pool);
	generation_drop(old);
}

void xmpp_pool_review(struct xmpp_pool *pool)
{
	review(pool, pool->env.generation->rules);
}

bool pool_add_member(struct member *m, enum stream_role role, int fd, const struct ip_address *peer,
	const struct origin *origin)
{
	const struct verifier *v = m->verifier;

	m->link = link_new(&m->pool->env, role, fd, peer, origin,
		m->route ? m->route->local
		: v      ? v->local
			 : NULL,
		m->route ? m->route->remote->domain
		: v      ? v->remote
			 : NULL,
		m);
	if (!m->link) {
		guests_leave(m->pool->env.door.guests, &m->guest);
		free(m);
		return false;
	}
	LIST_INSERT_HEAD(&m->pool->members, m, all);
	return true;
}

void xmpp_pool_door(struct xmpp_pool *pool, const struct door *door)
{
	pool->env.door = *door;
}

void xmpp_pool_accept(struct xmpp_pool *pool, int fd, const struct ip_address *peer, uint32_t mark)
{
	const struct origin origin =
		known_origin(pool->env.door.known, mark, peer, loop_now(pool->loop));
	struct member *m = calloc(1, sizeof(*m));

	counter_add("xmpp", "accepted", 1);
	if (m && !guests_enter(
			 pool->env.door.guests, &m->guest, &origin, peer, loop_now(pool->loop))) {
		close(fd);
		free(m);
		return;
	}
	if (m)
		m->pool = pool;
	else
		close(fd);
	if (!m || !pool_add_member(m, STREAM_INBOUND, fd, peer, &origin))
		counter_add("xmpp.refused", "no_memory", 1);
}

void xmpp_pool_send(struct xmpp_pool *pool, struct view local, struct view remote,
	struct view stanza, uint64_t cookie)
{
	const struct local_domain *own = ruleset_local(pool->env.generation->rules, local);
	struct remote *to;

	if (!own || link_judge(&pool->env, remote) != STREAM_PARTNER_SERVED) {
		counter_add("xmpp.unreachable", "no_such_partner", 1);
		fates_at_once(pool->fates, cookie, XMPP_NOT_FOUND);
		return;
	}
	to = remote_get(pool, remote);
	if (!to) {
		fates_at_once(pool->fates, cookie, XMPP_QUEUE_FULL);
		return;
	}
	route_send(to, own->domain, stanza, cookie);
	remote_release(to);
}

void xmpp_pool_forget(struct xmpp_pool *pool, uint64_t cookie)
{
	fates_forget(pool->fates, cookie);
}

enum xmpp_fate xmpp_pool_held(const struct xmpp_pool *pool, struct view remote)
{
	const struct remote *to = remote_find(pool, remote);

	for (const struct route *r = to ? to->routes : NULL; r; r = r->next)
		if (route_is_held(r))
			return r->held;
	return XMPP_WRITTEN;
}

uint32_t xmpp_pool_return_streams(const struct xmpp_pool *pool, struct view remote)
{
	const struct remote *from = remote_find(pool, remote);

	return from ? from->inbound : 0;
}

void xmpp_pool_tell_verified(const struct xmpp_pool *pool)
{
	const struct member *m;

	LIST_FOREACH(m, &pool->members, all)
	tell_verified(m);
}

static const char *role_name(enum stream_role role)
{
	static const char *const names[] = {
		[STREAM_INBOUND] = "in", [STREAM_OUTBOUND] = "out", [STREAM_ASKING] = "asking"};

	return names[role];
}

static json_t *member_json(const struct member *m, struct mono now)
{
	struct stream *s = link_stream(m->link);
	char peer[IP_TEXT_BYTES];

	link_print_peer(m->link, peer);
	return json_pack("{s:s, s:s, s:s, s:b, s:s, s:s, s:s, s:I, s:I, s:I}", "direction",
		role_name(link_role(m->link)), "local", stream_local(s), "remote", stream_remote(s),
		"proven", m->authenticated, "proof",
		m->authenticated ? proof_words(stream_proven_by(s)) : "", "state",
		stream_state_name(s), "address", peer, "stanzas", (json_int_t)stream_stanzas(s),
		"age_s", (json_int_t)(mono_since_ms(now, link_since(m->link)) / 1000),
		"memory_bytes", (json_int_t)stream_memory_bytes(s));
}

static json_t *route_json(const struct route *r)
{
	return json_pack("{s:s, s:s, s:s, s:i, s:i}", "local", r->local, "remote",
		r->remote->domain, "state", route_state_name(r), "waiting", (int)r->queue_count,
		"failures", (int)r->failures);
}

json_t *xmpp_pool_json(const struct xmpp_pool *pool)
{
	json_t *streams = json_array();
	json_t *routes = json_array();
	struct mono now = loop_now(pool->loop);
	const struct remote *remote;
	const struct member *m;

	LIST_FOREACH(m, &pool->members, all)
	json_array_append_new(streams, member_json(m, now));
	LIST_FOREACH(remote, &pool->remotes, all)
	for (const struct route *r = remote->routes; r; r = r->next)
		json_array_append_new(routes, route_json(r));
	return json_pack("{s:o, s:o}", "streams", streams, "routes", routes);
}
