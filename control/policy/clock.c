/* SPDX-License-Identifier: BSD-3-Clause */
/* The clock of licences. */
#include "control/policy/clock.h"

struct wall policy_clock_now(
	struct policy_clock *clock, struct wall wall, struct mono mono, int64_t *jumped_s)
{
	*jumped_s = 0;
	if (clock->started) {
		int64_t passed_s = (int64_t)((mono.ns - clock->mono.ns) / NS_PER_S);
		int64_t off_s = wall.s - clock->wall.s - passed_s;

		if (off_s > POLICY_CLOCK_JUMP_S || off_s < -POLICY_CLOCK_JUMP_S)
			*jumped_s = off_s;
	}
	clock->started = true;
	clock->wall = wall;
	clock->mono = mono;
	if (wall.s > clock->said.s)
		clock->said = wall;
	return clock->said;
}
