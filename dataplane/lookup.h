/* SPDX-License-Identifier: BSD-3-Clause */
/* A table from byte strings to numbers that is filled once and then only asked. Linear probing at
 * most half full, keyed hash. Knows nothing of what the strings mean. */
#pragma once

#include "dataplane/hash.h"
#include "rules/base/view.h"

enum { LOOKUP_FEW = 8 };

struct lookup_slot {
	uint32_t tag;    /* upper half of the hash; compared before the bytes */
	uint32_t value;  /* the caller's */
	uint32_t offset; /* of the key in bytes */
	uint32_t len;    /* of the key; UINT32_MAX: an empty slot */
};

struct lookup {
	struct hash_secret secret;
	struct lookup_slot *slots;
	uint8_t *bytes; /* keys, one behind the other */
	uint32_t mask;  /* slots - 1 */
	uint32_t count;
	uint32_t count_max;
	uint32_t used_bytes;
	uint32_t bytes_max;
	uint32_t longest_bytes; /* key */
};

/* Room for count_max keys of bytes_max bytes together, from DPDK's heap. 0, -ENOMEM. */
int lookup_init(
	struct lookup *l, uint32_t count_max, uint32_t bytes_max, const struct hash_secret *secret);
/* Fine on a zeroed one. */
void lookup_fini(struct lookup *l);

/* Copy a key in. 0; -EEXIST: it is there already, its value stays; -ENOSPC. */
int lookup_add(struct lookup *l, struct view key, uint32_t value);

/* Is the key there? value may be NULL. Any number of readers. */
bool lookup_find(const struct lookup *l, struct view key, uint32_t *value);

/* Could it be, where all keys are of this one length? False says no; for few keys, without a hash. */
static inline bool lookup_may_have(const struct lookup *l, struct view key)
{
	if (l->count > LOOKUP_FEW)
		return true;
	for (uint32_t i = 0; i < l->count; i++)
		if (memcmp(l->bytes + (size_t)i * key.len, key.p, key.len) == 0)
			return true;
	return false;
}
