/* SPDX-License-Identifier: BSD-3-Clause */
/* SipHash-2-4 (Aumasson, Bernstein: "SipHash: a fast short-input PRF"). */
#include "rules/base/siphash.h"

#include <endian.h>
#include <errno.h>
#include <string.h>
#include <sys/random.h>

struct state {
	uint64_t v0, v1, v2, v3;
};

static uint64_t read_le64(const uint8_t *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof(word));
	return le64toh(word);
}

static uint64_t rotate_left(uint64_t x, unsigned bits)
{
	return x << bits | x >> (64 - bits);
}

static void mix(struct state *s, unsigned rounds)
{
	while (rounds--) {
		s->v0 += s->v1;
		s->v2 += s->v3;
		s->v1 = rotate_left(s->v1, 13) ^ s->v0;
		s->v3 = rotate_left(s->v3, 16) ^ s->v2;
		s->v0 = rotate_left(s->v0, 32);
		s->v2 += s->v1;
		s->v0 += s->v3;
		s->v1 = rotate_left(s->v1, 17) ^ s->v2;
		s->v3 = rotate_left(s->v3, 21) ^ s->v0;
		s->v2 = rotate_left(s->v2, 32);
	}
}

static void absorb(struct state *s, uint64_t word)
{
	s->v3 ^= word;
	mix(s, 2);
	s->v0 ^= word;
}

struct siphash_key siphash_key_make(const uint8_t bytes[static 16])
{
	return (struct siphash_key){read_le64(bytes), read_le64(bytes + 8)};
}

int siphash_key_random(struct siphash_key *out)
{
	/* Up to 256 bytes come whole or not at all, once the kernel is seeded. */
	if (getrandom(out, sizeof(*out), 0) != (ssize_t)sizeof(*out))
		return errno ? -errno : -EIO;
	return 0;
}

uint64_t siphash(const struct siphash_key *key, const void *bytes, size_t len_bytes)
{
	/* The four constants spell "somepseudorandomlygeneratedbytes". */
	struct state s = {
		.v0 = key->k0 ^ UINT64_C(0x736f6d6570736575),
		.v1 = key->k1 ^ UINT64_C(0x646f72616e646f6d),
		.v2 = key->k0 ^ UINT64_C(0x6c7967656e657261),
		.v3 = key->k1 ^ UINT64_C(0x7465646279746573),
	};
	const uint8_t *p = bytes;
	uint64_t last = (uint64_t)(len_bytes & 0xff) << 56;
	size_t left = len_bytes;

	for (; left >= 8; left -= 8, p += 8)
		absorb(&s, read_le64(p));
	for (size_t i = 0; i < left; i++)
		last |= (uint64_t)p[i] << (8 * i);
	absorb(&s, last);
	s.v2 ^= 0xff;
	mix(&s, 4);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}
