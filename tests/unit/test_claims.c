/* SPDX-License-Identifier: BSD-3-Clause */
/* The block of claims: what is written is read, everything else is refused with words. */
#include "tests/unit/test.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>

#include "rules/base/mark.h"
#include "rules/claims.h"

static struct claim claim(const char *address, uint32_t partner_id)
{
	struct claim c = {.partner_id = partner_id};

	assert_true(ip_address_parse(view_of(address), &c.address));
	return c;
}

static struct view written(const struct claim *list, uint32_t count)
{
	uint8_t *block;
	size_t bytes;

	assert_int_equal(claims_write(list, count, &block, &bytes), 0);
	return view_make(block, bytes);
}

static void what_is_written_is_read(void **state)
{
	const struct claim list[] = {
		claim("192.0.2.1", 7), claim("192.0.2.2", PARTNER_ID_MAX), claim("2001:db8::1", 7)};
	struct view block = written(list, 3);
	struct claims claims;
	char why[128];

	assert_int_equal(claims_open(block, &claims, why, sizeof(why)), 0);
	assert_int_equal(claims.count, 3);
	for (uint32_t i = 0; i < 3; i++) {
		struct claim c;

		claims_at(&claims, i, &c);
		assert_true(ip_address_equal(&c.address, &list[i].address));
		assert_int_equal(c.partner_id, list[i].partner_id);
	}
	free((void *)block.p);
}

static void none_is_a_block_too(void **state)
{
	struct view block = written(NULL, 0);
	struct claims claims;
	char why[128];

	assert_int_equal(claims_open(block, &claims, why, sizeof(why)), 0);
	assert_int_equal(claims.count, 0);
	free((void *)block.p);
}

static void more_than_the_most_is_not_written(void **state)
{
	struct claim *list = calloc(CLAIMS_MAX + 1, sizeof(*list));
	uint8_t *block;
	size_t bytes;

	for (uint32_t i = 0; i <= CLAIMS_MAX; i++) {
		list[i] = claim("10.0.0.0", 1);
		list[i].address.bytes[1] = (uint8_t)(i >> 16);
		list[i].address.bytes[2] = (uint8_t)(i >> 8);
		list[i].address.bytes[3] = (uint8_t)i;
	}
	assert_int_equal(claims_write(list, CLAIMS_MAX + 1, &block, &bytes), -E2BIG);
	assert_int_equal(claims_write(list, CLAIMS_MAX, &block, &bytes), 0);
	assert_int_equal(bytes, CLAIMS_BLOCK_BYTES_MAX);
	free(block);
	free(list);
}

/* One byte changed, the digest put right. */
struct damage {
	const char *name;
	uint32_t at;
	uint8_t byte;
	const char *said;
};

static void damage_is_refused_in_words(void **state)
{
	static const struct damage cases[] = {
		{"magic", 0, 'X', "wrong magic"},
		{"version", 8, 2, "another version"},
		{"size", 12, 9, "another size"},
		{"more claims than there are", 24, 3, "not as long as its claims"},
		{"fewer claims than there are", 24, 1, "not as long as its claims"},
		{"very many claims", 27, 0xff, "too many claims"},
		{"reserved word", 31, 1, "reserved word"},
		{"family", 32 + 16, 64, "claim 0: of no family"},
		{"IPv4 with a tail", 32 + 15, 1, "claim 0: an IPv4 address"},
		{"reserved bytes", 32 + 19, 1, "claim 0: reserved"},
		{"no partner", 32 + 20, 0, "claim 0: of no partner"},
		{"partner id too large", 32 + 23, 1, "claim 0: of no partner"},
		{"order", 32, 193, "claim 1: not above"},
		{"an address twice", 32 + 24 + 3, 1, "claim 1: not above"},
		{"family order", 32 + 16, 128, "claim 1: not above"},
	};
	const struct claim list[] = {claim("192.0.2.1", 1), claim("192.0.2.2", 2)};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct view block = written(list, 2);
		uint8_t *bytes = (uint8_t *)block.p;
		struct claims claims;
		char why[128] = "";
		uint64_t digest;

		bytes[cases[i].at] = cases[i].byte;
		digest = htole64(claims_digest(block));
		memcpy(bytes + CLAIMS_DIGEST_AT, &digest, sizeof(digest));
		if (claims_open(block, &claims, why, sizeof(why)) != -EINVAL ||
			!strstr(why, cases[i].said) || claims.count != 0)
			fail_msg("%s: '%s'", cases[i].name, why);
		free(bytes);
	}
}

static void an_accident_is_noticed(void **state)
{
	const struct claim list[] = {claim("192.0.2.1", 1)};
	struct view block = written(list, 1);
	struct claims claims;
	char why[128] = "";

	((uint8_t *)block.p)[33] ^= 1;
	assert_int_equal(claims_open(block, &claims, why, sizeof(why)), -EINVAL);
	assert_non_null(strstr(why, "wrong digest"));
	for (uint32_t len = 0; len < block.len; len++)
		assert_int_equal(
			claims_open(view_sub(block, 0, len), &claims, why, sizeof(why)), -EINVAL);
	free((void *)block.p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(none_is_a_block_too),
		cmocka_unit_test(more_than_the_most_is_not_written),
		cmocka_unit_test(damage_is_refused_in_words),
		cmocka_unit_test(an_accident_is_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
