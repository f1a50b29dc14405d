/* SPDX-License-Identifier: BSD-3-Clause */
/* What IP carries: TCP, UDP, ICMP for both versions. */
#include "dataplane/checksum.h"
#include "dataplane/packet_int.h"

enum {
	TCP_HEADER_BYTES = 20,
	UDP_HEADER_BYTES = 8,
	ND_HOP_LIMIT = 255,
	ND_OPTION_UNIT_BYTES = 8,
};

/* Each option inside the header, those of fixed length of that length (RFC 9293 section 3.1). */
static bool tcp_options_are_sane(struct view options)
{
	static const uint8_t fixed_bytes[] = {[2] = 4, [3] = 3, [4] = 2, [8] = 10, [19] = 18};
	uint32_t at = 0;

	while (at < options.len) {
		uint8_t kind = options.p[at];
		uint8_t len;

		if (kind == 0)
			return true; /* the end; what follows is padding */
		if (kind == 1) {
			at++;
			continue;
		}
		if (options.len - at < 2)
			return false;
		len = options.p[at + 1];
		if (len < 2 || len > options.len - at)
			return false;
		if (kind < sizeof(fixed_bytes) && fixed_bytes[kind] && len != fixed_bytes[kind])
			return false;
		if (kind == 5 && (len < 10 || (len - 2) % 8 != 0)) /* SACK, RFC 2018 */
			return false;
		at += len;
	}
	return true;
}

/* SYN, SYN ACK, ACK, RST, RST ACK, FIN ACK; never all of FIN, PSH and URG. */
static bool tcp_flags_are_sane(uint8_t flags)
{
	switch (flags & (TCP_SYN | TCP_RST | TCP_FIN | TCP_ACK)) {
	case TCP_SYN:
	case TCP_SYN | TCP_ACK:
	case TCP_ACK:
	case TCP_RST:
	case TCP_RST | TCP_ACK:
	case TCP_FIN | TCP_ACK:
		break;
	default:
		return false;
	}
	return (flags & (TCP_FIN | TCP_PSH | TCP_URG)) != (TCP_FIN | TCP_PSH | TCP_URG);
}

static enum packet_cause parse_tcp(struct view segment, struct packet *out)
{
	uint32_t header_bytes;

	if (segment.len < TCP_HEADER_BYTES)
		return PACKET_CAUSE_bad_tcp_header;
	header_bytes = (segment.p[12] >> 4) * 4u;
	if (header_bytes < TCP_HEADER_BYTES || header_bytes > segment.len)
		return PACKET_CAUSE_bad_tcp_header;
	if (checksum_l4(&out->tuple, PROTOCOL_NUMBER_TCP, segment) != 0)
		return PACKET_CAUSE_bad_tcp_checksum;
	out->kind = PACKET_TCP;
	out->tuple.src_port = read_be16(segment.p);
	out->tuple.dst_port = read_be16(segment.p + 2);
	out->tcp.seq = read_be32(segment.p + 4);
	out->tcp.ack = read_be32(segment.p + 8);
	out->tcp.flags = segment.p[13];
	out->tcp.window = read_be16(segment.p + 14);
	out->l4_bytes = (uint16_t)header_bytes;
	if (out->tuple.src_port == 0 || out->tuple.dst_port == 0)
		return PACKET_CAUSE_bad_tcp_header;
	if (!tcp_flags_are_sane(out->tcp.flags))
		return PACKET_CAUSE_bad_tcp_flags;
	if (!tcp_options_are_sane(
		    view_sub(segment, TCP_HEADER_BYTES, header_bytes - TCP_HEADER_BYTES)))
		return PACKET_CAUSE_bad_tcp_header;
	return PACKET_CAUSE_none;
}

static enum packet_cause parse_udp(struct view segment, struct packet *out)
{
	if (segment.len < UDP_HEADER_BYTES || read_be16(segment.p + 4) != segment.len)
		return PACKET_CAUSE_bad_udp_header;
	if (read_be16(segment.p + 6) == 0) {
		if (out->tuple.family == TUPLE_IPV6) /* RFC 8200 section 8.1 */
			return PACKET_CAUSE_bad_udp_checksum;
	} else if (checksum_l4(&out->tuple, PROTOCOL_NUMBER_UDP, segment) != 0) {
		return PACKET_CAUSE_bad_udp_checksum;
	}
	out->kind = PACKET_UDP;
	out->tuple.src_port = read_be16(segment.p);
	out->tuple.dst_port = read_be16(segment.p + 2);
	out->l4_bytes = UDP_HEADER_BYTES;
	if (out->tuple.src_port == 0 || out->tuple.dst_port == 0)
		return PACKET_CAUSE_bad_udp_header;
	return PACKET_CAUSE_none;
}

