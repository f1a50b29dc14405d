/* SPDX-License-Identifier: BSD-3-Clause */
/* Why a frame was dropped or refused: the one list behind counters, telemetry and docs/counters.md.
 * A cause is counted under "refused" when the frame was answered with RST, else under "dropped". */
#pragma once

#include "dataplane/synack.h"

/* X(name, text for people). */
#define LIMIT_CAUSES(X)                                                                            \
	X(over_new_connections, "more new connections than the partner or prefix may open")        \
	X(over_connections, "more connections at once than the partner or prefix may have")        \
	X(over_handshakes, "new connections of partners over the limit of all handshakes")         \
	X(over_packets, "more packets than the partner or prefix may exchange")                    \
	X(over_bytes, "more bytes than the partner or prefix may exchange")                        \
	X(queue_full, "the partner's share of the frames that wait for the TAP is used up")

#define EDGE_CAUSES(X)                                                                                           \
	X(no_rules, "no filter table is in force yet")                                                           \
	X(frame_in_pieces, "frame does not fit one buffer")                                                      \
	X(marked_from_outside, "source MAC from outside that pretends to carry a mark")                          \
	X(not_our_mac, "unicast to another station's MAC")                                                       \
	X(wrong_vlan, "VLAN tag other than the port's")                                                          \
	X(source_is_ours, "one of our own addresses as source of a frame from outside")                          \
	X(not_service, "TCP to an address and port that are no service")                                         \
	X(udp_not_allowed, "UDP, which no service speaks")                                                       \
	X(arp_not_ours, "ARP about addresses that are not ours")                                                 \
	X(arp_over_limit, "more ARP than the limit")                                                             \
	X(nd_not_ours, "neighbour discovery about addresses that are not ours")                                  \
	X(nd_over_limit, "more neighbour discovery than the limit")                                              \
	X(echo_not_ours, "echo that is not with our addresses")                                                  \
	X(echo_over_limit, "more echo than the limit")                                                           \
	X(icmp_type, "ICMP of a type that does not cross")                                                       \
	X(icmp_no_flow, "ICMP error that quotes no live flow")                                                   \
	X(icmp_over_limit, "more ICMP errors than the limit")                                                    \
	X(no_flow, "segment of no known connection, from outside")                                               \
	X(flow_table_full, "no room for another connection")                                                     \
	X(flow_closed, "segment of a connection that was reset, or data of one that ended unread")               \
	X(flow_refused, "segment of a connection that was refused, over the limit of answers")                   \
	X(syn_with_data, "SYN that carries data")                                                                \
	X(syn_unexpected, "SYN that fits no handshake of this connection")                                       \
	X(syn_option_twice, "SYN that says MSS, window scale or SACK twice")                                     \
	X(syn_mss_too_small, "SYN whose MSS is below the least that its IP version allows")                      \
	X(syn_over_answers, "SYN over the answers that its network or partner may have")                         \
	X(bad_cookie,                                                                                            \
		"data or end that acknowledges no handshake of ours, of no known connection")                    \
	LIMIT_CAUSES(X)                                                                                          \
	X(unknown_over_limit, "new connections of unknown sources over their common limit")                      \
	X(control_down,                                                                                          \
		"new connection while there is no control plane to accept it, or that was held for one in vain") \
	X(blocked_source, "source address that the rules block")                                                 \
	X(blocked_by_verdict, "source or domain that a verdict blocks for a time")                               \
	X(blocked_target, "connection of our own to an address that the rules block")                            \
	X(early_data, "data before the handshake was answered")                                                  \
	X(out_of_order,                                                                                          \
		"segment behind a gap or before the beginning, while first bytes are read")                      \
	X(overlap_differs, "first bytes sent again with other contents")                                         \
	X(bad_ack, "acknowledgement of what the kernel did not send, while first bytes are read")                \
	X(urgent_data, "urgent data while first bytes are read")                                                 \
	X(gather_full, "no room to gather first bytes, or the source has its share of it")                       \
	X(too_many_segments, "first bytes in more segments than allowed")                                        \
	X(too_many_bytes, "first bytes that do not end within what is allowed")                                  \
	X(too_late, "first bytes that did not come in time")                                                     \
	X(not_acknowledged, "accepted first bytes that the kernel did not acknowledge in time")                  \
	X(closed_early, "end of a connection whose first bytes were not complete")                               \
	X(wrong_protocol, "first bytes of another protocol than the port's")                                     \
	X(bad_client_hello, "malformed TLS ClientHello")                                                         \
	X(tls_too_old, "TLS ClientHello that offers nothing from TLS 1.2 on")                                    \
	X(bad_stream_header, "malformed XMPP stream header")                                                     \
	X(sni_not_ours, "TLS server name that is no domain of ours")                                             \
	X(to_missing, "XMPP stream header without `to`")                                                         \
	X(to_not_ours, "XMPP stream header whose `to` is no domain of ours")                                     \
	X(from_blocked, "XMPP stream header whose `from` is a blocked domain")                                   \
	X(outbound_unexpected, "SYN from the TAP that nobody announced")                                         \
	X(outbound_no_flow, "segment from the TAP of no known connection")                                       \
	X(outbound_not_allowed, "frame from the TAP that is not among what may leave")                           \
	X(no_buffer, "no memory to restore a VLAN tag")                                                          \
	X(port_full, "port did not take the frame")                                                              \
	X(tap_full, "TAP did not take the frame")                                                                \
	X(lcore_full, "no room on the way to the lcore that the frame belongs to")

#define DROP_CAUSES(X) PACKET_CAUSES(X) EDGE_CAUSES(X)

/* Those of the parser have the parser's numbers. */
enum cause {
	CAUSE_none = 0,
#define CAUSE_ENUM(name, text) CAUSE_##name,
	DROP_CAUSES(CAUSE_ENUM)
#undef CAUSE_ENUM
		CAUSE_COUNT
};

static_assert((int)CAUSE_no_rules == (int)PACKET_CAUSE_COUNT, "parser's causes come first");
static_assert(CAUSE_COUNT <= UINT8_MAX, "a flow keeps its cause in a byte");

/* Why a SYN is not answered. */
static inline enum cause cause_of_syn(enum synack_cause cause)
{
	switch (cause) {
	case SYNACK_CAUSE_syn_options_malformed: /* the parser sees to that */
		return (enum cause)PACKET_CAUSE_bad_tcp_header;
	case SYNACK_CAUSE_syn_option_twice:
		return CAUSE_syn_option_twice;
	case SYNACK_CAUSE_syn_mss_too_small:
		return CAUSE_syn_mss_too_small;
	default:
		return CAUSE_none;
	}
}
