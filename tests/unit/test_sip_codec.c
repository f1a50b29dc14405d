/* SPDX-License-Identifier: BSD-3-Clause */
/* SIP messages, read by the parser, to parcels. */
#include "tests/unit/test.h"

#include <errno.h>

#include "control/parcel/sip_codec.h"
#include "control/parcel/xmpp_codec.h"
#include "tests/unit/parcel_check.h"
#include "tests/unit/stanza.h"

enum { MESSAGE_MAX_BYTES = 16 * 1024 };

/* Parts of a request; NULL takes what is usual. */
struct request {
	const char *uri, *from, *to;
	const char *type;  /* "" leaves the header out */
	const char *extra; /* header lines */
	struct view body;
};

static char request_bytes[MESSAGE_MAX_BYTES];
static struct sip_message message;
static char scratch_bytes[MESSAGE_MAX_BYTES];
static struct text scratch;
static struct parcel parcel;
static struct sip_refusal refusal;

static int run(const struct request *r)
{
	struct text t;
	struct sip_fault fault;
	uint32_t consumed;

	text_fixed(&t, request_bytes, sizeof(request_bytes));
	text_printf(&t,
		"MESSAGE %s SIP/2.0\r\nVia: SIP/2.0/TLS in.example;branch=z9hG4bKabc\r\n"
		"Max-Forwards: 70\r\nFrom: %s;tag=1\r\nTo: %s\r\nCall-ID: c1@in.example\r\n"
		"CSeq: 1 MESSAGE\r\n",
		r->uri ? r->uri : "sip:juliet@xmpp.example",
		r->from ? r->from : "<sip:romeo@sip.example>",
		r->to ? r->to : "<sip:somebody-else@other.example>");
	if (!r->type)
		text_puts(&t, "Content-Type: text/plain\r\n");
	else if (*r->type)
		text_printf(&t, "Content-Type: %s\r\n", r->type);
	if (r->extra)
		text_puts(&t, r->extra);
	text_printf(&t, "Content-Length: %u\r\n\r\n", r->body.len);
	text_put(&t, r->body);
	assert_false(t.failed);
	if (sip_message_parse(text_view(&t), &message, &consumed, &fault) != PARSE_DONE)
		fail_msg("the parser refused it: %s\n%s", fault.fault.cause, request_bytes);
	text_fixed(&scratch, scratch_bytes, sizeof(scratch_bytes));
	return parcel_from_sip(&message, &parcel, &scratch, &refusal);
}

static void set_header(enum sip_header_name name, struct view value)
{
	for (uint32_t i = 0; i < message.header_count; i++)
		if (message.headers[i].name == name)
			message.headers[i].value = value;
}

static void a_message_becomes_a_parcel(void **state)
{
	const struct request r = {
		.uri = "sip:juliet@xmpp.example;gr=balcony",
		.from = "\"Romeo \\\"M\\\"\" <sip:Romeo@SIP.example;gr=orchard>",
		.type = "text/plain;charset=UTF-8",
		.extra = "Subject: Gr\xc3\xbc\xc3\x9f"
			 "e\r\n  an   dich\r\nContent-Language: de, en\r\n",
		.body = VIEW("Hallo <&>\"'\r\nzwei"),
	};

	assert_int_equal(run(&r), 0);
	assert_int_equal(parcel.kind, PARCEL_MESSAGE);
	assert_jid(&parcel.from, "romeo@sip.example/orchard");
	assert_jid(&parcel.to, "juliet@xmpp.example/balcony");
	assert_view(parcel.body, "Hallo <&>\"'\nzwei");
	assert_view(parcel.subject, "Gr\xc3\xbc\xc3\x9f"
				    "e an dich");
	assert_view(parcel.thread, "c1@in.example");
	assert_view(parcel.lang, "de");
	assert_view(parcel.id, "z9hG4bKabc");
	assert_false(parcel.is_chat);
}

static void the_recipient_is_the_request_uri(void **state)
{
	const struct request r = {
		.to = "<sip:mallory@evil.example>", .type = "text/plain", .body = VIEW("x")};

	assert_int_equal(run(&r), 0);
	assert_jid(&parcel.to, "juliet@xmpp.example");
}

