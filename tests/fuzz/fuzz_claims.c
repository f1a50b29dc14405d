/* SPDX-License-Identifier: BSD-3-Clause */
/* Claims as they came and with their size and digest put right: refused with words, or every one can
 * be read, in order, and writing them gives the same bytes. */
#include "rules/base/mark.h"
#include "rules/claims.h"
#include "tests/fuzz/reseal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_same(const struct claims *claims)
{
	struct claim *list = calloc(claims->count + 1u, sizeof(*list));
	uint8_t *again;
	size_t again_bytes;

	if (!list)
		return;
	for (uint32_t i = 0; i < claims->count; i++) {
		claims_at(claims, i, &list[i]);
		if (list[i].partner_id == PARTNER_NONE || list[i].partner_id > PARTNER_ID_MAX)
			abort();
		if (i > 0 && claim_compare_address(&list[i - 1].address, &list[i].address) >= 0)
			abort();
	}
	if (claims_write(list, claims->count, &again, &again_bytes) == 0) {
		if (!view_equal(claims->block, view_make(again, again_bytes)))
			abort();
		free(again);
	}
	free(list);
}

static void open_and_check(struct view block)
{
	char why[128] = "";
	struct claims claims;

	if (claims_open(block, &claims, why, sizeof(why)) == 0)
		check_same(&claims);
	else if (!why[0] || claims.count != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const struct reseal kind = {
		CLAIMS_HEADER_BYTES, CLAIMS_DIGEST_AT, claims_digest, open_and_check};

	reseal_open(&kind, data, len);
	return 0;
}
