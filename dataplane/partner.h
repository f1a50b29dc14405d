/* SPDX-License-Identifier: BSD-3-Clause */
/* Partners as small numbers: every id that the rules ever named gets a slot, which it keeps, so that
 * counters and limits survive a reload. Any thread but a worker. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "rules/base/view.h"

enum {
	PARTNER_SLOTS = 65536, /* slot 0: traffic of no partner */
	PARTNER_NAME_BYTES = 256,
};

struct partner_entry {
	uint32_t id;
	char name[PARTNER_NAME_BYTES]; /* "" while only an adopted flow has named the id */
};

/* The slot of an id, made if there is none; 0 for PARTNER_NONE and when all slots are taken. */
uint32_t partner_slot(uint32_t id);
/* The same, and remember the name. */
uint32_t partner_slot_named(uint32_t id, struct view name);
/* The slot of an id, 0 if it has none. */
uint32_t partner_find(uint32_t id);
/* Slots in use: 1 <= slot < partner_slot_end(). */
uint32_t partner_slot_end(void);
/* What is known of a slot in use. */
void partner_get(uint32_t slot, struct partner_entry *out);
/* The same for people and programs: a name for every slot, "(unknown)" for 0, "(ID)" for one whose
 * name nobody has told. */
void partner_print(uint32_t slot, struct partner_entry *out);
