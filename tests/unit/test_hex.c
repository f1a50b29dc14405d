/* SPDX-License-Identifier: BSD-3-Clause */
/* Bytes as hexadecimal digits. */
#include "tests/unit/test.h"

#include "rules/base/hex.h"

static void bytes_are_two_digits_each_and_read_back(void **state)
{
	uint8_t all[256], back[256];
	char text[2 * sizeof(all) + 1];

	for (size_t i = 0; i < sizeof(all); i++)
		all[i] = (uint8_t)i;
	hex_print(view_make(all, sizeof(all)), text);
	assert_int_equal(strlen(text), 2 * sizeof(all));
	assert_memory_equal(text, "000102030405060708090a0b0c0d0e0f10", 34);
	assert_true(hex_read(view_of(text), back, sizeof(back)));
	assert_memory_equal(back, all, sizeof(all));
	hex_print(VIEW(""), text);
	assert_string_equal(text, "");
	assert_true(hex_read(VIEW(""), back, 0));
}

static void only_what_was_printed_is_read(void **state)
{
	static const char *const bad[] = {"", "0", "0a1", "0a1b2c", "0A1b", "0a1B", "0g1b", "0a1 ",
		" a1b", "0x1b", "-a1b", "0a\n1", "\xff\xff\xff\xff"};
	uint8_t out[2];

	assert_true(hex_read(VIEW("0a1b"), out, 2));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (hex_read(view_of(bad[i]), out, 2))
			fail_msg("'%s' is read", bad[i]);
}

static void a_number_has_sixteen_digits(void **state)
{
	uint64_t number;

	assert_true(hex_read_u64(VIEW("0123456789abcdef"), &number));
	assert_true(number == 0x0123456789abcdef);
	assert_true(hex_read_u64(VIEW("ffffffffffffffff"), &number));
	assert_true(number == UINT64_MAX);
	assert_false(hex_read_u64(VIEW("123456789abcdef"), &number));
	assert_false(hex_read_u64(VIEW("0x23456789abcdef"), &number));
	assert_false(hex_read_u64(VIEW("00123456789abcdef"), &number));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_are_two_digits_each_and_read_back),
		cmocka_unit_test(only_what_was_printed_is_read),
		cmocka_unit_test(a_number_has_sixteen_digits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
