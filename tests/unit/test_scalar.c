/* SPDX-License-Identifier: BSD-3-Clause */
/* Single values of a rules document. */
#include "tests/unit/test.h"

#include <stdlib.h>

#include "rules/scalar.h"

static void texts_are_kept_in_canonical_form(void **state)
{
	static const struct {
		enum scalar_type type;
		const char *in, *kept;
	} cases[] = {
		{SCALAR_DOMAIN, "Bücher.Example.", "xn--bcher-kva.example"},
		{SCALAR_HOST, "GW.Partner.Example", "gw.partner.example"},
		{SCALAR_HOST, "2001:DB8:0::1", "2001:db8::1"},
		{SCALAR_HOST, "192.0.2.10", "192.0.2.10"},
		{SCALAR_PATH, "certs/Übung 1.pem", "certs/Übung 1.pem"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct scalar s = {0};
		char why[SCALAR_WHY_BYTES];

		if (!scalar_read(cases[i].type, view_of(cases[i].in), true, &s, why))
			fail_msg("'%s': %s", cases[i].in, why);
		assert_true(s.ok);
		assert_string_equal(s.text, cases[i].kept);
		free(s.text);
	}
}

static void values_have_their_numbers(void **state)
{
	char why[SCALAR_WHY_BYTES];
	struct scalar s = {0};

	assert_true(scalar_read(SCALAR_PORT, VIEW("65535"), true, &s, why));
	assert_int_equal(s.port, 65535);
	assert_true(scalar_read(SCALAR_PROTOCOL, VIEW("sip"), true, &s, why));
	assert_int_equal(s.protocol, PROTOCOL_SIP);
	assert_true(scalar_read(SCALAR_PREFIX, VIEW("192.0.2.0/24"), true, &s, why));
	assert_int_equal(s.prefix.length_bits, 24);
	assert_true(scalar_read(SCALAR_ADDRESS, VIEW("2001:db8::1"), true, &s, why));
	assert_int_equal(s.prefix.length_bits, 128);
	assert_true(scalar_read(SCALAR_COUNT, VIEW("100000000"), true, &s, why));
	assert_true(s.number == 100000000);
	assert_true(scalar_read(SCALAR_BYTES, VIEW("12500000000"), true, &s, why));
	assert_true(s.number == UINT64_C(12500000000));
	assert_true(scalar_read(SCALAR_PERCENT, VIEW("0"), true, &s, why));
	assert_true(s.number == 0);
	assert_true(scalar_read(SCALAR_SWITCH, VIEW("true"), true, &s, why));
	assert_true(s.on);
	assert_true(scalar_read(SCALAR_SWITCH, VIEW("false"), true, &s, why));
	assert_false(s.on);
}

static void nothing_is_guessed(void **state)
{
	static const struct {
		enum scalar_type type;
		struct view in;
		bool plain;
		const char *says;
	} cases[] = {
		{SCALAR_PORT, VIEW("5x"), true, "'5x' is not a port"},
		{SCALAR_PORT, VIEW("010"), true, "'010' starts with 0"},
		{SCALAR_PORT, VIEW("+5"), true, "'+5' is not"},
		{SCALAR_PORT, VIEW("5_000"), true, "is not"},
		{SCALAR_PORT, VIEW("18446744073709551617"), true, "is not"},
		{SCALAR_PORT, VIEW("5061"), false, "quotes"},
		{SCALAR_PORT, VIEW(""), true, "no value"},
		{SCALAR_COUNT, VIEW("0"), true, "'0' is not a number from 1 to 100000000"},
		{SCALAR_COUNT, VIEW("100000001"), true, "is not a number"},
		{SCALAR_COUNT, VIEW("5k"), true, "without unit"},
		{SCALAR_COUNT, VIEW("07"), true, "starts with 0"},
		{SCALAR_COUNT, VIEW("7"), false, "quotes"},
		{SCALAR_BYTES, VIEW("9999"), true, "from 10000 to 12500000000"},
		{SCALAR_PERCENT, VIEW("91"), true, "from 0 to 90"},
		{SCALAR_REQUEST_BYTES, VIEW("1999"), true, "from 2000 to 65536"},
		{SCALAR_REQUEST_BYTES, VIEW("65537"), true, "from 2000 to 65536"},
		{SCALAR_SWITCH, VIEW("yes"), true, "'yes' is not a switch: write true or false"},
		{SCALAR_SWITCH, VIEW("True"), true, "lower case"},
		{SCALAR_SWITCH, VIEW("1"), true, "is not a switch"},
		{SCALAR_SWITCH, VIEW("true"), false, "quotes"},
		{SCALAR_SWITCH, VIEW("~"), true, "no value"},
		{SCALAR_PROTOCOL, VIEW("flase"), true, "'flase' is not a protocol"},
		{SCALAR_PROTOCOL, VIEW("xmpp "), false, "is not a protocol"},
		{SCALAR_PROTOCOL, VIEW("XMPP"), true, "lower case"},
		{SCALAR_DOMAIN, VIEW("no"), true, "truth value"},
		{SCALAR_DOMAIN, VIEW("~"), true, "no value"},
		{SCALAR_DOMAIN, VIEW("Null"), true, "no value"},
		{SCALAR_DOMAIN, VIEW("1e5"), true, "number"},
		{SCALAR_HOST, VIEW("0x10"), true, "number"},
		{SCALAR_HOST, VIEW("gw:5061"), false, "the port apart"},
		{SCALAR_PATH, VIEW("2024-01-01"), true, "number"},
		{SCALAR_PATH, VIEW("-.inf"), true, "number"},
		{SCALAR_PATH, VIEW(""), false, "no value"},
		{SCALAR_PATH, VIEW("a\0b"), false, "'a\\x00b' has a control character"},
		{SCALAR_PATH, VIEW("a\nb"), false, "control"},
		{SCALAR_PREFIX, VIEW("192.0.2.77/24"), true, "write 192.0.2.0/24"},
		{SCALAR_PREFIX, VIEW("192.0.2.0/024"), true, "leading zeros"},
		{SCALAR_PREFIX, VIEW("any"), true, "'any' is not an IP prefix"},
		{SCALAR_ADDRESS, VIEW("192.0.2.0/24"), true, "is not an IP address"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct scalar s = {0};
		char why[SCALAR_WHY_BYTES] = "";

		if (scalar_read(cases[i].type, cases[i].in, cases[i].plain, &s, why) || s.ok)
			fail_msg("case %zu was read: %s", i, cases[i].in.p);
		if (!strstr(why, cases[i].says))
			fail_msg("case %zu: %s", i, why);
		assert_null(s.text);
	}
}

static void quotes_make_a_text_of_what_looks_like_something_else(void **state)
{
	char why[SCALAR_WHY_BYTES];
	struct scalar s = {0};

	assert_true(scalar_read(SCALAR_PATH, VIEW("5"), false, &s, why));
	assert_string_equal(s.text, "5");
	free(s.text);
	assert_true(scalar_read(SCALAR_DOMAIN, VIEW("null"), false, &s, why));
	assert_string_equal(s.text, "null");
	free(s.text);
}

static void long_values_are_bounded_and_quoted_short(void **state)
{
	static char path[5000];
	char why[SCALAR_WHY_BYTES];
	struct scalar s = {0};

	memset(path, 0xe4, sizeof(path));
	assert_false(scalar_read(SCALAR_PATH, view_make(path, sizeof(path)), false, &s, why));
	assert_non_null(strstr(why, "...' is too long for a path"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_are_kept_in_canonical_form),
		cmocka_unit_test(values_have_their_numbers),
		cmocka_unit_test(nothing_is_guessed),
		cmocka_unit_test(quotes_make_a_text_of_what_looks_like_something_else),
		cmocka_unit_test(long_values_are_bounded_and_quoted_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
