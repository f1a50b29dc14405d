/* SPDX-License-Identifier: BSD-3-Clause */
/* How much of what may cross. */
#include "dataplane/police.h"

static const struct {
	uint32_t rate_pps;
	uint32_t burst_packets;
} bounds[POLICE_KINDS] = {
	[POLICE_ARP] = {200, 100},
	[POLICE_ND] = {200, 100},
	[POLICE_ECHO] = {100, 50},
	[POLICE_ICMP_ERROR] = {200, 100},
	[POLICE_RESET] = {10000, 2000},
};

void police_init(struct police *police)
{
	for (int kind = 0; kind < POLICE_KINDS; kind++) {
		uint64_t interval_ns = NS_PER_S / bounds[kind].rate_pps;

		police->buckets[kind] = (struct bucket){
			.interval_ns = interval_ns,
			.burst_ns = interval_ns * bounds[kind].burst_packets,
		};
	}
}

bool police_allow(struct police *police, enum police_kind kind, struct mono now)
{
	struct bucket *b = &police->buckets[kind];
	uint64_t full_ns = (b->full_ns > now.ns ? b->full_ns : now.ns) + b->interval_ns;

	if (full_ns - now.ns > b->burst_ns)
		return false;
	b->full_ns = full_ns;
	return true;
}
