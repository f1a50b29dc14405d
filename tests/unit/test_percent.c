/* SPDX-License-Identifier: BSD-3-Clause */
/* Percent-encoding by allow-list. */
#include "tests/unit/test.h"

#include <stdio.h>

#include "control/parcel/percent.h"

static void decoding_happens_exactly_once_or_not_at_all(void **state)
{
	static const struct {
		const char *in;
		const char *out; /* NULL: refused */
		const char *cause;
		uint32_t offset_bytes;
	} cases[] = {
		{"alice", "alice", NULL, 0},
		{"f%C3%BC", "f\xc3\xbc", NULL, 0},
		{"f%c3%bc", "f\xc3\xbc", NULL, 0},
		{"%2541", "%41", NULL, 0},
		{"%20%40%2F", " @/", NULL, 0},
		{"", "", NULL, 0},
		{"a%", NULL, "percent_malformed", 1},
		{"a%4", NULL, "percent_malformed", 1},
		{"a%4g", NULL, "percent_malformed", 1},
		{"%%41", NULL, "percent_malformed", 0},
		{"a%00b", NULL, "control_character", 1},
		{"a%0D%0Ab", NULL, "control_character", 1},
		{"a%0a", NULL, "control_character", 1},
		{"%1f", NULL, "control_character", 0},
		{"%7F", NULL, "control_character", 0},
		{"a\nb", NULL, "control_character", 1},
		{"%ff", NULL, "not_utf8", 0},
		{"%C0%AF", NULL, "not_utf8", 0},
		{"%ED%A0%80", NULL, "not_utf8", 0},
		{"%F4%90%80%80", NULL, "not_utf8", 0},
		{"%C3", NULL, "not_utf8", 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char out[32];
		struct fault fault = {0};
		struct text t;
		enum parse got;

		text_fixed(&t, out, sizeof(out));
		got = percent_decode(view_of(cases[i].in), &t, &fault);
		if (cases[i].out ? got != PARSE_DONE || strcmp(out, cases[i].out) != 0
				 : got != PARSE_BAD || strcmp(fault.cause, cases[i].cause) != 0 ||
					   fault.offset_bytes != cases[i].offset_bytes)
			fail_msg("'%s': '%s' (%s at %u)", cases[i].in, out,
				fault.cause ? fault.cause : "accepted", fault.offset_bytes);
	}
}

static void decoding_stops_at_the_room_there_is(void **state)
{
	char out[4];
	struct fault fault;
	struct text t;

	text_fixed(&t, out, sizeof(out));
	assert_int_equal(percent_decode(VIEW("abcd"), &t, &fault), PARSE_BAD);
	assert_string_equal(fault.cause, "too_long");
}

/* Each octet, against the grammar of RFC 3261 section 25.1 written out. */
static void every_octet_outside_the_grammar_is_encoded(void **state)
{
	static const char user[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				   "-_.!~*'()&=+$,;?/";
	static const char param[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "-_.!~*'()[]/:&+$";

	for (int c = 0; c < 256; c++) {
		uint8_t byte = (uint8_t)c;
		const char raw[2] = {(char)byte, '\0'};
		char encoded[4], out[4];
		struct text t;

		snprintf(encoded, sizeof(encoded), "%%%02X", byte);
		text_fixed(&t, out, sizeof(out));
		percent_put_user(&t, view_make(&byte, 1));
		assert_string_equal(out, c && strchr(user, c) ? raw : encoded);
		text_fixed(&t, out, sizeof(out));
		percent_put_param(&t, view_make(&byte, 1));
		assert_string_equal(out, c && strchr(param, c) ? raw : encoded);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decoding_happens_exactly_once_or_not_at_all),
		cmocka_unit_test(decoding_stops_at_the_room_there_is),
		cmocka_unit_test(every_octet_outside_the_grammar_is_encoded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
