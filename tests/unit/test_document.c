/* SPDX-License-Identifier: BSD-3-Clause */
/* A YAML document as a tree of plain nodes. */
#include "tests/unit/test.h"

#include <stdlib.h>

#include "rules/document.h"

static void lines_and_styles_of_nodes_are_kept(void **state)
{
	static struct rules_errors errors;
	yaml_document_t document;
	yaml_node_t *root, *node;

	assert_true(document_load(VIEW("# first\na: [b,\n  'c']\n"), &document, &errors));
	root = yaml_document_get_root_node(&document);
	assert_int_equal(root->type, YAML_MAPPING_NODE);
	node = yaml_document_get_node(&document, root->data.mapping.pairs.start->value);
	assert_int_equal(node->type, YAML_SEQUENCE_NODE);
	assert_int_equal(node_line(node), 2);
	node = yaml_document_get_node(&document, node->data.sequence.items.start[1]);
	assert_int_equal(node_line(node), 3);
	assert_true(view_equal(node_text(node), VIEW("c")));
	assert_false(node_is_plain(node));
	yaml_document_delete(&document);
}

static void everything_but_plain_yaml_is_refused_at_its_line(void **state)
{
	static const struct {
		struct view in;
		unsigned line;
		const char *says;
	} cases[] = {
		{VIEW(""), 1, "empty"},
		{VIEW("\n\n# x\n"), 1, "empty"},
		{VIEW("---\n"), 2, "empty"},
		{VIEW("---\n...\n"), 2, "empty"},
		{VIEW("just words\n"), 1, "just words"},
		{VIEW("a: 1\n---\nb: 2\n"), 2, "second document"},
		{VIEW("a: 1\n...\nb: 2\n"), 3, "not YAML"},
		{VIEW("%YAML 1.1\n---\na: 1\n"), 1, "directive"},
		{VIEW("%TAG ! tag:example,2000:\n---\na: 1\n"), 1, "directive"},
		{VIEW("a: 1\nb: &x 2\n"), 2, "anchor"},
		{VIEW("a: 1\n? &x k\n: 2\n"), 2, "anchor"},
		{VIEW("a: &x [1]\n"), 1, "anchor"},
		{VIEW("a: 1\nb: *x\n"), 2, "alias"},
		{VIEW("a: !!int 1\n"), 1, "tag"},
		{VIEW("a: ! 1\n"), 1, "tag"},
		{VIEW("a: !x {}\n"), 1, "tag"},
		{VIEW("a: 1\nb: [\n"), 3, "not YAML"},
		{VIEW("a: 1\n b: 2\n"), 2, "not YAML"},
		{VIEW("a: 1\n\tb: 2\n"), 2, "not YAML"},
		{VIEW("a: 'x\n"), 2, "not YAML"},
		{VIEW("a: 1\nb: \xff\n"), 2, "UTF-8"},
		{VIEW("a: 1\nb: \xc3\n"), 2, "UTF-8"},
		{VIEW("a: 1\n\nb: \x01\n"), 3, "control characters"},
		{VIEW("a: 1\nb: \0\n"), 2, "control characters"},
		{VIEW("\xff\xfe"
		      "a\0:\0 \0b\0"),
			1, "UTF-8"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		static struct rules_errors errors;
		yaml_document_t document;

		errors.count = 0;
		if (document_load(cases[i].in, &document, &errors)) {
			yaml_document_delete(&document);
			fail_msg("case %zu was loaded: %s", i, cases[i].in.p);
		}
		assert_int_equal(errors.count, 1);
		if (errors.list[0].line != cases[i].line ||
			!strstr(errors.list[0].text, cases[i].says))
			fail_msg("case %zu: line %u: %s", i, errors.list[0].line,
				errors.list[0].text);
	}
}

static void one_document_with_its_marks_and_a_bom_is_fine(void **state)
{
	static const char *const cases[] = {"---\na: 1\n", "---\na: 1\n...\n", "\ufeffa: 1\n",
		"\ufeffa: 1\nb: 2\n", "\ufeff---\r\na: 1\r\nb: 2\r\n", "a: 1", "a: 1\r\nb: 2\r\n",
		"{a: 1}", "[]"};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		static struct rules_errors errors;
		yaml_document_t document;

		errors.count = 0;
		if (!document_load(view_of(cases[i]), &document, &errors))
			fail_msg("'%s': %s", cases[i], errors.list[0].text);
		yaml_document_delete(&document);
	}
}

static void size_depth_and_number_of_values_are_bounded(void **state)
{
	static struct rules_errors errors;
	size_t bytes = DOCUMENT_MAX_BYTES + 1;
	uint8_t *text = malloc(bytes);
	yaml_document_t document;

	assert_non_null(text);
	memset(text, '#', bytes);
	assert_false(document_load(view_make(text, bytes), &document, &errors));
	assert_non_null(strstr(errors.list[0].text, "16 MiB"));

	errors.count = 0;
	memset(text, '[', bytes - 1);
	assert_false(document_load(view_make(text, bytes - 1), &document, &errors));
	assert_non_null(strstr(errors.list[0].text, "16 levels"));

	/* 1,000,001 values: the list and a million items. */
	errors.count = 0;
	bytes = 2 * 1000 * 1000 + 1;
	text[0] = '[';
	for (size_t i = 1; i < bytes; i += 2)
		memcpy(text + i, "a,", 2);
	text[bytes - 1] = ']';
	assert_false(document_load(view_make(text, bytes), &document, &errors));
	assert_non_null(strstr(errors.list[0].text, "1000000 values"));
	free(text);
}

static void complaints_are_kept_in_order_of_lines_and_the_last_give_way(void **state)
{
	static struct rules_errors errors;

	for (unsigned line = RULES_ERRORS_MAX + 10; line > 0; line--)
		rules_errors_add(&errors, line, "k", "line %u", line);
	assert_int_equal(errors.count, RULES_ERRORS_MAX);
	assert_int_equal(errors.more, 10);
	for (unsigned i = 0; i < RULES_ERRORS_MAX; i++)
		assert_int_equal(errors.list[i].line, i + 1);
	rules_errors_add(&errors, 5, "k", "second of line 5");
	assert_string_equal(errors.list[4].text, "line 5");
	assert_string_equal(errors.list[5].text, "second of line 5");
	assert_int_equal(errors.list[RULES_ERRORS_MAX - 1].line, RULES_ERRORS_MAX - 1);
	rules_errors_add(&errors, 1000, "k", "too late");
	assert_int_equal(errors.list[RULES_ERRORS_MAX - 1].line, RULES_ERRORS_MAX - 1);
	assert_int_equal(errors.more, 12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_and_styles_of_nodes_are_kept),
		cmocka_unit_test(everything_but_plain_yaml_is_refused_at_its_line),
		cmocka_unit_test(one_document_with_its_marks_and_a_bom_is_fine),
		cmocka_unit_test(size_depth_and_number_of_values_are_bounded),
		cmocka_unit_test(complaints_are_kept_in_order_of_lines_and_the_last_give_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
