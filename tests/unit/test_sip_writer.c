/* SPDX-License-Identifier: BSD-3-Clause */
/* The serialiser refuses what could end a line, and what it writes the parser reads. */
#include "tests/unit/test.h"

#include <errno.h>

#include "control/sip/response.h"
#include "control/sip/writer.h"
#include "tests/unit/sip_data.h"

static struct text out;

static void begin(struct sip_writer *w)
{
	text_free(&out);
	text_init(&out, 64 * 1024);
	sip_writer_request(w, &out, "MESSAGE", VIEW("sip:romeo@sip.example"));
}

static int end(struct sip_writer *w)
{
	return sip_writer_end(w, (struct view){0}, (struct view){0});
}

static void what_is_written_can_be_read(void **state)
{
	struct sip_message m;
	struct sip_fault fault;
	struct sip_writer w;
	uint32_t consumed;

	begin(&w);
	sip_writer_header(&w, "Via", VIEW("SIP/2.0/TLS a.example;branch=z9hG4bKpk1"));
	sip_writer_address(&w, "From", VIEW("sip:f%C3%BC@a.example"), VIEW("x1"));
	sip_writer_address(&w, "To", VIEW("sip:romeo@sip.example"), (struct view){0});
	sip_writer_printf(&w, "CSeq", "%d MESSAGE", 1);
	sip_writer_header(&w, "Call-ID", VIEW("1"));
	sip_writer_lines(&w, VIEW("Subject: h\xc3\xa9, \"<&>\"\r\nContent-Language: fr\r\n"));
	assert_int_equal(
		sip_writer_end(&w, VIEW("text/plain;charset=UTF-8"), VIEW("one\r\n\r\ntwo\0")), 0);
	assert_int_equal(sip_message_parse(text_view(&out), &m, &consumed, &fault), PARSE_DONE);
	assert_int_equal(consumed, out.len);
	assert_true(view_equal(m.body, VIEW("one\r\n\r\ntwo\0")));
	assert_true(view_equal(m.from.tag, VIEW("x1")));
	assert_true(view_equal(
		sip_header_find(&m, SIP_HEADER_SUBJECT, 0)->value, VIEW("h\xc3\xa9, \"<&>\"")));
}

static void no_control_octet_passes_in_any_value(void **state)
{
	for (int octet = 0; octet < 256; octet++) {
		char value[] = {'a', (char)octet, 'b'};
		bool ok = octet >= 0x20 && octet < 0x7f;
		struct sip_writer w;

		begin(&w);
		sip_writer_header(&w, "Subject", view_make(value, 3));
		if ((end(&w) == 0) != ok)
			fail_msg("octet %02x", octet);
		assert_int_equal(sip_value_is_clean(view_make(value, 3)), ok);
	}
}

static void bad_pieces_fail_the_message(void **state)
{
	struct sip_writer w;

	begin(&w);
	sip_writer_header(&w, "Sub ject", VIEW("x"));
	assert_int_equal(end(&w), -EINVAL);
	assert_string_equal(w.cause, "header_name");
	begin(&w);
	sip_writer_address(&w, "From", VIEW("sip:a@b.example>;x=<"), VIEW("t"));
	assert_int_equal(end(&w), -EINVAL);
	begin(&w);
	sip_writer_address(&w, "From", VIEW("sip:a@b.example"), VIEW("t;x"));
	assert_int_equal(end(&w), -EINVAL);
	begin(&w);
	sip_writer_address(&w, "From", VIEW("sip:a@b.example?Subject=x"), VIEW("t"));
	assert_int_equal(end(&w), -EINVAL);
	begin(&w);
	assert_int_equal(sip_writer_end(&w, (struct view){0}, VIEW("body")), -EINVAL);
	text_free(&out);
	text_init(&out, 1000);
	sip_writer_request(&w, &out, "MESSAGE", VIEW("sip:a@b.example SIP/2.0\r\nX: y"));
	assert_int_equal(end(&w), -EINVAL);
	assert_string_equal(w.cause, "request_uri");
	text_free(&out);
	text_init(&out, 30);
	sip_writer_response(&w, &out, 200, VIEW("OK"));
	assert_int_equal(end(&w), -ENOBUFS);
	text_free(&out);
	text_init(&out, 1000);
	sip_writer_response(&w, &out, 200, VIEW("O\r\nK"));
	assert_int_equal(end(&w), -EINVAL);
}

