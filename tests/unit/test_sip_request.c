/* SPDX-License-Identifier: BSD-3-Clause */
/* Parcels to the parts of a SIP request; what leaves is assembled and read by the parser again. */
#include "tests/unit/test.h"

#include <errno.h>

#include "control/parcel/sip_codec.h"
#include "tests/unit/parcel_check.h"

enum { MESSAGE_MAX_BYTES = 128 * 1024 };

static char scratch_bytes[MESSAGE_MAX_BYTES];
static struct text scratch;
static struct sip_request request;
static struct stanza_error refuse;

static struct view key(void)
{
	return VIEW("0123456789abcdef");
}

static struct parcel parcel_between(const char *from, const char *to)
{
	struct parcel p = {.kind = PARCEL_MESSAGE, .body = VIEW("b")};
	struct fault fault;

	assert_int_equal(address_from_jid(view_of(from), &p.from, &fault), PARSE_DONE);
	assert_int_equal(address_from_jid(view_of(to), &p.to, &fault), PARSE_DONE);
	return p;
}

static struct parcel usual_parcel(void)
{
	return parcel_between("juliet@xmpp.example/balcony", "romeo@sip.example");
}

static int run(const struct parcel *p, uint32_t max_bytes)
{
	text_fixed(&scratch, scratch_bytes, sizeof(scratch_bytes));
	return parcel_to_sip(p, key(), max_bytes, &scratch, &request, &refuse);
}

static void a_parcel_becomes_the_parts_of_a_request(void **state)
{
	struct parcel p = parcel_between("tsch\u00fcss@xmpp.example/r", "o\\27malley@sip.example");

	p.body = VIEW("Hallo <&>\"' \u00fc\nzwei");
	p.subject = VIEW("  Gr\u00fc\u00dfe\r\nan dich ");
	p.thread = VIEW("e0ffe42b28561960c6b12b944a092794b9683a38");
	p.lang = VIEW("de-AT");
	assert_int_equal(run(&p, SIP_REQUEST_MAX_BYTES), 0);
	assert_int_equal(request.method, SIP_MESSAGE);
	assert_view(request.uri, "sip:o'malley@sip.example");
	assert_view(request.to, "sip:o'malley@sip.example");
	assert_view(request.from, "sip:tsch%C3%BCss@xmpp.example");
	assert_view(request.call_id, "e0ffe42b28561960c6b12b944a092794b9683a38");
	assert_view(
		request.extra, "Subject: Gr\u00fc\u00dfe an dich\r\nContent-Language: de-AT\r\n");
	assert_view(request.content_type, "text/plain;charset=UTF-8");
	assert_view(request.body, "Hallo <&>\"' \u00fc\nzwei");
}

static void what_is_empty_makes_no_header(void **state)
{
	struct parcel p = usual_parcel();

	assert_int_equal(run(&p, SIP_REQUEST_MAX_BYTES), 0);
	assert_view(request.extra, "");
	assert_view(request.call_id, "");
	p.subject = VIEW(" \r\n\x01 ");
	p.lang = VIEW("en\r\nX-Evil: 1");
	assert_int_equal(run(&p, SIP_REQUEST_MAX_BYTES), 0);
	assert_view(request.extra, "");
}

static void a_resource_reaches_only_the_request_uri(void **state)
{
	struct parcel p = parcel_between("a@xmpp.example/r", "b@sip.example/x;y \u265a");

	assert_int_equal(run(&p, SIP_REQUEST_MAX_BYTES), 0);
	assert_view(request.uri, "sip:b@sip.example;gr=x%3By%20%E2%99%9A");
	assert_view(request.to, "sip:b@sip.example");
	assert_view(request.from, "sip:a@xmpp.example");
}

