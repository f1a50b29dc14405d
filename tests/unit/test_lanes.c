/* SPDX-License-Identifier: BSD-3-Clause */
/* Hashes of many inputs at once are those of one after the other. */
#include "tests/unit/test.h"

#include <string.h>

#include "dataplane/cookie.h"
#include "dataplane/hash.h"
#include "dataplane/lanes.h"

static uint64_t next(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005 + 1442695040888963407;
	return *seed ^ *seed >> 29;
}

static void fill(struct lanes *in, uint64_t *seed)
{
	for (int w = 0; w < LANES_WORDS_MAX; w++)
		for (int i = 0; i < LANES_MAX; i++)
			in->words[w][i] = next(seed);
}

/* So many bytes: whole words, and the last word's length in its highest byte. */
static void one_input(const struct lanes *in, uint32_t words, uint32_t i, uint8_t *bytes)
{
	for (uint32_t w = 0; w < words; w++)
		memcpy(bytes + w * sizeof(uint64_t), &in->words[w][i], sizeof(uint64_t));
}

static void lanes_agree_with_one_after_the_other(void **state)
{
	uint64_t seed = 7;

	for (uint32_t words = 1; words <= LANES_WORDS_MAX; words++)
		for (uint32_t count = 0; count <= LANES_MAX; count++) {
			const struct siphash_key key = {next(&seed), next(&seed)};
			const struct hash_secret secret = {{key.k0, key.k1}};
			uint32_t bytes = (words - 1) * 8 + count % 8;
			uint8_t input[LANES_WORDS_MAX * 8];
			uint64_t careful[LANES_MAX];
			uint64_t quick[LANES_MAX];
			struct lanes in;

			fill(&in, &seed);
			for (uint32_t i = 0; i < LANES_MAX; i++) {
				uint64_t *last = &in.words[words - 1][i];

				*last &= (UINT64_C(1) << 8 * (bytes % 8)) - 1;
				*last |= (uint64_t)bytes << 56;
			}
			lanes_siphash_2_4(key.k0, key.k1, &in, words, count, careful);
			lanes_siphash_1_3(key.k0, key.k1, &in, words, count, quick);
			for (uint32_t i = 0; i < count; i++) {
				one_input(&in, words, i, input);
				assert_true(careful[i] == siphash(&key, input, bytes));
				assert_true(quick[i] == hash_bytes(&secret, input, bytes));
			}
		}
}

static struct tuple tuple_of(uint8_t family, uint64_t *seed)
{
	struct tuple t = {.family = family, .protocol = 6};
	uint64_t words[4] = {next(seed), next(seed), next(seed), next(seed)};

	memcpy(t.src, words, tuple_address_bytes(&t));
	memcpy(t.dst, words + 2, tuple_address_bytes(&t));
	t.src_port = (uint16_t)next(seed);
	t.dst_port = (uint16_t)next(seed);
	return t;
}

static void words_of(
	struct lanes *in, uint32_t i, const struct tuple *t, uint32_t isn, uint32_t last)
{
	uint64_t words[4];
	uint32_t w = 0;

	memcpy(words, t->src, 16);
	memcpy(words + 2, t->dst, 16);
	if (t->family == TUPLE_IPV4)
		in->words[w++][i] = words[0] | words[2] << 32;
	else
		for (; w < 4; w++)
			in->words[w][i] = words[w];
	in->words[w++][i] = cookie_word_numbers(t->src_port, t->dst_port, isn);
	in->words[w][i] = cookie_word_last(t->family, last);
}

static void sealed_cookies_are_those_of_one_after_the_other(void **state)
{
	const struct siphash_key key = {3, 4};
	struct cookie_jar jar;
	uint64_t seed = 9;

	for (int round = 0; round < 100; round++) {
		uint8_t family = round % 2 ? TUPLE_IPV4 : TUPLE_IPV6;
		struct cookie_options options[LANES_MAX];
		struct tuple tuples[LANES_MAX];
		uint32_t isns[LANES_MAX];
		uint32_t cookies[LANES_MAX];
		struct lanes in = {0};

		cookie_jar_init(
			&jar, &key, (struct mono){(uint64_t)round * COOKIE_SLOT_MS * NS_PER_MS});
		for (uint32_t i = 0; i < LANES_MAX; i++) {
			uint64_t n = next(&seed);

			options[i] = (struct cookie_options){
				(uint16_t)n, n >> 16 & 1, n >> 17 & 1, (uint8_t)(n >> 18 & 0x1f)};
			tuples[i] = tuple_of(family, &seed);
			isns[i] = (uint32_t)next(&seed);
			words_of(&in, i, &tuples[i], isns[i],
				cookie_attributes(&jar, family, &options[i]));
		}
		cookie_seal(&jar, family, &in, LANES_MAX - (uint32_t)round % 8, cookies);
		for (uint32_t i = 0; i < LANES_MAX - (uint32_t)round % 8; i++)
			assert_int_equal(
				cookies[i], cookie_make(&jar, &tuples[i], isns[i], &options[i]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lanes_agree_with_one_after_the_other),
		cmocka_unit_test(sealed_cookies_are_those_of_one_after_the_other),
	};

	return cmocka_run_group_tests_name("lanes", tests, NULL, NULL);
}
