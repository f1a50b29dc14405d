/* SPDX-License-Identifier: BSD-3-Clause */
/* Character sets and cleaning. */
#include "tests/unit/test.h"

#include <errno.h>

#include "control/parcel/charset.h"

static void names_are_known_without_regard_to_case(void **state)
{
	assert_int_equal(charset_from_name(VIEW("UTF-8")), CHARSET_UTF_8);
	assert_int_equal(charset_from_name(VIEW("utf-8")), CHARSET_UTF_8);
	assert_int_equal(charset_from_name(VIEW("US-ascii")), CHARSET_US_ASCII);
	assert_int_equal(charset_from_name(VIEW("ISO-8859-1")), CHARSET_ISO_8859_1);
	assert_int_equal(charset_from_name(VIEW("ISO-8859-15")), CHARSET_UNKNOWN);
	assert_int_equal(charset_from_name(VIEW("utf-16")), CHARSET_UNKNOWN);
	assert_int_equal(charset_from_name(VIEW("utf-7")), CHARSET_UNKNOWN);
	assert_int_equal(charset_from_name(VIEW("")), CHARSET_UNKNOWN);
}

static void text_becomes_utf8_of_xml_characters(void **state)
{
	static const struct {
		enum charset charset;
		struct view in;
		const char *out; /* NULL: -EILSEQ */
	} cases[] = {
		{CHARSET_UTF_8, VIEW("hallo <&>\"'"), "hallo <&>\"'"},
		{CHARSET_UTF_8, VIEW("gr\xc3\xbc\xc3\x9f"), "gr\xc3\xbc\xc3\x9f"},
		{CHARSET_UTF_8, VIEW("a\r\nb\rc\nd\r\r\ne"), "a\nb\nc\nd\n\ne"},
		{CHARSET_UTF_8, VIEW("a\r"), "a\n"},
		{CHARSET_UTF_8, VIEW("a\tb"), "a\tb"},
		{CHARSET_UTF_8, VIEW("a\0b\x01\x08\x0b\x0c\x1f"), "ab"},
		{CHARSET_UTF_8, VIEW("a\xef\xbf\xbe\xef\xbf\xbf"), "a"},
		{CHARSET_UTF_8, VIEW("\xf0\x9f\x98\x80"), "\xf0\x9f\x98\x80"},
		{CHARSET_UTF_8, VIEW("\0\x1b"), ""},
		{CHARSET_UTF_8, VIEW(""), ""},
		{CHARSET_UTF_8, VIEW("a\xff"), NULL},
		{CHARSET_UTF_8, VIEW("\xc0\xbc"), NULL},
		{CHARSET_UTF_8, VIEW("\xed\xa0\x80"), NULL},
		{CHARSET_UTF_8, VIEW("\xe2\x82"), NULL},
		{CHARSET_US_ASCII, VIEW("plain"), "plain"},
		{CHARSET_US_ASCII, VIEW("gr\xc3\xbc"), NULL},
		{CHARSET_ISO_8859_1, VIEW("gr\xfc\xdf\r\n\0"), "gr\xc3\xbc\xc3\x9f\n"},
		{CHARSET_ISO_8859_1, VIEW("\xa0\xff"), "\xc2\xa0\xc3\xbf"},
		{CHARSET_UNKNOWN, VIEW("a"), NULL},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char out[64];
		struct text t;
		int got;

		text_fixed(&t, out, sizeof(out));
		got = charset_put_text(&t, cases[i].charset, cases[i].in);
		if (cases[i].out ? got != 0 || strcmp(out, cases[i].out) != 0 : got != -EILSEQ)
			fail_msg("case %zu: %d '%s'", i, got, out);
	}
}

static void a_line_has_no_ends_controls_or_double_spaces(void **state)
{
	static const struct {
		struct view in;
		uint32_t max_bytes;
		const char *out; /* NULL: -EILSEQ */
	} cases[] = {
		{VIEW("Hello"), 100, "Hello"},
		{VIEW("a\r\n b"), 100, "a b"},
		{VIEW("a\r\nX-Evil: 1\r\n\r\nbody"), 100, "a X-Evil: 1 body"},
		{VIEW(" \t a \0 b \x7f "), 100, "a b"},
		{VIEW("a\xc2\x85\xe2\x80\xa8\xe2\x80\xa9z"), 100, "a z"},
		{VIEW("a\xef\xbf\xbfz"), 100, "a z"},
		{VIEW("\r\n"), 100, ""},
		{VIEW(""), 100, ""},
		{VIEW("abcdef"), 3, "abc"},
		{VIEW("ab \xc3\xbc"), 4, "ab"},
		{VIEW("ab \xc3\xbc"), 5, "ab \xc3\xbc"},
		{VIEW("ab cd"), 3, "ab"},
		{VIEW("a\xff"), 100, NULL},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char out[64];
		struct text t;
		int got;

		text_fixed(&t, out, sizeof(out));
		got = charset_put_line(&t, cases[i].in, cases[i].max_bytes);
		if (cases[i].out ? got != 0 || strcmp(out, cases[i].out) != 0 : got != -EILSEQ)
			fail_msg("case %zu: %d '%s'", i, got, out);
	}
}

static void no_room_is_said(void **state)
{
	char out[4];
	struct text t;

	text_fixed(&t, out, sizeof(out));
	assert_int_equal(charset_put_text(&t, CHARSET_UTF_8, VIEW("abcd")), -ENOBUFS);
	text_fixed(&t, out, sizeof(out));
	assert_int_equal(charset_put_line(&t, VIEW("abcd"), 100), -ENOBUFS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_known_without_regard_to_case),
		cmocka_unit_test(text_becomes_utf8_of_xml_characters),
		cmocka_unit_test(a_line_has_no_ends_controls_or_double_spaces),
		cmocka_unit_test(no_room_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
