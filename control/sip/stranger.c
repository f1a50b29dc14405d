/* SPDX-License-Identifier: BSD-3-Clause */
/* What the endpoint does differently with domains that no rule names: their connections are counted, in one
 * book with those of XMPP. */
#include "control/sip/endpoint_int.h"

bool sip_is_stranger(const struct sip_endpoint *e, struct view domain)
{
	return discovered_stands(e->house.generation->rules, domain);
}

const char *sip_stranger_begin(struct sip_endpoint *e, struct view domain, bool *counts)
{
	return discovered_begin(
		e->discovered, e->house.generation->rules, domain, loop_now(e->house.loop), counts);
}

static bool stays(void *arg, struct view domain)
{
	return sip_is_stranger(arg, domain);
}

void sip_stranger_end(struct sip_endpoint *e, struct view domain, bool *counts)
{
	if (!*counts)
		return;
	discovered_end(e->discovered, domain, loop_now(e->house.loop), counts);
	/* By other rules it is none any more. */
	if (!sip_is_stranger(e, domain))
		discovered_review(e->discovered, stays, e);
}
