/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory for one stanza: taken piece by piece, given back as one, charged to a budget. */
#pragma once

#include "control/xmpp/budget.h"
#include "rules/base/view.h"

struct arena_chunk;

struct arena {
	struct budget *budget;
	struct arena_chunk *chunks; /* the one in use first */
};

void arena_init(struct arena *a, struct budget *budget);
/* Frees everything; the arena can be used again. */
void arena_clear(struct arena *a);
/* Same, but keeps one small chunk for the next stanza. */
void arena_reset(struct arena *a);

/* Zeroed and aligned for any struct of ours. NULL when the budget is spent. */
void *arena_alloc(struct arena *a, size_t bytes);
/* A copy; false when the budget is spent. */
bool arena_copy(struct arena *a, struct view v, struct view *out);
/* Append `more` to *text, which nothing else uses and whose room is *cap_bytes: half as much again
 * as needed when it must move. */
bool arena_append(struct arena *a, struct view *text, uint32_t *cap_bytes, struct view more);
