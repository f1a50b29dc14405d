/* SPDX-License-Identifier: BSD-3-Clause */
/* The internet checksum (RFC 1071) over plain bytes, with the pseudo headers of IPv4 (RFC 9293
 * section 3.1) and IPv6 (RFC 8200 section 8.1). Pure; any thread. Inline:
 * most sums here are of some sixty bytes, and there are two or three to a frame. */
#pragma once

#include <endian.h>

#include "dataplane/tuple.h"
#include "rules/base/view.h"

/* A sum under way: start with 0, hand it from call to call, end with checksum_finish. Every piece
 * but the last must have an even number of bytes. */
static inline uint64_t checksum_add(uint64_t sum, struct view bytes)
{
	/* Addition does not care about byte order until the end (RFC 1071 section 2 B), so the sum is
	 * kept in the machine's own. Words of 32 bits into 64: no carry is lost below 16 GiB. */
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

/* The pseudo header of a segment of l4_bytes bytes; family and addresses come from the tuple. */
static inline uint64_t checksum_add_pseudo(
	uint64_t sum, const struct tuple *tuple, uint8_t protocol, uint32_t l4_bytes)
{
	uint32_t address_bytes = tuple_address_bytes(tuple);

	sum = checksum_add(sum, view_make(tuple->src, address_bytes));
	sum = checksum_add(sum, view_make(tuple->dst, address_bytes));
	return sum + htobe32(l4_bytes) + htobe32(protocol);
}

/* The value for the header's field, in host order (write it big endian). Over bytes that already
 * hold a checksum the result is 0 if it is right. Never 0xffff for anything but an all-zero sum:
 * a UDP sender must send 0xffff in place of a computed 0 itself (RFC 768). */
static inline uint16_t checksum_finish(uint64_t sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return be16toh((uint16_t)~sum);
}

/* Over plain bytes: IPv4 header, ICMP for IPv4. */
static inline uint16_t checksum_bytes(struct view bytes)
{
	return checksum_finish(checksum_add(0, bytes));
}
/* With the pseudo header: TCP, UDP, ICMPv6. */
static inline uint16_t checksum_l4(const struct tuple *tuple, uint8_t protocol, struct view segment)
{
	uint64_t sum = checksum_add_pseudo(0, tuple, protocol, segment.len);

	return checksum_finish(checksum_add(sum, segment));
}
