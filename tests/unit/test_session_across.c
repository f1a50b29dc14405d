/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages between the inside SIP server and those of partners, as the session passes them on. */
#include "tests/unit/test.h"

#include "tests/unit/gate_house.h"

#define BY_SIP(more) "partners:\n  - {domain: sip-partner.example, protocol: sip" more "}\n"
#define ALICE        "sip:alice@sip-partner.example"
#define BOB          "sip:bob@corp.example"

static void by_sip(void **state, const char *more)
{
	char yaml[1024];

	snprintf(yaml, sizeof(yaml), BY_SIP("%s"), more);
	rules_say(*state, yaml);
}

static int64_t shown(struct session *session, const char *name)
{
	json_t *all = session_json(session);
	int64_t value = json_integer_value(json_object_get(all, name));

	json_decref(all);
	return value;
}

/* ---- out ------------------------------------------------------------------------------------- */

static void a_message_of_ours_goes_to_a_sip_partner_and_its_answer_comes_back(void **state)
{
	message_in_with(ALICE ";gr=home",
		"Subject: lunch\r\nContent-Language: de\r\nX-Secret: 192.0.2.10\r\n", "a < b");
	assert_int_equal(request_count, 1);
	assert_string_equal(requests[0].local, "corp.example");
	assert_string_equal(requests[0].remote, "sip-partner.example");
	assert_string_equal(requests[0].uri, ALICE ";gr=home");
	assert_string_equal(requests[0].from, BOB);
	assert_string_equal(requests[0].body, "a < b");
	assert_string_equal(requests[0].call_id, "call-1@host");
	assert_string_equal(requests[0].extra, "Subject: lunch\r\nContent-Language: de\r\n");
	assert_int_equal(requests[0].max_forwards, 69);
	assert_int_equal(response.count, 0);
	assert_int_equal(shown(*state, "out"), 1);
	answer(0, SIP_RESPONDED, 202);
	assert_int_equal(response.code, 202);
	assert_string_equal(response.extra, "");
	assert_int_equal(shown(*state, "out"), 0);
	assert_int_equal(sent_count, 0);
}

static const struct {
	uint16_t code;
	const char *retry_after;
	uint16_t told;
	const char *extra;
} responses[] = {
	{200, NULL, 200, ""},
	{202, NULL, 202, ""},
	{204, "5", 200, ""},
	{302, NULL, 480, ""},
	{401, NULL, 403, ""},
	{403, NULL, 403, ""},
	{404, NULL, 404, ""},
	{405, NULL, 501, ""},
	{407, NULL, 403, ""},
	{408, NULL, 504, ""},
	{415, NULL, 415, ""},
	{420, NULL, 400, ""},
	{480, "60", 480, "Retry-After: 60\r\n"},
	{482, NULL, 482, ""},
	{483, NULL, 483, ""},
	{486, "60;duration=5", 486, "Retry-After: 60\r\n"},
	{499, NULL, 400, ""},
	{500, "60 (lunch)", 500, "Retry-After: 60\r\n"},
	{503, "1", 500, "Retry-After: 1\r\n"},
	{513, "soon", 513, ""},
	{599, "-1", 500, ""},
	{599, "4294967296", 500, ""},
	{603, "7x", 603, ""},
	{699, NULL, 600, ""},
};

static void each_response_is_told_with_its_code_and_retry_after(void **state)
{
	for (uint32_t i = 0; i < 2 * sizeof(responses) / sizeof(responses[0]); i++) {
		uint32_t row = i / 2;
		uint32_t number = request_count = 0;

		if (i % 2)
			partner_in(ALICE, BOB, "x");
		else
			message_in(ALICE, "x");
		retry_after = responses[row].retry_after;
		answer(number, SIP_RESPONDED, responses[row].code);
		retry_after = NULL;
		if (response.code != responses[row].told ||
			strcmp(response.extra, responses[row].extra) != 0)
			fail_msg("%u: %u %s", responses[row].code, response.code, response.extra);
	}
}

#define DIAGNOSTICS(id, text)                                                                      \
	"ms-diagnostics-public: " id ";reason=\"" text "\";source=\"corp.example\"\r\n"

