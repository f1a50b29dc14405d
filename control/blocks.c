/* SPDX-License-Identifier: BSD-3-Clause */
/* The blocks that operators asked for. */
#include "control/blocks.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "rules/prefix.h"

#define FILE_HEADER     "picket-blocks 2 "
#define FILE_HEADER_OLD "picket-blocks 1 "

void blocks_free(struct blocks *blocks)
{
	free(blocks->list);
	*blocks = (struct blocks){0};
}

/* Nothing but what addresses are made of: not meant as a domain. */
static bool looks_like_address(struct view text)
{
	if (view_find(text, ':') >= 0 || view_find(text, '/') >= 0)
		return true;
	for (uint32_t i = 0; i < text.len; i++)
		if (text.p[i] != '.' && (text.p[i] < '0' || text.p[i] > '9'))
			return false;
	return text.len > 0;
}

bool block_read_target(
	struct view text, bool subtree, struct operator_block *out, char *why, size_t why_bytes)
{
	struct prefix prefix;
	struct fault fault;

	if (prefix_parse(text, &prefix)) {
		if (prefix.length_bits == 0) {
			snprintf(why, why_bytes, "a prefix of length 0 would block everybody");
			return false;
		}
		if (subtree) {
			snprintf(
				why, why_bytes, "a prefix has no subtree: that goes with a domain");
			return false;
		}
		out->is_domain = false;
		out->subtree = false;
		prefix_print(&prefix, out->what);
		return true;
	}
	if (looks_like_address(text)) {
		snprintf(why, why_bytes,
			"neither an address nor a prefix: write 192.0.2.0/24 or 2001:db8::/32, "
			"without bits behind the length");
		return false;
	}
	if (domain_parse(text, out->what, &fault) != PARSE_DONE) {
		snprintf(why, why_bytes, "no domain: %s", domain_cause_text(fault.cause));
		return false;
	}
	out->is_domain = true;
	out->subtree = subtree;
	return true;
}

bool block_read_reason(struct view text, struct operator_block *out)
{
	for (uint32_t i = 0; i < text.len; i++)
		if (text.p[i] < 0x20 || text.p[i] == 0x7f)
			return false;
	return view_copy(text, out->reason, sizeof(out->reason));
}

struct operator_block *blocks_find(const struct blocks *blocks, const char *what, bool subtree)
{
	for (uint32_t i = 0; i < blocks->count; i++)
		if (blocks->list[i].subtree == subtree && strcmp(blocks->list[i].what, what) == 0)
			return &blocks->list[i];
	return NULL;
}

bool block_holds_for(const struct operator_block *block, struct view domain)
{
	struct view what = view_of(block->what);

	if (!block->is_domain || what.len > domain.len ||
		!view_equal(what, view_sub(domain, domain.len - what.len, what.len)))
		return false;
	return what.len == domain.len ||
	       (block->subtree && domain.p[domain.len - what.len - 1] == '.');
}

int blocks_put(struct blocks *blocks, const struct operator_block *block)
{
	struct operator_block *slot = blocks_find(blocks, block->what, block->subtree);

	if (!slot && blocks->count == BLOCKS_MAX)
		return -ENOSPC;
	if (!slot && blocks->count == blocks->capacity) {
		uint32_t capacity = blocks->capacity ? blocks->capacity * 2 : 16;
		void *list = realloc(blocks->list, capacity * sizeof(*blocks->list));

		if (!list)
			return -ENOMEM;
		blocks->list = list;
		blocks->capacity = capacity;
	}
	if (!slot)
		slot = &blocks->list[blocks->count++];
	*slot = *block;
	return 0;
}

static void remove_at(struct blocks *blocks, uint32_t i)
{
	blocks->list[i] = blocks->list[--blocks->count];
}

bool blocks_remove(struct blocks *blocks, const char *what, bool subtree)
{
	struct operator_block *block = blocks_find(blocks, what, subtree);

	if (block)
		remove_at(blocks, (uint32_t)(block - blocks->list));
	return block;
}

void blocks_expire(struct blocks *blocks, struct mono now)
{
	for (uint32_t i = blocks->count; i > 0; i--)
		if (mono_reached(now, blocks->list[i - 1].expires))
			remove_at(blocks, i - 1);
}

uint64_t block_seconds_left(const struct operator_block *block, struct mono now)
{
	if (mono_reached(now, block->expires))
		return 0;
	return (block->expires.ns - now.ns + NS_PER_S - 1) / NS_PER_S;
}

enum kind { KIND_SOURCE, KIND_DOMAIN, KIND_SUBTREE, KINDS };

static const char *const kind_names[KINDS] = {"source", "domain", "subtree"};

static enum kind kind_of(const struct operator_block *block)
{
	if (!block->is_domain)
		return KIND_SOURCE;
	return block->subtree ? KIND_SUBTREE : KIND_DOMAIN;
}

