/* SPDX-License-Identifier: BSD-3-Clause */
/* Data of connections that nobody here knows: which of it goes on coming. In mode reqsk a later segment
 * of a new connection may overtake the first, and a RST would end what is about to begin; what still
 * comes after two seconds belongs to a connection that is gone. A fixed table, so that a flood costs
 * nothing but what it would have told. One thread. */
#pragma once

#include <stdbool.h>

#include "rules/base/clock.h"

enum {
	STRAY_SLOTS = 4096,
	STRAY_AFTER_MS = 2000, /* a first segment that was lost has come again by then */
	STRAY_KEPT_MS = 4000,  /* nobody takes the place of one that is younger */
	STRAY_OVER_MS = 120000,
};

/* All zero: nothing was seen. */
struct stray_table {
	struct {
		uint32_t tag; /* of the connection's hash; 0: free */
		uint32_t first_ms;
	} slots[STRAY_SLOTS];
};

/* Data of the connection with this keyed hash has come again. Is it known to be a stray by now? */
static inline bool stray_comes(struct stray_table *table, uint32_t hash, struct mono now)
{
	uint32_t *tag = &table->slots[hash % STRAY_SLOTS].tag;
	uint32_t *first_ms = &table->slots[hash % STRAY_SLOTS].first_ms;
	uint32_t now_ms = (uint32_t)(now.ns / NS_PER_MS);
	uint32_t age_ms = now_ms - *first_ms;
	uint32_t ours = hash / STRAY_SLOTS | 1u << 31;

	if (*tag == ours && age_ms < STRAY_OVER_MS)
		return age_ms >= STRAY_AFTER_MS;
	if (*tag == 0 || *tag == ours || age_ms >= STRAY_KEPT_MS) {
		*tag = ours;
		*first_ms = now_ms;
	}
	return false;
}
