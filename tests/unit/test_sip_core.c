/* SPDX-License-Identifier: BSD-3-Clause */
/* The UAS core: which check answers, with what, in which order. */
#include "tests/unit/test.h"

#include "control/sip/core.h"
#include "tests/unit/sip_data.h"

static struct sip_message message;
static struct sip_decision decision;

static bool owns_sip_example(void *arg, struct view host)
{
	return view_equal_nocase(host, VIEW("sip.example"));
}

static const struct sip_asker inside = {.owns = owns_sip_example, .own_branch = VIEW("z9hG4bKpk7")};

static void decide(struct view bytes, const struct sip_asker *asker)
{
	struct sip_fault fault;
	uint32_t consumed;

	if (sip_message_parse(bytes, &message, &consumed, &fault) != PARSE_DONE)
		fail_msg("not parsed: %s", fault.fault.cause);
	sip_core_decide(&message, asker, &decision);
}

static void the_torture_messages_get_their_answers(void **state)
{
	static const struct {
		const char *file;
		uint16_t code;
		const char *cause;
	} table[] = {
		{"intmeth", 501, "method_unknown"},
		{"esc02", 501, "method_unknown"},
		{"wsinv", 481, "no_dialog"},
		{"longreq", 405, "method_not_allowed"},
		{"escnull", 405, "method_not_allowed"},
		{"semiuri", 200, NULL},
		{"lwsdisp", 200, NULL},
		{"transports", 200, NULL},
		{"mpart01", 415, "content_type_unsupported"},
		{"badbranch", 400, "branch_empty"},
		{"unkscm", 416, "request_uri_scheme"},
		{"novelsc", 416, "request_uri_scheme"},
		{"unksm2", 405, "method_not_allowed"},
		{"bext01", 420, "extension"},
		{"invut", 405, "method_not_allowed"},
		{"regaut01", 405, "method_not_allowed"},
		{"zeromf", 483, "max_forwards_zero"},
		{"cparam01", 405, "method_not_allowed"},
		{"sdp01", 405, "method_not_allowed"},
	};
	const struct sip_asker anybody = {0};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct view bytes = sip_test_file(table[i].file);

		decide(bytes, &anybody);
		if (decision.fate != SIP_FATE_ANSWER || decision.code != table[i].code ||
			(table[i].cause && strcmp(table[i].cause, decision.cause) != 0))
			fail_msg("%s: %d %u %s", table[i].file, decision.fate, decision.code,
				decision.cause ? decision.cause : "-");
		free((void *)bytes.p);
	}
}