static void foreign_lines_are_whole_and_of_known_names(void **state)
{
	static const char *const bad[] = {"Subject: x", "Subject: x\n", "Subject: x\r",
		"Subject\r\n", "Via: SIP/2.0/TLS x\r\n", "v: SIP/2.0/TLS x\r\n",
		"Content-Length: 0\r\n", "l: 0\r\n", "To: <sip:x@y>\r\n", "X-New: 1\r\n",
		"Subject: x\r\n\r\n", "\r\n", " Subject: x\r\n", "Subject: x\r\n y\r\n",
		"Subject: \x01\r\n", "Subject: a\tb\r\n", "Subject: \xff\r\n"};
	struct sip_writer w;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		begin(&w);
		sip_writer_lines(&w, view_of(bad[i]));
		if (end(&w) != -EINVAL)
			fail_msg("'%s'", bad[i]);
	}
	begin(&w);
	sip_writer_lines(&w, VIEW("Subject: x\r\nRetry-After: 5\r\nWarning: 399 x \"y\"\r\n"
				  "ms-diagnostics-public: 1002;reason=\"x y\";source=\"z\"\r\n"));
	assert_int_equal(end(&w), 0);
	text_reset(&out);
	assert_false(sip_line_put(&out, "Subject", VIEW("a\r\nX: y")));
	assert_int_equal(out.len, 0);
	assert_true(sip_line_put(&out, "Subject", VIEW("a")));
	assert_string_equal(out.p, "Subject: a\r\n");
}

static struct sip_message request;

static const char *respond_to(struct view bytes, uint16_t code)
{
	struct sip_fault fault;
	uint32_t consumed;

	assert_int_not_equal(
		sip_message_parse(bytes, &request, &consumed, &fault), PARSE_NEED_MORE);
	text_free(&out);
	text_init(&out, 64 * 1024);
	assert_int_equal(sip_response_write(&out, &request, code, view_of(sip_reason_phrase(code)),
				 VIEW("tt"), (struct view){0}),
		0);
	return out.p;
}

static void a_response_repeats_what_identifies_the_request(void **state)
{
	struct view bytes = sip_test_bend(SIP_TEST_MESSAGE, "Max-",
		"v: SIP/2.0/TCP b.example\r\n\t;\tbranch=z9hG4bK2\r\nTimestamp: 7\r\nSubject: x\r\nMax-");

	assert_string_equal(respond_to(bytes, 202),
		"SIP/2.0 202 Accepted\r\n"
		"Via: SIP/2.0/TLS 192.0.2.7:5061;branch=z9hG4bK776sgdkse\r\n"
		"Via: SIP/2.0/TCP b.example ; branch=z9hG4bK2\r\n"
		"Timestamp: 7\r\n"
		"From: \"Romeo\" <sip:romeo@sip.example>;tag=49583\r\n"
		"To: <sip:juliet@xmpp.example>;tag=tt\r\n"
		"Call-ID: asd88asd77a@192.0.2.7\r\n"
		"CSeq: 1 MESSAGE\r\n"
		"Content-Length: 0\r\n\r\n");
	free((void *)bytes.p);
}

static void a_to_tag_that_is_there_is_kept(void **state)
{
	struct view bytes = sip_test_bend(
		SIP_TEST_MESSAGE, "juliet@xmpp.example>", "juliet@xmpp.example> ; tag=9;x");

	assert_non_null(
		strstr(respond_to(bytes, 481), "\r\nTo: <sip:juliet@xmpp.example> ; tag=9;x\r\n"));
	free((void *)bytes.p);
}

