/* SPDX-License-Identifier: BSD-3-Clause */
/* SYN cookies: a handshake answered without keeping anything. The sequence number of the SYN-ACK is
 * 24 bits of SipHash over the tuple, the remote's ISN and what was agreed on, and below them eight
 * bits that say what that is (bpf/abi.h). Knows numbers and keys; nothing of frames, limits, rules.
 *
 * Time is cut into slots, each with a key of its own; those of this slot and of the one before are
 * live, and a bit of the cookie says which of the two made it. So a cookie is good for one to two
 * slots, and each guess is held against one key: it passes with probability 2^-24. A flood of ten
 * million guessed acknowledgements a second passes 0.6 of them, and what passed must still be a
 * first segment that the rules accept. A cookie is not used up: within its time the same first
 * segment proves the same handshake again, which is what a retransmission needs; that it opens no
 * second connection is the business of whoever remembers connections.
 *
 * The keys of a slot follow from the seed and the slot's number, so that jars of the same seed agree
 * without a word between them. */
#pragma once

#include "dataplane/lanes.h"
#include "dataplane/tuple.h"
#include "rules/base/clock.h"
#include "rules/base/siphash.h"

/* So that no cookie outlives the memory of its connection, which is kept for 65 s after the end
 * (flow.h, state closed): whoever repeats the first segment of one that is over is known. */
enum { COOKIE_SLOT_MS = 32000 };

/* What a handshake agrees on, as far as the connection needs it later. */
struct cookie_options {
	uint16_t mss;  /* bytes: the longest segment that the remote takes */
	bool sack;     /* both take selective acknowledgements */
	bool scaled;   /* both scale their windows, ours by ABI_SCALE_OURS */
	uint8_t scale; /* shift of the remote's, at most 14; 0 if not scaled */
};

struct cookie_jar {
	struct siphash_key seed;
	struct siphash_key keys[2]; /* by the parity of their slot */
	uint64_t slot;              /* the present one */
};

/* The seed is secret and drawn at start: cookies of an earlier run are good for nothing. */
void cookie_jar_init(struct cookie_jar *jar, const struct siphash_key *seed, struct mono now);
/* Let time pass. Before the functions below, as often as the clock is read. */
void cookie_jar_turn(struct cookie_jar *jar, struct mono now);

/* What the cookie says was agreed on, if it is one of ours. */
struct cookie_options cookie_options_of(uint8_t family, uint32_t cookie);

/* The least MSS that a cookie of this family can say: that of a remote that names none. */
uint16_t cookie_mss_least(uint8_t family);

/* The low eight bits of a cookie that agrees on this: present key, MSS rounded down to one that a cookie
 * can say, and up only to cookie_mss_least. */
uint32_t cookie_attributes(
	const struct cookie_jar *jar, uint8_t family, const struct cookie_options *options);

enum { COOKIE_WORDS_IPV4 = 3, COOKIE_WORDS_IPV6 = 6 };

/* What a cookie is sealed over, word by word, for cookie_seal; but for the addresses, which come
 * first: both in one word for IPv4, the source in the low half as it lies in memory; else two words
 * each. Ports as numbers. */
static inline uint64_t cookie_word_numbers(uint16_t src_port, uint16_t dst_port, uint32_t isn)
{
	return src_port | (uint64_t)dst_port << 16 | (uint64_t)isn << 32;
}
static inline uint64_t cookie_word_last(uint8_t family, uint32_t attributes)
{
	enum { BOUND_BYTES = 2 * 2 + 4 + 1 }; /* ports, ISN, attributes */

	return (uint64_t)(2 * (family == TUPLE_IPV4 ? 4 : 16) + BOUND_BYTES) << 56 | attributes;
}

/* The cookies of many SYNs of one family, made with the present key: as cookie_make has them. */
void cookie_seal(const struct cookie_jar *jar, uint8_t family, const struct lanes *words,
	uint32_t count, uint32_t out[static LANES_MAX]);

/* The sequence number with which to answer the SYN that came from tuple->src with this ISN. The MSS
 * is rounded down to one that a cookie can say, and up only to cookie_mss_least. */
uint32_t cookie_make(const struct cookie_jar *jar, const struct tuple *tuple, uint32_t isn,
	const struct cookie_options *options);

/* Did we answer a SYN of this ISN with this number? Then *out is what was agreed on. For a segment
 * that follows the handshake: isn is its seq - 1 if it is the first, cookie its ack - 1. */
bool cookie_check(const struct cookie_jar *jar, const struct tuple *tuple, uint32_t isn,
	uint32_t cookie, struct cookie_options *out);
