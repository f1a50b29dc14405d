/* SPDX-License-Identifier: BSD-3-Clause */
/* Blocks that end by themselves. */
#include "dataplane/block.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#define BLOCK_NONE UINT32_MAX

struct block_target block_target_prefix(const struct prefix *prefix)
{
	bool four = prefix->address.family_bits == 32;
	struct block_target t = {
		.kind = four ? BLOCK_IPV4 : BLOCK_IPV6, .length = prefix->length_bits};

	memcpy(t.bytes, prefix->address.bytes, four ? 4 : 16);
	return t;
}

bool block_target_name(struct view name, bool subtree, struct block_target *out)
{
	*out = (struct block_target){.kind = subtree ? BLOCK_SUBTREE : BLOCK_DOMAIN};
	if (name.len > 0 && name.p[name.len - 1] == '.')
		name.len--;
	if (name.len == 0 || name.len >= BLOCK_NAME_BYTES)
		return false;
	out->length = (uint8_t)name.len;
	for (uint32_t i = 0; i < name.len; i++)
		out->bytes[i] = ascii_lower(name.p[i]);
	return true;
}

/* The first `bits` of an address, the rest zero. */
static void mask(uint8_t out[static 16], const uint8_t address[static 16], uint32_t bits)
{
	uint32_t whole = bits / 8;

	memset(out, 0, 16);
	memcpy(out, address, whole);
	if (bits % 8 != 0)
		out[whole] = address[whole] & (uint8_t)(0xff00 >> (bits % 8));
}

int block_table_init(struct block_table *table)
{
	*table = (struct block_table){0};
	if (getrandom(&table->secret, sizeof(table->secret), 0) != (ssize_t)sizeof(table->secret))
		return -EIO;
	table->buckets = malloc(BLOCK_BUCKETS * sizeof(*table->buckets));
	table->slots = calloc(BLOCK_MAX, sizeof(*table->slots));
	if (!table->buckets || !table->slots) {
		block_table_fini(table);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < BLOCK_BUCKETS; i++)
		table->buckets[i] = BLOCK_NONE;
	for (uint32_t i = 0; i < BLOCK_MAX; i++)
		table->slots[i].next = i + 1 < BLOCK_MAX ? i + 1 : BLOCK_NONE;
	return 0;
}

void block_table_fini(struct block_table *table)
{
	free(table->buckets);
	free(table->slots);
	*table = (struct block_table){0};
}

/* Only the bytes in use are hashed; the head says how many there are. */
static uint32_t *bucket_of(const struct block_table *table, const struct block_target *target)
{
	size_t used = target->kind == BLOCK_IPV4   ? 4
		      : target->kind == BLOCK_IPV6 ? 16
						   : target->length;

	return &table->buckets[hash_bytes(&table->secret, target, 2 + used) % BLOCK_BUCKETS];
}

static struct block_slot *find(const struct block_table *table, const struct block_target *target)
{
	for (uint32_t i = *bucket_of(table, target); i != BLOCK_NONE; i = table->slots[i].next)
		if (memcmp(&table->slots[i].block.target, target, sizeof(*target)) == 0)
			return &table->slots[i];
	return NULL;
}

static uint32_t *kind_count(struct block_table *table, const struct block_target *target)
{
	switch (target->kind) {
	case BLOCK_IPV4:
		return &table->lengths4[target->length];
	case BLOCK_IPV6:
		return &table->lengths6[target->length];
	case BLOCK_SUBTREE:
		return &table->subtrees;
	default:
		return &table->names;
	}
}

static void release(struct block_table *table, struct block_slot *slot)
{
	uint32_t number = (uint32_t)(slot - table->slots);
	uint32_t *link = bucket_of(table, &slot->block.target);

	while (*link != number)
		link = &table->slots[*link].next;
	*link = slot->next;
	(*kind_count(table, &slot->block.target))--;
	slot->used = false;
	slot->next = table->free;
	table->free = number;
	table->count--;
}

int block_put(struct block_table *table, const struct block *block, struct mono now)
{
	struct block_slot *slot = find(table, &block->target);
	uint32_t *bucket;
	uint32_t number;

	if (slot) {
		slot->block = *block;
		return 0;
	}
	if (table->free == BLOCK_NONE)
		block_expire(table, now, BLOCK_MAX);
	if (table->free == BLOCK_NONE)
		return -ENOSPC;
	number = table->free;
	slot = &table->slots[number];
	table->free = slot->next;
	bucket = bucket_of(table, &block->target);
	slot->block = *block;
	slot->used = true;
	slot->next = *bucket;
	*bucket = number;
	(*kind_count(table, &block->target))++;
	table->count++;
	return 0;
}

bool block_remove(struct block_table *table, const struct block_target *target, struct mono now)
{
	struct block_slot *slot = find(table, target);
	bool held;

	if (!slot)
		return false;
	held = !mono_reached(now, slot->block.expires);
	release(table, slot);
	return held;
}

/* When the block of exactly this target ends; 0: there is none, or it is over. */
static struct mono ends(
	const struct block_table *table, const struct block_target *target, struct mono now)
{
	const struct block_slot *slot = find(table, target);

	if (!slot || mono_reached(now, slot->block.expires))
		return (struct mono){0};
	return slot->block.expires;
}

bool block_finds_address(const struct block_table *table, uint8_t family,
	const uint8_t address[static 16], struct mono now)
{
	const uint32_t *lengths = family == TUPLE_IPV4 ? table->lengths4 : table->lengths6;
	uint32_t bits = family == TUPLE_IPV4 ? 32 : 128;
	struct block_target target;

	if (!block_has_addresses(table))
		return false;
	target = (struct block_target){.kind = family};
	for (uint32_t length = 0; length <= bits; length++) {
		if (lengths[length] == 0)
			continue;
		target.length = (uint8_t)length;
		mask(target.bytes, address, length);
		if (ends(table, &target, now).ns != 0)
			return true;
	}
	return false;
}

bool block_has_names(const struct block_table *table)
{
	return table->names + table->subtrees > 0;
}

struct mono block_name_until(const struct block_table *table, struct view name, struct mono now)
{
	struct mono until = {0};
	struct block_target whole;
	struct block_target part = {.kind = BLOCK_SUBTREE};

	if (!block_has_names(table) || !block_target_name(name, false, &whole))
		return until;
	if (table->names > 0)
		until = ends(table, &whole, now);
	for (uint32_t at = 0; at < whole.length && table->subtrees > 0; at++) {
		struct mono end;

		if (at != 0 && whole.bytes[at - 1] != '.')
			continue;
		part.length = (uint8_t)(whole.length - at);
		memset(part.bytes, 0, sizeof(part.bytes));
		memcpy(part.bytes, whole.bytes + at, part.length);
		end = ends(table, &part, now);
		if (end.ns > until.ns)
			until = end;
	}
	return until;
}

bool block_finds_name(const struct block_table *table, struct view name, struct mono now)
{
	return block_name_until(table, name, now).ns != 0;
}

void block_expire(struct block_table *table, struct mono now, uint32_t budget)
{
	if (table->count == 0)
		return;
	for (uint32_t i = 0; i < budget; i++) {
		struct block_slot *slot = &table->slots[table->cursor];

		table->cursor = (table->cursor + 1) % BLOCK_MAX;
		if (slot->used && mono_reached(now, slot->block.expires))
			release(table, slot);
	}
}

const struct block *block_at(const struct block_table *table, uint32_t i, struct mono now)
{
	const struct block_slot *slot = &table->slots[i];

	return slot->used && !mono_reached(now, slot->block.expires) ? &slot->block : NULL;
}
