/* SPDX-License-Identifier: BSD-3-Clause */
/* Blocks by prefix and by domain, on a clock that the test owns. */
#include "tests/unit/test.h"

#include <errno.h>
#include <stdio.h>

#include "dataplane/block.h"

static struct block_table table;
static const struct mono start = {1000 * NS_PER_S};

static int setup(void **state)
{
	return block_table_init(&table);
}

static int teardown(void **state)
{
	block_table_fini(&table);
	return 0;
}

/* A dot in front of a name stands for its subtree. */
static struct block block_of(const char *what, uint64_t seconds)
{
	struct block block = {.expires = mono_after_ms(start, seconds * 1000), .reason = "test"};
	struct prefix prefix;

	if (prefix_parse(view_of(what), &prefix))
		block.target = block_target_prefix(&prefix);
	else
		assert_true(block_target_name(
			view_of(what + (what[0] == '.')), what[0] == '.', &block.target));
	return block;
}

static void put(const char *what, uint64_t seconds)
{
	struct block block = block_of(what, seconds);

	assert_int_equal(block_put(&table, &block, start), 0);
}

static bool finds(const char *what, struct mono now)
{
	struct ip_address address;

	if (!ip_address_parse(view_of(what), &address))
		return block_finds_name(&table, view_of(what), now);
	return block_finds_address(
		&table, address.family_bits == 32 ? TUPLE_IPV4 : TUPLE_IPV6, address.bytes, now);
}

