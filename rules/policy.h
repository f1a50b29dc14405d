/* SPDX-License-Identifier: BSD-3-Clause */
/* Who of ours may talk with whom outside, as the rules say it: policies at three scopes, and the terms
 * of partners, providers and strangers. Filled by ruleset_compile, immutable. */
#pragma once

#include "rules/base/table.h"
#include "rules/licence.h"
#include "rules/hyperlink.h"
#include "rules/limit.h"
#include "rules/security.h"
#include "rules/string_pool.h"
#include "rules/user.h"

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

/* What the rules write for the enums here and elsewhere, in their order, ended by NULL. */
extern const char *const protocol_words[],
	*const policy_flag_words[],
		*const partner_type_words[],
			*const verification_words[],
				*const control_down_words[],
					*const missing_mark_words[],
						*const provider_kind_words[],
							*const licence_need_words[],
								*const seat_model_words[],
									*const capability_words[],
										*const negotiation_words
											[];
extern const char *const srv_hosts_words[];

extern const char *const heading_words[], *const hyperlink_action_words[];

/* How the things below begin that have a name. */
struct called {
	const char *name;
	unsigned line;
};

/* A named set of permissions. Policies are never merged: the nearest one holds whole. */
struct policy {
	const char *name; /* NULL: the one that holds where the rules name none */
	unsigned line;
	uint32_t allows[HEADING_COUNT]; /* bit 1 << enum policy_flag */
	uint32_t capabilities;          /* CAPABILITY_BIT */
};

#define POLICY_INDEX_NONE USER_NONE

struct site {
	const char *name;
	unsigned line;
	uint32_t policy; /* in policies, or POLICY_INDEX_NONE */
};

/* One of our domains belongs to a site: users who are not listed are there. */
struct site_domain {
	const char *domain;
	unsigned line;
	uint32_t site;
};

struct group {
	const char *name;
	unsigned line;
	uint32_t policy; /* of its members, or POLICY_INDEX_NONE */
	enum user_source source;
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
	const char *disclaimer;     /* put before the first message of ours; NULL: none */
	uint32_t protocols;         /* bit 1 << enum protocol: ways to it */
	uint32_t preferred;         /* enum protocol: tried first */
	/* bit 1 << enum protocol: of the servers that SRV records name, only those within the domain count.
	 * SRV_OWN_DEFAULT, or what is stated, for all. */
	uint32_t srv_own;

	const struct hyperlink_rules *links; /* NULL: those of everybody */
	/* Names that certificates of its SIP servers may have in the place of its own, with commas between them;
	 * NULL: none. Read by certificate_names_next. */
	const char *certificate_names;
};

/* Take the first name off a list with commas between; false: none is left. NULL is an empty one. */
bool certificate_names_next(const char **names, struct view *out);

/* A SIP server may prove only its own name, and then the domain has to be in that. With XMPP the domain itself is
 * proven, wherever its server is. */
#define SRV_OWN_DEFAULT (1u << PROTOCOL_SIP)
#define SRV_OWN_ALL     (1u << PROTOCOL_SIP | 1u << PROTOCOL_XMPP)

enum provider_kind { PROVIDER_PUBLIC, PROVIDER_HOSTING };

/* Addresses that a provider routes by another domain: user(domain)@routing. */
struct decoration {
	const char *routing_domain; /* NULL: none */
	const char **excluded;      /* domains that go undecorated, sorted */
	uint32_t excluded_count;
};

struct provider {
	const char *name;
	unsigned line;
	enum provider_kind kind;
	bool enabled;
	bool shared_address_space;   /* of a domain of ours some users are there */
	const char *host;            /* NULL: by DNS SRV */
	uint16_t port;               /* 0: the protocol's default */
	struct provider_terms terms; /* of its profile, the operator's dates in place */
	struct peer_terms peer;
	struct decoration decoration;
	struct message_limits messages;      /* of all its domains together, each way */
	uint32_t messages_stated;            /* bit 1 << enum message_limit_key: its own */
	const struct agreement **agreements; /* its own, by their ids */
	uint32_t agreement_count;
	uint32_t first_domain; /* in partners; means nothing while served is 0 */
	uint32_t served;       /* domains among the partners: all while it is enabled */
};

