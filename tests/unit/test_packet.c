/* SPDX-License-Identifier: BSD-3-Clause */
/* The frame parser: what it finds in good frames, and which cause it gives for each bad one. */
#include "tests/unit/test.h"

#include <stdlib.h>

#include "dataplane/packet.h"
#include "tests/unit/frame.h"

enum kind {
	TCP4,
	TCP6,
	TCP4_VLAN,
	UDP4,
	UDP6,
	ECHO4,
	ECHO6,
	ERROR4,
	ERROR6,
	SOLICIT,
	ARP_ASK,
	KINDS
};

/* What the receiver of the error sent: TCP from our destination address back to the source. */
static void put_quote(struct frame *f)
{
	if (f->v6) {
		frame_put32(f, 0x60000000);
		frame_put32(f, 0x00140640);
		frame_put(f, frame_v6_dst, 16);
		frame_put(f, frame_v6_src, 16);
	} else {
		frame_put32(f, 0x450005dc);
		frame_put32(f, 0x00004000);
		frame_put32(f, 0x40060000);
		frame_put(f, frame_v4_dst, 4);
		frame_put(f, frame_v4_src, 4);
	}
	frame_put16(f, 5269);
	frame_put16(f, 40000);
	frame_put32(f, 0x11223344);
}

static void put_icmp(struct frame *f, unsigned type, unsigned code, uint32_t rest)
{
	frame_put8(f, type);
	frame_put8(f, code);
	frame_put16(f, 0);
	frame_put32(f, rest);
}

static void put_arp(struct frame *f)
{
	static const uint8_t zeros[6];

	frame_ethernet(f, 0x0806, FRAME_NO_VLAN);
	frame_put32(f, 0x00010800);
	frame_put32(f, 0x06040001);
	frame_put(f, frame_mac_src, 6);
	frame_put(f, frame_v4_src, 4);
	frame_put(f, zeros, 6);
	frame_put(f, frame_v4_dst, 4);
	f->l4 = f->len;
}

static void build(struct frame *f, enum kind kind)
{
	bool v6 =
		kind == TCP6 || kind == UDP6 || kind == ECHO6 || kind == ERROR6 || kind == SOLICIT;

	switch (kind) {
	case TCP4:
	case TCP6:
	case TCP4_VLAN:
		frame_ip(f, v6, 6, kind == TCP4_VLAN ? 0x6064 : FRAME_NO_VLAN);
		frame_tcp(f, TCP_PSH | TCP_ACK, VIEW("<?xml version='1.0'?>"));
		break;
	case UDP4:
	case UDP6:
		frame_ip(f, v6, 17, FRAME_NO_VLAN);
		frame_udp(f, VIEW("answer"));
		break;
	case ECHO4:
	case ECHO6:
		frame_ip(f, v6, v6 ? 58 : 1, FRAME_NO_VLAN);
		put_icmp(f, v6 ? 128 : 8, 0, 0x00070001);
		frame_put(f, "ping", 4);
		break;
	case ERROR4:
	case ERROR6:
		frame_ip(f, v6, v6 ? 58 : 1, FRAME_NO_VLAN);
		put_icmp(f, v6 ? 2 : 3, v6 ? 0 : 4, 1400);
		put_quote(f);
		break;
	case SOLICIT:
		frame_ip(f, true, 58, FRAME_NO_VLAN);
		f->bytes[f->l3 + 7] = 255;
		put_icmp(f, 135, 0, 0);
		frame_put(f, frame_v6_dst, 16);
		frame_put16(f, 0x0101);
		frame_put(f, frame_mac_src, 6);
		break;
	default:
		put_arp(f);
		return;
	}
	frame_finish(f);
}

/* From a heap block of exactly that size, so that a read past its end is seen. */
static enum packet_cause parse_exact(const uint8_t *p, uint32_t len, struct packet *out)
{
	uint8_t *copy = malloc(len ? len : 1);
	enum packet_cause cause;

	assert_non_null(copy);
	memcpy(copy, p, len);
	cause = packet_parse(view_make(copy, len), out);
	free(copy);
	return cause;
}

