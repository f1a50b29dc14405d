/* SPDX-License-Identifier: BSD-3-Clause */
/* A domain that is reached by both protocols: by the preferred one, and by the other when nothing got out by that. */
#include "tests/unit/test.h"

#include "control/policy/explain.h"
#include "tests/unit/gate_house.h"

#define ALICE "sip:alice@partner.example"

static void both(void **state, const char *protocols, const char *more)
{
	char yaml[1024];

	snprintf(yaml, sizeof(yaml),
		"partners:\n  - {domain: partner.example, protocols: [%s]%s}\n", protocols, more);
	rules_say(*state, yaml);
}

/* What explain says of the way out. */
static void assert_explained(const char *words, const char *also)
{
	const struct explain_asked asked = {
		.from = "bob@corp.example", .to = "alice@partner.example"};
	char why[EXPLAIN_WHY_BYTES];
	json_t *all = explain_make(gate, rules, &asked, NULL, why);
	json_t *steps = json_object_get(all, "steps");
	const char *said = json_string_value(
		json_object_get(json_array_get(steps, json_array_size(steps) - 1), "words"));

	if (!said || !strstr(said, words) || !strstr(said, also))
		fail_msg("explained: %s", said ? said : "nothing");
	json_decref(all);
}

static const struct {
	enum xmpp_fate fate;
	uint16_t code; /* 0: it falls back */
} fates[] = {
	{XMPP_NOT_FOUND, 0},
	{XMPP_UNREACHABLE, 0},
	{XMPP_NOT_TRUSTED, 0},
	{XMPP_NO_SERVER, 0},
	{XMPP_SRV_CONFLICT, 0},
	{XMPP_QUEUE_FULL, 500},
	{XMPP_NO_ROOM, 500},
};

static void what_xmpp_does_not_take_goes_by_sip(void **state)
{
	uint64_t turned = 0;

	both(state, "xmpp, sip", "");
	for (size_t i = 0; i < sizeof(fates) / sizeof(fates[0]); i++) {
		sent_count = request_count = 0;
		memset(&response, 0, sizeof(response));
		message_in_with(ALICE, "Subject: lunch\r\n", "hello");
		assert_int_equal(sent_count, 1);
		assert_int_equal(request_count, 0);
		xmpp.fate(xmpp.arg, sent[0].cookie, fates[i].fate);
		if (response.code != fates[i].code || request_count != (fates[i].code == 0))
			fail_msg("fate %d: %u, %u requests", fates[i].fate, response.code,
				request_count);
		if (fates[i].code)
			continue;
		turned++;
		assert_string_equal(requests[0].remote, "partner.example");
		assert_string_equal(requests[0].body, "hello");
		assert_string_equal(requests[0].extra, "Subject: lunch\r\n");
		answer(0, SIP_RESPONDED, 200);
		assert_int_equal(response.code, 200);
		assert_int_equal(response.count, 1);
	}
	assert_int_equal(counter_get("session", "fell_back"), turned);
}

static void what_may_have_arrived_by_xmpp_does_not_go_again(void **state)
{
	both(state, "xmpp, sip", "");
	message_in(ALICE, "hello");
	xmpp.fate(xmpp.arg, sent[0].cookie, XMPP_WRITTEN);
	xmpp.fate(xmpp.arg, sent[0].cookie, XMPP_STREAM_LOST);
	assert_int_equal(response.code, 504);
	sent_count = 0;
	message_in(ALICE, "hello");
	xmpp.fate(xmpp.arg, sent[0].cookie, XMPP_WRITTEN);
	error_in(0, "service-unavailable");
	assert_int_equal(response.code, 480);
	sent_count = 0;
	message_in(ALICE, "hello");
	xmpp.fate(xmpp.arg, sent[0].cookie, XMPP_WRITTEN);
	pass_ms(6000);
	assert_int_equal(response.code, 504);
	assert_int_equal(response.count, 3);
	assert_int_equal(request_count, 0);
}

static const struct {
	enum sip_outcome outcome;
	uint16_t response, code; /* code 0: it falls back */
} outcomes[] = {
	{SIP_UNREACHABLE, 0, 0},
	{SIP_UNTRUSTED, 0, 0},
	{SIP_NO_SERVER, 0, 0},
	{SIP_SRV_CONFLICT, 0, 0},
	{SIP_TIMED_OUT, 0, 504},
	{SIP_BROKEN, 0, 504},
	{SIP_RESPONDED, 404, 404},
	{SIP_RESPONDED, 503, 500},
	{SIP_RESPONDED, 408, 504},
};

static void what_sip_does_not_take_goes_by_xmpp_and_nothing_that_may_have_arrived(void **state)
{
	uint64_t turned = 0;

	both(state, "sip, xmpp", ", disclaimer: Mind.");
	for (uint32_t i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]); i++) {
		sent_count = 0;
		memset(&response, 0, sizeof(response));
		message_in(ALICE, "hello");
		assert_int_equal(request_count, i + 1);
		answer(i, outcomes[i].outcome, outcomes[i].response);
		if (response.code != outcomes[i].code || sent_count != (outcomes[i].code == 0))
			fail_msg("case %u: %u, %u sent", i, response.code, sent_count);
		if (outcomes[i].code)
			continue;
		turned++;
		/* The words of a beginning were in it already. */
		assert_non_null(
			strstr(sent[0].stanza, i == 0 ? "<body>Mind.\n\nhello<" : "<body>hello<"));
		assert_string_equal(sent[0].remote, "partner.example");
		xmpp.fate(xmpp.arg, sent[0].cookie, XMPP_WRITTEN);
		pass_ms(0);
		pong(1);
		pass_ms(100);
		assert_int_equal(response.code, 202);
		assert_int_equal(response.count, 1);
	}
	assert_int_equal(counter_get("session", "fell_back"), turned);
}

