/* SPDX-License-Identifier: BSD-3-Clause */
/* Two frames, one behind the other, the first byte being the length of the first: whatever the short
 * way of a SYN takes, the long way takes and answers alike; also the second one with the shape of the
 * first. Their checksums are made right. */
#include "tests/unit/syn_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct syn_shape shape = {0};
	uint8_t frames[2][PLAIN_SYN_MAX_BYTES];
	struct plain_syn said;
	uint32_t lens[2];

	if (len == 0)
		return 0;
	lens[0] = data[0] % (PLAIN_SYN_MAX_BYTES + 1);
	if (lens[0] > len - 1)
		lens[0] = (uint32_t)len - 1;
	lens[1] = (uint32_t)len - 1 - lens[0];
	if (lens[1] > PLAIN_SYN_MAX_BYTES)
		lens[1] = PLAIN_SYN_MAX_BYTES;
	memcpy(frames[0], data + 1, lens[0]);
	memcpy(frames[1], data + 1 + lens[0], lens[1]);
	syn_both_ways(view_make(frames[0], lens[0]), &shape);
	for (int i = 0; i < 2; i++) {
		if (lens[i] >= 14)
			syn_mend(frames[i], lens[i]);
		syn_both_ways(view_make(frames[i], lens[i]), &shape);
		if (plain_syn_read(frames[i], lens[i], &said))
			syn_shape_learn(&shape, frames[i], lens[i], &said, 1500);
	}
	return 0;
}