static void tcp_is_found_with_all_its_parts(void **state)
{
	static const struct {
		enum kind kind;
		uint32_t l3, l3_bytes;
		bool vlan;
	} cases[] = {{TCP4, 14, 20, false}, {TCP6, 14, 40, false}, {TCP4_VLAN, 18, 20, true}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct frame f;
		struct packet p;

		build(&f, cases[i].kind);
		assert_int_equal(parse_exact(f.bytes, f.len, &p), PACKET_CAUSE_none);
		assert_int_equal(p.kind, PACKET_TCP);
		assert_int_equal(p.has_vlan, cases[i].vlan);
		assert_int_equal(p.vlan_tci, cases[i].vlan ? 0x6064 : 0);
		assert_int_equal(p.l3_offset, cases[i].l3);
		assert_int_equal(p.l3_bytes, cases[i].l3_bytes);
		assert_int_equal(p.l4_offset, f.l4);
		assert_int_equal(p.l4_bytes, 20);
		assert_int_equal(p.payload_offset, f.l4 + 20);
		assert_int_equal(p.datagram_end, f.len);
		assert_true(view_equal(
			packet_payload(frame_view(&f), &p), VIEW("<?xml version='1.0'?>")));
		assert_int_equal(p.tuple.family, f.v6 ? TUPLE_IPV6 : TUPLE_IPV4);
		assert_int_equal(p.tuple.protocol, 6);
		assert_int_equal(p.tuple.src_port, 40000);
		assert_int_equal(p.tuple.dst_port, 5269);
		assert_memory_equal(p.tuple.src, f.v6 ? frame_v6_src : frame_v4_src, f.v6 ? 16 : 4);
		assert_memory_equal(p.tuple.dst, f.v6 ? frame_v6_dst : frame_v4_dst, f.v6 ? 16 : 4);
		assert_int_equal(p.tcp.seq, 0x01020304);
		assert_int_equal(p.tcp.ack, 0x0a0b0c0d);
		assert_int_equal(p.tcp.flags, TCP_PSH | TCP_ACK);
		assert_int_equal(p.tcp.window, 0x2000);
		assert_int_equal(p.hop_limit, 61);
		assert_int_equal(packet_tcp_span(&p), 21);
	}
}

static void a_tuple_is_zero_where_nothing_is_and_turns_round(void **state)
{
	struct tuple back;
	struct tuple there;
	struct frame f;
	struct packet p;

	build(&f, TCP4);
	memset(&p, 0xff, sizeof(p));
	assert_int_equal(parse_exact(f.bytes, f.len, &p), PACKET_CAUSE_none);
	for (int i = 4; i < 16; i++)
		assert_int_equal(p.tuple.src[i] | p.tuple.dst[i], 0);
	assert_int_equal(p.tuple.zero, 0);
	back = tuple_reverse(&p.tuple);
	assert_int_equal(back.src_port, 5269);
	assert_memory_equal(back.src, frame_v4_dst, 4);
	assert_false(tuple_equal(&back, &p.tuple));
	there = tuple_reverse(&back);
	assert_true(tuple_equal(&there, &p.tuple));
	assert_int_equal(tuple_src_address(&back).family_bits, 32);
	assert_memory_equal(tuple_src_address(&back).bytes, back.src, 16);
	assert_memory_equal(tuple_dst_address(&back).bytes, back.dst, 16);
}

static void udp_icmp_and_arp_are_found(void **state)
{
	struct frame f;
	struct packet p;

	for (int v6 = 0; v6 < 2; v6++) {
		build(&f, v6 ? UDP6 : UDP4);
		assert_int_equal(parse_exact(f.bytes, f.len, &p), PACKET_CAUSE_none);
		assert_int_equal(p.kind, PACKET_UDP);
		assert_int_equal(p.tuple.src_port, 53);
		assert_true(view_equal(packet_payload(frame_view(&f), &p), VIEW("answer")));

		build(&f, v6 ? ECHO6 : ECHO4);
		assert_int_equal(parse_exact(f.bytes, f.len, &p), PACKET_CAUSE_none);
		assert_int_equal(p.kind, v6 ? PACKET_ICMP6 : PACKET_ICMP);
		assert_int_equal(p.icmp.type, v6 ? ICMP6_TYPE_ECHO : ICMP4_TYPE_ECHO);
		assert_int_equal(p.icmp.rest, 0x00070001);
		assert_false(p.icmp.is_error);
		assert_int_equal(p.tuple.src_port, 0);
	}
	build(&f, ARP_ASK);
	assert_int_equal(parse_exact(f.bytes, f.len, &p), PACKET_CAUSE_none);
	assert_int_equal(p.kind, PACKET_ARP);
	assert_int_equal(p.arp.operation, 1);
	assert_int_equal(p.tuple.protocol, 0);
	assert_memory_equal(p.tuple.src, frame_v4_src, 4);
	assert_memory_equal(p.tuple.dst, frame_v4_dst, 4);
	build(&f, SOLICIT);
	assert_int_equal(parse_exact(f.bytes, f.len, &p), PACKET_CAUSE_none);
	assert_int_equal(p.icmp.type, ICMP6_TYPE_NEIGHBOUR_SOLICIT);
	assert_memory_equal(p.icmp.nd_target, frame_v6_dst, 16);
}

