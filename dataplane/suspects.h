/* SPDX-License-Identifier: BSD-3-Clause */
/* Which partners are held to be suspicious just now. The thread of the questions writes it; workers look
 * at it where a connection begins, and where they lease credit. Knows partners and nothing else. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* The thread of the questions. An id that no rules ever named is passed over. */
void suspects_say(uint32_t partner_id, bool suspicious);
/* Nobody is, any more. */
void suspects_forget(void);

/* Any thread. Slot 0 is nobody and never suspicious. */
bool suspects_has(uint32_t partner_slot);
uint32_t suspects_count(void);
