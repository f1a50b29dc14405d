/* SPDX-License-Identifier: BSD-3-Clause */
/* What the endpoint does differently with domains that no rule names: their connections are counted, in one
 * book with those of XMPP. */
#include <errno.h>

#include "control/counters.h"
#include "control/sip/endpoint_int.h"
#include "rules/peer.h"

bool sip_is_stranger(const struct sip_endpoint *e, struct view domain)
{
	struct peer peer;

	peer_find(e->house.generation->rules, domain, &peer);
	return peer.standing == PEER_DISCOVERED;
}

const char *sip_stranger_begin(struct sip_endpoint *e, struct view domain, bool *counts)
{
	const struct policies *policies = &e->house.generation->rules->policies;
	const char *cause;

	*counts = false;
	if (!sip_is_stranger(e, domain))
		return NULL;
	switch (discovered_open(e->discovered, domain, policies->discovery_limits.connections,
		loop_now(e->house.loop))) {
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

static bool stays(void *arg, struct view domain)
{
	return sip_is_stranger(arg, domain);
}

void sip_stranger_end(struct sip_endpoint *e, struct view domain, bool *counts)
{
	if (!*counts)
		return;
	*counts = false;
	discovered_close(e->discovered, domain, loop_now(e->house.loop));
	/* By other rules it is none any more. */
	if (!sip_is_stranger(e, domain))
		discovered_review(e->discovered, stays, e);
}
