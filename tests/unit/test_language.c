/* SPDX-License-Identifier: BSD-3-Clause */
/* Language tags. */
#include "tests/unit/test.h"

#include "control/parcel/language.h"

static void a_tag_is_subtags_of_letters_and_digits(void **state)
{
	static const struct {
		const char *tag;
		bool ok;
	} cases[] = {
		{"en", true},
		{"de-CH-1996", true},
		{"zh-Hant-TW", true},
		{"x-private", true},
		{"i-klingon", true},
		{"abcdefgh-abcdefgh", true},
		{"", false},
		{"-", false},
		{"en-", false},
		{"-en", false},
		{"en--us", false},
		{"e1", false},
		{"abcdefghi", false},
		{"en-abcdefghi", false},
		{"en_US", false},
		{"en us", false},
		{"en\r\nX: y", false},
		{"en'><x/>", false},
		{"d\xc3\xa9", false},
		{"en;q=1", false},
		{"aaaaaaaa-aaaaaaaa-aaaaaaaa-aaaaaaaa-aaaaaaaa-aaaaaaaa-aaaaaaaa-aaaaaaaa", false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (language_is_tag(view_of(cases[i].tag)) != cases[i].ok)
			fail_msg("'%s'", cases[i].tag);
	assert_false(language_is_tag(VIEW("en\0")));
}

static void the_first_of_a_list_counts(void **state)
{
	assert_true(view_equal(language_first(VIEW("de")), VIEW("de")));
	assert_true(view_equal(language_first(VIEW(" de-AT , en")), VIEW("de-AT")));
	assert_int_equal(language_first(VIEW("")).len, 0);
	assert_int_equal(language_first(VIEW(",en")).len, 0);
	assert_int_equal(language_first(VIEW("d e, en")).len, 0);
	assert_int_equal(language_first(VIEW("*, en")).len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tag_is_subtags_of_letters_and_digits),
		cmocka_unit_test(the_first_of_a_list_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
