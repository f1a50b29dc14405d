/* SPDX-License-Identifier: BSD-3-Clause */
/* Finding a partner's servers by DNS, with libunbound on the loop. */
#pragma once

#include "control/loop.h"
#include "control/srv.h"
#include "rules/prefix.h"

enum {
	RESOLVE_TARGETS_MAX = 16,
	RESOLVE_QUESTIONS_MAX = 4096, /* at one time; more fail at once */
	RESOLVE_TIMEOUT_MS = 15000,   /* for a question with all that it needs */
};

/* One address to try, in the order to try it. */
struct target {
	struct ip_address address;
	uint16_t port;
};

enum resolve_result {
	RESOLVE_OK,
	RESOLVE_NONE,   /* the name does not exist or offers no such service ("." as target) */
	RESOLVE_FAILED, /* no answer, or a bogus one */
	RESOLVE_CONFLICT, /* its SRV records name only servers outside of the domain (resolve_within) */
};

struct resolver;
struct resolve; /* one question under way */
typedef void resolve_h(
	void *arg, enum resolve_result result, const struct target *targets, uint32_t count);

/* nameserver: "ADDRESS[@PORT]", or NULL for resolv.conf and the hosts file. Free the questions, or
 * their owners, first. */
struct resolver *resolver_new(
	struct loop *loop, const char *nameserver, char *why, size_t why_bytes);
void resolver_free(struct resolver *resolver);
/* A libunbound option as "name:value", say "local-zone:test. transparent" or
 * "trust-anchor-file:FILE" (DNSSEC is checked once there is an anchor). Before the first question.
 * 0, -EINVAL with why. */
int resolver_option(struct resolver *resolver, const char *pair, char *why, size_t why_bytes);
/* Where the order of equal SRV records comes from; the kernel's random numbers unless set. */
void resolver_random(struct resolver *resolver, random_h *random, void *arg);
/* A random_h: the kernel's. */
uint32_t random_of_kernel(void *arg, uint32_t below);

/* SRV of `service` ("_xmpp-server._tcp") at domain, then A and AAAA of its targets, ordered by
 * priority and weight (RFC 2782). No SRV at all (NODATA, NXDOMAIN): A/AAAA of the domain with
 * fallback_port, when that is not 0. The handler runs once, never inside this call. */
struct resolve *resolve_service(struct resolver *resolver, const char *service, struct view domain,
	uint16_t fallback_port, resolve_h *handler, void *arg);
/* When that service has no server (no SRV records, or only such as do not count or offer nothing), ask for this
 * one's before falling back; said right behind the call that asked, kept. Only where neither has any SRV
 * record is there a fallback. Accepts a question that is NULL. */
void resolve_else(struct resolve *question, const char *service);
/* Of the servers that SRV records name, only those count whose name is this domain (lower case) or below it; said right
 * behind the call that asked. The others are logged, and counted as resolve.refused.srv_conflict. Accepts a question that is
 * NULL. */
void resolve_within(struct resolve *question, struct view domain);
/* A and AAAA of a host, or the address itself if host is one. */
struct resolve *resolve_host(
	struct resolver *resolver, struct view host, uint16_t port, resolve_h *handler, void *arg);
/* All that DNS says of where somebody is, for who keeps it: more than one attempt to connect needs, and
 * as it was said, also addresses that nobody can connect to. */
enum { RESOLVED_MAX = 64, RESOLVED_HOSTS_MAX = 8 };

struct resolved_address {
	struct ip_address address;
	uint32_t ttl_s; /* the smallest of the records that led here */
	uint8_t host;   /* in hosts */
};

struct resolved {
	enum resolve_result result; /* RESOLVE_OK: there is at least one address */
	bool incomplete;            /* some of it could not be learned */
	bool by_srv;                /* the hosts are targets of SRV records, the best ones */
	uint32_t left_out;          /* addresses beyond RESOLVED_MAX */
	uint32_t count;
	struct resolved_address addresses[RESOLVED_MAX];
	char hosts[RESOLVED_HOSTS_MAX][DOMAIN_TEXT_BYTES];
};

typedef void resolved_h(void *arg, const struct resolved *all);
/* As resolve_service, with fallback as if there were a port, and with service NULL as resolve_host; no
 * order. NULL without memory. */
struct resolve *resolve_all(struct resolver *resolver, const char *service, struct view name,
	bool fallback, resolved_h *handler, void *arg);
/* The handler will not run any more. Accepts NULL. */
void resolve_cancel(struct resolve *question);