static void an_icmp_error_tells_whose_packet_it_quotes(void **state)
{
	for (int v6 = 0; v6 < 2; v6++) {
		struct frame f;
		struct packet p;

		build(&f, v6 ? ERROR6 : ERROR4);
		assert_int_equal(parse_exact(f.bytes, f.len, &p), PACKET_CAUSE_none);
		assert_true(p.icmp.is_error);
		assert_int_equal(p.icmp.rest, 1400);
		assert_int_equal(p.icmp.quoted.family, v6 ? TUPLE_IPV6 : TUPLE_IPV4);
		assert_int_equal(p.icmp.quoted.protocol, 6);
		assert_int_equal(p.icmp.quoted.src_port, 5269);
		assert_int_equal(p.icmp.quoted.dst_port, 40000);
		assert_memory_equal(p.icmp.quoted.src, p.tuple.dst, 16);
		assert_int_equal(p.icmp.quoted_seq, 0x11223344);
	}
}

static void every_truncation_is_refused_and_every_padding_tolerated(void **state)
{
	for (enum kind kind = 0; kind < KINDS; kind++) {
		struct frame f;
		struct packet p;
		uint32_t whole;

		build(&f, kind);
		whole = f.len;
		for (uint32_t len = 0; len < whole; len++)
			if (parse_exact(f.bytes, len, &p) != PACKET_CAUSE_truncated)
				fail_msg("kind %d cut to %u of %u bytes", kind, len, whole);
		for (uint32_t len = whole; len <= whole + 46; len++) {
			if (parse_exact(f.bytes, len, &p) != PACKET_CAUSE_none)
				fail_msg("kind %d with %u bytes of padding", kind, len - whole);
			assert_int_equal(p.datagram_end, whole);
			assert_true(p.payload_offset + p.payload_bytes <= whole);
		}
	}
}

/* One byte of every good frame changed: checksums see each change behind the Ethernet header. */
static void no_single_bit_flips_unseen_under_a_checksum(void **state)
{
	static const enum kind kinds[] = {TCP4, UDP4, ECHO4, ERROR4, TCP4_VLAN};

	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		struct frame f;
		struct packet p;

		build(&f, kinds[k]);
		for (uint32_t bit = f.l3 * 8; bit < f.len * 8; bit++) {
			f.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
			if (parse_exact(f.bytes, f.len, &p) == PACKET_CAUSE_none)
				fail_msg("kind %d bit %u", kinds[k], bit);
			f.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
	}
}

enum base { FRAME_START, AT_L3, AT_L4 };

struct edit {
	enum base base;
	uint32_t offset;
	uint8_t value;
};

struct refusal {
	const char *label;
	enum kind kind;
	struct edit edits[3];
	unsigned edit_count;
	bool sums; /* make the checksums right again */
	enum packet_cause cause;
};

#define ONE(b, o, v)               {{b, o, v}}, 1
#define TWO(b, o, v, p, q)         {{b, o, v}, {b, p, q}}, 2
#define THREE(b, o, v, p, q, r, s) {{b, o, v}, {b, p, q}, {b, r, s}}, 3
#define CAUSE(name)                PACKET_CAUSE_##name

