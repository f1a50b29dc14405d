/* SPDX-License-Identifier: BSD-3-Clause */
/* The short way of a SYN, held against the long one, for any frame: what plain_syn.h and syn_shape.h say
 * must be what packet.h and synack.h say. */
#pragma once

#include <stdio.h>
#include <stdlib.h>

#include "dataplane/checksum.h"
#include "dataplane/syn_shape.h"
#include "dataplane/synack.h"

static inline void syn_check(bool fine, const char *what)
{
	if (!fine) {
		fprintf(stderr, "the short way differs: %s\n", what);
		abort();
	}
}

/* Make the checksums of a frame right, as far as it has any. */
static inline void syn_mend(uint8_t *frame, uint32_t bytes)
{
	struct tuple t = {.family = frame[12] == 0x86 ? TUPLE_IPV6 : TUPLE_IPV4};
	uint8_t *ip = frame + 14;
	uint32_t l3 = t.family == TUPLE_IPV4 ? 20 : 40;
	uint8_t *tcp = ip + l3;
	uint32_t len;
	uint16_t sum;

	if (bytes < 14 + l3 + 20)
		return;
	if (t.family == TUPLE_IPV4) {
		ip[10] = ip[11] = 0;
		sum = checksum_bytes(view_make(ip, 20));
		ip[10] = (uint8_t)(sum >> 8);
		ip[11] = (uint8_t)sum;
		len = (uint32_t)(ip[2] << 8 | ip[3]) - 20;
	} else {
		len = (uint32_t)(ip[4] << 8 | ip[5]);
	}
	if (len < 20 || len > bytes - 14 - l3)
		return;
	memcpy(t.src, ip + (l3 == 20 ? 12 : 8), l3 == 20 ? 4 : 16);
	memcpy(t.dst, ip + (l3 == 20 ? 16 : 24), l3 == 20 ? 4 : 16);
	tcp[16] = tcp[17] = 0;
	sum = checksum_l4(&t, PROTOCOL_NUMBER_TCP, view_make(tcp, len));
	tcp[16] = (uint8_t)(sum >> 8);
	tcp[17] = (uint8_t)sum;
}

/* The long way. True: a SYN that would be answered. */
static inline bool syn_long_way(struct view frame, struct packet *p, struct cookie_options *offered)
{
	return packet_parse(frame, p) == PACKET_CAUSE_none && p->kind == PACKET_TCP &&
	       !p->has_vlan && (p->tcp.flags & (TCP_SYN | TCP_ACK)) == TCP_SYN &&
	       p->payload_bytes == 0 &&
	       synack_read(synack_options(frame, p), p->tuple.family, offered) == SYNACK_CAUSE_none;
}

/* What the short way read of this frame, and the answer that it wrote over it. */
static inline void syn_compare(struct view frame, const struct plain_syn *said,
	const struct cookie_options *offered, const uint8_t *answer, uint32_t answer_bytes)
{
	struct cookie_options agreed;
	uint8_t out[REPLY_MAX_BYTES];
	struct packet p;
	int len;

	syn_check(syn_long_way(frame, &p, &agreed), "taken");
	syn_check(said->family == p.tuple.family && said->isn == p.tcp.seq &&
			  said->ports >> 16 == p.tuple.src_port &&
			  (uint16_t)said->ports == p.tuple.dst_port,
		"numbers");
	syn_check(agreed.mss == offered->mss && agreed.sack == offered->sack &&
			  agreed.scaled == offered->scaled && agreed.scale == offered->scale,
		"options");
	syn_check(memcmp(plain_syn_src(frame.p, said->family), p.tuple.src,
			  tuple_address_bytes(&p.tuple)) == 0 &&
			  memcmp(plain_syn_dst(frame.p, said->family), p.tuple.dst,
				  tuple_address_bytes(&p.tuple)) == 0,
		"addresses");
	len = synack_build(frame, &p, &agreed, 0xfedcba98, 1500, out, sizeof(out));
	syn_check(len == (int)answer_bytes && memcmp(out, answer, answer_bytes) == 0, "answer");
}

/* Both ways for one frame; shape: learned of another one, or of none. True if the short way took it.
 * The frame may be as long as a plain SYN's and is followed by other bytes, which must not change. */
static inline bool syn_both_ways(struct view frame, const struct syn_shape *shape)
{
	uint8_t room[PLAIN_SYN_MAX_BYTES + 64];
	struct plain_syn said = {0};
	struct plain_syn heard = {0};
	struct syn_shape own;
	uint32_t len;

	/* MACs are the caller's business. */
	if (frame.len > PLAIN_SYN_MAX_BYTES || frame.len < 14 || frame.p[6] & 1)
		return false;
	if (shape->frame_bytes != 0 && syn_shape_fits(shape, frame.p, frame.len) &&
		syn_shape_read(shape, frame.p, &heard) &&
		memcmp(plain_syn_src(frame.p, heard.family), plain_syn_dst(frame.p, heard.family),
			heard.family == TUPLE_IPV4 ? 4 : 16) != 0) {
		memcpy(room, frame.p, frame.len);
		memset(room + frame.len, 0xa5, 64);
		len = syn_shape_answer(shape, room, &heard, 0xfedcba98);
		syn_compare(frame, &heard, &shape->like.offered, room, len);
		for (uint32_t i = 0; i < 64; i++)
			syn_check(room[frame.len + i] == 0xa5, "behind the frame");
	}
	if (!plain_syn_read(frame.p, frame.len, &said))
		return false;
	memcpy(room, frame.p, frame.len);
	len = plain_syn_answer(room, &said, 0xfedcba98, 1500);
	syn_check(len <= frame.len, "room");
	syn_compare(frame, &said, &said.offered, room, len);
	/* Its own shape fits it. */
	syn_shape_learn(&own, frame.p, frame.len, &said, 1500);
	syn_check(syn_shape_fits(&own, frame.p, frame.len) && syn_shape_read(&own, frame.p, &heard),
		"shape");
	syn_check(heard.isn == said.isn && heard.ports == said.ports &&
			  heard.addresses == said.addresses && heard.family == said.family,
		"what the shape read");
	memcpy(room, frame.p, frame.len);
	len = syn_shape_answer(&own, room, &heard, 0xfedcba98);
	syn_compare(frame, &heard, &own.like.offered, room, len);
	return true;
}
