/* SPDX-License-Identifier: BSD-3-Clause */
/* Time as types, so that seconds and nanoseconds, and the two clocks, cannot be mixed. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Monotonic time: limits, expiries, cookies. */
struct mono {
	uint64_t ns; /* since an arbitrary start */
};

/* Wall clock: licences and certificates only. */
struct wall {
	int64_t s; /* since 1970-01-01 UTC */
};

/* DPDK has a floating-point one, whose header comes first where both are included. */
#undef NS_PER_S
#define NS_PER_S  UINT64_C(1000000000)
#define NS_PER_MS UINT64_C(1000000)
#define NS_PER_US UINT64_C(1000)

/* The kernel's clocks. Only main loops call these; everything below takes the time as a
 * parameter, which is how tests own the clock. */
struct mono mono_now(void);
struct wall wall_now(void);

static inline struct mono mono_after_ms(struct mono t, uint64_t ms)
{
	return (struct mono){t.ns + ms * NS_PER_MS};
}

static inline bool mono_reached(struct mono now, struct mono deadline)
{
	return now.ns >= deadline.ns;
}

/* now - then in milliseconds, 0 if then lies ahead. */
static inline uint64_t mono_since_ms(struct mono now, struct mono then)
{
	return now.ns > then.ns ? (now.ns - then.ns) / NS_PER_MS : 0;
}