static void a_thread_is_the_call_id_when_it_is_a_safe_word(void **state)
{
	static const struct {
		const char *thread;
		bool as_is;
	} cases[] = {
		{"711609sa", true},
		{"e0ffe42b-2856-1960", true},
		{"abcdefgh@host.example", true},
		{"-._~+!%*", true},
		{"short", false},
		{"1", false},
		{"with space in it", false},
		{"abcdefgh@", false},
		{"@abcdefgh", false},
		{"abcd@efgh@ijkl", false},
		{"abcd\r\nVia: x", false},
		{"abcdefgh\"<>", false},
		{"abcdefgh\\", false},
		{"abcdefg\u00fc", false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct parcel p = usual_parcel();

		p.thread = view_of(cases[i].thread);
		assert_int_equal(run(&p, SIP_REQUEST_MAX_BYTES), 0);
		if (view_equal(request.call_id, p.thread) != cases[i].as_is ||
			(!cases[i].as_is && request.call_id.len != 32))
			fail_msg("'%s': '%.*s'", cases[i].thread, VIEW_ARG(request.call_id));
	}
}

static void another_thread_is_hashed_with_its_people_and_the_key(void **state)
{
	struct parcel p = usual_parcel();
	struct parcel other = parcel_between("nurse@xmpp.example", "romeo@sip.example");
	char first[33];
	static char thread[200];

	p.thread = other.thread = VIEW("chat 1");
	assert_int_equal(run(&p, SIP_REQUEST_MAX_BYTES), 0);
	assert_true(view_copy(request.call_id, first, sizeof(first)));
	for (size_t i = 0; i < 32; i++)
		assert_non_null(strchr("0123456789abcdef", first[i]));
	/* The same conversation from another device keeps it. */
	p.from.resource[0] = '\0';
	assert_int_equal(run(&p, SIP_REQUEST_MAX_BYTES), 0);
	assert_view(request.call_id, first);
	assert_int_equal(run(&other, SIP_REQUEST_MAX_BYTES), 0);
	assert_false(view_equal(request.call_id, view_of(first)));
	p.thread = VIEW("chat 2");
	assert_int_equal(run(&p, SIP_REQUEST_MAX_BYTES), 0);
	assert_false(view_equal(request.call_id, view_of(first)));
	p.thread = VIEW("chat 1");
	assert_int_equal(parcel_to_sip(&p, VIEW("another key 0123"), SIP_REQUEST_MAX_BYTES,
				 &scratch, &request, &refuse),
		0);
	assert_false(view_equal(request.call_id, view_of(first)));
	memset(thread, 'a', sizeof(thread));
	p.thread = view_make(thread, 128);
	assert_int_equal(run(&p, SIP_REQUEST_MAX_BYTES), 0);
	assert_int_equal(request.call_id.len, 128);
	p.thread = view_make(thread, 129);
	assert_int_equal(run(&p, SIP_REQUEST_MAX_BYTES), 0);
	assert_int_equal(request.call_id.len, 32);
}

static void a_request_over_the_limit_is_a_policy_violation(void **state)
{
	static uint8_t body[SIP_REQUEST_MAX_BYTES];
	struct parcel p = usual_parcel();
	uint32_t largest = 0;

	memset(body, 'a', sizeof(body));
	for (uint32_t len = 0; len <= SIP_REQUEST_PORTABLE_BYTES; len++) {
		p.body = view_make(body, len);
		if (run(&p, SIP_REQUEST_PORTABLE_BYTES) == 0)
			largest = len;
		else
			break;
	}
	assert_in_range(largest, 500, SIP_REQUEST_PORTABLE_BYTES - 400);
	p.body = view_make(body, largest + 1);
	assert_int_equal(run(&p, SIP_REQUEST_PORTABLE_BYTES), -EINVAL);
	assert_int_equal(refuse.condition, STANZA_POLICY_VIOLATION);
	assert_true(refuse.text.len > 0);
	assert_int_equal(run(&p, SIP_REQUEST_MAX_BYTES), 0);
	p.body = view_make(body, sizeof(body));
	assert_int_equal(run(&p, SIP_REQUEST_MAX_BYTES), -EINVAL);
	assert_int_equal(refuse.condition, STANZA_POLICY_VIOLATION);
}

static void what_has_no_sip_form_is_refused(void **state)
{
	struct parcel p = parcel_between("a\\5cb@xmpp.example", "b@sip.example");

	assert_int_equal(run(&p, SIP_REQUEST_MAX_BYTES), -EINVAL);
	assert_int_equal(refuse.condition, STANZA_JID_MALFORMED);
	p = usual_parcel();
	p.body = VIEW("a\xff");
	assert_int_equal(run(&p, SIP_REQUEST_MAX_BYTES), -EINVAL);
	assert_int_equal(refuse.condition, STANZA_BAD_REQUEST);
	p = usual_parcel();
	p.subject = VIEW("a\xff");
	assert_int_equal(run(&p, SIP_REQUEST_MAX_BYTES), -EINVAL);
	assert_int_equal(refuse.condition, STANZA_BAD_REQUEST);
	p = usual_parcel();
	text_fixed(&scratch, scratch_bytes, 20);
	assert_int_equal(
		parcel_to_sip(&p, key(), SIP_REQUEST_MAX_BYTES, &scratch, &request, &refuse),
		-EINVAL);
	assert_int_equal(refuse.condition, STANZA_RESOURCE_CONSTRAINT);
}

static void an_error_never_becomes_a_request(void **state)
{
	struct parcel p = usual_parcel();

	p.kind = PARCEL_ERROR;
	assert_int_equal(run(&p, SIP_REQUEST_MAX_BYTES), -ENOMSG);
}

/* As the endpoint would write it. */
static void assemble(struct text *out)
{
	text_puts(out, "MESSAGE ");
	text_put(out, request.uri);
	text_puts(out, " SIP/2.0\r\nVia: SIP/2.0/TLS edge.example;branch=z9hG4bK1\r\nFrom: <");
	text_put(out, request.from);
	text_puts(out, ">;tag=1\r\nTo: <");
	text_put(out, request.to);
	text_puts(out, ">\r\nCall-ID: ");
	text_put(out, request.call_id.len ? request.call_id : VIEW("fresh"));
	text_puts(out, "\r\nCSeq: 1 MESSAGE\r\n");
	text_put(out, request.extra);
	text_puts(out, "Content-Type: ");
	text_put(out, request.content_type);
	text_printf(out, "\r\nContent-Length: %u\r\n\r\n", request.body.len);
	text_put(out, request.body);
}

static void no_field_of_a_parcel_can_break_out_of_the_request(void **state)
{
	static const char *const evils[] = {
		"x\r\nX-Evil: 1\r\n\r\nMESSAGE sip:v@x SIP/2.0\r\n",
		"<>\"'&;,:@\\%0d%0a",
		"\x01\x7f\xc2\x85\xe2\x80\xa8",
		"\r\n \r\n\t",
	};
	static char whole[MESSAGE_MAX_BYTES];
	static struct sip_message message;

	for (size_t i = 0; i < 5 * sizeof(evils) / sizeof(evils[0]); i++) {
		struct parcel p = usual_parcel();
		struct view *fields[] = {&p.body, &p.subject, &p.thread, &p.lang, &p.id};
		struct sip_fault fault;
		uint32_t consumed = 0;
		struct address from, to;
		struct text out;

		*fields[i % 5] = view_of(evils[i / 5]);
		assert_int_equal(run(&p, SIP_REQUEST_MAX_BYTES), 0);
		text_fixed(&out, whole, sizeof(whole));
		assemble(&out);
		if (sip_message_parse(text_view(&out), &message, &consumed, &fault) != PARSE_DONE)
			fail_msg("case %zu: %s\n%s", i, fault.fault.cause, whole);
		assert_int_equal(consumed, out.len);
		assert_true(view_equal(message.body, p.body));
		for (uint32_t h = 0; h < message.header_count; h++)
			if (message.headers[h].name == SIP_HEADER_OTHER)
				fail_msg("case %zu: %s", i, whole);
		assert_int_equal(address_from_sip(&message.uri, &to, &fault.fault), PARSE_DONE);
		assert_int_equal(
			address_from_sip(&message.from.uri, &from, &fault.fault), PARSE_DONE);
		assert_true(address_equal_bare(&from, &p.from));
		assert_true(address_equal(&to, &p.to));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_parcel_becomes_the_parts_of_a_request),
		cmocka_unit_test(what_is_empty_makes_no_header),
		cmocka_unit_test(a_resource_reaches_only_the_request_uri),
		cmocka_unit_test(a_thread_is_the_call_id_when_it_is_a_safe_word),
		cmocka_unit_test(another_thread_is_hashed_with_its_people_and_the_key),
		cmocka_unit_test(a_request_over_the_limit_is_a_policy_violation),
		cmocka_unit_test(what_has_no_sip_form_is_refused),
		cmocka_unit_test(an_error_never_becomes_a_request),
		cmocka_unit_test(no_field_of_a_parcel_can_break_out_of_the_request),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
