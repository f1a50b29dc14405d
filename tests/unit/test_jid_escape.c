/* SPDX-License-Identifier: BSD-3-Clause */
/* JID escaping: the vectors of XEP-0106 and what must hold for every string. */
#include "tests/unit/test.h"

#include <stdio.h>

#include "control/parcel/jid_escape.h"

static const struct {
	const char *native, *local;
} vectors[] = {
	{"space cadet", "space\\20cadet"},
	{"call me \"ishmael\"", "call\\20me\\20\\22ishmael\\22"},
	{"at&t guy", "at\\26t\\20guy"},
	{"d'artagnan", "d\\27artagnan"},
	{"/.fanboy", "\\2f.fanboy"},
	{"::foo::", "\\3a\\3afoo\\3a\\3a"},
	{"<foo>", "\\3cfoo\\3e"},
	{"user@host", "user\\40host"},
	{"c:\\net", "c\\3a\\net"},
	{"c:\\\\net", "c\\3a\\\\net"},
	{"c:\\cool stuff", "c\\3a\\cool\\20stuff"},
	{"c:\\5commas", "c\\3a\\5c5commas"},
	/* a backslash that would read as an escape */
	{"\\3and\\2is\\5cool", "\\5c3and\\2is\\5c5cool"},
	{"\\20", "\\5c20"},
	{"\\5c", "\\5c5c"},
	{"\\\\5c", "\\\\5c5c"},
	{"\\5c20", "\\5c5c20"},
	{"a\\40b@c", "a\\5c40b\\40c"},
	/* and those that do not */
	{"\\2plus\\2is\\4", "\\2plus\\2is\\4"},
	{"foo\\bar", "foo\\bar"},
	{"foob\\41r", "foob\\41r"},
	{"\\", "\\"},
	{"\\5", "\\5"},
	{"\\\\", "\\\\"},
	{"", ""},
	{"t\xc3\xbc", "t\xc3\xbc"},
};

static void vectors_escape_and_unescape(void **state)
{
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		char escaped[64] = "", native[64] = "";
		struct text a, b;

		text_fixed(&a, escaped, sizeof(escaped));
		text_fixed(&b, native, sizeof(native));
		assert_true(jid_escape(view_of(vectors[i].native), &a));
		jid_unescape(view_of(vectors[i].local), &b);
		if (strcmp(escaped, vectors[i].local) != 0 ||
			strcmp(native, vectors[i].native) != 0)
			fail_msg("'%s' became '%s', '%s' became '%s'", vectors[i].native, escaped,
				vectors[i].local, native);
	}
}

static void each_of_the_ten_is_escaped_alone(void **state)
{
	static const char natives[] = "\"&'/:<>@";
	static const char *const escapes[] = {"22", "26", "27", "2f", "3a", "3c", "3e", "40"};

	for (size_t i = 0; i < sizeof(natives) - 1; i++) {
		char out[8], expected[8];
		struct text t;

		snprintf(expected, sizeof(expected), "\\%s", escapes[i]);
		text_fixed(&t, out, sizeof(out));
		assert_true(jid_escape(view_make(natives + i, 1), &t));
		assert_string_equal(out, expected);
	}
}

static void a_space_at_an_end_has_no_escape(void **state)
{
	char out[16];
	struct text t;

	text_fixed(&t, out, sizeof(out));
	assert_false(jid_escape(VIEW(" a"), &t));
	assert_false(jid_escape(VIEW("a "), &t));
	assert_false(jid_escape(VIEW(" "), &t));
	assert_int_equal(t.len, 0);
}

static void a_backslash_is_safe_from_later_lower_casing(void **state)
{
	char out[16];
	struct text t;

	text_fixed(&t, out, sizeof(out));
	assert_true(jid_escape(VIEW("\\2F"), &t));
	assert_string_equal(out, "\\5c2F");
}

static void only_lower_case_sequences_are_unescaped(void **state)
{
	char out[32];
	struct text t;

	text_fixed(&t, out, sizeof(out));
	jid_unescape(VIEW("\\2F\\3A\\2f\\5C\\5c20"), &t);
	assert_string_equal(out, "\\2F\\3A/\\5C\\20");
}

/* All strings of up to five letters from an alphabet that makes and breaks every sequence. */
static void unescaping_what_was_escaped_gives_it_back(void **state)
{
	static const char alphabet[] = "\\ 2045cf@";
	enum { LETTERS = sizeof(alphabet) - 1, LENGTH_MAX = 5 };
	uint32_t count = 0;

	for (uint32_t length = 1, total = LETTERS; length <= LENGTH_MAX;
		length++, total *= LETTERS) {
		for (uint32_t n = 0; n < total; n++) {
			char in[LENGTH_MAX], escaped[32], out[32];
			struct text a, b;
			uint32_t rest = n;

			for (uint32_t i = 0; i < length; i++, rest /= LETTERS)
				in[i] = alphabet[rest % LETTERS];
			text_fixed(&a, escaped, sizeof(escaped));
			text_fixed(&b, out, sizeof(out));
			if (!jid_escape(view_make(in, length), &a))
				continue;
			assert_null(strpbrk(escaped, " \"&'/:<>@"));
			jid_unescape(text_view(&a), &b);
			if (!view_equal(text_view(&b), view_make(in, length)))
				fail_msg("'%.*s' escaped is '%s', unescaped '%s'", (int)length, in,
					escaped, out);
			count++;
		}
	}
	assert_true(count > 40000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vectors_escape_and_unescape),
		cmocka_unit_test(each_of_the_ten_is_escaped_alone),
		cmocka_unit_test(a_space_at_an_end_has_no_escape),
		cmocka_unit_test(a_backslash_is_safe_from_later_lower_casing),
		cmocka_unit_test(only_lower_case_sequences_are_unescaped),
		cmocka_unit_test(unescaping_what_was_escaped_gives_it_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
