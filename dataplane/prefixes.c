/* SPDX-License-Identifier: BSD-3-Clause */
/* What prefixes of unknown sources have used. */
#include "dataplane/prefixes.h"

#include <errno.h>
#include <sys/random.h>

#include <rte_common.h>
#include <rte_malloc.h>

enum { WAYS = 8 }; /* entries that a prefix may have */

int prefixes_init(struct prefixes *prefixes, uint32_t flows)
{
	uint32_t count = RTE_MAX((uint32_t)PREFIXES_MIN,
		RTE_MIN((uint32_t)PREFIXES_MAX, rte_align32pow2(2 * flows)));

	*prefixes = (struct prefixes){.mask = count - 1};
	if (getrandom(&prefixes->secret, sizeof(prefixes->secret), 0) !=
		(ssize_t)sizeof(prefixes->secret))
		return -EIO;
	prefixes->entries =
		rte_zmalloc("prefixes", (count + WAYS) * sizeof(*prefixes->entries), 64);
	return prefixes->entries ? 0 : -ENOMEM;
}

void prefixes_fini(struct prefixes *prefixes)
{
	rte_free(prefixes->entries);
	*prefixes = (struct prefixes){0};
}

static bool may_give_way(const struct prefix_use *use, struct mono now)
{
	if (use->flows > 0)
		return false;
	for (unsigned kind = 0; kind < RATE_KINDS; kind++)
		if (!pool_is_full(&use->pools[kind], now))
			return false;
	return true;
}

uint32_t prefixes_find(struct prefixes *prefixes, uint8_t family, const uint8_t address[static 16],
	uint32_t bits, uint32_t keep, struct mono now)
{
	uint8_t name[2 + 16] = {family, (uint8_t)bits};
	uint32_t yielding = PREFIX_COMMON;
	uint64_t key;
	uint32_t first;

	memcpy(name + 2, address, bits / 8);
	key = hash_bytes(&prefixes->secret, name, sizeof(name)) | 1;
	/* Other bits than the key's low one choose the place; [0] is nobody's. */
	first = 1 + ((uint32_t)(key >> 32) & prefixes->mask & ~(uint32_t)(WAYS - 1));
	for (uint32_t i = first; i < first + WAYS; i++) {
		struct prefix_use *use = &prefixes->entries[i];

		if (use->key == key)
			return i;
		if (yielding == PREFIX_COMMON && i != keep && may_give_way(use, now))
			yielding = i;
	}
	if (yielding != PREFIX_COMMON)
		prefixes->entries[yielding] = (struct prefix_use){.key = key};
	return yielding;
}
