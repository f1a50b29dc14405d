/* SPDX-License-Identifier: BSD-3-Clause */
/* The torture messages of RFC 4475 on a stream: all 50 files, whole and octet by octet. */
#include "tests/unit/test.h"

#include "control/sip/frame.h"
#include "tests/unit/sip_data.h"

enum verdict { ACCEPT, REFUSE, CLOSE, WAIT };

static const struct expected {
	const char *file;
	enum verdict verdict;
	uint16_t respond; /* REFUSE and CLOSE: what the sender hears */
	const char *cause;
} table[] = {
	/* section 3.1.1: valid */
	{"wsinv", ACCEPT, 0, NULL}, {"intmeth", ACCEPT, 0, NULL}, {"esc01", ACCEPT, 0, NULL},
	{"escnull", ACCEPT, 0, NULL}, {"esc02", ACCEPT, 0, NULL}, {"lwsdisp", ACCEPT, 0, NULL},
	{"longreq", ACCEPT, 0, NULL}, {"dblreq", ACCEPT, 0, NULL}, {"semiuri", ACCEPT, 0, NULL},
	{"transports", ACCEPT, 0, NULL}, {"mpart01", ACCEPT, 0, NULL},
	{"unreason", ACCEPT, 0, NULL}, {"noreason", ACCEPT, 0, NULL},
	/* section 3.1.2: invalid */
	{"badinv01", REFUSE, 400, "via_param"}, {"clerr", WAIT, 0, NULL},
	{"ncl", CLOSE, 400, "content_length"}, {"scalar02", REFUSE, 400, "cseq"},
	{"scalarlg", REFUSE, 0, "cseq"}, {"quotbal", REFUSE, 400, "display_name"},
	{"ltgtruri", REFUSE, 400, "uri_scheme"}, {"lwsruri", REFUSE, 400, "start_line_spaces"},
	{"lwsstart", REFUSE, 400, "start_line_spaces"}, {"trws", REFUSE, 400, "start_line_spaces"},
	{"escruri", REFUSE, 400, "request_uri_headers"},
	{"baddate", ACCEPT, 0, NULL}, /* Date is not used */
	{"regbadct", REFUSE, 400, "address_needs_brackets"},
	{"badaspec", REFUSE, 400, "uri_scheme"},
	{"baddn", WAIT, 0, NULL}, /* the file ends within the head; completed below */
	{"badvers", REFUSE, 505, "version"}, {"mismatch01", REFUSE, 400, "cseq_method"},
	{"mismatch02", REFUSE, 501, "cseq_method"}, {"bigcode", REFUSE, 0, "status_code"},
	/* section 3.2 to 3.4: for the layers above */
	{"badbranch", ACCEPT, 0, NULL}, {"insuf", REFUSE, 400, "from_missing"},
	{"unkscm", ACCEPT, 0, NULL}, {"novelsc", ACCEPT, 0, NULL}, {"unksm2", ACCEPT, 0, NULL},
	{"bext01", ACCEPT, 0, NULL}, {"invut", ACCEPT, 0, NULL}, {"regaut01", ACCEPT, 0, NULL},
	{"multi01", REFUSE, 400, "cseq_twice"}, {"mcl01", CLOSE, 400, "content_length_twice"},
	{"bcast", ACCEPT, 0, NULL}, {"zeromf", ACCEPT, 0, NULL}, {"cparam01", ACCEPT, 0, NULL},
	{"cparam02", ACCEPT, 0, NULL}, {"regescrt", ACCEPT, 0, NULL}, {"sdp01", ACCEPT, 0, NULL},
	{"inv2543", CLOSE, 400, "content_length_missing"},
	{"test", CLOSE, 0, "start_line"}, /* in the archive, not in the text */
};

enum { FILES = sizeof(table) / sizeof(table[0]) };

static struct sip_message message;

static enum verdict judge(struct view bytes, uint32_t *consumed, struct sip_fault *fault)
{
	*fault = (struct sip_fault){0};
	switch (sip_message_parse(bytes, &message, consumed, fault)) {
	case PARSE_DONE:
		return ACCEPT;
	case PARSE_NEED_MORE:
		return WAIT;
	default:
		return fault->close ? CLOSE : REFUSE;
	}
}

static void check(const struct expected *e, enum verdict got, const struct sip_fault *fault)
{
	if (got != e->verdict || fault->respond != e->respond ||
		(e->cause && strcmp(e->cause, fault->fault.cause) != 0))
		fail_msg("%s: verdict %d respond %u cause %s at %u", e->file, got, fault->respond,
			fault->fault.cause ? fault->fault.cause : "-", fault->fault.offset_bytes);
}

static void every_file_meets_its_verdict(void **state)
{
	struct sip_fault fault;
	uint32_t consumed;

	assert_int_equal(FILES, 50);
	for (size_t i = 0; i < FILES; i++) {
		struct view bytes = sip_test_file(table[i].file);

		check(&table[i], judge(bytes, &consumed, &fault), &fault);
		if (table[i].verdict == ACCEPT || table[i].verdict == REFUSE)
			assert_in_range(consumed, 1, bytes.len);
		else
			assert_int_equal(consumed, 0);
		free((void *)bytes.p);
	}
}