static void prefixes_hold_for_their_addresses_alone(void **state)
{
	static const struct {
		const char *block, *inside, *outside;
	} cases[] = {
		{"192.0.2.0/24", "192.0.2.255", "192.0.3.0"},
		{"192.0.2.128/25", "192.0.2.129", "192.0.2.127"},
		{"10.0.0.0/7", "11.255.0.1", "12.0.0.0"},
		{"198.51.100.7", "198.51.100.7", "198.51.100.6"},
		{"2001:db8::/47", "2001:db8:1::1", "2001:db8:2::1"},
		{"2001:db8::9", "2001:db8::9", "2001:db8::8"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct block block = block_of(cases[i].block, 10);

		assert_false(finds(cases[i].inside, start));
		put(cases[i].block, 10);
		if (!finds(cases[i].inside, start) || finds(cases[i].outside, start))
			fail_msg("%s", cases[i].block);
		assert_true(block_remove(&table, &block.target, start));
		assert_false(finds(cases[i].inside, start));
	}
}

static void families_are_not_confused(void **state)
{
	put("0.0.0.0/0", 10);
	assert_true(finds("203.0.113.1", start));
	assert_false(finds("2001:db8::1", start));
}

static void domains_hold_for_what_is_below_only_with_their_subtree(void **state)
{
	static const struct {
		const char *name;
		bool found;
	} cases[] = {
		{"bad.example", true},
		{"BAD.Example.", true},
		{"a.bad.example", false},
		{"notbad.example", false},
		{"worse.example", true},
		{"Worse.Example.", true},
		{"a.worse.example", true},
		{"a.b.c.worse.example", true},
		{"notworse.example", false},
		{"example", false},
		{"worse.example.org", false},
		{".", false},
		{"", false},
		{"..", false},
	};

	put("bad.example", 10);
	put(".worse.example", 10);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (finds(cases[i].name, start) != cases[i].found)
			fail_msg("%s", cases[i].name);
	assert_true(block_has_names(&table));
}

static void a_name_and_its_subtree_are_two_blocks(void **state)
{
	struct block alone = block_of("bad.example", 10);
	struct block subtree = block_of(".bad.example", 10);

	put("bad.example", 20);
	assert_false(block_remove(&table, &subtree.target, start));
	put(".bad.example", 10);
	assert_int_equal(table.count, 2);
	assert_int_equal(
		block_name_until(&table, VIEW("bad.example"), start).ns, start.ns + 20 * NS_PER_S);
	assert_int_equal(block_name_until(&table, VIEW("a.bad.example"), start).ns,
		start.ns + 10 * NS_PER_S);
	assert_true(block_remove(&table, &alone.target, start));
	assert_true(finds("bad.example", start) && finds("a.bad.example", start));
	assert_true(block_remove(&table, &subtree.target, start));
	assert_false(finds("bad.example", start) || block_has_names(&table));
}

/* Each question walks over all blocks, by the words of the manual. */
static void random_blocks_are_found_as_a_slow_search_finds_them(void **state)
{
	static const char *const labels[] = {"a", "b", "aa", "x"};
	static char names[40][64];
	uint64_t seed = 7;
	uint32_t found = 0;

	for (int i = 0; i < 40; i++) {
		size_t used = 0;

		seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		for (uint64_t left = seed >> 40; left > 0 && used < 12; left >>= 7)
			used += (size_t)sprintf(names[i] + used, ".%s", labels[left & 3]);
		sprintf(names[i] + used, ".example");
	}
	/* The even ones with their subtree. */
	for (int i = 0; i < 20; i++)
		put(names[i] + i % 2, 10);
	for (int i = 0; i < 40; i++) {
		const char *name = names[i] + 1;
		bool expected = false;

		for (int k = 0; k < 20; k++) {
			size_t len = strlen(name);
			size_t part = strlen(names[k]);

			expected = expected || strcmp(name, names[k] + 1) == 0 ||
				   (k % 2 == 0 && len > part &&
					   strcmp(name + len - part, names[k]) == 0);
		}
		if (finds(name, start) != expected)
			fail_msg("%s", name);
		found += expected && i >= 20;
	}
	assert_true(found > 2 && found < 18);
}

static void a_name_is_at_most_253_bytes(void **state)
{
	struct block_target target;
	char name[300];

	memset(name, 'a', sizeof(name));
	assert_true(block_target_name(view_make(name, 253), false, &target));
	assert_false(block_target_name(view_make(name, 254), false, &target));
	put(".a", 10);
	assert_false(block_finds_name(&table, view_make(name, sizeof(name)), start));
}

static void blocks_end_by_themselves_to_the_nanosecond(void **state)
{
	struct mono before = {start.ns + 10 * NS_PER_S - 1};
	struct mono end = {start.ns + 10 * NS_PER_S};

	put("192.0.2.0/24", 10);
	put("bad.example", 10);
	assert_true(finds("192.0.2.1", before) && finds("bad.example", before));
	assert_false(finds("192.0.2.1", end) || finds("bad.example", end));
	assert_int_equal(table.count, 2);
	block_expire(&table, before, BLOCK_MAX);
	assert_int_equal(table.count, 2);
	block_expire(&table, end, BLOCK_MAX);
	assert_int_equal(table.count, 0);
	assert_int_equal(table.names, 0);
	assert_int_equal(table.lengths4[24], 0);
}

static void saying_it_again_replaces(void **state)
{
	struct block block = block_of("192.0.2.0/24", 10);

	put("192.0.2.0/24", 10);
	put("192.0.2.0/24", 100);
	assert_int_equal(table.count, 1);
	assert_true(finds("192.0.2.1", mono_after_ms(start, 99000)));
	assert_true(block_remove(&table, &block.target, start));
	assert_false(block_remove(&table, &block.target, start));
}

static void removing_what_is_over_says_that_none_held(void **state)
{
	struct block block = block_of("192.0.2.0/24", 10);

	put("192.0.2.0/24", 10);
	assert_false(block_remove(&table, &block.target, mono_after_ms(start, 10000)));
	assert_int_equal(table.count, 0);
}

static void the_longest_of_several_names_counts(void **state)
{
	put(".example", 5);
	put(".bad.example", 50);
	put("x.a.bad.example", 20);
	assert_int_equal(block_name_until(&table, VIEW("x.a.bad.example"), start).ns,
		start.ns + 50 * NS_PER_S);
	assert_int_equal(
		block_name_until(&table, VIEW("good.example"), start).ns, start.ns + 5 * NS_PER_S);
	assert_int_equal(block_name_until(&table, VIEW("other"), start).ns, 0);
}

static void full_table_refuses_until_something_is_over(void **state)
{
	struct block more = block_of("2001:db8::1", 10);
	char text[32];

	for (uint32_t i = 0; i < BLOCK_MAX; i++) {
		snprintf(text, sizeof(text), "10.%u.%u.%u", i >> 16, i >> 8 & 255, i & 255);
		put(text, i == 77 ? 3 : 10);
	}
	assert_int_equal(block_put(&table, &more, start), -ENOSPC);
	assert_false(finds("2001:db8::1", start));
	assert_int_equal(block_put(&table, &more, mono_after_ms(start, 3000)), 0);
	assert_true(finds("2001:db8::1", start));
	assert_true(finds("10.0.31.255", start));
	assert_false(finds("10.0.0.77", start));
}

static void listing_leaves_out_what_is_over(void **state)
{
	uint32_t held = 0;

	put("192.0.2.0/24", 10);
	put("bad.example", 20);
	for (uint32_t i = 0; i < BLOCK_MAX; i++)
		held += block_at(&table, i, mono_after_ms(start, 15000)) != NULL;
	assert_int_equal(held, 1);
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(prefixes_hold_for_their_addresses_alone),
		T(families_are_not_confused),
		T(domains_hold_for_what_is_below_only_with_their_subtree),
		T(a_name_and_its_subtree_are_two_blocks),
		T(random_blocks_are_found_as_a_slow_search_finds_them),
		T(a_name_is_at_most_253_bytes),
		T(blocks_end_by_themselves_to_the_nanosecond),
		T(saying_it_again_replaces),
		T(removing_what_is_over_says_that_none_held),
		T(the_longest_of_several_names_counts),
		T(full_table_refuses_until_something_is_over),
		T(listing_leaves_out_what_is_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