static const struct bend {
	const char *from, *to;
	uint16_t code; /* 0: taken */
	const char *cause, *extra;
} bends[] = {
	{"", "", 0, NULL, NULL},
	{"sip.example>", "SIP.Example.>", 0, NULL, NULL},
	{"charset=UTF-8", "charset=utf-8", 0, NULL, NULL},
	{"charset=UTF-8", "charset=\"US-ASCII\"", 0, NULL, NULL},
	{";charset=UTF-8", " ; charset = ISO-8859-1", 0, NULL, NULL},
	{";charset=UTF-8", "", 0, NULL, NULL},
	{"text/plain;charset=UTF-8", "TEXT / PLAIN", 0, NULL, NULL},
	{"Max-Forwards: 70\r\n", "", 0, NULL, NULL},
	{"Max-", "Content-Encoding: identity\r\nMax-", 0, NULL, NULL},
	{"Max-", "P-Asserted-Identity: <sip:x@sip.example>, <tel:+1>\r\nMax-", 0, NULL, NULL},
	{"Max-", "Contact: <sip:x@10.0.0.1>\r\nMax-", 0, NULL, NULL},

	{";tag=49583", "", 400, "from_tag_missing", NULL},
	{"z9hG4bK776sgdkse", "z9hG4bK", 400, "branch_empty", NULL},
	{"MESSAGE sip:", "MESSAGE sips:", 416, "request_uri_scheme", NULL},
	{"MESSAGE sip:juliet@xmpp.example", "MESSAGE tel:+1", 416, "request_uri_scheme", NULL},
	{"Forwards: 70", "Forwards: 0", 483, "max_forwards_zero", NULL},
	{"Max-", "Via: SIP/2.0/TLS x.example;branch=z9hG4bKpk7abc\r\nMax-", 482, "loop", NULL},
	{"Max-", "v: SIP/2.0/TLS y.example, SIP/2.0/TLS x.example;branch=z9hG4bKpk7\r\nMax-", 482,
		"loop", NULL},
	{"Max-", "Require: a, b\r\nProxy-Require: c\r\nMax-", 420, "extension",
		"Unsupported: c, a, b\r\n"},
	{"Max-", "Require: \"x\"\r\nMax-", 420, "extension", ""},
	{"sip:romeo@sip.example", "sip:romeo@other.example", 403, "from_not_of_peer", NULL},
	{"sip:romeo@sip.example", "sip:romeo@x.sip.example", 403, "from_not_of_peer", NULL},
	{"sip:romeo@sip.example", "sip:sip.example@evil.example", 403, "from_not_of_peer", NULL},
	{"sip:romeo@sip.example", "tel:+1", 403, "from_not_of_peer", NULL},
	{"Max-", "P-Asserted-Identity: <sip:x@sip.example>, sip:y@other.example\r\nMax-", 403,
		"identity_not_of_peer", NULL},
	{"Max-", "P-Asserted-Identity: <sip:x\r\nMax-", 403, "identity_not_of_peer", NULL},
	{"Max-", "P-Asserted-Identity: <http://sip.example/>\r\nMax-", 403, "identity_not_of_peer",
		NULL},
	{"juliet@xmpp.example>", "juliet@xmpp.example>;tag=9", 481, "no_dialog", NULL},
	{"text/plain;charset=UTF-8", "text/html", 415, "content_type_unsupported",
		"Accept: text/plain\r\n"},
	{"charset=UTF-8", "charset=utf-16", 415, "content_type_unsupported",
		"Accept: text/plain\r\n"},
	{"text/plain;charset=UTF-8", "text", 400, "content_type", NULL},
	{"text/plain;charset=UTF-8", "text/plain;charset", 400, "content_type", NULL},
	{"Content-Type: text/plain;charset=UTF-8\r\n", "", 400, "content_type_missing", NULL},
	{"Max-", "Content-Encoding: identity, gzip\r\nMax-", 415, "content_encoding",
		"Accept-Encoding: identity\r\n"},
};

static void a_message_is_taken_or_answered(void **state)
{
	for (size_t i = 0; i < sizeof(bends) / sizeof(bends[0]); i++) {
		const struct bend *b = &bends[i];
		struct view bytes = sip_test_bend(SIP_TEST_MESSAGE, b->from, b->to);

		decide(bytes, &inside);
		if (decision.fate != (b->code ? SIP_FATE_ANSWER : SIP_FATE_TAKE) ||
			decision.code != b->code ||
			(b->cause && strcmp(b->cause, decision.cause) != 0))
			fail_msg("'%s': %d %u %s", b->to, decision.fate, decision.code,
				decision.cause ? decision.cause : "-");
		if (b->extra && !view_equal(view_make(decision.extra, decision.extra_len),
					view_of(b->extra)))
			fail_msg("'%s': %.*s", b->to, (int)decision.extra_len, decision.extra);
		if (decision.code)
			assert_true(decision.reason[0]);
		free((void *)bytes.p);
	}
}

/* The test message as a request of another method. */
static struct view as_method(const char *method, const char *to_tag)
{
	char text[2048];

	snprintf(text, sizeof(text),
		"%s sip:juliet@xmpp.example SIP/2.0\r\n"
		"Via: SIP/2.0/TLS 192.0.2.7;branch=z9hG4bK7\r\n"
		"From: <sip:romeo@sip.example>;tag=1\r\nTo: <sip:juliet@xmpp.example>%s\r\n"
		"Call-ID: x\r\nCSeq: 1 %s\r\nContent-Length: 0\r\n\r\n",
		method, to_tag, method);
	return sip_test_bend(text, "", "");
}

