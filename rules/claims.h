/* SPDX-License-Identifier: BSD-3-Clause */
/* The claims: addresses that DNS gave for partners, as one flat, length-checked block that travels in
 * a sealed memfd from the control plane to the dataplane. Always the whole set. Little endian, every
 * count checked before use; the digest (SipHash with a fixed key) is against accidents only.
 *
 * Layout, version 1. Header, 32 bytes:
 *    0  8  magic "PKCLAIMS"
 *    8  4  version, 1
 *   12  4  bytes of the whole block
 *   16  8  digest of everything from byte 24 on
 *   24  4  number of claims, at most CLAIMS_MAX
 *   28  4  zero
 * then the claims, 24 bytes each: address 16, family_bits 1 (32 or 128), zero 3, partner id 4;
 * ascending by family and address, no address twice.
 */
#pragma once

#include "rules/base/view.h"
#include "rules/prefix.h"

enum {
	CLAIMS_VERSION = 1,
	CLAIMS_MAX = 65536,
	CLAIMS_HEADER_BYTES = 32,
	CLAIM_BYTES = 24,
	CLAIMS_DIGEST_AT = 16,
	CLAIMS_DIGESTED_FROM = 24,
	CLAIMS_BLOCK_BYTES_MAX = CLAIMS_HEADER_BYTES + CLAIMS_MAX * CLAIM_BYTES,
};
#define CLAIMS_MAGIC "PKCLAIMS"

struct claim {
	struct ip_address address;
	uint32_t partner_id; /* 1..PARTNER_ID_MAX */
};

/* A checked block. Points into it. */
struct claims {
	struct view block;
	uint32_t count;
};

/* The order of a block: by family, then address. As for qsort. */
int claim_compare_address(const struct ip_address *a, const struct ip_address *b);

/* The digest that a block of this content must carry; block is at least a header long. */
uint64_t claims_digest(struct view block);

/* Build the block of claims that stand in order already; *out is malloc'ed, the caller frees. 0,
 * -ENOMEM, -E2BIG (more than CLAIMS_MAX). */
int claims_write(const struct claim *list, uint32_t count, uint8_t **out, size_t *out_bytes);

/* Check a block from top to bottom. 0, or -EINVAL with `why` (at least 128 bytes) saying what and
 * where. Never reads outside block, allocates nothing. */
int claims_open(struct view block, struct claims *out, char *why, size_t why_bytes);
/* Claim i < count. */
void claims_at(const struct claims *claims, uint32_t i, struct claim *out);
