/* SPDX-License-Identifier: BSD-3-Clause */
/* SIP's start line and From. */
#include "tests/unit/test.h"

#include "dataplane/inspect/sip_start.h"
#include "tests/unit/growing.h"

#define LINE "MESSAGE sip:bob@b.example SIP/2.0\r\n"

static enum parse read(struct view bytes, void *out, struct fault *fault, uint32_t *end)
{
	struct sip_start *start = out;
	enum parse result = sip_start_read(bytes, start, fault);

	*end = result == PARSE_DONE ? start->start_bytes : 0;
	return result;
}

static enum parse read_growing(struct view bytes, struct sip_start *out, struct fault *fault)
{
	struct sip_start other;

	return growing_read("a start", read, bytes, out, &other, fault);
}

static const struct {
	const char *label;
	const char *text;
	const char *method; /* NULL: a response */
	int status;
	const char *uri_host, *from_host; /* NULL: not sip or sips */
} good_starts[] = {
	{"a request",
		"MESSAGE sip:bob@b.example SIP/2.0\r\nVia: SIP/2.0/TLS x;branch=z9hG4bK1\r\n"
		"From: \"A. <b> \\\" c\" <sip:alice@a.example;x=y>;tag=1\r\nTo: x\r\n",
		"MESSAGE", 0, "b.example", "a.example"},
	{"a response", "SIP/2.0 200 OK\r\nf: <sips:a.example:5061>;tag=2\r\nX", NULL, 200, NULL,
		"a.example"},
	{"a response without reason", "SIP/2.0 699 \r\nFrom:sip:a.example\r\nX", NULL, 699, NULL,
		"a.example"},
	{"bare address", LINE "From\t:\tsip:alice@a.example;tag=1@2\r\nX", "MESSAGE", 0,
		"b.example", "a.example"},
	{"display name of tokens", LINE "From: Alice of A <sip:a@a.example>\r\nX", "MESSAGE", 0,
		"b.example", "a.example"},
	{"keep-alives in front", "\r\n\r\n\r\n\r\n" LINE "f:<sip:a.example>\r\nX", "MESSAGE", 0,
		"b.example", "a.example"},
	{"parameters, headers, a port",
		"INVITE sips:u;x=1?y@b.example:5061;transport=tcp?a=b SIP/2.0\r\n"
		"f:<sip:a.example?x=y>\r\nX",
		"INVITE", 0, "b.example", "a.example"},
	{"the root written out", "OPTIONS sip:b.example. SIP/2.0\r\nf:<sip:a.example>\r\nX",
		"OPTIONS", 0, "b.example", "a.example"},
	{"addresses as hosts",
		"OPTIONS sip:192.0.2.1:5060 SIP/2.0\r\nf: <sip:x@[2001:db8::1]:5060>\r\nX",
		"OPTIONS", 0, "192.0.2.1", "[2001:db8::1]"},
	{"other schemes", "OPTIONS tel:+4930123 SIP/2.0\r\nf: <im:a@a.example>\r\nX", "OPTIONS", 0,
		NULL, NULL},
	{"scheme in capitals", "OPTIONS SIP:b.example sip/2.0\r\nf: <SiPs:a.example>\r\nX",
		"OPTIONS", 0, "b.example", "a.example"},
	{"a method of our own", "x-foo.!%*_+`'~ sip:b.example SIP/2.0\r\nf: <sip:a.b>\r\nX",
		"x-foo.!%*_+`'~", 0, "b.example", "a.b"},
};

static void good_starts_are_read(void **state)
{
	for (size_t i = 0; i < sizeof(good_starts) / sizeof(good_starts[0]); i++) {
		struct view bytes = view_of(good_starts[i].text);
		struct sip_start start;
		struct fault fault;
		enum parse result = read_growing(bytes, &start, &fault);

		if (result != PARSE_DONE)
			fail_msg("%s: %s at %u", good_starts[i].label,
				fault.cause ? fault.cause : "more", fault.offset_bytes);
		sip_start_read(bytes, &start, &fault);
		assert_int_equal(start.is_request, good_starts[i].method != NULL);
		assert_int_equal(start.status, good_starts[i].status);
		if (start.is_request && !view_equal(start.method, view_of(good_starts[i].method)))
			fail_msg("%s: method", good_starts[i].label);
		if (start.has_uri_host != (good_starts[i].uri_host != NULL) ||
			start.has_from_host != (good_starts[i].from_host != NULL))
			fail_msg("%s: presence", good_starts[i].label);
		if (start.has_uri_host &&
			!view_equal(start.uri_host, view_of(good_starts[i].uri_host)))
			fail_msg("%s: %.*s", good_starts[i].label, VIEW_ARG(start.uri_host));
		if (start.has_from_host &&
			!view_equal(start.from_host, view_of(good_starts[i].from_host)))
			fail_msg("%s: %.*s", good_starts[i].label, VIEW_ARG(start.from_host));
		assert_true(start.start_bytes < bytes.len);
		assert_int_equal(bytes.p[start.start_bytes - 1], '\n');
	}
}

