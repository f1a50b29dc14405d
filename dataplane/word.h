/* SPDX-License-Identifier: BSD-3-Clause */
/* Words of a frame at any address, in the order of this processor: for comparing, hashing, adding and
 * copying. Numbers that mean something go through be16toh and its like first. */
#pragma once

#include <stdint.h>
#include <string.h>

static inline uint16_t word16(const uint8_t *p)
{
	uint16_t word;

	memcpy(&word, p, sizeof(word));
	return word;
}

static inline uint32_t word32(const uint8_t *p)
{
	uint32_t word;

	memcpy(&word, p, sizeof(word));
	return word;
}

static inline uint64_t word64(const uint8_t *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof(word));
	return word;
}

static inline void word16_put(uint8_t *p, uint16_t word)
{
	memcpy(p, &word, sizeof(word));
}

static inline void word32_put(uint8_t *p, uint32_t word)
{
	memcpy(p, &word, sizeof(word));
}
