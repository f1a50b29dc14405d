/* SPDX-License-Identifier: BSD-3-Clause */
/* Where a connection comes from. */
#include "control/origin.h"

/* What the dataplane counts connections of unknown sources by. */
enum { NETWORK_BYTES_IPV4 = 3, NETWORK_BYTES_IPV6 = 7 };

/* FNV-1a. That somebody can choose networks or names that share a key costs strangers of that key alone.
 * The highest bit keeps them apart from partner ids. */
static uint32_t stranger_key(uint32_t first, const uint8_t *bytes, uint32_t count)
{
	uint32_t h = 2166136261u ^ first;

	for (uint32_t i = 0; i < count; i++)
		h = (h ^ bytes[i]) * 16777619u;
	return (h ^ h >> 16) | UINT32_C(1) << 31;
}

static uint32_t network_key(const struct ip_address *peer)
{
	return stranger_key(peer->family_bits, peer->bytes,
		peer->family_bits == 32 ? NETWORK_BYTES_IPV4 : NETWORK_BYTES_IPV6);
}

struct origin origin_accepted(uint32_t mark, const struct ip_address *peer)
{
	uint32_t partner_id = mark_partner(mark);
	enum origin_class class = ORIGIN_UNKNOWN;

	if (mark == 0)
		return origin_own(PARTNER_NONE);
	if (mark_class(mark) == CLASS_SUSPICIOUS)
		class = ORIGIN_SUSPICIOUS;
	else if (mark_class(mark) == CLASS_CLAIMED)
		class = ORIGIN_CLAIMED;
	else if (mark_class(mark) == CLASS_VERIFIED)
		class = ORIGIN_VERIFIED;
	return (struct origin){class, partner_id != PARTNER_NONE && !origin_is_stranger(class)
					      ? partner_id
					      : network_key(peer)};
}

struct origin origin_own(uint32_t partner_id)
{
	return (struct origin){ORIGIN_OWN, partner_id};
}

struct origin origin_discovered(struct view domain)
{
	return (struct origin){ORIGIN_UNKNOWN, stranger_key(0, domain.p, domain.len)};
}

const char *origin_class_name(enum origin_class class)
{
	static const char *const names[ORIGIN_CLASSES] = {
		[ORIGIN_SUSPICIOUS] = "suspicious",
		[ORIGIN_UNKNOWN] = "unknown",
		[ORIGIN_CLAIMED] = "claimed",
		[ORIGIN_VERIFIED] = "verified",
		[ORIGIN_OWN] = "own",
	};

	return names[class];
}
