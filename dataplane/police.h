/* SPDX-License-Identifier: BSD-3-Clause */
/* How much of what may cross. Fixed bounds for what no partner is accountable for. Knows kinds and
 * the clock, nothing of frames. */
#pragma once

#include <stdbool.h>

#include "rules/base/clock.h"

enum police_kind {
	POLICE_ARP,
	POLICE_ND,
	POLICE_ECHO,
	POLICE_ICMP_ERROR,
	POLICE_RESET,     /* answers to what is refused */
	POLICE_CHALLENGE, /* answers to SYNs of open connections */
	POLICE_KINDS
};

/* A token bucket kept as the time when it is full again (GCRA): one add and one compare. */
struct bucket {
	uint64_t interval_ns; /* that one token takes to come back */
	uint64_t burst_ns;    /* interval x tokens in the full bucket */
	uint64_t full_ns;     /* when it is full again */
};

struct police {
	struct bucket buckets[POLICE_KINDS];
};

/* All buckets full. One of so many workers: of what comes to all of them, each may let its part
 * pass. */
void police_init(struct police *police, uint32_t workers);
/* Take a token; false if there is none. The worker. */
bool police_allow(struct police *police, enum police_kind kind, struct mono now);
