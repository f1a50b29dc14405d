/* SPDX-License-Identifier: BSD-3-Clause */
/* The operators' blocks and the file that keeps them. */
#include "tests/unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "control/blocks.h"

#define BOOT   "11111111-2222-3333-4444-555555555555"
#define HEADER "picket-blocks 2 " BOOT "\n"

static const struct mono start = {1000 * NS_PER_S};

static void operators_write_prefixes_and_domains(void **state)
{
	static const struct {
		const char *written, *what;
		bool is_domain;
	} cases[] = {
		{"192.0.2.0/24", "192.0.2.0/24", false},
		{"192.0.2.7", "192.0.2.7/32", false},
		{"2001:DB8::/32", "2001:db8::/32", false},
		{"Bad.Example.", "bad.example", true},
		{"b\xc3\xbc"
		 "cher.example",
			"xn--bcher-kva.example", true},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct operator_block block;
		char why[128] = "";

		if (!block_read_target(view_of(cases[i].written), false, &block, why, sizeof(why)))
			fail_msg("%s: %s", cases[i].written, why);
		assert_string_equal(block.what, cases[i].what);
		assert_int_equal(block.is_domain, cases[i].is_domain);
		assert_false(block.subtree);
		if (block_read_target(view_of(cases[i].written), true, &block, why, sizeof(why)) !=
				cases[i].is_domain ||
			(cases[i].is_domain ? !block.subtree : !strstr(why, "no subtree")))
			fail_msg("%s with its subtree: %s", cases[i].written, why);
	}
}

