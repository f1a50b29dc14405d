/* SPDX-License-Identifier: BSD-3-Clause */
/* What the refused spoke. */
#include "tests/unit/test.h"

#include "dataplane/signature.h"

static int compile(void **state)
{
	return signature_setup(1);
}

static int clear(void **state)
{
	signature_finish();
	return 0;
}

static void each_protocol_is_known_by_its_first_bytes(void **state)
{
	static const struct {
		struct view bytes;
		enum spoken spoken;
	} cases[] = {
		{VIEW("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), SPOKEN_tls},
		{VIEW("GET / HTTP/1.1\r\nHost: x\r\n"), SPOKEN_http},
		{VIEW("PRI * HTTP/2.0\r\n\r\nSM\r\n"), SPOKEN_http},
		{VIEW("OPTIONS sip:corp.example SIP/2.0\r\n"), SPOKEN_sip},
		{VIEW("OPTIONS / HTTP/1.0\r\n"), SPOKEN_http},
		{VIEW("<?xml version='1.0'?>"), SPOKEN_xmpp},
		{VIEW("<stream:stream "), SPOKEN_xmpp},
		{VIEW("SSH-2.0-OpenSSH_9.2\r\n"), SPOKEN_ssh},
		{VIEW("EHLO mail.example\r\n"), SPOKEN_smtp},
		{VIEW("\x03\x00\x00\x13\x0e\xe0\x00\x00\x00\x00\x00"), SPOKEN_rdp},
		{VIEW("\x00\x00\x00\x54\xffSMBr"), SPOKEN_smb},
		{VIEW("\x05\x01\x00"), SPOKEN_socks},
		{VIEW("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n"), SPOKEN_proxy},
		{VIEW("hello there"), SPOKEN_unknown},
		{VIEW(" GET / HTTP/1.1\r\n"), SPOKEN_unknown},
		{VIEW("G"), SPOKEN_unknown},
		{{NULL, 0}, SPOKEN_unknown},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (signature_match(0, cases[i].bytes) != cases[i].spoken)
			fail_msg("case %zu is %s", i,
				spoken_name(signature_match(0, cases[i].bytes)));
}

static void only_the_first_bytes_are_looked_at(void **state)
{
	static uint8_t long_one[4096];

	memset(long_one, 'A', sizeof(long_one));
	memcpy(long_one, "GET /", 5);
	memcpy(long_one + 2000, " HTTP/1.1\r\n", 11);
	assert_int_equal(signature_match(0, view_make(long_one, sizeof(long_one))), SPOKEN_unknown);
}

static void without_signatures_everything_is_unknown(void **state)
{
	signature_finish();
	assert_int_equal(signature_match(0, VIEW("SSH-2.0-x\r\n")), SPOKEN_unknown);
	assert_int_equal(signature_setup(1), 0);
	assert_int_equal(signature_match(0, VIEW("SSH-2.0-x\r\n")), SPOKEN_ssh);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_protocol_is_known_by_its_first_bytes),
		cmocka_unit_test(only_the_first_bytes_are_looked_at),
		cmocka_unit_test(without_signatures_everything_is_unknown),
	};

	return cmocka_run_group_tests(tests, compile, clear);
}
