/* SPDX-License-Identifier: BSD-3-Clause */
/* SipHash-2-4. */
#include "tests/unit/test.h"

#include "rules/base/siphash.h"

/* The vectors of the paper's appendix A and of its reference implementation: key 00..0f, input
 * 00 01 02 .. of the length that is the index. */
static const struct {
	size_t len;
	uint64_t hash;
} vectors[] = {
	{0, UINT64_C(0x726fdb47dd0e0e31)},
	{1, UINT64_C(0x74f839c593dc67fd)},
	{2, UINT64_C(0x0d6c8009d9a94f5a)},
	{3, UINT64_C(0x85676696d7fb7e2d)},
	{7, UINT64_C(0xab0200f58b01d137)},
	{8, UINT64_C(0x93f5f5799a932462)},
	{15, UINT64_C(0xa129ca6149be45e5)},
	{16, UINT64_C(0x3f2acc7f57c29bdb)},
	{63, UINT64_C(0x958a324ceb064572)},
};

static struct siphash_key key_of_the_vectors(void)
{
	uint8_t bytes[16];

	for (int i = 0; i < 16; i++)
		bytes[i] = (uint8_t)i;
	return siphash_key_make(bytes);
}

static void the_published_vectors_come_out(void **state)
{
	struct siphash_key key = key_of_the_vectors();
	uint8_t input[64];

	for (int i = 0; i < 64; i++)
		input[i] = (uint8_t)i;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++)
		if (siphash(&key, input, vectors[i].len) != vectors[i].hash)
			fail_msg("%zu bytes: %016llx", vectors[i].len,
				(unsigned long long)siphash(&key, input, vectors[i].len));
}

static void alignment_of_the_input_does_not_matter(void **state)
{
	struct siphash_key key = key_of_the_vectors();
	uint8_t input[80];

	for (size_t shift = 0; shift < 8; shift++) {
		for (size_t i = 0; i < 16; i++)
			input[shift + i] = (uint8_t)i;
		assert_true(siphash(&key, input + shift, 16) == UINT64_C(0x3f2acc7f57c29bdb));
	}
}

static void another_key_gives_another_hash(void **state)
{
	struct siphash_key a, b;

	assert_int_equal(siphash_key_random(&a), 0);
	assert_int_equal(siphash_key_random(&b), 0);
	assert_true(a.k0 != b.k0 || a.k1 != b.k1);
	assert_true(siphash(&a, "partner.example", 15) != siphash(&b, "partner.example", 15));
	assert_true(siphash(&a, "partner.example", 15) == siphash(&a, "partner.example", 15));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_published_vectors_come_out),
		cmocka_unit_test(alignment_of_the_input_does_not_matter),
		cmocka_unit_test(another_key_gives_another_hash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
