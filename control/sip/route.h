/* SPDX-License-Identifier: BSD-3-Clause */
/* Where a connection of ours leads by the rules, and who its other end must prove to be: the server of one of
 * our domains, or that of a partner's. */
#pragma once

#include "control/sip/endpoint.h"

enum { SIP_PORT = 5061 };

/* The strings are its own. */
struct sip_route {
	enum sip_peer_kind kind;
	char *local;   /* our domain: whose certificate is shown */
	char *name;    /* what the server must prove (RFC 5922): for a partner its domain */
	char *names;   /* or one of these, as certificate_names; NULL: none */
	char *host;    /* NULL: by DNS, of the name */
	uint16_t port; /* of the host, and of a name without SRV records; 0: it is not asked then */
	char *within;  /* SRV records count that name this domain or one below; NULL: all */
};

/* False without memory; then there is nothing to free. */
bool sip_route_inside(const struct local_domain *local, struct sip_route *out);
/* To the server of a domain that is served by SIP, from this domain of ours. One that no rule names has to say
 * in DNS that it has one. */
bool sip_route_partner(
	const struct ruleset *rules, const char *local, struct view remote, struct sip_route *out);
void sip_route_free(struct sip_route *route);
bool sip_route_equal(const struct sip_route *a, const struct sip_route *b);
/* The domain of the other side: of a partner, or that local one whose server is inside. */
const char *sip_route_domain(const struct sip_route *route);
/* What `show sessions` has as its address: the host, or what stands in its place. */
const char *sip_route_host(const struct sip_route *route);
