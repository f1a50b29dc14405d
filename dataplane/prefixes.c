/* SPDX-License-Identifier: BSD-3-Clause */
/* What prefixes of unknown sources have used. */
#include "dataplane/prefixes.h"

#include <errno.h>
#include <sys/random.h>

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
	prefixes->entries = rte_zmalloc("prefixes", (count + 1) * sizeof(*prefixes->entries), 64);
	return prefixes->entries ? 0 : -ENOMEM;
}

void prefixes_fini(struct prefixes *prefixes)
{
	rte_free(prefixes->entries);
	*prefixes = (struct prefixes){0};
}

/* With the lock of its eight. Nobody holds it, so nobody else looks at its pools. */
static bool may_give_way(const struct prefix_use *use, struct mono now)
{
	if (__atomic_load_n(&use->flows, __ATOMIC_ACQUIRE) > 0)
		return false;
	for (unsigned kind = 0; kind < RATE_KINDS; kind++)
		if (!pool_is_full(&use->pools[kind], now))
			return false;
	return true;
}

static void take_over(struct prefix_use *use, uint64_t key)
{
	use->key = key;
	memset(use->pools, 0, sizeof(use->pools));
	use->life++;
	use->open = 0;
}

/* Why an entry is never taken from under a holder: keys are compared, entries change their prefix and
 * are first held only under the lock of their eight. An entry changes it only while `flows` is 0,
 * and it is 0 only if everybody who ever held it has let go: a holder's last use of the entry comes
 * before its release decrement, which the acquire load in may_give_way has seen. Whoever wants it
 * next needs the lock. The common entry belongs to nobody and never changes. */
uint32_t prefixes_take(struct prefixes *prefixes, uint8_t family, const uint8_t address[static 16],
	uint32_t bits, struct mono now)
{
	uint8_t name[2 + 16] = {family, (uint8_t)bits};
	uint32_t found = PREFIX_COMMON;
	uint64_t key;
	uint32_t first;

	memcpy(name + 2, address, bits / 8);
	key = hash_bytes(&prefixes->secret, name, sizeof(name)) | 1;
	/* Other bits than the key's low one choose the place; [0] is nobody's. */
	first = 1 + ((uint32_t)(key >> 32) & prefixes->mask & ~(uint32_t)(WAYS - 1));
	rte_spinlock_lock(&prefixes->entries[first].lock);
	for (uint32_t i = first; i < first + WAYS; i++) {
		struct prefix_use *use = &prefixes->entries[i];

		if (use->key == key) {
			found = i;
			break;
		}
		if (found == PREFIX_COMMON && may_give_way(use, now))
			found = i;
	}
	if (found != PREFIX_COMMON && prefixes->entries[found].key != key)
		take_over(&prefixes->entries[found], key);
	__atomic_fetch_add(&prefixes->entries[found].flows, 1, __ATOMIC_RELAXED);
	rte_spinlock_unlock(&prefixes->entries[first].lock);
	return found;
}

void prefixes_give(struct prefixes *prefixes, uint32_t entry)
{
	__atomic_fetch_sub(&prefixes->entries[entry].flows, 1, __ATOMIC_RELEASE);
}
