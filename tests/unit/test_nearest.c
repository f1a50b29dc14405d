/* SPDX-License-Identifier: BSD-3-Clause */
/* Which name was meant. */
#include "tests/unit/test.h"

#include "rules/nearest.h"

static void a_distance_is_counted_in_letters(void **state)
{
	static const struct {
		const char *a, *b;
		uint32_t distance;
	} cases[] = {
		{"", "", 0}, {"", "abc", 3}, {"staff", "staff", 0}, {"Staff", "sTAFF", 0},
		{"staff", "staf", 1}, {"staff", "stuff", 1}, {"slaes", "sales", 2},
		{"kitten", "sitting", 3}, {"a@b", "a`b", 1}, /* only letters have a case */
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct view a = view_of(cases[i].a);
		struct view b = view_of(cases[i].b);
		uint32_t least = cases[i].distance;

		for (uint32_t most = 0; most <= 4; most++) {
			uint32_t there = nearest_distance(a, b, most);
			uint32_t back = nearest_distance(b, a, most);

			if (least <= most ? there != least || back != least
					  : there <= most || back <= most)
				fail_msg("'%s' and '%s' within %u: %u, %u", cases[i].a, cases[i].b,
					most, there, back);
		}
	}
}

static void names_that_are_too_long_are_like_no_other(void **state)
{
	uint8_t name[NEAREST_BYTES_MAX + 1];

	memset(name, 'x', sizeof(name));
	assert_int_equal(nearest_distance(view_make(name, NEAREST_BYTES_MAX),
				 view_make(name, NEAREST_BYTES_MAX), 2),
		0);
	assert_true(nearest_distance(
			    view_make(name, sizeof(name)), view_make(name, sizeof(name)), 2) > 2);
}

static void the_nearest_of_names_was_meant(void **state)
{
	static const struct {
		const char *given, *names[4], *meant;
	} cases[] = {
		{"staf", {"sales", "stuff", "staff"}, "staff"},
		{"staff", {"Staff", "stafF"}, "Staff"},
		{"berlin-office", {"berlin"}, NULL},
		{"nix", {"nil", "mix"}, "nil"},
		{"nix", {"mux", "x"}, NULL}, /* two of three */
		{"ab", {"cd", "b"}, "b"},
		{"a", {"b", "ab"}, NULL},
		{"a", {"A"}, "A"},
		{"", {"a"}, NULL},
		{"crop.example", {"other.example", "corp.example"}, "corp.example"},
		{"corp.exmaple", {"corp.example"}, "corp.example"},
		{"corpexample", {"corp.example"}, "corp.example"},
		{"mail.corp.example", {"corp.example", "mall.corp.example"}, "mall.corp.example"},
		{"x.corp.example", {"corp.example"}, NULL},
		/* What they share does not make them alike. */
		{"b.example", {"a.example", "example"}, NULL},
		{"abc.example", {"xyc.example", "abc.example.org"}, NULL},
		{"abc.example", {"abd.example"}, "abd.example"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct nearest nearest;
		const char *meant;

		nearest_begin(&nearest, view_of(cases[i].given));
		for (size_t k = 0; k < 4 && cases[i].names[k]; k++)
			nearest_offer(&nearest, view_of(cases[i].names[k]));
		meant = (const char *)nearest.name.p;
		if (meant ? !cases[i].meant || strcmp(meant, cases[i].meant) != 0
			  : cases[i].meant != NULL)
			fail_msg("'%s': '%s'", cases[i].given, meant ? meant : "none");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_distance_is_counted_in_letters),
		cmocka_unit_test(names_that_are_too_long_are_like_no_other),
		cmocka_unit_test(the_nearest_of_names_was_meant),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
