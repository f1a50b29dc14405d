/* SPDX-License-Identifier: BSD-3-Clause */
/* Many small texts that live and go together: in chunks that never move. */
#include "rules/string_pool.h"

#include <stdlib.h>

enum { CHUNK_BYTES = 64 * 1024 };

struct string_chunk {
	struct string_chunk *before;
	size_t used, cap;
	char bytes[];
};

static struct string_chunk *chunk_add(struct string_pool *strings, size_t bytes)
{
	size_t cap = bytes > CHUNK_BYTES ? bytes : CHUNK_BYTES;
	struct string_chunk *chunk = malloc(sizeof(*chunk) + cap);

	if (!chunk)
		return NULL;
	*chunk = (struct string_chunk){.before = strings->last, .cap = cap};
	strings->last = chunk;
	return chunk;
}

const char *string_pool_keep(struct string_pool *strings, struct view text)
{
	struct string_chunk *chunk = strings->last;
	size_t bytes = (size_t)text.len + 1;
	char *at;

	if (!chunk || chunk->cap - chunk->used < bytes)
		chunk = chunk_add(strings, bytes);
	if (!chunk)
		return NULL;
	at = chunk->bytes + chunk->used;
	if (text.len > 0)
		memcpy(at, text.p, text.len);
	at[text.len] = '\0';
	chunk->used += bytes;
	return at;
}

void string_pool_free(struct string_pool *strings)
{
	while (strings->last) {
		struct string_chunk *chunk = strings->last;

		strings->last = chunk->before;
		free(chunk);
	}
}