static void take_icmp(struct view message, enum packet_kind kind, struct packet *out)
{
	out->kind = kind;
	out->icmp.type = message.p[0];
	out->icmp.code = message.p[1];
	out->icmp.rest = read_be32(message.p + 4);
	out->l4_bytes = ICMP_HEADER_BYTES;
}

static enum packet_cause parse_icmp4(struct view message, struct packet *out)
{
	if (message.len < ICMP_HEADER_BYTES)
		return PACKET_CAUSE_bad_icmp_header;
	if (checksum_bytes(message) != 0)
		return PACKET_CAUSE_bad_icmp_checksum;
	take_icmp(message, PACKET_ICMP, out);
	switch (out->icmp.type) {
	case 3:  /* destination unreachable */
	case 11: /* time exceeded */
	case 12: /* parameter problem */
		return packet_parse_quote(view_sub(message, ICMP_HEADER_BYTES, message.len), out);
	default:
		return PACKET_CAUSE_none;
	}
}

/* Neighbour discovery (RFC 4861 sections 4 and 6.1, 7.1, 8.1): never from beyond a router. */
static enum packet_cause check_discovery(struct view message, struct packet *out)
{
	static const uint8_t least_bytes[] = {[ICMP6_TYPE_ROUTER_SOLICIT - 133] = 8,
		[ICMP6_TYPE_ROUTER_ADVERT - 133] = 16,
		[ICMP6_TYPE_NEIGHBOUR_SOLICIT - 133] = 24,
		[ICMP6_TYPE_NEIGHBOUR_ADVERT - 133] = 24,
		[ICMP6_TYPE_REDIRECT - 133] = 40};
	uint32_t at = least_bytes[out->icmp.type - ICMP6_TYPE_ROUTER_SOLICIT];

	if (out->hop_limit != ND_HOP_LIMIT || out->icmp.code != 0 || message.len < at)
		return PACKET_CAUSE_bad_icmp_header;
	if (out->icmp.type == ICMP6_TYPE_NEIGHBOUR_SOLICIT ||
		out->icmp.type == ICMP6_TYPE_NEIGHBOUR_ADVERT) {
		memcpy(out->icmp.nd_target, message.p + 8, sizeof(out->icmp.nd_target));
		if (out->icmp.nd_target[0] == 0xff)
			return PACKET_CAUSE_bad_icmp_header;
	}
	while (at < message.len) {
		uint32_t len;

		if (message.len - at < ND_OPTION_UNIT_BYTES)
			return PACKET_CAUSE_bad_icmp_header;
		len = message.p[at + 1] * (uint32_t)ND_OPTION_UNIT_BYTES;
		if (len == 0 || len > message.len - at)
			return PACKET_CAUSE_bad_icmp_header;
		at += len;
	}
	return PACKET_CAUSE_none;
}

static enum packet_cause parse_icmp6(struct view message, struct packet *out)
{
	if (message.len < ICMP_HEADER_BYTES)
		return PACKET_CAUSE_bad_icmp_header;
	if (checksum_l4(&out->tuple, PROTOCOL_NUMBER_ICMP6, message) != 0)
		return PACKET_CAUSE_bad_icmp_checksum;
	take_icmp(message, PACKET_ICMP6, out);
	if (out->icmp.type >= 1 && out->icmp.type <= 4)
		return packet_parse_quote(view_sub(message, ICMP_HEADER_BYTES, message.len), out);
	if (out->icmp.type >= ICMP6_TYPE_ROUTER_SOLICIT && out->icmp.type <= ICMP6_TYPE_REDIRECT)
		return check_discovery(message, out);
	return PACKET_CAUSE_none;
}

/* ICMP belongs to its own version of IP. */
static enum packet_cause parse_by_protocol(struct view segment, struct packet *out)
{
	bool v4 = out->tuple.family == TUPLE_IPV4;

	switch (out->tuple.protocol) {
	case PROTOCOL_NUMBER_TCP:
		return parse_tcp(segment, out);
	case PROTOCOL_NUMBER_UDP:
		return parse_udp(segment, out);
	case PROTOCOL_NUMBER_ICMP:
		return v4 ? parse_icmp4(segment, out) : PACKET_CAUSE_bad_ip_protocol;
	case PROTOCOL_NUMBER_ICMP6:
		return v4 ? PACKET_CAUSE_bad_ip_protocol : parse_icmp6(segment, out);
	default:
		return PACKET_CAUSE_bad_ip_protocol;
	}
}

enum packet_cause packet_parse_transport(struct view segment, struct packet *out)
{
	enum packet_cause cause;

	out->l4_offset = (uint16_t)(out->l3_offset + out->l3_bytes);
	cause = parse_by_protocol(segment, out);
	if (cause)
		return cause;
	out->payload_offset = (uint16_t)(out->l4_offset + out->l4_bytes);
	out->payload_bytes = (uint16_t)(out->datagram_end - out->payload_offset);
	return PACKET_CAUSE_none;
}
