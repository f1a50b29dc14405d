/* SPDX-License-Identifier: BSD-3-Clause */
/* A rules document: compiled or refused with complaints, lists that it names read from itself; what compiles prints as a document that
 * prints the same again and differs from it in nothing, and makes a filter table that opens. */
#include <stdlib.h>

#include "rules/base/text.h"
#include "rules/diff.h"
#include "rules/filter.h"
#include "rules/ruleset.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void difference(void *arg, const struct diff_line *line)
{
	abort();
}

static void check_print(const struct ruleset *rules)
{
	static struct rules_errors errors;
	struct ruleset *again;
	struct text first, second;

	text_init(&first, 64 * 1024 * 1024);
	text_init(&second, 64 * 1024 * 1024);
	ruleset_print(rules, &first);
	again = ruleset_compile(text_view(&first), NULL, &errors);
	if (!again)
		abort();
	ruleset_print(again, &second);
	if (!view_equal(text_view(&first), text_view(&second)))
		abort();
	if (ruleset_diff(rules, again, difference, NULL))
		abort();
	ruleset_free(again);
	text_free(&first);
	text_free(&second);
}

static void check_filter(const struct ruleset *rules)
{
	struct filter filter;
	uint8_t *block;
	char why[128];
	size_t bytes;

	if (filter_write(rules, &block, &bytes))
		abort();
	if (filter_open(view_make(block, bytes), &filter, why, sizeof(why)) ||
		filter.partner_count != rules->partner_count)
		abort();
	free(block);
}

/* Every list is the last kilobyte of the document. */
static int read_tail(
	void *arg, enum rules_source_kind kind, const char *name, uint8_t **bytes, size_t *len)
{
	const struct view *document = arg;
	uint32_t from = document->len > 1024 ? document->len - 1024 : 0;

	*len = document->len - from;
	*bytes = malloc(*len + 1);
	if (!*bytes)
		abort();
	memcpy(*bytes, document->p + from, *len);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct rules_errors errors;
	struct view document = view_make(data, len);
	struct rules_reader reader = {read_tail, &document};
	struct ruleset *rules = ruleset_compile_with(document, "fuzz.yaml", &reader, &errors);

	if (!rules == (errors.count == 0))
		abort();
	for (uint32_t i = 1; i < errors.count; i++)
		if (errors.list[i - 1].line > errors.list[i].line || !errors.list[i].text[0])
			abort();
	if (rules) {
		check_print(rules);
		check_filter(rules);
	}
	ruleset_free(rules);
	return 0;
}
