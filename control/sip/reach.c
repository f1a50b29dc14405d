/* SPDX-License-Identifier: BSD-3-Clause */
/* From a route to a connected socket. */
#include "control/sip/reach.h"

#include <stdlib.h>

#include "control/counters.h"
#include "control/discovered.h"
#include "rules/base/mark.h"
#include "rules/peer.h"

enum { CONNECT_MS = 5000 /* to one address */ };

/* What Lync's federation asks for, then RFC 3263 section 4.2. */
#define SERVICE_FEDERATION "_sipfederationtls._tcp"
#define SERVICE_SIPS       "_sips._tcp"

struct sip_reach {
	const struct sip_link_house *house;
	const struct sip_route *route;
	struct resolve *question;
	struct connect *attempt;
	sip_reach_h *handler;
	void *arg;
};

/* NULL for our own servers and for discovered domains. */
static const struct partner *partner_of(const struct sip_reach *r)
{
	return r->route->kind == SIP_PEER_PARTNER
		       ? ruleset_partner(r->house->generation->rules, view_of(r->route->name))
		       : NULL;
}

static bool is_discovered(const struct sip_reach *r)
{
	return r->route->kind == SIP_PEER_PARTNER && !partner_of(r);
}

static void report(struct sip_reach *r, const struct sip_reached *reached)
{
	sip_reach_h *handler = r->handler;
	void *arg = r->arg;

	sip_reach_cancel(r);
	handler(arg, reached);
}

static void fail(struct sip_reach *r, enum sip_outcome outcome, const char *cause)
{
	report(r, &(struct sip_reached){.fd = -1, .outcome = outcome, .cause = cause});
}

static void on_connected(void *arg, int fd)
{
	struct sip_reach *r = arg;
	const struct partner *partner = partner_of(r);

	r->attempt = NULL;
	if (fd < 0) {
		fail(r, SIP_UNREACHABLE, "connect");
		return;
	}
	report(r, &(struct sip_reached){.fd = fd,
			  .origin = is_discovered(r)
					    ? origin_discovered(view_of(r->route->name))
					    : origin_own(partner ? partner->id : PARTNER_NONE)});
}

static const struct {
	enum sip_outcome outcome;
	const char *cause;
} not_found[] = {
	[RESOLVE_NONE] = {SIP_NO_SERVER, "no_server_in_dns"},
	[RESOLVE_FAILED] = {SIP_UNREACHABLE, "dns"},
	[RESOLVE_CONFLICT] = {SIP_SRV_CONFLICT, "srv_conflict"},
};

/* Its DNS must not lead us anywhere. */
static bool allows(const struct sip_reach *r, const struct ip_address *address)
{
	return r->route->kind == SIP_PEER_INSIDE ||
	       discovered_allows(r->house->generation->rules, view_of(r->route->name), address);
}

static void on_resolved(
	void *arg, enum resolve_result result, const struct target *targets, uint32_t count)
{
	struct sip_reach *r = arg;
	bool inside = r->route->kind == SIP_PEER_INSIDE;
	const struct partner *partner = partner_of(r);
	struct target allowed[RESOLVE_TARGETS_MAX];
	uint32_t allowed_count = 0;

	r->question = NULL;
	if (inside && (result != RESOLVE_OK || count == 0)) {
		fail(r, SIP_UNREACHABLE, "resolve");
		return;
	}
	if (result != RESOLVE_OK) {
		fail(r, not_found[result].outcome, not_found[result].cause);
		return;
	}
	for (uint32_t i = 0; i < count; i++)
		if (allows(r, &targets[i].address))
			allowed[allowed_count++] = targets[i];
	if (allowed_count == 0) {
		fail(r, SIP_UNREACHABLE, "no_fit_address");
		return;
	}
	r->attempt = connect_start(r->house->loop, r->house->filter, r->house->generation,
		inside ? CONNECT_INSIDE : CONNECT_PARTNER, partner ? partner->id : PARTNER_NONE,
		allowed, allowed_count, CONNECT_MS, on_connected, r);
	if (!r->attempt)
		fail(r, SIP_UNREACHABLE, "no_memory");
}

struct sip_reach *sip_reach_start(const struct sip_link_house *house, const struct sip_route *route,
	sip_reach_h *handler, void *arg)
{
	struct sip_reach *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	*r = (struct sip_reach){.house = house, .route = route, .handler = handler, .arg = arg};
	if (route->host) {
		r->question = resolve_host(
			house->resolver, view_of(route->host), route->port, on_resolved, r);
	} else {
		r->question = resolve_service(house->resolver, SERVICE_FEDERATION,
			view_of(route->name), route->port, on_resolved, r);
		resolve_else(r->question, SERVICE_SIPS);
		if (route->within)
			resolve_within(r->question, view_of(route->within));
	}
	if (r->question)
		return r;
	free(r);
	return NULL;
}

void sip_reach_cancel(struct sip_reach *r)
{
	if (!r)
		return;
	resolve_cancel(r->question);
	connect_cancel(r->attempt);
	free(r);
}

const char *sip_reach_state(const struct sip_reach *r)
{
	return r->question ? "resolving" : "connecting";
}
