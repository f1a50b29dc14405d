/* SPDX-License-Identifier: BSD-3-Clause */
/* The bounded string. */
#include "tests/unit/test.h"

#include "rules/base/text.h"

static void a_text_stops_at_its_limit_and_says_so(void **state)
{
	struct text t;

	text_init(&t, 5);
	text_puts(&t, "abc");
	text_puts(&t, "de");
	assert_false(t.failed);
	text_putc(&t, 'f');
	assert_true(t.failed);
	assert_string_equal(t.p, "abcde");
	text_puts(&t, "");
	assert_true(t.failed);
	text_free(&t);
}

static void a_fixed_text_keeps_room_for_its_nul(void **state)
{
	char buffer[4];
	struct text t;

	text_fixed(&t, buffer, sizeof(buffer));
	text_puts(&t, "abc");
	assert_false(t.failed);
	text_puts(&t, "d");
	assert_true(t.failed);
	assert_string_equal(buffer, "abc");
}

static void a_reset_text_can_be_used_again(void **state)
{
	struct text t;

	text_init(&t, 3);
	text_puts(&t, "too long");
	assert_true(t.failed);
	text_reset(&t);
	text_printf(&t, "%d", 12);
	assert_false(t.failed);
	assert_string_equal(t.p, "12");
	text_free(&t);
}

static void quoting_shows_every_byte_and_bounds_the_length(void **state)
{
	char buffer[64];
	struct text t;

	text_fixed(&t, buffer, sizeof(buffer));
	text_put_quoted(&t, VIEW("a\r\n\\\xff"), 4);
	assert_string_equal(buffer, "a\\x0d\\x0a\\x5c...");
}

static void hex_is_two_digits_a_byte(void **state)
{
	char buffer[9];
	struct text t;

	text_fixed(&t, buffer, sizeof(buffer));
	text_put_hex(&t, VIEW("\x00\x0f\xa5\xff"));
	assert_string_equal(buffer, "000fa5ff");
	assert_false(t.failed);
	text_put_hex(&t, VIEW(""));
	assert_false(t.failed);
	text_put_hex(&t, VIEW("x"));
	assert_true(t.failed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_text_stops_at_its_limit_and_says_so),
		cmocka_unit_test(a_fixed_text_keeps_room_for_its_nul),
		cmocka_unit_test(a_reset_text_can_be_used_again),
		cmocka_unit_test(hex_is_two_digits_a_byte),
		cmocka_unit_test(quoting_shows_every_byte_and_bounds_the_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
