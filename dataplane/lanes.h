/* SPDX-License-Identifier: BSD-3-Clause */
/* SipHash of many short inputs at once: each has a lane of its own, and the processor computes as many
 * lanes in one instruction as its registers hold. Word for word the same as one after the other. Pure;
 * any thread. */
#pragma once

#include <stdint.h>

enum {
	LANES_MAX = 32,
	LANES_AT_ONCE = 8, /* columns are read up to a multiple of it */
	LANES_WORDS_MAX = 6,
};

/* Inputs of the same length, word by word as SipHash takes them: the last one has the number of bytes
 * in its highest byte, and what is left over of them below. */
struct lanes {
	uint64_t words[LANES_WORDS_MAX][LANES_MAX];
} __attribute__((aligned(64)));

/* The hash of each of `count` inputs of so many words, under one key. Columns behind the last one are
 * read up to a multiple of LANES_AT_ONCE, and so much is written: they may hold anything. */
void lanes_siphash_2_4(uint64_t k0, uint64_t k1, const struct lanes *in, uint32_t words,
	uint32_t count, uint64_t out[static LANES_MAX]);
void lanes_siphash_1_3(uint64_t k0, uint64_t k1, const struct lanes *in, uint32_t words,
	uint32_t count, uint64_t out[static LANES_MAX]);
