/* SPDX-License-Identifier: BSD-3-Clause */
/* Rules on their way from the operator to the daemon, also from one who means no good. */
#include "tests/unit/test.h"

#include <errno.h>
#include <stdlib.h>

#include "control/bundle.h"

struct block {
	uint8_t *p;
	size_t bytes;
};

static struct view view_of_block(const struct block *b)
{
	return view_make(b->p, b->bytes);
}

static struct block block_make(void)
{
	struct bundle_file files[] = {
		{"sub/b.key", VIEW("the key of b")},
		{"/abs/a.crt", VIEW("the certificate of a")},
		{"sub/b.key", VIEW("the key of b")},
		{"empty", {0}},
	};
	struct block b;

	assert_int_equal(bundle_make(VIEW("/etc/picket/rules.yaml"), VIEW("service:\n"), files, 4,
				 &b.p, &b.bytes),
		0);
	return b;
}

static void what_is_put_in_comes_out(void **state)
{
	struct block b = block_make();
	struct bundle bundle;
	struct fault fault;
	struct view bytes;

	assert_int_equal(bundle_open(view_of_block(&b), &bundle, &fault), PARSE_DONE);
	assert_true(view_equal(bundle.origin, VIEW("/etc/picket/rules.yaml")));
	assert_true(view_equal(bundle.document, VIEW("service:\n")));
	/* A file that two domains share was sent once. */
	assert_int_equal(bundle.file_count, 3);
	assert_true(bundle_file(&bundle, VIEW("sub/b.key"), &bytes));
	assert_true(view_equal(bytes, VIEW("the key of b")));
	assert_true(bundle_file(&bundle, VIEW("/abs/a.crt"), &bytes));
	assert_true(view_equal(bytes, VIEW("the certificate of a")));
	assert_true(bundle_file(&bundle, VIEW("empty"), &bytes));
	assert_int_equal(bytes.len, 0);
	assert_false(bundle_file(&bundle, VIEW("b.key"), &bytes));
	assert_false(bundle_file(&bundle, VIEW(""), &bytes));
	bundle_free(b.p, b.bytes);
	bundle_free(NULL, 0);
}

static void no_part_of_a_bundle_is_one(void **state)
{
	struct block b = block_make();
	struct bundle bundle;
	struct fault fault;

	for (size_t len = 0; len < b.bytes; len++) {
		if (bundle_open(view_make(b.p, len), &bundle, &fault) != PARSE_BAD)
			fail_msg("%zu bytes", len);
		/* Nor one that says that it is that long. */
		if (len >= 16) {
			b.p[12] = (uint8_t)len;
			b.p[13] = (uint8_t)(len >> 8);
		}
		if (bundle_open(view_make(b.p, len), &bundle, &fault) != PARSE_BAD)
			fail_msg("%zu bytes that know it", len);
		assert_true(fault.cause && fault.offset_bytes <= len);
		assert_null(bundle.document.p);
	}
	bundle_free(b.p, b.bytes);
}

