/* SPDX-License-Identifier: BSD-3-Clause */
/* What the rules refuse: whom it reaches, in whose words. */
#include "tests/unit/test.h"

#include <arpa/inet.h>
#include <limits.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control/known.h"
#include "control/policy/explain.h"
#include "tests/unit/gate_house.h"

/* Rules that name the partner with these terms, and say this besides. */
static void rules_are(struct session *session, const char *terms, const char *more)
{
	char yaml[1024];

	snprintf(yaml, sizeof(yaml),
		"partners:\n  - {domain: partner.example, protocol: xmpp%s}\n%s", terms, more);
	rules_say(session, yaml);
}

static const struct {
	const char *label, *terms, *more;
	uint16_t sip;          /* what bob hears; 0: his message goes */
	const char *reason;    /* its counter */
	const char *header;    /* in his answer; NULL: none */
	const char *condition; /* what alice hears; NULL: her message goes */
} cases[] = {
	{"nothing is said", "", "", 0, NULL, NULL, NULL},
	{"federation is off", "", "federation: false\n", 403, "federation_off", "1002",
		"policy-violation"},
	{"the user may nothing", "", "policies: [{name: p}]\npolicy: {global: p}\n", 403,
		"user_federation", "1002", "forbidden"},
	{"the user may no XMPP", "",
		"policies: [{name: p, in: [federation], out: [federation]}]\npolicy: {global: p}\n",
		403, "user_xmpp", "1002", "forbidden"},
	{"only out", "", "policies: [{name: p, out: [federation, xmpp]}]\npolicy: {global: p}\n", 0,
		"user_federation", NULL, "forbidden"},
	{"only in", "", "policies: [{name: p, in: [federation, xmpp]}]\npolicy: {global: p}\n", 403,
		"user_federation", "1002", NULL},
	{"another user's policy", "",
		"policies: [{name: p}]\nusers: [{address: eve@corp.example, policy: p}]\n", 0, NULL,
		NULL, NULL},
	{"his own policy", "",
		"policies: [{name: p}]\nusers: [{address: bob@corp.example, policy: p}]\n", 403,
		"user_federation", "1002", "forbidden"},
	{"no im", ", capabilities: [presence]", "", 488, "capability", NULL,
		"feature-not-implemented"},
	{"our user begins", ", type: public-unverified", "", 0, "not_invited", NULL, "forbidden"},
	{"nobody is verified", ", verification: always-unverifiable", "", 0, "not_a_contact", NULL,
		"forbidden"},
	{"too large", ", message_bytes_max: 3", "", 413, "too_large", NULL, "policy-violation"},
	{"must be archived", ", archive: true", "", 500, "archive_down", NULL,
		"service-unavailable"},
};

static void each_refusal_reaches_both_sides(void **state)
{
	struct session *session = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint32_t sent_before = sent_count;
		uint32_t requests_before = request_count;
		char wanted[64];

		rules_are(session, cases[i].terms, cases[i].more);
		memset(&response, 0, sizeof(response));
		/* alice first: bob's message would make her a contact. */
		stanza_in(HELLO("m1"));
		if (!cases[i].condition && request_count != requests_before + 1)
			fail_msg("%s: alice is refused", cases[i].label);
		snprintf(wanted, sizeof(wanted), "<%s ",
			cases[i].condition ? cases[i].condition : "");
		if (cases[i].condition && (sent_count != sent_before + 1 ||
						  !strstr(sent[sent_before].stanza, wanted) ||
						  !strstr(sent[sent_before].stanza, " id='m1'")))
			fail_msg("%s: alice hears %s", cases[i].label,
				sent_count > sent_before ? sent[sent_before].stanza : "nothing");
		if (!cases[i].condition)
			answer(requests_before, SIP_RESPONDED, 200);
		sent_before = sent_count;
		message_in("sip:alice@partner.example", "hello");
		if (response.code != cases[i].sip)
			fail_msg("%s: bob hears %u", cases[i].label, response.code);
		if (cases[i].header ? !strstr(response.extra, "ms-diagnostics-public: ") ||
					      !strstr(response.extra, cases[i].header)
				    : strstr(response.extra, "ms-diagnostics") != NULL)
			fail_msg("%s: bob's answer has '%s'", cases[i].label, response.extra);
		if (cases[i].sip == 0 && sent_count == sent_before)
			fail_msg("%s: bob's message did not go", cases[i].label);
		if (cases[i].reason && counter_get("policy.refused", cases[i].reason) == 0)
			fail_msg("%s: not counted as %s", cases[i].label, cases[i].reason);
		counters_clear();
		stop(state);
		gate_free(gate);
		contacts_free(contacts);
		gate_start(state);
		session = *state;
	}
}

