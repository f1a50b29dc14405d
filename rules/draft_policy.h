/* SPDX-License-Identifier: BSD-3-Clause */
/* The part of a draft that says who may talk to whom: terms, policies, users, providers, licences. */
#pragma once

#include "rules/limit.h"
#include "rules/schema.h"

struct draft_security {
	unsigned line;
	struct scalar tls, sasl, dialback;
};

/* An item that may be only its domain. */
struct draft_link_name {
	unsigned line;
	struct scalar domain, subtree;
};

struct draft_links {
	unsigned line;
	struct scalar action, notice, links_max;
	struct schema_list replaces, prefixes, extensions, directions;
	struct schema_list ignore; /* of struct draft_link_name */
};

/* What can be said of a partner, a provider and of whoever is discovered. */
struct draft_terms {
	struct scalar type, verification, missing_mark, srv_hosts;
	struct scalar fold_presence, fold_messages, archive, message_bytes_max, disclaimer;
	struct schema_list capabilities, protocols; /* of words */
	struct schema_list certificate_names;       /* not of whoever is discovered */
	struct draft_security security;
	struct draft_links links;
};

struct draft_limits {
	unsigned line;
	struct scalar value[LIMIT_COUNT];
	struct scalar messages[MESSAGE_LIMIT_COUNT]; /* of partners */
};

struct draft_discovery_limits {
	unsigned line;
	struct scalar connections, messages_per_s, users;
	struct draft_limits counted; /* DISCOVERED_KEYS */
};

struct draft_discovery {
	unsigned line;
	struct scalar enabled;
	struct draft_terms terms;
	struct draft_discovery_limits limits;
};

struct draft_policy {
	unsigned line;
	struct scalar name;
	struct schema_list in, out, capabilities; /* of words */
};

/* The key "policy". */
struct draft_policy_choice {
	unsigned line;
	struct scalar global;
};

struct draft_site {
	unsigned line;
	struct scalar name, policy;
	struct schema_list domains;
};

struct draft_group {
	unsigned line;
	struct scalar name, policy;
	struct schema_list members;
};

struct draft_user {
	unsigned line;
	struct scalar address, site, policy;
	struct schema_list groups;
};

/* Users and groups that stand elsewhere. */
struct draft_directory {
	unsigned line;
	struct scalar file, command;
};

/* What such a place holds when it is JSON. */
struct draft_people {
	unsigned line;
	struct schema_list users, groups;
};

/* An item that may be only its domain. */
struct draft_provider_domain {
	unsigned line;
	struct scalar domain, subtree;
};

struct draft_decoration {
	unsigned line;
	struct scalar routing_domain;
	struct schema_list excluded;
};

/* Of all domains of a provider together. */
struct draft_provider_limits {
	unsigned line;
	struct scalar messages[MESSAGE_LIMIT_COUNT];
};

struct draft_provider {
	unsigned line;
	struct scalar name, kind, profile, enabled, host, port, shared_address_space, licence;
	struct scalar service_begin, sell_until, new_domains_until, service_end;
	struct schema_list domains; /* of struct draft_provider_domain */
	struct draft_decoration decoration;
	struct draft_terms terms;
	struct draft_provider_limits limits;
};

struct draft_agreement_domain {
	unsigned line;
	struct scalar domain, since;
};

struct draft_assignment {
	unsigned line;
	struct scalar user, from, to;
};

struct draft_agreement {
	unsigned line;
	struct scalar id, provider, model, seats, purchased, start, end, grace_days, notice;
	struct schema_list renewals;    /* of dates */
	struct schema_list domains;     /* of struct draft_agreement_domain */
	struct schema_list assignments; /* of struct draft_assignment */
	struct scalar assignments_file;
};

/* draft_policy.c: the tables for draft.c. */
extern const struct schema draft_discovery_schema[], draft_policy_schema[], draft_choice_schema[],
	draft_site_schema[], draft_group_schema[], draft_user_schema[], draft_directory_schema[],
	draft_provider_schema[], draft_agreement_schema[], draft_security_schema[],
	draft_links_schema[];
/* Of struct draft_people. */
extern const struct schema draft_people_schema[];

enum {
	POLICIES_MAX = 1000,
	SITES_MAX = 10 * 1000,
	GROUPS_MAX = 10 * 1000,
	USERS_MAX = 1000 * 1000,
	USER_GROUPS_MAX = 64,
	PROVIDERS_MAX = 1000,
	PROVIDER_DOMAINS_MAX = 10 * 1000,
	AGREEMENTS_MAX = 1000,
	RENEWALS_MAX = 64,
	LINK_REPLACES_MAX = 16,
	LINK_EXTENSIONS_MAX = 256,
	LINK_NAMES_MAX = 256,
	CERTIFICATE_NAMES_MAX = 16,
};
