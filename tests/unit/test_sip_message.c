/* SPDX-License-Identifier: BSD-3-Clause */
/* Framing and assembling: what is refused, how it is answered, whether the stream goes on. */
#include "tests/unit/test.h"

#include "control/sip/frame.h"
#include "rules/base/text.h"
#include "tests/unit/sip_data.h"

static struct sip_message message;

#define assert_view(v, text) assert_true(view_equal(v, view_of(text)))

static void a_message_is_taken_apart(void **state)
{
	struct view bytes = sip_test_bend("\r\n\r\n" SIP_TEST_MESSAGE "OPTIONS", "", "");
	struct sip_fault fault;
	uint32_t consumed;

	assert_int_equal(sip_message_parse(bytes, &message, &consumed, &fault), PARSE_DONE);
	assert_int_equal(consumed, 4 + strlen(SIP_TEST_MESSAGE));
	assert_view(message.bytes, SIP_TEST_MESSAGE);
	assert_true(message.is_request);
	assert_int_equal(message.method, SIP_MESSAGE);
	assert_view(message.uri.user, "juliet");
	assert_view(message.from.uri.host, "sip.example");
	assert_view(message.from.tag, "49583");
	assert_view(message.call_id, "asd88asd77a@192.0.2.7");
	assert_int_equal(message.cseq, 1);
	assert_int_equal(message.cseq_method, SIP_MESSAGE);
	assert_int_equal(message.max_forwards, 70);
	assert_view(message.body, "Hello");
	assert_int_equal(message.header_count, 8);
	free((void *)bytes.p);
}

