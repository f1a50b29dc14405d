/* SPDX-License-Identifier: BSD-3-Clause */
/* A SYN as systems send them, read and answered in few steps. What packet.h and synack.h do for any
 * frame, for the one that a flood is made of: an untagged TCP SYN over IPv4 or IPv6 without extension
 * headers, without data, with its options in one of the orders of Linux, Windows, the BSDs, macOS, or
 * none. Whatever else it is, these functions do not know; what they know, they know exactly as the
 * others do. Pure; any thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/cookie.h"

enum { PLAIN_SYN_MAX_BYTES = 128 }; /* of its frame, padding included */

struct plain_syn {
	uint64_t addresses; /* sum of both, as for a checksum */
	uint32_t isn;
	uint32_t ports; /* the source's in the high half */
	uint8_t family;
	struct cookie_options offered; /* the MSS at least what the family allows */
};

/* Is the frame one, and well-formed: lengths, checksums, addresses, flags, options? Its MACs are not
 * looked at. False says nothing. Room for the answer is there if it is. */
bool plain_syn_read(const uint8_t *frame, uint32_t frame_bytes, struct plain_syn *out);

static inline const uint8_t *plain_syn_src(const uint8_t *frame, uint8_t family)
{
	return frame + 14 + (family == TUPLE_IPV4 ? 12 : 8);
}
static inline const uint8_t *plain_syn_dst(const uint8_t *frame, uint8_t family)
{
	return frame + 14 + (family == TUPLE_IPV4 ? 16 : 24);
}

/* Write the SYN-ACK of synack_build over the frame; its length. */
uint32_t plain_syn_answer(
	uint8_t *frame, const struct plain_syn *syn, uint32_t cookie, uint16_t mtu);