static void every_method_is_answered_properly(void **state)
{
	static const struct {
		const char *method, *to_tag;
		uint16_t code;
		bool allow;
	} table[] = {
		{"OPTIONS", "", 200, true},
		{"OPTIONS", ";tag=1", 481, false},
		{"INVITE", "", 405, true},
		{"INVITE", ";tag=1", 481, false},
		{"REGISTER", "", 405, true},
		{"PUBLISH", "", 405, true},
		{"REFER", "", 405, true},
		{"SUBSCRIBE", "", 489, false},
		{"SUBSCRIBE", ";tag=1", 481, false},
		{"NOTIFY", "", 481, false},
		{"NOTIFY", ";tag=1", 481, false},
		{"BYE", ";tag=1", 481, false},
		{"CANCEL", "", 481, false},
		{"INFO", ";tag=1", 481, false},
		{"PRACK", ";tag=1", 481, false},
		{"UPDATE", ";tag=1", 481, false},
		{"message", "", 501, true},
		{"X-NEW", "", 501, true},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct view bytes = as_method(table[i].method, table[i].to_tag);

		decide(bytes, &inside);
		if (decision.fate != SIP_FATE_ANSWER || decision.code != table[i].code)
			fail_msg("%s%s: %u", table[i].method, table[i].to_tag, decision.code);
		if (view_starts(view_make(decision.extra, decision.extra_len),
			    VIEW("Allow: MESSAGE, OPTIONS\r\n")) != table[i].allow)
			fail_msg("%s: %.*s", table[i].method, (int)decision.extra_len,
				decision.extra);
		free((void *)bytes.p);
	}
}

static void an_ack_is_never_answered(void **state)
{
	struct view bytes = as_method("ACK", ";tag=1");

	decide(bytes, &inside);
	assert_int_equal(decision.fate, SIP_FATE_IGNORE);
	free((void *)bytes.p);
}

static void options_tell_what_we_speak(void **state)
{
	struct view bytes = as_method("OPTIONS", "");

	decide(bytes, &inside);
	assert_true(view_equal(view_make(decision.extra, decision.extra_len),
		VIEW("Allow: MESSAGE, OPTIONS\r\nAccept: text/plain\r\n"
		     "Accept-Encoding: identity\r\n")));
	assert_null(decision.cause);
	free((void *)bytes.p);
}

static void options_to_the_edge_itself_need_no_hops_left(void **state)
{
	struct view bytes =
		sip_test_bend("OPTIONS sip:xmpp.example SIP/2.0\r\n"
			      "Via: SIP/2.0/TLS 192.0.2.7;branch=z9hG4bK7\r\n"
			      "Max-Forwards: 0\r\n"
			      "From: <sip:romeo@sip.example>;tag=1\r\nTo: <sip:xmpp.example>\r\n"
			      "Call-ID: x\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n",
			"", "");

	decide(bytes, &inside);
	assert_int_equal(decision.code, 200);
	free((void *)bytes.p);
}

static void a_merged_request_is_refused_before_its_content_is_read(void **state)
{
	struct sip_asker merged = inside;
	struct view bytes = sip_test_bend(SIP_TEST_MESSAGE, "text/plain", "text/html");

	merged.merged = true;
	decide(bytes, &merged);
	assert_int_equal(decision.code, 482);
	assert_string_equal(decision.cause, "merged");
	free((void *)bytes.p);
}

static void a_list_of_options_too_long_to_repeat_is_still_refused(void **state)
{
	static char line[4096] = "Require: a";
	struct view bytes;

	for (int i = 0; i < 1000; i++)
		strcat(line, ",bc");
	strcat(line, "\r\nMax-");
	bytes = sip_test_bend(SIP_TEST_MESSAGE, "Max-", line);
	decide(bytes, &inside);
	assert_int_equal(decision.code, 420);
	assert_int_equal(decision.extra_len, 0);
	free((void *)bytes.p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_torture_messages_get_their_answers),
		cmocka_unit_test(a_message_is_taken_or_answered),
		cmocka_unit_test(every_method_is_answered_properly),
		cmocka_unit_test(an_ack_is_never_answered),
		cmocka_unit_test(options_tell_what_we_speak),
		cmocka_unit_test(options_to_the_edge_itself_need_no_hops_left),
		cmocka_unit_test(a_merged_request_is_refused_before_its_content_is_read),
		cmocka_unit_test(a_list_of_options_too_long_to_repeat_is_still_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
