/* SPDX-License-Identifier: BSD-3-Clause */
/* One Ethernet frame: link layer, ARP, and the headers of IPv4 and IPv6. */
#include "dataplane/packet.h"

#include "dataplane/checksum.h"
#include "dataplane/packet_int.h"

enum {
	ETHERTYPE_V4 = 0x0800,
	ETHERTYPE_ARP_V4 = 0x0806,
	ETHERTYPE_TAG = 0x8100,
	ETHERTYPE_SERVICE_TAG = 0x88a8,
	ETHERTYPE_V6 = 0x86dd,

	VLAN_ID_MASK = 0x0fff, /* as a value: reserved */

	ARP_BYTES = 28,

	IPV4_RESERVED_BIT = 0x8000,
	IPV4_FRAGMENT_BITS = 0x3fff, /* more fragments, and the offset */
};

static bool all_zero(const uint8_t *p, size_t len)
{
	uint8_t any = 0;

	for (size_t i = 0; i < len; i++)
		any |= p[i];
	return any == 0;
}

/* 28 bytes, Ethernet and IPv4, request or reply (RFC 826, RFC 5227). */
static enum packet_cause parse_arp(struct view frame, struct packet *out)
{
	static const uint8_t ethernet_ipv4[] = {0, 1, 8, 0, 6, 4};
	struct view arp = view_sub(frame, out->l3_offset, ARP_BYTES);
	uint16_t operation;

	if (arp.len < ARP_BYTES)
		return PACKET_CAUSE_truncated;
	operation = read_be16(arp.p + 6);
	if (memcmp(arp.p, ethernet_ipv4, sizeof(ethernet_ipv4)) != 0 || operation < 1 ||
		operation > 2)
		return PACKET_CAUSE_bad_arp;
	/* A reply or announcement in the name of a group would redirect everybody. */
	if (arp.p[8] & 1)
		return PACKET_CAUSE_bad_arp;
	out->kind = PACKET_ARP;
	out->arp.operation = operation;
	out->tuple.family = TUPLE_IPV4;
	memcpy(out->tuple.src, arp.p + 14, 4);
	memcpy(out->tuple.dst, arp.p + 24, 4);
	out->l3_bytes = ARP_BYTES;
	out->datagram_end = (uint16_t)(out->l3_offset + ARP_BYTES);
	return PACKET_CAUSE_none;
}

/* 0/8, 127/8, and as a sender everything from 224/4 on (RFC 1122 section 3.2.1.3, RFC 6890). */
static bool ipv4_addresses_are_sane(const uint8_t *src, const uint8_t *dst)
{
	return src[0] != 0 && src[0] != 127 && src[0] < 224 && dst[0] != 0 && dst[0] != 127 &&
	       memcmp(src, dst, 4) != 0;
}

static enum packet_cause parse_ipv4(struct view frame, struct packet *out)
{
	struct view ip = view_sub(frame, out->l3_offset, frame.len);
	uint32_t header_bytes;
	uint32_t total_bytes;
	uint16_t fragment;

	if (ip.len < IPV4_HEADER_BYTES)
		return PACKET_CAUSE_truncated;
	header_bytes = (ip.p[0] & 0x0fu) * 4;
	total_bytes = read_be16(ip.p + 2);
	if (ip.p[0] >> 4 != 4 || header_bytes < IPV4_HEADER_BYTES || total_bytes < header_bytes)
		return PACKET_CAUSE_bad_ip_header;
	if (total_bytes > PACKET_DATAGRAM_MAX_BYTES)
		return PACKET_CAUSE_oversized;
	if (total_bytes > ip.len)
		return PACKET_CAUSE_truncated;
	if (checksum_bytes(view_sub(ip, 0, header_bytes)) != 0)
		return PACKET_CAUSE_bad_ip_checksum;
	fragment = read_be16(ip.p + 6);
	if (fragment & IPV4_RESERVED_BIT || ip.p[8] == 0)
		return PACKET_CAUSE_bad_ip_header;
	if (fragment & IPV4_FRAGMENT_BITS)
		return PACKET_CAUSE_ip_fragment;
	if (header_bytes != IPV4_HEADER_BYTES)
		return PACKET_CAUSE_ip_options;
	if (!ipv4_addresses_are_sane(ip.p + 12, ip.p + 16))
		return PACKET_CAUSE_bad_ip_address;

	out->tuple.family = TUPLE_IPV4;
	out->tuple.protocol = ip.p[9];
	memcpy(out->tuple.src, ip.p + 12, 4);
	memcpy(out->tuple.dst, ip.p + 16, 4);
	out->hop_limit = ip.p[8];
	out->l3_bytes = (uint16_t)header_bytes;
	out->datagram_end = (uint16_t)(out->l3_offset + total_bytes);
	return packet_parse_transport(view_sub(ip, header_bytes, total_bytes - header_bytes), out);
}

