/* SPDX-License-Identifier: BSD-3-Clause */
/* What the pool does differently with domains that no rule names: it counts their connections, and does
 * not let their DNS lead it anywhere. */
#include <errno.h>

#include "control/counters.h"
#include "control/xmpp/pool_int.h"
#include "rules/peer.h"

static bool is_discovered(const struct xmpp_pool *pool, struct view remote)
{
	struct peer peer;

	peer_find(pool->env.generation->rules, remote, &peer);
	return peer.standing == PEER_DISCOVERED;
}

const char *discovery_begin(struct xmpp_pool *pool, struct view remote, bool *counts)
{
	const struct policies *policies = &pool->env.generation->rules->policies;
	const char *cause;

	*counts = false;
	if (!is_discovered(pool, remote))
		return NULL;
	switch (discovered_open(pool->discovered, remote, policies->discovery_limits.connections,
		loop_now(pool->loop))) {
	case 0:
		*counts = true;
		return NULL;
	case -EDQUOT:
		cause = "over_connections";
		break;
	case -ENOSPC:
		cause = "too_many_discovered";
		break;
	default:
		cause = "no_memory";
	}
	counter_add("discovery.refused", cause, 1);
	return cause;
}

void discovery_end(struct xmpp_pool *pool, struct view remote, bool *counts)
{
	if (*counts)
		discovered_close(pool->discovered, remote, loop_now(pool->loop));
	*counts = false;
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

bool discovery_allows(
	const struct xmpp_pool *pool, struct view remote, const struct ip_address *address)
{
	const char *cause;

	if (!is_discovered(pool, remote))
		return true;
	cause = discovered_refusal(pool->env.generation->rules, address);
	if (cause)
		counter_add("discovery.refused", cause, 1);
	return !cause;
}

struct discovered *xmpp_pool_discovered(struct xmpp_pool *pool)
{
	return pool->discovered;
}

json_t *xmpp_pool_discovered_json(const struct xmpp_pool *pool)
{
	return discovered_json(pool->discovered, loop_now(pool->loop));
}
