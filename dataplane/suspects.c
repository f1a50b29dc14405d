/* SPDX-License-Identifier: BSD-3-Clause */
/* Which partners are held to be suspicious just now. */
#include "dataplane/suspects.h"

#include "dataplane/partner.h"

/* By slot; relaxed loads and stores: each says all that there is to know of its partner. */
static uint8_t suspicious_by_slot[PARTNER_SLOTS];
static uint32_t count;

static void slot_say(uint32_t slot, bool suspicious)
{
	if (slot == 0 || suspects_has(slot) == suspicious)
		return;
	__atomic_store_n(&suspicious_by_slot[slot], suspicious, __ATOMIC_RELAXED);
	__atomic_store_n(&count, suspicious ? count + 1 : count - 1, __ATOMIC_RELAXED);
}

void suspects_say(uint32_t partner_id, bool suspicious)
{
	slot_say(partner_find(partner_id), suspicious);
}

void suspects_forget(void)
{
	for (uint32_t slot = 1; count > 0 && slot < PARTNER_SLOTS; slot++)
		slot_say(slot, false);
}

uint32_t suspects_count(void)
{
	return __atomic_load_n(&count, __ATOMIC_RELAXED);
}

bool suspects_has(uint32_t partner_slot)
{
	return __atomic_load_n(&suspicious_by_slot[partner_slot], __ATOMIC_RELAXED);
}
