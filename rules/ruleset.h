/* SPDX-License-Identifier: BSD-3-Clause */
/* The rules as the rest of the program sees them: checked, canonical, immutable. Names are A-labels
 * in lower case without a trailing dot. Knows nothing of sockets, TLS or packets. */
#pragma once

#include "rules/base/view.h"
#include "rules/limit.h"
#include "rules/policy.h"
#include "rules/prefix.h"
#include "rules/source.h"

enum protocol { PROTOCOL_XMPP, PROTOCOL_SIP };

/* One address and port where partners reach us. */
struct service {
	struct ip_address address;
	uint16_t port;
	enum protocol protocol; /* what must be spoken there */
};

/* The server of our own organisation behind the edge, for one local domain. */
struct inside_route {
	enum protocol protocol; /* PROTOCOL_SIP */
	char *host;             /* name or address to connect to */
	uint16_t port;
	char *name; /* identity its certificate must carry; the local domain unless stated */
	uint32_t request_bytes_max; /* a request of ours that is larger it does not get */
	unsigned line;
};

struct local_domain {
	char *domain;
	char *certificate_file; /* PEM, leaf first; absolute or relative to the rules file */
	char *key_file;         /* PEM */
	struct inside_route inside;
	unsigned line;
};

struct partner {
	/* What a decision looks at stands together: of many partners, few are in the cache. */
	char *domain;
	unsigned line;
	uint32_t id; /* 1..PARTNER_ID_MAX, stable by name over generations */
	/* NULL: the rules name it as a partner; else it is a domain of this one, which owns the
	 * strings, and line is that of the domain. */
	const struct provider *provider;
	struct peer_terms terms;
	bool subtree;           /* it speaks for every name below its domain too */
	enum protocol protocol; /* the preferred one; terms.protocols has all */
	struct prefix *sources; /* addresses its connections come from; may be none */
	uint32_t source_count;
	char *host;             /* NULL: by DNS SRV */
	uint16_t port;          /* 0: the protocol's default */
	struct limits limits;   /* that hold for it */
	uint32_t limits_stated; /* bit 1 << enum limit_key: its own, not limits.partner's */
	struct message_limits messages;
	uint32_t messages_stated; /* bit 1 << enum message_limit_key */
};

struct blocked_domain {
	char *domain;
	bool subtree; /* and everything below it */
	unsigned line;
};

struct ruleset_index; /* the hash tables behind the lookups */

/* Partners, locals, blocked domains and prefixes are sorted and without doubles; services stand in
 * the order of the document: address by address, XMPP ports before SIP ports. Behind the partners that
 * the rules name stand, sorted by themselves, the domains of enabled providers. */
struct ruleset {
	/* 1 from ruleset_compile: the same document does not know how often it was changed before.
	 * Who keeps the rules over time (the control plane) counts and sets it. */
	uint64_t generation;
	char *directory; /* of the rules file: certificate paths are relative to it */
	struct service *services;
	uint32_t service_count;
	struct local_domain *locals;
	uint32_t local_count;
	struct partner *partners;
	uint32_t partner_count;
	uint32_t provided_count; /* of these, domains of providers */
	struct blocked_domain *blocked_domains;
	uint32_t blocked_domain_count;
	struct prefix *blocked_prefixes;
	uint32_t blocked_prefix_count;
	struct limits limits_partner;    /* of partners that state none of their own */
	struct limits limits_unknown;    /* of each prefix of sources that no rule knows */
	struct limits limits_suspicious; /* of a suspicious partner, where its own say more */
	struct handshake_limits handshakes;
	struct message_limits messages_partner; /* as limits_partner; of providers, too */
	struct suspicious_limits suspicious;
	uint32_t window_minutes; /* in which users and errors are counted */
	bool control_down_hold;  /* without control plane new connections are held, not refused */
	struct policies policies;
	struct ruleset_index *index;
};

/* One complaint about a document. */
struct rules_error {
	unsigned line;
	char key[96];   /* dotted path: "partners[2].domain" */
	char text[256]; /* what is wrong, quoting the value, and what to do */
};

