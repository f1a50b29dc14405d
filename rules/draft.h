/* SPDX-License-Identifier: BSD-3-Clause */
/* A rules document as it was read: every value with its line, in the order of the document, each
 * one checked for itself and not yet against the others. draft_schema is the one table of all keys. */
#pragma once

#include "rules/draft_policy.h"
#include "rules/policy.h"

struct draft_ports {
	unsigned line;
	struct schema_list xmpp, sip; /* of ports; not there: the default port */
};

struct draft_service {
	unsigned line;
	struct schema_list addresses;
	struct draft_ports ports;
};

struct draft_inside {
	unsigned line;
	struct scalar protocol, host, port, name, request_bytes_max;
};

struct draft_local {
	unsigned line;
	struct scalar domain, certificate, key;
	struct draft_inside inside;
};

struct draft_suspicious {
	unsigned line;
	struct draft_limits limits;
#define DRAFT_FIELD(name, value) struct scalar name;
	SUSPICIOUS_KEYS(DRAFT_FIELD)
#undef DRAFT_FIELD
};

struct draft_limit_rules {
	unsigned line;
	struct draft_limits partner, unknown;
	struct draft_suspicious suspicious;
	struct scalar window_minutes;
#define DRAFT_FIELD(name, value) struct scalar name;
	HANDSHAKE_KEYS(DRAFT_FIELD)
#undef DRAFT_FIELD
};

struct draft_partner {
	unsigned line;
	struct scalar domain, protocol, subtree, host, port;
	struct schema_list sources;
	struct draft_terms terms;
	struct draft_limits limits;
};

struct draft_blocked_domain {
	unsigned line;
	struct scalar domain, subtree;
};

struct draft_blocked {
	unsigned line;
	struct schema_list domains; /* of struct draft_blocked_domain */
	struct schema_list prefixes;
};

struct draft {
	unsigned line;
	struct draft_service service;
	struct schema_list locals;   /* of struct draft_local */
	struct schema_list partners; /* of struct draft_partner */
	struct draft_blocked blocked;
	struct draft_limit_rules limits;
	struct scalar control_down, federation, region;
	struct draft_links links;
	struct draft_discovery discovery;
	struct draft_policy_choice policy;
	struct schema_list policies; /* of struct draft_policy */
	struct schema_list sites;    /* of struct draft_site */
	struct schema_list groups;   /* of struct draft_group */
	struct schema_list users;    /* of struct draft_user */
	struct draft_directory directory;
	struct schema_list providers;  /* of struct draft_provider */
	struct schema_list agreements; /* of struct draft_agreement */
};

extern const struct schema draft_schema[];

enum { XMPP_PORT_DEFAULT = 5269, SIP_PORT_DEFAULT = 5061 };

/* Item i < count of a list. */
static inline const struct scalar *draft_scalar(const struct schema_list *list, uint32_t i)
{
	return (const struct scalar *)list->items + i;
}

static inline const struct draft_local *draft_local(const struct draft *draft, uint32_t i)
{
	return (const struct draft_local *)draft->locals.items + i;
}

static inline const struct draft_blocked_domain *draft_blocked_domain(
	const struct draft *draft, uint32_t i)
{
	return (const struct draft_blocked_domain *)draft->blocked.domains.items + i;
}

static inline const struct draft_partner *draft_partner(const struct draft *draft, uint32_t i)
{
	return (const struct draft_partner *)draft->partners.items + i;
}