/* from -> to in the test message, and what becomes of it. */
static const struct bend {
	const char *from, *to, *cause;
	uint16_t respond;
	bool close;
} bends[] = {
	/* singletons */
	{"Max-", "f: <sip:x@y.example>;tag=1\r\nMax-", "from_twice", 400, false},
	{"Max-", "To: <sip:x@y.example>\r\nMax-", "to_twice", 400, false},
	{"Max-", "i: x\r\nMax-", "call_id_twice", 400, false},
	{"Max-", "CSeq: 1 MESSAGE\r\nMax-", "cseq_twice", 400, false},
	{"Max-", "Max-Forwards: 70\r\nMax-", "max_forwards_twice", 400, false},
	{"Max-", "c: text/html\r\nMax-", "content_type_twice", 400, false},
	{"Max-", "o: x\r\nEvent: x\r\nMax-", "event_twice", 400, false},
	{"Max-", "Expires: 1\r\nExpires: 1\r\nMax-", "expires_twice", 400, false},
	{"Max-", "Subject: 1\r\ns: 1\r\nMax-", "subject_twice", 400, false},
	{"Max-", "Subscription-State: a\r\nSubscription-State: a\r\nMax-",
		"subscription_state_twice", 400, false},
	/* what must be there */
	{"Via: SIP/2.0/TLS 192.0.2.7:5061;branch=z9hG4bK776sgdkse\r\n", "", "via_missing", 400,
		false},
	{"From: \"Romeo\" <sip:romeo@sip.example>;tag=49583\r\n", "", "from_missing", 400, false},
	{"To: <sip:juliet@xmpp.example>\r\n", "", "to_missing", 400, false},
	{"Call-ID: asd88asd77a@192.0.2.7\r\n", "", "call_id_missing", 400, false},
	{"CSeq: 1 MESSAGE\r\n", "", "cseq_missing", 400, false},
	/* elements */
	{"\"Romeo\"", "\"Ro\r\n meo\"", "display_name", 400, false},
	{"Via: SIP", "Via: SIP/2.0", "via_protocol", 400, false},
	{"Call-ID: ", "Call-ID: a b", "call_id", 400, false},
	{"Call-ID: ", "Call-ID: @", "call_id", 400, false},
	{"CSeq: 1 ", "CSeq: 4294967296 ", "cseq", 400, false},
	{"CSeq: 1 MESSAGE", "CSeq: 1 message", "cseq_method", 400, false},
	{"Forwards: 70", "Forwards: 256", "max_forwards", 400, false},
	{"Forwards: 70", "Forwards: -1", "max_forwards", 400, false},
	{"Forwards: 70", "Forwards:", "max_forwards", 400, false},
	{"Max-", "Contact: <sip:a@b.example>;;\r\nMax-", "address_param", 400, false},
	{"Max-", "Contact: *, <sip:a@b.example>\r\nMax-", "uri_scheme", 400, false},
	{"Max-", "Subject: \xff\r\nMax-", "header_utf8", 400, false},
	{"Max-", "Subject: \xc0\x80\r\nMax-", "header_utf8", 400, false},
	/* start line */
	{"MESSAGE sip", "MESSAGE  sip", "start_line_spaces", 400, false},
	{"SIP/2.0\r\n", "SIP/2.0 \r\n", "start_line_spaces", 400, false},
	{"SIP/2.0\r\n", "SIP/3.0\r\n", "version", 505, false},
	{"juliet@xmpp", "jul<iet@xmpp", "uri_user", 400, false},
	{"juliet@xmpp", "jul\xc3\xbciet@xmpp", "uri_user", 400, false},
	{"MESSAGE sip:", "ACK sip:", "cseq_method", 0, false},
	{" SIP/2.0\r\n", " HTTP/1.1\r\n", "start_line", 0, true},
	{" SIP/2.0\r\n", "\r\n", "start_line", 0, true},
	{"MESSAGE", "GET / HTTP/1.1\r\nMESSAGE", "start_line", 0, true},
	{"MESSAGE", " MESSAGE", "start_line", 0, true},
	/* framing */
	{"Content-Length: 5\r\n", "", "content_length_missing", 400, true},
	{"Length: 5", "Length: 5\r\nContent-Length: 5", "content_length_twice", 400, true},
	{"Length: 5", "Length: 5\r\nl: 6", "content_length_twice", 400, true},
	{"Length: 5", "Length: 5, 5", "content_length", 400, true},
	{"Length: 5", "Length: -5", "content_length", 400, true},
	{"Length: 5", "Length: +5", "content_length", 400, true},
	{"Length: 5", "Length: 0x5", "content_length", 400, true},
	{"Length: 5", "Length: 5 5", "content_length", 400, true},
	{"Length: 5", "Length:", "content_length", 400, true},
	{"Length: 5", "Length: 262145", "body_too_long", 513, true},
	{"Length: 5", "Length: 4294967301", "body_too_long", 513, true},
	{"Length: 5", "Length: 18446744073709551621", "content_length", 400, true},
	{"Max-Forwards: 70\r\n", "Max-Forwards: 70\n", "bare_lf", 400, true},
	{"Max-Forwards: 70\r\n", "Max-Forwards: 70\r", "bare_cr", 400, true},
	{"MESSAGE", "\nMESSAGE", "bare_lf", 0, true},
	{"MESSAGE", "\rMESSAGE", "bare_cr", 0, true},
	{"Max-Forwards", "Max\x01", "control_octet", 400, true},
	{"Max-Forwards:", "Max-Forwards\x0b:", "control_octet", 400, true},
	{"Max-Forwards:", "Max-Forwards\xc2\xa0:", "header_name", 400, true},
	{"Max-Forwards:", "Max Forwards:", "header_name", 400, true},
	{"Max-Forwards:", "Max-Forwards", "header_name", 400, true},
	{"Max-Forwards:", "Max-Forwards\r\n :", "header_name", 400, true},
	{"Max-", "\x7f", "control_octet", 400, true},
	{"Max-", "Subject: a\\\x01\r\nMax-", "control_octet", 400, true},
	{"\"Romeo\"", "\"Ro\nmeo\"", "bare_lf", 400, true},
	{"\"Romeo\"", "\"Ro\rmeo\"", "bare_cr", 400, true},
	{"\"Romeo\"", "\"Ro\r\nmeo\"", "header_name", 400, true},
	{"\"Romeo\"", "\"Ro\x02meo\"", "control_octet", 400, true},
	{"Via:", " folded\r\nVia:", "fold_without_header", 0, true},
};

static enum parse parse_bent(
	const struct bend *b, const char *message_text, uint32_t *consumed, struct sip_fault *fault)
{
	struct view bytes = sip_test_bend(message_text, b->from, b->to);
	enum parse got = sip_message_parse(bytes, &message, consumed, fault);

	if (got == PARSE_BAD && !fault->close)
		assert_int_equal(*consumed, bytes.len);
	free((void *)bytes.p);
	return got;
}

static void every_fault_has_its_cause_answer_and_consequence(void **state)
{
	for (size_t i = 0; i < sizeof(bends) / sizeof(bends[0]); i++) {
		const struct bend *b = &bends[i];
		struct sip_fault fault = {{"none", 0}, 0, false};
		uint32_t consumed;
		enum parse got = parse_bent(b, SIP_TEST_MESSAGE, &consumed, &fault);

		if (got != PARSE_BAD || strcmp(fault.fault.cause, b->cause) != 0 ||
			fault.respond != b->respond || fault.close != b->close)
			fail_msg("'%s' -> '%s': %d %s respond %u close %d", b->from, b->to, got,
				fault.fault.cause, fault.respond, fault.close);
	}
}