#define BYTES(literal)                                                                             \
	{                                                                                          \
		(const uint8_t *)(literal), sizeof(literal) - 1                                    \
	}

static const struct {
	const char *label;
	struct view bytes;
	const char *cause;
} bad_starts[] = {
	{"HTTP", BYTES("GET /"), "sip_not_sip"},
	{"RTSP-like", BYTES("OPTIONS *"), "sip_not_sip"},
	{"TLS", BYTES("\x16"), "sip_not_sip"},
	{"XML", BYTES("<"), "sip_not_sip"},
	{"SSH", BYTES("SSH-2.0-x\r"), "sip_not_sip"},
	{"SIP/3.0", BYTES("SIP/3"), "sip_not_sip"},
	{"HTTP response", BYTES("HTTP/"), "sip_not_sip"},
	{"a space first", BYTES(" "), "sip_not_sip"},
	{"two spaces", BYTES("MESSAGE  "), "sip_not_sip"},
	{"NUL", BYTES("\0"), "sip_not_sip"},
	{"NUL behind the method", BYTES("MESSAGE s\0"), "sip_not_sip"},
	{"five keep-alives", BYTES("\r\n\r\n\r\n\r\n\r"), "sip_not_sip"},
	{"a method of 33", BYTES("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456"), "sip_bad_method"},
	{"HTTP with a URI", BYTES("GET http://b.example/ HTTP/1.1\r\n"), "sip_bad_version"},
	{"no version", BYTES("MESSAGE sip:b.example\r\n"), "sip_bad_version"},
	{"version 2.1", BYTES("MESSAGE sip:b.example SIP/2.1\r\n"), "sip_bad_version"},
	{"something behind the version", BYTES("MESSAGE sip:b.example SIP/2.0 \r\n"),
		"sip_bad_version"},
	{"status of two digits", BYTES("SIP/2.0 20 OK\r\n"), "sip_bad_status"},
	{"status of four digits", BYTES("SIP/2.0 2000 OK\r\n"), "sip_bad_status"},
	{"status 099", BYTES("SIP/2.0 099 OK\r\n"), "sip_bad_status"},
	{"status 700", BYTES("SIP/2.0 700 OK\r\n"), "sip_bad_status"},
	{"no status", BYTES("SIP/2.0\r\n"), "sip_bad_status"},
	{"glued status", BYTES("SIP/2.0200 OK\r\n"), "sip_bad_status"},
	{"bare LF", BYTES("MESSAGE sip:b.example SIP/2.0\n"), "sip_bad_line_end"},
	{"bare CR", BYTES("MESSAGE sip:b.example SIP/2.0\rX"), "sip_bad_line_end"},
	{"control character", BYTES("MESSAGE sip:b\x01"), "sip_bad_character"},
	{"DEL", BYTES(LINE "A: \x7f"), "sip_bad_character"},
	{"NUL in a header", BYTES(LINE "A: \0"), "sip_bad_character"},

	{"empty URI", BYTES("MESSAGE sip: SIP/2.0\r\n"), "sip_bad_uri"},
	{"two at-signs", BYTES("MESSAGE sip:a@b@c SIP/2.0\r\n"), "sip_bad_uri"},
	{"empty user", BYTES("MESSAGE sip:@c SIP/2.0\r\n"), "sip_bad_uri"},
	{"brackets around", BYTES("MESSAGE sip:<c> SIP/2.0\r\n"), "sip_bad_uri"},
	{"non-ASCII in the URI", BYTES("MESSAGE sip:\xc3\xa4 SIP/2.0\r\n"), "sip_bad_uri"},
	{"empty host", BYTES("MESSAGE sip:a@ SIP/2.0\r\n"), "sip_bad_host"},
	{"host with underscore", BYTES("MESSAGE sip:a@b_c SIP/2.0\r\n"), "sip_bad_host"},
	{"escaped host", BYTES("MESSAGE sip:a@b%2ec SIP/2.0\r\n"), "sip_bad_host"},
	{"port 0", BYTES("MESSAGE sip:b:0 SIP/2.0\r\n"), "sip_bad_host"},
	{"port 65536", BYTES("MESSAGE sip:b:65536 SIP/2.0\r\n"), "sip_bad_host"},
	{"empty port", BYTES("MESSAGE sip:b: SIP/2.0\r\n"), "sip_bad_host"},
	{"dots only", BYTES("MESSAGE sip:.. SIP/2.0\r\n"), "sip_bad_host"},
	{"IPv6 without brackets", BYTES("MESSAGE sip:2001:db8::1 SIP/2.0\r\n"), "sip_bad_host"},
	{"IPv6 with a zone", BYTES("MESSAGE sip:[fe80::1%25e0] SIP/2.0\r\n"), "sip_bad_host"},
	{"no address in brackets", BYTES("MESSAGE sip:[b.example] SIP/2.0\r\n"), "sip_bad_host"},
	{"address out of range", BYTES("MESSAGE sip:1.2.3.256 SIP/2.0\r\n"), "sip_bad_host"},

	{"no From", BYTES(LINE "To: x\r\n\r\n"), "sip_from_missing"},
	{"no headers", BYTES(LINE "\r\n"), "sip_from_missing"},
	{"folded first header", BYTES(LINE " x: y\r\n"), "sip_header_folded"},
	{"folded header", BYTES(LINE "Subject: a\r\n b\r\n"), "sip_header_folded"},
	{"folded From", BYTES(LINE "From: <sip:a.example>\r\n\t;tag=1\r\n"), "sip_header_folded"},
	{"header without colon", BYTES(LINE "Subject\r\n"), "sip_bad_header_name"},
	{"header without name", BYTES(LINE ": x\r\n"), "sip_bad_header_name"},
	{"header with a space in its name", BYTES(LINE "Fr om: <sip:a.example>\r\n"),
		"sip_bad_header_name"},
	{"no-break space", BYTES(LINE "From\xc2\xa0: <sip:a.example>\r\n"), "sip_bad_header_name"},
	{"empty From", BYTES(LINE "From:\r\n"), "sip_bad_uri"},
	{"From without scheme", BYTES(LINE "From: alice\r\n"), "sip_bad_uri"},
	{"From with open quotes", BYTES(LINE "From: \"a <sip:a.example>\r\n"), "sip_bad_from"},
	{"From with quotes and no brackets", BYTES(LINE "From: \"a\" sip:a.example\r\n"),
		"sip_bad_from"},
	{"From with an open bracket", BYTES(LINE "From: <sip:a.example\r\n"), "sip_bad_from"},
	{"From with a comma", BYTES(LINE "From: sip:a.example,sip:b.example\r\n"), "sip_bad_from"},
	{"From with two addresses", BYTES(LINE "From: <sip:a.example>,<sip:b.example>\r\n"),
		"sip_bad_from"},
	{"From with a strange display name", BYTES(LINE "From: a@b <sip:a.example>\r\n"),
		"sip_bad_from"},
	{"From with a bracket behind a bare address", BYTES(LINE "From: sip:a.example;x=<\r\n"),
		"sip_bad_from"},
	{"From with a bad host", BYTES(LINE "From: <sip:a@-b>\r\n"), "sip_bad_host"},
};

