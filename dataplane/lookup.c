/* SPDX-License-Identifier: BSD-3-Clause */
/* A table from byte strings to numbers. */
#include "dataplane/lookup.h"

#include <errno.h>

#include <rte_common.h>
#include <rte_malloc.h>

#define EMPTY_LEN UINT32_MAX

int lookup_init(
	struct lookup *l, uint32_t count_max, uint32_t bytes_max, const struct hash_secret *secret)
{
	uint32_t slots = rte_align32pow2(2 * count_max + 2);

	memset(l, 0, sizeof(*l));
	if (count_max > UINT32_MAX / 8)
		return -ENOMEM;
	l->secret = *secret;
	l->mask = slots - 1;
	l->count_max = count_max;
	l->bytes_max = bytes_max;
	l->slots = rte_malloc("lookup", (size_t)slots * sizeof(*l->slots), RTE_CACHE_LINE_SIZE);
	l->bytes = rte_malloc("lookup", bytes_max + 1, RTE_CACHE_LINE_SIZE);
	if (!l->slots || !l->bytes) {
		lookup_fini(l);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < slots; i++)
		l->slots[i] = (struct lookup_slot){.len = EMPTY_LEN};
	return 0;
}

void lookup_fini(struct lookup *l)
{
	rte_free(l->slots);
	rte_free(l->bytes);
	l->slots = NULL;
	l->bytes = NULL;
	l->count = 0;
}

/* The slot of the key, or the empty one where it would go. Ends, because at most half are taken. */
static struct lookup_slot *slot_of(const struct lookup *l, struct view key, uint64_t hash)
{
	for (uint32_t i = (uint32_t)hash & l->mask;; i = (i + 1) & l->mask) {
		struct lookup_slot *slot = &l->slots[i];

		if (slot->len == EMPTY_LEN)
			return slot;
		if (slot->tag == (uint32_t)(hash >> 32) && slot->len == key.len &&
			memcmp(l->bytes + slot->offset, key.p, key.len) == 0)
			return slot;
	}
}

int lookup_add(struct lookup *l, struct view key, uint32_t value)
{
	uint64_t hash = hash_bytes(&l->secret, key.p, key.len);
	struct lookup_slot *slot = slot_of(l, key, hash);

	if (slot->len != EMPTY_LEN)
		return -EEXIST;
	if (l->count == l->count_max || key.len > l->bytes_max - l->used_bytes)
		return -ENOSPC;
	memcpy(l->bytes + l->used_bytes, key.p, key.len);
	*slot = (struct lookup_slot){(uint32_t)(hash >> 32), value, l->used_bytes, key.len};
	l->used_bytes += key.len;
	l->longest_bytes = RTE_MAX(l->longest_bytes, key.len);
	l->count++;
	return 0;
}

bool lookup_find(const struct lookup *l, struct view key, uint32_t *value)
{
	const struct lookup_slot *slot;

	if (l->count == 0 || key.len > l->longest_bytes)
		return false;
	slot = slot_of(l, key, hash_bytes(&l->secret, key.p, key.len));
	if (slot->len == EMPTY_LEN)
		return false;
	if (value)
		*value = slot->value;
	return true;
}