/* What stands before the other questions is refused in the same words. */
static void a_domain_that_is_nobodys_or_blocked_is_refused_in_the_same_words(void **state)
{
	rules_are(*state, "", "blocked: {domains: [bad.example]}\n");
	message_in("sip:alice@bad.example", "hello");
	assert_int_equal(response.code, 403);
	assert_string_equal(response.extra,
		"ms-diagnostics-public: 1027;reason=\"Not allowed by policy\";source=\"corp.example\"\r\n");
	assert_int_equal(counter_get("policy.refused", "domain_blocked"), 1);
	message_in("sip:alice@nobody.example", "hello");
	assert_int_equal(response.code, 403);
	assert_string_equal(response.extra,
		"ms-diagnostics-public: 1027;reason=\"No route to domain\";source=\"corp.example\"\r\n");
	assert_int_equal(counter_get("policy.refused", "no_partner"), 1);
	assert_int_equal(sent_count, 0);
}

static void who_was_written_to_may_answer(void **state)
{
	rules_are(*state, ", type: public-unverified", "");
	stanza_in(HELLO("m1"));
	assert_int_equal(request_count, 0);
	message_in("sip:alice@partner.example", "hello");
	stanza_in(HELLO("m2"));
	assert_int_equal(request_count, 1);
}

/* How many of the stanzas since the last call say it. */
static uint32_t disclaimers(void)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < sent_count; i++)
		count += strstr(sent[i].stanza, "<body>This is archived.\n\n") != NULL;
	sent_count = 0;
	return count;
}

static void the_disclaimer_is_said_when_a_conversation_begins(void **state)
{
	rules_are(*state, ", disclaimer: This is archived.", "");
	/* She begins; what he answers is his first. */
	stanza_in(HELLO("m1"));
	assert_null(strstr(requests[0].body, "archived"));
	answer(0, SIP_RESPONDED, 200);
	message_in("sip:alice@partner.example", "hello");
	assert_non_null(strstr(sent[0].stanza, "<body>This is archived.\n\nhello</body>"));
	assert_int_equal(disclaimers(), 1);
	message_in("sip:alice@partner.example", "again");
	assert_int_equal(disclaimers(), 0);
	message_in("sip:eve@partner.example", "somebody else");
	assert_int_equal(disclaimers(), 1);
	/* A day later it is another conversation, though he knows her. */
	now.ns += 24 * 3600 * NS_PER_S;
	message_in("sip:alice@partner.example", "good morning");
	assert_int_equal(disclaimers(), 1);
	now.ns += 40 * 60 * NS_PER_S;
	stanza_in(HELLO("m2"));
	now.ns += 40 * 60 * NS_PER_S;
	message_in("sip:alice@partner.example", "still the same");
	assert_int_equal(disclaimers(), 0);
}

static void what_is_refused_begins_no_conversation(void **state)
{
	rules_are(*state, ", disclaimer: This is archived., message_bytes_max: 5", "");
	message_in("sip:alice@partner.example", "too long");
	assert_int_equal(response.code, 413);
	message_in("sip:alice@partner.example", "short");
	assert_int_equal(disclaimers(), 1);
}

