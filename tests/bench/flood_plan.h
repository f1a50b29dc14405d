/* SPDX-License-Identifier: BSD-3-Clause */
/* How each frame of a flood differs from the last, for the program that runs in the kernel and the
 * one that does not: a frame to start from, a mask of what is drawn anew in the source address, and
 * port, sequence and acknowledgement numbers at random. Sums are kept, not computed again. */
#pragma once

#include <linux/types.h>

enum {
	FLOOD_HEADERS_IPV4 = 14 + 20 + 20,
	FLOOD_HEADERS_IPV6 = 14 + 40 + 20,
	FLOOD_FRAME_MAX = 256,
	FLOOD_DRAWS = 7, /* words of chance that one frame takes */
};

struct flood_plan {
	__u8 frame[FLOOD_FRAME_MAX]; /* what is drawn is zero in it, and so are both checksums */
	__u32 frame_bytes;
	__u32 v6;
	__u32 mask[4];   /* bits of the source address that are drawn, as they lie in memory */
	__u32 draws_ack; /* 0: the acknowledgement number stays as it is */
	__u32 ifindex;   /* where the program in the kernel sends to */
	__u32 ip_sum;    /* of the IPv4 header, in 16-bit words as they lie in memory */
	__u32 tcp_sum;   /* of pseudo header and segment */
};

static inline __attribute__((always_inline)) __u16 flood_fold(__u32 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (__u16)~sum;
}

static inline __attribute__((always_inline)) __u32 flood_halves(__u32 word)
{
	return (word & 0xffff) + (word >> 16);
}

/* Write what differs into a frame whose headers are those of the plan. One's complement addition
 * does not care about byte order as long as it is the same throughout. v6 is the plan's, said by the
 * caller so that the verifier sees one family at a time. */
static inline __attribute__((always_inline)) void flood_draw(
	__u8 *frame, const struct flood_plan *plan, int v6, const __u32 draws[FLOOD_DRAWS])
{
	__u8 *ip = frame + 14;
	__u8 *tcp = ip + (v6 ? 40 : 20);
	__u32 ack = plan->draws_ack ? draws[5] : 0;
	__u32 sum = plan->tcp_sum;
	__u32 words = v6 ? 4 : 1;
	__u32 *source = (__u32 *)(ip + (v6 ? 8 : 12));

	for (__u32 i = 0; i < 4 && i < words; i++) {
		__u32 drawn = draws[i] & plan->mask[i];

		source[i] |= drawn;
		sum += flood_halves(drawn);
	}
	*(__u16 *)tcp = (__u16)(draws[6] | 0x0080); /* high ports: 0x80 is the first octet */
	*(__u32 *)(tcp + 4) = draws[4];
	if (plan->draws_ack)
		*(__u32 *)(tcp + 8) = ack;
	sum += (__u16)(draws[6] | 0x0080);
	sum += flood_halves(draws[4]) + flood_halves(ack);
	*(__u16 *)(tcp + 16) = flood_fold(sum);
	if (!v6)
		*(__u16 *)(ip + 10) =
			flood_fold(plan->ip_sum + flood_halves(draws[0] & plan->mask[0]));
}