static void bent_messages_fail_alike_octet_by_octet(void **state)
{
	for (size_t i = 0; i < sizeof(bends) / sizeof(bends[0]); i++) {
		struct view bytes = sip_test_bend(SIP_TEST_MESSAGE, bends[i].from, bends[i].to);
		struct sip_fault whole, part;
		enum parse got = PARSE_NEED_MORE;
		struct sip_frame frame = {0};
		uint32_t consumed;

		assert_int_equal(sip_message_parse(bytes, &message, &consumed, &whole), PARSE_BAD);
		for (uint32_t n = 1; n <= bytes.len && got == PARSE_NEED_MORE; n++) {
			got = sip_message_parse(view_sub(bytes, 0, n), &message, &consumed, &part);
			if ((sip_frame_scan(&frame, view_sub(bytes, 0, n)) == PARSE_NEED_MORE) !=
				(got == PARSE_NEED_MORE))
				fail_msg("'%s': frame differs after %u", bends[i].to, n);
		}
		if (got != PARSE_BAD || part.fault.cause != whole.fault.cause ||
			part.fault.offset_bytes != whole.fault.offset_bytes ||
			part.respond != whole.respond || part.close != whole.close)
			fail_msg("'%s'", bends[i].to);
		free((void *)bytes.p);
	}
}

static void responses_are_never_answered(void **state)
{
	static const char response[] = "SIP/2.0 200 OK\r\n"
				       "Via: SIP/2.0/TLS a.example;branch=z9hG4bK1\r\n"
				       "From: <sip:a@a.example>;tag=1\r\n"
				       "To: <sip:b@b.example>;tag=2\r\n"
				       "Call-ID: x\r\n"
				       "CSeq: 1 MESSAGE\r\n"
				       "Content-Length: 0\r\n\r\n";
	static const struct bend faults[] = {
		{"200 OK", "200", "status_code", 0, false},
		{"200 OK", "99 OK", "status_code", 0, false},
		{"200 OK", "700 OK", "status_code", 0, false},
		{"200 OK", "2000 OK", "status_code", 0, false},
		{"200 OK", "2x0 OK", "status_code", 0, false},
		{"200 OK", "200 \xff", "reason_utf8", 0, false},
		{"SIP/2.0 ", "SIP/2.1 ", "version", 0, false},
		{"CSeq: 1", "CSeq: x", "cseq", 0, false},
		{"Length: 0", "Length: x", "content_length", 0, true},
	};
	struct sip_fault fault;
	uint32_t consumed;

	assert_int_equal(
		sip_message_parse(VIEW(response), &message, &consumed, &fault), PARSE_DONE);
	assert_false(message.is_request);
	assert_int_equal(message.code, 200);
	assert_view(message.reason, "OK");
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		const struct bend *b = &faults[i];

		if (parse_bent(b, response, &consumed, &fault) != PARSE_BAD ||
			strcmp(fault.fault.cause, b->cause) != 0 || fault.respond != 0 ||
			fault.close != b->close)
			fail_msg("'%s': %s", b->to, fault.fault.cause);
	}
}

static enum parse parse_padded(const char *name, size_t value_bytes, struct sip_fault *fault)
{
	char *pad = malloc(strlen(name) + value_bytes + 16);
	struct bend b = {"Max-", pad, NULL, 0, false};
	uint32_t consumed;
	enum parse got;

	assert_non_null(pad);
	sprintf(pad, "%s: %0*d\r\nMax-", name, (int)value_bytes, 0);
	*fault = (struct sip_fault){0};
	got = parse_bent(&b, SIP_TEST_MESSAGE, &consumed, fault);
	free(pad);
	return got;
}

static void lines_and_heads_have_their_limits(void **state)
{
	enum { AROUND = sizeof("X: ") - 1 };
	struct sip_fault fault;
	char *head;

	assert_int_equal(parse_padded("X", SIP_LINE_MAX_BYTES - AROUND - 1, &fault), PARSE_DONE);
	assert_int_equal(parse_padded("X", SIP_LINE_MAX_BYTES - AROUND, &fault), PARSE_BAD);
	assert_string_equal(fault.fault.cause, "line_too_long");
	assert_int_equal(fault.respond, 400);
	assert_true(fault.close);

	head = malloc(SIP_HEAD_MAX_BYTES * 2);
	assert_non_null(head);
	strcpy(head, "Max-");
	for (int i = 0; i < 9; i++)
		sprintf(head + strlen(head), "X: %04000d\r\n", 0);
	struct bend b = {"Max-Forwards: 70\r\n", head + 4, NULL, 0, false};
	uint32_t consumed;

	assert_int_equal(parse_bent(&b, SIP_TEST_MESSAGE, &consumed, &fault), PARSE_BAD);
	assert_string_equal(fault.fault.cause, "head_too_long");
	assert_int_equal(fault.respond, 513);
	assert_true(fault.close);
	free(head);
}