static void only_plain_text_crosses_where_it_is_folded(void **state)
{
	static const char *const terms[] = {", fold_messages: true", ""};

	/* Nothing else is carried yet, so without the rule it is the same. */
	for (size_t i = 0; i < 2; i++) {
		uint32_t before = request_count;
		uint32_t sent_before = sent_count;

		rules_are(*state, terms[i], "");
		stanza_in(
			"<message from='alice@partner.example' to='bob@corp.example' type='chat' id='m1'>"
			"<active xmlns='http://jabber.org/protocol/chatstates'/><body>one &lt;b&gt;</body>"
			"<html xmlns='http://jabber.org/protocol/xhtml-im'>"
			"<body xmlns='http://www.w3.org/1999/xhtml'><p>one <b>bold</b></p></body></html>"
			"</message>");
		assert_int_equal(request_count, before + 1);
		assert_string_equal(requests[before].body, "one <b>");
		answer(before, SIP_RESPONDED, 200);
		/* Who only types is not refused, and does not cross. */
		stanza_in(
			"<message from='alice@partner.example' to='bob@corp.example' type='chat' id='m2'>"
			"<composing xmlns='http://jabber.org/protocol/chatstates'/></message>");
		assert_int_equal(request_count, before + 1);
		assert_int_equal(sent_count, sent_before);
		message_in("sip:alice@partner.example", "<b>two</b>");
		assert_non_null(strstr(
			sent[sent_before].stanza, "<body>&lt;b&gt;two&lt;/b&gt;</body><thread>"));
		assert_null(strstr(sent[sent_before].stanza, "xhtml"));
		assert_null(strstr(sent[sent_before].stanza, "chatstates"));
		content_type = "text/html";
		message_in("sip:alice@partner.example", "<b>three</b>");
		content_type = "text/plain";
		assert_int_equal(response.code, 415);
		assert_string_equal(response.extra, "Accept: text/plain\r\n");
	}
}

#define LINK_IN(subject, body)                                                                     \
	"<message from='alice@partner.example' to='bob@corp.example' id='m1'>"                     \
	"<subject>" subject "</subject><body>" body "</body></message>"

