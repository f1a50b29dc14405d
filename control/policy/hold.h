/* SPDX-License-Identifier: BSD-3-Clause */
/* A message that the rules have allowed, and that waits until the seat which it took is on disk: nobody
 * profits from a seat that a crash could take back. */
#pragma once

#include "control/parcel/parcel.h"
#include "control/policy/gate.h"

/* Part of what waits, and stays where it is. */
struct hold {
	struct usage_wait wait;
	struct gate *gate;
	void (*done)(void *arg, enum reason reason);
	void *arg;
	enum heading heading;
	struct wall now;
	char *ours; /* both bare addresses, the second behind the NUL of the first */
	const char *theirs;
};

/* Wait for this seat, of gate_message. done runs once, never inside the call, and in the order of these
 * calls: REASON_none, the message may go; or why it may not, counted and logged. Whoever waits for the
 * same seat waits behind the one before. -ENOMEM: done does not run. */
int hold_begin(struct hold *hold, struct gate *gate, const struct ruleset *rules,
	struct usage_seat *seat, enum heading heading, const struct parcel *parcel,
	void (*done)(void *arg, enum reason reason), void *arg);
/* Wait no more; fine when nothing is waited for, and of memory that is zero. */
void hold_end(struct hold *hold);