static const struct refusal refusals[] = {
	{"group source MAC", TCP4, ONE(FRAME_START, 6, 0x03), false, CAUSE(bad_source_mac)},
	{"broadcast source MAC", ARP_ASK, ONE(FRAME_START, 6, 0xff), false, CAUSE(bad_source_mac)},
	{"802.3 length", TCP4, TWO(FRAME_START, 12, 0x00, 13, 0x40), false, CAUSE(bad_ethertype)},
	{"LLDP", TCP4, TWO(FRAME_START, 12, 0x88, 13, 0xcc), false, CAUSE(bad_ethertype)},
	{"service tag", TCP4, TWO(FRAME_START, 12, 0x88, 13, 0xa8), false, CAUSE(bad_vlan)},
	{"tag within tag", TCP4_VLAN, TWO(FRAME_START, 16, 0x81, 17, 0x00), false, CAUSE(bad_vlan)},
	{"VLAN 4095", TCP4_VLAN, TWO(FRAME_START, 14, 0x0f, 15, 0xff), false, CAUSE(bad_vlan)},

	{"ARP for token ring", ARP_ASK, ONE(AT_L3, 1, 6), false, CAUSE(bad_arp)},
	{"ARP for IPv6", ARP_ASK, TWO(AT_L3, 2, 0x86, 3, 0xdd), false, CAUSE(bad_arp)},
	{"ARP with long MACs", ARP_ASK, ONE(AT_L3, 4, 8), false, CAUSE(bad_arp)},
	{"ARP with long addresses", ARP_ASK, ONE(AT_L3, 5, 16), false, CAUSE(bad_arp)},
	{"ARP operation 0", ARP_ASK, ONE(AT_L3, 7, 0), false, CAUSE(bad_arp)},
	{"reverse ARP", ARP_ASK, ONE(AT_L3, 7, 3), false, CAUSE(bad_arp)},
	{"ARP in a group's name", ARP_ASK, ONE(AT_L3, 8, 0xff), false, CAUSE(bad_arp)},

	{"version 5", TCP4, ONE(AT_L3, 0, 0x55), true, CAUSE(bad_ip_header)},
	{"IPv6 under IPv4's type", TCP4, ONE(AT_L3, 0, 0x65), true, CAUSE(bad_ip_header)},
	{"header of 16 bytes", TCP4, ONE(AT_L3, 0, 0x44), false, CAUSE(bad_ip_header)},
	{"total below header", TCP4, ONE(AT_L3, 3, 19), true, CAUSE(bad_ip_header)},
	{"total above frame", TCP4, ONE(AT_L3, 3, 62), true, CAUSE(truncated)},
	{"total above MTU", TCP4, TWO(AT_L3, 2, 0x05, 3, 0xdd), true, CAUSE(oversized)},
	{"total of 65535", TCP4, TWO(AT_L3, 2, 0xff, 3, 0xff), true, CAUSE(oversized)},
	{"header checksum", TCP4, ONE(AT_L3, 10, 0x00), false, CAUSE(bad_ip_checksum)},
	{"reserved bit", TCP4, ONE(AT_L3, 6, 0x80), true, CAUSE(bad_ip_header)},
	{"first fragment", TCP4, ONE(AT_L3, 6, 0x20), true, CAUSE(ip_fragment)},
	{"last fragment", TCP4, TWO(AT_L3, 6, 0x00, 7, 0x02), true, CAUSE(ip_fragment)},
	{"fragment far behind", TCP4, TWO(AT_L3, 6, 0x1f, 7, 0xff), true, CAUSE(ip_fragment)},
	{"TTL 0", TCP4, ONE(AT_L3, 8, 0), true, CAUSE(bad_ip_header)},
	{"options", TCP4, ONE(AT_L3, 0, 0x46), true, CAUSE(ip_options)},
	{"source 0.0.2.10", TCP4, ONE(AT_L3, 12, 0), true, CAUSE(bad_ip_address)},
	{"source 127.0.2.10", TCP4, ONE(AT_L3, 12, 127), true, CAUSE(bad_ip_address)},
	{"source 224.0.2.10", TCP4, ONE(AT_L3, 12, 224), true, CAUSE(bad_ip_address)},
	{"source 255.0.2.10", TCP4, ONE(AT_L3, 12, 255), true, CAUSE(bad_ip_address)},
	{"target 0.51.100.20", TCP4, ONE(AT_L3, 16, 0), true, CAUSE(bad_ip_address)},
	{"target 127.51.100.20", TCP4, ONE(AT_L3, 16, 127), true, CAUSE(bad_ip_address)},
	{"GRE", TCP4, ONE(AT_L3, 9, 47), true, CAUSE(bad_ip_protocol)},
	{"SCTP", TCP6, ONE(AT_L3, 6, 132), true, CAUSE(bad_ip_protocol)},
	{"ICMPv6 in IPv4", ECHO4, ONE(AT_L3, 9, 58), true, CAUSE(bad_ip_protocol)},
	{"ICMP in IPv6", ECHO6, ONE(AT_L3, 6, 1), true, CAUSE(bad_ip_protocol)},

	{"version 7", TCP6, ONE(AT_L3, 0, 0x70), true, CAUSE(bad_ip_header)},
	{"hop limit 0", TCP6, ONE(AT_L3, 7, 0), true, CAUSE(bad_ip_header)},
	{"payload above frame", TCP6, ONE(AT_L3, 5, 42), true, CAUSE(truncated)},
	{"payload above MTU", TCP6, TWO(AT_L3, 4, 0x05, 5, 0xb5), true, CAUSE(oversized)},
	{"empty payload", TCP6, ONE(AT_L3, 5, 0), true, CAUSE(bad_tcp_header)},
	{"group as sender", TCP6, ONE(AT_L3, 8, 0xff), true, CAUSE(bad_ip_address)},
	{"routing header", TCP6, ONE(AT_L3, 6, 43), true, CAUSE(ip_routing_header)},
	{"fragment header", TCP6, ONE(AT_L3, 6, 44), true, CAUSE(ip_fragment)},
	{"no next header", TCP6, ONE(AT_L3, 6, 59), true, CAUSE(bad_ip_protocol)},
	{"ESP", TCP6, ONE(AT_L3, 6, 50), true, CAUSE(bad_ip_protocol)},

	{"data offset 4", TCP4, ONE(AT_L4, 12, 0x40), true, CAUSE(bad_tcp_header)},
	{"data offset past the end", TCP4, ONE(AT_L4, 12, 0xf0), true, CAUSE(bad_tcp_header)},
	{"TCP checksum", TCP4, ONE(AT_L4, 16, 0), false, CAUSE(bad_tcp_checksum)},
	{"TCP checksum over IPv6", TCP6, ONE(AT_L4, 21, 0), false, CAUSE(bad_tcp_checksum)},
	{"source port 0", TCP4, TWO(AT_L4, 0, 0, 1, 0), true, CAUSE(bad_tcp_header)},
	{"target port 0", TCP6, TWO(AT_L4, 2, 0, 3, 0), true, CAUSE(bad_tcp_header)},
	{"no flags", TCP4, ONE(AT_L4, 13, 0), true, CAUSE(bad_tcp_flags)},
	{"only PSH", TCP4, ONE(AT_L4, 13, TCP_PSH), true, CAUSE(bad_tcp_flags)},
	{"only FIN", TCP4, ONE(AT_L4, 13, TCP_FIN), true, CAUSE(bad_tcp_flags)},
	{"SYN FIN", TCP4, ONE(AT_L4, 13, TCP_SYN | TCP_FIN), true, CAUSE(bad_tcp_flags)},
	{"SYN FIN ACK", TCP4, ONE(AT_L4, 13, TCP_SYN | TCP_FIN | TCP_ACK), true,
		CAUSE(bad_tcp_flags)},
	{"SYN RST", TCP4, ONE(AT_L4, 13, TCP_SYN | TCP_RST), true, CAUSE(bad_tcp_flags)},
	{"RST FIN ACK", TCP4, ONE(AT_L4, 13, TCP_RST | TCP_FIN | TCP_ACK), true,
		CAUSE(bad_tcp_flags)},
	{"christmas tree", TCP4, ONE(AT_L4, 13, TCP_FIN | TCP_PSH | TCP_URG), true,
		CAUSE(bad_tcp_flags)},
	{"christmas tree with ACK", TCP4, ONE(AT_L4, 13, TCP_FIN | TCP_PSH | TCP_URG | TCP_ACK),
		true, CAUSE(bad_tcp_flags)},
	{"all flags", TCP4, ONE(AT_L4, 13, 0xff), true, CAUSE(bad_tcp_flags)},
	{"option longer than header", TCP4, THREE(AT_L4, 12, 0x60, 20, 2, 21, 5), true,
		CAUSE(bad_tcp_header)},
	{"option of length 0", TCP4, THREE(AT_L4, 12, 0x60, 20, 30, 21, 0), true,
		CAUSE(bad_tcp_header)},
	{"option of length 1", TCP4, THREE(AT_L4, 12, 0x60, 20, 30, 21, 1), true,
		CAUSE(bad_tcp_header)},
	{"MSS of 3 bytes", TCP4, THREE(AT_L4, 12, 0x60, 20, 2, 21, 3), true, CAUSE(bad_tcp_header)},
	{"empty SACK", TCP4, THREE(AT_L4, 12, 0x60, 20, 5, 21, 2), true, CAUSE(bad_tcp_header)},

	{"UDP length short", UDP4, ONE(AT_L4, 5, 13), true, CAUSE(bad_udp_header)},
	{"UDP length long", UDP4, ONE(AT_L4, 5, 15), true, CAUSE(bad_udp_header)},
	{"UDP length below header", UDP6, ONE(AT_L4, 5, 7), true, CAUSE(bad_udp_header)},
	{"UDP checksum", UDP4, ONE(AT_L4, 8, 0), false, CAUSE(bad_udp_checksum)},
	{"no UDP checksum in IPv6", UDP6, TWO(AT_L4, 6, 0, 7, 0), false, CAUSE(bad_udp_checksum)},
	{"UDP port 0", UDP4, TWO(AT_L4, 2, 0, 3, 0), true, CAUSE(bad_udp_header)},

	{"ICMP checksum", ECHO4, ONE(AT_L4, 8, 0), false, CAUSE(bad_icmp_checksum)},
	{"ICMPv6 checksum", ECHO6, ONE(AT_L4, 8, 0), false, CAUSE(bad_icmp_checksum)},
	{"quote of version 5", ERROR4, ONE(AT_L4, 8, 0x55), true, CAUSE(bad_icmp_quote)},
	{"quote of a short header", ERROR4, ONE(AT_L4, 8, 0x44), true, CAUSE(bad_icmp_quote)},
	{"quote with options past the end", ERROR4, ONE(AT_L4, 8, 0x46), true,
		CAUSE(bad_icmp_quote)},
	{"quote of a fragment", ERROR4, ONE(AT_L4, 15, 1), true, CAUSE(bad_icmp_quote)},
	{"quote of another's packet", ERROR4, ONE(AT_L4, 20, 1), true, CAUSE(bad_icmp_quote)},
	{"quote of GRE", ERROR4, ONE(AT_L4, 17, 47), true, CAUSE(bad_icmp_quote)},
	{"quote of IPv4 in ICMPv6", ERROR6, ONE(AT_L4, 8, 0x40), true, CAUSE(bad_icmp_quote)},
	{"quote of a v6 fragment", ERROR6, ONE(AT_L4, 14, 44), true, CAUSE(bad_icmp_quote)},
	{"quote of another's v6 packet", ERROR6, ONE(AT_L4, 31, 1), true, CAUSE(bad_icmp_quote)},

	{"discovery from afar", SOLICIT, ONE(AT_L3, 7, 254), true, CAUSE(bad_icmp_header)},
	{"discovery with a code", SOLICIT, ONE(AT_L4, 1, 1), true, CAUSE(bad_icmp_header)},
	{"discovery of a group", SOLICIT, ONE(AT_L4, 8, 0xff), true, CAUSE(bad_icmp_header)},
	{"discovery option of length 0", SOLICIT, ONE(AT_L4, 25, 0), true, CAUSE(bad_icmp_header)},
	{"discovery option past the end", SOLICIT, ONE(AT_L4, 25, 2), true, CAUSE(bad_icmp_header)},
	{"redirect too short", SOLICIT, ONE(AT_L4, 0, 137), true, CAUSE(bad_icmp_header)},
};

