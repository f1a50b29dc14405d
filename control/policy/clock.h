/* SPDX-License-Identifier: BSD-3-Clause */
/* The clock of licences: the wall's, which somebody may set wrong, held against the monotonic one. Pure;
 * both are given. */
#pragma once

#include <stdbool.h>

#include "rules/base/clock.h"

enum { POLICY_CLOCK_JUMP_S = 60 };

struct policy_clock {
	bool started;
	struct wall said; /* last: never goes back */
	struct wall wall; /* when it was last looked at ... */
	struct mono mono; /* ... by both clocks */
};

/* What time it is for licences: never earlier than what was said before. *jumped_s: by how many seconds
 * the wall clock has moved against the monotonic one since the last time if that is more than
 * POLICY_CLOCK_JUMP_S; else 0. */
struct wall policy_clock_now(
	struct policy_clock *clock, struct wall wall, struct mono mono, int64_t *jumped_s);
