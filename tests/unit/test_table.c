/* SPDX-License-Identifier: BSD-3-Clause */
/* The hash table from bytes to pointers. */
#include "tests/unit/test.h"

#include <errno.h>
#include <stdio.h>

#include "rules/base/table.h"

enum { KEYS = 3000 };

static const struct siphash_key fixed_key = {1, 2};

static void an_empty_table_holds_nothing(void **state)
{
	struct table t = {0};
	uint32_t cursor = 0;

	assert_null(table_find(&t, VIEW("a")));
	assert_null(table_remove(&t, VIEW("a")));
	assert_null(table_next(&t, &cursor));
	table_free(&t);
}

static void what_is_expected_need_not_be_there(void **state)
{
	struct table t = {0};
	int one;

	table_expect_value(&t, table_expect(&t, VIEW("a")));
	table_init(&t, fixed_key);
	table_expect_value(&t, table_expect(&t, VIEW("a")));
	assert_int_equal(table_put(&t, VIEW("a"), &one), 0);
	assert_true(table_expect(&t, VIEW("a")) == siphash(&fixed_key, "a", 1));
	table_expect_value(&t, table_expect(&t, VIEW("a")));
	table_expect_value(&t, table_expect(&t, VIEW("b")));
	assert_ptr_equal(table_find(&t, VIEW("a")), &one);
	table_free(&t);
}

static void keys_are_bytes_and_each_is_there_once(void **state)
{
	int one, two, three;
	struct table t;

	table_init(&t, fixed_key);
	assert_int_equal(table_put(&t, VIEW("a"), &one), 0);
	assert_int_equal(table_put(&t, VIEW("a\0"), &two), 0);
	assert_int_equal(table_put(&t, VIEW(""), &three), 0);
	assert_int_equal(table_put(&t, VIEW("a"), &two), -EEXIST);
	assert_ptr_equal(table_find(&t, VIEW("a")), &one);
	assert_ptr_equal(table_find(&t, VIEW("a\0")), &two);
	assert_ptr_equal(table_find(&t, VIEW("")), &three);
	assert_null(table_find(&t, VIEW("A")));
	assert_int_equal(t.count, 3);
	table_free(&t);
}

static void it_agrees_with_an_array_under_random_changes(void **state)
{
	static char names[KEYS][16];
	static bool present[KEYS];
	uint64_t random = 88172645463325252u;
	uint32_t count = 0;
	struct table t;

	table_init(&t, fixed_key);
	for (int i = 0; i < KEYS; i++)
		snprintf(names[i], sizeof(names[i]), "name-%d", i);
	for (int step = 0; step < 60000; step++) {
		uint32_t i;
		struct view name;

		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		i = (uint32_t)(random % KEYS);
		name = view_of(names[i]);
		if (random >> 32 & 1) {
			assert_int_equal(table_put(&t, name, names[i]), present[i] ? -EEXIST : 0);
			count += !present[i];
			present[i] = true;
		} else {
			assert_ptr_equal(table_remove(&t, name), present[i] ? names[i] : NULL);
			count -= present[i];
			present[i] = false;
		}
		assert_int_equal(t.count, count);
	}
	for (int i = 0; i < KEYS; i++)
		assert_ptr_equal(table_find(&t, view_of(names[i])), present[i] ? names[i] : NULL);
	table_free(&t);
}

static void a_walk_meets_every_entry_once(void **state)
{
	static char names[100][16];
	const struct table_slot *slot;
	uint32_t cursor = 0;
	struct table t;
	int met = 0;

	table_init(&t, fixed_key);
	for (int i = 0; i < 100; i++) {
		snprintf(names[i], sizeof(names[i]), "%d", i);
		assert_int_equal(table_put(&t, view_of(names[i]), names[i]), 0);
	}
	while ((slot = table_next(&t, &cursor))) {
		assert_true(view_equal(slot->key, view_of(slot->value)));
		((char *)slot->value)[0] = '\0';
		met++;
	}
	assert_int_equal(met, 100);
	for (int i = 0; i < 100; i++)
		assert_int_equal(names[i][0], 0);
	table_free(&t);
}

static uint32_t values_freed;

static void value_free(void *value)
{
	assert_string_equal(value, "value");
	values_freed++;
}

static void values_go_with_the_table_when_told(void **state)
{
	static const char *const names[] = {"a", "b", "c"};
	static char value[] = "value";
	struct table t;

	table_init(&t, fixed_key);
	table_free_with(&t, value_free);
	assert_int_equal(values_freed, 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(table_put(&t, view_of(names[i]), value), 0);
	table_remove(&t, VIEW("b"));
	table_free_with(&t, value_free);
	assert_int_equal(values_freed, 2);
	assert_null(table_find(&t, VIEW("a")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_table_holds_nothing),
		cmocka_unit_test(what_is_expected_need_not_be_there),
		cmocka_unit_test(keys_are_bytes_and_each_is_there_once),
		cmocka_unit_test(it_agrees_with_an_array_under_random_changes),
		cmocka_unit_test(a_walk_meets_every_entry_once),
		cmocka_unit_test(values_go_with_the_table_when_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
