/* SPDX-License-Identifier: BSD-3-Clause */
/* SipHash-2-4: a keyed 64-bit hash of short inputs. Whoever does not know the key cannot choose
 * inputs that collide. Not a signature: 64 bits. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct siphash_key {
	uint64_t k0; /* the first eight key bytes, little endian */
	uint64_t k1; /* the last eight */
};

struct siphash_key siphash_key_make(const uint8_t bytes[static 16]);
/* A key from the kernel's random numbers. 0, or -errno when it has none. Any thread. */
int siphash_key_random(struct siphash_key *out);
/* Any thread; len_bytes may be 0, and bytes NULL then. */
uint64_t siphash(const struct siphash_key *key, const void *bytes, size_t len_bytes);
