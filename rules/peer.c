/* SPDX-License-Identifier: BSD-3-Clause */
/* What the rules say of a remote domain as far as connections with it go. */
#include "rules/peer.h"

#include "rules/base/name.h"
#include "rules/decide.h"

bool peer_name_is_public(struct view domain)
{
	uint32_t last = domain.len;

	if (!name_is_canonical(domain))
		return false;
	while (last > 0 && domain.p[last - 1] != '.')
		last--;
	/* No top-level domain begins with a digit (RFC 3696 section 2), and "xn--" does not either. */
	return last > 0 && !(domain.p[last] >= '0' && domain.p[last] <= '9');
}

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
	if (out->partner) {
		out->standing = PEER_PARTNER;
		out->terms = &out->partner->terms;
	} else if (rules->policies.discovery && !side.ours && peer_name_is_public(domain)) {
		out->standing = PEER_DISCOVERED;
		out->terms = &rules->policies.discovered;
	}
}

struct message_limits peer_messages(
	const struct ruleset *rules, const struct partner *partner, const struct provider *provider)
{
	const struct discovery_limits *discovered = &rules->policies.discovery_limits;

	if (partner)
		return partner->messages;
	if (provider)
		return provider->messages;
	return (struct message_limits){
		.value = {[MESSAGE_LIMIT_messages_per_s] = discovered->messages_per_s,
			[MESSAGE_LIMIT_users] = discovered->users}};
}

enum protocol peer_preferred(const struct ruleset *rules, struct view domain)
{
	struct peer peer;

	peer_find(rules, domain, &peer);
	return peer.terms ? (enum protocol)peer.terms->preferred : PROTOCOL_XMPP;
}

bool peer_is_served(const struct peer *peer, enum protocol protocol)
{
	return peer->terms && peer->terms->protocols & 1u << protocol;
}
