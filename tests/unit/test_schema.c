/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of keys, and that the manual knows each of them. */
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>

#include "rules/base/text.h"
#include "rules/draft.h"

static void values_land_in_their_places_with_their_lines(void **state)
{
	static struct rules_errors errors;
	struct draft draft = {0};
	yaml_document_t document;

	assert_true(document_load(VIEW("partners:\n"
				       "  - domain: a.example\n"
				       "    sources: [192.0.2.0/24,\n"
				       "      bad]\n"
				       "  - protocol: sip\n"),
		&document, &errors));
	assert_true(schema_read(
		draft_schema, &document, yaml_document_get_root_node(&document), &draft, &errors));
	yaml_document_delete(&document);
	assert_int_equal(draft.line, 1);
	assert_int_equal(draft.partners.line, 2);
	assert_int_equal(draft.partners.count, 2);
	assert_int_equal(draft.locals.line, 0);
	assert_string_equal(draft_partner(&draft, 0)->domain.text, "a.example");
	assert_int_equal(draft_partner(&draft, 0)->sources.count, 2);
	assert_true(draft_scalar(&draft_partner(&draft, 0)->sources, 0)->ok);
	assert_int_equal(draft_scalar(&draft_partner(&draft, 0)->sources, 1)->line, 4);
	assert_false(draft_scalar(&draft_partner(&draft, 0)->sources, 1)->ok);
	assert_int_equal(draft_partner(&draft, 1)->line, 5);
	assert_int_equal(draft_partner(&draft, 1)->protocol.protocol, PROTOCOL_SIP);
	assert_int_equal(draft_partner(&draft, 1)->domain.line, 0);
	assert_int_equal(errors.count, 5); /* service, local, protocol, domain, the source */
	schema_free(draft_schema, &draft);
	assert_int_equal(draft.partners.count, 0);
}

static void a_list_longer_than_its_row_says_is_refused(void **state)
{
	static struct rules_errors errors;
	struct draft draft = {0};
	yaml_document_t document;
	struct text text;

	text_init(&text, 64 * 1024);
	text_puts(&text, "service: {addresses: [");
	for (int i = 0; i < 65; i++)
		text_printf(&text, "198.51.100.%d,", i + 1);
	text_puts(&text, "]}\n");
	assert_true(document_load(text_view(&text), &document, &errors));
	assert_true(schema_read(
		draft_schema, &document, yaml_document_get_root_node(&document), &draft, &errors));
	yaml_document_delete(&document);
	text_free(&text);
	assert_string_equal(errors.list[0].key, "service.addresses");
	assert_string_equal(errors.list[0].text, "has 65 entries: at most 64");
	assert_int_equal(draft.service.addresses.count, 0);
	schema_free(draft_schema, &draft);
}

struct manual {
	char *text;
	int rows;
};

static void find_in_manual(void *arg, const char *path, const struct schema *row)
{
	struct manual *manual = arg;
	char heading[128];
	const char *at;

	snprintf(heading, sizeof(heading), "| `%s` |", path);
	at = strstr(manual->text, heading);
	if (!at)
		fail_msg("docs/rules.md has no row %s", heading);
	if (row->fallback) {
		const char *end = strchr(at, '\n');
		const char *fallback = strstr(at, row->fallback);

		if (!fallback || fallback > end)
			fail_msg("docs/rules.md: %s: the default is '%s'", path, row->fallback);
	}
	manual->rows++;
}

static void the_manual_has_a_row_for_every_key(void **state)
{
	struct manual manual = {0};
	FILE *file = fopen(RULES_MANUAL, "rb");
	size_t cap = 256 * 1024;
	size_t len;

	assert_non_null(file);
	manual.text = malloc(cap);
	assert_non_null(manual.text);
	len = fread(manual.text, 1, cap - 1, file);
	manual.text[len] = '\0';
	fclose(file);
	schema_walk(draft_schema, find_in_manual, &manual);
	assert_true(manual.rows >= 20);
	free(manual.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_land_in_their_places_with_their_lines),
		cmocka_unit_test(a_list_longer_than_its_row_says_is_refused),
		cmocka_unit_test(the_manual_has_a_row_for_every_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
