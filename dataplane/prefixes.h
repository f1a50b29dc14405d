/* SPDX-License-Identifier: BSD-3-Clause */
/* What prefixes of unknown sources have used: a fixed table, so that no number of sources takes more
 * memory. Keyed, so that nobody outside can choose prefixes that meet in it. The worker only, except
 * for the pools. */
#pragma once

#include <assert.h>

#include "dataplane/hash.h"
#include "dataplane/limit_set.h"

enum {
	PREFIXES_MIN = 1024,
	PREFIXES_MAX = 1024 * 1024, /* 64 bytes each */
	PREFIX_COMMON = 0,          /* shared by all for whom there is no room */
};
#define PREFIX_NONE UINT32_MAX

struct prefix_use {
	uint64_t key; /* keyed hash of the prefix; 0: free */
	struct pool pools[RATE_KINDS];
	struct lease leases[RATE_KINDS];
	uint32_t flows; /* that are counted here: while there are, the entry stays */
	uint32_t open;  /* of them, neither closed nor refused */
};

static_assert(sizeof(struct prefix_use) <= 64, "one cache line");

struct prefixes {
	struct prefix_use *entries; /* [0] is the common one */
	struct hash_secret secret;
	uint32_t mask;
};

/* Room for at least twice the flows, within the bounds above. From DPDK's heap. 0, -ENOMEM, -EIO. */
int prefixes_init(struct prefixes *prefixes, uint32_t flows);
void prefixes_fini(struct prefixes *prefixes);

/* The entry of the prefix of length `bits` (a multiple of 8) around an address as in a tuple; made
 * if there is none. One that no flow uses and whose pools are full again gives way, unless it is `keep`.
 * PREFIX_COMMON if none does. */
uint32_t prefixes_find(struct prefixes *prefixes, uint8_t family, const uint8_t address[static 16],
	uint32_t bits, uint32_t keep, struct mono now);
