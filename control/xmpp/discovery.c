/* SPDX-License-Identifier: BSD-3-Clause */
/* What the pool does differently with domains that no rule names: it counts their connections. */
#include "control/xmpp/pool_int.h"

static bool is_discovered(const struct xmpp_pool *pool, struct view remote)
{
	return discovered_stands(pool->env.generation->rules, remote);
}

const char *discovery_begin(struct xmpp_pool *pool, struct view remote, bool *counts)
{
	return discovered_begin(pool->discovered, pool->env.generation->rules, remote,
		loop_now(pool->loop), counts);
}

void discovery_end(struct xmpp_pool *pool, struct view remote, bool *counts)
{
	discovered_end(pool->discovered, remote, loop_now(pool->loop), counts);
}

static bool stays(void *arg, struct view domain)
{
	return is_discovered(arg, domain);
}

void discovery_adopt(struct xmpp_pool *pool)
{
	struct remote *remote;
	struct verifier *v;
	struct member *m;

	LIST_FOREACH(remote, &pool->remotes, all)
	for (struct route *r = remote->routes; r; r = r->next)
		if (r->discovered && !is_discovered(pool, view_of(remote->domain)))
			discovery_end(pool, view_of(remote->domain), &r->discovered);
	LIST_FOREACH(v, &pool->verifiers, all)
	if (v->discovered && !is_discovered(pool, view_of(v->remote)))
		discovery_end(pool, view_of(v->remote), &v->discovered);
	LIST_FOREACH(m, &pool->members, all)
	{
		struct view domain = view_of(stream_remote(link_stream(m->link)));

		if (m->discovered && !is_discovered(pool, domain))
			discovery_end(pool, domain, &m->discovered);
	}
	discovered_review(pool->discovered, stays, pool);
}

struct discovered *xmpp_pool_discovered(struct xmpp_pool *pool)
{
	return pool->discovered;
}

json_t *xmpp_pool_discovered_json(const struct xmpp_pool *pool)
{
	return discovered_json(pool->discovered, loop_now(pool->loop));
}