static void a_block_holds_for_its_name_or_all_below_it(void **state)
{
	static const struct {
		const char *what;
		bool subtree;
		const char *domain;
		bool holds;
	} cases[] = {
		{"bad.example", false, "bad.example", true},
		{"bad.example", false, "x.bad.example", false},
		{"bad.example", true, "bad.example", true},
		{"bad.example", true, "x.bad.example", true},
		{"bad.example", true, "xbad.example", false},
		{"bad.example", true, "example", false},
		{"192.0.2.7", false, "192.0.2.7", false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct operator_block block;
		char why[128];

		assert_true(block_read_target(
			view_of(cases[i].what), cases[i].subtree, &block, why, sizeof(why)));
		if (block_holds_for(&block, view_of(cases[i].domain)) != cases[i].holds)
			fail_msg("%s and %s", cases[i].what, cases[i].domain);
	}
}

static void what_is_neither_is_refused_in_words(void **state)
{
	static const struct {
		const char *written, *words;
	} cases[] = {
		{"", "no domain"},
		{"192.0.2.1/24", "neither"},
		{"192.0.2.0/33", "neither"},
		{"192.0.2", "neither"},
		{"192.0.2.01", "neither"},
		{"1234", "neither"},
		{"2001:db8::1/32", "neither"},
		{"::ffff:192.0.2.1", "neither"},
		{"bad.example/24", "neither"},
		{"0.0.0.0/0", "everybody"},
		{"::/0", "everybody"},
		{"bad_name.example", "no domain"},
		{"bad..example", "no domain"},
		{"bad example", "no domain"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct operator_block block;
		char why[128] = "";

		if (block_read_target(view_of(cases[i].written), false, &block, why, sizeof(why)) ||
			!strstr(why, cases[i].words))
			fail_msg("%s: %s", cases[i].written, why);
	}
}

static void a_reason_is_one_short_line(void **state)
{
	struct operator_block block;
	char reason[200];

	assert_true(block_read_reason(VIEW("a scanner, since Monday"), &block));
	assert_true(block_read_reason(VIEW(""), &block));
	assert_false(block_read_reason(VIEW("two\nlines"), &block));
	assert_false(block_read_reason(VIEW("esc \x1b[0m"), &block));
	assert_false(block_read_reason(VIEW("nul \0 inside"), &block));
	memset(reason, 'r', sizeof(reason));
	assert_true(block_read_reason(view_make(reason, 127), &block));
	assert_false(block_read_reason(view_make(reason, 128), &block));
}

/* A dot in front of a name stands for its subtree. */
static struct operator_block block_of(const char *what, uint64_t seconds)
{
	struct operator_block block = {.expires = mono_after_ms(start, seconds * 1000)};
	char why[128];

	assert_true(block_read_target(
		view_of(what + (what[0] == '.')), what[0] == '.', &block, why, sizeof(why)));
	snprintf(block.reason, sizeof(block.reason), "because of %s", what);
	return block;
}

static void put(struct blocks *blocks, const char *what, uint64_t seconds)
{
	struct operator_block block = block_of(what, seconds);

	assert_int_equal(blocks_put(blocks, &block), 0);
}

static void the_list_replaces_removes_and_forgets(void **state)
{
	struct blocks blocks = {0};

	put(&blocks, "192.0.2.0/24", 10);
	put(&blocks, "bad.example", 20);
	put(&blocks, "192.0.2.0/24", 30);
	assert_int_equal(blocks.count, 2);
	assert_int_equal(
		block_seconds_left(blocks_find(&blocks, "192.0.2.0/24", false), start), 30);
	blocks_expire(&blocks, mono_after_ms(start, 20000));
	assert_int_equal(blocks.count, 1);
	assert_null(blocks_find(&blocks, "bad.example", false));
	assert_true(blocks_remove(&blocks, "192.0.2.0/24", false));
	assert_false(blocks_remove(&blocks, "192.0.2.0/24", false));
	put(&blocks, "bad.example", 20);
	put(&blocks, ".bad.example", 30);
	assert_int_equal(blocks.count, 2);
	assert_true(blocks_remove(&blocks, "bad.example", false));
	assert_null(blocks_find(&blocks, "bad.example", false));
	assert_non_null(blocks_find(&blocks, "bad.example", true));
	blocks_free(&blocks);
}

static void the_list_is_bounded(void **state)
{
	struct blocks blocks = {0};
	struct operator_block more = block_of("bad.example", 1);
	char text[32];

	for (uint32_t i = 0; i < BLOCKS_MAX; i++) {
		snprintf(text, sizeof(text), "10.0.%u.%u", i >> 8, i & 255);
		put(&blocks, text, 10);
	}
	assert_int_equal(blocks_put(&blocks, &more), -ENOSPC);
	put(&blocks, "10.0.0.0", 20);
	blocks_free(&blocks);
}

static void seconds_left_are_rounded_up(void **state)
{
	struct operator_block block = block_of("192.0.2.1", 10);

	assert_int_equal(block_seconds_left(&block, start), 10);
	assert_int_equal(block_seconds_left(&block, mono_after_ms(start, 1)), 10);
	assert_int_equal(block_seconds_left(&block, mono_after_ms(start, 9999)), 1);
	assert_int_equal(block_seconds_left(&block, mono_after_ms(start, 10000)), 0);
}

static void written(struct blocks *blocks, struct mono now, struct text *text)
{
	text_init(text, BLOCKS_FILE_BYTES_MAX);
	blocks_print(blocks, BOOT, now, text);
	assert_false(text->failed);
}

static void a_restart_keeps_the_end(void **state)
{
	struct blocks blocks = {0}, again;
	const struct operator_block *kept;
	struct fault fault;
	struct text text;

	put(&blocks, "192.0.2.0/24", 100);
	put(&blocks, ".worse.example", 100);
	put(&blocks, "worst.example", 100);
	put(&blocks, "bad.example", 5);
	written(&blocks, start, &text);
	/* Forty seconds after the writing: the end is where it was. */
	assert_int_equal(
		blocks_parse(text_view(&text), BOOT, mono_after_ms(start, 40000), &again, &fault),
		PARSE_DONE);
	assert_int_equal(again.count, 3);
	assert_non_null(blocks_find(&again, "worse.example", true));
	assert_non_null(blocks_find(&again, "worst.example", false));
	kept = blocks_find(&again, "192.0.2.0/24", false);
	assert_int_equal(kept->expires.ns, start.ns + 100 * NS_PER_S);
	assert_string_equal(kept->reason, "because of 192.0.2.0/24");
	blocks_free(&again);
	blocks_free(&blocks);
	text_free(&text);
}

static void a_boot_goes_on_with_what_was_left(void **state)
{
	struct mono other = {5 * NS_PER_S};
	struct blocks blocks = {0}, again;
	struct fault fault;
	struct text text;

	put(&blocks, "192.0.2.0/24", 100);
	written(&blocks, mono_after_ms(start, 30000), &text);
	assert_int_equal(
		blocks_parse(text_view(&text), "another-boot", other, &again, &fault), PARSE_DONE);
	assert_int_equal(again.count, 1);
	assert_int_equal(again.list[0].expires.ns, other.ns + 70 * NS_PER_S);
	blocks_free(&again);
	blocks_free(&blocks);
	text_free(&text);
}

/* When it was written, every domain was blocked with all below it. */
static void an_old_file_means_what_it_meant(void **state)
{
	struct blocks blocks;
	struct fault fault;

	assert_int_equal(blocks_parse(VIEW("picket-blocks 1 " BOOT "\n"
					   "2000000 1000 source 192.0.2.1/32 x\n"
					   "2000000 1000 domain bad.example y\n"),
				 BOOT, start, &blocks, &fault),
		PARSE_DONE);
	assert_int_equal(blocks.count, 2);
	assert_non_null(blocks_find(&blocks, "192.0.2.1/32", false));
	assert_string_equal(blocks_find(&blocks, "bad.example", true)->reason, "y");
	blocks_free(&blocks);
	assert_int_equal(blocks_parse(VIEW("picket-blocks 1 " BOOT "\n"
					   "2000000 1000 subtree bad.example y\n"),
				 BOOT, start, &blocks, &fault),
		PARSE_BAD);
	assert_string_equal(fault.cause, "blocks_kind");
}

static void a_damaged_file_is_refused_whole(void **state)
{
	static const struct {
		const char *text, *cause;
		uint32_t offset_bytes;
	} cases[] = {
		{"", "blocks_header", 0},
		{"picket-blocks 1 " BOOT, "blocks_header", 0},
		{"picket-blocks 3 " BOOT "\n", "blocks_header", 0},
		{HEADER "2000000 1 source 192.0.2.1/32 x", "blocks_line_unended", 53},
		{HEADER "\n", "blocks_number", 53},
		{HEADER "-1 1 source 192.0.2.1/32 x\n", "blocks_number", 53},
		{HEADER "x 1 source 192.0.2.1/32 x\n", "blocks_number", 53},
		{HEADER "2000000 2678401 source 192.0.2.1/32 x\n", "blocks_number", 53},
		{HEADER "18446744073709551615 1 source 192.0.2.1/32 x\n", "blocks_number", 53},
		{HEADER "9999999999999 1 source 192.0.2.1/32 x\n", "blocks_number", 53},
		{HEADER "2000000 1 target 192.0.2.1/32 x\n", "blocks_kind", 53},
		{HEADER "2000000 1 source 192.0.2.1 x\n", "blocks_target", 53},
		{HEADER "2000000 1 source bad.example x\n", "blocks_target", 53},
		{HEADER "2000000 1 domain 192.0.2.1/32 x\n", "blocks_target", 53},
		{HEADER "2000000 1 domain Bad.example x\n", "blocks_target", 53},
		{HEADER "2000000 1 subtree 192.0.2.1/32 x\n", "blocks_target", 53},
		{HEADER "2000000 1 domain bad.example\n", "blocks_target", 53},
		{HEADER "2000000 1 domain bad.example \t\n", "blocks_reason", 53},
		{HEADER "2000000 1 domain bad.example x\n2000000 1 domain\n", "blocks_kind", 84},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct blocks blocks;
		struct fault fault = {0};

		if (blocks_parse(view_of(cases[i].text), BOOT, start, &blocks, &fault) !=
				PARSE_BAD ||
			strcmp(fault.cause, cases[i].cause) != 0 ||
			fault.offset_bytes != cases[i].offset_bytes || blocks.count != 0)
			fail_msg("%s: %s at %u", cases[i].text, fault.cause, fault.offset_bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(operators_write_prefixes_and_domains),
		cmocka_unit_test(what_is_neither_is_refused_in_words),
		cmocka_unit_test(a_block_holds_for_its_name_or_all_below_it),
		cmocka_unit_test(a_reason_is_one_short_line),
		cmocka_unit_test(the_list_replaces_removes_and_forgets),
		cmocka_unit_test(the_list_is_bounded),
		cmocka_unit_test(seconds_left_are_rounded_up),
		cmocka_unit_test(a_restart_keeps_the_end),
		cmocka_unit_test(a_boot_goes_on_with_what_was_left),
		cmocka_unit_test(an_old_file_means_what_it_meant),
		cmocka_unit_test(a_damaged_file_is_refused_whole),
	};

	return cmocka_run_group_tests_name("blocks", tests, NULL, NULL);
}
