/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages between the two sides, as the session passes them on. */
#include "tests/unit/test.h"

#include "tests/unit/session_house.h"

static void whom_the_two_sides_prove_is_passed_on(void **state)
{
	struct session *session = *state;
	const struct partner *partner = ruleset_partner(rules, VIEW("partner.example"));

	assert_non_null(partner);
	/* Nobody wants to hear of it yet. */
	xmpp.verified(xmpp.arg, 7, VIEW("partner.example"));
	session_verdicts(session, (struct verdicts *)&proven);
	xmpp.verified(xmpp.arg, 8, VIEW("stranger.example"));
	assert_int_equal(proven.fd, 0);
	xmpp.verified(xmpp.arg, 8, VIEW("partner.example"));
	assert_int_equal(proven.fd, 8);
	assert_int_equal(proven.id, partner->id);
	assert_string_equal(proven.domain, "partner.example");
	xmpp.verified(xmpp.arg, 8, VIEW("chat.group.example"));
	assert_int_equal(proven.id, ruleset_partner(rules, VIEW("group.example"))->id);
	assert_string_equal(proven.domain, "chat.group.example");
	sip.verified(sip.arg, 9, VIEW("partner.example"));
	assert_int_equal(proven.fd, 9);
	assert_int_equal(proven.id, partner->id);
	assert_string_equal(proven.domain, "partner.example");
}

static void a_message_goes_to_the_name_that_it_is_for(void **state)
{
	message_in("sip:alice@Chat.Group.example", "hello");
	assert_int_equal(sent_count, 1);
	assert_string_equal(sent[0].remote, "chat.group.example");
	assert_string_equal(sent_attribute(0, "to"), "alice@chat.group.example");
	xmpp.fate(xmpp.arg, sent[0].cookie, XMPP_WRITTEN);
	pass_ms(0);
	/* And so does the ping behind it. */
	assert_int_equal(sent_count, 2);
	assert_string_equal(sent[1].remote, "chat.group.example");
	assert_string_equal(sent_attribute(1, "to"), "chat.group.example");
}

static void a_sip_message_is_accepted_once_ping_and_grace_are_over(void **state)
{
	message_in_with(
		"sip:alice@partner.example", "Subject: lunch\r\nContent-Language: de\r\n", "a < b");
	assert_int_equal(sent_count, 1);
	assert_string_equal(sent[0].remote, "partner.example");
	assert_non_null(strstr(sent[0].stanza, "<body>a &lt; b</body>"));
	assert_non_null(strstr(sent[0].stanza, "<subject>lunch</subject>"));
	assert_non_null(strstr(sent[0].stanza, "<thread>call-1@host</thread>"));
	assert_string_equal(sent_attribute(0, "to"), "alice@partner.example");
	assert_string_equal(sent_attribute(0, "from"), "bob@corp.example");
	assert_string_equal(sent_attribute(0, "xml:lang"), "de");
	xmpp.fate(xmpp.arg, sent[0].cookie, XMPP_WRITTEN);
	pass_ms(0);
	assert_int_equal(sent_count, 2);
	assert_non_null(strstr(sent[1].stanza, "urn:xmpp:ping"));
	assert_int_equal(response.count, 0);
	pong(1);
	pass_ms(99);
	assert_int_equal(response.count, 0);
	pass_ms(1);
	assert_int_equal(response.code, 202);
	assert_int_equal(forgotten, sent[0].cookie);
}

static void an_error_stanza_decides_the_sip_code(void **state)
{
	static const struct {
		const char *condition;
		uint16_t code;
	} cases[] = {{"service-unavailable", 480}, {"item-not-found", 404}, {"forbidden", 403},
		{"remote-server-timeout", 504}, {"policy-violation", 403}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		sent_count = 0;
		message_in("sip:alice@partner.example", "x");
		xmpp.fate(xmpp.arg, sent[0].cookie, XMPP_WRITTEN);
		error_in(0, cases[i].condition);
		if (response.code != cases[i].code)
			fail_msg("%s: %u", cases[i].condition, response.code);
	}
}

