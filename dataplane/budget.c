/* SPDX-License-Identifier: BSD-3-Clause */
/* Shared buckets: a count-min sketch of GCRA, with conservative update. */
#include "dataplane/budget.h"

struct budget_rate budget_rate_make(uint32_t per_second, uint32_t burst)
{
	uint64_t interval_ns = NS_PER_S / (per_second ? per_second : 1);

	return (struct budget_rate){interval_ns, interval_ns * (burst ? burst : 1)};
}

uint64_t budget_source(const struct hash_secret *secret, const struct tuple *tuple)
{
	uint64_t address;

	memcpy(&address, tuple->src, sizeof(address));
	return budget_of(secret, budget_net(tuple->family, address));
}