static void links_are_refused_both_ways(void **state)
{
	static const struct {
		const char *links, *text, *reason, *outside;
		const char *id;
	} rows[] = {
		{"{action: block}", "see www.a.example", "link_blocked", "Links not allowed",
			"16002"},
		{"{extensions: [default]}", "http://a.example/setup.exe?x", "file_blocked",
			"Links to such files not allowed", "16001"},
		{"{action: defuse, links_max: 1}", "www.a.example www.b.example", "too_many_links",
			"Too many links", "16003"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint32_t before = sent_count;
		char terms[128];
		char stanza[512];
		char header[256];

		snprintf(terms, sizeof(terms), ", links: %s", rows[i].links);
		rules_are(*state, terms, "links: {action: warn, notice: Careful}\n");
		snprintf(stanza, sizeof(stanza), LINK_IN("", "%s"), rows[i].text);
		stanza_in(stanza);
		assert_int_equal(request_count, 0);
		assert_non_null(strstr(sent[before].stanza, "<policy-violation "));
		assert_non_null(strstr(sent[before].stanza, rows[i].outside));
		message_in("sip:alice@partner.example", rows[i].text);
		assert_int_equal(response.code, 403);
		snprintf(header, sizeof(header),
			"ms-diagnostics-public: %s;reason=\"%s\";source=\"corp.example\"\r\n",
			rows[i].id, rows[i].outside);
		assert_string_equal(response.extra, header);
		assert_int_equal(sent_count, before + 1);
		assert_int_equal(counter_get("policy.refused", rows[i].reason), 2);
	}
	/* One in the subject is seen as well. */
	rules_are(*state, ", links: {action: block}", "");
	stanza_in(LINK_IN("www.a.example", "hello"));
	assert_int_equal(request_count, 0);
	stanza_in(LINK_IN("hello", "hello"));
	assert_int_equal(request_count, 1);
}

static void links_are_defused_both_ways(void **state)
{
	/* The size is that of what was received. */
	rules_are(*state, ", message_bytes_max: 13", "links: {action: defuse}\n");
	stanza_in(LINK_IN("sip:a@b", "www.a.example"));
	assert_string_equal(requests[0].body, "_www.a.example");
	assert_non_null(strstr(requests[0].extra, "Subject: _sip:a@b\r\n"));
	answer(0, SIP_RESPONDED, 200);
	message_in("sip:alice@partner.example", "www.a.example");
	assert_non_null(strstr(sent[0].stanza, "<body>_www.a.example</body>"));
	message_in("sip:alice@partner.example", "hello");
	assert_non_null(strstr(sent[1].stanza, "<body>hello</body>"));
	assert_int_equal(counter_get("policy.links", "defused"), 2);
}

/* Once, at the top, also above what begins a conversation, and in this direction alone. */
static void a_warning_of_links_stands_at_the_top(void **state)
{
	rules_are(*state, ", disclaimer: This is archived.",
		"links: {action: warn, notice: Careful, directions: [out]}\n");
	stanza_in(LINK_IN("", "www.a.example"));
	assert_string_equal(requests[0].body, "www.a.example");
	answer(0, SIP_RESPONDED, 200);
	message_in("sip:alice@partner.example", "www.a.example");
	assert_non_null(strstr(
		sent[0].stanza, "<body>Careful\n\nThis is archived.\n\nwww.a.example</body>"));
	message_in("sip:alice@partner.example", "Careful\n\nwww.a.example");
	assert_non_null(strstr(sent[1].stanza, "<body>Careful\n\nwww.a.example</body>"));
	message_in("sip:alice@partner.example", "no link");
	assert_non_null(strstr(sent[2].stanza, "<body>no link</body>"));
	assert_int_equal(counter_get("policy.links", "warned"), 2);
}

static void what_is_refused_makes_nobody_a_contact(void **state)
{
	rules_are(*state, ", type: public-unverified",
		"policies: [{name: p, in: [federation, xmpp]}]\npolicy: {global: p}\n");
	message_in("sip:alice@partner.example", "hello");
	assert_int_equal(response.code, 403);
	assert_int_equal(contacts_count(contacts), 0);
}

static void too_many_messages_are_refused_both_ways(void **state)
{
	rules_are(*state, ", limits: {messages_per_s: 2}", "");
	for (uint32_t i = 0; i < 2; i++) {
		stanza_in(HELLO("m1"));
		answer(i, SIP_RESPONDED, 200);
	}
	assert_int_equal(sent_count, 0);
	stanza_in(HELLO("m3"));
	assert_int_equal(request_count, 2);
	assert_non_null(strstr(sent[0].stanza, "<error type='wait'><resource-constraint "));
	assert_non_null(strstr(sent[0].stanza, " id='m3'"));
	assert_int_equal(counter_get("policy.refused", "over_messages"), 1);
	/* Ours have as many of their own. */
	message_in("sip:alice@partner.example", "hello");
	message_in("sip:alice@partner.example", "hello");
	assert_int_equal(response.count, 0);
	message_in("sip:alice@partner.example", "hello");
	assert_int_equal(response.code, 480);
	assert_string_equal(response.extra, "Retry-After: 1\r\n");
	now.ns += NS_PER_S / 2;
	stanza_in(HELLO("m4"));
	assert_int_equal(request_count, 3);
}

static void too_many_users_are_refused_both_ways(void **state)
{
	rules_are(*state, ", limits: {users: 1}", "");
	stanza_in(HELLO("m1"));
	answer(0, SIP_RESPONDED, 200);
	stanza_in(
		"<message from='alice@partner.example' to='eve@corp.example' id='m2'><body>x</body>"
		"</message>");
	assert_non_null(strstr(sent[0].stanza, "<policy-violation "));
	stanza_in(HELLO("m3"));
	assert_int_equal(request_count, 2);
	message_in("sip:alice@partner.example", "hello");
	message_in("sip:another@partner.example", "hello");
	assert_int_equal(response.code, 403);
	assert_int_equal(counter_get("policy.refused", "over_users"), 2);
}

static void what_is_refused_for_something_else_uses_nothing_up(void **state)
{
	rules_are(*state, ", limits: {messages_per_s: 1}, capabilities: [presence]", "");
	for (int i = 0; i < 5; i++) {
		stanza_in(HELLO("m1"));
		assert_non_null(strstr(sent[i].stanza, "<feature-not-implemented "));
	}
}

/* What DNS says is heard of behind the first message; the next ones are decided with it. */
static void whoever_dns_leads_to_nobody_or_elsewhere_is_refused_with_the_reason(void **state)
{
	static const struct {
		enum xmpp_fate fate;
		uint16_t code;
		const char *reason, *header;
	} rows[] = {
		{XMPP_NO_SERVER, 404, "srv_missing",
			"ms-diagnostics-public: 1008;reason=\"No server of the domain in DNS\";"
			"source=\"corp.example\"\r\n"},
		{XMPP_SRV_CONFLICT, 504, "srv_conflict",
			"ms-diagnostics-public: 1009;reason=\"Server in DNS does not match the "
			"domain\";source=\"corp.example\"\r\n"},
	};
	const struct explain_asked asked = {
		.from = "bob@corp.example", .to = "alice@partner.example"};
	char why[EXPLAIN_WHY_BYTES];

	rules_are(*state, ", srv_hosts: own", "");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		json_t *all;

		held = XMPP_UNREACHABLE;
		sent_count = 0;
		message_in("sip:alice@partner.example", "hello");
		assert_int_equal(sent_count, 1);
		xmpp.fate(xmpp.arg, sent[0].cookie, rows[i].fate);
		assert_int_equal(response.code, rows[i].code);
		assert_non_null(strstr(response.extra, rows[i].header));
		assert_int_equal(counter_get("policy.refused", rows[i].reason), 1);
		held = rows[i].fate;
		memset(&response, 0, sizeof(response));
		message_in("sip:alice@partner.example", "hello");
		assert_int_equal(sent_count, 1);
		assert_int_equal(response.code, rows[i].code);
		assert_string_equal(response.extra, rows[i].header);
		assert_int_equal(counter_get("policy.refused", rows[i].reason), 2);
		all = explain_make(gate, rules, &asked, NULL, why);
		assert_string_equal(
			json_string_value(json_object_get(all, "reason")), rows[i].reason);
		json_decref(all);
		/* What comes in took another way. */
		request_count = 0;
		stanza_in(HELLO("m1"));
		assert_int_equal(request_count, 1);
		answer(0, SIP_RESPONDED, 200);
	}
}

