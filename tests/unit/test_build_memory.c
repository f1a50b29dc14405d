/* SPDX-License-Identifier: BSD-3-Clause */
/* Rules of every key compiled, printed and compared while memory runs out at each allocation in turn: refused,
 * and nothing is left behind. */
#include "tests/unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "rules/base/text.h"
#include "rules/diff.h"
#include "rules/diff_decide.h"

enum { DOCUMENT_BYTES_MAX = 64 * 1024 };

static int64_t until; /* allocations that succeed; negative: all */

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t each);
void *__real_realloc(void *p, size_t bytes);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t count, size_t each);
void *__wrap_realloc(void *p, size_t bytes);

static bool is_over(void)
{
	return until == 0 || (until > 0 && until-- == 0);
}

void *__wrap_malloc(size_t bytes)
{
	return is_over() ? NULL : __real_malloc(bytes);
}

void *__wrap_calloc(size_t count, size_t each)
{
	return is_over() ? NULL : __real_calloc(count, each);
}

void *__wrap_realloc(void *p, size_t bytes)
{
	return is_over() ? NULL : __real_realloc(p, bytes);
}

static char document[DOCUMENT_BYTES_MAX];
static struct rules_errors errors;

static int read_document(void **state)
{
	FILE *file = fopen(GOLDEN_DIR "/policies.yaml", "rb");
	size_t len;

	assert_non_null(file);
	len = fread(document, 1, sizeof(document) - 1, file);
	document[len] = '\0';
	fclose(file);
	strcat(document, "directory: {file: a.csv, command: b}\n");
	return 0;
}

static int read_list(
	void *arg, enum rules_source_kind kind, const char *name, uint8_t **bytes, size_t *len)
{
	const char *list = kind == RULES_FILE
				   ? "address,groups\nbob@corp.example,choir\n"
				   : "{\"users\": [{\"address\": \"eve@corp.example\"}]}";

	*len = strlen(list);
	*bytes = malloc(*len);
	if (!*bytes)
		return -ENOMEM;
	memcpy(*bytes, list, *len);
	return 0;
}

static void ignore(void *arg, const struct decision_change *change)
{
}

static void ignore_line(void *arg, const struct diff_line *line)
{
}

static void memory_may_end_anywhere(void **state)
{
	struct rules_reader reader = {read_list, NULL};
	struct ruleset *rules = NULL;
	int64_t n = 0;

	for (; !rules && n < 100000; n++) {
		until = n;
		rules = ruleset_compile_with(view_of(document), "r.yaml", &reader, &errors);
		until = -1;
		if (!rules && (errors.count == 0 || !strstr(errors.list[0].text, "memory")))
			fail_msg("at %lld: %s", (long long)n,
				errors.count ? errors.list[0].text : "nothing is said");
	}
	assert_non_null(rules);
	assert_in_range(n, 100, 99999);
	ruleset_free(rules);
}

static void what_is_made_of_rules_may_fail_too(void **state)
{
	struct rules_reader reader = {read_list, NULL};
	struct ruleset *rules = ruleset_compile_with(view_of(document), "r.yaml", &reader, &errors);
	bool printed = false;
	bool compared = false;
	bool asked = false;

	assert_non_null(rules);
	for (int64_t n = 0; n < 1000 && !(printed && compared && asked); n++) {
		struct text text;

		text_init(&text, 1 << 20);
		until = n;
		ruleset_print(rules, &text);
		printed = !text.failed;
		until = n;
		compared = ruleset_diff(rules, rules, ignore_line, NULL) == 0;
		until = n;
		asked = ruleset_diff_decisions(rules, rules, (struct wall){0}, ignore, NULL) == 0;
		until = -1;
		text_free(&text);
	}
	assert_true(printed && compared && asked);
	ruleset_free(rules);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_may_end_anywhere),
		cmocka_unit_test(what_is_made_of_rules_may_fail_too),
	};

	return cmocka_run_group_tests(tests, read_document, NULL);
}