static void each_lie_has_its_name(void **state)
{
	/* Where the parts of block_make stand. */
	enum {
		ORIGIN = 20,
		DOCUMENT = ORIGIN + 4 + 22,
		FIRST = DOCUMENT + 4 + 9,
		FIRST_BYTES = FIRST + 4 + 10,
		SECOND = FIRST_BYTES + 4 + 20,
	};
	static const struct {
		const char *label;
		uint32_t at;
		uint8_t bytes[4];
		uint32_t count;
		const char *cause;
	} cases[] = {
		{"magic", 0, {'p'}, 1, "bundle_magic"},
		{"version", 8, {2}, 1, "bundle_version"},
		{"length", 12, {0xff, 0xff}, 2, "bundle_length"},
		{"too many files", 16, {0xd1, 7, 0, 0}, 4, "file_count"},
		{"more files than there are", 16, {4}, 1, "bundle_cut"},
		{"fewer files than there are", 16, {2}, 1, "bundle_trailing"},
		{"a long path", ORIGIN, {0, 0x10, 0, 0}, 4, "origin_path"},
		{"no path", ORIGIN, {0, 0, 0, 0}, 4, "origin_path"},
		{"a relative path", ORIGIN + 4, {'e'}, 1, "origin_path"},
		{"a line end in the path", ORIGIN + 10, {'\n'}, 1, "origin_path"},
		{"a NUL in the path", ORIGIN + 10, {0}, 1, "origin_path"},
		{"a document over the end", DOCUMENT, {0, 1, 0, 0}, 4, "bundle_cut"},
		{"a document of 4 GiB", DOCUMENT, {255, 255, 255, 255}, 4, "document_length"},
		{"no name", FIRST, {0}, 1, "file_name"},
		{"a name of 4 GiB", FIRST, {255, 255, 255, 255}, 4, "file_name"},
		{"a NUL in a name", FIRST + 4, {0}, 1, "file_name"},
		{"names out of order", FIRST + 4, {'z'}, 1, "file_order"},
		{"a large file", FIRST_BYTES, {1, 0, 4, 0}, 4, "file_length"},
		{"a file over the end", FIRST_BYTES, {0, 0, 1, 0}, 4, "bundle_cut"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct block b = block_make();
		struct bundle bundle;
		struct fault fault = {0};

		memcpy(b.p + cases[i].at, cases[i].bytes, cases[i].count);
		if (bundle_open(view_of_block(&b), &bundle, &fault) != PARSE_BAD ||
			strcmp(fault.cause, cases[i].cause) != 0)
			fail_msg("%s: %s", cases[i].label, fault.cause);
		assert_null(bundle.origin.p);
		bundle_free(b.p, b.bytes);
	}
}

static void the_same_name_twice_is_refused(void **state)
{
	struct bundle_file files[] = {{"a", VIEW("1")}, {"b", VIEW("2")}};
	struct bundle bundle;
	struct fault fault;
	struct block b;

	assert_int_equal(bundle_make(VIEW("/r"), VIEW(""), files, 2, &b.p, &b.bytes), 0);
	assert_int_equal(bundle_open(view_of_block(&b), &bundle, &fault), PARSE_DONE);
	assert_int_equal(b.p[b.bytes - 6], 'b');
	b.p[b.bytes - 6] = 'a';
	assert_int_equal(bundle_open(view_of_block(&b), &bundle, &fault), PARSE_BAD);
	assert_string_equal(fault.cause, "file_order");
	bundle_free(b.p, b.bytes);
}

static void what_would_be_refused_is_not_made(void **state)
{
	static uint8_t much[BUNDLE_DOCUMENT_BYTES_MAX + 1];
	struct bundle_file large[] = {{"a", view_make(much, BUNDLE_FILE_BYTES_MAX + 1)}};
	struct bundle_file control[] = {{"a\nb", VIEW("")}};
	struct bundle_file fine[] = {{"a", VIEW("")}};
	struct block b;

	assert_int_equal(
		bundle_make(VIEW("rules.yaml"), VIEW(""), fine, 1, &b.p, &b.bytes), -EINVAL);
	assert_int_equal(bundle_make(VIEW(""), VIEW(""), fine, 1, &b.p, &b.bytes), -EINVAL);
	assert_int_equal(bundle_make(VIEW("/r"), VIEW(""), control, 1, &b.p, &b.bytes), -EINVAL);
	assert_int_equal(bundle_make(VIEW("/r"), VIEW(""), large, 1, &b.p, &b.bytes), -E2BIG);
	assert_int_equal(
		bundle_make(VIEW("/r"), view_make(much, sizeof(much)), fine, 1, &b.p, &b.bytes),
		-E2BIG);
	assert_null(b.p);
	assert_int_equal(bundle_make(VIEW("/r"), VIEW(""), NULL, 0, &b.p, &b.bytes), 0);
	bundle_free(b.p, b.bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_put_in_comes_out),
		cmocka_unit_test(no_part_of_a_bundle_is_one),
		cmocka_unit_test(each_lie_has_its_name),
		cmocka_unit_test(the_same_name_twice_is_refused),
		cmocka_unit_test(what_would_be_refused_is_not_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