/* A message to somebody whom our server does not know. */
static void guess(uint16_t code)
{
	uint32_t before = request_count;

	stanza_in(HELLO("m1"));
	if (request_count > before)
		answer(before, SIP_RESPONDED, code);
}

static void who_writes_to_nobody_is_suspicious_until_its_time_or_trust(void **state)
{
	struct session *session = *state;
	struct watch *watch = gate_watch(gate);
	json_t *rows;

	session_verdicts(session, (struct verdicts *)1);
	suspects_said[0] = '\0';
	rules_are(session, "", "limits: {suspicious: {errors_least: 3}}\n");
	said_again = 0;
	guess(200);
	guess(404);
	guess(480);
	guess(604);
	assert_int_equal(said_again, 0);
	xmpp.verified(xmpp.arg, 5, VIEW("partner.example"));
	assert_false(proven.suspicious);
	assert_string_equal(suspects_said, "0"); /* by the rules, nobody */
	guess(404);
	assert_string_equal(suspects_said, "0+1");
	assert_int_equal(said_again, rules->partners[0].id);
	assert_true(watch_suspects(watch, rules, VIEW("partner.example")));
	assert_false(watch_suspects(watch, rules, VIEW("corp.example")));
	/* What it opens from now on is, too. */
	xmpp.verified(xmpp.arg, 5, VIEW("partner.example"));
	assert_true(proven.suspicious);
	rows = watch_json(watch);
	assert_int_equal(json_array_size(rows), 1);
	assert_string_equal(json_string_value(json_object_get(json_array_get(rows, 0), "target")),
		"partner.example");
	assert_string_equal(json_string_value(json_object_get(json_array_get(rows, 0), "reason")),
		"3 of 5 messages were to users whom there are not");
	json_decref(rows);
	guess(200);
	sent_count = 0;
	guess(200);
	assert_non_null(strstr(sent[0].stanza, "<resource-constraint "));
	assert_int_equal(counter_get("policy.refused", "over_errors"), 1);
	assert_int_equal(counter_get("policy.suspicious", "found"), 1);
	/* Our users write to it as before. */
	response.count = 0;
	for (int i = 0; i < 5; i++)
		message_in("sip:alice@partner.example", "hello");
	assert_int_equal(response.count, 0);
	said_again = 0;
	suspects_said[0] = '\0';
	session_say_suspects(session);
	assert_string_equal(suspects_said, "0+1");
	assert_true(watch_trust(watch, VIEW("partner.example")));
	assert_string_equal(suspects_said, "0+1-1");
	assert_false(watch_trust(watch, VIEW("partner.example")));
	assert_int_equal(said_again, rules->partners[0].id);
	xmpp.verified(xmpp.arg, 5, VIEW("partner.example"));
	assert_false(proven.suspicious);
	guess(404);
	guess(404);
	guess(404);
	assert_int_equal(counter_get("policy.suspicious", "found"), 2);
	said_again = 0;
	suspects_said[0] = '\0';
	pass_ms(60 * 60 * 1000);
	assert_int_equal(said_again, rules->partners[0].id);
	assert_string_equal(suspects_said, "-1");
	assert_int_equal(counter_get("policy.suspicious", "expired"), 1);
	assert_false(watch_suspects(watch, rules, VIEW("partner.example")));
}