/* intmeth's display name holds quoted controls: they do not come back. */
static void quoted_controls_stay_out_of_responses(void **state)
{
	struct view bytes = sip_test_file("intmeth");
	const char *response = respond_to(bytes, 501);

	assert_non_null(strstr(response, "\r\nTo: <sip:1_unusual.URI~(to-be!sure)&isn't+it$/"
					 "crazy?,/;;*@example.com>;tag=tt\r\n"));
	assert_null(memchr(response, 7, out.len));
	assert_null(memchr(response, 0x7f, out.len));
	free((void *)bytes.p);
}

static bool is_answered(const char *from, const char *to)
{
	struct view bytes = sip_test_bend(SIP_TEST_MESSAGE, from, to);
	struct sip_fault fault;
	uint32_t consumed;
	bool taken = sip_message_parse(bytes, &request, &consumed, &fault) == PARSE_DONE;

	if (taken)
		assert_non_null(strstr(respond_to(bytes, 202), ">;tag=tt\r\n"));
	free((void *)bytes.p);
	return taken;
}

/* Whatever the parser takes can be answered: the name in To fills its line, compact header names fill
 * the head. One step longer is not taken. */
static void a_request_as_long_as_it_may_be_is_answered(void **state)
{
	static char name[SIP_LINE_MAX_BYTES];
	uint32_t lines = 0, heads = 0;
	struct text vias;

	for (uint32_t more = 0; more < 100; more++) {
		snprintf(name, sizeof(name), "\nTo: \"%0*u\" <",
			(int)(SIP_LINE_MAX_BYTES - 100 + more), 0u);
		lines += is_answered("\nTo: <", name);
	}
	assert_in_range(lines, 1, 99);
	for (uint32_t more = 0; more < 1000; more++) {
		text_init(&vias, 64 * 1024);
		for (uint32_t i = 1; i < SIP_VIAS_MAX; i++)
			text_printf(&vias, "v:SIP/2.0/TLS h;branch=z9hG4bK%0*u\r\n",
				(int)(i > 1 ? 440 : 1 + more), i);
		text_puts(&vias, "Max-");
		heads += is_answered("Max-", vias.p);
		text_free(&vias);
	}
	assert_in_range(heads, 1, 999);
}

static void a_refused_request_is_answered_with_what_it_has(void **state)
{
	struct view bytes = sip_test_file("multi01");

	respond_to(bytes, 400);
	assert_non_null(strstr(out.p, "\r\nCSeq: 5 INVITE\r\n"));
	assert_null(strstr(out.p, "59 INVITE"));
	assert_null(strstr(out.p, "other@example.net"));
	free((void *)bytes.p);
	bytes = sip_test_file("insuf");
	assert_string_equal(respond_to(bytes, 400),
		"SIP/2.0 400 Bad Request\r\nCSeq: 193942 INVITE\r\n"
		"Via: SIP/2.0/UDP 192.0.2.95;branch=z9hG4bKkdj.insuf\r\nContent-Length: 0\r\n\r\n");
	free((void *)bytes.p);
	text_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_can_be_read),
		cmocka_unit_test(no_control_octet_passes_in_any_value),
		cmocka_unit_test(bad_pieces_fail_the_message),
		cmocka_unit_test(foreign_lines_are_whole_and_of_known_names),
		cmocka_unit_test(a_response_repeats_what_identifies_the_request),
		cmocka_unit_test(a_to_tag_that_is_there_is_kept),
		cmocka_unit_test(quoted_controls_stay_out_of_responses),
		cmocka_unit_test(a_request_as_long_as_it_may_be_is_answered),
		cmocka_unit_test(a_refused_request_is_answered_with_what_it_has),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
