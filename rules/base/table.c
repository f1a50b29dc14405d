/* SPDX-License-Identifier: BSD-3-Clause */
/* A hash table from bytes to pointers: linear probing, at most three quarters full, removal by
 * shifting back, so there are no tombstones and a search always meets a free slot. */
#include "rules/base/table.h"

#include <errno.h>
#include <stdlib.h>

enum { FIRST_CAP = 16 };

void table_init(struct table *t, struct siphash_key key)
{
	*t = (struct table){.key = key};
}

void table_free(struct table *t)
{
	free(t->slots);
	*t = (struct table){.key = t->key};
}

/* The slot that holds key, or the free one where it would go. cap is not 0. */
static struct table_slot *probe(
	struct table_slot *slots, uint32_t cap, uint64_t hash, struct view key)
{
	uint32_t i = (uint32_t)hash & (cap - 1);

	while (slots[i].value && (slots[i].hash != hash || !view_equal(slots[i].key, key)))
		i = (i + 1) & (cap - 1);
	return &slots[i];
}

static int grow(struct table *t)
{
	uint32_t cap = t->cap ? t->cap * 2 : FIRST_CAP;
	struct table_slot *slots;

	if (cap < t->cap)
		return -ENOMEM;
	slots = calloc(cap, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	for (uint32_t i = 0; i < t->cap; i++)
		if (t->slots[i].value)
			*probe(slots, cap, t->slots[i].hash, t->slots[i].key) = t->slots[i];
	free(t->slots);
	t->slots = slots;
	t->cap = cap;
	return 0;
}

int table_put(struct table *t, struct view key, void *value)
{
	uint64_t hash = siphash(&t->key, key.p, key.len);
	struct table_slot *slot;

	if (t->cap && probe(t->slots, t->cap, hash, key)->value)
		return -EEXIST;
	if (t->count >= t->cap / 4 * 3) {
		int error = grow(t);

		if (error)
			return error;
	}
	slot = probe(t->slots, t->cap, hash, key);
	*slot = (struct table_slot){.key = key, .value = value, .hash = hash};
	t->count++;
	return 0;
}

uint64_t table_expect(const struct table *t, struct view key)
{
	uint64_t hash = siphash(&t->key, key.p, key.len);

	if (t->count > 0)
		__builtin_prefetch(&t->slots[(uint32_t)hash & (t->cap - 1)]);
	return hash;
}

void table_expect_value(const struct table *t, uint64_t hash)
{
	const struct table_slot *slot;

	if (t->count == 0)
		return;
	slot = &t->slots[(uint32_t)hash & (t->cap - 1)];
	if (!slot->value)
		return;
	__builtin_prefetch(slot->key.p);
	__builtin_prefetch(slot->value);
	__builtin_prefetch((const char *)slot->value + 64);
}

void *table_find(const struct table *t, struct view key)
{
	if (t->count == 0)
		return NULL;
	return probe(t->slots, t->cap, siphash(&t->key, key.p, key.len), key)->value;
}

/* Close the gap at `gap`: pull back every follower that may stand there. */
static void shift_back(struct table *t, uint32_t gap)
{
	uint32_t mask = t->cap - 1;

	for (uint32_t i = (gap + 1) & mask; t->slots[i].value; i = (i + 1) & mask) {
		uint32_t home = (uint32_t)t->slots[i].hash & mask;

		/* It may move if its home does not lie between the gap and where it is. */
		if (((i - home) & mask) >= ((i - gap) & mask)) {
			t->slots[gap] = t->slots[i];
			gap = i;
		}
	}
	t->slots[gap] = (struct table_slot){0};
}

void *table_remove(struct table *t, struct view key)
{
	struct table_slot *slot;
	void *value;

	if (t->count == 0)
		return NULL;
	slot = probe(t->slots, t->cap, siphash(&t->key, key.p, key.len), key);
	value = slot->value;
	if (value) {
		shift_back(t, (uint32_t)(slot - t->slots));
		t->count--;
	}
	return value;
}

void table_free_with(struct table *t, void (*value_free)(void *value))
{
	for (uint32_t i = 0; i < t->cap; i++)
		if (t->slots[i].value)
			value_free(t->slots[i].value);
	table_free(t);
}

const struct table_slot *table_next(const struct table *t, uint32_t *cursor)
{
	while (*cursor < t->cap) {
		const struct table_slot *slot = &t->slots[(*cursor)++];

		if (slot->value)
			return slot;
	}
	return NULL;
}