/* Both ends of a connection. */
static void connect_both(int ends[static 2])
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	ends[0] = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&address, len), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &len), 0);
	assert_int_equal(connect(ends[0], (struct sockaddr *)&address, len), 0);
	ends[1] = accept(listener, NULL, NULL);
	assert_in_range(ends[1], 0, INT_MAX);
	close(listener);
}

static bool loopback_is_known(const struct known *known)
{
	struct ip_address address;

	assert_true(ip_address_parse(VIEW("127.0.0.1"), &address));
	return known_origin(known, mark_make(CLASS_UNKNOWN, PARTNER_NONE), &address, now).class ==
	       ORIGIN_CLAIMED;
}

/* Where rules or DNS know its address. */
static bool partners_have_turns(const struct known *known)
{
	const uint32_t claimed = mark_make(CLASS_CLAIMED, rules->partners[0].id);
	struct ip_address address;

	assert_true(ip_address_parse(VIEW("127.0.0.1"), &address));
	return !origin_is_stranger(known_origin(known, claimed, &address, now).class);
}

static void who_proves_itself_is_known_by_its_address(void **state)
{
	struct session *session = *state;
	struct known *known = known_new();
	int ends[2];
	int fd;

	connect_both(ends);
	fd = ends[0];
	session_verdicts(session, (struct verdicts *)1);
	session_known(session, known);
	rules_are(session, "", "limits: {suspicious: {errors_least: 3}}\n");
	xmpp.verified(xmpp.arg, fd, VIEW("stranger.example"));
	rules_are(session, "",
		"discovery: {enabled: true}\nlimits: {suspicious: {errors_least: 3}}\n");
	xmpp.verified(xmpp.arg, fd, VIEW("stranger.example"));
	assert_int_equal(proven.id, PARTNER_NONE);
	xmpp.verified(xmpp.arg, -1, VIEW("partner.example"));
	assert_int_equal(known_count(known, now), 0);
	xmpp.verified(xmpp.arg, fd, VIEW("partner.example"));
	assert_true(loopback_is_known(known));
	/* As long as it behaves, */
	for (int i = 0; i < 3; i++)
		guess(404);
	assert_false(loopback_is_known(known));
	xmpp.verified(xmpp.arg, fd, VIEW("partner.example"));
	assert_false(loopback_is_known(known));
	assert_false(partners_have_turns(known));
	assert_true(watch_trust(gate_watch(gate), VIEW("partner.example")));
	xmpp.verified(xmpp.arg, fd, VIEW("partner.example"));
	assert_true(loopback_is_known(known));
	assert_true(partners_have_turns(known));
	/* nobody blocks it, */
	shut = "partner.example";
	session_review_known(session);
	assert_false(loopback_is_known(known));
	xmpp.verified(xmpp.arg, fd, VIEW("partner.example"));
	assert_false(loopback_is_known(known));
	shut = NULL;
	xmpp.verified(xmpp.arg, fd, VIEW("partner.example"));
	assert_true(loopback_is_known(known));
	/* and the rules know it. */
	rules_are(session, "", "");
	assert_true(loopback_is_known(known));
	adopt(session, "");
	assert_false(loopback_is_known(known));
	session_known(session, NULL);
	known_free(known);
	close(ends[0]);
	close(ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		GATE_ROW(each_refusal_reaches_both_sides),
		GATE_ROW(a_domain_that_is_nobodys_or_blocked_is_refused_in_the_same_words),
		GATE_ROW(who_was_written_to_may_answer),
		GATE_ROW(the_disclaimer_is_said_when_a_conversation_begins),
		GATE_ROW(what_is_refused_begins_no_conversation),
		GATE_ROW(only_plain_text_crosses_where_it_is_folded),
		GATE_ROW(links_are_refused_both_ways),
		GATE_ROW(links_are_defused_both_ways),
		GATE_ROW(a_warning_of_links_stands_at_the_top),
		GATE_ROW(what_is_refused_makes_nobody_a_contact),
		GATE_ROW(too_many_messages_are_refused_both_ways),
		GATE_ROW(too_many_users_are_refused_both_ways),
		GATE_ROW(what_is_refused_for_something_else_uses_nothing_up),
		GATE_ROW(whoever_dns_leads_to_nobody_or_elsewhere_is_refused_with_the_reason),
		GATE_ROW(who_writes_to_nobody_is_suspicious_until_its_time_or_trust),
		GATE_ROW(who_proves_itself_is_known_by_its_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