void blocks_print(
	const struct blocks *blocks, const char *boot_id, struct mono now, struct text *out)
{
	text_printf(out, FILE_HEADER "%s\n", boot_id);
	for (uint32_t i = 0; i < blocks->count; i++) {
		const struct operator_block *b = &blocks->list[i];
		uint64_t left_s = block_seconds_left(b, now);

		if (left_s > 0)
			text_printf(out, "%" PRIu64 " %" PRIu64 " %s %s %s\n",
				b->expires.ns / NS_PER_MS, left_s, kind_names[kind_of(b)], b->what,
				b->reason);
	}
}

/* Up to the next space, which is taken too. False: there is none. */
static bool take_word(struct view *rest, struct view *word)
{
	int64_t space = view_find(*rest, ' ');

	if (space < 1)
		return false;
	*word = view_sub(*rest, 0, (uint32_t)space);
	*rest = view_sub(*rest, (uint32_t)space + 1, UINT32_MAX);
	return true;
}

/* How a file is to be read. */
struct reading {
	bool old;       /* version 1 */
	bool same_boot; /* as it was written in */
	struct mono now;
};

static bool take_kind(struct view *rest, const struct reading *how, enum kind *out)
{
	struct view word;

	if (!take_word(rest, &word))
		return false;
	for (*out = 0; *out < KINDS; (*out)++)
		if (view_equal(word, view_of(kind_names[*out])))
			break;
	if (!how->old)
		return *out < KINDS;
	if (*out == KIND_DOMAIN)
		*out = KIND_SUBTREE;
	else if (*out != KIND_SOURCE)
		return false;
	return true;
}

/* One line without its end. NULL, or the cause. */
static const char *line_read(
	struct view line, const struct reading *how, struct operator_block *out)
{
	struct view end_word, left_word, what;
	struct mono now = how->now;
	enum kind kind;
	char why[128];
	uint64_t end_ms, left_s;

	*out = (struct operator_block){0};
	if (!take_word(&line, &end_word) || !take_word(&line, &left_word) ||
		!view_to_u64(end_word, UINT64_MAX / NS_PER_MS, &end_ms) ||
		!view_to_u64(left_word, BLOCKS_SECONDS_MAX, &left_s))
		return "blocks_number";
	if (!take_kind(&line, how, &kind))
		return "blocks_kind";
	if (!take_word(&line, &what) ||
		!block_read_target(what, kind == KIND_SUBTREE, out, why, sizeof(why)) ||
		out->is_domain != (kind != KIND_SOURCE) || !view_equal(what, view_of(out->what)))
		return "blocks_target";
	if (!block_read_reason(line, out))
		return "blocks_reason";
	out->expires.ns = how->same_boot ? end_ms * NS_PER_MS : now.ns + left_s * NS_PER_S;
	/* A file from elsewhere must not block for ever. */
	if (out->expires.ns > now.ns &&
		out->expires.ns - now.ns > (uint64_t)BLOCKS_SECONDS_MAX * NS_PER_S)
		return "blocks_number";
	return NULL;
}

static enum parse bad(
	struct blocks *out, struct fault *fault, const char *cause, uint32_t offset_bytes)
{
	blocks_free(out);
	*fault = (struct fault){cause, offset_bytes};
	return PARSE_BAD;
}

enum parse blocks_parse(struct view text, const char *boot_id, struct mono now, struct blocks *out,
	struct fault *fault)
{
	const struct view header = VIEW(FILE_HEADER); /* the old one is as long */
	struct reading how = {.old = view_starts(text, VIEW(FILE_HEADER_OLD)), .now = now};
	int64_t end = view_find(text, '\n');
	struct operator_block block;
	uint32_t at;

	*out = (struct blocks){0};
	if ((!how.old && !view_starts(text, header)) || end < 0)
		return bad(out, fault, "blocks_header", 0);
	at = (uint32_t)end + 1;
	how.same_boot = view_equal(
		view_sub(text, header.len, (uint32_t)end - header.len), view_of(boot_id));
	while (at < text.len) {
		struct view rest = view_sub(text, at, UINT32_MAX);
		const char *cause;
		int rc = 0;

		end = view_find(rest, '\n');
		if (end < 0)
			return bad(out, fault, "blocks_line_unended", at);
		cause = line_read(view_sub(rest, 0, (uint32_t)end), &how, &block);
		if (cause)
			return bad(out, fault, cause, at);
		if (!mono_reached(now, block.expires))
			rc = blocks_put(out, &block);
		if (rc < 0)
			return bad(out, fault, rc == -ENOSPC ? "blocks_too_many" : "no_memory", at);
		at += (uint32_t)end + 1;
	}
	return PARSE_DONE;
}