static const struct {
	enum sip_outcome outcome;
	uint16_t code;
	const char *warning, *diagnostics;
	bool unknown;
} ends[] = {
	{SIP_TIMED_OUT, 504, "did not answer. It may have", NULL, true},
	{SIP_BROKEN, 504, "broke. It may have", NULL, true},
	{SIP_UNREACHABLE, 504, "cannot be reached. The message was not", NULL, false},
	{SIP_UNTRUSTED, 502, "not be proven. The message was not", NULL, false},
	{SIP_NO_SERVER, 404, "has no SIP server. The message was not",
		DIAGNOSTICS("1008", "No server of the domain in DNS"), false},
	{SIP_SRV_CONFLICT, 504, "in DNS is not of its domain. The message was not",
		DIAGNOSTICS("1009", "Server in DNS does not match the domain"), false},
};

static int64_t tallied(struct session *session, const char *name)
{
	json_t *rows = session_messages_json(session);
	int64_t count = json_integer_value(json_object_get(json_array_get(rows, 0), name));

	json_decref(rows);
	return count;
}

static void each_end_without_response_is_told(void **state)
{
	int64_t unknown = 0;
	int64_t refused = 0;

	by_sip(state, "");
	for (uint32_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		message_in(ALICE, "x");
		answer(i, ends[i].outcome, 0);
		if (response.code != ends[i].code || !strstr(response.extra, ends[i].warning))
			fail_msg("%d: %u %s", ends[i].outcome, response.code, response.extra);
		if (ends[i].diagnostics && !strstr(response.extra, ends[i].diagnostics))
			fail_msg("%d: %s", ends[i].outcome, response.extra);
		unknown += ends[i].unknown;
		refused += !ends[i].unknown;
		assert_int_equal(tallied(*state, "out_unknown"), unknown);
		assert_int_equal(tallied(*state, "out_refused"), refused);
	}
	assert_int_equal(response.count, sizeof(ends) / sizeof(ends[0]));
	assert_int_equal(shown(*state, "out"), 0);
	assert_int_equal(counter_get("session.sip_to_sip_out_failed", "not_trusted"), 1);
	assert_int_equal(counter_get("policy.refused", "srv_missing"), 1);
	assert_int_equal(counter_get("session", "fell_back"), 0);
}

static void the_last_hop_goes_no_further(void **state)
{
	const struct sip_peer inside = {.kind = SIP_PEER_INSIDE, .local = &rules->locals[0]};

	request_in(&inside, BOB, ALICE, 1, "", "x");
	assert_int_equal(response.code, 483);
	partner_hops_in(ALICE, BOB, 1, "", "x");
	assert_int_equal(response.code, 483);
	assert_int_equal(response.count, 2);
	assert_int_equal(request_count, 0);
	partner_hops_in(ALICE, BOB, 2, "", "x");
	assert_int_equal(requests[0].max_forwards, 1);
	answer(0, SIP_RESPONDED, 200);
}

static void without_memory_both_hear_that_they_may_try_later(void **state)
{
	no_memory = true;
	message_in(ALICE, "x");
	assert_int_equal(response.code, 500);
	assert_string_equal(response.extra, "Retry-After: 10\r\n");
	partner_in(ALICE, BOB, "x");
	assert_int_equal(response.code, 500);
	assert_int_equal(response.count, 2);
	assert_int_equal(shown(*state, "in"), 0);
	assert_int_equal(shown(*state, "out"), 0);
}

static void a_stop_answers_who_waits_on_either_side(void **state)
{
	message_in(ALICE, "x");
	session_stop(*state);
	assert_int_equal(response.count, 1);
	assert_int_equal(response.code, 504);
	assert_non_null(strstr(response.extra, "It may have been delivered"));
	answer(0, SIP_RESPONDED, 200);
	message_in(ALICE, "x");
	assert_int_equal(response.code, 500);
	assert_string_equal(response.extra, "Retry-After: 10\r\n");
	assert_int_equal(response.count, 2);
	assert_int_equal(counter_get("session", "answered_while_stopping"), 1);
}

