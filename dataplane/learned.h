/* SPDX-License-Identifier: BSD-3-Clause */
/* Whose single addresses are, as the control plane learned it: consulted where the rules say nothing
 * of a source. A set is built whole, never changed, and published and freed as tables are; it outlives
 * new tables, since partners keep their slots. */
#pragma once

#include "rules/claims.h"

struct learned;

/* From DPDK's heap; takes a copy of all that it needs. NULL without memory. The thread that builds
 * tables. */
struct learned *learned_build(const struct claims *claims);
/* Make it the set in force and take it over; NULL: nothing is learned. After tables_setup; the thread
 * that publishes tables. */
void learned_publish(struct learned *learned);

/* Changes with each publish. Any thread. */
uint32_t learned_serial(void);
/* Addresses in force. Any thread. */
uint32_t learned_count(void);

/* The slot of the partner whose this address is, or 0. A reader of tables. */
uint32_t learned_slot(uint8_t family, const uint8_t address[static 16]);
