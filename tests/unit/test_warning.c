/* SPDX-License-Identifier: BSD-3-Clause */
/* Failures without an answer, told on the other side. */
#include "tests/unit/test.h"

#include <stdio.h>

#include "control/parcel/warning.h"

static bool says(struct view text, const char *words)
{
	return text.len && memmem(text.p, text.len, words, strlen(words)) != NULL;
}

static void every_outcome_has_its_condition_and_says_what_is_known(void **state)
{
	static const struct {
		enum sip_outcome outcome;
		uint16_t code;
		enum stanza_condition condition;
		const char *words;
	} cases[] = {
		{SIP_TIMED_OUT, 0, STANZA_REMOTE_SERVER_TIMEOUT, "may have been delivered"},
		{SIP_BROKEN, 0, STANZA_REMOTE_SERVER_TIMEOUT, "may have been delivered"},
		{SIP_UNREACHABLE, 0, STANZA_REMOTE_SERVER_TIMEOUT, "not delivered"},
		{SIP_UNTRUSTED, 0, STANZA_REMOTE_SERVER_NOT_FOUND, "not delivered"},
		{SIP_NO_SERVER, 0, STANZA_REMOTE_SERVER_NOT_FOUND, "not delivered"},
		{SIP_SRV_CONFLICT, 0, STANZA_REMOTE_SERVER_TIMEOUT, "not delivered"},
		{SIP_RESPONDED, 404, STANZA_ITEM_NOT_FOUND, "Not Found"},
		{SIP_RESPONDED, 480, STANZA_RECIPIENT_UNAVAILABLE, "Temporarily Unavailable"},
		{SIP_RESPONDED, 503, STANZA_INTERNAL_SERVER_ERROR, "Service Unavailable"},
		{SIP_RESPONDED, 302, STANZA_REDIRECT, "Moved Temporarily"},
		{SIP_RESPONDED, 603, STANZA_RECIPIENT_UNAVAILABLE, "Decline"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct stanza_error error;

		if (!stanza_error_from_outcome(cases[i].outcome, cases[i].code, &error) ||
			error.condition != cases[i].condition || !says(error.text, cases[i].words))
			fail_msg("outcome %d, %u: %s '%.*s'", cases[i].outcome, cases[i].code,
				stanza_condition_name(error.condition), VIEW_ARG(error.text));
	}
}

static void a_success_is_no_error(void **state)
{
	struct stanza_error error;

	assert_false(stanza_error_from_outcome(SIP_RESPONDED, 200, &error));
	assert_false(stanza_error_from_outcome(SIP_RESPONDED, 202, &error));
	assert_false(stanza_error_from_outcome(SIP_RESPONDED, 299, &error));
}

static void every_fate_has_its_answer(void **state)
{
	static const struct {
		enum xmpp_fate fate;
		uint16_t code;
		const char *reason, *words;
		bool retry;
	} cases[] = {
		{XMPP_NOT_FOUND, 404, "Not Found", "not delivered", false},
		{XMPP_UNREACHABLE, 504, "Server Time-out", "not delivered", false},
		{XMPP_NOT_TRUSTED, 502, "Bad Gateway", "not delivered", false},
		{XMPP_QUEUE_FULL, 500, "Server Internal Error", "not delivered", true},
		{XMPP_NO_ROOM, 500, "Server Internal Error", "not delivered", true},
		{XMPP_STREAM_LOST, 504, "Server Time-out", "may have been delivered", false},
		{XMPP_NO_SERVER, 404, "Not Found", "not delivered", false},
		{XMPP_SRV_CONFLICT, 504, "Server Time-out", "not delivered", false},
	};
	struct sip_answer answer;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (!sip_answer_from_fate(cases[i].fate, &answer) || answer.code != cases[i].code ||
			strcmp(answer.reason, cases[i].reason) != 0 ||
			!says(answer.warning, cases[i].words) ||
			(answer.retry_after_s > 0) != cases[i].retry)
			fail_msg("fate %d: %u '%.*s'", cases[i].fate, answer.code,
				VIEW_ARG(answer.warning));
	assert_false(sip_answer_from_fate(XMPP_WRITTEN, &answer));
}

static void every_outcome_has_its_answer_for_a_sip_sender(void **state)
{
	static const struct {
		enum sip_outcome outcome;
		uint16_t code;
		const char *reason, *words;
		enum reason why;
	} cases[] = {
		{SIP_TIMED_OUT, 504, "Server Time-out", "may have been delivered", REASON_none},
		{SIP_BROKEN, 504, "Server Time-out", "may have been delivered", REASON_none},
		{SIP_UNREACHABLE, 504, "Server Time-out", "not delivered", REASON_none},
		{SIP_UNTRUSTED, 502, "Bad Gateway", "not delivered", REASON_none},
		{SIP_NO_SERVER, 404, "Not Found", "not delivered", REASON_srv_missing},
		{SIP_SRV_CONFLICT, 504, "Server Time-out", "not delivered", REASON_srv_conflict},
	};
	struct sip_message response = {.code = 299};
	struct sip_answer answer;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		sip_answer_from_outcome(cases[i].outcome, NULL, &answer);
		if (answer.code != cases[i].code || strcmp(answer.reason, cases[i].reason) != 0 ||
			!says(answer.warning, cases[i].words) || answer.why != cases[i].why)
			fail_msg("outcome %d: %u '%.*s'", cases[i].outcome, answer.code,
				VIEW_ARG(answer.warning));
	}
	sip_answer_from_outcome(SIP_RESPONDED, &response, &answer);
	assert_int_equal(answer.code, 200);
	assert_string_equal(answer.reason, "OK");
	/* Whatever is said, it is a final code that a standard has. */
	for (response.code = 200; response.code < 700; response.code++) {
		sip_answer_from_outcome(SIP_RESPONDED, &response, &answer);
		if (answer.code / 100 == 3 || answer.code == 401 || answer.code == 407 ||
			answer.code == 408 || answer.code == 503 || !sip_code_is_known(answer.code))
			fail_msg("%u: %u", response.code, answer.code);
	}
}