/* A domain that a provider serves. */
struct provider_domain {
	const char *domain;
	unsigned line;
	uint32_t provider;
	bool subtree;
};

/* What whoever is discovered may have. */
struct discovery_limits {
	uint32_t connections, messages_per_s, users;
};

struct policies {
	bool federation; /* the master switch */
	bool discovery;  /* partners that no rule names are looked for */
	struct peer_terms discovered;
	const struct hyperlink_rules *links; /* of everybody; NULL: all pass */
	struct discovery_limits discovery_limits;
	struct limits limits_discovered; /* DISCOVERED_KEYS of them; the others are the defaults */
	unsigned federation_line, discovery_line; /* 0: not stated */
	char region[PROVIDER_REGION_BYTES];
	struct policy *policies; /* the nameless one, then by name, as all that has names */
	uint32_t policy_count;
	uint32_t global; /* in policies: holds where nothing nearer does */
	unsigned global_line;
	struct site *sites;
	uint32_t site_count;
	struct site_domain *site_domains; /* by domain */
	uint32_t site_domain_count;
	struct group *groups;
	uint32_t group_count;
	struct user *users; /* by address */
	uint32_t user_count;
	uint32_t *memberships; /* in groups, ascending for each user */
	uint32_t membership_count;
	bool names_lists; /* some of this stood outside of the document */
	/* Where users come from: name of the file, the command. */
	const char *sources[USER_SOURCES];
	struct provider *providers;
	uint32_t provider_count;
	struct provider_domain *provider_domains; /* by domain */
	uint32_t provider_domain_count;
	struct agreement *agreements; /* by id, with all that they point to */
	uint32_t agreement_count;
	struct hyperlink_rules *hyperlink_rules; /* all that there are, one behind the other */
	const char **notices;                    /* of all of them, sorted */
	struct user_index by_user;
	struct table by_site_domain, by_provider_domain;
	struct string_pool strings; /* every text above, and those of the partners' terms */
};

/* What holds without any rule about it: everything that the translation can carry. */
struct peer_terms peer_terms_default(void);
/* The same for whoever is discovered: less trust. */
struct peer_terms peer_terms_discovered(void);
struct policy policy_default(void);
/* Of a provider without a profile. */
struct provider_terms provider_terms_default(void);
extern const struct discovery_limits discovery_limits_default;

/* Make the lookups know what stands in the arrays now. 0, -ENOMEM, -EEXIST (a user or a domain twice). */
int policies_index(struct policies *policies);
/* The index and all that the arrays own. */
void policies_free(struct policies *policies);

enum policy_scope { SCOPE_USER, SCOPE_GROUP, SCOPE_SITE, SCOPE_GLOBAL };

/* The policy that holds for a user, and what chose it. */
struct policy_choice {
	const struct policy *policy;
	enum policy_scope scope;
	const char *name; /* of the group or site, else NULL */
	unsigned line;    /* of the rule that chose; 0: none */
	const char *file; /* where that line is; NULL: in the rules document */
};

/* Its own, else its group's, else its site's, else the global one. user as in struct user, domain its
 * domain. */
void policies_of(const struct policies *policies, struct view user, struct view domain,
	struct policy_choice *out);
/* The same with the hash that by_user knows the user by. */
void policies_of_hashed(const struct policies *policies, struct view user, uint32_t hash,
	struct view domain, struct policy_choice *out);
/* The provider that serves a domain, the nearest one above it included, or NULL; canonical names
 * only. *depth: bytes of the domain that the rule names. */
const struct provider *policies_provider(
	const struct policies *policies, struct view domain, uint32_t *depth);
