/* SPDX-License-Identifier: BSD-3-Clause */
/* What the session counts for each partner, and what it does when the rules change. */
#include "tests/unit/test.h"

#include "tests/unit/session_house.h"

static int64_t tallied(struct session *session, const char *group, const char *name)
{
	json_t *rows = session_messages_json(session);
	json_t *row = json_array_get(rows, 0);
	json_t *value = json_object_get(group ? json_object_get(row, group) : row, name);
	int64_t n = json_is_integer(value) ? json_integer_value(value) : -1;

	json_decref(rows);
	return n;
}

static void messages_into_sip_are_tallied_with_their_ends(void **state)
{
	static const struct {
		enum sip_outcome outcome;
		uint16_t code;
	} ends[] = {{SIP_RESPONDED, 200}, {SIP_RESPONDED, 404}, {SIP_TIMED_OUT, 0}, {SIP_BROKEN, 0},
		{SIP_UNREACHABLE, 0}};

	for (uint32_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		stanza_in(HELLO("t"));
		answer(i, ends[i].outcome, ends[i].code);
	}
	stanza_in(
		"<message from='alice@partner.example' to='corp.example' id='d'><body>x</body></message>");
	stanza_in(
		"<message from='alice@partner.example' to='bob@corp.example' type='groupchat' id='g'>"
		"<body>x</body></message>");
	stanza_in(HELLO("on its way"));
	assert_int_equal(tallied(*state, NULL, "in"), 8);
	assert_int_equal(tallied(*state, NULL, "in_delivered"), 1);
	assert_int_equal(tallied(*state, NULL, "in_refused"), 4);
	assert_int_equal(tallied(*state, NULL, "in_unknown"), 2);
	assert_int_equal(tallied(*state, "refused", "in.item-not-found"), 1);
	assert_int_equal(tallied(*state, "refused", "in.service-unavailable"), 2);
	assert_int_equal(tallied(*state, NULL, "out"), 0);
}

static void messages_into_xmpp_are_tallied_with_their_ends(void **state)
{
	message_in("sip:alice@partner.example", "delivered");
	xmpp.fate(xmpp.arg, sent[0].cookie, XMPP_WRITTEN);
	pass_ms(0);
	pong(1);
	pass_ms(101);
	sent_count = 0;
	message_in("sip:alice@partner.example", "refused");
	xmpp.fate(xmpp.arg, sent[0].cookie, XMPP_WRITTEN);
	error_in(0, "forbidden");
	sent_count = 0;
	message_in("sip:alice@partner.example", "unknown");
	xmpp.fate(xmpp.arg, sent[0].cookie, XMPP_WRITTEN);
	xmpp.fate(xmpp.arg, sent[0].cookie, XMPP_STREAM_LOST);
	sent_count = 0;
	message_in("sip:alice@partner.example", "unreachable");
	xmpp.fate(xmpp.arg, sent[0].cookie, XMPP_UNREACHABLE);
	message_in("sip:x@unknown.example", "no partner");
	assert_int_equal(tallied(*state, NULL, "out"), 4);
	assert_int_equal(tallied(*state, NULL, "out_delivered"), 1);
	assert_int_equal(tallied(*state, NULL, "out_refused"), 2);
	assert_int_equal(tallied(*state, NULL, "out_unknown"), 1);
	assert_int_equal(tallied(*state, "refused", "out.forbidden"), 1);
	assert_int_equal(tallied(*state, "refused", "out.unreachable"), 1);
	assert_int_equal(tallied(*state, NULL, "in"), 0);
}

static void a_change_of_the_rules_leaves_what_is_under_way_to_its_end(void **state)
{
	json_t *rows;

	message_in("sip:alice@partner.example", "one");
	message_in("sip:alice@partner.example", "two");
	xmpp.fate(xmpp.arg, sent[0].cookie, XMPP_WRITTEN);
	pass_ms(0);
	stanza_in("<message from='alice@partner.example' to='bob@corp.example' type='chat' "
		  "id='a1'><body>three</body></message>");
	stanza_in("<message from='alice@partner.example' to='bob@corp.example' type='chat' "
		  "id='a2'><body>four</body></message>");
	assert_int_equal(request_count, 1);
	adopt(*state, "  - {domain: other.example, protocol: xmpp}\n");
	/* Its answer came before the stream went. */
	pong(2);
	pass_ms(150);
	assert_int_equal(response.code, 202);
	xmpp.fate(xmpp.arg, sent[1].cookie, XMPP_NOT_FOUND);
	assert_int_equal(response.code, 404);
	answer(0, SIP_RESPONDED, 200);
	assert_int_equal(request_count, 2);
	answer(1, SIP_RESPONDED, 200);
	message_in("sip:alice@partner.example", "five");
	assert_int_equal(response.code, 403);
	/* The numbers of a partner that went stay, and what it did last still counts. */
	rows = session_messages_json(*state);
	assert_int_equal(json_array_size(rows), 1);
	assert_int_equal(
		json_integer_value(json_object_get(json_array_get(rows, 0), "in_delivered")), 2);
	assert_int_equal(
		json_integer_value(json_object_get(json_array_get(rows, 0), "out_delivered")), 1);
	json_decref(rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROW(a_change_of_the_rules_leaves_what_is_under_way_to_its_end),
		ROW(messages_into_sip_are_tallied_with_their_ends),
		ROW(messages_into_xmpp_are_tallied_with_their_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