static void a_stop_answers_partners_who_wait(void **state)
{
	partner_in(ALICE, BOB, "x");
	session_stop(*state);
	assert_int_equal(response.count, 1);
	assert_int_equal(response.code, 504);
	answer(0, SIP_UNREACHABLE, 0);
	partner_in(ALICE, BOB, "x");
	assert_int_equal(response.code, 500);
	assert_int_equal(response.count, 2);
	assert_int_equal(shown(*state, "in"), 0);
}

static void a_session_that_ends_before_its_responses_leaves_nothing_behind(void **state)
{
	message_in(ALICE, "x");
	partner_in(ALICE, BOB, "x");
	assert_int_equal(request_count, 2);
}

/* ---- in -------------------------------------------------------------------------------------- */

static void a_message_of_a_sip_partner_goes_inside_and_its_answer_comes_back(void **state)
{
	by_sip(state, "");
	partner_hops_in(ALICE, BOB, 12, "Subject: lunch\r\nRoute-Hint: x\r\n", "salut");
	assert_int_equal(request_count, 1);
	assert_string_equal(requests[0].local, "corp.example");
	assert_string_equal(requests[0].remote, "");
	assert_string_equal(requests[0].uri, BOB);
	assert_string_equal(requests[0].from, ALICE);
	assert_string_equal(requests[0].body, "salut");
	assert_string_equal(requests[0].extra, "Subject: lunch\r\n");
	assert_int_equal(requests[0].max_forwards, 11);
	assert_int_equal(response.count, 0);
	assert_int_equal(shown(*state, "in"), 1);
	answer(0, SIP_RESPONDED, 200);
	assert_int_equal(response.code, 200);
	partner_in(ALICE, BOB, "again");
	answer(1, SIP_RESPONDED, 404);
	assert_int_equal(response.code, 404);
	partner_in(ALICE, BOB, "again");
	answer(2, SIP_TIMED_OUT, 0);
	assert_int_equal(response.code, 504);
	assert_int_equal(tallied(*state, "in"), 3);
	assert_int_equal(tallied(*state, "in_delivered"), 1);
	assert_int_equal(tallied(*state, "in_refused"), 1);
	assert_int_equal(tallied(*state, "in_unknown"), 1);
	assert_int_equal(tallied(*state, "out"), 0);
}

/* It could end the connection that everybody uses. */
static void what_is_larger_than_the_inside_server_takes_does_not_reach_it(void **state)
{
	char body[1001] = {0};
	char stanza[sizeof(body) + 200];

	by_sip(state, "");
	assert_int_equal(rules->locals[0].inside.request_bytes_max, REQUEST_BYTES_DEFAULT);
	rules->locals[0].inside.request_bytes_max = 1600;
	memset(body, 'x', sizeof(body) - 1);
	partner_in(ALICE, BOB, body);
	assert_int_equal(response.code, 513);
	assert_int_equal(request_count, 0);
	/* Out it goes: what the partner's server takes its rules say. */
	message_in(ALICE, body);
	assert_int_equal(request_count, 1);
	answer(0, SIP_RESPONDED, 200);
	body[700] = '\0';
	partner_in(ALICE, BOB, body);
	assert_int_equal(request_count, 2);
	answer(1, SIP_RESPONDED, 200);

	body[700] = 'x';
	rules_say(*state, "partners: [{domain: partner.example, protocol: xmpp}]\n");
	rules->locals[0].inside.request_bytes_max = 1600;
	snprintf(stanza, sizeof(stanza),
		"<message from='alice@partner.example' to='bob@corp.example' id='m1'><body>%s</body></message>",
		body);
	stanza_in(stanza);
	assert_int_equal(request_count, 2);
	assert_non_null(strstr(sent[0].stanza, "<policy-violation "));
}

