/* SPDX-License-Identifier: BSD-3-Clause */
/* The edge's own half of a handshake: what a SYN offers, the SYN-ACK that answers it with a cookie,
 * what is acknowledged while first bytes are kept, and the reset that makes way for a new connection
 * of a tuple that the kernel has not forgotten. Pure: views in, bytes out; knows nothing of flows,
 * limits, or whether the SYN should be answered at all.
 *
 * Of options only MSS, window scale and SACK are agreed on. Timestamps are not: their continuity
 * would have to be kept for the life of the connection, and what they buy (PAWS, RTT of single
 * segments) federation streams do not need. Nor is ECN. */
#pragma once

#include "dataplane/cookie.h"
#include "dataplane/reply.h"

/* X(name, text for people): SYNs that are not answered. The names are counters. */
#define SYNACK_CAUSES(X)                                                                           \
	X(syn_options_malformed, "TCP option of a SYN that leaves the header, or of wrong length") \
	X(syn_option_twice, "SYN that says MSS, window scale or SACK twice")                       \
	X(syn_mss_too_small, "SYN whose MSS is below the least that its IP version allows")

enum synack_cause {
	SYNACK_CAUSE_none = 0, /* may be answered */
#define SYNACK_CAUSE_ENUM(name, text) SYNACK_CAUSE_##name,
	SYNACK_CAUSES(SYNACK_CAUSE_ENUM)
#undef SYNACK_CAUSE_ENUM
		SYNACK_CAUSE_COUNT
};

enum {
	/* Bytes that may come before the kernel has taken over: what is kept of first bytes
	 * (GATHER_MAX_BYTES), so that nothing is invited that would be thrown away. Less than the
	 * window with which any kernel begins (64 KiB by default), so that it only ever grows. */
	SYNACK_WINDOW_BYTES = 8192,
};

/* Read the options of a SYN over IP of this family (TUPLE_*). An MSS that is not named is the least
 * (RFC 9293 section 3.7.1), a shift above 14 counts as 14 (RFC 7323 section 2.3), what is unknown is
 * passed over. Reads nothing outside of the view. *out only with SYNACK_CAUSE_none. */
enum synack_cause synack_read(struct view options, uint8_t family, struct cookie_options *out);

/* "syn_option_twice"; "none" for SYNACK_CAUSE_none. */
const char *synack_cause_name(enum synack_cause cause);

/* The options of a parsed TCP segment, for synack_read. */
static inline struct view synack_options(struct view frame, const struct packet *p)
{
	return view_sub(frame, p->l4_offset + 20u, p->l4_bytes - 20u);
}

/* Answer the SYN in `frame`, parsed as p, agreeing to what it offers. `mtu` is that of the TAP, from
 * which our own MSS follows. Data in the SYN is not acknowledged. The number of bytes written;
 * -EINVAL if p is no SYN, -ENOSPC as reply_build. */
int synack_build(struct view frame, const struct packet *p, const struct cookie_options *agreed,
	uint32_t cookie, uint16_t mtu, uint8_t *out, size_t cap_bytes);

/* Acknowledge first bytes that are kept, in answer to one of the segments that brought them:
 * `base_seq` is the seq of the very first byte, `kept` how many in order there are. Bytes written,
 * -EINVAL if p is not TCP, -ENOSPC. */
int synack_acknowledge(struct view frame, const struct packet *p,
	const struct cookie_options *agreed, uint32_t cookie, uint32_t base_seq, uint32_t kept,
	uint8_t *out, size_t cap_bytes);

/* The reset that ends what the kernel remembers of an earlier connection of this tuple (TIME_WAIT
 * above all), in the remote's name: rcv_nxt is what the kernel acknowledged last, and nothing else
 * is believed (RFC 5961 section 3.2). To be written in front of the new connection's first segment.
 * Needs net.ipv4.tcp_rfc1337 = 0. Bytes written, -EINVAL, -ENOSPC. */
int synack_make_way(struct view frame, const struct packet *p, uint32_t rcv_nxt, uint8_t *out,
	size_t cap_bytes);
