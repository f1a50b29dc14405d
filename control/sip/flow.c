/* SPDX-License-Identifier: BSD-3-Clause */
/* Who is on the other end of a connection: what its certificate proves under the rules in force. */
#include <stdio.h>
#include <stdlib.h>

#include "control/identity.h"
#include "control/sip/endpoint_int.h"
#include "control/sip/partner_proof.h"
#include "control/socket_address.h"
#include "rules/base/mark.h"
#include "rules/peer.h"

static const struct ruleset *rules_of(const struct sip_flow *flow)
{
	return flow->endpoint->house.generation->rules;
}

struct sip_flow *sip_flow_new(struct sip_endpoint *e, enum sip_peer_kind kind)
{
	struct sip_flow *flow = calloc(1, sizeof(*flow));

	if (!flow)
		return NULL;
	flow->endpoint = e;
	flow->kind = kind;
	flow->next = e->flows;
	if (flow->next)
		flow->next->prev = flow;
	e->flows = flow;
	return flow;
}

const char *sip_flow_settle_in(struct sip_flow *flow)
{
	struct sip_endpoint *e = flow->endpoint;
	const char *cause = NULL;

	guests_leave(e->house.door.guests, &flow->guest);
	flow->proven = false;
	if (e->proven_count >= SIP_FLOWS_MAX)
		return "too_many_connections";
	if (flow->stranger && !flow->way)
		cause = e->stranger_count >= SIP_STRANGERS_MAX
				? "too_many_discovered"
				: sip_stranger_begin(e, view_of(flow->domain), &flow->counts);
	if (cause)
		return cause;
	e->stranger_count += flow->counts;
	if (flow->stranger)
		discovered_proven(e->discovered, view_of(flow->domain));
	flow->proven = true;
	e->proven_count++;
	return NULL;
}

/* As one of a domain that no rule names. */
static void stop_counting(struct sip_flow *flow)
{
	flow->endpoint->stranger_count -= flow->counts;
	sip_stranger_end(flow->endpoint, view_of(flow->domain), &flow->counts);
}

/* The connection is freed by itself or by its link. */
void sip_flow_free(struct sip_flow *flow)
{
	struct sip_endpoint *e = flow->endpoint;

	sip_uas_forget_flow(flow);
	if (flow->prev)
		flow->prev->next = flow->next;
	else
		e->flows = flow->next;
	if (flow->next)
		flow->next->prev = flow->prev;
	if (flow->way)
		flow->way->flow = NULL;
	guests_leave(e->house.door.guests, &flow->guest);
	stop_counting(flow);
	e->proven_count -= flow->proven;
	for (uint32_t i = 0; i < flow->name_count; i++)
		free(flow->names[i]);
	free(flow->names);
	free(flow);
}

static bool has_name(const struct sip_flow *flow, const char *name)
{
	for (uint32_t i = 0; i < flow->name_count; i++)
		if (view_equal_nocase(view_of(flow->names[i]), view_of(name)))
			return true;
	return false;
}

/* False without memory. */
static bool add_name(struct sip_flow *flow, const char *name)
{
	char **grown = realloc(flow->names, (flow->name_count + 1) * sizeof(*grown));

	if (!grown)
		return false;
	flow->names = grown;
	grown[flow->name_count] = strdup(name);
	if (!grown[flow->name_count])
		return false;
	flow->name_count++;
	return true;
}

/* A certificate is read again only for a name that is not known to be in it. */
static bool proves(struct sip_flow *flow, const char *name)
{
	return has_name(flow, name) ||
	       (flow->certificate && identity_is_sip(flow->certificate, view_of(name)) &&
		       add_name(flow, name));
}

/* Whose server is this? Every inside route that names it counts. */
static bool prove_inside(struct sip_flow *flow)
{
	const struct ruleset *rules = rules_of(flow);
	bool proven = false;

	for (uint32_t i = 0; i < rules->local_count; i++)
		proven = proves(flow, rules->locals[i].inside.name) || proven;
	return proven;
}

