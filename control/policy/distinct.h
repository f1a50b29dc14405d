/* SPDX-License-Identifier: BSD-3-Clause */
/* How many different things were seen in a window of time: exactly up to a bound, estimated beyond it,
 * in memory that is bounded either way. Things are known by a keyed hash of 64 bits. Pure; time comes as
 * the number of a step, DISTINCT_STEPS of which are a window. When it goes back all is forgotten. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	DISTINCT_STEPS = 8,
	DISTINCT_EXACT_MAX = 4096,
	/* Beyond, a bit for each hash (linear counting): some 2 % off at two million, better below;
	 * more than three million cannot be told apart. */
	DISTINCT_BITS = 256 * 1024,
};

struct distinct_slot {
	uint64_t hash; /* 0: free */
	uint32_t step; /* when it was seen last */
};

/* Zeroed: nothing was seen. */
struct distinct {
	struct distinct_slot *slots; /* while it is exact */
	uint32_t cap;                /* a power of two, or 0 */
	uint32_t count;              /* of slots that are taken; of bits that are set in either */
	uint64_t *bits[2];           /* of this window and of the one before, or NULL */
	uint32_t step;               /* of which all this is true */
};

void distinct_free(struct distinct *d);

/* How many were seen in the window that ends with this step, or up to a step (in an estimate up to a
 * window) before it. */
uint32_t distinct_count(struct distinct *d, uint32_t step);
bool distinct_has(struct distinct *d, uint64_t hash, uint32_t step);
/* It is seen. 0 or -ENOMEM. */
int distinct_add(struct distinct *d, uint64_t hash, uint32_t step);
/* Of memory behind it. */
size_t distinct_bytes(const struct distinct *d);