/* ::1, ::ffff:0:0/96, a group as sender, and the unspecified address as target. */
static bool ipv6_addresses_are_sane(const uint8_t *src, const uint8_t *dst)
{
	const uint8_t *both[] = {src, dst};

	for (size_t i = 0; i < 2; i++) {
		const uint8_t *a = both[i];

		if (!all_zero(a, 10))
			continue;
		if (a[10] == 0xff && a[11] == 0xff)
			return false;
		if (all_zero(a + 10, 5) && a[15] == 1)
			return false;
	}
	return src[0] != 0xff && !all_zero(dst, 16) && memcmp(src, dst, 16) != 0;
}

static enum packet_cause parse_ipv6(struct view frame, struct packet *out)
{
	struct view ip = view_sub(frame, out->l3_offset, frame.len);
	struct view payload;
	enum packet_cause cause;
	uint32_t payload_bytes;
	uint32_t walked;
	uint8_t next;

	if (ip.len < IPV6_HEADER_BYTES)
		return PACKET_CAUSE_truncated;
	payload_bytes = read_be16(ip.p + 4);
	if (ip.p[0] >> 4 != 6 || ip.p[7] == 0)
		return PACKET_CAUSE_bad_ip_header;
	if (IPV6_HEADER_BYTES + payload_bytes > PACKET_DATAGRAM_MAX_BYTES)
		return PACKET_CAUSE_oversized;
	if (IPV6_HEADER_BYTES + payload_bytes > ip.len)
		return PACKET_CAUSE_truncated;
	if (!ipv6_addresses_are_sane(ip.p + 8, ip.p + 24))
		return PACKET_CAUSE_bad_ip_address;
	next = ip.p[6];
	payload = view_sub(ip, IPV6_HEADER_BYTES, payload_bytes);
	cause = packet_walk_extensions(payload, &next, &walked);
	if (cause)
		return cause;
	if (all_zero(ip.p + 8, 16) && next != PROTOCOL_NUMBER_ICMP6)
		return PACKET_CAUSE_bad_ip_address;

	out->tuple.family = TUPLE_IPV6;
	out->tuple.protocol = next;
	memcpy(out->tuple.src, ip.p + 8, 16);
	memcpy(out->tuple.dst, ip.p + 24, 16);
	out->hop_limit = ip.p[7];
	out->l3_bytes = (uint16_t)(IPV6_HEADER_BYTES + walked);
	out->datagram_end = (uint16_t)(out->l3_offset + IPV6_HEADER_BYTES + payload_bytes);
	return packet_parse_transport(view_sub(payload, walked, payload.len), out);
}

enum packet_cause packet_parse(struct view frame, struct packet *out)
{
	uint16_t ethertype;

	memset(out, 0, sizeof(*out));
	if (frame.len < PACKET_ETHERNET_BYTES)
		return PACKET_CAUSE_truncated;
	if (frame.len > PACKET_FRAME_MAX_BYTES)
		return PACKET_CAUSE_oversized;
	if (frame.p[6] & 1)
		return PACKET_CAUSE_bad_source_mac;
	out->l3_offset = PACKET_ETHERNET_BYTES;
	ethertype = read_be16(frame.p + 12);
	if (ethertype == ETHERTYPE_TAG) {
		if (frame.len < PACKET_ETHERNET_BYTES + PACKET_VLAN_BYTES)
			return PACKET_CAUSE_truncated;
		out->has_vlan = true;
		out->vlan_tci = read_be16(frame.p + 14);
		out->l3_offset += PACKET_VLAN_BYTES;
		ethertype = read_be16(frame.p + 16);
		if ((out->vlan_tci & VLAN_ID_MASK) == VLAN_ID_MASK)
			return PACKET_CAUSE_bad_vlan;
	}
	switch (ethertype) {
	case ETHERTYPE_V4:
		return parse_ipv4(frame, out);
	case ETHERTYPE_V6:
		return parse_ipv6(frame, out);
	case ETHERTYPE_ARP_V4:
		return parse_arp(frame, out);
	case ETHERTYPE_TAG:
	case ETHERTYPE_SERVICE_TAG:
		return PACKET_CAUSE_bad_vlan;
	default:
		return PACKET_CAUSE_bad_ethertype;
	}
}

const char *packet_cause_name(enum packet_cause cause)
{
	static const char *const names[PACKET_CAUSE_COUNT] = {[PACKET_CAUSE_none] = "none",
#define PACKET_CAUSE_NAME(name, text) [PACKET_CAUSE_##name] = #name,
		PACKET_CAUSES(PACKET_CAUSE_NAME)
#undef PACKET_CAUSE_NAME
	};

	return (unsigned)cause < PACKET_CAUSE_COUNT ? names[cause] : "unknown";
}