static void bodies_are_decoded_by_their_charset(void **state)
{
	static const struct {
		const char *type;
		struct view body;
		const char *text; /* NULL: refused */
		uint16_t code;
	} cases[] = {
		{"text/plain", VIEW("\xc3\xbc"), "\xc3\xbc", 0},
		{"text/plain;charset=iso-8859-1", VIEW("\xfc"), "\xc3\xbc", 0},
		{"text/plain;charset=us-ascii", VIEW("u"), "u", 0},
		{"text/plain;charset=\"utf-8\"", VIEW("a\0\x01z"), "az", 0},
		{"text/plain;charset=us-ascii", VIEW("\xfc"), NULL, 400},
		{"text/plain", VIEW("\xfc"), NULL, 400},
		{"text/plain", VIEW("\xed\xa0\x80"), NULL, 400},
		{"Text / PLAIN ; format=flowed;\r\n Charset = ISO-8859-1", VIEW("\xfc"), "\xc3\xbc",
			0},
		{"text/plain;charset=utf-16", VIEW("a"), NULL, 415},
		{"text/plain;charset=\"\"", VIEW("a"), NULL, 415},
		{"text/html", VIEW("<b>a</b>"), NULL, 415},
		{"message/cpim", VIEW("a"), NULL, 415},
		{"application/im-iscomposing+xml", VIEW("<x/>"), NULL, 415},
		{"text/plain;;", VIEW("a"), NULL, 400},
		{"", VIEW("a"), NULL, 400},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct request r = {.type = cases[i].type, .body = cases[i].body};
		int got = run(&r);

		if (cases[i].text ? got != 0 || !view_equal(parcel.body, view_of(cases[i].text))
				  : got != -EINVAL || refusal.code != cases[i].code)
			fail_msg("%s: %d, %u %s", cases[i].type, got, refusal.code, refusal.cause);
		if (got && refusal.code == 415)
			assert_string_equal(refusal.extra, "Accept: text/plain\r\n");
		else if (got)
			assert_string_equal(refusal.extra, "");
	}
}

static void an_encoded_body_is_refused_with_what_is_accepted(void **state)
{
	const struct request gzip = {.extra = "Content-Encoding: gzip\r\n", .body = VIEW("x")};
	const struct request identity = {
		.extra = "Content-Encoding: identity\r\n", .body = VIEW("x")};

	assert_int_equal(run(&gzip), -EINVAL);
	assert_int_equal(refusal.code, 415);
	assert_string_equal(refusal.cause, "content_encoding");
	assert_string_equal(refusal.extra, "Accept-Encoding: identity\r\n");
	assert_int_equal(run(&identity), 0);
}

static void nothing_to_say_is_nothing_to_deliver(void **state)
{
	static const struct view bodies[] = {VIEW(""), VIEW("\0\x01"), VIEW("\xef\xbf\xbf")};

	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		const struct request r = {.body = bodies[i]};

		assert_int_equal(run(&r), -ENOMSG);
	}
}