static void what_a_partner_may_not_send_is_refused_at_once(void **state)
{
	static const struct {
		const char *to;
		uint16_t code;
	} rows[] = {
		{"sip:alice@partner.example", 403},     /* another partner's */
		{"sip:alice@sip-partner.example", 403}, /* its own */
		{"sip:alice@unknown.example", 403},
		{"sip:alice@blocked.example", 403},
		{"sip:corp.example", 404},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		partner_in(ALICE, rows[i].to, "x");
		if (response.code != rows[i].code || response.extra[0])
			fail_msg("%s: %u %s", rows[i].to, response.code, response.extra);
	}
	assert_int_equal(response.count, sizeof(rows) / sizeof(rows[0]));
	assert_int_equal(counter_get("session.refused_in", "relay"), 4);
	partner_in(ALICE, BOB, "");
	assert_int_equal(response.code, 200);
	content_type = "text/html";
	partner_in(ALICE, BOB, "<b>x</b>");
	content_type = "text/plain";
	assert_int_equal(response.code, 415);
	assert_int_equal(request_count, 0);
	assert_int_equal(sent_count, 0);
	assert_int_equal(shown(*state, "in"), 0);
}

/* ---- the rules ------------------------------------------------------------------------------- */

static const struct {
	const char *label, *more;
	uint16_t code; /* 0: it goes, in and out */
	const char *reason, *header;
} refusals[] = {
	{"fine", "", 0, NULL, ""},
	{"no im", ", capabilities: [presence]", 488, "capability", ""},
	{"links", ", links: {action: block}", 403, "link_blocked",
		DIAGNOSTICS("16002", "Links not allowed")},
	{"size", ", message_bytes_max: 3", 413, "too_large", ""},
	{"archive", ", archive: true", 500, "archive_down", ""},
	{"federation", "}\npolicies: [{name: p, in: [], out: []}]\npolicy: {global: p", 403,
		"user_federation", DIAGNOSTICS("1002", "Not allowed by policy")},
	{"XMPP alone",
		"}\npolicies: [{name: p, in: [federation], out: [federation]}]\n"
		"policy: {global: p",
		0, NULL, ""},
};

static void each_refusal_reaches_both_sides(void **state)
{
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		for (int way = 0; way < 2; way++) {
			char label[64];

			by_sip(state, refusals[i].more);
			snprintf(label, sizeof(label), "%s, %s", refusals[i].label,
				way ? "in" : "out");
			if (way)
				partner_in(ALICE, BOB, "see www.a.example");
			else
				message_in(ALICE, "see www.a.example");
			if (response.code != refusals[i].code ||
				strcmp(response.extra, refusals[i].header) != 0)
				fail_msg("%s: %u %s", label, response.code, response.extra);
			if (request_count != (refusals[i].code == 0))
				fail_msg("%s: %u requests", label, request_count);
			if (refusals[i].reason &&
				counter_get("policy.refused", refusals[i].reason) != 1)
				fail_msg("%s: not counted", label);
			gate_stop(state);
			gate_start(state);
		}
	}
}

static void a_partner_whom_the_rules_give_xmpp_alone_is_refused(void **state)
{
	rules_say(*state, "partners: [{domain: sip-partner.example, protocol: xmpp}]\n");
	partner_in(ALICE, BOB, "x");
	assert_int_equal(response.code, 403);
	assert_int_equal(counter_get("policy.refused", "other_protocol"), 1);
}

static void too_many_messages_are_refused_both_ways(void **state)
{
	by_sip(state, ", limits: {messages_per_s: 1}");
	for (int way = 0; way < 2; way++) {
		response.code = 0;
		for (int i = 0; i < 2; i++) {
			assert_int_equal(response.code, 0);
			if (way)
				partner_in(ALICE, BOB, "x");
			else
				message_in(ALICE, "x");
		}
		assert_int_equal(response.code, 480);
		assert_string_equal(response.extra, "Retry-After: 1\r\n");
	}
	assert_int_equal(request_count, 2);
	assert_int_equal(counter_get("policy.refused", "over_messages"), 2);
}

static void texts_are_what_the_rules_make_of_them(void **state)
{
	by_sip(state, ", disclaimer: This is archived., links: {action: defuse}");
	message_in_with(ALICE, "Subject: www.b.example\r\n", "www.a.example");
	assert_string_equal(requests[0].body, "This is archived.\n\n_www.a.example");
	assert_string_equal(requests[0].extra, "Subject: _www.b.example\r\n");
	message_in(ALICE, "again");
	assert_string_equal(requests[1].body, "again");
	partner_hops_in(ALICE, BOB, 70, "Subject: www.b.example\r\n", "www.a.example");
	assert_string_equal(requests[2].body, "_www.a.example");
	assert_string_equal(requests[2].extra, "Subject: _www.b.example\r\n");
	by_sip(state, ", links: {action: warn, notice: Careful}");
	partner_in(ALICE, BOB, "www.a.example");
	assert_string_equal(requests[3].body, "Careful\n\nwww.a.example");
}

