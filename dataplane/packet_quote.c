/* SPDX-License-Identifier: BSD-3-Clause */
/* The packet that an ICMP error quotes: its tuple and sequence number, by which the error is matched
 * with a live flow (RFC 792, RFC 4443 section 3, RFC 5927 section 4). */
#include "dataplane/packet_int.h"

enum {
	QUOTE_TRANSPORT_BYTES = 8,   /* what RFC 792 promises, and all that is read */
	IPV4_FRAGMENT_BITS = 0x3fff, /* more fragments, and the offset */
};

/* Total length and checksum are not looked at: routers change them on the way. */
static bool read_ipv4(struct view quote, struct tuple *tuple, uint32_t *header_bytes)
{
	if (quote.len < IPV4_HEADER_BYTES || quote.p[0] >> 4 != 4)
		return false;
	*header_bytes = (quote.p[0] & 0x0fu) * 4;
	if (*header_bytes < IPV4_HEADER_BYTES || read_be16(quote.p + 6) & IPV4_FRAGMENT_BITS)
		return false;
	tuple->protocol = quote.p[9];
	memcpy(tuple->src, quote.p + 12, 4);
	memcpy(tuple->dst, quote.p + 16, 4);
	return true;
}

static bool read_ipv6(struct view quote, struct tuple *tuple, uint32_t *header_bytes)
{
	uint32_t walked;

	if (quote.len < IPV6_HEADER_BYTES || quote.p[0] >> 4 != 6)
		return false;
	tuple->protocol = quote.p[6];
	if (packet_walk_extensions(
		    view_sub(quote, IPV6_HEADER_BYTES, quote.len), &tuple->protocol, &walked))
		return false;
	*header_bytes = IPV6_HEADER_BYTES + walked;
	memcpy(tuple->src, quote.p + 8, 16);
	memcpy(tuple->dst, quote.p + 24, 16);
	return true;
}

enum packet_cause packet_parse_quote(struct view quote, struct packet *out)
{
	struct tuple *tuple = &out->icmp.quoted;
	struct view transport;
	uint32_t header_bytes;

	tuple->family = out->tuple.family;
	if (tuple->family == TUPLE_IPV4 ? !read_ipv4(quote, tuple, &header_bytes)
					: !read_ipv6(quote, tuple, &header_bytes))
		return PACKET_CAUSE_bad_icmp_quote;
	transport = view_sub(quote, header_bytes, QUOTE_TRANSPORT_BYTES);
	/* An error goes to whoever sent the packet; anything else is forged. */
	if (transport.len < QUOTE_TRANSPORT_BYTES ||
		memcmp(tuple->src, out->tuple.dst, sizeof(tuple->src)) != 0)
		return PACKET_CAUSE_bad_icmp_quote;
	switch (tuple->protocol) {
	case PROTOCOL_NUMBER_TCP:
		out->icmp.quoted_seq = read_be32(transport.p + 4);
		/* fall through */
	case PROTOCOL_NUMBER_UDP:
		tuple->src_port = read_be16(transport.p);
		tuple->dst_port = read_be16(transport.p + 2);
		break;
	case PROTOCOL_NUMBER_ICMP:
	case PROTOCOL_NUMBER_ICMP6:
		break;
	default:
		return PACKET_CAUSE_bad_icmp_quote;
	}
	out->icmp.is_error = true;
	return PACKET_CAUSE_none;
}
