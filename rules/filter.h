/* SPDX-License-Identifier: BSD-3-Clause */
/* The filter table: what the dataplane needs of a ruleset, as one flat, length-checked block that
 * travels in a sealed memfd. Written by the control plane, read by the dataplane, kept on its disk.
 * Little endian, every offset and count checked before use; the digest (SipHash with a fixed key)
 * is against accidents only.
 *
 * Layout, version 2 (in version 1 a blocked domain held for all below it). Header, 40 bytes:
 *    0  8  magic "PKFILTER"
 *    8  4  version, 2
 *   12  4  bytes of the whole block
 *   16  8  digest of everything from byte 24 on
 *   24  8  generation
 *   32  4  number of sections
 *   36  4  zero
 * then the section table, 16 bytes each: kind, offset, count, bytes of one element (4 each). Kinds
 * ascend. Sections follow in the same order without gaps, each padded with zeros to 8 bytes; the
 * last one ends the block. A reader refuses a kind that it does not know, unless the kind has
 * FILTER_SECTION_OPTIONAL in it: that one it skips.
 *   1 services         20: family_bits 1, protocol 1, port 2, address 16
 *   2 partners         12: id 4, name offset 4, name length 1, protocol 1, subtree 1, zero 1;
 *                          ids ascend
 *   3 sources          24: address 16, family_bits 1, length_bits 1, zero 2, partner id 4;
 *                          ascending by family, address, length; no two alike
 *   4 local domains     8: name offset 4, name length 1, zero 3; names ascend bytewise
 *   5 blocked domains   8: name offset 4, name length 1, subtree 1, zero 2; names ascend bytewise
 *   6 names             1: the bytes that name offsets point into
 *   7 limits, optional 64: partner id 4, class 1, zero 3, the values of LIMIT_KEYS 8 each; class is
 *                          that of rules/base/mark.h, unknown or claimed; ascending by class, id;
 *                          the first is of unknown prefixes, the second (id 0) of all partners,
 *                          the others of single ones
 *   8 handshakes, opt. 24: the values of HANDSHAKE_KEYS 8 each; one element
 *   9 control, optional 8: without control plane 1 (0 new connections are refused, 1 held), zero 7;
 *                          one element
 *  10 suspicious, opt. 56: of a suspicious partner, where its own say more: the values of LIMIT_KEYS
 *                          8 each; one element
 *  11 discovered, opt. 56: of a domain that no rule names and that has proven its name: the values of
 *                          LIMIT_KEYS 8 each; one element. Packets and bytes are counted by it, the
 *                          rest is for people: connections the control plane counts, new ones are
 *                          those of an unknown prefix
 * Where 7, 8, 9, 10 or 11 is missing or empty the defaults hold. subtree is 1 when the entry holds for every name
 * below its own too, else 0.
 */
#pragma once

#include "rules/base/mark.h"
#include "rules/base/view.h"
#include "rules/limit.h"
#include "rules/prefix.h"

enum filter_protocol { FILTER_XMPP = 0, FILTER_SIP = 1 }; /* same values as enum protocol */

enum {
	FILTER_VERSION = 2,
	FILTER_HEADER_BYTES = 40,
	FILTER_SECTION_BYTES = 16, /* one row of the section table */
	FILTER_DIGEST_AT = 16,
	FILTER_DIGESTED_FROM = 24,
	FILTER_SECTIONS_MAX = 32, /* also of those that are skipped */
};
#define FILTER_MAGIC            "PKFILTER"
#define FILTER_SECTION_OPTIONAL UINT32_C(0x80000000)

enum filter_section {
	FILTER_SERVICES = 1,
	FILTER_PARTNERS,
	FILTER_SOURCES,
	FILTER_LOCALS,
	FILTER_BLOCKED_DOMAINS,
	FILTER_NAMES,
	FILTER_LIMITS, /* optional, as is what follows */
	FILTER_HANDSHAKES,
	FILTER_CONTROL,
	FILTER_SUSPICIOUS,
	FILTER_DISCOVERED,
	FILTER_SECTION_KINDS, /* one more than the last */
};

struct filter_service {
	struct ip_address address;
	uint16_t port;
	uint8_t protocol;
};

struct filter_partner {
	uint32_t id;
	uint8_t protocol;
	bool subtree;
	struct view domain; /* into the block */
};

struct filter_blocked_domain {
	struct view domain; /* into the block */
	bool subtree;
};

struct filter_source { /* a prefix and whose it is */
	struct prefix prefix;
	uint32_t partner_id; /* PARTNER_NONE: blocked */
};

struct filter_limit { /* what one source of traffic may have */
	enum source_class class;
	uint32_t partner_id; /* PARTNER_NONE: all of the class that have none of their own */
	struct limits limits;
};

/* A checked block. Everything points into it; it must outlive this. */
struct filter {
	struct view block;
	uint64_t generation;
	uint64_t digest;
	uint32_t service_count, partner_count, source_count, local_count, blocked_domain_count;
	uint32_t limit_count;                       /* 0: the defaults hold; else at least 2 */
	struct view sections[FILTER_SECTION_KINDS]; /* by enum filter_section; [0] is empty */
};

/* The kind as it stands in the section table. */
static inline uint32_t filter_kind(enum filter_section section)
{
	return section > FILTER_NAMES ? FILTER_SECTION_OPTIONAL | section : section;
}

/* Bytes of one element of a known section. */
uint32_t filter_element_bytes(enum filter_section section);

/* The digest that a block of this content must carry; block is at least a header long. */
uint64_t filter_digest(struct view block);

struct ruleset;
/* Build the block; *out is malloc'ed, the caller frees. 0, -ENOMEM, -E2BIG (over 4 GiB). The same
 * rules give the same bytes. In the rules library: the dataplane does not link it. */
int filter_write(const struct ruleset *rules, uint8_t **out, size_t *out_bytes);

/* Check a block from top to bottom: layout, digest, order, every element. 0, or -EINVAL with `why`
 * (at least 128 bytes) saying what and where. Never reads outside block, allocates nothing. That two
 * partners have different names is left to whoever builds a table of them. */
int filter_open(struct view block, struct filter *out, char *why, size_t why_bytes);

/* Element i < count. */
void filter_service(const struct filter *f, uint32_t i, struct filter_service *out);
void filter_partner(const struct filter *f, uint32_t i, struct filter_partner *out);
void filter_source(const struct filter *f, uint32_t i, struct filter_source *out);
void filter_limit(const struct filter *f, uint32_t i, struct filter_limit *out);
/* The defaults where the table has none. */
void filter_handshakes(const struct filter *f, struct handshake_limits *out);
/* What suspicious partners have at most; the defaults where the table has none. */
void filter_suspicious(const struct filter *f, struct limits *out);
/* What a domain has that no rule names, once it is proven; likewise. */
void filter_discovered(const struct filter *f, struct limits *out);
/* Are new connections held while there is no control plane? */
bool filter_control_hold(const struct filter *f);
struct view filter_local(const struct filter *f, uint32_t i);
void filter_blocked_domain(const struct filter *f, uint32_t i, struct filter_blocked_domain *out);
