/* SPDX-License-Identifier: BSD-3-Clause */
/* Whom one lcore's drops and refusals are about: by partner, and by source. What it counts adds up to
 * the lcore's own counters by cause. Knows causes, slots and sources, nothing of frames. */
#pragma once

#include "dataplane/hitters.h"
#include "dataplane/partner_causes.h"

struct blame {
	struct partner_causes partners;
	struct hitters hitters[CAUSE_COUNT];
};

/* From DPDK's heap. NULL: no memory. */
struct blame *blame_new(void);
void blame_free(struct blame *blame); /* NULL is fine */

/* The lcore itself. slot is in use. */
static inline void blame_dropped(struct blame *blame, enum cause cause, uint32_t slot,
	const struct remote *remote, struct mono now)
{
	partner_causes_of(&blame->partners, slot)->dropped[cause]++;
	hitters_count(&blame->hitters[cause], hitter_source_of(remote), now);
}

static inline void blame_refused(struct blame *blame, enum cause cause, uint32_t slot,
	const struct remote *remote, struct mono now)
{
	partner_causes_of(&blame->partners, slot)->refused[cause]++;
	hitters_count(&blame->hitters[cause], hitter_source_of(remote), now);
}