/* The quick answer after a change: one of the names that it had proved is still wanted. */
static bool is_still_named(const struct sip_flow *flow)
{
	const struct ruleset *rules = rules_of(flow);

	for (uint32_t i = 0; i < rules->local_count; i++)
		if (has_name(flow, rules->locals[i].inside.name))
			return true;
	return false;
}

static bool is_partner(const struct sip_endpoint *e, struct view domain)
{
	return !sip_peer_ending(e, domain) && !sip_is_stranger(e, domain);
}

static struct view partner_of_that_name(const void *arg, struct view name)
{
	return is_partner(arg, name) ? name : (struct view){0};
}

/* By the rules a server of that name is theirs. */
static struct view partner_with_that_server(const void *arg, struct view name)
{
	const struct sip_endpoint *e = arg;
	const struct ruleset *rules = e->house.generation->rules;
	const struct partner *partner;

	for (uint32_t n = 0; (partner = ruleset_certificate_partner(rules, name, n)); n++)
		if (is_partner(e, view_of(partner->domain)))
			return view_of(partner->domain);
	return (struct view){0};
}

static struct view stranger_of_that_name(const void *arg, struct view name)
{
	const struct sip_endpoint *e = arg;

	return !sip_peer_ending(e, name) && sip_is_stranger(e, name) ? name : (struct view){0};
}

static void name_flow(struct sip_flow *flow)
{
	snprintf(flow->identity, sizeof(flow->identity), "%s %s",
		flow->stranger ? "discovered" : "partner", flow->domain);
}

/* A partner's name first, wherever it stands among others. */
static bool prove_partner(struct sip_flow *flow)
{
	const struct sip_endpoint *e = flow->endpoint;
	X509 *certificate = flow->certificate;

	if (sip_domain_proven(certificate, partner_of_that_name, e, flow->domain) ||
		sip_domain_proven(certificate, partner_with_that_server, e, flow->domain))
		flow->stranger = false;
	else if (sip_domain_proven(certificate, stranger_of_that_name, e, flow->domain))
		flow->stranger = true;
	else
		return false;
	name_flow(flow);
	return true;
}

bool sip_flow_prove(struct sip_flow *flow, X509 *certificate)
{
	flow->certificate = certificate;
	if (flow->kind == SIP_PEER_INSIDE) {
		flow->proven = prove_inside(flow);
		if (flow->proven)
			snprintf(flow->identity, sizeof(flow->identity), "inside %s",
				flow->names[0]);
	} else {
		flow->proven = prove_partner(flow);
	}
	return flow->proven;
}

/* Where the connection has its other end. */
static void take_address(struct sip_flow *flow)
{
	struct sockaddr_storage storage;
	socklen_t len = sizeof(storage);
	uint16_t port;

	if (getpeername(sip_connection_fd(flow->connection), (struct sockaddr *)&storage, &len) ==
		0)
		socket_address_read(&storage, &flow->address, &port);
}

void sip_flow_take_route(struct sip_flow *flow, const struct sip_route *route, X509 *certificate)
{
	if (route->kind == SIP_PEER_INSIDE) {
		/* A link's server proved the one name of its route; whatever local domains share it
		 * are its own. Without memory for it the server is asked, and cannot ask. */
		add_name(flow, route->name);
		snprintf(flow->identity, sizeof(flow->identity), "inside %s", route->name);
		return;
	}
	flow->certificate = certificate;
	snprintf(flow->domain, sizeof(flow->domain), "%s", route->name);
	flow->stranger = flow->way->stranger;
	name_flow(flow);
	take_address(flow);
}

static bool is_shut(const struct sip_endpoint *e, struct view domain)
{
	return e->handlers.shut && e->handlers.shut(e->handlers.arg, domain);
}

bool sip_flow_owns(struct sip_flow *flow, struct view host)
{
	const struct local_domain *local;

	if (flow->kind == SIP_PEER_PARTNER && (flow->ending || !flow->proven))
		return false;
	/* As one domain it came, as one it counts. */
	if (flow->kind == SIP_PEER_PARTNER && flow->stranger)
		return view_equal_nocase(host, view_of(flow->domain)) &&
		       !is_shut(flow->endpoint, host);
	if (flow->kind == SIP_PEER_PARTNER)
		return is_partner(flow->endpoint, host) &&
		       sip_partner_speaks_for(rules_of(flow), flow->certificate, host);
	local = ruleset_local(rules_of(flow), host);
	return local && proves(flow, local->inside.name);
}