static void each_bad_frame_has_its_cause(void **state)
{
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		const struct refusal *r = &refusals[i];
		enum packet_cause cause;
		struct frame f;
		struct packet p;

		build(&f, r->kind);
		for (unsigned e = 0; e < r->edit_count; e++) {
			uint32_t base = r->edits[e].base == AT_L3   ? f.l3
					: r->edits[e].base == AT_L4 ? f.l4
								    : 0;

			f.bytes[base + r->edits[e].offset] = r->edits[e].value;
		}
		if (r->sums)
			frame_checksums(&f);
		cause = parse_exact(f.bytes, f.len, &p);
		if (cause != r->cause)
			fail_msg("%s: %s instead of %s", r->label, packet_cause_name(cause),
				packet_cause_name(r->cause));
	}
}

static void reserved_tcp_bits_and_ecn_pass(void **state)
{
	static const unsigned words[] = {0x5010 | TCP_ECE | TCP_CWR, 0x5110, 0x5f10,
		0x5102 | TCP_ECE, 0x5012, 0x5004, 0x5014, 0x5011, 0x5030};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		struct frame f;
		struct packet p;

		build(&f, TCP4);
		frame_set16(&f, f.l4 + 12, words[i]);
		frame_checksums(&f);
		if (parse_exact(f.bytes, f.len, &p) != PACKET_CAUSE_none)
			fail_msg("flags %04x", words[i]);
	}
}

