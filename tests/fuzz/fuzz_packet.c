/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames: offsets stay inside, what the edge answers is itself a good frame, and whoever only peeks at
 * one takes it for the connection's that it is. A mutated frame
 * would hardly ever have good checksums, so each input is read a second time with them made right. */
#include <stdint.h>
#include <stdlib.h>

#include "dataplane/checksum.h"
#include "dataplane/reply.h"
#include "dataplane/steer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check(bool fine)
{
	if (!fine)
		abort();
}

static void check_reply(struct view frame, const struct packet *p, enum reply_way way)
{
	uint8_t out[REPLY_MAX_BYTES];
	struct packet reset;
	int len = way == REPLY_TO_SENDER ? reply_reset_sender(frame, p, out, sizeof(out))
					 : reply_reset_receiver(frame, p, out, sizeof(out));

	if (p->kind != PACKET_TCP || p->tcp.flags & TCP_RST) {
		check(len < 0);
		return;
	}
	check(len >= REPLY_MIN_BYTES && len <= REPLY_MAX_BYTES);
	/* The way back has our target as its source, which need not be an address that may send. */
	if (way == REPLY_TO_RECEIVER)
		check(packet_parse(view_make(out, (size_t)len), &reset) == PACKET_CAUSE_none &&
			tuple_equal(&reset.tuple, &p->tuple));
}

static void check_owner(struct view frame, const struct packet *p)
{
	for (int outward = 0; outward < 2; outward++) {
		uint32_t owner = steer_frame(frame, outward);
		struct tuple key;

		if (p->kind == PACKET_UDP)
			check(owner == STEER_ANY);
		else
			check(owner == (steer_key(p, outward, &key) ? steer_owner(&key) : 0));
	}
}

static void read_frame(struct view frame)
{
	struct packet p;

	if (packet_parse(frame, &p)) {
		steer_frame(frame, false);
		return;
	}
	check_owner(frame, &p);
	check(p.l3_offset + p.l3_bytes <= p.datagram_end);
	check(p.datagram_end <= frame.len);
	check(p.payload_offset + p.payload_bytes <= p.datagram_end);
	check(p.tuple.zero == 0);
	check_reply(frame, &p, REPLY_TO_SENDER);
	check_reply(frame, &p, REPLY_TO_RECEIVER);
}

static void set16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

/* Fill the checksums of a frame as far as it makes sense; the rest is left wrong. */
static void repair(uint8_t *p, uint32_t len)
{
	uint32_t l3 = len > 13 && p[12] == 0x81 ? 18 : 14;
	struct tuple tuple = {0};
	uint32_t l4;
	uint32_t end;
	uint8_t protocol;
	uint32_t field;

	if (len < l3 + 40)
		return;
	if (p[l3] == 0x45) {
		set16(p + l3 + 10, 0);
		set16(p + l3 + 10, checksum_bytes(view_make(p + l3, 20)));
		tuple.family = TUPLE_IPV4;
		memcpy(tuple.src, p + l3 + 12, 4);
		memcpy(tuple.dst, p + l3 + 16, 4);
		l4 = l3 + 20;
		end = l3 + (uint32_t)(p[l3 + 2] << 8 | p[l3 + 3]);
		protocol = p[l3 + 9];
	} else {
		tuple.family = TUPLE_IPV6;
		memcpy(tuple.src, p + l3 + 8, 16);
		memcpy(tuple.dst, p + l3 + 24, 16);
		l4 = l3 + 40;
		end = l4 + (uint32_t)(p[l3 + 4] << 8 | p[l3 + 5]);
		protocol = p[l3 + 6];
		for (int i = 0; i < 4 && (protocol == 0 || protocol == 60) && l4 + 2 <= len; i++) {
			protocol = p[l4];
			l4 += (p[l4 + 1] + 1u) * 8;
		}
	}
	field = protocol == 6 ? 16 : protocol == 17 ? 6 : 2;
	if (end > len || l4 > end || l4 + field + 2 > end)
		return;
	set16(p + l4 + field, 0);
	if (protocol == 1)
		set16(p + l4 + field, checksum_bytes(view_make(p + l4, end - l4)));
	else
		set16(p + l4 + field, checksum_l4(&tuple, protocol, view_make(p + l4, end - l4)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	uint8_t *copy;

	steer_setup(7, 0);
	read_frame(view_make(data, len));
	if (len == 0 || len > 4096)
		return 0;
	copy = malloc(len);
	check(copy != NULL);
	memcpy(copy, data, len);
	repair(copy, (uint32_t)len);
	read_frame(view_make(copy, len));
	free(copy);
	return 0;
}
