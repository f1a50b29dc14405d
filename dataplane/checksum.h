/* SPDX-License-Identifier: BSD-3-Clause */
/* The internet checksum (RFC 1071) over plain bytes, with the pseudo headers of IPv4 (RFC 9293
 * section 3.1) and IPv6 (RFC 8200 section 8.1). Pure; any thread. */
#pragma once

#include "dataplane/tuple.h"
#include "rules/base/view.h"

/* A sum under way: start with 0, hand it from call to call, end with checksum_finish. Every piece
 * but the last must have an even number of bytes. */
uint64_t checksum_add(uint64_t sum, struct view bytes);

/* The pseudo header of a segment of l4_bytes bytes; family and addresses come from the tuple. */
uint64_t checksum_add_pseudo(
	uint64_t sum, const struct tuple *tuple, uint8_t protocol, uint32_t l4_bytes);

/* The value for the header's field, in host order (write it big endian). Over bytes that already
 * hold a checksum the result is 0 if it is right. Never 0xffff for anything but an all-zero sum:
 * a UDP sender must send 0xffff in place of a computed 0 itself (RFC 768). */
uint16_t checksum_finish(uint64_t sum);

/* Over plain bytes: IPv4 header, ICMP for IPv4. */
uint16_t checksum_bytes(struct view bytes);
/* With the pseudo header: TCP, UDP, ICMPv6. */
uint16_t checksum_l4(const struct tuple *tuple, uint8_t protocol, struct view segment);
