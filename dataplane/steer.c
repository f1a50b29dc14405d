/* SPDX-License-Identifier: BSD-3-Clause */
/* Which worker a connection belongs to. */
#include "dataplane/steer.h"

#include <errno.h>
#include <sys/random.h>

#include <rte_byteorder.h>

#include "dataplane/flow.h"

/* Written before the workers run. */
static uint32_t worker_count = 1;
static uint16_t seed_in_use;

void steer_setup(uint32_t workers, uint16_t rss_seed)
{
	worker_count = workers;
	seed_in_use = rss_seed;
}

uint32_t steer_owner(const struct tuple *key)
{
	if (worker_count == 1)
		return 0;
	if (seed_in_use)
		return steer_rss_hash(seed_in_use, key) % STEER_BUCKETS % worker_count;
	/* The high half: the worker's flow table chooses buckets by the low one. */
	return (uint32_t)((flow_hash_wide(key) >> 32) * worker_count >> 32);
}

/* The tuple of a TCP segment behind a plain header, as packet_parse would read it if the frame turns
 * out to be well-formed. False: it takes more to know. */
static bool peek(struct view frame, struct tuple *out)
{
	const uint8_t *p = frame.p;
	uint32_t l3 = PACKET_ETHERNET_BYTES;
	const uint8_t *ports;

	if (frame.len < PACKET_ETHERNET_BYTES + PACKET_VLAN_BYTES + 24)
		return false;
	if (p[12] == 0x81 && p[13] == 0x00)
		l3 += PACKET_VLAN_BYTES;
	memset(out, 0, sizeof(*out));
	out->protocol = PROTOCOL_NUMBER_TCP;
	if (p[l3 - 2] == 0x08 && p[l3 - 1] == 0x00 && p[l3] == 0x45 &&
		p[l3 + 9] == PROTOCOL_NUMBER_TCP) {
		out->family = TUPLE_IPV4;
		memcpy(out->src, p + l3 + 12, 4);
		memcpy(out->dst, p + l3 + 16, 4);
		ports = p + l3 + 20;
	} else if (p[l3 - 2] == 0x86 && p[l3 - 1] == 0xdd && frame.len >= l3 + 44 &&
		   p[l3] >> 4 == 6 && p[l3 + 6] == PROTOCOL_NUMBER_TCP) {
		out->family = TUPLE_IPV6;
		memcpy(out->src, p + l3 + 8, 16);
		memcpy(out->dst, p + l3 + 24, 16);
		ports = p + l3 + 40;
	} else {
		return false;
	}
	out->src_port = (uint16_t)(ports[0] << 8 | ports[1]);
	out->dst_port = (uint16_t)(ports[2] << 8 | ports[3]);
	return true;
}

uint32_t steer_frame(struct view frame, bool outward)
{
	struct packet packet;
	struct tuple key;

	if (peek(frame, &key)) {
		if (outward)
			key = tuple_reverse(&key);
		return steer_owner(&key);
	}
	if (packet_parse(frame, &packet) != PACKET_CAUSE_none || packet.kind == PACKET_UDP)
		return STEER_ANY;
	return steer_key(&packet, outward, &key) ? steer_owner(&key) : 0;
}

/* An odd number of ones: then the sixteen rotations of the seed are linearly independent, so every
 * bit of what is hashed counts. Not few nor many: neighbours would fall into the same bucket. */
int steer_rss_seed(uint16_t *seed)
{
	int ones;

	do {
		if (getrandom(seed, sizeof(*seed), 0) != (ssize_t)sizeof(*seed))
			return -EIO;
		ones = __builtin_popcount(*seed);
	} while (ones % 2 == 0 || ones < 5 || ones > 11);
	return 0;
}

void steer_rss_key(uint16_t seed, uint8_t *out, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		out[i] = (uint8_t)(i % 2 == 0 ? seed >> 8 : seed);
}

/* Toeplitz takes, for each bit set of its input, the 32 bits of the key from there on, and adds them
 * without carry. A key that repeats after sixteen bits gives the same for bits sixteen apart: the
 * input's words can be added first. Two swapped words make no difference, which is the point. */
uint16_t steer_rss_hash(uint16_t seed, const struct tuple *tuple)
{
	uint32_t window = (uint32_t)seed << 16 | seed;
	uint16_t hash = 0;
	uint64_t words[4];
	uint16_t sum;

	memcpy(words, tuple->src, 16);
	memcpy(words + 2, tuple->dst, 16);
	words[0] ^= words[1] ^ words[2] ^ words[3];
	words[0] ^= words[0] >> 32;
	words[0] ^= words[0] >> 16;
	sum = rte_be_to_cpu_16((uint16_t)words[0]) ^ tuple->src_port ^ tuple->dst_port;
	for (unsigned i = 0; i < 16; i++)
		if (sum & 0x8000u >> i)
			hash ^= (uint16_t)(window >> (16 - i));
	return hash;
}