static void an_error_from_somebody_else_decides_nothing(void **state)
{
	char stanza[1024];

	message_in("sip:alice@partner.example", "x");
	xmpp.fate(xmpp.arg, sent[0].cookie, XMPP_WRITTEN);
	snprintf(stanza, sizeof(stanza),
		"<message from='eve@partner.example' to='bob@corp.example' type='error' id='%s'><error "
		"type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>",
		sent_attribute(0, "id"));
	stanza_in(stanza);
	assert_int_equal(response.count, 0);
	assert_int_equal(counter_get("session", "unmatched_errors"), 1);
}

static void a_fate_before_writing_is_told_with_its_code(void **state)
{
	static const struct {
		enum xmpp_fate fate;
		uint16_t code;
	} cases[] = {{XMPP_NOT_FOUND, 404}, {XMPP_UNREACHABLE, 504}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		sent_count = 0;
		message_in("sip:alice@partner.example", "x");
		xmpp.fate(xmpp.arg, sent[0].cookie, cases[i].fate);
		if (response.code != cases[i].code)
			fail_msg("fate %d: %u", cases[i].fate, response.code);
	}
}

static void a_stream_that_breaks_behind_a_message_is_504_and_says_that_it_may_have_arrived(
	void **state)
{
	message_in("sip:alice@partner.example", "x");
	xmpp.fate(xmpp.arg, sent[0].cookie, XMPP_WRITTEN);
	xmpp.fate(xmpp.arg, sent[0].cookie, XMPP_STREAM_LOST);
	assert_int_equal(response.code, 504);
	assert_non_null(strstr(response.extra, "Warning: 399 corp.example \""));
}

static void no_answer_to_the_ping_is_504(void **state)
{
	message_in("sip:alice@partner.example", "x");
	xmpp.fate(xmpp.arg, sent[0].cookie, XMPP_WRITTEN);
	pass_ms(4999);
	assert_int_equal(response.count, 0);
	pass_ms(2);
	assert_int_equal(response.code, 504);
}

static void where_a_message_may_not_go_is_refused_at_once(void **state)
{
	static const struct {
		const char *to;
		uint16_t code;
	} cases[] = {
		{"sip:x@blocked.example", 403},
		{"sip:x@deep.below.blocked.example", 403},
		{"sip:x@unknown.example", 403},
		{"sip:carol@corp.example", 482},
		{"sip:partner.example", 404},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		message_in(cases[i].to, "x");
		if (response.code != cases[i].code)
			fail_msg("%s: %u", cases[i].to, response.code);
	}
	assert_int_equal(sent_count, 0);
	assert_int_equal(response.count, sizeof(cases) / sizeof(cases[0]));
}

static void a_stop_answers_every_requester(void **state)
{
	message_in("sip:alice@partner.example", "written");
	xmpp.fate(xmpp.arg, sent[0].cookie, XMPP_WRITTEN);
	message_in("sip:alice@partner.example", "queued");
	session_stop(*state);
	assert_int_equal(response.count, 2);
	assert_int_equal(response.code, 504);
}

/* ---- XMPP to SIP ----------------------------------------------------------------------------- */

static void an_xmpp_message_becomes_a_request(void **state)
{
	stanza_in(HELLO("a1"));
	assert_int_equal(request_count, 1);
	assert_string_equal(requests[0].uri, "sip:bob@corp.example");
	assert_string_equal(requests[0].from, "sip:alice@partner.example");
	assert_string_equal(requests[0].body, "salut & ciao");
	assert_non_null(strstr(requests[0].extra, "Subject: s\r\n"));
	assert_non_null(strstr(requests[0].extra, "Content-Language: fr\r\n"));
	answer(0, SIP_RESPONDED, 200);
	assert_int_equal(sent_count, 0);
}