static void options_of_a_linux_syn_pass(void **state)
{
	static const uint8_t options[] = {
		2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 1, 2, 3, 0, 0, 0, 0, 1, 3, 3, 7};
	struct frame f;
	struct packet p;

	frame_ip(&f, false, 6, FRAME_NO_VLAN);
	frame_tcp(&f, TCP_SYN, view_make(options, sizeof(options)));
	f.bytes[f.l4 + 12] = 0xa0;
	frame_finish(&f);
	assert_int_equal(parse_exact(f.bytes, f.len, &p), PACKET_CAUSE_none);
	assert_int_equal(p.l4_bytes, 40);
	assert_int_equal(p.payload_bytes, 0);
	assert_int_equal(packet_tcp_span(&p), 1);
}

static void udp_over_ipv4_may_have_no_checksum(void **state)
{
	struct frame f;
	struct packet p;

	build(&f, UDP4);
	frame_set16(&f, f.l4 + 6, 0);
	assert_int_equal(parse_exact(f.bytes, f.len, &p), PACKET_CAUSE_none);
}

/* An IPv6 TCP packet behind these extension headers. */
static enum packet_cause parse_behind(
	uint8_t first, const uint8_t *headers, uint32_t len, struct packet *p)
{
	struct frame f;

	frame_ip(&f, true, 6, FRAME_NO_VLAN);
	f.bytes[f.l3 + 6] = first;
	frame_put(&f, headers, len);
	f.l4 = f.len;
	frame_tcp(&f, TCP_ACK, VIEW("x"));
	frame_finish(&f);
	return parse_exact(f.bytes, f.len, p);
}

