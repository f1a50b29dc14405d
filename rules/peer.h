/* SPDX-License-Identifier: BSD-3-Clause */
/* What the rules say of a remote domain as far as connections with it go: may there be any, and on
 * whose terms. What crosses them is asked of decide. Pure; any thread. */
#pragma once

#include "rules/ruleset.h"

enum peer_standing {
	PEER_UNKNOWN, /* nobody's whom the rules name; ours, or below one of ours */
	PEER_BLOCKED,
	PEER_OFF,        /* of a provider that is not enabled */
	PEER_PARTNER,    /* a partner's, or an enabled provider's */
	PEER_DISCOVERED, /* no rule names it, and the rules let such domains in */
};

struct peer {
	enum peer_standing standing;
	const struct partner *partner;  /* PEER_PARTNER, else NULL */
	const struct peer_terms *terms; /* PEER_PARTNER and PEER_DISCOVERED, else NULL */
};

/* Could a domain that no rule names be a server's on the Internet? Not a single label, nor an IP address. */
bool peer_name_is_public(struct view domain);

/* Names are A-labels in lower case. */
void peer_find(const struct ruleset *rules, struct view domain, struct peer *out);
/* How many messages may be had with a partner, a provider with all its domains, or, if it is neither,
 * whoever is discovered. */
struct message_limits peer_messages(const struct ruleset *rules, const struct partner *partner,
	const struct provider *provider);
/* What comes from there comes by this, as long as nobody says how it comes. */
enum protocol peer_preferred(const struct ruleset *rules, struct view domain);
/* May connections by this protocol be had with it? */
bool peer_is_served(const struct peer *peer, enum protocol protocol);
