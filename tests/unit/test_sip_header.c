/* SPDX-License-Identifier: BSD-3-Clause */
/* Names, values and lists of header fields. */
#include "tests/unit/test.h"

#include "control/sip/header.h"

static void names_are_found_in_any_case_and_short(void **state)
{
	static const struct {
		const char *text;
		enum sip_header_name name;
	} cases[] = {
		{"From", SIP_HEADER_FROM},
		{"fROM", SIP_HEADER_FROM},
		{"f", SIP_HEADER_FROM},
		{"F", SIP_HEADER_FROM},
		{"i", SIP_HEADER_CALL_ID},
		{"c", SIP_HEADER_CONTENT_TYPE},
		{"e", SIP_HEADER_CONTENT_ENCODING},
		{"k", SIP_HEADER_SUPPORTED},
		{"L", SIP_HEADER_CONTENT_LENGTH},
		{"m", SIP_HEADER_CONTACT},
		{"o", SIP_HEADER_EVENT},
		{"s", SIP_HEADER_SUBJECT},
		{"t", SIP_HEADER_TO},
		{"v", SIP_HEADER_VIA},
		{"p-asserted-identity", SIP_HEADER_P_ASSERTED_IDENTITY},
		{"C%6Fntact", SIP_HEADER_OTHER},
		{"z", SIP_HEADER_OTHER},
		{"!", SIP_HEADER_OTHER},
		{"", SIP_HEADER_OTHER},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (sip_header_name_find(view_of(cases[i].text)) != cases[i].name)
			fail_msg("'%s'", cases[i].text);
	for (int n = 1; n < SIP_HEADER_NAMES; n++)
		assert_int_equal(sip_header_name_find(view_of(sip_header_name_text(n))), n);
}

static void only_sp_and_htab_may_stand_before_the_colon(void **state)
{
	static const struct {
		const char *line;
		bool ok;
		const char *value;
	} cases[] = {
		{"To:x", true, "x"},
		{"To \t :  x \t", true, "x"},
		{"To:", true, ""},
		{"To:\r\n x\r\n ", true, "x"},
		{"To: a: b", true, "a: b"},
		{"To\r\n : x", false, NULL},
		{"To\xc2\xa0: x", false, NULL},
		{"To\x01: x", false, NULL},
		{"To x: y", false, NULL},
		{"To", false, NULL},
		{": x", false, NULL},
		{"(To): x", false, NULL},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sip_header h;
		const char *cause;

		if (sip_header_split(view_of(cases[i].line), &h, &cause) != cases[i].ok)
			fail_msg("'%s'", cases[i].line);
		if (cases[i].ok)
			assert_true(view_equal(h.value, view_of(cases[i].value)));
	}
}

static void unfolding_makes_each_fold_one_space(void **state)
{
	static const struct {
		const char *folded, *unfolded;
	} cases[] = {
		{"plain  text", "plain  text"},
		{"a\r\n b", "a b"},
		{"a \t\r\n\t \r\n  b\r\n c", "a b c"},
		{"a\tb\t\tc", "a b  c"},
		{"\r\n a", "a"},
		{"a\r\n ", "a"},
		{"", ""},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char buffer[64];
		struct text t;

		text_fixed(&t, buffer, sizeof(buffer));
		sip_value_unfold(view_of(cases[i].folded), &t);
		assert_string_equal(buffer, cases[i].unfolded);
	}
}

static void lists_skip_empty_elements(void **state)
{
	struct view list = VIEW("a,, b ,\r\n c,");
	struct view one;

	assert_true(sip_list_next(&list, &one) && view_equal(one, VIEW("a")));
	assert_true(sip_list_next(&list, &one) && view_equal(one, VIEW("b")));
	assert_true(sip_list_next(&list, &one) && view_equal(one, VIEW("c")));
	assert_false(sip_list_next(&list, &one));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_found_in_any_case_and_short),
		cmocka_unit_test(only_sp_and_htab_may_stand_before_the_colon),
		cmocka_unit_test(unfolding_makes_each_fold_one_space),
		cmocka_unit_test(lists_skip_empty_elements),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
