/* SPDX-License-Identifier: BSD-3-Clause */
/* Who of ours may talk with whom outside, as the rules say it: policies at three scopes, and the terms
 * of partners, providers and strangers. Filled by ruleset_compile, immutable. */
#pragma once

#include "rules/base/table.h"
#include "rules/licence.h"
#include "rules/security.h"

/* Seen from us: in comes from a partner to our user, out goes from our user to a partner. */
enum heading { HEADING_IN, HEADING_OUT, HEADING_COUNT };

/* X(name, words). What is not federation needs it as well, but for public providers, which have a
 * contract of their own. */
#define POLICY_FLAGS(X)                                                                            \
	X(federation, "partners, and ground for xmpp")                                             \
	X(xmpp, "partners that speak XMPP")                                                        \
	X(public, "public providers")                                                              \
	X(public_av, "calls with public providers")

enum policy_flag {
#define POLICY_FLAG_ENUM(name, words) POLICY_##name,
	POLICY_FLAGS(POLICY_FLAG_ENUM)
#undef POLICY_FLAG_ENUM
		POLICY_FLAG_COUNT
};

#define POLICY_FLAGS_ALL ((UINT32_C(1) << POLICY_FLAG_COUNT) - 1)

const char *policy_flag_name(enum policy_flag flag);

/* A named set of permissions. Policies are never merged: the nearest one holds whole. */
struct policy {
	char *name;
	uint32_t allows[HEADING_COUNT]; /* bit 1 << enum policy_flag */
	uint32_t capabilities;          /* CAPABILITY_BIT */
	unsigned line;
};

#define POLICY_INDEX_NONE UINT32_MAX

struct site {
	char *name;
	uint32_t policy; /* in policies, or POLICY_INDEX_NONE */
	unsigned line;
};

/* One of our domains belongs to a site: users who are not listed are there. */
struct site_domain {
	char *domain;
	uint32_t site;
};

struct user {
	char *address;   /* prepared: "alice@corp.example" */
	uint32_t site;   /* in sites, or POLICY_INDEX_NONE */
	uint32_t policy; /* its own or its group's, or POLICY_INDEX_NONE */
	unsigned line;   /* 0: not from the document but from a list of users */
};

enum partner_type {
	PARTNER_FEDERATED,         /* an organisation that we trust */
	PARTNER_PUBLIC_VERIFIED,   /* either side may begin */
	PARTNER_PUBLIC_UNVERIFIED, /* our user has to begin */
};

enum verification {
	VERIFICATION_ALWAYS,     /* every sender counts as verified */
	VERIFICATION_NEVER,      /* none does: contacts only */
	VERIFICATION_BY_PARTNER, /* as the partner marks each message */
};

/* What is said of a partner, a provider, or whoever is discovered. */
struct peer_terms {
	enum partner_type type;
	enum verification verification;
	bool missing_mark_refused;  /* else a message without mark counts as not verified */
	uint32_t capabilities;      /* CAPABILITY_BIT */
	struct security security;   /* of XMPP streams */
	bool fold_presence;         /* only available and unavailable cross */
	bool fold_text;             /* only plain text crosses */
	bool archive;               /* what cannot be archived does not cross */
	uint32_t message_bytes_max; /* 0: as the protocol's reader allows */
	char *disclaimer;           /* put before the first message of ours; NULL: none */
	uint32_t protocols;         /* bit 1 << enum protocol: ways to it */
	uint32_t preferred;         /* enum protocol: tried first */
};

enum provider_kind { PROVIDER_PUBLIC, PROVIDER_HOSTING };

struct provider {
	char *name;
	enum provider_kind kind;
	bool enabled;
	struct provider_terms terms; /* of its profile, the operator's dates in place */
	struct peer_terms peer;
	const struct agreement **agreements; /* its own, in the order of the rules */
	uint32_t agreement_count;
	unsigned line;
};

/* A domain that a provider serves. */
struct provider_domain {
	char *domain;
	bool subtree;
	uint32_t provider;
	unsigned line;
};

struct policies {
	bool federation; /* the master switch */
	bool discovery;  /* partners that no rule names are looked for */
	struct peer_terms discovered;
	unsigned discovery_line;
	char region[PROVIDER_REGION_BYTES];
	struct policy *policies;
	uint32_t policy_count;
	uint32_t global; /* in policies: holds where nothing nearer does */
	struct site *sites;
	uint32_t site_count;
	struct site_domain *site_domains;
	uint32_t site_domain_count;
	struct user *users;
	uint32_t user_count;
	struct provider *providers;
	uint32_t provider_count;
	struct provider_domain *provider_domains;
	uint32_t provider_domain_count;
	struct agreement *agreements; /* with all that they point to */
	uint32_t agreement_count;
	struct table by_user, by_site_domain, by_provider_domain;
};

/* What holds without any rule about it: everything that the translation can carry. */
struct peer_terms peer_terms_default(void);
struct policy policy_default(void);

/* 0, -ENOMEM, -EEXIST (a user or a domain twice). */
int policies_index(struct policies *policies);
/* The index and all that the arrays own. */
void policies_free(struct policies *policies);

/* The policy of one of our users: its own, else its site's, else the global one. *line: of the rule
 * that chose it. user as in struct user, domain its domain. */
const struct policy *policies_of(
	const struct policies *policies, struct view user, struct view domain, unsigned *line);
/* The provider that serves a domain, the nearest one above it included, or NULL; canonical names
 * only. */
const struct provider *policies_provider(const struct policies *policies, struct view domain);