static void an_error_stanza_has_its_answer(void **state)
{
	struct stanza_error error = {STANZA_ITEM_NOT_FOUND, VIEW("who?")};
	struct sip_answer answer = sip_answer_from_stanza(&error);

	assert_int_equal(answer.code, 404);
	assert_string_equal(answer.reason, "Not Found");
	assert_true(view_equal(answer.warning, VIEW("who?")));
	assert_int_equal(answer.retry_after_s, 0);
	error = (struct stanza_error){STANZA_RESOURCE_CONSTRAINT, {0}};
	answer = sip_answer_from_stanza(&error);
	assert_int_equal(answer.code, 500);
	assert_true(answer.retry_after_s > 0);
}

static void headers_quote_and_bound_what_they_say(void **state)
{
	static char long_text[300];
	static const struct {
		struct view text, agent;
		uint32_t retry_after_s;
		const char *headers;
	} cases[] = {
		{VIEW("Gone."), VIEW("edge.example"), 0, "Warning: 399 edge.example \"Gone.\"\r\n"},
		{VIEW("a \"b\" \\c"), VIEW("e"), 30,
			"Warning: 399 e \"a \\\"b\\\" \\\\c\"\r\nRetry-After: 30\r\n"},
		{VIEW("a\r\nX-Evil: 1\r\n\r\n\0z"), VIEW("e"), 0,
			"Warning: 399 e \"a X-Evil: 1 z\"\r\n"},
		{VIEW("gr\xc3\xbc\xc3\x9f"), VIEW("e"), 0,
			"Warning: 399 e \"gr\xc3\xbc\xc3\x9f\"\r\n"},
		{VIEW("a\xff"), VIEW("e"), 5, "Retry-After: 5\r\n"},
		{VIEW("a"), VIEW("e\r\nX: y"), 0, ""},
		{VIEW("a"), VIEW(""), 0, ""},
		{VIEW(" \r\n "), VIEW("e"), 0, ""},
		{VIEW(""), VIEW("e"), 0, ""},
	};
	struct sip_answer answer = {.warning = view_make(long_text, sizeof(long_text))};
	char buffer[512];
	struct text out;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct sip_answer a = {
			.warning = cases[i].text, .retry_after_s = cases[i].retry_after_s};

		text_fixed(&out, buffer, sizeof(buffer));
		sip_answer_put_headers(&a, cases[i].agent, &out);
		if (strcmp(buffer, cases[i].headers) != 0)
			fail_msg("case %zu: '%s'", i, buffer);
	}
	memset(long_text, 'a', sizeof(long_text));
	text_fixed(&out, buffer, sizeof(buffer));
	sip_answer_put_headers(&answer, VIEW("e"), &out);
	assert_int_equal(out.len, sizeof("Warning: 399 e \"\"\r\n") - 1 + WARNING_TEXT_MAX_BYTES);
}

static void reasons_of_decisions_have_their_id(void **state)
{
	static const struct {
		enum xmpp_fate fate;
		struct view agent;
		const char *id;
	} cases[] = {
		{XMPP_NO_SERVER, VIEW("e"), "1008"},
		{XMPP_SRV_CONFLICT, VIEW("e"), "1009"},
		{XMPP_SRV_CONFLICT, VIEW("e\"\r\nX: y"), NULL},
		{XMPP_NOT_FOUND, VIEW("e"), NULL},
		{XMPP_UNREACHABLE, VIEW("e"), NULL},
	};
	char buffer[512];
	char header[256];
	struct text out;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sip_answer answer;

		assert_true(sip_answer_from_fate(cases[i].fate, &answer));
		text_fixed(&out, buffer, sizeof(buffer));
		text_puts(&out, "");
		sip_answer_put_headers(&answer, cases[i].agent, &out);
		snprintf(header, sizeof(header),
			"ms-diagnostics-public: %s;reason=\"%s\";source=\"e\"\r\n",
			cases[i].id ? cases[i].id : "", reason_text(answer.why)->outside);
		if (cases[i].id ? !strstr(buffer, header)
				: strstr(buffer, "ms-diagnostics") != NULL)
			fail_msg("case %zu: '%s'", i, buffer);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_outcome_has_its_condition_and_says_what_is_known),
		cmocka_unit_test(a_success_is_no_error),
		cmocka_unit_test(every_fate_has_its_answer),
		cmocka_unit_test(every_outcome_has_its_answer_for_a_sip_sender),
		cmocka_unit_test(an_error_stanza_has_its_answer),
		cmocka_unit_test(headers_quote_and_bound_what_they_say),
		cmocka_unit_test(reasons_of_decisions_have_their_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
