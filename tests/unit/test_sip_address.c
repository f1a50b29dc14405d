/* SPDX-License-Identifier: BSD-3-Clause */
/* name-addr and addr-spec. */
#include "tests/unit/test.h"

#include "control/sip/address.h"
#include "control/sip/param.h"

#define assert_view(v, text) assert_true(view_equal(v, view_of(text)))

static void good_addresses_are_taken_apart(void **state)
{
	static const struct {
		const char *text, *display, *uri, *tag, *params;
	} good[] = {
		{"sip:a@b.example", "", "sip:a@b.example", "", ""},
		{"sip:a@b.example;tag=x", "", "sip:a@b.example", "x", ";tag=x"},
		{"<sip:a@b.example;lr>;tag=x;y", "", "sip:a@b.example;lr", "x", ";tag=x;y"},
		{"\"A \\\" B\" <sip:a@b.example>", "\"A \\\" B\"", "sip:a@b.example", "", ""},
		{"A  B<sip:a@b.example>", "A  B", "sip:a@b.example", "", ""},
		{"\"\xc3\xbc\" <sip:a@b.example>", "\"\xc3\xbc\"", "sip:a@b.example", "", ""},
		{"<sip:a@b.example> ;\r\n\ttag = \r\n x", "", "sip:a@b.example", "x",
			";\r\n\ttag = \r\n x"},
		{"<sip:a@b.example>;x=\"a;b\\\"\";tag=t", "", "sip:a@b.example", "t",
			";x=\"a;b\\\"\";tag=t"},
		{"<tel:+1;phone-context=x>", "", "tel:+1;phone-context=x", "", ""},
		{"\"\\\x01\\\x7f\" <sip:a@b.example>", "\"\\\x01\\\x7f\"", "sip:a@b.example", "",
			""},
	};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct sip_address a;
		struct fault fault;

		if (sip_address_parse(view_of(good[i].text), &a, &fault) != PARSE_DONE)
			fail_msg("'%s': %s at %u", good[i].text, fault.cause, fault.offset_bytes);
		assert_view(a.display, good[i].display);
		assert_view(a.uri_text, good[i].uri);
		assert_view(a.tag, good[i].tag);
		assert_view(a.params, good[i].params);
	}
}

static void bad_addresses_are_refused_with_their_cause(void **state)
{
	static const struct {
		const char *text, *cause;
	} bad[] = {
		{"", "uri_scheme"},
		{"a@b.example", "uri_scheme"},
		{"<sip:a@b.example", "address_bracket"},
		{"< sip:a@b.example>", "uri_scheme"},
		{"<sip:a@b.example >", "uri_host"},
		{"\"A <sip:a@b.example>", "display_name"},
		{"\"A\" sip:a@b.example", "display_name"},
		{"\"A\r\nB\" <sip:a@b.example>", "display_name"},
		{"\"A\r\n B\" <sip:a@b.example>", "display_name"},
		{"\"A\rB\" <sip:a@b.example>", "display_name"},
		{"\"A\nB\" <sip:a@b.example>", "display_name"},
		{"\"A\\\nB\" <sip:a@b.example>", "display_name"},
		{"\"A\\\rB\" <sip:a@b.example>", "display_name"},
		{"\"A\x01\" <sip:a@b.example>", "display_name"},
		{"\"A\x7f\" <sip:a@b.example>", "display_name"},
		{"\"A\xff\" <sip:a@b.example>", "display_name"},
		{"\"A\\", "display_name"},
		{"A, B <sip:a@b.example>", "uri_scheme"},
		{"\xc3\xbc <sip:a@b.example>", "uri_scheme"},
		{"sip:a@b.example?x=y", "address_needs_brackets"},
		{"sip:a@b.example;", "address_param"},
		{"<sip:a@b.example>;;", "address_param"},
		{"<sip:a@b.example>;tag", "address_tag"},
		{"<sip:a@b.example>;tag=\"x\"", "address_tag"},
		{"<sip:a@b.example>;tag=x;TAG=y", "address_tag_twice"},
		{"<sip:a@b.example>;x=\"y", "address_param"},
		{"<sip:a@b.example> x", "address_rest"},
		{"<sip:a@b.example>, <sip:c@d.example>", "address_list"},
		{"<sip:a@b.example><sip:c@d.example>", "address_rest"},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct fault fault = {"none", 0};
		struct sip_address a;

		if (sip_address_parse(view_of(bad[i].text), &a, &fault) != PARSE_BAD ||
			strcmp(fault.cause, bad[i].cause) != 0)
			fail_msg("'%s': %s at %u", bad[i].text, fault.cause, fault.offset_bytes);
	}
}

static void a_list_is_taken_one_by_one(void **state)
{
	struct view text = VIEW("\"a,b\" <sip:a@x.example,c=d>;q=1 , sip:b@x.example");
	struct sip_cursor c =
		sip_cursor_make(VIEW("\"a,b\" <sip:a@x.example>;q=1 , sip:b@x.example"));
	struct sip_address a;
	struct fault fault;
	struct view q;

	assert_int_equal(sip_address_next(&c, &a, &fault), PARSE_DONE);
	assert_view(a.display, "\"a,b\"");
	assert_true(sip_param_find(a.params, VIEW("Q"), &q));
	assert_view(q, "1");
	assert_int_equal(sip_cursor_peek(&c), ',');
	sip_cursor_skip(&c, 1);
	assert_int_equal(sip_address_next(&c, &a, &fault), PARSE_DONE);
	assert_view(a.uri.user, "b");
	assert_true(sip_cursor_end(&c));

	c = sip_cursor_make(text);
	assert_int_equal(sip_address_next(&c, &a, &fault), PARSE_BAD);
	assert_string_equal(fault.cause, "uri_host");
	assert_int_equal(fault.offset_bytes, 13);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_addresses_are_taken_apart),
		cmocka_unit_test(bad_addresses_are_refused_with_their_cause),
		cmocka_unit_test(a_list_is_taken_one_by_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
