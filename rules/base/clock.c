/* SPDX-License-Identifier: BSD-3-Clause */
/* The kernel's clocks as typed time. */
#include "rules/base/clock.h"

#include <time.h>

struct mono mono_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (struct mono){(uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec};
}

struct wall wall_now(void)
{
	return (struct wall){(int64_t)time(NULL)};
}
