/* SPDX-License-Identifier: BSD-3-Clause */
/* What the BPF programs and the dataplane agree on: map keys, the fates of a frame, the marker.
 * The one project header that a BPF program sees, hence __u types only. */
#pragma once

#include <linux/types.h>

/* The first two bytes of a source MAC that carries a mark; the other four are the mark, big
 * endian. Same values as in rules/base/mark.h, which load.c checks when it is compiled. */
#define ABI_MARK_MAC_0 0x02
#define ABI_MARK_MAC_1 0xfe

/* In mode reqsk one of the mark's reserved bits says that the segment is the first of a connection
 * which the dataplane admitted. Only that one may make a socket: from a later one, whose predecessor
 * the kernel dropped, it would begin in the middle. The socket's mark does not have it. */
#define ABI_MARK_FIRST 0x01000000

/* Key of the map of listeners. Without padding, every byte counts. */
struct abi_listener_key {
	__u8 address[16]; /* network order; IPv4 in the first four, the rest zero */
	__u16 port;       /* network order */
	__u8 family_bits; /* 32 or 128 */
	__u8 zero;
};

#define ABI_LISTENERS_MAX 256

/* How an admitted connection reaches the kernel. The program has it as its only constant in a
 * section, hence a map, of this name. */
#define ABI_MODE_SECTION ".rodata.mode"

enum handoff_mode {
	HANDOFF_SYN,   /* with its SYN, which the kernel answers */
	HANDOFF_REQSK, /* with its first segment, after a handshake that the dataplane answered */
};

/* What two ends agreed on in a handshake that the dataplane answered. It rides in the low eight bits
 * of the sequence number of that SYN-ACK, under the keyed 24 bits above them: whoever takes a
 * connection over reads it from the acknowledgement of the first segment. */
#define ABI_COOKIE_BITS       8
#define ABI_COOKIE_MSS_SHIFT  6    /* two bits: index into the table of the family */
#define ABI_COOKIE_SACK       0x20 /* the remote takes SACK, and so do we */
#define ABI_COOKIE_PARITY     0x10 /* of the time slot in which it was made */
#define ABI_COOKIE_SCALE_MASK 0x0f /* shift of the remote's windows */
#define ABI_COOKIE_NO_SCALE   0x0f /* neither end scales */

#define ABI_MSS_COUNT  4
#define ABI_MSS_IPV4   536, 1300, 1440, 1460
#define ABI_MSS_IPV6   1220, 1360, 1420, 1440
#define ABI_SCALE_OURS 7 /* shift of our windows, where both ends scale */

/* Every frame from the TAP has exactly one of these fates. */
#define ABI_FATES(X)                                                                               \
	/* name, passed on to the kernel?, meaning */                                              \
	X(marked, 1, "TCP or UDP with a mark")                                                     \
	X(arp, 1, "ARP")                                                                           \
	X(icmp, 1, "ICMP")                                                                         \
	X(icmpv6, 1, "ICMPv6, neighbour discovery among it")                                       \
	X(truncated, 0, "headers end too early")                                                   \
	X(ethertype, 0, "neither ARP nor IP")                                                      \
	X(fragment, 0, "IP fragment")                                                              \
	X(extension, 0, "more IPv6 extension headers than are read")                               \
	X(protocol, 0, "IP, but neither TCP, UDP nor ICMP")                                        \
	X(no_mark, 0, "TCP or UDP without a marker MAC: not from the filter")                      \
	X(mark_zero, 0, "a marker MAC with the mark of no class")                                  \
	X(no_listener, 0, "would begin a connection where no listener of ours is")                 \
	X(handed_over, 1, "first segment of a connection whose handshake the dataplane answered")  \
	X(not_handed_over, 0, "such a segment of which the kernel made no socket")                 \
	X(syn_answered, 0, "SYN, which in this mode the dataplane answers")                        \
	X(no_connection, 0, "segment of no connection, and not the first of one")

#define ABI_FATE_ENUM(name, passed, text) ABI_FATE_##name,
enum abi_fate { ABI_FATES(ABI_FATE_ENUM) ABI_FATE_COUNT };
#undef ABI_FATE_ENUM
