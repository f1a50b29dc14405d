/* SPDX-License-Identifier: BSD-3-Clause */
/* What is remembered of the rules from one run to the next. */
#include "tests/unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "control/history.h"
#include "tests/unit/compile.h"

struct bench {
	char directory[64];
};

static void bench_open(struct bench *b)
{
	snprintf(b->directory, sizeof(b->directory), "/tmp/picket-state-XXXXXX");
	assert_non_null(mkdtemp(b->directory));
}

static void bench_close(struct bench *b)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -r %s", b->directory);
	assert_int_equal(system(command), 0);
}

static struct ruleset *rules_of(const char *partners)
{
	char document[1024];

	snprintf(document, sizeof(document),
		"service:\n  addresses: [198.51.100.1]\n"
		"local:\n  - domain: corp.example\n    certificate: c.crt\n    key: c.key\n"
		"    inside: {protocol: sip, host: 10.0.0.1}\n"
		"partners:\n%s",
		partners);
	return compile(document);
}

#define BETA  "  - {domain: beta.example, protocol: xmpp}\n"
#define ALPHA "  - {domain: alpha.example, protocol: xmpp}\n"

/* The generation that these rules get at this time, and beta's id. */
static uint64_t settle(const struct bench *b, const char *partners, int64_t now_s, uint32_t *beta)
{
	struct ruleset *rules = rules_of(partners);
	char why[256] = "";
	uint64_t generation;

	if (history_settle(b ? b->directory : NULL, rules, (struct wall){now_s}, why, sizeof(why)) <
		0)
		fail_msg("%s", why);
	generation = rules->generation;
	if (beta)
		*beta = ruleset_partner(rules, VIEW("beta.example"))->id;
	ruleset_free(rules);
	return generation;
}

static void the_same_rules_keep_their_generation(void **state)
{
	struct bench b;

	bench_open(&b);
	assert_int_equal(settle(&b, BETA, 1000, NULL), 1000);
	assert_int_equal(settle(&b, BETA, 5000, NULL), 1000);
	assert_int_equal(settle(&b, ALPHA BETA, 5000, NULL), 5000);
	/* Back to the first is a change too. */
	assert_int_equal(settle(&b, BETA, 5000, NULL), 5001);
	bench_close(&b);
}

static void a_clock_that_runs_backwards_does_not_lower_it(void **state)
{
	struct bench b;

	bench_open(&b);
	assert_int_equal(settle(&b, BETA, 5000, NULL), 5000);
	assert_int_equal(settle(&b, ALPHA BETA, 10, NULL), 5001);
	bench_close(&b);
}

static void partners_keep_their_ids(void **state)
{
	struct bench b;
	uint32_t first;
	uint32_t second;

	bench_open(&b);
	settle(&b, BETA, 1000, &first);
	settle(&b, ALPHA BETA, 1000, &second);
	assert_int_equal(first, second);
	bench_close(&b);
}

static void without_a_directory_the_time_is_the_generation(void **state)
{
	assert_int_equal(settle(NULL, BETA, 1234, NULL), 1234);
	assert_int_equal(settle(NULL, BETA, -5, NULL), 1);
}

static void a_change_always_has_a_number_of_its_own(void **state)
{
	struct ruleset *rules = rules_of(BETA);
	struct bench b;
	char why[256] = "";
	uint64_t content;
	uint64_t again;

	bench_open(&b);
	assert_int_equal(settle(&b, BETA, 1000, NULL), 1000);
	for (uint64_t expected = 2000; expected < 2003; expected++) {
		assert_int_equal(history_advance(b.directory, rules, 1000, (struct wall){2000}, why,
					 sizeof(why)),
			0);
		assert_int_equal(rules->generation, expected);
	}
	/* The file may be lost, what is in force is known. */
	assert_int_equal(
		history_advance(b.directory, rules, 7000, (struct wall){2000}, why, sizeof(why)),
		0);
	assert_int_equal(rules->generation, 7001);
	assert_int_equal(
		history_advance(NULL, rules, 7001, (struct wall){2000}, why, sizeof(why)), 0);
	assert_int_equal(rules->generation, 7002);
	/* What the table says does not depend on the number. */
	assert_int_equal(history_content(rules, &content), 0);
	rules->generation = 1;
	assert_int_equal(history_content(rules, &again), 0);
	assert_int_equal(content, again);
	assert_int_equal(rules->generation, 1);
	ruleset_free(rules);
	bench_close(&b);
}

static void damaged_or_missing_state_is_named_and_nothing_overwritten(void **state)
{
	static const struct {
		const char *file, *content;
	} cases[] = {
		{"generation", "x"},
		{"generation", "12\n"},
		{"generation", "12 0123456789abcdeg\n"},
		{"generation", "12 0123456789abcdef"},
		{"generation", "12 0123456789abcdef\n\n"},
		{"partner-ids", "something else\n"},
	};
	char why[256] = "";
	struct ruleset *rules = rules_of(BETA);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char path[128];
		char content[64] = "";
		struct bench b;
		FILE *file;

		bench_open(&b);
		snprintf(path, sizeof(path), "%s/%s", b.directory, cases[i].file);
		file = fopen(path, "w");
		fputs(cases[i].content, file);
		fclose(file);
		if (history_settle(b.directory, rules, (struct wall){1}, why, sizeof(why)) !=
			-EINVAL)
			fail_msg("'%s' was taken", cases[i].content);
		assert_non_null(strstr(why, path));
		file = fopen(path, "r");
		assert_true(fread(content, 1, sizeof(content) - 1, file) > 0);
		fclose(file);
		assert_string_equal(content, cases[i].content);
		bench_close(&b);
	}
	assert_int_equal(
		history_settle("/nonexistent/state", rules, (struct wall){1}, why, sizeof(why)),
		-ENOENT);
	assert_non_null(strstr(why, "/nonexistent/state"));
	ruleset_free(rules);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_rules_keep_their_generation),
		cmocka_unit_test(a_clock_that_runs_backwards_does_not_lower_it),
		cmocka_unit_test(partners_keep_their_ids),
		cmocka_unit_test(without_a_directory_the_time_is_the_generation),
		cmocka_unit_test(a_change_always_has_a_number_of_its_own),
		cmocka_unit_test(damaged_or_missing_state_is_named_and_nothing_overwritten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
