/* SPDX-License-Identifier: BSD-3-Clause */
/* SipHash-2-4 (Aumasson, Bernstein: "SipHash: a fast short-input PRF"). */
#include "rules/base/siphash.h"

#include <errno.h>
#include <sys/random.h>

#include "rules/base/hash_round.h"
#include "rules/base/octets.h"

static void absorb(struct hash_state *s, uint64_t word)
{
	s->d ^= word;
	hash_round(s);
	hash_round(s);
	s->a ^= word;
}

struct siphash_key siphash_key_make(const uint8_t bytes[static 16])
{
	return (struct siphash_key){get64(bytes), get64(bytes + 8)};
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
	struct hash_state s = {
		.a = key->k0 ^ UINT64_C(0x736f6d6570736575),
		.b = key->k1 ^ UINT64_C(0x646f72616e646f6d),
		.c = key->k0 ^ UINT64_C(0x6c7967656e657261),
		.d = key->k1 ^ UINT64_C(0x7465646279746573),
	};
	const uint8_t *p = bytes;
	uint64_t last = (uint64_t)(len_bytes & 0xff) << 56;
	size_t left = len_bytes;

	for (; left >= 8; left -= 8, p += 8)
		absorb(&s, get64(p));
	for (size_t i = 0; i < left; i++)
		last |= (uint64_t)p[i] << (8 * i);
	absorb(&s, last);
	s.c ^= 0xff;
	for (int i = 0; i < 4; i++)
		hash_round(&s);
	return s.a ^ s.b ^ s.c ^ s.d;
}
