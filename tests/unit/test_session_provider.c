/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages with domains of providers and with those that no rule names: when they go, and what both senders
 * hear when they do not. */
#include "tests/unit/test.h"

#include "control/policy/explain.h"
#include "tests/unit/gate_house.h"

#define PROVIDER(more)                                                                             \
	"providers: [{name: p, protocols: [xmpp], domains: [partner.example]" more "}]\n"

static const struct {
	const char *label, *rules;
	uint16_t sip;          /* what bob hears; 0: his message goes */
	const char *reason;    /* its counter */
	const char *header;    /* in his answer */
	const char *condition; /* what alice hears */
} cases[] = {
	{"public", PROVIDER(", enabled: true"), 0, NULL, NULL, NULL},
	{"hosting", PROVIDER(", enabled: true, kind: hosting"), 0, NULL, NULL, NULL},
	{"off", PROVIDER(""), 403, "provider_off", "1027", "remote-server-not-found"},
	{"its service has ended", PROVIDER(", enabled: true, service_end: 2014-07-01"), 403,
		"provider_retired", "1001", "service-unavailable"},
	{"its service has not begun", PROVIDER(", enabled: true, service_begin: 2099-01-01"), 403,
		"provider_not_begun", "1001", "service-unavailable"},
	{"no agreement", PROVIDER(", enabled: true, licence: seat"), 403, "no_agreement", "1001",
		"service-unavailable"},
	{"no im", PROVIDER(", enabled: true, capabilities: [presence]"), 488, "capability", NULL,
		"feature-not-implemented"},
};

static void each_refusal_reaches_both_sides(void **state)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char wanted[64];

		rules_say(*state, cases[i].rules);
		stanza_in(HELLO("m1"));
		snprintf(wanted, sizeof(wanted), "<%s ",
			cases[i].condition ? cases[i].condition : "");
		if (cases[i].condition ? sent_count != 1 || !strstr(sent[0].stanza, wanted)
				       : request_count != 1)
			fail_msg("%s: alice hears %s", cases[i].label,
				sent_count ? sent[0].stanza : "nothing");
		sent_count = 0;
		message_in("sip:alice@partner.example", "hello");
		if (response.code != cases[i].sip)
			fail_msg("%s: bob hears %u", cases[i].label, response.code);
		if (cases[i].header && !strstr(response.extra, cases[i].header))
			fail_msg("%s: bob's answer has '%s'", cases[i].label, response.extra);
		if (cases[i].sip == 0 &&
			(sent_count == 0 || strcmp(sent[0].remote, "partner.example") != 0))
			fail_msg("%s: bob's message did not go", cases[i].label);
		if (cases[i].reason && counter_get("policy.refused", cases[i].reason) != 2)
			fail_msg("%s: not counted twice as %s", cases[i].label, cases[i].reason);
		gate_stop(state);
		gate_start(state);
	}
}

#define SHARED                                                                                     \
	"providers: [{name: cloud, kind: hosting, enabled: true, protocols: [xmpp],\n"             \
	"  shared_address_space: true, host: edge.cloud.example, domains: [corp.example]}]\n"

#define CAROL                                                                                      \
	"<message from='carol@corp.example' to='bob@corp.example' type='chat' id='m1'>"            \
	"<body>from the cloud</body></message>"

static void users_of_a_shared_domain_talk_both_ways(void **state)
{
	rules_say(*state, SHARED);
	stanza_from("corp.example", CAROL);
	assert_int_equal(request_count, 1);
	assert_non_null(strstr(requests[0].from, "sip:carol@corp.example"));
	answer(0, SIP_RESPONDED, 200);
	message_in("sip:carol@corp.example", "to the cloud");
	assert_string_equal(sent[0].remote, "corp.example");
	assert_non_null(strstr(sent[0].stanza, " to='carol@corp.example'"));
}

static void without_a_provider_that_shares_it_nobody_sends_as_us(void **state)
{
	rules_say(*state, PROVIDER(", enabled: true"));
	stanza_from("corp.example", CAROL);
	assert_int_equal(request_count, 0);
	assert_int_equal(counter_get("policy.refused", "domain_is_ours"), 1);
	message_in("sip:carol@corp.example", "to the cloud");
	assert_int_equal(response.code, 482);
}

static void what_neither_side_knows_does_not_go_round(void **state)
{
	rules_say(*state, SHARED);
	/* The inside server does not know dave, and passes it on. */
	stanza_from("corp.example",
		"<message from='bob@corp.example' to='dave@corp.example' id='m1'><body>x</body></message>");
	assert_int_equal(request_count, 1);
	message_in("sip:dave@corp.example", "x");
	assert_int_equal(response.code, 482);
	assert_int_equal(sent_count, 0);
	answer(0, SIP_RESPONDED, 482);
	assert_int_equal(sent_count, 1);
	assert_non_null(strstr(sent[0].stanza, " to='bob@corp.example'"));
	/* When nothing is on its way it goes out. */
	message_in("sip:dave@corp.example", "x");
	assert_int_equal(sent_count, 2);
}

