/* SPDX-License-Identifier: BSD-3-Clause */
/* One Ethernet frame, read strictly: what it is, where its parts lie, who talks to whom. Pure: a
 * view in, a struct out; knows nothing of DPDK, flows, rules or services.
 *
 * What an edge need not accept, it refuses here, each with its own cause:
 *  - more than one VLAN tag; a source MAC that is a group address;
 *  - IPv4 with options (RFC 7126 lets an edge drop them; no federation traffic has any), with the
 *    reserved bit, TTL 0, a wrong header checksum, or any fragment;
 *  - IPv6 with a routing or fragment header, more than four extension headers or more than 256
 *    bytes of them, an option that says "discard if unknown" (all but Pad1, PadN, router alert and
 *    those with action 00), hop-by-hop anywhere but first;
 *  - addresses that cannot be a sender or a target: loopback, unspecified, a group as sender,
 *    IPv4-mapped IPv6, sender equal to target. The unspecified IPv6 address may send ICMPv6
 *    (duplicate address detection);
 *  - TCP, UDP, ICMP: wrong checksum (UDP over IPv4 may have none), lengths that do not fit, port 0,
 *    malformed TCP options, flags that no state machine sends;
 *  - an ICMP error whose quoted packet is malformed, a fragment, or was not sent by the address that
 *    the error goes to; neighbour discovery that has passed a router (hop limit not 255).
 * Tolerated: bytes behind the IP datagram (padding of short frames): datagram_end says where the
 * datagram ends, so that a forwarder can trim. TCP's reserved bits are ignored, as RFC 9293 wants.
 * A sender whose checksums are left to a network card that is not there (a veth without `tx off`)
 * is refused, rightly, with bad_tcp_checksum. */
#pragma once

#include "dataplane/tuple.h"
#include "rules/base/view.h"

/* X(name, text for people). The names are counters. */
#define PACKET_CAUSES(X)                                                                           \
	X(truncated, "frame ends inside a header, or before the length that its header states")    \
	X(oversized, "frame or datagram longer than the link allows")                              \
	X(bad_source_mac, "source MAC is a group address")                                         \
	X(bad_vlan, "VLAN tagging other than one 802.1Q tag")                                      \
	X(bad_ethertype, "neither ARP nor IPv4 nor IPv6")                                          \
	X(bad_arp, "ARP that is not Ethernet and IPv4, request or reply")                          \
	X(bad_ip_header, "IP version, header length, total length, reserved bit or TTL wrong")     \
	X(bad_ip_checksum, "IPv4 header checksum wrong")                                           \
	X(bad_ip_address, "address that cannot send or be sent to")                                \
	X(ip_options, "IPv4 options")                                                              \
	X(ip_fragment, "fragment of an IP datagram")                                               \
	X(bad_ip_extension, "IPv6 extension headers malformed, misplaced, too many or too long")   \
	X(ip_routing_header, "IPv6 routing header")                                                \
	X(bad_ip_protocol, "transport that is neither TCP nor UDP nor ICMP")                       \
	X(bad_tcp_header, "TCP data offset, port or options wrong")                                \
	X(bad_tcp_checksum, "TCP checksum wrong")                                                  \
	X(bad_tcp_flags, "TCP flags that no state machine sends")                                  \
	X(bad_udp_header, "UDP length or port wrong")                                              \
	X(bad_udp_checksum, "UDP checksum wrong, or absent over IPv6")                             \
	X(bad_icmp_header, "ICMP shorter than its type needs, or malformed discovery")             \
	X(bad_icmp_checksum, "ICMP checksum wrong")                                                \
	X(bad_icmp_quote, "ICMP error whose quoted packet is malformed or not the target's")

enum packet_cause {
	PACKET_CAUSE_none = 0, /* accepted */
#define PACKET_CAUSE_ENUM(name, text) PACKET_CAUSE_##name,
	PACKET_CAUSES(PACKET_CAUSE_ENUM)
#undef PACKET_CAUSE_ENUM
		PACKET_CAUSE_COUNT
};

enum packet_kind { PACKET_ARP, PACKET_TCP, PACKET_UDP, PACKET_ICMP, PACKET_ICMP6 };

