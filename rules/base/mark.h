/* SPDX-License-Identifier: BSD-3-Clause */
/* The mark that a flow carries from the dataplane to the control plane: class (4 bits), reserved
 * (4), partner id (24). It travels in the source MAC 02:fe:<mark, big endian> on the TAP, tc turns
 * it into skb->mark, and an accepted socket shows it as SO_MARK. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum source_class {
	CLASS_NONE = 0,       /* did not pass the filter: never on a socket that we serve */
	CLASS_UNKNOWN = 1,    /* no rule knows the source */
	CLASS_CLAIMED = 2,    /* the source prefix is a partner's; nothing proven */
	CLASS_VERIFIED = 3,   /* the control plane proved the partner on this flow */
	CLASS_SUSPICIOUS = 4, /* the control plane asked for stricter treatment */
	CLASS_OUTBOUND = 5,   /* we announced and opened it ourselves */
	CLASS_BLOCKED = 15,   /* refused; exists only inside the dataplane */
};

enum { PARTNER_NONE = 0, PARTNER_ID_MAX = 0xffffff };

#define MARK_MAC_PREFIX_0 0x02
#define MARK_MAC_PREFIX_1 0xfe

static inline uint32_t mark_make(enum source_class class, uint32_t partner_id)
{
	return (uint32_t) class << 28 | (partner_id & PARTNER_ID_MAX);
}

static inline enum source_class mark_class(uint32_t mark)
{
	return (enum source_class)(mark >> 28);
}

static inline uint32_t mark_partner(uint32_t mark)
{
	return mark & PARTNER_ID_MAX;
}

/* Does this MAC address pretend to carry a mark? */
static inline bool mark_in_mac(const uint8_t mac[static 6])
{
	return mac[0] == MARK_MAC_PREFIX_0 && mac[1] == MARK_MAC_PREFIX_1;
}

static inline void mark_to_mac(uint32_t mark, uint8_t mac[static 6])
{
	const uint8_t bytes[6] = {MARK_MAC_PREFIX_0, MARK_MAC_PREFIX_1, (uint8_t)(mark >> 24),
		(uint8_t)(mark >> 16), (uint8_t)(mark >> 8), (uint8_t)mark};

	memcpy(mac, bytes, sizeof(bytes));
}
