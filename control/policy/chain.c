/* SPDX-License-Identifier: BSD-3-Clause */
/* A chain of hashes over the seats that were taken. */
#include "control/policy/chain.h"

#include <inttypes.h>
#include <stdio.h>

#include <openssl/evp.h>

#include "rules/base/hex.h"

struct chain_head chain_start(void)
{
	return (struct chain_head){0};
}

static bool put_number(EVP_MD_CTX *context, uint64_t value)
{
	uint8_t bytes[8];

	for (int i = 0; i < 8; i++)
		bytes[i] = (uint8_t)(value >> (56 - 8 * i));
	return EVP_DigestUpdate(context, bytes, sizeof(bytes)) == 1;
}

static bool put_text(EVP_MD_CTX *context, struct view text)
{
	return put_number(context, text.len) && EVP_DigestUpdate(context, text.p, text.len) == 1;
}

bool chain_next(struct chain_head *head, const struct usage_row *row)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	struct chain_head next = {.seq = head->seq + 1};
	bool ok = context && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1 &&
		  EVP_DigestUpdate(context, head->hash, sizeof(head->hash)) == 1 &&
		  put_number(context, next.seq) && put_number(context, (uint64_t)row->month) &&
		  put_number(context, (uint64_t)row->at.s) && put_text(context, row->agreement) &&
		  put_text(context, row->provider) && put_text(context, row->user) &&
		  (row->seats == 0 || put_number(context, (uint64_t)row->seats)) &&
		  EVP_DigestFinal_ex(context, next.hash, NULL) == 1;

	EVP_MD_CTX_free(context);
	if (ok)
		*head = next;
	return ok;
}

bool chain_equal(const struct chain_head *a, const struct chain_head *b)
{
	return a->seq == b->seq && memcmp(a->hash, b->hash, sizeof(a->hash)) == 0;
}

void chain_print(const struct chain_head *head, char out[static CHAIN_TEXT_BYTES])
{
	int used = snprintf(out, CHAIN_TEXT_BYTES, "%" PRIu64 ":", head->seq);

	hex_print(view_make(head->hash, sizeof(head->hash)), out + used);
}

bool chain_read(struct view text, struct chain_head *out)
{
	int64_t colon = view_find(text, ':');

	return colon >= 1 &&
	       view_to_u64(view_sub(text, 0, (uint32_t)colon), INT64_MAX, &out->seq) &&
	       hex_read(view_sub(text, (uint32_t)colon + 1, UINT32_MAX), out->hash,
		       CHAIN_HASH_BYTES);
}