enum { RULES_ERRORS_MAX = 64 };

struct rules_errors {
	struct rules_error list[RULES_ERRORS_MAX];
	uint32_t count; /* in the list */
	uint32_t more;  /* found but not kept: those with the highest lines */
};

/* Compile a YAML document (docs/rules.md). `file` gives the directory; NULL: the working directory.
 * NULL with errors filled, in order of lines; otherwise the caller frees with ruleset_free. Partner
 * ids are 1.. in the order of the names. Pure but for memory and the lookups' random hash key:
 * opens no certificate. Any thread. A document that names lists elsewhere is refused. */
struct ruleset *ruleset_compile(
	struct view document, const char *file, struct rules_errors *errors);
/* The same, with lists that the document names read by the reader; NULL: refused. */
struct ruleset *ruleset_compile_with(struct view document, const char *file,
	const struct rules_reader *reader, struct rules_errors *errors);
/* Read a file of at most 16 MiB and compile it; lists in files that it names are read from the disk, those
 * of commands refused. */
struct ruleset *ruleset_load(const char *file, struct rules_errors *errors);
/* The same with a reader of its own, to which relative names come as they stand in the document. */
struct ruleset *ruleset_load_with(
	const char *file, const struct rules_reader *reader, struct rules_errors *errors);
/* "/etc/picket" of "/etc/picket/rules.yaml", "." without a slash or for NULL; owned, NULL without
 * memory. */
char *rules_directory_of(const char *file);
struct text;
/* "rules.yaml:14: partners[2].domain: '5x' is ...", without a newline. */
void rules_error_print(const char *file, const struct rules_error *error, struct text *out);
/* Accepts NULL. */
void ruleset_free(struct ruleset *rules);

/* Make the lookups know the ids and names that stand in the arrays now. ruleset_compile has done it;
 * for who changes ids or fills a ruleset by hand. 0, -ENOMEM, -EEXIST (an id or a name twice); the
 * index is as before then. */
int ruleset_index_build(struct ruleset *rules);
/* Forget the index (of a ruleset filled by hand; ruleset_free does it for its own). */
void ruleset_index_free(struct ruleset *rules);

/* Names are A-labels in any letter case; what is below a name ends in a dot and the name. */

/* Who speaks for this name: the partner of exactly this name, else the one with `subtree` that is
 * nearest above it. A local domain in between, or the name itself if it is local, ends the search:
 * nobody else speaks for our domains nor, unless the rules name them, for names below. NULL: nobody.
 * partner->domain need not be the name that was asked for. It may be blocked all the same: ask
 * ruleset_blocks_domain first. */
const struct partner *ruleset_partner(const struct ruleset *rules, struct view domain);
/* Somebody will soon ask for it: have the slot of this very name brought near, and a moment later, with the
 * hash from there, the partner. */
uint64_t ruleset_expect(const struct ruleset *rules, struct view domain);
void ruleset_expect_partner(const struct ruleset *rules, uint64_t hash);
/* How many partners the rules name; those of providers stand behind them. */
static inline uint32_t ruleset_named_partners(const struct ruleset *rules)
{
	return rules->partner_count - rules->provided_count;
}
const struct partner *ruleset_partner_by_id(const struct ruleset *rules, uint32_t id);
/* The partner number nth, 0 and up, among whose certificate_names is this one, or NULL: there are no more. */
const struct partner *ruleset_certificate_partner(
	const struct ruleset *rules, struct view name, uint32_t nth);
/* The local domain of exactly this name, or NULL. */
const struct local_domain *ruleset_local(const struct ruleset *rules, struct view domain);
/* The nearest local domain that is this name or above it, or NULL. */
const struct local_domain *ruleset_local_above(const struct ruleset *rules, struct view domain);
/* The domain itself is blocked, or one above it with `subtree`. */
const struct blocked_domain *ruleset_blocking(const struct ruleset *rules, struct view domain);
bool ruleset_blocks_domain(const struct ruleset *rules, struct view domain);

/* Write the document again, canonical: compiling the output gives the same ruleset. */
void ruleset_print(const struct ruleset *rules, struct text *out);
