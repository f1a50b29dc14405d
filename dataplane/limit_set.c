/* SPDX-License-Identifier: BSD-3-Clause */
/* The limits of the rules in the form that packets are counted against. */
#include "dataplane/limit_set.h"

enum { PACKETS_LEASE = 32, BYTES_LEASE = 32 * 1024 };

void limit_set_make(const struct limits *limits, struct limit_set *out)
{
	const uint64_t *v = limits->value;

	/* A new connection is dear enough to be counted one by one. */
	out->rates[RATE_CONNECTIONS] =
		rate_make(v[LIMIT_new_connections_per_s], v[LIMIT_new_connections_burst], 1);
	out->rates[RATE_PACKETS] =
		rate_make(v[LIMIT_packets_per_s], v[LIMIT_packets_burst], PACKETS_LEASE);
	out->rates[RATE_BYTES] = rate_make(v[LIMIT_bytes_per_s], v[LIMIT_bytes_burst], BYTES_LEASE);
	out->connections = (uint32_t)v[LIMIT_connections];
}

struct limits limits_least(const struct limits *a, const struct limits *b)
{
	struct limits least;

	for (unsigned key = 0; key < LIMIT_COUNT; key++)
		least.value[key] = a->value[key] < b->value[key] ? a->value[key] : b->value[key];
	return least;
}

struct limits limits_narrow(const struct limits *limits)
{
	struct limits narrow;

	for (unsigned key = 0; key < LIMIT_COUNT; key++)
		narrow.value[key] = limits->value[key] - limits->value[key] / 4;
	return narrow;
}
