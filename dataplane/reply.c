/* SPDX-License-Identifier: BSD-3-Clause */
/* TCP segments that the edge itself makes. */
#include "dataplane/reply.h"

#include <endian.h>
#include <errno.h>

#include "dataplane/checksum.h"

enum {
	MAC_BYTES = 6,
	IPV4_BYTES = 20,
	IPV6_BYTES = 40,
	TCP_BYTES = 20,
	HOP_LIMIT = 64,
	IPV4_DONT_FRAGMENT = 0x4000, /* in the word with the identification */
};

/* Sums are taken of what is written, not of where it was written to: to read words from bytes that were
 * just stored in pieces would wait for the stores. Returns the word as it lies in memory. */
static uint32_t write_be32(uint8_t *p, uint32_t v)
{
	uint32_t word = htobe32(v);

	memcpy(p, &word, sizeof(word));
	return word;
}

static uint32_t half_words(uint16_t high, uint16_t low)
{
	return (uint32_t)high << 16 | low;
}

static void write_be16(uint8_t *p, uint16_t v)
{
	uint16_t word = htobe16(v);

	memcpy(p, &word, sizeof(word));
}

/* MACs, the tag and the type as in the frame, the MACs swapped on the way back. */
static void write_link(struct view frame, const struct packet *p, enum reply_way way, uint8_t *out)
{
	memcpy(out, frame.p, p->l3_offset);
	if (way == REPLY_TO_SENDER) {
		memcpy(out, frame.p + MAC_BYTES, MAC_BYTES);
		memcpy(out + MAC_BYTES, frame.p, MAC_BYTES);
	}
}

static void write_ipv4(const struct tuple *tuple, size_t tcp_bytes, uint8_t *out)
{
	uint64_t sum = 0;

	sum += write_be32(out, half_words(0x4500, (uint16_t)(IPV4_BYTES + tcp_bytes)));
	/* An identification of 0 is right for what may not be fragmented (RFC 6864). */
	sum += write_be32(out + 4, IPV4_DONT_FRAGMENT);
	sum += write_be32(out + 8, HOP_LIMIT << 24 | PROTOCOL_NUMBER_TCP << 16);
	memcpy(out + 12, tuple->src, 4);
	memcpy(out + 16, tuple->dst, 4);
	sum = checksum_add(sum, view_make(tuple->src, 4));
	sum = checksum_add(sum, view_make(tuple->dst, 4));
	write_be16(out + 10, checksum_finish(sum));
}

static void write_ipv6(const struct tuple *tuple, size_t tcp_bytes, uint8_t *out)
{
	write_be32(out, 0x60000000);
	write_be32(out + 4, (uint32_t)tcp_bytes << 16 | PROTOCOL_NUMBER_TCP << 8 | HOP_LIMIT);
	memcpy(out + 8, tuple->src, 16);
	memcpy(out + 24, tuple->dst, 16);
}

static void write_tcp(const struct tuple *tuple, const struct reply_segment *segment, uint8_t *out)
{
	uint32_t header_bytes = TCP_BYTES + segment->options.len;
	uint32_t bytes = header_bytes + segment->payload.len;
	uint64_t sum = checksum_add_pseudo(0, tuple, PROTOCOL_NUMBER_TCP, bytes);

	sum += write_be32(out, half_words(tuple->src_port, tuple->dst_port));
	sum += write_be32(out + 4, segment->seq);
	sum += write_be32(out + 8, segment->ack);
	sum += write_be32(out + 12,
		header_bytes / 4 << 28 | (uint32_t)segment->flags << 16 | segment->window);
	if (segment->options.len)
		memcpy(out + TCP_BYTES, segment->options.p, segment->options.len);
	if (segment->payload.len)
		memcpy(out + header_bytes, segment->payload.p, segment->payload.len);
	sum = checksum_add(sum, segment->options);
	sum = checksum_add(sum, segment->payload);
	write_be32(out + 16, (uint32_t)checksum_finish(sum) << 16);
}

int reply_build(struct view frame, const struct packet *p, enum reply_way way,
	const struct reply_segment *segment, uint8_t *out, size_t cap_bytes)
{
	struct tuple tuple = way == REPLY_TO_SENDER ? tuple_reverse(&p->tuple) : p->tuple;
	bool v4 = tuple.family == TUPLE_IPV4;
	size_t tcp_bytes = TCP_BYTES + segment->options.len + segment->payload.len;
	size_t l4_offset;
	size_t len;
	size_t padded;

	if (p->kind != PACKET_TCP || segment->options.len > REPLY_OPTIONS_MAX_BYTES ||
		segment->options.len % 4 != 0 || segment->payload.len > PACKET_DATAGRAM_MAX_BYTES)
		return -EINVAL;
	l4_offset = p->l3_offset + (v4 ? IPV4_BYTES : IPV6_BYTES);
	len = l4_offset + tcp_bytes;
	padded = len < REPLY_MIN_BYTES ? REPLY_MIN_BYTES : len;
	if (cap_bytes < padded)
		return -ENOSPC;
	write_link(frame, p, way, out);
	if (v4)
		write_ipv4(&tuple, tcp_bytes, out + p->l3_offset);
	else
		write_ipv6(&tuple, tcp_bytes, out + p->l3_offset);
	write_tcp(&tuple, segment, out + l4_offset);
	memset(out + len, 0, padded - len);
	return (int)padded;
}

int reply_reset_sender(struct view frame, const struct packet *p, uint8_t *out, size_t cap_bytes)
{
	struct reply_segment reset = {.flags = TCP_RST};

	if (p->kind != PACKET_TCP || p->tcp.flags & TCP_RST)
		return -EINVAL;
	if (p->tcp.flags & TCP_ACK) {
		reset.seq = p->tcp.ack;
	} else {
		reset.flags = TCP_RST | TCP_ACK;
		reset.ack = p->tcp.seq + packet_tcp_span(p);
	}
	return reply_build(frame, p, REPLY_TO_SENDER, &reset, out, cap_bytes);
}

int reply_reset_receiver(struct view frame, const struct packet *p, uint8_t *out, size_t cap_bytes)
{
	struct reply_segment reset = {.flags = TCP_RST, .seq = p->tcp.seq};

	if (p->kind != PACKET_TCP || p->tcp.flags & TCP_RST)
		return -EINVAL;
	if (p->tcp.flags & TCP_ACK) {
		reset.flags = TCP_RST | TCP_ACK;
		reset.ack = p->tcp.ack;
	}
	return reply_build(frame, p, REPLY_TO_RECEIVER, &reset, out, cap_bytes);
}
