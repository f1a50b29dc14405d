/* SPDX-License-Identifier: BSD-3-Clause */
/* TCP sequence numbers (RFC 9293 section 3.4): a circle of 2^32. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* a lies before b. */
static inline bool sequence_before(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

/* a is b or lies behind it. */
static inline bool sequence_reached(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) >= 0;
}
