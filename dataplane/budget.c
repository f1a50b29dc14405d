/* SPDX-License-Identifier: BSD-3-Clause */
/* Shared buckets: a count-min sketch of GCRA, with conservative update. */
#include "dataplane/budget.h"

enum { NET_BYTES_IPV4 = 3, NET_BYTES_IPV6 = 7 };

struct budget_rate budget_rate_make(uint32_t per_second, uint32_t burst)
{
	uint64_t interval_ns = NS_PER_S / (per_second ? per_second : 1);

	return (struct budget_rate){interval_ns, interval_ns * (burst ? burst : 1)};
}

uint64_t budget_source(const struct hash_secret *secret, const struct tuple *tuple)
{
	/* One word, whose last byte keeps the families apart. */
	uint64_t net;

	memcpy(&net, tuple->src, sizeof(net));
	net &= (UINT64_C(1) << (8 *
				(tuple->family == TUPLE_IPV4 ? NET_BYTES_IPV4 : NET_BYTES_IPV6))) -
	       1;
	net |= (uint64_t)tuple->family << 56;
	return hash_bytes(secret, &net, sizeof(net));
}

bool budget_take(
	struct budget *budget, uint64_t source, const struct budget_rate *rate, struct mono now)
{
	uint64_t *a = &budget->full_ns[0][source % BUDGET_SLOTS];
	uint64_t *b = &budget->full_ns[1][(source >> 32) % BUDGET_SLOTS];
	uint64_t full_ns = *a < *b ? *a : *b;

	if (full_ns < now.ns)
		full_ns = now.ns;
	full_ns += rate->interval_ns;
	if (full_ns > now.ns + rate->burst_ns)
		return false;
	/* No more than this source has taken: what stands higher is another's. */
	if (*a < full_ns)
		*a = full_ns;
	if (*b < full_ns)
		*b = full_ns;
	return true;
}
