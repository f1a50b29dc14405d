/* SPDX-License-Identifier: BSD-3-Clause */
/* Blocks that end by themselves: a bounded table by source prefix and by domain. Knows neither
 * threads nor flows nor where blocks come from. */
#pragma once

#include "dataplane/hash.h"
#include "dataplane/tuple.h"
#include "rules/base/clock.h"

enum {
	BLOCK_MAX = 8192, /* entries; a domain with U-labels may take two */
	BLOCK_BUCKETS = 2 * BLOCK_MAX,
	BLOCK_NAME_BYTES = 254,   /* of a domain with its NUL */
	BLOCK_REASON_BYTES = 128, /* with its NUL */
	BLOCK_PAGE_MAX = 100,
};

enum block_kind {
	BLOCK_DOMAIN = 1, /* exactly this name */
	BLOCK_SUBTREE,    /* a name and all below it: another target than the name alone */
	BLOCK_IPV4 = TUPLE_IPV4,
	BLOCK_IPV6 = TUPLE_IPV6
};

/* Whom: unused bytes are zero, so that targets are compared as plain bytes. */
struct block_target {
	uint8_t kind;   /* enum block_kind */
	uint8_t length; /* bits of the prefix, or bytes of the name */
	/* The prefix in network order; or the name in lower case without a dot at its end. */
	uint8_t bytes[BLOCK_NAME_BYTES];
};

struct block {
	struct block_target target;
	struct mono expires;
	bool alias; /* another spelling of a block, not listed */
	char reason[BLOCK_REASON_BYTES];
};

struct block_slot {
	struct block block;
	uint32_t next; /* in its bucket, or among the free ones; BLOCK_NONE */
	bool used;
};

struct block_table {
	struct hash_secret secret;
	uint32_t *buckets;
	struct block_slot *slots;
	uint32_t free;
	uint32_t count;
	uint32_t cursor;       /* of the expiry scan */
	uint32_t lengths4[33]; /* blocks of each length, so that no other is looked up */
	uint32_t lengths6[129];
	uint32_t names, subtrees; /* blocks of these kinds */
};

static_assert(sizeof(struct block_target) == 256, "a target is 256 bytes without padding");

/* Of a prefix; its host bits are zero already. */
struct block_target block_target_prefix(const struct prefix *prefix);
/* Of a name of 1 to 253 bytes, in any case, a dot at its end allowed; `subtree`: and of all below it.
 * False: it is none. */
bool block_target_name(struct view name, bool subtree, struct block_target *out);
static inline bool block_target_is_name(const struct block_target *target)
{
	return target->kind == BLOCK_DOMAIN || target->kind == BLOCK_SUBTREE;
}

/* 0, -ENOMEM, -EIO (no randomness). */
int block_table_init(struct block_table *table);
/* Fine on a zeroed one. */
void block_table_fini(struct block_table *table);

/* Add, or replace the one of the same target. What has expired makes room. 0, -ENOSPC. */
int block_put(struct block_table *table, const struct block *block, struct mono now);
/* False: there is none that still holds. */
bool block_remove(struct block_table *table, const struct block_target *target, struct mono now);

/* Is any block of a prefix in the table? */
static inline bool block_has_addresses(const struct block_table *table)
{
	return table->count != table->names + table->subtrees;
}

/* Is there one, not expired, that holds for this source, or for this name (its own, or of a subtree
 * that it is in)? */
bool block_finds_address(const struct block_table *table, uint8_t family,
	const uint8_t address[static 16], struct mono now);
bool block_finds_name(const struct block_table *table, struct view name, struct mono now);

/* Is any block of a name or a subtree in the table? */
bool block_has_names(const struct block_table *table);
/* Until when the last of those that hold for this name does; 0: there is none. */
struct mono block_name_until(const struct block_table *table, struct view name, struct mono now);

/* Forget what has expired, looking at `budget` slots. */
void block_expire(struct block_table *table, struct mono now, uint32_t budget);
/* The block of slot i < BLOCK_MAX, or NULL if there is none that still holds. */
const struct block *block_at(const struct block_table *table, uint32_t i, struct mono now);