void sip_flow_tell_verified(const struct sip_flow *flow)
{
	const struct sip_endpoint_handlers *handlers = &flow->endpoint->handlers;

	if (handlers->verified && flow->kind == SIP_PEER_PARTNER && flow->proven && !flow->ending)
		handlers->verified(
			handlers->arg, sip_connection_fd(flow->connection), view_of(flow->domain));
}

const char *sip_peer_ending(const struct sip_endpoint *e, struct view domain)
{
	struct peer peer;

	peer_find(e->house.generation->rules, domain, &peer);
	switch (peer.standing) {
	case PEER_BLOCKED:
		return "partner_blocked";
	case PEER_OFF:
		return "provider_off";
	case PEER_UNKNOWN:
		return "partner_gone";
	case PEER_DISCOVERED:
		if (!e->discovered)
			return "partner_gone";
		break;
	case PEER_PARTNER:
		break;
	}
	if (is_shut(e, domain))
		return "partner_blocked";
	return peer_is_served(&peer, PROTOCOL_SIP) ? NULL : "partner_protocol_changed";
}

const char *sip_peer_ending_of(const struct sip_endpoint *e, struct view domain, bool stranger)
{
	const char *cause = sip_peer_ending(e, domain);

	/* Who was a partner comes again as a stranger, with what strangers may have. */
	if (!cause)
		return !stranger && sip_is_stranger(e, domain) ? "partner_gone" : NULL;
	return stranger && strcmp(cause, "partner_gone") == 0 ? "discovery_off" : cause;
}

static const char *certificate_names_of(const struct ruleset *rules, const char *domain)
{
	const struct partner *partner = ruleset_partner(rules, view_of(domain));

	return partner && partner->terms.certificate_names ? partner->terms.certificate_names : "";
}

/* A certificate is read again only where other names count now. */
static bool is_still_proven(const struct sip_flow *flow, const struct ruleset *old)
{
	const struct ruleset *rules = rules_of(flow);

	return strcmp(certificate_names_of(old, flow->domain),
		       certificate_names_of(rules, flow->domain)) == 0 ||
	       sip_partner_speaks_for(rules, flow->certificate, view_of(flow->domain));
}

/* Why an accepted connection may not go on; NULL: it may. */
static const char *ending_of(struct sip_flow *flow, const struct ruleset *old)
{
	const char *cause;

	if (flow->kind == SIP_PEER_INSIDE)
		return is_still_named(flow) || prove_inside(flow) ? NULL : "inside_gone";
	cause = sip_peer_ending_of(flow->endpoint, view_of(flow->domain), flow->stranger);
	if (cause || flow->stranger)
		return cause;
	return is_still_proven(flow, old) ? NULL : "partner_identity";
}

void sip_flow_settle(struct sip_flow *flow)
{
	if (flow->ending && !flow->way && flow->pending == 0)
		sip_connection_close(flow->connection, flow->ending);
}

void sip_flow_adopt(struct sip_flow *flow, const struct ruleset *old)
{
	const struct partner *before, *now;

	/* Who is not proven yet will be judged by the new rules, and inside routes are the ways'. */
	if (!flow->proven || (flow->way && flow->kind == SIP_PEER_INSIDE))
		return;
	/* A link ends as its way does, which may still come back. */
	if (!flow->ending || flow->way)
		flow->ending = ending_of(flow, old);
	sip_flow_settle(flow);
	if (flow->stranger && !flow->ending &&
		!sip_is_stranger(flow->endpoint, view_of(flow->domain))) {
		flow->stranger = false;
		stop_counting(flow);
	}
	before = ruleset_partner(old, view_of(flow->domain));
	now = ruleset_partner(rules_of(flow), view_of(flow->domain));
	if ((before ? before->id : PARTNER_NONE) != (now ? now->id : PARTNER_NONE))
		sip_flow_tell_verified(flow);
}