static void extension_headers_are_walked_within_bounds(void **state)
{
#define PADN4 1, 4, 0, 0, 0, 0
	static const uint8_t alert[] = {6, 0, 5, 2, 0, 0, 1, 0};
	static const uint8_t bad_alert[] = {6, 0, 5, 3, 0, 0, 1, 0};
	static const uint8_t pad1[] = {6, 0, 0, 0, 0, 0, 0, 0};
	static const uint8_t skippable[] = {6, 0, 0x1e, 4, 9, 9, 9, 9};
	static const uint8_t discard[] = {6, 0, 0x5e, 4, 9, 9, 9, 9};
	static const uint8_t jumbo[] = {6, 0, 0xc2, 4, 0, 1, 0, 0};
	static const uint8_t long_option[] = {6, 0, 1, 5, 0, 0, 0, 0};
	static const uint8_t cut_option[] = {6, 0, 1, 3, 0, 0, 0, 1};
	static const uint8_t past_end[] = {6, 200, PADN4};
	static const uint8_t four[] = {60, 0, PADN4, 60, 0, PADN4, 60, 0, PADN4, 6, 0, PADN4};
	static const uint8_t five[] = {
		60, 0, PADN4, 60, 0, PADN4, 60, 0, PADN4, 60, 0, PADN4, 6, 0, PADN4};
	static const uint8_t hop_second[] = {0, 0, PADN4, 6, 0, PADN4};
	static const uint8_t then_routing[] = {43, 0, PADN4, 6, 0, PADN4};
	static const uint8_t then_fragment[] = {44, 0, PADN4, 6, 0, 0, 0, 0, 0, 0, 0};
#undef PADN4
	uint8_t wide[264] = {6, 32};
	uint8_t widest[256] = {6, 31};
	static const struct {
		const char *label;
		uint8_t first;
		const uint8_t *bytes;
		uint32_t len;
		enum packet_cause cause;
	} cases[] = {
		{"router alert", 0, alert, sizeof(alert), CAUSE(none)},
		{"router alert of 3 bytes", 0, bad_alert, sizeof(bad_alert),
			CAUSE(bad_ip_extension)},
		{"six times Pad1", 60, pad1, sizeof(pad1), CAUSE(none)},
		{"unknown, may be skipped", 60, skippable, sizeof(skippable), CAUSE(none)},
		{"unknown, to be discarded", 60, discard, sizeof(discard), CAUSE(bad_ip_extension)},
		{"jumbo payload", 0, jumbo, sizeof(jumbo), CAUSE(bad_ip_extension)},
		{"option past the header", 60, long_option, sizeof(long_option),
			CAUSE(bad_ip_extension)},
		{"option without length", 60, cut_option, sizeof(cut_option),
			CAUSE(bad_ip_extension)},
		{"header past the packet", 60, past_end, sizeof(past_end), CAUSE(bad_ip_extension)},
		{"four", 60, four, sizeof(four), CAUSE(none)},
		{"five", 60, five, sizeof(five), CAUSE(bad_ip_extension)},
		{"hop-by-hop second", 60, hop_second, sizeof(hop_second), CAUSE(bad_ip_extension)},
		{"routing behind", 60, then_routing, sizeof(then_routing),
			CAUSE(ip_routing_header)},
		{"fragment behind", 60, then_fragment, sizeof(then_fragment), CAUSE(ip_fragment)},
	};
	struct packet p;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum packet_cause cause =
			parse_behind(cases[i].first, cases[i].bytes, cases[i].len, &p);

		if (cause != cases[i].cause)
			fail_msg("%s: %s", cases[i].label, packet_cause_name(cause));
		if (cause == PACKET_CAUSE_none) {
			assert_int_equal(p.l3_bytes, 40 + cases[i].len);
			assert_int_equal(p.payload_bytes, 1);
		}
	}
	assert_int_equal(parse_behind(60, widest, sizeof(widest), &p), PACKET_CAUSE_none);
	assert_int_equal(parse_behind(60, wide, sizeof(wide), &p), PACKET_CAUSE_bad_ip_extension);
}

static void unfit_ipv6_addresses_are_refused(void **state)
{
	static const uint8_t loopback[16] = {[15] = 1};
	static const uint8_t mapped[16] = {[10] = 0xff, [11] = 0xff, [12] = 192, [14] = 2};
	static const uint8_t unspecified[16];
	static const uint8_t group[16] = {0xff, 0x02, [15] = 1};
	static const struct {
		const char *label;
		enum kind kind;
		const uint8_t *src, *dst;
		enum packet_cause cause;
	} cases[] = {
		{"loopback sends", TCP6, loopback, frame_v6_dst, CAUSE(bad_ip_address)},
		{"loopback is sent to", TCP6, frame_v6_src, loopback, CAUSE(bad_ip_address)},
		{"mapped sends", TCP6, mapped, frame_v6_dst, CAUSE(bad_ip_address)},
		{"mapped is sent to", TCP6, frame_v6_src, mapped, CAUSE(bad_ip_address)},
		{"to itself", TCP6, frame_v6_src, frame_v6_src, CAUSE(bad_ip_address)},
		{"unspecified is sent to", TCP6, frame_v6_src, unspecified, CAUSE(bad_ip_address)},
		{"unspecified sends TCP", TCP6, unspecified, frame_v6_dst, CAUSE(bad_ip_address)},
		{"unspecified sends UDP", UDP6, unspecified, frame_v6_dst, CAUSE(bad_ip_address)},
		{"unspecified solicits", SOLICIT, unspecified, group, CAUSE(none)},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum packet_cause cause;
		struct frame f;
		struct packet p;

		build(&f, cases[i].kind);
		memcpy(f.bytes + f.l3 + 8, cases[i].src, 16);
		memcpy(f.bytes + f.l3 + 24, cases[i].dst, 16);
		frame_checksums(&f);
		cause = parse_exact(f.bytes, f.len, &p);
		if (cause != cases[i].cause)
			fail_msg("%s: %s", cases[i].label, packet_cause_name(cause));
	}
}