static void a_sip_refusal_comes_back_with_the_senders_id(void **state)
{
	static const struct {
		enum sip_outcome outcome;
		uint16_t code;
		const char *condition;
	} cases[] = {
		{SIP_RESPONDED, 404, "<item-not-found"},
		{SIP_RESPONDED, 480, "<recipient-unavailable"},
		{SIP_RESPONDED, 403, "<forbidden"},
		{SIP_RESPONDED, 500, "<internal-server-error"},
		{SIP_TIMED_OUT, 0, "<remote-server-timeout"},
		{SIP_BROKEN, 0, "<remote-server-timeout"},
	};

	for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		sent_count = 0;
		stanza_in(HELLO("mine"));
		answer(i, cases[i].outcome, cases[i].code);
		assert_int_equal(sent_count, 1);
		assert_string_equal(sent_attribute(0, "id"), "mine");
		assert_string_equal(sent_attribute(0, "type"), "error");
		assert_string_equal(sent_attribute(0, "to"), "alice@partner.example/home");
		assert_string_equal(sent_attribute(0, "from"), "bob@corp.example");
		if (!strstr(sent[0].stanza, cases[i].condition))
			fail_msg("case %u: %s", i, sent[0].stanza);
	}
}

static int64_t lanes_of(struct session *session)
{
	json_t *shown = session_json(session);
	int64_t lanes = json_integer_value(json_object_get(shown, "lanes"));

	json_decref(shown);
	return lanes;
}

static void two_messages_to_one_user_are_never_in_flight_together(void **state)
{
	stanza_in(HELLO("a1"));
	stanza_in(HELLO("a2"));
	stanza_in(
		"<message from='anna@partner.example' to='bob@corp.example'><body>other</body></message>");
	assert_int_equal(request_count, 2);
	assert_string_equal(requests[1].body, "other");
	answer(0, SIP_RESPONDED, 202);
	assert_int_equal(request_count, 3);
	answer(2, SIP_RESPONDED, 200);
	answer(1, SIP_RESPONDED, 200);
	assert_int_equal(lanes_of(*state), 0);
}

static void nobody_waits_behind_a_user_who_does_not_answer(void **state)
{
	stanza_in(HELLO("a1"));
	stanza_in(HELLO("a2"));
	stanza_in(HELLO("a3"));
	answer(0, SIP_TIMED_OUT, 0);
	assert_int_equal(request_count, 1);
	assert_int_equal(sent_count, 3);
	assert_string_equal(sent_attribute(2, "id"), "a3");
	assert_non_null(strstr(sent[2].stanza, "<remote-server-timeout"));
	assert_int_equal(lanes_of(*state), 0);
}

static void a_lane_that_is_full_bounces_the_rest(void **state)
{
	for (int i = 0; i < 40; i++)
		stanza_in(HELLO("n"));
	assert_int_equal(request_count, 1);
	assert_int_equal(sent_count, 40 - 1 - 32);
	assert_non_null(strstr(sent[0].stanza, "<resource-constraint"));
	for (uint32_t i = 0; i < 33; i++)
		answer(i, SIP_RESPONDED, 200);
	assert_int_equal(counter_get("session", "xmpp_to_sip_delivered"), 33);
}

static void an_error_that_arrives_is_never_translated_or_answered(void **state)
{
	stanza_in(
		"<message from='alice@partner.example' to='bob@corp.example' type='error' id='zz'>"
		"<body>x</body><error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
		"</error></message>");
	assert_int_equal(request_count, 0);
	assert_int_equal(sent_count, 0);
}

static void a_message_without_text_is_left_alone(void **state)
{
	stanza_in(
		"<message from='alice@partner.example' to='bob@corp.example' type='chat'><composing "
		"xmlns='http://jabber.org/protocol/chatstates'/></message>");
	assert_int_equal(request_count, 0);
	assert_int_equal(sent_count, 0);
	assert_int_equal(counter_get("session", "xmpp_messages_without_text"), 1);
}

static void a_stop_tells_every_sender_whose_message_is_still_here(void **state)
{
	stanza_in(HELLO("sent"));
	stanza_in(HELLO("waits"));
	session_stop(*state);
	assert_int_equal(sent_count, 2);
	assert_string_equal(sent_attribute(0, "id"), "sent");
	assert_non_null(strstr(sent[0].stanza, "<remote-server-timeout"));
	assert_string_equal(sent_attribute(1, "id"), "waits");
	sent_count = 0;
}

/* ---- what our domain answers ----------------------------------------------------------------- */

static void a_ping_to_the_domain_gets_its_result(void **state)
{
	stanza_in("<iq from='partner.example' to='corp.example' type='get' id='p&amp;1'><ping "
		  "xmlns='urn:xmpp:ping'/></iq>");
	assert_int_equal(sent_count, 1);
	assert_string_equal(sent_attribute(0, "type"), "result");
	assert_string_equal(sent_attribute(0, "id"), "p&amp;1");
}