static void addresses_are_refused_with_the_right_code(void **state)
{
	static const struct {
		const char *uri, *from;
		uint16_t code;
		const char *cause;
	} cases[] = {
		{"sips:a@xmpp.example", NULL, 416, "uri_scheme"},
		{"tel:+1234", NULL, 416, "uri_scheme"},
		{"sip:xmpp.example", NULL, 404, "to_without_user"},
		{"sip:a%E2%99%9A@xmpp.example", NULL, 404, "local_disallowed"},
		{"sip:%20a@xmpp.example", NULL, 404, "user_space"},
		{"sip:a@192.0.2.7", NULL, 404, "domain_is_address"},
		{"sip:a@xmpp.example:5070", NULL, 404, "uri_port"},
		{"sip:a:pw@xmpp.example", NULL, 400, "uri_password"},
		{"sip:a%00@xmpp.example", NULL, 400, "control_character"},
		{"sip:a%0D%0AX%3A%20y@xmpp.example", NULL, 400, "control_character"},
		{"sip:a%FF@xmpp.example", NULL, 400, "not_utf8"},
		{NULL, "<sip:a%00@sip.example>", 400, "control_character"},
		{NULL, "<sip:a%E2%99%9A@sip.example>", 400, "local_disallowed"},
		{NULL, "<tel:+1234>", 400, "uri_scheme"},
		{NULL, "<sip:a@192.0.2.7>", 400, "domain_is_address"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct request r = {
			.uri = cases[i].uri, .from = cases[i].from, .body = VIEW("x")};
		int got = run(&r);

		if (got != -EINVAL || refusal.code != cases[i].code ||
			strcmp(refusal.cause, cases[i].cause) != 0)
			fail_msg("%s %s: %d, %u %s", cases[i].uri ? cases[i].uri : "",
				cases[i].from ? cases[i].from : "", got, refusal.code,
				refusal.cause ? refusal.cause : "");
	}
}

static void a_body_beyond_the_room_for_it_is_too_large(void **state)
{
	const struct request r = {.body = VIEW("more than eight")};
	char small[8];

	assert_int_equal(run(&r), 0);
	text_fixed(&scratch, small, sizeof(small));
	assert_int_equal(parcel_from_sip(&message, &parcel, &scratch, &refusal), -EINVAL);
	assert_int_equal(refusal.code, 513);
	assert_string_equal(refusal.cause, "body_too_long");
	/* and the scratch is good for the next one */
	message.body = VIEW("short");
	assert_int_equal(parcel_from_sip(&message, &parcel, &scratch, &refusal), 0);
	assert_view(parcel.body, "short");
}

static void a_growing_scratch_leaves_no_view_behind(void **state)
{
	const struct request r = {.extra = "Subject: s\r\n", .body = VIEW("x")};
	static uint8_t body[4096];

	assert_int_equal(run(&r), 0);
	memset(body, 0xfc, sizeof(body));
	message.body = view_make(body, sizeof(body));
	set_header(SIP_HEADER_CONTENT_TYPE, VIEW("text/plain;charset=iso-8859-1"));
	text_init(&scratch, MESSAGE_MAX_BYTES);
	assert_int_equal(parcel_from_sip(&message, &parcel, &scratch, &refusal), 0);
	assert_int_equal(parcel.body.len, 2 * sizeof(body));
	assert_ptr_equal(parcel.body.p, scratch.p);
	assert_view(parcel.subject, "s");
	text_free(&scratch);
}

/* The parser is strict already; what it let through is cleaned here again. */
static void odd_headers_do_no_harm(void **state)
{
	const struct request r = {
		.extra = "Subject: s\r\nContent-Language: en\r\nExpires: 0\r\n",
		.body = VIEW("x"),
	};

	assert_int_equal(run(&r), 0);
	set_header(SIP_HEADER_SUBJECT, VIEW(" \x01 a \x7f\xc2\x85\r\n\0 b "));
	set_header(SIP_HEADER_CONTENT_LANGUAGE, VIEW("en'><x/>"));
	assert_int_equal(parcel_from_sip(&message, &parcel, &scratch, &refusal), 0);
	assert_view(parcel.subject, "a b");
	assert_view(parcel.lang, "");
	set_header(SIP_HEADER_SUBJECT, VIEW("a\xff"));
	assert_int_equal(parcel_from_sip(&message, &parcel, &scratch, &refusal), -EINVAL);
	assert_int_equal(refusal.code, 400);
	assert_string_equal(refusal.cause, "subject_not_utf8");
}

/* Whatever stands in any field of a request, the stanza made from it is one message. */
static void no_field_of_a_request_can_break_out_of_the_stanza(void **state)
{
	static const struct request requests[] = {
		{.body = VIEW("</body></message><message to='v@x'><body>\r\n\0]]>&lt;")},
		{.extra = "Subject: </subject></message><message/>'\"&\r\n", .body = VIEW("b")},
		{.extra = "Content-Language: '/><evil xmlns='x'/>\r\n", .body = VIEW("b")},
		{.from = "<sip:a%27%2F%3E%3Cx%2F%3E@sip.example;gr=%27%2F%3E%3Cx>",
			.body = VIEW("b")},
		{.uri = "sip:a%27%2F%3E%3Cx%2F%3E@xmpp.example;gr=%27%2F%3E%3Cx",
			.body = VIEW("b")},
	};

	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		char buffer[MESSAGE_MAX_BYTES];
		struct parcel again;
		struct stanza_error refuse;
		struct reader *reader;
		const struct element *back;
		struct text out;

		if (run(&requests[i]) != 0)
			fail_msg("request %zu: %u %s", i, refusal.code, refusal.cause);
		text_fixed(&out, buffer, sizeof(buffer));
		parcel_put_stanza(&parcel, VIEW("1"), &out);
		assert_false(out.failed);
		back = stanza_read(text_view(&out), NULL, &reader);
		if (!back)
			fail_msg("request %zu: %s", i, buffer);
		assert_int_equal(parcel_from_stanza(back, &again, &refuse), 0);
		assert_true(address_equal(&again.from, &parcel.from));
		assert_true(address_equal(&again.to, &parcel.to));
		assert_true(view_equal(again.body, parcel.body));
		assert_true(view_equal(again.subject, parcel.subject));
		assert_true(view_equal(again.thread, parcel.thread));
		assert_true(view_equal(again.lang, parcel.lang));
		reader_free(reader);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_becomes_a_parcel),
		cmocka_unit_test(the_recipient_is_the_request_uri),
		cmocka_unit_test(bodies_are_decoded_by_their_charset),
		cmocka_unit_test(an_encoded_body_is_refused_with_what_is_accepted),
		cmocka_unit_test(nothing_to_say_is_nothing_to_deliver),
		cmocka_unit_test(addresses_are_refused_with_the_right_code),
		cmocka_unit_test(a_body_beyond_the_room_for_it_is_too_large),
		cmocka_unit_test(a_growing_scratch_leaves_no_view_behind),
		cmocka_unit_test(odd_headers_do_no_harm),
		cmocka_unit_test(no_field_of_a_request_can_break_out_of_the_stanza),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