#define DECORATED                                                                                  \
	"providers: [{name: live, enabled: true, protocols: [sip],\n"                              \
	"  domains: [msn.example, {domain: acme.example, subtree: true}],\n"                       \
	"  name_decoration: {routing_domain: msn.example}}]\n"

static void decorated_names_go_out_and_come_in_undone(void **state)
{
	rules_say(*state, DECORATED);
	message_in("sip:joe@it.acme.example", "hello");
	assert_string_equal(requests[0].remote, "msn.example");
	assert_non_null(strstr(requests[0].uri, "it.acme.example"));
	assert_non_null(strstr(requests[0].uri, "@msn.example"));
	answer(0, SIP_RESPONDED, 200);
	partner_in(requests[0].uri, BOB, "hello");
	assert_string_equal(requests[1].from, "sip:joe@it.acme.example");
	answer(1, SIP_RESPONDED, 200);
	partner_in("sip:joe(corp.example)@msn.example", BOB, "hello");
	assert_int_equal(response.code, 403);
	partner_in("sip:joe(acme.example@msn.example", BOB, "hello");
	assert_int_equal(response.code, 400);
	assert_int_equal(request_count, 2);
}

static void who_was_written_to_may_answer(void **state)
{
	by_sip(state, ", type: public-unverified");
	partner_in(ALICE, BOB, "x");
	assert_int_equal(response.code, 403);
	message_in(ALICE, "hello");
	partner_in(ALICE, BOB, "x");
	assert_int_equal(request_count, 2);
}

static void what_comes_by_sip_has_no_mark(void **state)
{
	by_sip(state, ", verification: use-source, missing_mark: reject");
	partner_in(ALICE, BOB, "x");
	assert_int_equal(response.code, 403);
	assert_int_equal(counter_get("policy.refused", "mark_missing"), 1);
	by_sip(state, ", verification: use-source, missing_mark: unverified");
	partner_in(ALICE, BOB, "x");
	assert_int_equal(counter_get("policy.refused", "not_a_contact"), 1);
	message_in(ALICE, "hello");
	partner_in(ALICE, BOB, "x");
	assert_int_equal(request_count, 2);
}

static void who_writes_to_nobody_is_suspicious(void **state)
{
	by_sip(state, "}\nlimits: {suspicious: {errors_least: 3}");
	for (uint32_t i = 0; i < 4; i++) {
		partner_in(ALICE, BOB, "x");
		answer(i, SIP_RESPONDED, i == 1 ? 480 : 404);
	}
	assert_true(watch_suspects(gate_watch(gate), rules, VIEW("sip-partner.example")));
	partner_in(ALICE, BOB, "x");
	partner_in(ALICE, BOB, "x");
	assert_int_equal(response.code, 480);
	assert_int_equal(counter_get("policy.refused", "over_errors"), 1);
	/* Our users write to it as before. */
	response.count = 0;
	message_in(ALICE, "x");
	assert_int_equal(response.count, 0);
}

#define SHARED                                                                                     \
	"providers: [{name: cloud, kind: hosting, enabled: true, protocols: [sip],\n"              \
	"  shared_address_space: true, host: edge.cloud.example, domains: [corp.example]}]\n"

static void what_neither_side_of_a_shared_domain_knows_does_not_go_round(void **state)
{
	rules_say(*state, SHARED);
	message_in("sip:carol@corp.example", "to the cloud");
	assert_string_equal(requests[0].remote, "corp.example");
	partner_in("sip:carol@corp.example", BOB, "from the cloud");
	assert_string_equal(requests[1].remote, "");
	/* The inside server does not know dave, and passes it on. */
	partner_in("sip:carol@corp.example", "sip:dave@corp.example", "x");
	assert_int_equal(request_count, 3);
	message_made_in("carol", "sip:dave@corp.example", "", "x");
	assert_int_equal(response.code, 482);
	answer(2, SIP_RESPONDED, 482);
	assert_int_equal(response.code, 482);
	assert_int_equal(response.count, 2);
	/* When nothing is on its way it goes out. */
	message_made_in("carol", "sip:dave@corp.example", "", "x");
	assert_int_equal(request_count, 4);
	by_sip(state, "");
	message_in("sip:carol@corp.example", "x");
	assert_int_equal(response.code, 482);
}

