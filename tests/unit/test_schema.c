/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of keys, and that the manual knows each of them. */
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>

#include "rules/base/text.h"
#include "rules/draft.h"
#include "rules/schema_json.h"

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
	assert_int_equal(errors.count, 4); /* service, local, domain, the source */
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

struct pet {
	unsigned line;
	struct scalar name, tame;
};

struct house {
	unsigned line;
	struct schema_list pets;
};

static const struct schema pet_schema[] = {
	{.key = "name",
		.type = SCALAR_DOMAIN,
		.flags = SCHEMA_REQUIRED,
		.example = "cat.example",
		.offset = offsetof(struct pet, name)},
	{.key = "tame",
		.type = SCALAR_SWITCH,
		.example = "true",
		.offset = offsetof(struct pet, tame)},
	{.key = NULL},
};

static const struct schema house_schema[] = {
	{.key = "pets",
		.shape = SCHEMA_LIST_MAPS,
		.flags = SCHEMA_MAY_BE_FIRST_KEY,
		.count_max = 9,
		.offset = offsetof(struct house, pets),
		.item_bytes = sizeof(struct pet),
		.fields = pet_schema,
		.example = "[cat.example]"},
	{.key = NULL},
};

static void an_item_may_be_only_the_value_of_its_first_key(void **state)
{
	static const char *const complaints[] = {
		"pets[2]: is a list: write a domain",
		"pets[3].name: is missing: add it, like name: cat.example",
		"pets[4]: 'no_dog' has a character no domain may have: use letters, digits and hyphens",
		"pets[5]: '' is no value: write a domain here, or remove the key",
	};
	static struct rules_errors errors;
	struct house house = {0};
	yaml_document_t document;
	const struct pet *pets;

	assert_true(document_load(VIEW("pets:\n"
				       "  - Cat.example\n"
				       "  - {name: dog.example, tame: true}\n"
				       "  - [fish.example]\n"
				       "  - {tame: false}\n"
				       "  - no_dog\n"
				       "  -\n"),
		&document, &errors));
	assert_true(schema_read(
		house_schema, &document, yaml_document_get_root_node(&document), &house, &errors));
	yaml_document_delete(&document);
	pets = house.pets.items;
	assert_int_equal(house.pets.count, 6);
	assert_string_equal(pets[0].name.text, "cat.example");
	assert_int_equal(pets[0].line, 2);
	assert_int_equal(pets[0].name.line, 2);
	assert_int_equal(pets[0].tame.line, 0);
	assert_string_equal(pets[1].name.text, "dog.example");
	assert_true(pets[1].tame.on);
	assert_int_equal(errors.count, 4);
	for (uint32_t i = 0; i < errors.count; i++) {
		char said[512];

		snprintf(said, sizeof(said), "%s: %s", errors.list[i].key, errors.list[i].text);
		assert_string_equal(said, complaints[i]);
	}
	schema_free(house_schema, &house);
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

/* picketctl schema > docs/rules.schema.json writes it anew. */
static void the_json_schema_is_that_of_the_table(void **state)
{
	size_t cap = 256 * 1024;
	char *there = malloc(cap);
	FILE *file = fopen(RULES_JSON_SCHEMA, "rb");
	struct text text;
	size_t len;

	assert_non_null(file);
	assert_non_null(there);
	len = fread(there, 1, cap, file);
	fclose(file);
	text_init(&text, (uint32_t)cap);
	schema_json_print(draft_schema, "Picket rules", &text);
	assert_false(text.failed);
	if (!view_equal(text_view(&text), view_make(there, len)))
		fail_msg("docs/rules.schema.json is not what picketctl schema prints");
	text_free(&text);
	free(there);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_land_in_their_places_with_their_lines),
		cmocka_unit_test(a_list_longer_than_its_row_says_is_refused),
		cmocka_unit_test(an_item_may_be_only_the_value_of_its_first_key),
		cmocka_unit_test(the_manual_has_a_row_for_every_key),
		cmocka_unit_test(the_json_schema_is_that_of_the_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
