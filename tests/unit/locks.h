/* SPDX-License-Identifier: BSD-3-Clause */
/* What the threads of the code under test hold when they wake somebody by a descriptor. Counted since the program began, by
 * any thread. */
#pragma once

#include <stdint.h>

uint32_t locks_writes(void);
/* Of these, by a thread that held a mutex: whoever it woke may have had to wait for it. */
uint32_t locks_writes_with_a_lock(void);