#define DECORATED(more)                                                                            \
	"blocked: {domains: [bad.example]}\n"                                                      \
	"providers: [{name: live, enabled: true, protocols: [xmpp],\n"                             \
	"  domains: [msn.example, live.example, {domain: acme.example, subtree: true}]," more      \
	"\n  name_decoration: {routing_domain: msn.example, excluded: [live.example]}}]\n"

#define FROM(name, id)                                                                             \
	"<message from='" name "' to='bob@corp.example' type='chat' id='" id                       \
	"'><body>x</body></message>"

static void a_decorated_name_goes_out_and_its_errors_find_back(void **state)
{
	char stanza[1024];

	rules_say(*state, DECORATED(""));
	message_in("sip:joe@it.acme.example", "hello");
	assert_string_equal(sent[0].remote, "msn.example");
	assert_string_equal(sent_attribute(0, "to"), "joe(it.acme.example)@msn.example");
	xmpp.fate(xmpp.arg, sent[0].cookie, XMPP_WRITTEN);
	snprintf(stanza, sizeof(stanza),
		"<message from='joe(it.acme.example)@msn.example' to='bob@corp.example' type='error' "
		"id='%s'><error type='cancel'><item-not-found "
		"xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>",
		sent_attribute(0, "id"));
	stanza_from("msn.example", stanza);
	assert_int_equal(response.code, 404);
	sent_count = 0;
	message_in("sip:joe@live.example", "hello");
	assert_string_equal(sent[0].remote, "live.example");
	assert_string_equal(sent_attribute(0, "to"), "joe@live.example");
}

static void a_decorated_name_comes_in_undone_and_hears_errors_decorated(void **state)
{
	rules_say(*state, DECORATED(""));
	stanza_from("msn.example", FROM("joe(it.acme.example)@msn.example/home", "m1"));
	assert_int_equal(request_count, 1);
	assert_non_null(strstr(requests[0].from, "sip:joe@it.acme.example"));
	assert_null(strchr(requests[0].from, '('));
	answer(0, SIP_RESPONDED, 404);
	assert_int_equal(sent_count, 1);
	assert_string_equal(sent[0].remote, "msn.example");
	assert_string_equal(sent_attribute(0, "to"), "joe(it.acme.example)@msn.example/home");
	stanza_from("msn.example", FROM("joe@msn.example", "m2"));
	assert_non_null(strstr(requests[1].from, "sip:joe@msn.example"));
}

static void hostile_forms_hear_why(void **state)
{
	static const struct {
		const char *stanza, *condition;
	} rows[] = {
		{FROM("joe(bad.example)@msn.example", "m"), "<policy-violation "},
		{FROM("joe(corp.example)@msn.example", "m"), "<policy-violation "},
		{FROM("joe(bad.example)(acme.example)@msn.example", "m"), "<jid-malformed "},
		{FROM("joe((acme.example)@msn.example", "m"), "<jid-malformed "},
		{FROM("joe(acme.example@msn.example", "m"), "<jid-malformed "},
		{FROM("(acme.example)@msn.example", "m"), "<jid-malformed "},
	};

	rules_say(*state, DECORATED(""));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		stanza_from("msn.example", rows[i].stanza);
		assert_int_equal(sent_count, i + 1);
		if (!strstr(sent[i].stanza, rows[i].condition))
			fail_msg("%s hears %s", rows[i].stanza, sent[i].stanza);
	}
	assert_int_equal(request_count, 0);
	message_in("sip:j(o)e@acme.example", "hello");
	assert_int_equal(response.code, 400);
	message_in("sip:joe(bad.example)@msn.example", "hello");
	assert_int_equal(response.code, 403);
	assert_int_equal(sent_count, sizeof(rows) / sizeof(rows[0]));
}

static void a_contact_is_the_same_in_both_forms(void **state)
{
	rules_say(*state, DECORATED(" type: public-unverified,"));
	stanza_from("msn.example", FROM("joe(acme.example)@msn.example", "m1"));
	assert_int_equal(request_count, 0);
	message_in("sip:joe@acme.example", "hello");
	stanza_from("msn.example", FROM("joe(acme.example)@msn.example", "m2"));
	assert_int_equal(request_count, 1);
	stanza_from("msn.example", FROM("joe@msn.example", "m3"));
	assert_int_equal(request_count, 1);
}

static bool is_counted(const struct session *session, const char *name)
{
	json_t *rows = session_messages_json(session);
	bool found = false;
	json_t *row;
	size_t i;

	json_array_foreach(rows, i, row) found =
		found || strcmp(json_string_value(json_object_get(row, "partner")), name) == 0;
	json_decref(rows);
	return found;
}

