/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory for one stanza. */
#include "control/xmpp/arena.h"

#include <string.h>

enum { ALIGN_BYTES = 8, FIRST_CHUNK_BYTES = 2048 - 64, CHUNK_MAX_BYTES = 64 * 1024 };

struct arena_chunk {
	struct arena_chunk *next; /* older */
	size_t used_bytes;        /* of bytes[] */
	size_t cap_bytes;
	_Alignas(ALIGN_BYTES) uint8_t bytes[];
};

void arena_init(struct arena *a, struct budget *budget)
{
	*a = (struct arena){.budget = budget};
}

static void free_down_to(struct arena *a, struct arena_chunk *kept)
{
	while (a->chunks != kept) {
		struct arena_chunk *chunk = a->chunks;

		a->chunks = chunk->next;
		budget_free(chunk);
	}
}

void arena_clear(struct arena *a)
{
	free_down_to(a, NULL);
}

void arena_reset(struct arena *a)
{
	struct arena_chunk *oldest = a->chunks;

	while (oldest && oldest->next)
		oldest = oldest->next;
	if (oldest && oldest->cap_bytes > FIRST_CHUNK_BYTES)
		oldest = NULL;
	free_down_to(a, oldest);
	if (oldest)
		oldest->used_bytes = 0;
}

/* A new chunk in front: twice the last one, or exactly one large request. */
static struct arena_chunk *add_chunk(struct arena *a, size_t bytes)
{
	size_t cap = a->chunks ? a->chunks->cap_bytes * 2 : FIRST_CHUNK_BYTES;
	struct arena_chunk *chunk;

	if (cap > CHUNK_MAX_BYTES)
		cap = CHUNK_MAX_BYTES;
	if (bytes > FIRST_CHUNK_BYTES / 2)
		cap = bytes;
	chunk = budget_alloc(a->budget, sizeof(*chunk) + cap);
	if (!chunk)
		return NULL;
	*chunk = (struct arena_chunk){.next = a->chunks, .cap_bytes = cap};
	a->chunks = chunk;
	return chunk;
}

void *arena_alloc(struct arena *a, size_t bytes)
{
	struct arena_chunk *chunk = a->chunks;
	uint8_t *p;

	if (bytes > SIZE_MAX / 2)
		return NULL;
	bytes = (bytes + ALIGN_BYTES - 1) & ~(size_t)(ALIGN_BYTES - 1);
	if (!chunk || bytes > chunk->cap_bytes - chunk->used_bytes) {
		chunk = add_chunk(a, bytes);
		if (!chunk)
			return NULL;
	}
	p = chunk->bytes + chunk->used_bytes;
	chunk->used_bytes += bytes;
	memset(p, 0, bytes);
	return p;
}

bool arena_copy(struct arena *a, struct view v, struct view *out)
{
	uint8_t *p;

	*out = (struct view){0};
	if (v.len == 0)
		return true;
	p = arena_alloc(a, v.len);
	if (!p)
		return false;
	memcpy(p, v.p, v.len);
	*out = view_make(p, v.len);
	return true;
}

/* Long text has a chunk of its own: the old one goes as soon as the text has moved on. */
static void drop_alone(struct arena *a, const uint8_t *p, uint32_t cap_bytes)
{
	struct arena_chunk *old = a->chunks ? a->chunks->next : NULL;

	if (!old || old->bytes != p || old->cap_bytes != cap_bytes)
		return;
	a->chunks->next = old->next;
	budget_free(old);
}

static bool grow_text(struct arena *a, struct view *text, uint32_t *cap_bytes, size_t need)
{
	size_t cap = (need + need / 2 + ALIGN_BYTES - 1) & ~(size_t)(ALIGN_BYTES - 1);
	uint8_t *p;

	if (need > UINT32_MAX / 4)
		return false;
	p = arena_alloc(a, cap);
	if (!p)
		return false;
	if (text->len)
		memcpy(p, text->p, text->len);
	drop_alone(a, text->p, *cap_bytes);
	*text = view_make(p, text->len);
	*cap_bytes = (uint32_t)cap;
	return true;
}

bool arena_append(struct arena *a, struct view *text, uint32_t *cap_bytes, struct view more)
{
	size_t need = (size_t)text->len + more.len;

	if (more.len == 0)
		return true;
	if (need > *cap_bytes && !grow_text(a, text, cap_bytes, need))
		return false;
	memcpy((uint8_t *)text->p + text->len, more.p, more.len);
	text->len = (uint32_t)need;
	return true;
}
