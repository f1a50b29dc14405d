/* SPDX-License-Identifier: BSD-3-Clause */
/* What prefixes of unknown sources have used: a fixed table, so that no number of sources takes more
 * memory. Keyed, so that nobody outside can choose prefixes that meet in it. One table for all
 * workers: an entry belongs to its prefix as long as anybody holds it. */
#pragma once

#include <assert.h>

#include <rte_common.h>
#include <rte_spinlock.h>

#include "dataplane/hash.h"
#include "dataplane/limit_set.h"

enum {
	PREFIXES_MIN = 1024,
	PREFIXES_MAX = 1024 * 1024, /* 64 bytes each */
	PREFIX_COMMON = 0,          /* shared by all for whom there is no room */
};
#define PREFIX_NONE UINT32_MAX

struct prefix_use {
	uint64_t key; /* keyed hash of the prefix; 0: free. Under the lock */
	struct pool pools[RATE_KINDS];
	uint32_t life;  /* how many prefixes have had the entry; changes only if nobody holds it */
	uint32_t flows; /* that hold it; changed atomically */
	uint32_t open;  /* of them, neither closed nor refused; likewise */
	rte_spinlock_t lock; /* in the first entry of each eight: of their keys */
} __rte_cache_aligned;

static_assert(sizeof(struct prefix_use) == 64, "one cache line");

struct prefixes {
	struct prefix_use *entries; /* [0] is the common one */
	struct hash_secret secret;
	uint32_t mask;
};

/* Room for at least twice the flows, within the bounds above. From DPDK's heap. 0, -ENOMEM, -EIO. */
int prefixes_init(struct prefixes *prefixes, uint32_t flows);
void prefixes_fini(struct prefixes *prefixes);

/* How many entries there are. */
static inline uint32_t prefixes_count(const struct prefixes *prefixes)
{
	return prefixes->mask + 2;
}

/* Hold the entry of the prefix of length `bits` (a multiple of 8) around an address as in a tuple; it
 * is made if there is none. One that nobody holds and whose pools are full again gives way.
 * PREFIX_COMMON, held, if none does. Any worker. */
uint32_t prefixes_take(struct prefixes *prefixes, uint8_t family, const uint8_t address[static 16],
	uint32_t bits, struct mono now);
/* Hold it no longer. */
void prefixes_give(struct prefixes *prefixes, uint32_t entry);
