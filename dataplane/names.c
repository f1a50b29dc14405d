/* SPDX-License-Identifier: BSD-3-Clause */
/* The domains of the rules. */
#include "dataplane/names.h"

#include <errno.h>

#include <rte_common.h>
#include <rte_malloc.h>

static_assert(sizeof(struct name_record) == 64, "one cache line");

int names_init(
	struct names *n, uint32_t count_max, uint32_t bytes_max, const struct hash_secret *secret)
{
	uint32_t slots = rte_align32pow2(count_max + count_max / 4 + 2);

	memset(n, 0, sizeof(*n));
	if (count_max > UINT32_MAX / 8)
		return -ENOMEM;
	n->secret = *secret;
	n->mask = slots - 1;
	n->count_max = count_max;
	n->bytes_max = bytes_max;
	n->tags = rte_zmalloc("names", (size_t)slots * sizeof(*n->tags), RTE_CACHE_LINE_SIZE);
	n->records = rte_malloc("names", (size_t)slots * sizeof(*n->records), RTE_CACHE_LINE_SIZE);
	n->bytes = rte_malloc("names", bytes_max + 1, RTE_CACHE_LINE_SIZE);
	if (!n->tags || !n->records || !n->bytes) {
		names_fini(n);
		return -ENOMEM;
	}
	return 0;
}

void names_fini(struct names *n)
{
	rte_free(n->tags);
	rte_free(n->records);
	rte_free(n->bytes);
	n->tags = NULL;
	n->records = NULL;
	n->bytes = NULL;
	n->count = 0;
	n->labels_most = 0;
	memset(n->labels_whole, 0, sizeof(n->labels_whole));
	memset(n->labels_subtree, 0, sizeof(n->labels_subtree));
}

static uint16_t tag_of(uint64_t hash)
{
	return (uint16_t)(hash >> 48) | 1;
}

static bool is_of(const struct names *n, const struct name_record *r, struct view name)
{
	return r->len == name.len &&
	       memcmp(name.len <= NAMES_INLINE_BYTES ? r->bytes : n->bytes + r->offset, name.p,
		       name.len) == 0;
}

/* The slot of the name, or the empty one where it would go. Ends, because a fifth of them is free; tags
 * that have to be passed over lie in one line, mostly. */
static uint32_t slot_of(const struct names *n, struct view name, uint64_t hash)
{
	for (uint32_t i = (uint32_t)hash & n->mask;; i = (i + 1) & n->mask)
		if (n->tags[i] == 0 ||
			(n->tags[i] == tag_of(hash) && is_of(n, &n->records[i], name)))
			return i;
}

static uint32_t labels_of(struct view name)
{
	uint32_t labels = 1;

	for (uint32_t i = 0; i < name.len; i++)
		labels += name.p[i] == '.';
	return labels;
}

static bool has_bit(const uint64_t *bits, uint32_t i)
{
	return bits[i / 64] >> i % 64 & 1;
}

static void note_labels(struct names *n, const struct name_record *r, struct view name)
{
	uint32_t labels = labels_of(name);

	n->labels_most = RTE_MAX(n->labels_most, labels);
	n->labels_whole[labels / 64] |= UINT64_C(1) << labels % 64;
	if (r->what & (NAME_LOCAL | NAME_BLOCKED_SUBTREE | NAME_PARTNER_SUBTREE))
		n->labels_subtree[labels / 64] |= UINT64_C(1) << labels % 64;
}

static int record_new(struct names *n, struct name_record *r, struct view name)
{
	bool inside = name.len <= NAMES_INLINE_BYTES;

	if (n->count == n->count_max || (!inside && name.len > n->bytes_max - n->used_bytes))
		return -ENOSPC;
	*r = (struct name_record){
		.partner = NAMES_NOBODY, .offset = n->used_bytes, .len = (uint8_t)name.len};
	memcpy(inside ? r->bytes : n->bytes + r->offset, name.p, name.len);
	if (!inside)
		n->used_bytes += name.len;
	n->count++;
	return 0;
}

int names_add(struct names *n, struct view name, uint8_t what, uint32_t partner)
{
	const uint8_t kinds = NAME_LOCAL | NAME_BLOCKED | NAME_PARTNER;
	uint64_t hash = hash_bytes(&n->secret, name.p, name.len);
	uint32_t slot = slot_of(n, name, hash);
	struct name_record *r = &n->records[slot];
	int rc;

	if (name.len == 0 || name.len > NAMES_MAX_BYTES)
		return -EINVAL;
	if (n->tags[slot] != 0 && r->what & what & kinds)
		return -EEXIST;
	if (n->tags[slot] == 0) {
		rc = record_new(n, r, name);
		if (rc < 0)
			return rc;
		n->tags[slot] = tag_of(hash);
	}
	r->what |= what;
	if (what & NAME_PARTNER)
		r->partner = partner;
	note_labels(n, r, name);
	return 0;
}

uint8_t names_find(const struct names *n, struct view name)
{
	uint32_t slot;

	if (n->count == 0 || name.len == 0)
		return 0;
	slot = slot_of(n, name, hash_bytes(&n->secret, name.p, name.len));
	return n->tags[slot] ? n->records[slot].what : 0;
}

static void search_add(const struct names *n, struct name_search *s, uint32_t start)
{
	uint64_t hash = hash_bytes(&n->secret, s->name.p + start, s->name.len - start);
	uint32_t slot = (uint32_t)hash & n->mask;

	__builtin_prefetch(&n->tags[slot]);
	__builtin_prefetch(&n->records[slot]);
	s->starts[s->count] = (uint8_t)start;
	s->hashes[s->count++] = hash;
}

void names_prepare(const struct names *n, struct view name, struct name_search *s)
{
	uint32_t labels = 0;

	s->name = name;
	s->count = 0;
	for (uint32_t i = name.len; i > 0 && labels < n->labels_most; i--) {
		bool whole = i == 1;

		if (!whole && name.p[i - 2] != '.')
			continue;
		labels++;
		if (has_bit(whole ? n->labels_whole : n->labels_subtree, labels))
			search_add(n, s, i - 1);
	}
}

/* Does a record on the way up from a name say whose it is, or that it is nobody's? */
static bool says_whose(const struct name_record *r, bool whole, uint32_t *partner)
{
	if (!(r->what & NAME_PARTNER))
		return r->what & NAME_LOCAL;
	if (!whole && !(r->what & NAME_PARTNER_SUBTREE))
		return false;
	*partner = r->partner;
	return true;
}

struct name_facts names_judge(const struct names *n, const struct name_search *s)
{
	struct name_facts facts = {.partner = NAMES_NOBODY};
	bool known = false;

	for (uint32_t i = s->count; i-- > 0;) {
		struct view suffix = view_sub(s->name, s->starts[i], s->name.len);
		uint32_t slot = slot_of(n, suffix, s->hashes[i]);
		const struct name_record *r = &n->records[slot];
		bool whole = s->starts[i] == 0;

		if (n->tags[slot] == 0)
			continue;
		facts.local |= whole && r->what & NAME_LOCAL;
		facts.blocked |= r->what & (whole ? NAME_BLOCKED : NAME_BLOCKED_SUBTREE);
		known = known || says_whose(r, whole, &facts.partner);
	}
	return facts;
}
