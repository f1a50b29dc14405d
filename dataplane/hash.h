/* SPDX-License-Identifier: BSD-3-Clause */
/* The keyed hash of the packet path: SipHash with one round per word and three at the end, inlined.
 * The key is drawn at start, so nobody outside can choose names or addresses that collide. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "rules/base/hash_round.h"

struct hash_secret {
	uint64_t word[2];
};

/* SipHash-1-3 of bytes. The compiler unrolls it where the length is constant. */
static inline uint64_t hash_bytes(const struct hash_secret *secret, const void *bytes, size_t len)
{
	const uint8_t *p = bytes;
	struct hash_state s = {
		secret->word[0] ^ UINT64_C(0x736f6d6570736575),
		secret->word[1] ^ UINT64_C(0x646f72616e646f6d),
		secret->word[0] ^ UINT64_C(0x6c7967656e657261),
		secret->word[1] ^ UINT64_C(0x7465646279746573),
	};
	uint64_t last = (uint64_t)len << 56;
	uint64_t word;
	size_t i;

	for (i = 0; i + 8 <= len; i += 8) {
		memcpy(&word, p + i, 8);
		hash_word(&s, word);
	}
	if (i < len && len >= 8 && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__) {
		/* The last eight bytes, without those that have been. */
		memcpy(&word, p + len - 8, 8);
		last |= word >> (8 * (8 - (len - i)));
	} else {
		for (size_t k = 0; i + k < len; k++)
			last |= (uint64_t)p[i + k] << (8 * k);
	}
	hash_word(&s, last);
	s.c ^= 0xff;
	hash_round(&s);
	hash_round(&s);
	hash_round(&s);
	return s.a ^ s.b ^ s.c ^ s.d;
}