static void an_ipv4_sender_is_not_its_own_target(void **state)
{
	struct frame f;
	struct packet p;

	build(&f, TCP4);
	memcpy(f.bytes + f.l3 + 16, f.bytes + f.l3 + 12, 4);
	frame_checksums(&f);
	assert_int_equal(parse_exact(f.bytes, f.len, &p), PACKET_CAUSE_bad_ip_address);
}

static void icmp_shorter_than_its_header_is_refused(void **state)
{
	for (int v6 = 0; v6 < 2; v6++) {
		for (uint32_t len = 0; len < 8; len++) {
			struct frame f;
			struct packet p;

			build(&f, v6 ? ECHO6 : ECHO4);
			f.len = f.l4 + len;
			frame_finish(&f);
			assert_int_equal(
				parse_exact(f.bytes, f.len, &p), PACKET_CAUSE_bad_icmp_header);
		}
		for (uint32_t len = 8; len < (v6 ? 56u : 36u); len++) {
			struct frame f;
			struct packet p;

			build(&f, v6 ? ERROR6 : ERROR4);
			f.len = f.l4 + len;
			frame_finish(&f);
			assert_int_equal(
				parse_exact(f.bytes, f.len, &p), PACKET_CAUSE_bad_icmp_quote);
		}
	}
}

static void a_full_frame_passes_and_one_byte_more_does_not(void **state)
{
	static uint8_t payload[1500];
	struct frame f;
	struct packet p;

	frame_ip(&f, false, 6, 7);
	frame_tcp(&f, TCP_ACK, view_make(payload, 1460));
	frame_finish(&f);
	assert_int_equal(f.len, 1518);
	assert_int_equal(parse_exact(f.bytes, f.len, &p), PACKET_CAUSE_none);
	assert_int_equal(p.payload_bytes, 1460);
	assert_int_equal(parse_exact(f.bytes, PACKET_FRAME_MAX_BYTES, &p), PACKET_CAUSE_none);
	assert_int_equal(
		parse_exact(f.bytes, PACKET_FRAME_MAX_BYTES + 1, &p), PACKET_CAUSE_oversized);
	frame_ip(&f, false, 6, FRAME_NO_VLAN);
	frame_tcp(&f, TCP_ACK, view_make(payload, 1461));
	frame_finish(&f);
	assert_int_equal(parse_exact(f.bytes, f.len, &p), PACKET_CAUSE_oversized);
}

static void causes_have_names(void **state)
{
	assert_string_equal(packet_cause_name(PACKET_CAUSE_none), "none");
	assert_string_equal(packet_cause_name(PACKET_CAUSE_ip_fragment), "ip_fragment");
	assert_string_equal(packet_cause_name(PACKET_CAUSE_COUNT), "unknown");
	for (int i = 0; i < PACKET_CAUSE_COUNT; i++)
		assert_non_null(packet_cause_name((enum packet_cause)i));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tcp_is_found_with_all_its_parts),
		cmocka_unit_test(a_tuple_is_zero_where_nothing_is_and_turns_round),
		cmocka_unit_test(udp_icmp_and_arp_are_found),
		cmocka_unit_test(an_icmp_error_tells_whose_packet_it_quotes),
		cmocka_unit_test(every_truncation_is_refused_and_every_padding_tolerated),
		cmocka_unit_test(no_single_bit_flips_unseen_under_a_checksum),
		cmocka_unit_test(each_bad_frame_has_its_cause),
		cmocka_unit_test(reserved_tcp_bits_and_ecn_pass),
		cmocka_unit_test(options_of_a_linux_syn_pass),
		cmocka_unit_test(udp_over_ipv4_may_have_no_checksum),
		cmocka_unit_test(extension_headers_are_walked_within_bounds),
		cmocka_unit_test(unfit_ipv6_addresses_are_refused),
		cmocka_unit_test(an_ipv4_sender_is_not_its_own_target),
		cmocka_unit_test(icmp_shorter_than_its_header_is_refused),
		cmocka_unit_test(a_full_frame_passes_and_one_byte_more_does_not),
		cmocka_unit_test(causes_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
