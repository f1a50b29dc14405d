/* SPDX-License-Identifier: BSD-3-Clause */
/* For which causes each partner's frames were dropped and refused, slot 0 being everybody else. One
 * worker's; its memory grows with the slots in use, made by whoever gives a slot out and never by
 * the worker. Knows slots and causes, nothing of frames. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/cause.h"
#include "dataplane/partner.h"

enum {
	PARTNER_CAUSES_GROUP = 16, /* slots whose memory comes at once: 20 KiB */
	PARTNER_CAUSES_MAX = 64,   /* workers */
};

/* One writer; others read each number with a relaxed atomic load. */
struct cause_counts {
	uint64_t dropped[CAUSE_COUNT];
	uint64_t refused[CAUSE_COUNT];
};

struct partner_causes {
	struct cause_counts *groups[PARTNER_SLOTS / PARTNER_CAUSES_GROUP];
};

/* Room for the slots in use and for those that will be. From DPDK's heap. 0, -ENOMEM, -ENOSPC: more
 * than PARTNER_CAUSES_MAX. */
int partner_causes_init(struct partner_causes *causes);
/* Fine on a zeroed one. */
void partner_causes_fini(struct partner_causes *causes);

/* Make room for a slot everywhere, before anybody counts for it. False: no memory. Any thread but a
 * worker. */
bool partner_causes_reserve(uint32_t slot);

/* The counts of a slot in use. */
static inline struct cause_counts *partner_causes_of(
	const struct partner_causes *causes, uint32_t slot)
{
	struct cause_counts *group =
		__atomic_load_n(&causes->groups[slot / PARTNER_CAUSES_GROUP], __ATOMIC_ACQUIRE);

	return &group[slot % PARTNER_CAUSES_GROUP];
}
