/* SPDX-License-Identifier: BSD-3-Clause */
/* UTF-8 of XML characters, against a reference that decodes whole sequences. */
#include "tests/unit/test.h"

#include "control/xmpp/utf8.h"

/* What the first character of a sequence is worth, by decoding it and encoding it again. */
static enum utf8_result reference(const uint8_t *p, uint32_t len)
{
	static const uint32_t first[] = {0, 0, 0x80, 0x800, 0x10000};
	uint32_t n = p[0] < 0x80 ? 1 : p[0] >> 5 == 6 ? 2 : p[0] >> 4 == 14 ? 3 : 4;
	uint32_t code = n == 1 ? p[0] : p[0] & (0x7fu >> n);

	if (n == 4 && p[0] >> 3 != 30)
		return UTF8_INVALID;
	for (uint32_t i = 1; i < n; i++) {
		if (i >= len || p[i] >> 6 != 2)
			return UTF8_INVALID;
		code = code << 6 | (p[i] & 0x3f);
	}
	if (code < first[n] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return UTF8_INVALID;
	if ((code < 0x20 && code != '\t' && code != '\n' && code != '\r') || code == 0xfffe ||
		code == 0xffff)
		return UTF8_NOT_XML;
	return n == len ? UTF8_OK : UTF8_INVALID; /* callers give one character */
}

static enum utf8_result checked(const uint8_t *p, uint32_t len, uint32_t cut)
{
	struct utf8 state = {0};
	uint32_t good;
	enum utf8_result result = utf8_check(&state, view_make(p, cut), &good);

	if (result == UTF8_OK)
		result = utf8_check(&state, view_make(p + cut, len - cut), &good);
	return result == UTF8_OK && !utf8_is_whole(&state) ? UTF8_INVALID : result;
}

static void compare(const uint8_t *p, uint32_t len)
{
	for (uint32_t cut = 0; cut <= len; cut++)
		if (checked(p, len, cut) != reference(p, len))
			fail_msg("%02x %02x %02x %02x (%u bytes, cut at %u): %d, not %d", p[0],
				len > 1 ? p[1] : 0, len > 2 ? p[2] : 0, len > 3 ? p[3] : 0, len,
				cut, checked(p, len, cut), reference(p, len));
}

static void every_character_is_judged_as_it_should(void **state)
{
	for (uint32_t a = 0; a < 0x80; a++)
		compare((uint8_t[]){(uint8_t)a}, 1);
	for (uint32_t a = 0xc0; a < 0xe0; a++)
		for (uint32_t b = 0; b < 0x100; b++)
			compare((uint8_t[]){(uint8_t)a, (uint8_t)b}, 2);
	for (uint32_t a = 0xe0; a < 0xf0; a++)
		for (uint32_t bc = 0; bc < 0x10000; bc++)
			compare((uint8_t[]){(uint8_t)a, (uint8_t)(bc >> 8), (uint8_t)bc}, 3);
	for (uint32_t a = 0xf0; a < 0x100; a++)
		for (uint32_t bc = 0; bc < 0x10000; bc++)
			compare((uint8_t[]){(uint8_t)a, (uint8_t)(bc >> 8), (uint8_t)bc, 0xbf}, 4);
}

static void stray_and_missing_continuations_are_invalid(void **state)
{
	for (uint32_t a = 0x80; a < 0xc0; a++)
		compare((uint8_t[]){(uint8_t)a}, 1);
	for (uint32_t a = 0xc0; a < 0x100; a++)
		compare((uint8_t[]){(uint8_t)a}, 1);
}

static void a_bad_byte_is_found_wherever_it_stands(void **state)
{
	static const struct {
		uint8_t byte;
		enum utf8_result result;
	} bad[] = {{0, UTF8_NOT_XML}, {0x1f, UTF8_NOT_XML}, {0x80, UTF8_INVALID},
		{0xff, UTF8_INVALID}};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		for (uint32_t at = 0; at < 40; at++) {
			struct utf8 clean = {0};
			uint8_t text[40];
			uint32_t good;

			memset(text, 'x', sizeof(text));
			text[at] = bad[i].byte;
			assert_int_equal(utf8_check(&clean, view_make(text, sizeof(text)), &good),
				bad[i].result);
			assert_int_equal(good, at);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_character_is_judged_as_it_should),
		cmocka_unit_test(stray_and_missing_continuations_are_invalid),
		cmocka_unit_test(a_bad_byte_is_found_wherever_it_stands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
