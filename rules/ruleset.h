/* SPDX-License-Identifier: BSD-3-Clause */
/* The rules as the rest of the program sees them: checked, canonical, immutable. Names are A-labels
 * in lower case without a trailing dot. Knows nothing of sockets, TLS or packets. */
#pragma once

#include <netinet/in.h>

#include "rules/base/view.h"
#include "rules/prefix.h"

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
	char *domain;
	enum protocol protocol;
	struct prefix *sources; /* addresses its connections come from; may be none */
	uint32_t source_count;
	char *host;    /* NULL: by DNS SRV */
	uint16_t port; /* 0: the protocol's default */
	uint32_t id;   /* 1..PARTNER_ID_MAX, stable by name over generations */
	unsigned line;
};

struct blocked_domain {
	char *domain;
	unsigned line;
};

struct ruleset {
	uint64_t generation;
	char *directory; /* of the rules file: certificate paths are relative to it */
	struct service *services;
	uint32_t service_count;
	struct local_domain *locals;
	uint32_t local_count;
	struct partner *partners;
	uint32_t partner_count;
	struct blocked_domain *blocked_domains; /* the domain and everything below it */
	uint32_t blocked_domain_count;
	struct prefix *blocked_prefixes;
	uint32_t blocked_prefix_count;
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
	uint32_t more;  /* found but not kept */
};

/* Compile a YAML document. `file` is for messages and for the directory. NULL with errors filled;
 * otherwise the caller frees with ruleset_free. Pure but for memory: opens no certificate. */
struct ruleset *ruleset_compile(
	struct view document, const char *file, struct rules_errors *errors);
/* Read a file of at most 16 MiB and compile it. */
struct ruleset *ruleset_load(const char *file, struct rules_errors *errors);
void ruleset_free(struct ruleset *rules);

/* Exact match on an A-label name in any letter case; NULL if there is none. */
const struct partner *ruleset_partner(const struct ruleset *rules, struct view domain);
const struct partner *ruleset_partner_by_id(const struct ruleset *rules, uint32_t id);
const struct local_domain *ruleset_local(const struct ruleset *rules, struct view domain);
/* The domain itself or any parent of it is blocked. */
bool ruleset_blocks_domain(const struct ruleset *rules, struct view domain);

struct text;
/* Write the document again, canonical: compiling the output gives the same ruleset. */
void ruleset_print(const struct ruleset *rules, struct text *out);
