/* SPDX-License-Identifier: BSD-3-Clause */
/* A round of SipHash (Aumasson, Bernstein: "SipHash: a fast short-input PRF"), inlined into whatever hashes. */
#pragma once

#include <stdint.h>

struct hash_state {
	uint64_t a, b, c, d;
};

static inline uint64_t hash_rotate(uint64_t x, unsigned bits)
{
	return x << bits | x >> (64 - bits);
}

static inline void hash_round(struct hash_state *s)
{
	s->a += s->b;
	s->c += s->d;
	s->b = hash_rotate(s->b, 13) ^ s->a;
	s->d = hash_rotate(s->d, 16) ^ s->c;
	s->a = hash_rotate(s->a, 32);
	s->c += s->b;
	s->a += s->d;
	s->b = hash_rotate(s->b, 17) ^ s->c;
	s->d = hash_rotate(s->d, 21) ^ s->a;
	s->c = hash_rotate(s->c, 32);
}

static inline void hash_word(struct hash_state *s, uint64_t word)
{
	s->d ^= word;
	hash_round(s);
	s->a ^= word;
}
