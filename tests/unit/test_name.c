/* SPDX-License-Identifier: BSD-3-Clause */
/* What can be a domain name. */
#include "tests/unit/test.h"

#include "rules/base/name.h"

static void names_are_labels_with_single_dots(void **state)
{
	static const struct {
		struct view name;
		bool plain, canonical;
	} cases[] = {
		{VIEW("partner.example"), true, true},
		{VIEW("a"), true, true},
		{VIEW("xn--bcher-kva.example-1"), true, true},
		{VIEW("Partner.Example"), true, false},
		{VIEW("_sip.partner.example"), true, false},
		{VIEW(""), false, false},
		{VIEW("."), false, false},
		{VIEW(".partner.example"), false, false},
		{VIEW("partner.example."), false, false},
		{VIEW("partner..example"), false, false},
		{VIEW("*.partner.example"), false, false},
		{VIEW("a@partner.example"), false, false},
		{VIEW("part ner.example"), false, false},
		{VIEW("partner\0.example"), false, false},
		{VIEW("b\xc3\xbc"
		      "cher.example"),
			false, false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (name_is_plain(cases[i].name) != cases[i].plain ||
			name_is_canonical(cases[i].name) != cases[i].canonical)
			fail_msg("case %zu: '%.*s'", i, VIEW_ARG(cases[i].name));
}

static void labels_and_names_are_bounded(void **state)
{
	char bytes[254];

	memset(bytes, 'a', sizeof(bytes));
	assert_true(name_is_canonical(view_make(bytes, 63)));
	assert_false(name_is_canonical(view_make(bytes, 64)));
	for (int i = 1; i < 254; i += 2)
		bytes[i] = '.';
	assert_true(name_is_canonical(view_make(bytes, 253)));
	bytes[253] = 'a';
	assert_false(name_is_canonical(view_make(bytes, 254)));
}

static void a_name_is_within_itself_and_what_it_is_below(void **state)
{
	static const struct {
		struct view name, domain;
		bool within;
	} cases[] = {
		{VIEW("corp.example"), VIEW("corp.example"), true},
		{VIEW("sip.corp.example"), VIEW("corp.example"), true},
		{VIEW("a.b.corp.example"), VIEW("corp.example"), true},
		{VIEW("example"), VIEW("corp.example"), false},
		{VIEW("evilcorp.example"), VIEW("corp.example"), false},
		{VIEW("corp.example.evil.example"), VIEW("corp.example"), false},
		{VIEW("other.example"), VIEW("corp.example"), false},
		{VIEW("corp.example"), VIEW(""), false},
		{VIEW("corp.example"), VIEW("."), false},
		{VIEW(""), VIEW("corp.example"), false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (name_is_within(cases[i].name, cases[i].domain) != cases[i].within)
			fail_msg("%.*s within %.*s", VIEW_ARG(cases[i].name),
				VIEW_ARG(cases[i].domain));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_is_within_itself_and_what_it_is_below),
		cmocka_unit_test(names_are_labels_with_single_dots),
		cmocka_unit_test(labels_and_names_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
