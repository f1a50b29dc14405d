/* SPDX-License-Identifier: BSD-3-Clause */
/* How much of what may cross. */
#include "dataplane/police.h"

static const struct {
	uint32_t rate_pps;
	uint32_t burst_packets;
	bool of_all; /* comes to all workers; else to the first alone */
} bounds[POLICE_KINDS] = {
	[POLICE_ARP] = {200, 100, false},
	[POLICE_ND] = {200, 100, false},
	[POLICE_ECHO] = {100, 50, false},
	[POLICE_ICMP_ERROR] = {200, 100, true},
	[POLICE_RESET] = {10000, 2000, true},
	[POLICE_CHALLENGE] = {1000, 1000, true},
};

void police_init(struct police *police, uint32_t workers)
{
	for (int kind = 0; kind < POLICE_KINDS; kind++) {
		uint64_t parts = bounds[kind].of_all ? workers : 1;
		uint64_t interval_ns = NS_PER_S * parts / bounds[kind].rate_pps;

		police->buckets[kind] = (struct bucket){
			.interval_ns = interval_ns,
			.burst_ns = interval_ns * (bounds[kind].burst_packets / parts),
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