/* Lines of every length that bring an end of line before, onto, astride and behind the limit. */
static void nothing_is_read_behind_the_limit_of_a_head(void **state)
{
	for (int more = 0; more < 64; more++) {
		struct view start = VIEW("MESSAGE sip:a@b.example SIP/2.0\r\n");
		struct sip_fault fault;
		struct text head;
		uint32_t consumed;
		struct view exact;

		text_init(&head, 64 * 1024);
		text_put(&head, start);
		for (int i = 0; i < 5; i++)
			text_printf(&head, "X: %0*d\r\n",
				(int)(SIP_HEAD_MAX_BYTES - start.len) / 5 - (i ? 5 : 36) +
					(i ? 0 : more),
				0);
		text_putc(&head, 'X');
		/* Its memory ends where its octets do. */
		exact = view_make(malloc(head.len), head.len);
		memcpy((void *)exact.p, head.p, head.len);
		if (sip_message_parse(exact, &message, &consumed, &fault) == PARSE_BAD)
			assert_string_equal(fault.fault.cause, "head_too_long");
		else
			assert_true(head.len <= SIP_HEAD_MAX_BYTES);
		free((void *)exact.p);
		text_free(&head);
	}
}

static void headers_and_vias_are_counted(void **state)
{
	char lines[SIP_HEADERS_MAX * 8 + 64] = "";
	struct bend b = {"Content-Length", lines, NULL, 0, false};
	struct sip_fault fault;
	uint32_t consumed;

	for (int i = 0; i < SIP_HEADERS_MAX - 8; i++)
		strcat(lines, "X: 1\r\n");
	strcat(lines, "Content-Length");
	assert_int_equal(parse_bent(&b, SIP_TEST_MESSAGE, &consumed, &fault), PARSE_DONE);
	memmove(lines + 6, lines, strlen(lines) + 1);
	memcpy(lines, "X: 1\r\n", 6);
	assert_int_equal(parse_bent(&b, SIP_TEST_MESSAGE, &consumed, &fault), PARSE_BAD);
	assert_string_equal(fault.fault.cause, "headers_too_many");
	assert_true(fault.close);

	char vias[SIP_VIAS_MAX * 32];
	struct bend v = {"Max-", vias, NULL, 0, false};

	for (int more = SIP_VIAS_MAX - 1; more <= SIP_VIAS_MAX; more++) {
		strcpy(vias, "Via: SIP/2.0/TCP a.example");
		for (int i = 1; i < more; i++)
			strcat(vias, ", SIP/2.0/TCP b.example");
		strcat(vias, "\r\nMax-");
		assert_int_equal(parse_bent(&v, SIP_TEST_MESSAGE, &consumed, &fault),
			more < SIP_VIAS_MAX ? PARSE_DONE : PARSE_BAD);
	}
	assert_string_equal(fault.fault.cause, "vias_too_many");
	assert_false(fault.close);
}

static void trickled_octets_are_looked_at_once(void **state)
{
	char *pad = malloc(20000);
	struct sip_frame frame = {0};
	struct view bytes;

	assert_non_null(pad);
	sprintf(pad, "X: %07000d\r\nY: %07000d\r\nMax-", 0, 0);
	bytes = sip_test_bend(SIP_TEST_MESSAGE, "Max-", pad);
	for (uint32_t n = 1; n < bytes.len; n++) {
		uint32_t before = frame.at;

		assert_int_equal(sip_frame_scan(&frame, view_sub(bytes, 0, n)), PARSE_NEED_MORE);
		/* Nothing is gone back to; at most a CR waits for what follows it. */
		assert_true(frame.at >= before);
		assert_true(frame.body || n - frame.at <= 2);
	}
	assert_int_equal(sip_frame_scan(&frame, bytes), PARSE_DONE);
	free((void *)bytes.p);
	free(pad);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_is_taken_apart),
		cmocka_unit_test(every_fault_has_its_cause_answer_and_consequence),
		cmocka_unit_test(bent_messages_fail_alike_octet_by_octet),
		cmocka_unit_test(responses_are_never_answered),
		cmocka_unit_test(lines_and_heads_have_their_limits),
		cmocka_unit_test(nothing_is_read_behind_the_limit_of_a_head),
		cmocka_unit_test(headers_and_vias_are_counted),
		cmocka_unit_test(trickled_octets_are_looked_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
