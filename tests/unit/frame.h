/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames for tests, built byte by byte, with a checksum of their own: the naive one of RFC 1071. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "rules/base/view.h"

enum { FRAME_CAP_BYTES = 2048, FRAME_NO_VLAN = -1 };

struct frame {
	uint8_t bytes[FRAME_CAP_BYTES];
	uint32_t len;
	uint32_t l3, l4;  /* offsets */
	uint8_t protocol; /* of what is at l4 */
	bool v6;
};

static const uint8_t frame_mac_dst[6] = {0x02, 0, 0, 0, 0, 0x01};
static const uint8_t frame_mac_src[6] = {0x02, 0, 0, 0, 0, 0x02};
static const uint8_t frame_v4_src[4] = {192, 0, 2, 10};
static const uint8_t frame_v4_dst[4] = {198, 51, 100, 20};
static const uint8_t frame_v6_src[16] = {0x20, 0x01, 0x0d, 0xb8, 0, 1, [15] = 0x10};
static const uint8_t frame_v6_dst[16] = {0x20, 0x01, 0x0d, 0xb8, 0, 2, [15] = 0x20};

static inline void frame_put(struct frame *f, const void *p, uint32_t len)
{
	memcpy(f->bytes + f->len, p, len);
	f->len += len;
}

static inline void frame_put8(struct frame *f, unsigned v)
{
	f->bytes[f->len++] = (uint8_t)v;
}

static inline void frame_put16(struct frame *f, unsigned v)
{
	frame_put8(f, v >> 8);
	frame_put8(f, v);
}

static inline void frame_put32(struct frame *f, uint32_t v)
{
	frame_put16(f, v >> 16);
	frame_put16(f, v & 0xffff);
}

static inline void frame_set16(struct frame *f, uint32_t at, unsigned v)
{
	f->bytes[at] = (uint8_t)(v >> 8);
	f->bytes[at + 1] = (uint8_t)v;
}

/* One word at a time, carry added at once: slow and plain. */
static inline uint32_t frame_sum(uint32_t sum, const uint8_t *p, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++) {
		sum += i % 2 ? p[i] : (uint32_t)p[i] << 8;
		if (sum > 0xffff)
			sum -= 0xffff;
	}
	return sum;
}

static inline uint16_t frame_l4_checksum(const struct frame *f, uint32_t l4_bytes)
{
	uint32_t addresses = f->v6 ? 32 : 8;
	uint32_t sum = 0;

	if (f->v6 || f->protocol != 1) {
		uint8_t tail[4] = {0, f->protocol, (uint8_t)(l4_bytes >> 8), (uint8_t)l4_bytes};

		sum = frame_sum(0, f->bytes + f->l3 + (f->v6 ? 8 : 12), addresses);
		sum = frame_sum(sum, tail, sizeof(tail));
	}
	return (uint16_t)~frame_sum(sum, f->bytes + f->l4, l4_bytes);
}

static inline void frame_ethernet(struct frame *f, unsigned ethertype, int vlan_tci)
{
	memset(f, 0, sizeof(*f));
	frame_put(f, frame_mac_dst, 6);
	frame_put(f, frame_mac_src, 6);
	if (vlan_tci != FRAME_NO_VLAN) {
		frame_put16(f, 0x8100);
		frame_put16(f, (unsigned)vlan_tci);
	}
	frame_put16(f, ethertype);
	f->l3 = f->len;
}

/* Ethernet and IP; lengths and checksums come with frame_finish. */
static inline void frame_ip(struct frame *f, bool v6, uint8_t protocol, int vlan_tci)
{
	frame_ethernet(f, v6 ? 0x86dd : 0x0800, vlan_tci);
	f->v6 = v6;
	f->protocol = protocol;
	if (v6) {
		frame_put32(f, 0x60000000);
		frame_put16(f, 0);
		frame_put8(f, protocol);
		frame_put8(f, 61);
		frame_put(f, frame_v6_src, 16);
		frame_put(f, frame_v6_dst, 16);
	} else {
		frame_put32(f, 0x45000000);
		frame_put32(f, 0x12344000);
		frame_put8(f, 61);
		frame_put8(f, protocol);
		frame_put16(f, 0);
		frame_put(f, frame_v4_src, 4);
		frame_put(f, frame_v4_dst, 4);
	}
	f->l4 = f->len;
}

static inline void frame_tcp(struct frame *f, unsigned flags, struct view payload)
{
	frame_put16(f, 40000);
	frame_put16(f, 5269);
	frame_put32(f, 0x01020304);
	frame_put32(f, 0x0a0b0c0d);
	frame_put16(f, 0x5000 | flags);
	frame_put16(f, 0x2000);
	frame_put32(f, 0);
	if (payload.len)
		frame_put(f, payload.p, payload.len);
}

static inline void frame_udp(struct frame *f, struct view payload)
{
	frame_put16(f, 53);
	frame_put16(f, 33000);
	frame_put16(f, 8 + payload.len);
	frame_put16(f, 0);
	if (payload.len)
		frame_put(f, payload.p, payload.len);
}

/* IP lengths from what is there. Not for frames that lie about them. */
static inline void frame_lengths(struct frame *f)
{
	if (f->v6)
		frame_set16(f, f->l3 + 4, f->len - f->l3 - 40);
	else
		frame_set16(f, f->l3 + 2, f->len - f->l3);
}

/* Checksums of IP and transport, over whatever the headers say now. */
static inline void frame_checksums(struct frame *f)
{
	static const uint8_t field[256] = {[1] = 2, [6] = 16, [17] = 6, [58] = 2};
	uint32_t l4_bytes = f->len - f->l4;
	uint32_t at = f->l4 + field[f->protocol];

	if (!f->v6) {
		uint32_t header_bytes = (f->bytes[f->l3] & 15u) * 4;

		frame_set16(f, f->l3 + 10, 0);
		frame_set16(f, f->l3 + 10, (uint16_t)~frame_sum(0, f->bytes + f->l3, header_bytes));
	}
	if (field[f->protocol] && at + 2 <= f->len) {
		frame_set16(f, at, 0);
		frame_set16(f, at, frame_l4_checksum(f, l4_bytes));
	}
}

static inline void frame_finish(struct frame *f)
{
	frame_lengths(f);
	frame_checksums(f);
}

static inline struct view frame_view(const struct frame *f)
{
	return view_make(f->bytes, f->len);
}

/* The links that a frame may come over. */
static const struct {
	const char *label;
	bool v6;
	int vlan_tci;
} links[] = {
	{"IPv4", false, FRAME_NO_VLAN},
	{"IPv6", true, FRAME_NO_VLAN},
	{"IPv4 tagged", false, 0x2007},
	{"IPv6 tagged", true, 0x2007},
};

enum { LINKS = sizeof(links) / sizeof(links[0]) };
