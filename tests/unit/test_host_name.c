/* SPDX-License-Identifier: BSD-3-Clause */
/* Host names, syntax only. */
#include "tests/unit/test.h"

#include "dataplane/inspect/host_name.h"

#define LABEL_63 "abcdefghijklmnopqrstuvwxyz0123456789-abcdefghijklmnopqrstuvwxyz"

static void names_are_labels_of_letters_digits_and_inner_hyphens(void **state)
{
	static const struct {
		const char *name;
		bool ok, raw_ok, raw;
	} cases[] = {
		{"example.org", true, true, false},
		{"Example.ORG", true, true, false},
		{"xn--bcher-kva.example", true, true, false},
		{"localhost", true, true, false},
		{"1.example", true, true, false},
		{"3com.example.7x", true, true, false},
		{LABEL_63 ".example", true, true, false},
		{LABEL_63 "x.example", false, false, false},
		{"", false, false, false},
		{".", false, false, false},
		{"example.org.", false, false, false},
		{".example.org", false, false, false},
		{"example..org", false, false, false},
		{"-a.example", false, false, false},
		{"a-.example", false, false, false},
		{"a_b.example", false, false, false},
		{"a b.example", false, false, false},
		{"*.example", false, false, false},
		{"a@b.example", false, false, false},
		{"a/b", false, false, false},
		{"192.0.2.1", false, false, false},
		{"2130706433", false, false, false},
		{"a.1", false, false, false},
		{"[2001:db8::1]", false, false, false},
		{"2001:db8::1", false, false, false},
		{"b\xc3\xbc"
		 "cher.example",
			false, true, true},
		{"b\xc3\xbc"
		 "cher.-example",
			false, false, true},
		{"\xe4\xbe\x8b.\xe6\xb5\x8b", false, true, true},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct view name = view_of(cases[i].name);
		bool raw;

		if (host_name_valid(name) != cases[i].ok)
			fail_msg("'%s'", cases[i].name);
		if (host_name_valid_raw(name, &raw) != cases[i].raw_ok)
			fail_msg("'%s' raw", cases[i].name);
		if (cases[i].raw_ok && raw != cases[i].raw)
			fail_msg("'%s' flag", cases[i].name);
	}
	assert_false(host_name_valid(VIEW("a\0b.example")));
}

static void the_whole_name_is_bounded(void **state)
{
	char name[1100];
	bool raw;

	for (size_t i = 0; i < sizeof(name); i++)
		name[i] = i % 50 == 49 ? '.' : 'a';
	assert_true(host_name_valid(view_make(name, 253)));
	assert_false(host_name_valid(view_make(name, 254)));
	assert_false(host_name_valid_raw(view_make(name, 254), &raw));
	name[0] = (char)0xc3;
	name[1] = (char)0xa4;
	assert_true(host_name_valid_raw(view_make(name, 1023), &raw));
	assert_false(host_name_valid_raw(view_make(name, 1024), &raw));
}

static void dotted_addresses_are_known(void **state)
{
	static const struct {
		const char *text;
		bool ok;
	} cases[] = {{"192.0.2.1", true}, {"0.0.0.0", true}, {"255.255.255.255", true},
		{"256.0.0.1", false}, {"1.2.3", false}, {"1.2.3.4.5", false}, {"01.2.3.4", false},
		{"1.2.3.", false}, {"", false}, {"1..2.3", false}, {"a.2.3.4", false},
		{"0001.2.3.4", false}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (host_is_ipv4(view_of(cases[i].text)) != cases[i].ok)
			fail_msg("'%s'", cases[i].text);
}

/* Short ones are looked at as a whole, the others byte by byte, and so is whatever may hold bytes of
 * 0x80 and above. */
static void short_names_are_judged_as_long_ones(void **state)
{
	static const char letters[] = "aZ0-.9_ @[`{/:";
	uint64_t seed = 3;
	uint32_t valid = 0;

	for (int i = 0; i < 300000; i++) {
		uint8_t bytes[64];
		struct view name = {bytes, 0};
		bool whole;
		bool raw;

		seed = seed * UINT64_C(6364136223846793005) + 1;
		name.len = (uint32_t)(seed >> 33) % 16 == 0 ? 63 : (uint32_t)(seed >> 40) % 20;
		for (uint32_t k = 0; k < name.len; k++) {
			seed = seed * UINT64_C(6364136223846793005) + 1;
			bytes[k] = (uint8_t)
				letters[seed >> 60 == 0 ? (seed >> 50) % 14 : (seed >> 50) % 5];
		}
		whole = host_name_valid_raw(name, &raw);
		if (host_name_valid(name) != (whole && !raw))
			fail_msg("'%.*s'", VIEW_ARG(name));
		valid += whole;
	}
	assert_in_range(valid, 10000, 290000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_labels_of_letters_digits_and_inner_hyphens),
		cmocka_unit_test(the_whole_name_is_bounded),
		cmocka_unit_test(dotted_addresses_are_known),
		cmocka_unit_test(short_names_are_judged_as_long_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
