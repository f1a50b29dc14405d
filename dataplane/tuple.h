/* SPDX-License-Identifier: BSD-3-Clause */
/* Who talks to whom: the key of a flow. No padding, every unused byte zero, so that a tuple is
 * hashed and compared as 40 plain bytes. */
#pragma once

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "rules/prefix.h"

enum { TUPLE_IPV4 = 4, TUPLE_IPV6 = 6 };

struct tuple {
	uint8_t src[16];   /* network order; IPv4 in the first four bytes, the rest zero */
	uint8_t dst[16];   /* likewise */
	uint16_t src_port; /* host order; 0 where the protocol has no ports */
	uint16_t dst_port; /* likewise */
	uint8_t family;    /* TUPLE_IPV4 or TUPLE_IPV6 */
	uint8_t protocol;  /* IANA number of the transport (6 TCP, 17 UDP, 1 and 58 ICMP); ARP: 0 */
	uint16_t zero;     /* always 0 */
};

static_assert(sizeof(struct tuple) == 40, "a tuple is 40 bytes without padding");

static inline bool tuple_equal(const struct tuple *a, const struct tuple *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* The same conversation seen from the other end. */
static inline struct tuple tuple_reverse(const struct tuple *t)
{
	struct tuple back = *t;

	memcpy(back.src, t->dst, sizeof(back.src));
	memcpy(back.dst, t->src, sizeof(back.dst));
	back.src_port = t->dst_port;
	back.dst_port = t->src_port;
	return back;
}

/* Bytes of one address of this family: 4 or 16. */
static inline uint32_t tuple_address_bytes(const struct tuple *t)
{
	return t->family == TUPLE_IPV4 ? 4 : 16;
}

/* The addresses in the form that the rules use. */
static inline struct ip_address tuple_src_address(const struct tuple *t)
{
	struct ip_address a = {.family_bits = (uint8_t)(tuple_address_bytes(t) * 8)};

	memcpy(a.bytes, t->src, sizeof(a.bytes));
	return a;
}

static inline struct ip_address tuple_dst_address(const struct tuple *t)
{
	struct ip_address a = {.family_bits = (uint8_t)(tuple_address_bytes(t) * 8)};

	memcpy(a.bytes, t->dst, sizeof(a.bytes));
	return a;
}
