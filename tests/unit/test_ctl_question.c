/* SPDX-License-Identifier: BSD-3-Clause */
/* What follows the noun of `picketctl show`. */
#include "tests/unit/test.h"

#include <string.h>

#include "control/ctl/question.h"

static void one_word_or_two_say_which_connection(void **state)
{
	static const struct {
		const char *words[3];
		const char *remote, *local; /* NULL: refused */
	} cases[] = {
		{{"203.0.113.5:40000-198.51.100.1:5269"}, "203.0.113.5", "198.51.100.1"},
		{{"203.0.113.5:40000", "198.51.100.1:5269"}, "203.0.113.5", "198.51.100.1"},
		{{"[2001:db8::5]:40000-[2001:db8::1]:5269"}, "2001:db8::5", "2001:db8::1"},
		{{"[2001:DB8:0::5]:40000", "[2001:db8::1]:5269"}, "2001:db8::5", "2001:db8::1"},
		{{NULL}, NULL, NULL},
		{{""}, NULL, NULL},
		{{"-"}, NULL, NULL},
		{{"203.0.113.5:40000"}, NULL, NULL},
		{{"203.0.113.5:40000-"}, NULL, NULL},
		{{"-198.51.100.1:5269"}, NULL, NULL},
		{{"203.0.113.5:40000--198.51.100.1:5269"}, NULL, NULL},
		{{"203.0.113.5:40000-198.51.100.1:5269-"}, NULL, NULL},
		{{"203.0.113.5:40000 -198.51.100.1:5269"}, NULL, NULL},
		{{"203.0.113.5:40000-198.51.100.1:5269 "}, NULL, NULL},
		{{"203.0.113.5-198.51.100.1"}, NULL, NULL},
		{{"203.0.113.5:0-198.51.100.1:5269"}, NULL, NULL},
		{{"203.0.113.5:65536-198.51.100.1:5269"}, NULL, NULL},
		{{"203.0.113.5:040000-198.51.100.1:5269"}, NULL, NULL},
		{{"203.0.113.5:+4000-198.51.100.1:5269"}, NULL, NULL},
		{{"203.0.113.5:xmpp-198.51.100.1:5269"}, NULL, NULL},
		{{"203.0.113.05:40000-198.51.100.1:5269"}, NULL, NULL},
		{{"203.0.113.256:40000-198.51.100.1:5269"}, NULL, NULL},
		{{"203.0.113.0/24:40000-198.51.100.1:5269"}, NULL, NULL},
		{{"[203.0.113.5]:40000-198.51.100.1:5269"}, NULL, NULL},
		{{"2001:db8::5:40000-2001:db8::1:5269"}, NULL, NULL},
		{{"[2001:db8::5]40000-[2001:db8::1]:5269"}, NULL, NULL},
		{{"[2001:db8::5]:40000-198.51.100.1:5269"}, NULL, NULL},
		{{"203.0.113.5:40000", "[2001:db8::1]:5269"}, NULL, NULL},
		{{"203.0.113.5:40000", "198.51.100.1:5269", "x"}, NULL, NULL},
		{{"host.example:40000", "198.51.100.1:5269"}, NULL, NULL},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *usage = NULL;
		int count = 0;
		json_t *members;

		while (count < 3 && cases[i].words[count])
			count++;
		members = question_members("flow", (char *const *)cases[i].words, count, &usage);
		if (!members != !cases[i].remote || !strstr(usage, "REMOTE:PORT-LOCAL:PORT"))
			fail_msg("case %zu", i);
		if (!members)
			continue;
		assert_string_equal(
			json_string_value(json_object_get(members, "remote")), cases[i].remote);
		assert_string_equal(
			json_string_value(json_object_get(members, "local")), cases[i].local);
		assert_int_equal(
			json_integer_value(json_object_get(members, "remote_port")), 40000);
		assert_int_equal(json_integer_value(json_object_get(members, "local_port")), 5269);
		json_decref(members);
	}
}

static void hitters_take_one_cause_or_none(void **state)
{
	char *const words[] = {(char *)"no_flow", (char *)"more"};
	const char *usage;
	json_t *members = question_members("hitters", words, 1, &usage);

	assert_string_equal(json_string_value(json_object_get(members, "cause")), "no_flow");
	json_decref(members);
	members = question_members("hitters", words, 0, &usage);
	assert_int_equal(json_object_size(members), 0);
	json_decref(members);
	assert_null(question_members("hitters", words, 2, &usage));
	assert_null(question_members("hitters", (char *const[]){(char *)"\xff"}, 1, &usage));
}

static void other_nouns_stand_alone(void **state)
{
	char *const words[] = {(char *)"x"};
	const char *usage;
	json_t *members = question_members("flows", words, 0, &usage);

	assert_int_equal(json_object_size(members), 0);
	json_decref(members);
	assert_null(question_members("flows", words, 1, &usage));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_word_or_two_say_which_connection),
		cmocka_unit_test(hitters_take_one_cause_or_none),
		cmocka_unit_test(other_nouns_stand_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
