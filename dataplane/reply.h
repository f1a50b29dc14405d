/* SPDX-License-Identifier: BSD-3-Clause */
/* TCP segments that the edge itself puts on the wire, made from one it received: the resets of a
 * refusal, the answer to a SYN, acknowledgements of bytes it keeps, those bytes themselves. Pure:
 * writes into the caller's buffer.
 *
 * Every segment has no options and no payload but those given, IP TTL 64, don't-fragment, correct
 * checksums, the VLAN tag of the frame it was made from, and is padded with zeros to Ethernet's 60
 * bytes. */
#pragma once

#include "dataplane/packet.h"

enum {
	REPLY_OPTIONS_MAX_BYTES = 12,
	REPLY_MAX_BYTES = 14 + 4 + 40 + 20 + REPLY_OPTIONS_MAX_BYTES,
	REPLY_MIN_BYTES = 60,
};

enum reply_way {
	REPLY_TO_SENDER, /* back where the frame came from: MACs, addresses and ports swapped */
	REPLY_TO_RECEIVER, /* on in the frame's own direction, in its sender's name: nothing swapped */
};

struct reply_segment {
	uint32_t seq, ack; /* host order; ack must be 0 without TCP_ACK */
	uint16_t window;
	uint8_t flags;
	struct view options; /* of TCP: a multiple of 4, at most REPLY_OPTIONS_MAX_BYTES; or none */
	struct view payload; /* or none */
};

/* Build a segment of the conversation that `frame`, parsed as p, belongs to. The number of bytes
 * written, or -EINVAL if p is not TCP, or options or payload are too long, -ENOSPC if cap_bytes is
 * too small (REPLY_MAX_BYTES and the payload always are enough). Marks in MACs are the caller's
 * business. */
int reply_build(struct view frame, const struct packet *p, enum reply_way way,
	const struct reply_segment *segment, uint8_t *out, size_t cap_bytes);

/* The reset that tells the sender of this segment no (RFC 9293 section 3.10.7.1): to a segment with
 * ACK, RST with its ack as seq; to one without, RST and ACK of all that it takes, seq 0. As
 * reply_build; -EINVAL for a RST too, which is never answered. */
int reply_reset_sender(struct view frame, const struct packet *p, uint8_t *out, size_t cap_bytes);

/* The reset that ends the receiver's half, when the segment itself is withheld: RST in the sender's
 * name with the segment's own seq, which is the receiver's RCV.NXT if all before it was passed on
 * (RFC 5961: anything else earns a challenge), and its ACK repeated. As reply_build. */
int reply_reset_receiver(struct view frame, const struct packet *p, uint8_t *out, size_t cap_bytes);