enum {
	PACKET_ETHERNET_BYTES = 14,
	PACKET_VLAN_BYTES = 4,
	PACKET_DATAGRAM_MAX_BYTES = 1500,           /* the outside link's MTU */
	PACKET_FRAME_MAX_BYTES = 14 + 4 + 1500 + 4, /* with a tag, and a check sequence left on */
	PACKET_EXTENSIONS_MAX = 4,
	PACKET_EXTENSION_MAX_BYTES = 256, /* all together */
};

enum { /* IANA protocol numbers */
	PROTOCOL_NUMBER_ICMP = 1,
	PROTOCOL_NUMBER_TCP = 6,
	PROTOCOL_NUMBER_UDP = 17,
	PROTOCOL_NUMBER_ICMP6 = 58,
};

enum { /* struct packet.tcp.flags */
	TCP_FIN = 0x01,
	TCP_SYN = 0x02,
	TCP_RST = 0x04,
	TCP_PSH = 0x08,
	TCP_ACK = 0x10,
	TCP_URG = 0x20,
	TCP_ECE = 0x40,
	TCP_CWR = 0x80,
};

enum { /* types of ICMPv6 that the edge names */
	ICMP6_TYPE_ECHO = 128,
	ICMP6_TYPE_ECHO_REPLY = 129,
	ICMP6_TYPE_ROUTER_SOLICIT = 133,
	ICMP6_TYPE_ROUTER_ADVERT = 134,
	ICMP6_TYPE_NEIGHBOUR_SOLICIT = 135,
	ICMP6_TYPE_NEIGHBOUR_ADVERT = 136,
	ICMP6_TYPE_REDIRECT = 137,
};

enum { ICMP4_TYPE_ECHO_REPLY = 0, ICMP4_TYPE_ECHO = 8 };

/* All offsets count from the first byte of the frame. */
struct packet {
	struct tuple tuple;      /* ARP: sender and target address, protocol 0 */
	enum packet_kind kind;   /* which of the structs below is filled */
	bool has_vlan;           /* a tag is there */
	uint16_t vlan_tci;       /* its 16 bits (priority, DEI, VLAN id), host order */
	uint16_t l3_offset;      /* of the IP or ARP header: 14 or 18 */
	uint16_t l3_bytes;       /* IP header with its extension headers; ARP: 28 */
	uint16_t l4_offset;      /* of the transport header; 0 for ARP */
	uint16_t l4_bytes;       /* transport header with its options; ICMP: 8 */
	uint16_t payload_offset; /* of what the transport carries; 0 for ARP */
	uint16_t payload_bytes;  /* how much of that; 0 for ARP */
	uint16_t datagram_end;   /* where the datagram ends; behind it is padding */
	uint8_t hop_limit;       /* TTL or hop limit */
	struct {
		uint32_t seq, ack; /* host order */
		uint16_t window;   /* as on the wire, unscaled */
		uint8_t flags;     /* TCP_FIN ... TCP_CWR */
	} tcp;
	struct {
		uint8_t type, code;
		uint32_t rest;         /* bytes 4 to 7, host order: echo id and number, MTU */
		bool is_error;         /* v4: 3, 11, 12; v6: 1 to 4. quoted is filled */
		struct tuple quoted;   /* as in the quoted packet: src is who sent that one */
		uint32_t quoted_seq;   /* its TCP sequence number, else 0 */
		uint8_t nd_target[16]; /* neighbour solicitation and advertisement */
	} icmp;
	struct {
		uint16_t operation; /* 1 request, 2 reply */
	} arp;
};

/* Read one whole frame of contiguous bytes. PACKET_CAUSE_none with *out filled, or why not, *out
 * then being undefined. Bounded: touches each byte at most twice. Any thread. */
enum packet_cause packet_parse(struct view frame, struct packet *out);

/* "bad_ip_checksum"; "none" for PACKET_CAUSE_none. */
const char *packet_cause_name(enum packet_cause cause);

/* What the transport carries, as a view into the frame. */
static inline struct view packet_payload(struct view frame, const struct packet *p)
{
	return view_sub(frame, p->payload_offset, p->payload_bytes);
}

/* Sequence numbers that the segment takes: payload, and one each for SYN and FIN. */
static inline uint32_t packet_tcp_span(const struct packet *p)
{
	return p->payload_bytes + (p->tcp.flags & TCP_SYN ? 1u : 0u) +
	       (p->tcp.flags & TCP_FIN ? 1u : 0u);
}