static void whoever_is_discovered_talks_both_ways(void **state)
{
	rules_say(*state, "discovery: {enabled: true, protocols: [sip]}\n");
	partner_in("sip:joe@stranger.example", BOB, "x");
	assert_int_equal(counter_get("policy.refused", "not_a_contact"), 1);
	message_in("sip:joe@stranger.example", "hello");
	assert_string_equal(requests[0].remote, "stranger.example");
	answer(0, SIP_RESPONDED, 200);
	partner_in("sip:joe@stranger.example", BOB, "x");
	answer(1, SIP_RESPONDED, 200);
	assert_int_equal(response.code, 200);
	partner_in("sip:joe@stranger.example", "sip:corp.example", "x");
	assert_int_equal(response.code, 404);
	/* All together, since their names are without bound. */
	assert_int_equal(tallied(*state, "in"), 3);
	assert_int_equal(tallied(*state, "in_delivered"), 1);
	assert_int_equal(tallied(*state, "in_refused"), 2);
	request_count = 0;
	message_in("sip:joe@stranger.example", "hello");
	answer(0, SIP_NO_SERVER, 0);
	assert_int_equal(response.code, 404);
	sip_held = SIP_NO_SERVER;
	message_in("sip:joe@stranger.example", "hello");
	assert_int_equal(request_count, 1);
	assert_int_equal(response.code, 404);
	assert_string_equal(response.extra, DIAGNOSTICS("1008", "No server of the domain in DNS"));
	assert_int_equal(counter_get("policy.refused", "srv_missing"), 2);
	sip_held = SIP_SRV_CONFLICT;
	message_in("sip:joe@stranger.example", "hello");
	assert_int_equal(request_count, 1);
	assert_int_equal(response.code, 504);
}

/* The only way: its own words say best what is wrong. */
static void a_single_way_that_is_held_is_tried_all_the_same(void **state)
{
	by_sip(state, "");
	sip_held = SIP_UNTRUSTED;
	message_in(ALICE, "x");
	assert_int_equal(request_count, 1);
	answer(0, SIP_UNTRUSTED, 0);
	assert_int_equal(response.code, 502);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROW(a_message_of_ours_goes_to_a_sip_partner_and_its_answer_comes_back),
		ROW(each_response_is_told_with_its_code_and_retry_after),
		GATE_ROW(each_end_without_response_is_told),
		ROW(the_last_hop_goes_no_further),
		ROW(without_memory_both_hear_that_they_may_try_later),
		ROW(a_stop_answers_who_waits_on_either_side),
		ROW(a_stop_answers_partners_who_wait),
		ROW(a_session_that_ends_before_its_responses_leaves_nothing_behind),
		GATE_ROW(a_message_of_a_sip_partner_goes_inside_and_its_answer_comes_back),
		ROW(what_is_larger_than_the_inside_server_takes_does_not_reach_it),
		ROW(what_a_partner_may_not_send_is_refused_at_once),
		GATE_ROW(each_refusal_reaches_both_sides),
		GATE_ROW(a_partner_whom_the_rules_give_xmpp_alone_is_refused),
		GATE_ROW(too_many_messages_are_refused_both_ways),
		GATE_ROW(texts_are_what_the_rules_make_of_them),
		GATE_ROW(decorated_names_go_out_and_come_in_undone),
		GATE_ROW(who_was_written_to_may_answer),
		GATE_ROW(what_comes_by_sip_has_no_mark),
		GATE_ROW(who_writes_to_nobody_is_suspicious),
		GATE_ROW(what_neither_side_of_a_shared_domain_knows_does_not_go_round),
		GATE_ROW(whoever_is_discovered_talks_both_ways),
		GATE_ROW(a_single_way_that_is_held_is_tried_all_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
