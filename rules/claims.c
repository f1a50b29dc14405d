/* SPDX-License-Identifier: BSD-3-Clause */
/* The claims: writer and checked reader of the block. */
#include "rules/claims.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "rules/base/mark.h"
#include "rules/base/octets.h"
#include "rules/base/siphash.h"

enum { IP_BYTES = 16 };

int claim_compare_address(const struct ip_address *a, const struct ip_address *b)
{
	if (a->family_bits != b->family_bits)
		return a->family_bits < b->family_bits ? -1 : 1;
	return memcmp(a->bytes, b->bytes, IP_BYTES);
}

uint64_t claims_digest(struct view block)
{
	static const uint8_t fixed[17] = "picket claims v1";
	struct siphash_key key = siphash_key_make(fixed);
	struct view digested = view_sub(block, CLAIMS_DIGESTED_FROM, block.len);

	return siphash(&key, digested.p, digested.len);
}

int claims_write(const struct claim *list, uint32_t count, uint8_t **out, size_t *out_bytes)
{
	size_t bytes = CLAIMS_HEADER_BYTES + (size_t)count * CLAIM_BYTES;
	uint8_t *block;

	if (count > CLAIMS_MAX)
		return -E2BIG;
	block = calloc(1, bytes);
	if (!block)
		return -ENOMEM;
	memcpy(block, CLAIMS_MAGIC, 8);
	put32(block + 8, CLAIMS_VERSION);
	put32(block + 12, (uint32_t)bytes);
	put32(block + 24, count);
	for (uint32_t i = 0; i < count; i++) {
		uint8_t *p = block + CLAIMS_HEADER_BYTES + (size_t)i * CLAIM_BYTES;

		memcpy(p, list[i].address.bytes, IP_BYTES);
		p[IP_BYTES] = list[i].address.family_bits;
		put32(p + 20, list[i].partner_id);
	}
	put64(block + CLAIMS_DIGEST_AT, claims_digest(view_make(block, bytes)));
	*out = block;
	*out_bytes = bytes;
	return 0;
}

void claims_at(const struct claims *claims, uint32_t i, struct claim *out)
{
	const uint8_t *p = claims->block.p + CLAIMS_HEADER_BYTES + (size_t)i * CLAIM_BYTES;

	*out = (struct claim){.address.family_bits = p[IP_BYTES], .partner_id = get32(p + 20)};
	memcpy(out->address.bytes, p, IP_BYTES);
}

/* Returns what is wrong with the header, or NULL. */
static const char *header_fault(struct view block)
{
	uint32_t count;

	if (block.len < CLAIMS_HEADER_BYTES)
		return "shorter than a header";
	if (memcmp(block.p, CLAIMS_MAGIC, 8) != 0)
		return "not claims: wrong magic";
	if (get32(block.p + 8) != CLAIMS_VERSION)
		return "of another version";
	if (get32(block.p + 12) != block.len)
		return "of another size than it says";
	if (get64(block.p + CLAIMS_DIGEST_AT) != claims_digest(block))
		return "damaged: wrong digest";
	count = get32(block.p + 24);
	if (count > CLAIMS_MAX)
		return "too many claims";
	/* Fits 32 bits, as count does not exceed CLAIMS_MAX. */
	if (block.len != CLAIMS_HEADER_BYTES + count * CLAIM_BYTES)
		return "not as long as its claims";
	if (get32(block.p + 28) != 0)
		return "reserved word is not zero";
	return NULL;
}

static const char *claim_fault(const struct claims *claims, uint32_t i)
{
	static const uint8_t zero[12];
	const uint8_t *p = claims->block.p + CLAIMS_HEADER_BYTES + (size_t)i * CLAIM_BYTES;
	struct claim claim;
	struct claim before;

	claims_at(claims, i, &claim);
	if (claim.address.family_bits != 32 && claim.address.family_bits != 128)
		return "of no family";
	if (claim.address.family_bits == 32 && memcmp(p + 4, zero, sizeof(zero)) != 0)
		return "an IPv4 address of more than four bytes";
	if (memcmp(p + 17, zero, 3) != 0)
		return "reserved bytes are not zero";
	if (claim.partner_id == PARTNER_NONE || claim.partner_id > PARTNER_ID_MAX)
		return "of no partner";
	if (i == 0)
		return NULL;
	claims_at(claims, i - 1, &before);
	return claim_compare_address(&before.address, &claim.address) < 0
		       ? NULL
		       : "not above the one before";
}

int claims_open(struct view block, struct claims *out, char *why, size_t why_bytes)
{
	const char *fault = header_fault(block);

	*out = (struct claims){0};
	if (fault) {
		snprintf(why, why_bytes, "claims: %s", fault);
		return -EINVAL;
	}
	*out = (struct claims){block, get32(block.p + 24)};
	for (uint32_t i = 0; i < out->count; i++) {
		fault = claim_fault(out, i);
		if (fault) {
			snprintf(why, why_bytes, "claim %u: %s", i, fault);
			*out = (struct claims){0};
			return -EINVAL;
		}
	}
	return 0;
}
