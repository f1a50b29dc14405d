/* SPDX-License-Identifier: BSD-3-Clause */
/* What the SYNs of a flood have in common. A shape is taken from one plain SYN (plain_syn.h): the bytes
 * that the next one of the same system, for the same service, by the same router has too. In a frame
 * that fits only the sums and the source remain to be looked at, and its answer is a copy of the
 * shape's with a few numbers put in. Pure; one thread. */
#pragma once

#include <endian.h>

#include "dataplane/packet.h"
#include "dataplane/plain_syn.h"
#include "dataplane/word.h"

/* Bytes are compared and copied in chunks. There are three at least; the one that ends where the bytes
 * end comes next, and then those in between. */
enum { SYN_CHUNK = 16, SYN_CHUNKS = 7, SYN_CHUNKS_LEAST = 3 };
typedef uint64_t syn_chunk __attribute__((vector_size(SYN_CHUNK)));

struct syn_chunks {
	uint32_t whole; /* one behind the other, without the last */
	uint32_t last;  /* where that begins */
};

struct syn_shape {
	uint32_t frame_bytes; /* 0: of no SYN */
	uint32_t answer_bytes;
	uint32_t segment_words; /* of the question */
	struct syn_chunks asked, answered;
	uint64_t pseudo;         /* sum of the pseudo header but for the addresses */
	uint64_t answer_ip;      /* sums of what all answers have, but for the addresses */
	uint64_t answer_segment; /* likewise, with the pseudo header */
	struct plain_syn like;   /* the one that it was taken from */
	syn_chunk mask[SYN_CHUNKS], want[SYN_CHUNKS];
	syn_chunk answer[SYN_CHUNKS];
};

/* Take the shape of a SYN that plain_syn_read has read. mtu as for plain_syn_answer. */
void syn_shape_learn(struct syn_shape *shape, const uint8_t *frame, uint32_t frame_bytes,
	const struct plain_syn *syn, uint16_t mtu);

static inline syn_chunk syn_chunk_at(const uint8_t *p)
{
	syn_chunk chunk;

	memcpy(&chunk, p, sizeof(chunk));
	return chunk;
}

/* The sum of words, without the numbers that they are. */
static inline uint64_t syn_sum(const uint8_t *p, uint32_t words)
{
	uint64_t sum = 0;

#pragma GCC unroll 9
	for (uint32_t i = 0; i < words; i++)
		sum += word32(p + i * sizeof(uint32_t));
	return sum;
}

/* Is a sum over bytes with their checksum right? As checksum_finish(sum) == 0, below 2^36. */
static inline bool syn_sum_is_right(uint64_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32);
	return (sum & 0xffff) + (sum >> 16) == 0xffff;
}

/* The checksum as it lies in memory, of a sum below 2^36: as checksum_finish. */
static inline uint16_t syn_checksum(uint64_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t) ~((sum & 0xffff) + (sum >> 16));
}

/* Has the frame all that the shape says? Its sums and its source are still to be looked at. */
static inline bool syn_shape_fits(
	const struct syn_shape *shape, const uint8_t *frame, uint32_t frame_bytes)
{
	const syn_chunk *mask = shape->mask, *want = shape->want;
	syn_chunk differs;

	if (frame_bytes != shape->frame_bytes)
		return false;
#define DIFFERS(i, at) ((syn_chunk_at(frame + (at)) & mask[i]) ^ want[i])
	differs = DIFFERS(0, 0) | DIFFERS(1, 16) | DIFFERS(2, 32) | DIFFERS(3, shape->asked.last);
	if (shape->asked.whole > 3)
		differs |= DIFFERS(4, 48);
	if (shape->asked.whole > 4)
		differs |= DIFFERS(5, 64);
	if (shape->asked.whole > 5)
		differs |= DIFFERS(6, 80);
#undef DIFFERS
	return (differs[0] | differs[1]) == 0;
}

/* The rest of a frame that fits: is it a plain SYN? As plain_syn_read, but that out->offered is the
 * shape's. A sender that is also the target is not seen here. */
static inline bool syn_shape_read(
	const struct syn_shape *shape, const uint8_t *frame, struct plain_syn *out)
{
	const uint8_t *ip = frame + PACKET_ETHERNET_BYTES;
	const uint8_t *tcp;
	uint32_t ports;
	uint64_t sum;

	out->family = shape->like.family;
	if (shape->like.family == TUPLE_IPV4) {
		tcp = ip + 20;
		out->addresses = syn_sum(ip + 12, 2);
		if (ip[8] == 0 || ip[12] == 0 || ip[12] == 127 || ip[12] >= 224 ||
			!syn_sum_is_right(out->addresses + syn_sum(ip, 3)))
			return false;
	} else {
		tcp = ip + 40;
		out->addresses = syn_sum(ip + 8, 8);
		if (ip[7] == 0 || ip[8] == 0 || ip[8] == 0xff)
			return false;
	}
	ports = word32(tcp);
	out->ports = be32toh(ports);
	out->isn = be32toh(word32(tcp + 4));
	sum = out->addresses + shape->pseudo + ports;
	/* As Linux has it, that is mostly: then the number is known to the compiler. */
	sum += shape->segment_words == 10 ? syn_sum(tcp + 4, 9)
					  : syn_sum(tcp + 4, shape->segment_words - 1);
	return out->ports >> 16 != 0 && syn_sum_is_right(sum);
}

/* The same as plain_syn_answer of a SYN that was read with this shape. */
static inline uint32_t syn_shape_answer(
	const struct syn_shape *shape, uint8_t *frame, const struct plain_syn *syn, uint32_t cookie)
{
	uint8_t *ip = frame + PACKET_ETHERNET_BYTES;
	uint32_t ports = htobe32(syn->ports << 16 | syn->ports >> 16);
	uint32_t ack = htobe32(syn->isn + 1);
	uint32_t seq = htobe32(cookie);
	uint64_t sum = shape->answer_segment + syn->addresses + ports + seq + ack;
	bool v4 = shape->like.family == TUPLE_IPV4;
	uint8_t *tcp = ip + (v4 ? 20 : 40);
	syn_chunk remote = {0};

	if (v4)
		memcpy(&remote, ip + 12, 4);
	else
		memcpy(&remote, ip + 8, 16);
	memcpy(frame, shape->answer, SYN_CHUNKS_LEAST * SYN_CHUNK);
	memcpy(frame + shape->answered.last, &shape->answer[3], SYN_CHUNK);
	if (shape->answered.whole > 3)
		memcpy(frame + 48, &shape->answer[4], SYN_CHUNK);
	if (shape->answered.whole > 4)
		memcpy(frame + 64, &shape->answer[5], SYN_CHUNK);
	if (v4) {
		memcpy(ip + 16, &remote, 4);
		word16_put(ip + 10, syn_checksum(shape->answer_ip + syn->addresses));
	} else {
		memcpy(ip + 24, &remote, 16);
	}
	word32_put(tcp, ports);
	word32_put(tcp + 4, seq);
	word32_put(tcp + 8, ack);
	word16_put(tcp + 16, syn_checksum(sum));
	return shape->answer_bytes;
}
