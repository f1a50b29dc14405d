/* SPDX-License-Identifier: BSD-3-Clause */
/* Which of the names that there are was probably meant by one that there is not. Pure. */
#pragma once

#include "rules/base/view.h"

enum { NEAREST_BYTES_MAX = 253 }; /* longer names are like no other */

/* How many letters to change, add or take away to make one of the other, small and capital ones alike;
 * two neighbours that are swapped count as two. More than `most`: some number above it. */
uint32_t nearest_distance(struct view a, struct view b, uint32_t most);

struct nearest {
	struct view given;
	struct view name; /* of those that were offered; no bytes: none is near */
	uint32_t distance;
};

/* At most two letters may be wrong, of short names one, and never all; the last labels of domains do not make a
 * name longer when they are the same. */
void nearest_begin(struct nearest *nearest, struct view given);
/* The name must live as long as `nearest`. Of two as near the first one counts. */
void nearest_offer(struct nearest *nearest, struct view name);
