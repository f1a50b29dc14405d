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

/* Fields of a frame lie at odd places. The kernel's side may write them at once, where clang would
 * write octet by octet; C's rules may not be bent elsewhere. */
#ifdef __bpf__
#define FLOOD_COPY(type, to, from) (*(type *)(to) = *(const type *)(from))
#else
#define FLOOD_COPY(type, to, from) __builtin_memcpy(to, from, sizeof(type))
#endif

static inline __attribute__((always_inline)) __u32 flood_get32(const __u8 *p)
{
	__u32 v;

	FLOOD_COPY(__u32, &v, p);
	return v;
}

static inline __attribute__((always_inline)) void flood_put32(__u8 *p, __u32 v)
{
	FLOOD_COPY(__u32, p, &v);
}

static inline __attribute__((always_inline)) void flood_put16(__u8 *p, __u16 v)
{
	FLOOD_COPY(__u16, p, &v);
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
	__u8 *source = ip + (v6 ? 8 : 12);

	for (__u32 i = 0; i < 4 && i < words; i++) {
		__u32 drawn = draws[i] & plan->mask[i];

		flood_put32(source + 4 * i, flood_get32(source + 4 * i) | drawn);
		sum += flood_halves(drawn);
	}
	flood_put16(tcp, (__u16)(draws[6] | 0x0080)); /* high ports: 0x80 is the first octet */
	flood_put32(tcp + 4, draws[4]);
	if (plan->draws_ack)
		flood_put32(tcp + 8, ack);
	sum += (__u16)(draws[6] | 0x0080);
	sum += flood_halves(draws[4]) + flood_halves(ack);
	flood_put16(tcp + 16, flood_fold(sum));
	if (!v6)
		flood_put16(
			ip + 10, flood_fold(plan->ip_sum + flood_halves(draws[0] & plan->mask[0])));
}