static void whoever_is_discovered_talks_both_ways(void **state)
{
	rules_say(*state, "discovery: {enabled: true, protocols: [xmpp]}\n");
	stanza_from("stranger.example", FROM("joe@stranger.example", "m1"));
	assert_int_equal(request_count, 1);
	message_in("sip:joe@stranger.example", "hello");
	assert_string_equal(sent[0].remote, "stranger.example");
	/* All together, since their names are without bound. */
	assert_true(is_counted(*state, "(discovered)"));
	assert_false(is_counted(*state, "stranger.example"));
}

static void some_names_are_never_discovered(void **state)
{
	static const struct {
		const char *to, *shut;
		uint16_t code;
	} rows[] = {
		{"sip:joe@corp.example", NULL, 482},
		{"sip:joe@x.corp.example", NULL, 403},
		{"sip:joe@bad.example", NULL, 403},
		{"sip:joe@server", NULL, 403},
		{"sip:joe@stranger.example", "stranger.example", 403},
	};

	rules_say(*state, "discovery: {enabled: true}\nblocked: {domains: [bad.example]}\n");
	session_verdicts(*state, (struct verdicts *)&proven);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		response.code = 0;
		shut = rows[i].shut;
		message_in(rows[i].to, "hello");
		if (response.code != rows[i].code)
			fail_msg("%s: %u", rows[i].to, response.code);
	}
	shut = NULL;
	assert_int_equal(sent_count, 0);
	rules_say(*state, "discovery: {enabled: false}\n");
	message_in("sip:joe@stranger.example", "hello");
	assert_int_equal(response.code, 403);
	stanza_from("stranger.example", FROM("joe@stranger.example", "m1"));
	assert_int_equal(request_count, 0);
	assert_non_null(strstr(sent[0].stanza, "<remote-server-not-found "));
}

#define TWO_DOMAINS(more)                                                                          \
	"providers: [{name: p, protocols: [xmpp], domains: [b.example, partner.example" more       \
	"],\n"                                                                                     \
	"  enabled: true}]\nlimits: {suspicious: {errors_least: 3}}\n"

static void of_a_suspicious_provider_all_domains_are(void **state)
{
	struct session *session = *state;

	rules_say(session, TWO_DOMAINS(""));
	session_verdicts(session, (struct verdicts *)&proven);
	suspects_said[0] = '\0';
	said_again = 7;
	for (uint32_t i = 0; i < 3; i++) {
		stanza_from("partner.example", FROM("joe@partner.example", "m1"));
		answer(i, SIP_RESPONDED, 404);
	}
	assert_string_equal(suspects_said, "+1+2");
	assert_int_equal(said_again, 0); /* whoever's they are */
	suspects_said[0] = '\0';
	rules_say(session, TWO_DOMAINS(", c.example"));
	assert_string_equal(suspects_said, "0+1+2+3");
	suspects_said[0] = '\0';
	assert_true(watch_trust(gate_watch(gate), VIEW("provider:p")));
	assert_string_equal(suspects_said, "-1-2-3");
}

#define LIMITED(limits)                                                                            \
	"limits: {partner: {messages_per_s: 2, users: 3}}\n"                                       \
	"providers: [{name: p, protocols: [xmpp], enabled: true" limits ",\n"                      \
	"  domains: [partner.example, b.example]}]\n"

/* The line of the rule that the answer about a limit names, and the reason. */
static void is_explained(const char *from, const char *to, const char *reason, const char *words)
{
	const struct explain_asked asked = {.from = from, .to = to};
	char why[EXPLAIN_WHY_BYTES];
	json_t *all = explain_make(gate, rules, &asked, "r.yaml", why);
	json_t *step = json_array_get(json_object_get(all, "steps"), STEP_limit);

	assert_string_equal(json_string_value(json_object_get(all, "reason")), reason);
	assert_string_equal(json_string_value(json_object_get(step, "rule")), "r.yaml:6");
	assert_non_null(strstr(json_string_value(json_object_get(step, "words")), words));
	json_decref(all);
}