/* Of both the one that found a server is told. */
static void each_way_is_tried_once(void **state)
{
	static const struct {
		enum xmpp_fate fate;
		enum sip_outcome outcome;
		uint16_t code;
		const char *words;
	} rows[] = {
		{XMPP_UNREACHABLE, SIP_UNTRUSTED, 502, "could not be proven"},
		{XMPP_UNREACHABLE, SIP_NO_SERVER, 504, "server cannot be reached"},
		{XMPP_NOT_FOUND, SIP_UNREACHABLE, 504, "server cannot be reached"},
		{XMPP_NO_SERVER, SIP_NO_SERVER, 404, "1008"},
	};

	both(state, "xmpp, sip", "");
	for (uint32_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		sent_count = 0;
		message_in(ALICE, "hello");
		xmpp.fate(xmpp.arg, sent[0].cookie, rows[i].fate);
		assert_int_equal(response.count, i);
		answer(i, rows[i].outcome, 0);
		assert_int_equal(sent_count, 1);
		assert_int_equal(response.count, i + 1);
		if (response.code != rows[i].code || !strstr(response.extra, rows[i].words))
			fail_msg("case %u: %u %s", i, response.code, response.extra);
	}
}

static void a_way_that_is_held_is_left_for_the_other_one(void **state)
{
	both(state, "xmpp, sip", "");
	assert_explained("by XMPP, else by the other", "");
	held = XMPP_UNREACHABLE;
	assert_explained("by SIP", "; XMPP: cannot be reached");
	message_in(ALICE, "one");
	assert_int_equal(sent_count, 0);
	assert_int_equal(request_count, 1);
	/* There is no other now. */
	answer(0, SIP_UNREACHABLE, 0);
	assert_int_equal(response.code, 504);
	assert_int_equal(sent_count, 0);
	sip_held = SIP_UNTRUSTED;
	held = XMPP_WRITTEN;
	assert_explained("by XMPP; SIP: identities could not be proven", "");
	message_in(ALICE, "two");
	assert_int_equal(sent_count, 1);
	/* With both the preferred one says what is wrong. */
	held = XMPP_NOT_TRUSTED;
	assert_explained("by XMPP, else by the other; XMPP: ", "; SIP: identities");
	message_in(ALICE, "three");
	assert_int_equal(sent_count, 2);
	held = XMPP_NO_SERVER;
	assert_explained("by SIP", "; XMPP: no server in DNS; SIP: identities");
	sip_held = SIP_NO_SERVER;
	assert_explained(
		"DNS knows no server of the domain", "XMPP: no server in DNS; SIP: no server");
	message_in(ALICE, "four");
	assert_int_equal(response.code, 404);
	assert_int_equal(sent_count, 2);
	assert_int_equal(request_count, 1);
}

static void a_user_without_xmpp_is_not_taken_there(void **state)
{
	both(state, "sip, xmpp",
		"}\npolicies: [{name: p, in: [federation], out: [federation]}]\npolicy: {global: p");
	message_in(ALICE, "hello");
	answer(0, SIP_UNREACHABLE, 0);
	assert_int_equal(response.code, 504);
	assert_int_equal(sent_count, 0);
	sip_held = SIP_UNREACHABLE;
	message_in(ALICE, "hello");
	assert_int_equal(response.code, 480);
	assert_int_equal(counter_get("policy.refused", "no_route"), 1);
}

static void nothing_goes_again_when_its_sender_waits_no_more(void **state)
{
	both(state, "sip, xmpp", "");
	message_in(ALICE, "hello");
	pass_ms(25 * 1000 - 1);
	message_in(ALICE, "hello");
	pass_ms(1);
	answer(0, SIP_UNREACHABLE, 0);
	assert_int_equal(response.code, 504);
	assert_int_equal(sent_count, 0);
	answer(1, SIP_UNREACHABLE, 0);
	assert_int_equal(sent_count, 1);
	/* Nor when the edge stops. */
	message_in(ALICE, "hello");
	session_stop(*state);
	assert_int_equal(response.count, 3);
	answer(2, SIP_UNREACHABLE, 0);
	assert_int_equal(sent_count, 1);
}

static void messages_turn_in_their_order(void **state)
{
	both(state, "xmpp, sip", "");
	message_in(ALICE, "one");
	message_in(ALICE, "two");
	xmpp.fate(xmpp.arg, sent[0].cookie, XMPP_UNREACHABLE);
	xmpp.fate(xmpp.arg, sent[1].cookie, XMPP_UNREACHABLE);
	held = XMPP_UNREACHABLE;
	message_in(ALICE, "three");
	assert_string_equal(requests[0].body, "one");
	assert_string_equal(requests[1].body, "two");
	assert_string_equal(requests[2].body, "three");
}

static void in_comes_whatever_they_speak(void **state)
{
	both(state, "sip, xmpp", "");
	stanza_in(HELLO("m1"));
	partner_in(ALICE, "sip:bob@corp.example", "hello");
	assert_int_equal(request_count, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		GATE_ROW(what_xmpp_does_not_take_goes_by_sip),
		GATE_ROW(what_may_have_arrived_by_xmpp_does_not_go_again),
		GATE_ROW(what_sip_does_not_take_goes_by_xmpp_and_nothing_that_may_have_arrived),
		GATE_ROW(each_way_is_tried_once),
		GATE_ROW(a_way_that_is_held_is_left_for_the_other_one),
		GATE_ROW(a_user_without_xmpp_is_not_taken_there),
		GATE_ROW(nothing_goes_again_when_its_sender_waits_no_more),
		GATE_ROW(messages_turn_in_their_order),
		GATE_ROW(in_comes_whatever_they_speak),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
