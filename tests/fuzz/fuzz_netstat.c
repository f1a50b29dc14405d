/* SPDX-License-Identifier: BSD-3-Clause */
/* proc(5) net/netstat. What is refused leaves the counters alone. */
#include <stdint.h>
#include <stdlib.h>

#include "dataplane/netstat.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	uint64_t counts[NETSTAT_COUNT];

	for (uint32_t i = 0; i < NETSTAT_COUNT; i++)
		counts[i] = 41 + i;
	if (netstat_read(view_make(data, len), counts))
		return 0;
	for (uint32_t i = 0; i < NETSTAT_COUNT; i++)
		if (counts[i] != 41 + i)
			abort();
	return 0;
}
