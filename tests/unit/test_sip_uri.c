/* SPDX-License-Identifier: BSD-3-Clause */
/* SIP URIs: every element, and every way to get one wrong. */
#include "tests/unit/test.h"

#include <stdio.h>

#include "control/sip/uri.h"

#define assert_view(v, text) assert_true(view_equal(v, view_of(text)))

static void a_uri_with_everything_is_taken_apart(void **state)
{
	struct view text = VIEW(
		"sip:alice;day=tue:sec%72et@[2001:db8::10]:5070;transport=tls;lr?subject=x&to=y");
	struct sip_uri uri;
	struct fault fault;
	struct view value;

	assert_int_equal(sip_uri_parse(text, &uri, &fault), PARSE_DONE);
	assert_int_equal(uri.scheme, SIP_SCHEME_SIP);
	assert_true(uri.has_user && uri.has_password);
	assert_view(uri.user, "alice;day=tue");
	assert_view(uri.password, "sec%72et");
	assert_view(uri.host, "[2001:db8::10]");
	assert_int_equal(uri.port, 5070);
	assert_view(uri.params, "transport=tls;lr");
	assert_view(uri.headers, "subject=x&to=y");
	assert_true(sip_uri_param(&uri, VIEW("TRANSPORT"), &value));
	assert_view(value, "tls");
	assert_true(sip_uri_param(&uri, VIEW("lr"), &value));
	assert_int_equal(value.len, 0);
	assert_false(sip_uri_param(&uri, VIEW("gr"), &value));
}

static void good_uris_are_taken(void **state)
{
	static const char *const good[] = {
		"sip:example.com",
		"SIPS:a@example.com.",
		"sip:a@192.0.2.1",
		"sip:a@b-c.d1.example:65535",
		"sip:+1-212-555-1212:1234@gateway.com;user=phone",
		"sip:f%C3%BC@sip.example",
		"sip:%00@host",
		"sip:a@example.com;gr=urn:uuid:f81d4fae",
		"tel:+15551234",
		"soap.beep://192.0.2.103:3002",
	};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct sip_uri uri;
		struct fault fault;

		if (sip_uri_parse(view_of(good[i]), &uri, &fault) != PARSE_DONE)
			fail_msg("'%s': %s at %u", good[i], fault.cause, fault.offset_bytes);
	}
}

static void bad_uris_are_refused_with_cause_and_place(void **state)
{
	static const struct {
		const char *text;
		const char *cause;
		uint32_t offset;
	} bad[] = {
		{"", "uri_scheme", 0},
		{"sip", "uri_scheme", 0},
		{":a@b", "uri_scheme", 0},
		{"1sip:a@b", "uri_scheme", 0},
		{"<sip:a@b>", "uri_scheme", 0},
		{" sip:a@b", "uri_scheme", 0},
		{"sip:", "uri_host", 4},
		{"sip:@b.example", "uri_user_empty", 4},
		{"sip::x@b.example", "uri_user_empty", 4},
		{"sip:a b@c.example", "uri_user", 4},
		{"sip:a%4@c.example", "uri_user", 4},
		{"sip:a%zz@c.example", "uri_user", 4},
		{"sip:a%", "uri_host", 4},
		{"sip:\xc3\xbc@c.example", "uri_user", 4},
		{"sip:a\"@c.example", "uri_user", 4},
		{"sip:a:p/w@c.example", "uri_password", 4},
		{"sip:a@b@c.example", "uri_host", 6},
		{"sip:a@", "uri_host", 6},
		{"sip:a@-b.example", "uri_host", 6},
		{"sip:a@b-.example", "uri_host", 6},
		{"sip:a@b..example", "uri_host", 6},
		{"sip:a@.example", "uri_host", 6},
		{"sip:a@b_c.example", "uri_host", 6},
		{"sip:a@256.0.0.1", "uri_host", 6},
		{"sip:a@1.2.3", "uri_host", 6},
		{"sip:a@[::1", "uri_host", 6},
		{"sip:a@[1.2.3.4]", "uri_host", 6},
		{"sip:a@[]", "uri_host", 6},
		{"sip:a@b.example:", "uri_port", 6},
		{"sip:a@b.example:0", "uri_port", 6},
		{"sip:a@b.example:65536", "uri_port", 6},
		{"sip:a@b.example:-1", "uri_port", 6},
		{"sip:a@b.example;", "uri_param", 16},
		{"sip:a@b.example;;lr", "uri_param", 16},
		{"sip:a@b.example;x=", "uri_param", 16},
		{"sip:a@b.example;=x", "uri_param", 16},
		{"sip:a@b.example; lr", "uri_param", 16},
		{"sip:a@b.example;lr;LR", "uri_param_twice", 19},
		{"sip:a@b.example?", "uri_headers", 16},
		{"sip:a@b.example?a", "uri_headers", 16},
		{"sip:a@b.example?a=b&", "uri_headers", 20},
		{"tel:", "uri_opaque", 4},
		{"http://a b", "uri_opaque", 5},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct sip_uri uri;
		struct fault fault = {"none", 0};
		enum parse got = sip_uri_parse(view_of(bad[i].text), &uri, &fault);

		if (got != PARSE_BAD || strcmp(fault.cause, bad[i].cause) != 0 ||
			fault.offset_bytes != bad[i].offset)
			fail_msg("'%s': %d %s at %u", bad[i].text, got, fault.cause,
				fault.offset_bytes);
	}
}

static void names_and_labels_have_their_length(void **state)
{
	char label[80], text[600];
	struct sip_uri uri;
	struct fault fault;

	memset(label, 'a', sizeof(label));
	for (int len = 63; len <= 64; len++) {
		snprintf(text, sizeof(text), "sip:x@%.*s.example", len, label);
		assert_int_equal(sip_uri_parse(view_of(text), &uri, &fault),
			len == 63 ? PARSE_DONE : PARSE_BAD);
	}
	snprintf(text, sizeof(text), "sip:x@%.60s.%.60s.%.60s.%.60s.%.10s", label, label, label,
		label, label);
	assert_int_equal(sip_uri_parse(view_of(text), &uri, &fault), PARSE_DONE);
	snprintf(text, sizeof(text), "sip:x@%.60s.%.60s.%.60s.%.60s.%.12s", label, label, label,
		label, label);
	assert_int_equal(sip_uri_parse(view_of(text), &uri, &fault), PARSE_BAD);
}

static void the_number_of_parameters_is_bounded(void **state)
{
	char text[1024] = "sip:a@b.example";
	struct sip_uri uri;
	struct fault fault;

	for (int i = 0; i < 64; i++)
		sprintf(text + strlen(text), ";p%d", i);
	assert_int_equal(sip_uri_parse(view_of(text), &uri, &fault), PARSE_DONE);
	strcat(text, ";q");
	assert_int_equal(sip_uri_parse(view_of(text), &uri, &fault), PARSE_BAD);
	assert_string_equal(fault.cause, "uri_params_too_many");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_uri_with_everything_is_taken_apart),
		cmocka_unit_test(good_uris_are_taken),
		cmocka_unit_test(bad_uris_are_refused_with_cause_and_place),
		cmocka_unit_test(names_and_labels_have_their_length),
		cmocka_unit_test(the_number_of_parameters_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
