/* SPDX-License-Identifier: BSD-3-Clause */
/* Addresses of users, and finding them. */
#include "tests/unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "rules/user.h"

static void addresses_are_prepared(void **state)
{
	static const struct {
		const char *text, *address; /* or the cause, without an '@' */
	} cases[] = {
		{"Alice@Corp.Example.", "alice@corp.example"},
		{"a.b-c_9@corp.example", "a.b-c_9@corp.example"},
		{"Ünal@Bücher.example", "ünal@xn--bcher-kva.example"},
		{"\xef\xbc\xa1lice@corp.example", "alice@corp.example"},
		{"conor\\20o\\27brien@corp.example", "conor\\20o\\27brien@corp.example"},
		{"joe(acme.example)@msn.example", "joe(acme.example)@msn.example"},
		{"", "user_parts"},
		{"alice", "user_parts"},
		{"@corp.example", "user_parts"},
		{"a@b@corp.example", "user_parts"},
		{"a b@corp.example", "disallowed"},
		{"a/b@corp.example", "local_excluded"},
		{"o'neil@corp.example", "local_excluded"},
		{"a@", "domain_empty"},
		{"a@192.0.2.1", "domain_is_address"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char address[USER_ADDRESS_BYTES];
		struct fault fault;
		enum parse parse = user_address_parse(view_of(cases[i].text), address, &fault);

		if (strcmp(parse == PARSE_DONE ? address : fault.cause, cases[i].address) != 0)
			fail_msg("'%s': %s", cases[i].text,
				parse == PARSE_DONE ? address : fault.cause);
	}
	assert_true(view_equal(user_domain(VIEW("alice@corp.example")), VIEW("corp.example")));
}

static void an_address_has_a_bound(void **state)
{
	static char text[1100];
	char address[USER_ADDRESS_BYTES];
	struct fault fault;

	memset(text, 'A', 1023);
	memcpy(text + 1023, "@corp.example", 14);
	assert_int_equal(user_address_parse(view_of(text), address, &fault), PARSE_DONE);
	assert_int_equal(strlen(address), 1023 + 13);
	memset(text, 'A', 1024);
	memcpy(text + 1024, "@corp.example", 14);
	assert_int_equal(user_address_parse(view_of(text), address, &fault), PARSE_BAD);
}

static void each_of_many_is_found_and_no_other(void **state)
{
	enum { MANY = 5000 };
	static char names[MANY][16];
	static struct user users[MANY];
	struct siphash_key key;
	struct user_index index;

	assert_int_equal(siphash_key_random(&key), 0);
	user_index_init(&index, key);
	user_index_expect(&index, 1);
	user_index_expect_user(&index, users, 1);
	user_index_expect_address(&index, users, 1);
	assert_int_equal(user_index_find(&index, users, VIEW("u1@x")), USER_NONE);
	for (uint32_t i = 0; i < MANY; i++) {
		snprintf(names[i], sizeof(names[i]), "u%u@x", i);
		users[i].address = names[i];
		assert_int_equal(user_index_put(&index, users, i), 0);
		assert_int_equal(user_index_put(&index, users, i), -EEXIST);
	}
	for (uint32_t i = 0; i < MANY; i++) {
		uint32_t hash = user_index_hash(&index, view_of(names[i]));

		user_index_expect(&index, hash);
		user_index_expect_user(&index, users, hash);
		user_index_expect_address(&index, users, hash);
		assert_int_equal(user_index_find(&index, users, view_of(names[i])), i);
		assert_int_equal(user_index_find_hashed(&index, users, view_of(names[i]), hash), i);
	}
	assert_int_equal(user_index_find(&index, users, VIEW("u5000@x")), USER_NONE);
	assert_int_equal(user_index_find(&index, users, VIEW("")), USER_NONE);
	assert_int_equal(index.count, MANY);
	user_index_free(&index);
	user_index_free(&index);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_prepared),
		cmocka_unit_test(an_address_has_a_bound),
		cmocka_unit_test(each_of_many_is_found_and_no_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