/* Give one octet more at a time, each time as an exactly sized copy, until there is a verdict. */
static void octet_by_octet_gives_the_same_verdict_as_whole(void **state)
{
	for (size_t i = 0; i < FILES; i++) {
		struct view bytes = sip_test_file(table[i].file);
		struct sip_frame frame = {0};
		struct sip_fault fault = {0};
		enum verdict got = WAIT;
		uint32_t consumed = 0;
		uint32_t n;

		for (n = 1; n <= bytes.len && got == WAIT; n++) {
			uint8_t *copy = malloc(n);
			struct view part = view_make(copy, n);
			enum parse framed;

			memcpy(copy, bytes.p, n);
			framed = sip_frame_scan(&frame, part);
			got = judge(part, &consumed, &fault);
			if ((framed == PARSE_NEED_MORE) != (got == WAIT))
				fail_msg("%s: frame and parser differ after %u octets",
					table[i].file, n);
			free(copy);
		}
		check(&table[i], got, &fault);
		if (got == ACCEPT || got == REFUSE)
			assert_int_equal(consumed, n - 1);
		free((void *)bytes.p);
	}
}

static void the_unfinished_baddn_is_refused_once_its_head_ends(void **state)
{
	struct expected e = {"baddn", REFUSE, 400, "uri_scheme"};
	struct view bytes = sip_test_file("baddn");
	uint8_t *copy = malloc(bytes.len + 2);
	struct sip_fault fault;
	uint32_t consumed;

	assert_non_null(copy);
	memcpy(copy, bytes.p, bytes.len);
	memcpy(copy + bytes.len, "\r\n", 2);
	check(&e, judge(view_make(copy, bytes.len + 2), &consumed, &fault), &fault);
	free(copy);
	free((void *)bytes.p);
}

static void dblreq_is_two_messages_on_a_stream(void **state)
{
	struct view bytes = sip_test_file("dblreq");
	struct view rest = bytes;
	struct sip_fault fault;
	uint32_t consumed;

	assert_int_equal(judge(rest, &consumed, &fault), ACCEPT);
	assert_int_equal(message.method, SIP_REGISTER);
	assert_int_equal(message.body.len, 0);
	rest = view_sub(rest, consumed, UINT32_MAX);
	assert_int_equal(judge(rest, &consumed, &fault), ACCEPT);
	assert_int_equal(message.method, SIP_INVITE);
	assert_int_equal(message.body.len, 150);
	assert_true(view_starts(message.bytes, VIEW("INVITE ")));
	/* Its length is short of its body: what is left over begins nothing. */
	rest = view_sub(rest, consumed, UINT32_MAX);
	assert_int_equal(judge(rest, &consumed, &fault), CLOSE);
	assert_string_equal(fault.fault.cause, "start_line");
	free((void *)bytes.p);
}

static void read_file(const char *name)
{
	static struct view bytes;
	struct sip_fault fault;
	uint32_t consumed;

	free((void *)bytes.p);
	bytes = sip_test_file(name);
	assert_int_equal(judge(bytes, &consumed, &fault), ACCEPT);
}

static uint32_t count(enum sip_header_name name)
{
	uint32_t n = 0;

	while (sip_header_find(&message, name, n))
		n++;
	return n;
}

#define assert_view(v, text) assert_true(view_equal(v, view_of(text)))

static void odd_but_valid_elements_are_read_as_meant(void **state)
{
	struct view value;

	read_file("wsinv");
	assert_view(message.from.display, "\"J Rosenberg \\\\\\\"\"");
	assert_view(message.from.tag, "98asjd8");
	assert_view(message.to.tag, "1918181833n");
	assert_int_equal(message.max_forwards, 68);
	assert_int_equal(message.cseq, 9);
	assert_view(message.via.host, "192.0.2.2");
	assert_view(message.via.branch, "390skdjuw");
	assert_int_equal(count(SIP_HEADER_VIA), 2);
	assert_int_equal(sip_header_find(&message, SIP_HEADER_SUBJECT, 0)->value.len, 0);

	read_file("intmeth");
	assert_view(message.uri.user, "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*");
	assert_view(message.uri.password, "&it+has=1,weird!*pas$wo~d_too.(doesn't-it)");
	assert_view(message.from.display, "token1~` token2'+_ token3*%!.-");
	assert_view(message.from.tag, "_token~1'+`*%!-.");
	assert_int_equal(message.method, SIP_METHOD_OTHER);

	read_file("esc01");
	assert_view(message.uri.user, "sips%3Auser%40example.com");
	assert_view(message.uri.host, "example.net");

	read_file("esc02");
	assert_int_equal(count(SIP_HEADER_CONTACT), 2);

	read_file("longreq");
	assert_int_equal(count(SIP_HEADER_VIA), 34);
	assert_int_equal(message.via.branch.len, 0);

	read_file("semiuri");
	assert_view(message.uri.user, "user;par=u%40example.net");
	assert_view(message.uri.host, "example.com");
	assert_int_equal(message.uri.params.len, 0);

	read_file("noreason");
	assert_int_equal(message.code, 100);
	assert_int_equal(message.reason.len, 0);

	read_file("novelsc");
	assert_int_equal(message.uri.scheme, SIP_SCHEME_OTHER);
	assert_view(message.uri.scheme_text, "soap.beep");

	read_file("mpart01");
	assert_int_equal(message.body.len, 553);

	read_file("lwsdisp");
	assert_view(message.from.display, "caller");
	assert_false(sip_uri_param(&message.uri, VIEW("lr"), &value));
	read_file("zeromf");
	assert_true(message.has_max_forwards);
	assert_int_equal(message.max_forwards, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_file_meets_its_verdict),
		cmocka_unit_test(octet_by_octet_gives_the_same_verdict_as_whole),
		cmocka_unit_test(the_unfinished_baddn_is_refused_once_its_head_ends),
		cmocka_unit_test(dblreq_is_two_messages_on_a_stream),
		cmocka_unit_test(odd_but_valid_elements_are_read_as_meant),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
