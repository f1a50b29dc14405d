/* SPDX-License-Identifier: BSD-3-Clause */
/* The filter table in the form that packets ask: source prefixes, services, names. A set of tables
 * is built whole, never changed, published by one store and freed when no worker can still see it.
 * Knows nothing of flows or frames. */
#pragma once

#include "dataplane/limit_set.h"
#include "rules/base/view.h"
#include "rules/filter.h"

enum {
	TABLES_SERVICES_MAX = 1024,
	TABLES_READERS_MAX = 64, /* threads that may use tables at once */
};

struct tables;

/* What is known of a source address. */
struct source {
	bool blocked;
	uint32_t partner_id;   /* PARTNER_NONE: nobody's */
	uint32_t partner_slot; /* see partner.h; 0: nobody's */
};

/* Once, after rte_eal_init. 0, -ENOMEM. */
int tables_setup(void);

/* Build tables from a checked filter; takes a copy of all that it needs. Seconds at most, memory
 * from DPDK's heap. NULL with `why` filled (at least 128 bytes). Any thread but a worker, one at a
 * time. */
struct tables *tables_build(const struct filter *filter, char *why, size_t why_bytes);

/* Make them the tables in force (one release store) and take them over; NULL: none, nothing crosses
 * any more. Those before are freed
 * after every reader has passed a quiescent point: now if all have, else by a later publish or
 * tables_reclaim. The thread that builds. */
void tables_publish(struct tables *tables);

/* Free tables that were built but not published. NULL is fine. */
void tables_free(struct tables *tables);

/* The first member of something else that readers look at between their quiescent points. */
struct retired {
	struct retired *next;
	uint64_t token; /* of its grace period */
	void (*release)(struct retired *retired);
};

/* It is not published any more: release it after every reader has passed a quiescent point, now or by
 * tables_reclaim. The thread that publishes. */
void tables_retire(struct retired *retired, void (*release)(struct retired *retired));

/* Release what has been retired for long enough; returns how many sets are still waiting. The thread
 * that publishes, now and then. */
uint32_t tables_reclaim(void);

/* The tables in force, or NULL before the first publish. Valid until this reader's next
 * tables_quiescent. Readers only (and the thread that publishes). */
const struct tables *tables_now(void);

/* A reader is a thread that holds tables_now between two quiescent points. reader is its number
 * below TABLES_READERS_MAX. 0, -EINVAL. */
int tables_reader_join(unsigned reader);
void tables_reader_leave(unsigned reader);
void tables_quiescent(unsigned reader);

/* What follows is asked by readers, per packet; no allocation, no system call. */
uint64_t tables_generation(const struct tables *tables); /* of the ruleset */
/* Changes with whatever tables_source answers by: these tables, and what was learned beside them. */
uint32_t tables_serial(const struct tables *tables);

/* Is this one of our services? The address as in a tuple of that family. */
bool tables_service(const struct tables *tables, uint8_t family, const uint8_t address[static 16],
	uint16_t port, enum filter_protocol *protocol);
/* Is this the address of one of our services? */
bool tables_address(const struct tables *tables, uint8_t family, const uint8_t address[static 16]);
/* Longest prefix match of a source address; where the rules say nothing of it, whose it was learned to
 * be (dataplane/learned.h), if the rules name that partner. */
void tables_source(const struct tables *tables, uint8_t family, const uint8_t address[static 16],
	struct source *out);

/* The same of many at once, of addresses of one family: IPv4 as numbers, IPv6 as they lie in memory. */
void tables_sources_ipv4(
	const struct tables *tables, const uint32_t *addresses, uint32_t count, struct source *out);
void tables_sources_ipv6(
	const struct tables *tables, uint8_t (*addresses)[16], uint32_t count, struct source *out);
/* Which last bytes our own addresses have, modulo 64: an address whose bit is not set is not ours. */
uint64_t tables_tails(const struct tables *tables, uint8_t family);

/* What a partner may have; slot 0: each IPv4 /24 and IPv6 /56 that is nobody's. */
const struct limit_set *tables_limits(const struct tables *tables, uint32_t partner_slot);
/* The same of a partner that is suspicious: never more than it has otherwise. */
const struct limit_set *tables_limits_suspicious(
	const struct tables *tables, uint32_t partner_slot);
/* What each domain has that no rule names, once it is proven; and what all of them have that come from one
 * IPv4 /24 or IPv6 /56: as much as a partner. */
const struct limit_set *tables_limits_discovered(const struct tables *tables);
const struct limit_set *tables_limits_discovered_all(const struct tables *tables);
/* What a /64 may have of its /56. */
const struct limit_set *tables_limits_narrow(const struct tables *tables);
/* Handshakes of everybody, and the part of them that unknown sources may have. */
const struct rate *tables_handshakes(const struct tables *tables);
/* Are new connections held while nobody would accept them? Else they are refused. */
bool tables_hold_unattended(const struct tables *tables);
const struct rate *tables_handshakes_unknown(const struct tables *tables);

/* Names: in any ASCII letter case, one trailing dot allowed, at most 255 bytes. A name of the rules
 * is known by its A-labels and by its U-labels as IDNA 2008 writes them. */
bool tables_local(const struct tables *tables, struct view domain);
/* The domain itself is blocked, or one above it with its subtree. Asked before tables_partner: what
 * is blocked stays so, whoever's it is. */
bool tables_blocked(const struct tables *tables, struct view domain);
/* Id of the partner of exactly this name, else of the nearest one above it that has its subtree
 * (a local domain ends the search, see ruleset_partner), or PARTNER_NONE. */
uint32_t tables_partner(const struct tables *tables, struct view domain);

/* What the two above say of a name. */
struct named {
	bool blocked;
	uint32_t partner_id;
};
/* Is `to` local? If so, *out is what is said of `from` (nothing, if that is empty). In one go: while one
 * is looked up the other comes from memory. */
bool tables_way(const struct tables *tables, struct view to, struct view from, struct named *out);
