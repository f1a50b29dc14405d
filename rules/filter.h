/* SPDX-License-Identifier: BSD-3-Clause */
/* The filter table: what the dataplane needs of a ruleset, as one flat, length-checked block that
 * travels in a sealed memfd. Written by the control plane, read by the dataplane, kept on its disk.
 * Little endian, every offset and count checked before use; the digest (SipHash with a fixed key)
 * is against accidents only. */
#pragma once

#include "rules/base/view.h"
#include "rules/prefix.h"

enum filter_protocol { FILTER_XMPP = 0, FILTER_SIP = 1 }; /* same values as enum protocol */

struct filter_service {
	struct ip_address address;
	uint16_t port;
	uint8_t protocol;
};

struct filter_partner {
	uint32_t id;
	uint8_t protocol;
	struct view domain; /* into the block */
};

struct filter_source { /* a prefix and whose it is */
	struct prefix prefix;
	uint32_t partner_id; /* PARTNER_NONE: blocked */
};

/* A checked block. Everything points into it; it must outlive this. */
struct filter {
	struct view block;
	uint64_t generation;
	uint64_t digest;
	uint32_t service_count, partner_count, source_count, local_count, blocked_domain_count;
};

struct ruleset;
/* Build the block; *out is malloc'ed, the caller frees. 0, -ENOMEM, -E2BIG. */
int filter_write(const struct ruleset *rules, uint8_t **out, size_t *out_bytes);

/* Check a block from top to bottom. 0, or -EINVAL with `why` (at least 128 bytes) saying what and
 * where. Never reads outside block. */
int filter_open(struct view block, struct filter *out, char *why, size_t why_bytes);

/* Element i < count. */
void filter_service(const struct filter *f, uint32_t i, struct filter_service *out);
void filter_partner(const struct filter *f, uint32_t i, struct filter_partner *out);
void filter_source(const struct filter *f, uint32_t i, struct filter_source *out);
struct view filter_local(const struct filter *f, uint32_t i);
struct view filter_blocked_domain(const struct filter *f, uint32_t i);