static void all_domains_of_a_provider_share_its_messages(void **state)
{
	rules_say(*state, LIMITED(", limits: {messages_per_s: 3}"));
	stanza_from("partner.example", HELLO("m1"));
	answer(0, SIP_RESPONDED, 200);
	stanza_from("b.example", FROM("joe@b.example", "m2"));
	answer(1, SIP_RESPONDED, 200);
	stanza_from("partner.example", HELLO("m3"));
	answer(2, SIP_RESPONDED, 200);
	assert_int_equal(request_count, 3);
	stanza_from("b.example", FROM("joe@b.example", "m4"));
	assert_int_equal(request_count, 3);
	assert_non_null(strstr(sent[0].stanza, "<resource-constraint "));
	assert_int_equal(counter_get("policy.refused", "over_messages"), 1);
	is_explained("joe@b.example", "bob@corp.example", "over_messages",
		"(at most 3 messages a second, 3 users in 60 minutes, for all its domains together)");
	/* Ours have as many of their own, to all of them. */
	message_in("sip:alice@partner.example", "hello");
	message_in("sip:joe@b.example", "hello");
	message_in("sip:alice@partner.example", "hello");
	assert_int_equal(response.count, 0);
	message_in("sip:joe@b.example", "hello");
	assert_int_equal(response.code, 480);
	assert_string_equal(response.extra, "Retry-After: 1\r\n");
	now.ns += NS_PER_S;
	stanza_from("b.example", FROM("joe@b.example", "m5"));
	assert_int_equal(request_count, 4);
}

static void and_its_users_where_it_states_them(void **state)
{
	rules_say(*state, LIMITED(", limits: {users: 1}"));
	message_in("sip:alice@partner.example", "hello");
	message_in("sip:alice@partner.example", "hello");
	assert_int_equal(response.count, 0);
	now.ns += NS_PER_S;
	message_in("sip:alice@b.example", "hello");
	assert_int_equal(response.code, 403);
	assert_int_equal(counter_get("policy.refused", "over_users"), 1);
	is_explained("bob@corp.example", "alice@b.example", "over_users", "at most 2 messages");
}

static void who_states_none_has_those_of_partners_for_all(void **state)
{
	rules_say(*state, LIMITED(""));
	stanza_from("partner.example", HELLO("m1"));
	stanza_from("b.example", FROM("joe@b.example", "m2"));
	assert_int_equal(request_count, 2);
	stanza_from("b.example", FROM("joe@b.example", "m3"));
	assert_int_equal(request_count, 2);
	assert_int_equal(counter_get("policy.refused", "over_messages"), 1);
}

static void who_was_discovered_is_known_by_its_name_alone(void **state)
{
	struct session *session = *state;

	rules_say(session, "discovery: {enabled: true}\nlimits: {suspicious: {errors_least: 3}}\n");
	session_verdicts(session, (struct verdicts *)&proven);
	suspects_said[0] = '\0';
	said_again = 7;
	said_again_of[0] = '\0';
	proven.id = 7;
	/* What it has proven is passed on by its name, unless it is shut out: then we end it. */
	xmpp.verified(xmpp.arg, 5, VIEW("chat.stranger.example"));
	assert_int_equal(proven.fd, 5);
	assert_int_equal(proven.id, PARTNER_NONE);
	assert_string_equal(proven.domain, "chat.stranger.example");
	assert_false(proven.suspicious);
	shut = "shut.example";
	xmpp.verified(xmpp.arg, 6, VIEW("shut.example"));
	xmpp.verified(xmpp.arg, 6, VIEW("corp.example"));
	shut = NULL;
	assert_int_equal(proven.fd, 5);
	for (uint32_t i = 0; i < 3; i++) {
		stanza_from("chat.stranger.example", FROM("joe@chat.stranger.example", "m1"));
		answer(i, SIP_RESPONDED, 404);
	}
	assert_true(watch_suspects(gate_watch(gate), rules, VIEW("chat.stranger.example")));
	assert_string_equal(said_again_of, "chat.stranger.example");
	xmpp.verified(xmpp.arg, 6, VIEW("chat.stranger.example"));
	assert_int_equal(proven.fd, 6);
	assert_true(proven.suspicious);
	/* Not even when rules name whom it lies below. */
	rules_say(
		session, "partners: [{domain: stranger.example, protocol: xmpp, subtree: true}]\n");
	assert_string_equal(suspects_said, "0");
	assert_int_equal(said_again, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		GATE_ROW(each_refusal_reaches_both_sides),
		GATE_ROW(users_of_a_shared_domain_talk_both_ways),
		GATE_ROW(without_a_provider_that_shares_it_nobody_sends_as_us),
		GATE_ROW(what_neither_side_knows_does_not_go_round),
		GATE_ROW(a_decorated_name_goes_out_and_its_errors_find_back),
		GATE_ROW(a_decorated_name_comes_in_undone_and_hears_errors_decorated),
		GATE_ROW(hostile_forms_hear_why),
		GATE_ROW(a_contact_is_the_same_in_both_forms),
		GATE_ROW(whoever_is_discovered_talks_both_ways),
		GATE_ROW(some_names_are_never_discovered),
		GATE_ROW(of_a_suspicious_provider_all_domains_are),
		GATE_ROW(all_domains_of_a_provider_share_its_messages),
		GATE_ROW(and_its_users_where_it_states_them),
		GATE_ROW(who_states_none_has_those_of_partners_for_all),
		GATE_ROW(who_was_discovered_is_known_by_its_name_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
