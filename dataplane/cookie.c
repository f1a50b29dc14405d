/* SPDX-License-Identifier: BSD-3-Clause */
/* SYN cookies. */
#include "dataplane/cookie.h"

#include "bpf/abi.h"
#include "dataplane/hash.h"
#include "dataplane/word.h"

enum {
	SCALE_MAX = 14, /* RFC 7323 section 2.3 */
	ATTRIBUTES_MASK = (1 << ABI_COOKIE_BITS) - 1,
};

static const uint16_t mss_ipv4[ABI_MSS_COUNT] = {ABI_MSS_IPV4};
static const uint16_t mss_ipv6[ABI_MSS_COUNT] = {ABI_MSS_IPV6};

static const uint16_t *mss_table(uint8_t family)
{
	return family == TUPLE_IPV4 ? mss_ipv4 : mss_ipv6;
}

static void key_derive(struct cookie_jar *jar, uint64_t slot)
{
	uint64_t halves[2] = {slot << 1, slot << 1 | 1};

	jar->keys[slot & 1].k0 = siphash(&jar->seed, &halves[0], sizeof(halves[0]));
	jar->keys[slot & 1].k1 = siphash(&jar->seed, &halves[1], sizeof(halves[1]));
}

static uint64_t slot_of(struct mono now)
{
	/* One more, so that there is always one before. */
	return now.ns / (COOKIE_SLOT_MS * NS_PER_MS) + 1;
}

void cookie_jar_init(struct cookie_jar *jar, const struct siphash_key *seed, struct mono now)
{
	jar->seed = *seed;
	jar->slot = slot_of(now);
	key_derive(jar, jar->slot - 1);
	key_derive(jar, jar->slot);
}

void cookie_jar_turn(struct cookie_jar *jar, struct mono now)
{
	uint64_t slot = slot_of(now);

	if (slot <= jar->slot)
		return;
	/* Both, after a pause of more than a slot. */
	if (slot > jar->slot + 1)
		key_derive(jar, slot - 1);
	key_derive(jar, slot);
	jar->slot = slot;
}

uint16_t cookie_mss_least(uint8_t family)
{
	return mss_table(family)[0];
}

uint32_t cookie_attributes(
	const struct cookie_jar *jar, uint8_t family, const struct cookie_options *options)
{
	const uint16_t *table = mss_table(family);
	uint8_t scale = options->scale > SCALE_MAX ? SCALE_MAX : options->scale;
	uint32_t index = ABI_MSS_COUNT - 1;

	while (index > 0 && table[index] > options->mss)
		index--;
	return index << ABI_COOKIE_MSS_SHIFT | (options->sack ? ABI_COOKIE_SACK : 0) |
	       (jar->slot & 1 ? ABI_COOKIE_PARITY : 0) |
	       (options->scaled ? scale : ABI_COOKIE_NO_SCALE);
}

struct cookie_options cookie_options_of(uint8_t family, uint32_t cookie)
{
	uint32_t attributes = cookie & ATTRIBUTES_MASK;
	uint8_t scale = attributes & ABI_COOKIE_SCALE_MASK;
	bool scaled = scale != ABI_COOKIE_NO_SCALE;

	return (struct cookie_options){
		.mss = mss_table(family)[attributes >> ABI_COOKIE_MSS_SHIFT],
		.sack = attributes & ABI_COOKIE_SACK,
		.scaled = scaled,
		.scale = scaled ? scale : 0,
	};
}

/* Inline, so that the state never leaves the registers. */
__attribute__((always_inline)) static inline void absorb(struct hash_state *s, uint64_t word)
{
	s->d ^= word;
	hash_round(s);
	hash_round(s);
	s->a ^= word;
}

/* The cookie that these attributes have: SipHash-2-4, as siphash() computes it of the addresses, the
 * ports, the ISN and the attributes. Written out, because assembled in registers it costs half of
 * what bytes in memory cost, and a flood is as long as this. */
static uint32_t seal(
	const struct cookie_jar *jar, const struct tuple *tuple, uint32_t isn, uint32_t attributes)
{
	const struct siphash_key *key = &jar->keys[attributes & ABI_COOKIE_PARITY ? 1 : 0];
	struct hash_state s = {
		key->k0 ^ UINT64_C(0x736f6d6570736575),
		key->k1 ^ UINT64_C(0x646f72616e646f6d),
		key->k0 ^ UINT64_C(0x6c7967656e657261),
		key->k1 ^ UINT64_C(0x7465646279746573),
	};

	if (tuple->family == TUPLE_IPV4) {
		absorb(&s, word32(tuple->src) | (uint64_t)word32(tuple->dst) << 32);
	} else {
		absorb(&s, word64(tuple->src));
		absorb(&s, word64(tuple->src + 8));
		absorb(&s, word64(tuple->dst));
		absorb(&s, word64(tuple->dst + 8));
	}
	absorb(&s, cookie_word_numbers(tuple->src_port, tuple->dst_port, isn));
	absorb(&s, cookie_word_last(tuple->family, attributes));
	s.c ^= 0xff;
	for (int i = 0; i < 4; i++)
		hash_round(&s);
	return (uint32_t)(s.a ^ s.b ^ s.c ^ s.d) << ABI_COOKIE_BITS | attributes;
}

uint32_t cookie_make(const struct cookie_jar *jar, const struct tuple *tuple, uint32_t isn,
	const struct cookie_options *options)
{
	return seal(jar, tuple, isn, cookie_attributes(jar, tuple->family, options));
}

void cookie_seal(const struct cookie_jar *jar, uint8_t family, const struct lanes *words,
	uint32_t count, uint32_t out[static LANES_MAX])
{
	const struct siphash_key *key = &jar->keys[jar->slot & 1];
	uint32_t last = family == TUPLE_IPV4 ? COOKIE_WORDS_IPV4 : COOKIE_WORDS_IPV6;
	uint64_t hashes[LANES_MAX] __attribute__((aligned(64)));

	lanes_siphash_2_4(key->k0, key->k1, words, last, count, hashes);
	for (uint32_t i = 0; i < count; i++)
		out[i] = (uint32_t)hashes[i] << ABI_COOKIE_BITS |
			 (words->words[last - 1][i] & ATTRIBUTES_MASK);
}

bool cookie_check(const struct cookie_jar *jar, const struct tuple *tuple, uint32_t isn,
	uint32_t cookie, struct cookie_options *out)
{
	uint32_t attributes = cookie & ATTRIBUTES_MASK;

	if (seal(jar, tuple, isn, attributes) != cookie)
		return false;
	*out = cookie_options_of(tuple->family, cookie);
	return true;
}
