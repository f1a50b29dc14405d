/* SPDX-License-Identifier: BSD-3-Clause */
/* Between the files of the frame parser: packet.c reads down to the IP header, packet_transport.c
 * what IP carries, packet_quote.c what an ICMP error quotes. */
#pragma once

#include "dataplane/packet.h"

enum {
	IPV4_HEADER_BYTES = 20,
	IPV6_HEADER_BYTES = 40,
	ICMP_HEADER_BYTES = 8,
};

static inline uint16_t read_be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t read_be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Walk the extension headers at the start of an IPv6 payload, of which the first is of type *next.
 * Leaves the transport in *next and the bytes walked over in *walked. */
enum packet_cause packet_walk_extensions(struct view payload, uint8_t *next, uint32_t *walked);

/* Read what the IP header carries. Expects tuple (but ports), l3_offset, l3_bytes, hop_limit and
 * datagram_end. The segment is exactly the rest of the datagram. */
enum packet_cause packet_parse_transport(struct view segment, struct packet *out);

/* Read the packet that an ICMP error quotes into icmp.quoted. */
enum packet_cause packet_parse_quote(struct view quote, struct packet *out);
