/* SPDX-License-Identifier: BSD-3-Clause */
/* Via and CSeq. */
#include "tests/unit/test.h"

#include "control/sip/cseq.h"
#include "control/sip/param.h"
#include "control/sip/via.h"

#define assert_view(v, text) assert_true(view_equal(v, view_of(text)))

static void a_via_is_taken_apart(void **state)
{
	struct sip_cursor c = sip_cursor_make(VIEW("SIP / 2.0\r\n / TLS [2001:db8::1] : 5061 ;\r\n"
						   " branch = z9hG4bKx;received=2001:db8::2;rport ,"
						   " SIP/2.0/UDP a.example"));
	struct fault fault;
	struct sip_via via;
	struct view value;

	assert_int_equal(sip_via_next(&c, &via, &fault), PARSE_DONE);
	assert_view(via.transport, "TLS");
	assert_view(via.host, "[2001:db8::1]");
	assert_int_equal(via.port, 5061);
	assert_view(via.branch, "z9hG4bKx");
	assert_true(sip_param_find(via.params, VIEW("received"), &value));
	assert_view(value, "2001:db8::2");
	assert_int_equal(sip_cursor_peek(&c), ',');
	sip_cursor_skip(&c, 1);
	assert_int_equal(sip_via_next(&c, &via, &fault), PARSE_DONE);
	assert_view(via.host, "a.example");
	assert_int_equal(via.port, 0);
	assert_int_equal(via.branch.len, 0);
	assert_true(sip_cursor_end(&c));
}

static void bad_vias_are_refused_with_their_cause(void **state)
{
	static const struct {
		const char *text, *cause;
	} bad[] = {
		{"", "via_protocol"},
		{"SIP/2.0", "via_protocol"},
		{"SIP/2.0/", "via_protocol"},
		{"SIP/2.0/UDP", "via_protocol"},
		{"SIP/2.0/UDP ", "via_host"},
		{"SIP 2.0 UDP a.example", "via_protocol"},
		{"SIP/2.0/UDP a_b.example", "via_host"},
		{"SIP/2.0/UDP 2001:db8::1", "via_host"},
		{"SIP/2.0/UDP [2001:db8::1", "via_host"},
		{"SIP/2.0/UDP a.example:", "via_port"},
		{"SIP/2.0/UDP a.example:0", "via_port"},
		{"SIP/2.0/UDP a.example:65536", "via_port"},
		{"SIP/2.0/UDP a.example:5060x", "via_rest"},
		{"SIP/2.0/UDP a.example;", "via_param"},
		{"SIP/2.0/UDP a.example;;branch=x", "via_param"},
		{"SIP/2.0/UDP a.example;branch=", "via_param"},
		{"SIP/2.0/UDP a.example;branch", "via_branch"},
		{"SIP/2.0/UDP a.example;branch=\"x\"", "via_branch"},
		{"SIP/2.0/UDP a.example;branch=x;branch=y", "via_branch_twice"},
		{"SIP/2.0/UDP a.example b", "via_rest"},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct sip_cursor c = sip_cursor_make(view_of(bad[i].text));
		struct fault fault = {"none", 0};
		struct sip_via via;

		if (sip_via_next(&c, &via, &fault) != PARSE_BAD ||
			strcmp(fault.cause, bad[i].cause) != 0)
			fail_msg("'%s': %s at %u", bad[i].text, fault.cause, fault.offset_bytes);
	}
}

static void cseq_is_a_number_below_2_32_and_a_method(void **state)
{
	static const struct {
		const char *text;
		bool ok;
		uint32_t number;
		const char *method;
	} cases[] = {
		{"1 MESSAGE", true, 1, "MESSAGE"},
		{"0009\r\n  INVITE", true, 9, "INVITE"},
		{"4294967295 X", true, UINT32_MAX, "X"},
		{"4294967296 X", false, 0, NULL},
		{"-1 X", false, 0, NULL},
		{"+1 X", false, 0, NULL},
		{"1X", false, 0, NULL},
		{"1", false, 0, NULL},
		{"X", false, 0, NULL},
		{"", false, 0, NULL},
		{"1 X Y", false, 0, NULL},
		{"1 X,", false, 0, NULL},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct view method;
		uint32_t number = 0;

		if (sip_cseq_parse(view_of(cases[i].text), &number, &method) != cases[i].ok)
			fail_msg("'%s'", cases[i].text);
		if (!cases[i].ok)
			continue;
		assert_int_equal(number, cases[i].number);
		assert_view(method, cases[i].method);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_via_is_taken_apart),
		cmocka_unit_test(bad_vias_are_refused_with_their_cause),
		cmocka_unit_test(cseq_is_a_number_below_2_32_and_a_method),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
