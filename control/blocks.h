/* SPDX-License-Identifier: BSD-3-Clause */
/* The blocks that operators asked for: a list that ends by itself, and the file that carries it over
 * a restart. Pure; knows neither the dataplane nor the operator's socket. */
#pragma once

#include "rules/base/clock.h"
#include "rules/base/text.h"
#include "rules/domain.h"

enum {
	BLOCKS_MAX = 4096,
	BLOCKS_SECONDS_MAX = 31 * 24 * 3600,
	BLOCKS_REASON_BYTES = 128, /* with its NUL */
	BLOCKS_BOOT_BYTES = 37,    /* of the kernel's boot id with its NUL */
	BLOCKS_FILE_BYTES_MAX = BLOCKS_MAX * 512,
};

struct operator_block {
	bool is_domain;                /* else a source prefix */
	bool subtree;                  /* of a domain: and of all names below it */
	char what[DOMAIN_ASCII_BYTES]; /* canonical */
	char reason[BLOCKS_REASON_BYTES];
	struct mono expires;
};

/* No order. Zeroed: empty. */
struct blocks {
	struct operator_block *list;
	uint32_t count;
	uint32_t capacity;
};

void blocks_free(struct blocks *blocks);

/* Read what an operator wrote: a prefix, an address or a domain in any spelling; `subtree` goes with a
 * domain alone. Fills what, is_domain and subtree. False with why (at least 128 bytes): what is wrong
 * with it. */
bool block_read_target(
	struct view text, bool subtree, struct operator_block *out, char *why, size_t why_bytes);
/* Without control characters, and short enough. */
bool block_read_reason(struct view text, struct operator_block *out);

/* The block of the same target, or NULL. A name and its subtree are two targets. */
struct operator_block *blocks_find(const struct blocks *blocks, const char *what, bool subtree);
/* Is it a block of this domain (canonical), or with its subtree of one above it? */
bool block_holds_for(const struct operator_block *block, struct view domain);
/* Add, or replace the one of the same target. 0, -ENOSPC, -ENOMEM. */
int blocks_put(struct blocks *blocks, const struct operator_block *block);
/* False: there is none. */
bool blocks_remove(struct blocks *blocks, const char *what, bool subtree);
/* Forget what is over. */
void blocks_expire(struct blocks *blocks, struct mono now);
/* Whole seconds until the end, rounded up; 0: it is over. */
uint64_t block_seconds_left(const struct operator_block *block, struct mono now);

/* The file: a line "picket-blocks 2 BOOT_ID", then for each block
 * "END_MS LEFT_S source|domain|subtree WHAT REASON". END_MS is monotonic and means something in the same
 * boot only; in another one the block goes on for LEFT_S, which were left when the file was written.
 * Version 1 is read too: it has no "subtree", and its "domain" meant that. */
void blocks_print(
	const struct blocks *blocks, const char *boot_id, struct mono now, struct text *out);
/* PARSE_DONE: *out holds all that is not over. PARSE_BAD: it is empty, the fault says why
 * (blocks_header, blocks_line_unended, blocks_number, blocks_kind, blocks_target, blocks_reason,
 * blocks_too_many, no_memory). */
enum parse blocks_parse(struct view text, const char *boot_id, struct mono now, struct blocks *out,
	struct fault *fault);
