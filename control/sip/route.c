/* SPDX-License-Identifier: BSD-3-Clause */
/* Where a connection of ours leads. */
#include "control/sip/route.h"

#include <stdlib.h>

#include "rules/peer.h"

static bool is_same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* NULL stays NULL. */
static bool copy(const char *from, char **to)
{
	*to = from ? strdup(from) : NULL;
	return !from || *to;
}

bool sip_route_inside(const struct local_domain *local, struct sip_route *out)
{
	*out = (struct sip_route){.kind = SIP_PEER_INSIDE, .port = local->inside.port};
	if (copy(local->domain, &out->local) && copy(local->inside.name, &out->name) &&
		copy(local->inside.host, &out->host))
		return true;
	sip_route_free(out);
	return false;
}

bool sip_route_partner(
	const struct ruleset *rules, const char *local, struct view remote, struct sip_route *out)
{
	const struct partner *partner = ruleset_partner(rules, remote);
	const struct peer_terms *terms = partner ? &partner->terms : &rules->policies.discovered;
	bool own = terms->srv_own & 1u << PROTOCOL_SIP;

	*out = (struct sip_route){
		.kind = SIP_PEER_PARTNER,
		.name = view_dup(remote),
		.port = !partner        ? 0
			: partner->port ? partner->port
					: SIP_PORT,
	};
	/* What SRV may name is the domain, or all that its partner speaks for. */
	if (out->name && copy(local, &out->local) &&
		copy(partner ? partner->host : NULL, &out->host) &&
		copy(terms->certificate_names, &out->names) &&
		copy(!own || out->host                ? NULL
			: partner && partner->subtree ? partner->domain
						      : out->name,
			&out->within))
		return true;
	sip_route_free(out);
	return false;
}

void sip_route_free(struct sip_route *route)
{
	free(route->local);
	free(route->name);
	free(route->names);
	free(route->host);
	free(route->within);
	*route = (struct sip_route){0};
}

bool sip_route_equal(const struct sip_route *a, const struct sip_route *b)
{
	return a->kind == b->kind && a->port == b->port && is_same(a->local, b->local) &&
	       is_same(a->name, b->name) && is_same(a->names, b->names) &&
	       is_same(a->host, b->host) && is_same(a->within, b->within);
}

const char *sip_route_domain(const struct sip_route *route)
{
	return route->kind == SIP_PEER_INSIDE ? route->local : route->name;
}

const char *sip_route_host(const struct sip_route *route)
{
	return route->host ? route->host : "(DNS)";
}
