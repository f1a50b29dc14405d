/* SPDX-License-Identifier: BSD-3-Clause */
/* Borrowed bytes. */
#include "tests/unit/test.h"

#include "rules/base/view.h"

static void numbers_are_digits_only_and_bounded(void **state)
{
	static const struct {
		const char *in;
		uint64_t max;
		bool ok;
		uint64_t value;
	} cases[] = {
		{"0", 10, true, 0},
		{"0009", 10, true, 9},
		{"10", 10, true, 10},
		{"11", 10, false, 0},
		{"", 10, false, 0},
		{"-1", 10, false, 0},
		{"+1", 10, false, 0},
		{" 1", 10, false, 0},
		{"1x", 100, false, 0},
		{"9", 5, false, 0},
		{"18446744073709551615", UINT64_MAX, true, UINT64_MAX},
		{"18446744073709551616", UINT64_MAX, false, 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t got = 0;

		if (view_to_u64(view_of(cases[i].in), cases[i].max, &got) != cases[i].ok ||
			got != cases[i].value)
			fail_msg("'%s' up to %llu", cases[i].in, (unsigned long long)cases[i].max);
	}
}

static void sub_view_never_leaves_its_parent(void **state)
{
	struct view v = VIEW("abcdef");

	assert_int_equal(view_sub(v, 2, 2).len, 2);
	assert_int_equal(view_sub(v, 4, 100).len, 2);
	assert_int_equal(view_sub(v, 100, 1).len, 0);
	assert_int_equal(view_sub(v, 0, UINT32_MAX).len, 6);
}

static void copy_refuses_what_does_not_fit_or_holds_nul(void **state)
{
	char out[4];

	assert_true(view_copy(VIEW("abc"), out, sizeof(out)));
	assert_string_equal(out, "abc");
	assert_false(view_copy(VIEW("abcd"), out, sizeof(out)));
	assert_string_equal(out, "");
	assert_false(view_copy(VIEW("a\0b"), out, sizeof(out)));
}

static void comparison_without_case_is_ascii_only(void **state)
{
	assert_true(view_equal_nocase(VIEW("Example.COM"), VIEW("example.com")));
	assert_false(view_equal_nocase(VIEW("\xc3\x84"), VIEW("\xc3\xa4")));
	assert_false(view_equal(VIEW("A"), VIEW("a")));
	assert_true(view_equal((struct view){0}, VIEW("")));
}

static void trim_takes_blanks_from_both_ends(void **state)
{
	assert_true(view_equal(view_trim(VIEW(" \ta b\t ")), VIEW("a b")));
	assert_int_equal(view_trim(VIEW(" \t ")).len, 0);
	assert_true(view_equal(view_trim(VIEW("\r\n")), VIEW("\r\n")));
}

static void bytes_know_their_kind(void **state)
{
	static const char alphanumeric[] =
		"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

	for (int c = 0; c < 256; c++) {
		uint8_t byte = (uint8_t)c;
		bool expected = memchr(alphanumeric, c, sizeof(alphanumeric) - 1);

		if (ascii_is_alphanumeric(byte) != expected)
			fail_msg("byte %d", c);
		assert_int_equal(view_is_ascii(view_make(&byte, 1)), c < 0x80);
	}
	assert_true(view_is_ascii(VIEW("")));
	assert_false(view_is_ascii(VIEW("plain to the \xe9"
					"nd")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_digits_only_and_bounded),
		cmocka_unit_test(sub_view_never_leaves_its_parent),
		cmocka_unit_test(copy_refuses_what_does_not_fit_or_holds_nul),
		cmocka_unit_test(comparison_without_case_is_ascii_only),
		cmocka_unit_test(trim_takes_blanks_from_both_ends),
		cmocka_unit_test(bytes_know_their_kind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
