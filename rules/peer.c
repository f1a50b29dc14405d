/* SPDX-License-Identifier: BSD-3-Clause */
/* What the rules say of a remote domain as far as connections with it go. */
#include "rules/peer.h"

#include "rules/decide.h"

void peer_find(const struct ruleset *rules, struct view domain, struct peer *out)
{
	struct other_side side;

	*out = (struct peer){.standing = PEER_UNKNOWN};
	if (ruleset_blocks_domain(rules, domain)) {
		out->standing = PEER_BLOCKED;
		return;
	}
	side = other_side_of(rules, domain);
	if (side.provider && !side.provider->enabled) {
		out->standing = PEER_OFF;
		return;
	}
	/* The nearest entry above a provider's domain is that of the provider. */
	out->partner = side.provider ? ruleset_partner(rules, domain) : side.partner;
	if (!out->partner)
		return;
	out->standing = PEER_PARTNER;
	out->terms = &out->partner->terms;
}

bool peer_is_served(const struct peer *peer, enum protocol protocol)
{
	return peer->terms && peer->terms->protocols & 1u << protocol;
}
