/* SPDX-License-Identifier: BSD-3-Clause */
/* Taking the shape of a SYN. */
#include "dataplane/syn_shape.h"

static_assert(PACKET_ETHERNET_BYTES + 40 > SYN_CHUNKS_LEAST * SYN_CHUNK &&
		      PACKET_ETHERNET_BYTES + 40 + 20 + 24 <= SYN_CHUNKS * SYN_CHUNK,
	"the least and the most that there are chunks of");

enum {
	IPV4_BYTES = 20,
	IPV6_BYTES = 40,
	TCP_BYTES = 20,
	TIME_STAMP_BYTES = 8,
	TIME_STAMP_HEAD = 0x080a,
};

static struct syn_chunks chunks_of(uint32_t bytes)
{
	return (struct syn_chunks){.whole = (bytes - 1) / SYN_CHUNK, .last = bytes - SYN_CHUNK};
}

/* Lay bytes out as chunks. */
static void spread(const uint8_t *bytes, struct syn_chunks chunks, syn_chunk *out)
{
	for (uint32_t i = 0; i < chunks.whole; i++)
		out[i < SYN_CHUNKS_LEAST ? i : i + 1] = syn_chunk_at(bytes + i * SYN_CHUNK);
	out[SYN_CHUNKS_LEAST] = syn_chunk_at(bytes + chunks.last);
}

/* What differs from SYN to SYN: traffic class, identification, TTL, checksum, source. */
static void mask_ipv4(uint8_t *mask)
{
	mask[1] = 0;
	memset(mask + 4, 0, 2);
	mask[8] = 0;
	memset(mask + 10, 0, 6);
}

/* Traffic class, flow label, hop limit, source. */
static void mask_ipv6(uint8_t *mask)
{
	mask[0] = 0xf0;
	memset(mask + 1, 0, 3);
	mask[7] = 0;
	memset(mask + 8, 0, 16);
}

/* Source port, numbers, reserved bits, ECE and CWR, window, checksum, urgent pointer; and the time
 * stamps, whose option has its head at the end of a word. */
static void mask_segment(uint8_t *mask, const uint8_t *tcp, uint32_t bytes)
{
	memset(mask, 0, 2);
	memset(mask + 4, 0, 8);
	mask[12] = 0xf0;
	mask[13] = 0x3f;
	memset(mask + 14, 0, 6);
	for (uint32_t i = TCP_BYTES; i + 4 + TIME_STAMP_BYTES <= bytes; i += 4)
		if ((be32toh(word32(tcp + i)) & 0xffff) == TIME_STAMP_HEAD && i > TCP_BYTES) {
			memset(mask + i + 4, 0, TIME_STAMP_BYTES);
			return;
		}
}

void syn_shape_learn(struct syn_shape *shape, const uint8_t *frame, uint32_t frame_bytes,
	const struct plain_syn *syn, uint16_t mtu)
{
	bool v4 = syn->family == TUPLE_IPV4;
	uint32_t l4 = PACKET_ETHERNET_BYTES + (v4 ? IPV4_BYTES : IPV6_BYTES);
	uint32_t bytes = (frame[l4 + 12] >> 4) * 4u;
	uint8_t question[PLAIN_SYN_MAX_BYTES];
	uint8_t mask[PLAIN_SYN_MAX_BYTES];
	uint8_t answer[PLAIN_SYN_MAX_BYTES];

	memset(shape, 0, sizeof(*shape));
	memset(mask, 0xff, sizeof(mask));
	if (v4)
		mask_ipv4(mask + PACKET_ETHERNET_BYTES);
	else
		mask_ipv6(mask + PACKET_ETHERNET_BYTES);
	mask_segment(mask + l4, frame + l4, bytes);
	memcpy(question, frame, l4 + bytes);
	for (uint32_t i = 0; i < l4 + bytes; i++)
		question[i] &= mask[i];
	shape->frame_bytes = frame_bytes;
	shape->segment_words = bytes / 4;
	shape->asked = chunks_of(l4 + bytes);
	shape->pseudo = (uint64_t)htobe32(bytes) + htobe32(PROTOCOL_NUMBER_TCP);
	shape->like = *syn;
	spread(mask, shape->asked, shape->mask);
	spread(question, shape->asked, shape->want);

	memcpy(answer, frame, frame_bytes);
	shape->answer_bytes = plain_syn_answer(answer, syn, 0, mtu);
	shape->answered = chunks_of(shape->answer_bytes);
	/* Sums without what is put in later. */
	memset(answer + l4, 0, 12);
	memset(answer + l4 + 16, 0, 2);
	bytes = (answer[l4 + 12] >> 4) * 4u;
	shape->answer_segment =
		syn_sum(answer + l4, bytes / 4) + htobe32(bytes) + htobe32(PROTOCOL_NUMBER_TCP);
	if (v4) {
		memset(answer + PACKET_ETHERNET_BYTES + 10, 0, 2);
		shape->answer_ip = syn_sum(answer + PACKET_ETHERNET_BYTES, 3);
	}
	spread(answer, shape->answered, shape->answer);
}
