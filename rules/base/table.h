/* SPDX-License-Identifier: BSD-3-Clause */
/* A hash table from bytes to pointers, for configuration and the control plane (packets have DPDK's
 * tables). Open addressing, keyed SipHash: whoever chooses the keys cannot make them collide. One
 * thread at a time. */
#pragma once

#include "rules/base/siphash.h"
#include "rules/base/view.h"

struct table_slot {
	struct view key; /* borrowed */
	void *value;     /* NULL: the slot is free */
	uint64_t hash;
};

struct table {
	struct siphash_key key;
	struct table_slot *slots;
	uint32_t cap;   /* slots: 0 or a power of two */
	uint32_t count; /* slots in use */
};

/* Empty, nothing allocated. The key should come from siphash_key_random. */
void table_init(struct table *t, struct siphash_key key);
/* Frees the slots, neither keys nor values; fine on a zeroed table. Leaves it empty. */
void table_free(struct table *t);
/* The values too. */
void table_free_with(struct table *t, void (*value_free)(void *value));

/* Add. The key's bytes are borrowed and must stay as they are until the entry or the table is gone;
 * value is not NULL. 0, -EEXIST (nothing changed), -ENOMEM (nothing changed). */
int table_put(struct table *t, struct view key, void *value);
/* Somebody will soon look for this key: have its slot brought near. The hash is for the next one. */
uint64_t table_expect(const struct table *t, struct view key);
/* A moment later: have the key and the first 128 bytes of the value brought near that are there, of the
 * slot where a key of this hash belongs. */
void table_expect_value(const struct table *t, uint64_t hash);
/* The value, or NULL. */
void *table_find(const struct table *t, struct view key);
/* Take out and return the value, or NULL if there is none. */
void *table_remove(struct table *t, struct view key);
/* Walk: start with *cursor = 0, stop at NULL. No order; the table must not change meanwhile. */
const struct table_slot *table_next(const struct table *t, uint32_t *cursor);
