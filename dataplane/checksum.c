/* SPDX-License-Identifier: BSD-3-Clause */
/* The internet checksum. */
#include "dataplane/checksum.h"

#include <endian.h>

/* One's complement addition does not care about byte order until the end (RFC 1071 section 2 B), so
 * the sum is kept in the machine's own. Words of 32 bits into 64: no carry is lost below 16 GiB. */
uint64_t checksum_add(uint64_t sum, struct view bytes)
{
	const uint8_t *p = bytes.p;
	uint32_t left = bytes.len;
	uint64_t second = 0; /* two sums: two additions at a time */

	for (; left >= 16; p += 16, left -= 16) {
		uint64_t words[2];

		memcpy(words, p, sizeof(words));
		sum += (words[0] & 0xffffffff) + (words[0] >> 32);
		second += (words[1] & 0xffffffff) + (words[1] >> 32);
	}
	sum += second;
	for (; left >= 4; p += 4, left -= 4) {
		uint32_t word;

		memcpy(&word, p, sizeof(word));
		sum += word;
	}
	if (left) {
		uint32_t word = 0;

		memcpy(&word, p, left);
		sum += word;
	}
	return sum;
}

uint64_t checksum_add_pseudo(
	uint64_t sum, const struct tuple *tuple, uint8_t protocol, uint32_t l4_bytes)
{
	uint32_t address_bytes = tuple_address_bytes(tuple);

	sum = checksum_add(sum, view_make(tuple->src, address_bytes));
	sum = checksum_add(sum, view_make(tuple->dst, address_bytes));
	return sum + htobe32(l4_bytes) + htobe32(protocol);
}

uint16_t checksum_finish(uint64_t sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return be16toh((uint16_t)~sum);
}

uint16_t checksum_bytes(struct view bytes)
{
	return checksum_finish(checksum_add(0, bytes));
}

uint16_t checksum_l4(const struct tuple *tuple, uint8_t protocol, struct view segment)
{
	uint64_t sum = checksum_add_pseudo(0, tuple, protocol, segment.len);

	return checksum_finish(checksum_add(sum, segment));
}