static void each_bad_start_has_its_cause(void **state)
{
	for (size_t i = 0; i < sizeof(bad_starts) / sizeof(bad_starts[0]); i++) {
		struct sip_start start;
		struct fault fault;
		enum parse result = read_growing(bad_starts[i].bytes, &start, &fault);

		if (result != PARSE_BAD || strcmp(fault.cause, bad_starts[i].cause) != 0)
			fail_msg("%s: %d %s", bad_starts[i].label, result,
				fault.cause ? fault.cause : "-");
	}
}

static void other_protocols_are_refused_at_their_first_byte(void **state)
{
	static const uint8_t refused[] = {0x00, 0x16, 0x80, '<', '{', '/', '(', 0xff};

	for (size_t i = 0; i < sizeof(refused); i++) {
		struct sip_start start;
		struct fault fault;

		assert_int_equal(
			sip_start_read(view_make(&refused[i], 1), &start, &fault), PARSE_BAD);
		assert_string_equal(fault.cause, "sip_not_sip");
	}
}

static void what_never_ends_is_refused(void **state)
{
	static const struct {
		const char *label, *head, *part, *cause;
		size_t n;
	} cases[] = {
		{"the URI", "MESSAGE sip:", "a", "sip_line_too_long", 3000},
		{"the scheme", "MESSAGE ", "a", "sip_line_too_long", 3000},
		{"a header", LINE "A:", " ", "sip_line_too_long", 3000},
		{"small headers", LINE, "A:\r\n", "sip_headers_too_many", 100},
		{"big headers", LINE,
			"A:0123456789012345678901234567890123456789012345678901234567890123456789"
			"0123456789012345678901234567890123456789012345678901234567890123456789012345\r\n",
			"sip_start_too_long", 60},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct view bytes = growing_repeat(cases[i].head, cases[i].part, cases[i].n, "");
		struct sip_start start;
		struct fault fault;

		if (read_growing(bytes, &start, &fault) != PARSE_BAD ||
			strcmp(fault.cause, cases[i].cause) != 0)
			fail_msg("%s: %s", cases[i].label, fault.cause ? fault.cause : "-");
	}
}

static void any_changed_byte_gets_one_answer_for_every_split(void **state)
{
	char text[] = "OPTIONS sip:u@b.c:1;x SIP/2.0\r\nV:1\r\nf: \"x\" <sip:[::1]>;t\r\nX";
	struct sip_start start, other;

	growing_change_each(read, text, sizeof(text) - 1, &start, &other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_starts_are_read),
		cmocka_unit_test(each_bad_start_has_its_cause),
		cmocka_unit_test(other_protocols_are_refused_at_their_first_byte),
		cmocka_unit_test(what_never_ends_is_refused),
		cmocka_unit_test(any_changed_byte_gets_one_answer_for_every_split),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
