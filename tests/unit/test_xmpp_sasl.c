/* SPDX-License-Identifier: BSD-3-Clause */
/* SASL EXTERNAL, base64 and JIDs as streams need them. */
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>

#include "control/xmpp/base64.h"
#include "control/xmpp/jid.h"
#include "control/xmpp/reader.h"
#include "control/xmpp/sasl.h"

static void base64_reads_what_it_writes(void **state)
{
	static const struct {
		const char *bytes, *text;
	} cases[] = {
		/* RFC 4648 section 10 */
		{"", ""},
		{"f", "Zg=="},
		{"fo", "Zm8="},
		{"foo", "Zm9v"},
		{"foob", "Zm9vYg=="},
		{"fooba", "Zm9vYmE="},
		{"foobar", "Zm9vYmFy"},
		{"\xfb\xff\xbe", "+/++"},
		{"b.example", "Yi5leGFtcGxl"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t out[64];
		uint32_t len;
		struct text t;

		text_init(&t, 64);
		text_puts(&t, "");
		base64_put(&t, view_of(cases[i].bytes));
		assert_string_equal(t.p, cases[i].text);
		text_free(&t);
		if (!base64_decode(view_of(cases[i].text), out, sizeof(out), &len) ||
			!view_equal(view_make(out, len), view_of(cases[i].bytes)))
			fail_msg("'%s'", cases[i].text);
	}
}

static void base64_is_strict(void **state)
{
	static const char *const bad[] = {"Z", "Zg", "Zg=", "Zg===", "====", "=",
		"Z===", "=Zg=", "Zg==Zg==", "Zm9v\n", " Zm9v", "Zm 9v", "Zm9-", "Zm9_",
		"Zh==", "Zm9=", "Zm9v=", "\xc3\xa4\xc3\xa4", "A=AA", "AA=A"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		uint8_t out[64];
		uint32_t len;

		if (base64_decode(view_of(bad[i]), out, sizeof(out), &len))
			fail_msg("'%s' was read", bad[i]);
	}
	assert_false(base64_decode(VIEW("A\0AA"), (uint8_t[8]){0}, 8, &(uint32_t){0}));
}

static void base64_stays_in_its_buffer(void **state)
{
	uint8_t out[4] = {0, 0, 0, 0xaa};
	uint32_t len;

	assert_true(base64_decode(VIEW("Zm9v"), out, 3, &len));
	assert_int_equal(out[3], 0xaa);
	assert_false(base64_decode(VIEW("Zm9vYg=="), out, 3, &len));
	assert_true(base64_decode(VIEW("Zm8="), out, 2, &len));
	assert_false(base64_decode(VIEW("Zm9v"), out, 2, &len));
}

/* The element in a stream, judged. */
static enum sasl_result judge(const char *xml, bool proven)
{
	struct reader *r = reader_new(&reader_limits_stranger);
	struct text in;
	struct view input;
	enum sasl_result result;

	text_init(&in, 65536);
	text_printf(&in,
		"<s:stream xmlns='jabber:server' xmlns:s='http://etherx.jabber.org/streams' "
		"version='1.0'>%s",
		xml);
	input = text_view(&in);
	assert_int_equal(reader_next(r, &input), READER_HEADER);
	assert_int_equal(reader_next(r, &input), READER_STANZA);
	result = sasl_judge(reader_stanza(r), "b.example", proven);
	reader_free(r);
	text_free(&in);
	return result;
}

#define SASL_NS        "xmlns='urn:ietf:params:xml:ns:xmpp-sasl'"
#define AUTH(text)     "<auth " SASL_NS " mechanism='EXTERNAL'>" text "</auth>"
#define RESPONSE(text) "<response " SASL_NS ">" text "</response>"

static void who_may_act_as_whom(void **state)
{
	static const struct {
		const char *xml;
		bool proven;
		enum sasl_result result;
	} cases[] = {
		{AUTH("Yi5leGFtcGxl"), true, SASL_SUCCESS},
		{AUTH("Yi5leGFtcGxl"), false, SASL_NOT_AUTHORIZED},
		{AUTH("="), true, SASL_SUCCESS},
		{AUTH("="), false, SASL_NOT_AUTHORIZED},
		{AUTH(""), true, SASL_CHALLENGE},
		{RESPONSE(""), true, SASL_SUCCESS},
		{RESPONSE("="), true, SASL_SUCCESS},
		{RESPONSE("Yi5leGFtcGxl"), true, SASL_SUCCESS},
		{RESPONSE("YS5leGFtcGxl"), true, SASL_INVALID_AUTHZID},
		/* B.EXAMPLE, b.example. */
		{AUTH("Qi5FWEFNUExF"), true, SASL_SUCCESS},
		{AUTH("Yi5leGFtcGxlLg=="), true, SASL_SUCCESS},
		/* a.example, x@b.example, b.example/x, sub.b.example, "b.example b.example" */
		{AUTH("YS5leGFtcGxl"), true, SASL_INVALID_AUTHZID},
		{AUTH("eEBiLmV4YW1wbGU="), true, SASL_INVALID_AUTHZID},
		{AUTH("Yi5leGFtcGxlL3g="), true, SASL_INVALID_AUTHZID},
		{AUTH("c3ViLmIuZXhhbXBsZQ=="), true, SASL_INVALID_AUTHZID},
		{AUTH("Yi5leGFtcGxlIGIuZXhhbXBsZQ=="), true, SASL_INVALID_AUTHZID},
		/* "b.example\0", "\0", "\xff" */
		{AUTH("Yi5leGFtcGxlAA=="), true, SASL_INVALID_AUTHZID},
		{AUTH("AA=="), true, SASL_INVALID_AUTHZID},
		{AUTH("/w=="), true, SASL_INVALID_AUTHZID},
		{AUTH("b.example"), true, SASL_INCORRECT_ENCODING},
		{AUTH(" Yi5leGFtcGxl"), true, SASL_INCORRECT_ENCODING},
		{AUTH("Yi5leGFtcGxl\n"), true, SASL_INCORRECT_ENCODING},
		{AUTH("=="), true, SASL_INCORRECT_ENCODING},
		{AUTH("Yi5leGFtcGxl<x/>"), true, SASL_MALFORMED_REQUEST},
		{"<auth " SASL_NS ">Yi5leGFtcGxl</auth>", true, SASL_INVALID_MECHANISM},
		{"<auth " SASL_NS " mechanism='PLAIN'>Yi5leGFtcGxl</auth>", true,
			SASL_INVALID_MECHANISM},
		{"<auth " SASL_NS " mechanism='external'>Yi5leGFtcGxl</auth>", true,
			SASL_INVALID_MECHANISM},
		{"<auth " SASL_NS " mechanism=''/>", true, SASL_INVALID_MECHANISM},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum sasl_result result = judge(cases[i].xml, cases[i].proven);

		if (result != cases[i].result)
			fail_msg("%s: %d, not %d", cases[i].xml, result, cases[i].result);
	}
}

static void a_very_long_identity_is_refused(void **state)
{
	struct text xml;

	text_init(&xml, 65536);
	text_puts(&xml, "<auth " SASL_NS " mechanism='EXTERNAL'>");
	for (int i = 0; i < 3000; i++)
		text_puts(&xml, "YWFh");
	text_puts(&xml, "</auth>");
	assert_int_equal(judge(xml.p, true), SASL_INCORRECT_ENCODING);
	text_free(&xml);
}

static void every_failure_has_its_name(void **state)
{
	for (int i = SASL_ABORTED; i <= SASL_TEMPORARY_AUTH_FAILURE; i++) {
		struct element failure = {.ns = NS_SASL, .name = VIEW("failure")};
		struct element child = {.ns = NS_SASL};
		struct text out;

		child.name = view_of(sasl_failure_name((enum sasl_result)i));
		failure.first_child = &child;
		assert_int_equal(sasl_failure_from(&failure), i);
		text_init(&out, 256);
		sasl_put_failure(&out, (enum sasl_result)i);
		assert_non_null(strstr(out.p, sasl_failure_name((enum sasl_result)i)));
		text_free(&out);
		child.name = VIEW("something-new");
		assert_int_equal(sasl_failure_from(&failure), SASL_NOT_AUTHORIZED);
	}
	assert_string_equal(sasl_failure_name(SASL_SUCCESS), "");
	assert_string_equal(sasl_failure_name(SASL_NOT_AUTHORIZED), "not-authorized");
}

static void a_jid_is_split_before_anything_else(void **state)
{
	static const struct {
		const char *text, *local, *domain, *resource, *cause;
	} cases[] = {
		{"a.example", "", "a.example", "", NULL},
		{"A.Example.", "", "a.example", "", NULL},
		{"x@a.example", "x", "a.example", "", NULL},
		{"x@a.example/y", "x", "a.example", "y", NULL},
		{"a.example/x@b.example", "", "a.example", "x@b.example", NULL},
		{"a.example/x/y", "", "a.example", "x/y", NULL},
		{"x\\20y@a.example/ z", "x\\20y", "a.example", " z", NULL},
		{"b\xc3\xbc"
		 "cher.example",
			"", "xn--bcher-kva.example", "", NULL},
		{"f\xc3\xb6o@a.example", "f\xc3\xb6o", "a.example", "", NULL},
		{"", "", "", "", "jid_empty"},
		{"@a.example", "", "", "", "jid_local"},
		{"x@", "", "", "", "jid_domain"},
		{"/x", "", "", "", "jid_domain"},
		{"a.example/", "", "", "", "jid_resource"},
		{"x@a.example/", "", "", "", "jid_resource"},
		{"x@y@a.example", "", "", "", "jid_domain"},
		{"\"x\"@a.example", "", "", "", "jid_local"},
		{"x y@a.example", "", "", "", "jid_local"},
		{"x\ty@a.example", "", "", "", "jid_local"},
		{"<x@a.example", "", "", "", "jid_local"},
		{"a.example/x\ny", "", "", "", "jid_resource"},
		{"a..example", "", "", "", "jid_domain"},
		{"a_b.example", "", "", "", "jid_domain"},
		{"x@a.example\xff", "", "", "", "jid_not_text"},
		{"x\x01@a.example", "", "", "", "jid_not_text"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct jid jid;
		const char *cause = NULL;
		bool good = jid_parse(view_of(cases[i].text), &jid, &cause);

		if (good != !cases[i].cause || (!good && strcmp(cause, cases[i].cause) != 0))
			fail_msg("'%s': %s", cases[i].text, cause ? cause : "taken");
		if (good && (!view_equal(jid.local, view_of(cases[i].local)) ||
				    !view_equal(jid.resource, view_of(cases[i].resource)) ||
				    strcmp(jid.domain, cases[i].domain) != 0))
			fail_msg("'%s': domain %s", cases[i].text, jid.domain);
	}
}

static void parts_of_a_jid_have_a_length(void **state)
{
	for (uint32_t bytes = 1023; bytes <= 1024; bytes++) {
		struct text t;
		struct jid jid;
		const char *cause;

		text_init(&t, 8192);
		for (uint32_t i = 0; i < bytes; i++)
			text_putc(&t, 'x');
		text_puts(&t, "@a.example");
		assert_int_equal(jid_parse(text_view(&t), &jid, &cause), bytes == 1023);
		text_reset(&t);
		text_puts(&t, "a.example/");
		for (uint32_t i = 0; i < bytes; i++)
			text_putc(&t, 'x');
		assert_int_equal(jid_parse(text_view(&t), &jid, &cause), bytes == 1023);
		text_free(&t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(base64_reads_what_it_writes),
		cmocka_unit_test(base64_is_strict),
		cmocka_unit_test(base64_stays_in_its_buffer),
		cmocka_unit_test(who_may_act_as_whom),
		cmocka_unit_test(a_very_long_identity_is_refused),
		cmocka_unit_test(every_failure_has_its_name),
		cmocka_unit_test(a_jid_is_split_before_anything_else),
		cmocka_unit_test(parts_of_a_jid_have_a_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