static void every_other_request_gets_one_service_unavailable(void **state)
{
	static const char *const requests_in[] = {
		"<iq from='alice@partner.example/x' to='bob@corp.example' type='get' id='q'><ping "
		"xmlns='urn:xmpp:ping'/></iq>",
		"<iq from='alice@partner.example/x' to='nobody@corp.example' type='get' id='q'><query "
		"xmlns='jabber:iq:last'/></iq>",
		"<iq from='alice@partner.example/x' to='corp.example' type='set' id='q'><x xmlns='urn:y'/></iq>",
		"<presence from='alice@partner.example' to='bob@corp.example' type='subscribe' id='q'/>",
	};

	for (size_t i = 0; i < sizeof(requests_in) / sizeof(requests_in[0]); i++) {
		sent_count = 0;
		stanza_in(requests_in[i]);
		assert_int_equal(sent_count, 1);
		assert_string_equal(sent_attribute(0, "type"), "error");
		assert_string_equal(sent_attribute(0, "id"), "q");
		assert_non_null(strstr(sent[0].stanza, "<service-unavailable"));
		/* Of the kind of the request: nobody looks for it in another one. */
		assert_memory_equal(sent[0].stanza, requests_in[i], 4);
	}
	sent_count = 0;
	stanza_in("<iq from='partner.example' to='corp.example' type='error' id='unknown'/>");
	stanza_in("<presence from='alice@partner.example' to='bob@corp.example'/>");
	assert_int_equal(sent_count, 0);
}

/* As long as the reader lets it be, and every byte five times as long when it is written. */
static void a_request_with_a_long_id_gets_its_answer_too(void **state)
{
	static char stanza[6 * READER_ATTRIBUTE_MAX_BYTES];
	static char id[5 * READER_ATTRIBUTE_MAX_BYTES + 1];

	for (int i = 0; i < READER_ATTRIBUTE_MAX_BYTES; i++)
		memcpy(id + 5 * i, "&amp;", 6);
	snprintf(stanza, sizeof(stanza),
		"<iq from='partner.example' to='corp.example' type='get' id='%s'><ping "
		"xmlns='urn:xmpp:ping'/></iq>",
		id);
	stanza_in(stanza);
	assert_int_equal(sent_count, 1);
	snprintf(stanza, sizeof(stanza),
		"<iq from='a@partner.example' to='b@corp.example' type='get' id='%s'><x "
		"xmlns='urn:y'/></iq>",
		id);
	stanza_in(stanza);
	assert_int_equal(sent_count, 2);
}

/* ---- who wrote how much ---------------------------------------------------------------------- */

/* One number of the first partner that wrote or was written to; -1 if there is none. */

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROW(whom_the_two_sides_prove_is_passed_on),
		ROW(a_message_goes_to_the_name_that_it_is_for),
		ROW(a_sip_message_is_accepted_once_ping_and_grace_are_over),
		ROW(an_error_stanza_decides_the_sip_code),
		ROW(an_error_from_somebody_else_decides_nothing),
		ROW(a_fate_before_writing_is_told_with_its_code),
		ROW(a_stream_that_breaks_behind_a_message_is_504_and_says_that_it_may_have_arrived),
		ROW(no_answer_to_the_ping_is_504),
		ROW(where_a_message_may_not_go_is_refused_at_once),
		ROW(a_stop_answers_every_requester),
		ROW(an_xmpp_message_becomes_a_request),
		ROW(a_sip_refusal_comes_back_with_the_senders_id),
		ROW(two_messages_to_one_user_are_never_in_flight_together),
		ROW(nobody_waits_behind_a_user_who_does_not_answer),
		ROW(a_lane_that_is_full_bounces_the_rest),
		ROW(an_error_that_arrives_is_never_translated_or_answered),
		ROW(a_message_without_text_is_left_alone),
		ROW(a_stop_tells_every_sender_whose_message_is_still_here),
		ROW(a_ping_to_the_domain_gets_its_result),
		ROW(every_other_request_gets_one_service_unavailable),
		ROW(a_request_with_a_long_id_gets_its_answer_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
