/* SPDX-License-Identifier: BSD-3-Clause */
/* IPv6 extension headers (RFC 8200 section 4), of which an edge lets few pass. */
#include "dataplane/packet_int.h"

enum {
	NEXT_HOP_BY_HOP = 0,
	NEXT_ROUTING = 43,
	NEXT_FRAGMENT = 44,
	NEXT_DESTINATION = 60,

	OPTION_PAD1 = 0,
	OPTION_ROUTER_ALERT = 5,
	OPTION_ACTION_BITS = 0xc0, /* what a node that does not know the option does; 00: skip it */
};

/* The options behind the first two bytes: each inside the header, none that would have to be
 * discarded by a node that does not know it (the jumbo payload is one of those). */
static bool options_are_sane(struct view options)
{
	uint32_t at = 0;

	while (at < options.len) {
		uint8_t type = options.p[at];
		uint32_t len;

		if (type == OPTION_PAD1) {
			at++;
			continue;
		}
		if (options.len - at < 2)
			return false;
		len = options.p[at + 1];
		if (len > options.len - at - 2 || type & OPTION_ACTION_BITS)
			return false;
		if (type == OPTION_ROUTER_ALERT && len != 2)
			return false;
		at += 2 + len;
	}
	return true;
}

enum packet_cause packet_walk_extensions(struct view payload, uint8_t *next, uint32_t *walked)
{
	uint32_t at = 0;

	for (uint32_t count = 0;; count++) {
		uint32_t len;

		if (*next == NEXT_ROUTING)
			return PACKET_CAUSE_ip_routing_header;
		if (*next == NEXT_FRAGMENT)
			return PACKET_CAUSE_ip_fragment;
		if (*next != NEXT_HOP_BY_HOP && *next != NEXT_DESTINATION) {
			*walked = at;
			return PACKET_CAUSE_none;
		}
		if (count == PACKET_EXTENSIONS_MAX || (*next == NEXT_HOP_BY_HOP && count > 0))
			return PACKET_CAUSE_bad_ip_extension;
		if (payload.len - at < 8)
			return PACKET_CAUSE_bad_ip_extension;
		len = (payload.p[at + 1] + 1u) * 8;
		if (len > payload.len - at || at + len > PACKET_EXTENSION_MAX_BYTES)
			return PACKET_CAUSE_bad_ip_extension;
		if (!options_are_sane(view_sub(payload, at + 2, len - 2)))
			return PACKET_CAUSE_bad_ip_extension;
		*next = payload.p[at];
		at += len;
	}
}
