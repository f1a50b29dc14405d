/* SPDX-License-Identifier: BSD-3-Clause */
/* What a public provider of instant messaging offers and on which terms, and the terms of those that
 * there were. Every instant that ends something is exclusive: at it, it has ended. */
#pragma once

#include "rules/capability.h"
#include "rules/date.h"

enum { PROVIDER_REGION_BYTES = 3 };

enum licence_need {
	LICENCE_NEED_NONE, /* the server's own licence is enough */
	LICENCE_NEED_SEAT, /* each user needs a seat */
};

struct provider_terms {
	const char *name;      /* of the profile: "yahoo" */
	uint32_t capabilities; /* CAPABILITY_BIT */
	enum licence_need need;
	struct wall service_begin;
	struct wall sell_until;        /* licences are bought and renewed before it */
	struct wall new_domains_until; /* our domains may be added before it */
	struct wall service_end;
	bool by_xmpp;                              /* it speaks XMPP, not SIP */
	char exempt_region[PROVIDER_REGION_BYTES]; /* where service went on; "": nowhere */
};

enum provider_state {
	PROVIDER_NOT_BEGUN,
	PROVIDER_OPEN,
	PROVIDER_CLOSED_TO_NEW, /* neither seats nor domains any more; who has them is served */
	PROVIDER_RETIRED,
};

/* The shipped profiles: aol, google-talk, skype, windows-live, yahoo. NULL: none of this name. */
const struct provider_terms *provider_profile(struct view name);
const struct provider_terms *provider_profile_at(uint32_t i); /* NULL behind the last */

/* Where a provider stands, seen from a region ("CN"; "" if none is stated). */
enum provider_state provider_state(
	const struct provider_terms *terms, const char *region, struct wall now);
/* When its service ends there. */
struct wall provider_end(const struct provider_terms *terms, const char *region);
