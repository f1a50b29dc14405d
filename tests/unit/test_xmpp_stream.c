/* SPDX-License-Identifier: BSD-3-Clause */
/* The stream state machine, both roles, as transcripts with a fake clock. */
#include "tests/unit/stream_play.h"

static const struct script inbound[] = {
	{"a partner", STREAM_PROVEN,
		{TO_IN, {STANZA, "", "deliver"}, {" \n", "", NULL},
			{END, END, "close ended_by_peer"}}},
	{"empty authorisation identity", STREAM_PROVEN,
		{TO_AUTH, {AUTH("="), SASL("success"), NULL}}},
	{"challenge and response", STREAM_PROVEN,
		{TO_AUTH, {AUTH(""), SASL("challenge"), NULL},
			{SASL("response"), SASL("success"), NULL},
			{PEER_HEAD, IN_HEAD NO_FEATURES, "ready"}}},
	{"response out of turn", STREAM_PROVEN,
		{TO_AUTH, {SASL("response"), ERROR("unsupported-stanza-type"),
				  "close unexpected_element"}}},
	{"no from in clear text", STREAM_PROVEN,
		{{HEAD("to='a.example'"), IN_HEAD_TO("") STARTTLS, NULL},
			{TLS("starttls"), TLS("proceed"), "tls"}, {"+tls", "", NULL},
			{PEER_HEAD, IN_HEAD EXTERNAL, NULL}}},
	{"names in capitals are the same names", STREAM_PROVEN,
		{TO_TLS, {"+tls", "", NULL},
			{HEAD("to='A.example' from='B.EXAMPLE.'"),
				"<?xml version='1.0'?><stream:stream " NS
				" from='A.example' to='B.EXAMPLE.'" ID
				" version='1.0' xml:lang='en'>" EXTERNAL,
				NULL}}},
	{"no to", STREAM_PROVEN,
		{{HEAD("from='b.example'"), IN_HEAD ERROR("host-unknown"),
			"close header_without_to"}}},
	{"foreign to", STREAM_PROVEN,
		{{HEAD("from='b.example' to='c.example'"), IN_HEAD ERROR("host-unknown"),
			"close header_to_unknown"}}},
	{"a JID as to", STREAM_PROVEN,
		{{HEAD("from='b.example' to='x@a.example'"), IN_HEAD ERROR("host-unknown"),
			"close header_to_unknown"}}},
	{"from is no domain", STREAM_PROVEN,
		{{HEAD("from='b_.example' to='a.example'"),
			IN_HEAD_TO("") ERROR("improper-addressing"), "close header_from_invalid"}}},
	{"blocked", STREAM_PROVEN,
		{{HEAD("from='evil.example' to='a.example'"),
			IN_HEAD_TO(" to='evil.example'") ERROR("policy-violation"),
			"close blocked_domain"}}},
	{"unknown partner", STREAM_PROVEN,
		{{HEAD("from='c.example' to='a.example'"),
			IN_HEAD_TO(" to='c.example'") ERROR("not-authorized"),
			"close unknown_partner"}}},
	{"partner of the other protocol", STREAM_PROVEN,
		{{HEAD("from='sip.example' to='a.example'"),
			IN_HEAD_TO(" to='sip.example'") ERROR("policy-violation"),
			"close partner_is_not_xmpp"}}},
	{"unknown partner, said late", STREAM_PROVEN,
		{{HEAD("to='a.example'"), IN_HEAD_TO("") STARTTLS, NULL},
			{TLS("starttls"), TLS("proceed"), "tls"}, {"+tls", "", NULL},
			{HEAD("from='c.example' to='a.example'"),
				IN_HEAD_TO(" to='c.example'") ERROR("not-authorized"),
				"close unknown_partner"}}},
	{"no from inside TLS", STREAM_PROVEN,
		{TO_TLS, {"+tls", "", NULL},
			{HEAD("to='a.example'"), IN_HEAD_TO("") ERROR("improper-addressing"),
				"close header_without_from"}}},
	{"from changes inside TLS", STREAM_PROVEN,
		{TO_TLS, {"+tls", "", NULL},
			{HEAD("to='a.example' from='b2.example'"),
				IN_HEAD_TO(" to='b2.example'") ERROR("not-authorized"),
				"close header_changed"}}},
	{"to changes inside TLS", STREAM_PROVEN,
		{TO_TLS, {"+tls", "", NULL},
			{HEAD("to='a2.example' from='b.example'"),
				"<?xml version='1.0'?><stream:stream " NS
				" from='a2.example' to='b.example'" ID
				" version='1.0' xml:lang='en'>" ERROR("not-authorized"),
				"close header_changed"}}},
	{"to changes after SASL", STREAM_PROVEN,
		{TO_AUTH, {AUTH(B64_B), SASL("success"), NULL},
			{HEAD("to='a2.example' from='b.example'"),
				"<?xml version='1.0'?><stream:stream " NS
				" from='a2.example' to='b.example'" ID
				" version='1.0' xml:lang='en'>" ERROR("not-authorized"),
				"close header_changed"}}},
	{"from changes after SASL", STREAM_PROVEN,
		{TO_AUTH, {AUTH(B64_B), SASL("success"), NULL},
			{HEAD("to='a.example' from='b2.example'"),
				IN_HEAD_TO(" to='b2.example'") ERROR("not-authorized"),
				"close header_changed"}}},
	{"no certificate", STREAM_CERTIFICATE_NONE,
		{TO_TLS, {"+tls", "", NULL},
			{PEER_HEAD, IN_HEAD ERROR("not-authorized"), "close certificate_missing"}}},
	{"bad certificate", STREAM_CERTIFICATE_INVALID,
		{TO_TLS, {"+tls", "", NULL},
			{PEER_HEAD, IN_HEAD ERROR("not-authorized"), "close certificate_invalid"}}},
	{"certificate of another domain", STREAM_CERTIFICATE_OTHER,
		{TO_TLS, {"+tls", "", NULL},
			{PEER_HEAD, IN_HEAD ERROR("not-authorized"),
				"close certificate_other_domain"}}},
	{"stanza before TLS", STREAM_PROVEN,
		{{PEER_HEAD, IN_HEAD STARTTLS, NULL},
			{STANZA, ERROR("not-authorized"), "close stanza_before_auth"}}},
	{"stanza before SASL", STREAM_PROVEN,
		{TO_AUTH, {STANZA, ERROR("not-authorized"), "close stanza_before_auth"}}},
	{"SASL before TLS", STREAM_PROVEN,
		{{PEER_HEAD, IN_HEAD STARTTLS, NULL},
			{AUTH(B64_B), FAILURE("encryption-required") ERROR("policy-violation"),
				"close auth_before_tls"}}},
	{"TLS in TLS", STREAM_PROVEN,
		{TO_AUTH, {TLS("starttls"), ERROR("unsupported-stanza-type"),
				  "close unexpected_element"}}},
	{"another domain's identity", STREAM_PROVEN,
		{TO_AUTH, {AUTH("YzIuZXhhbXBsZQ=="), FAILURE("invalid-authzid"), NULL},
			{AUTH(B64_B), SASL("success"), NULL}}},
	{"a user's identity", STREAM_PROVEN,
		{TO_AUTH, {AUTH("eEBiLmV4YW1wbGU="), FAILURE("invalid-authzid"), NULL}}},
	{"other mechanism", STREAM_PROVEN,
		{TO_AUTH, {"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AA=="
			   "</auth>",
				  FAILURE("invalid-mechanism"), NULL}}},
	{"three tries", STREAM_PROVEN,
		{TO_AUTH, {AUTH("!"), FAILURE("incorrect-encoding"), NULL},
			{SASL("abort"), ERROR("unsupported-stanza-type"),
				"close unexpected_element"}}},
	{"four tries", STREAM_PROVEN,
		{TO_AUTH, {AUTH("!"), FAILURE("incorrect-encoding"), NULL},
			{AUTH("a"), FAILURE("incorrect-encoding"), NULL},
			{AUTH("YQ"), FAILURE("incorrect-encoding") ERROR("policy-violation"),
				"close too_many_auth_tries"},
			{AUTH(B64_B), "", NULL}}},
	{"aborted", STREAM_PROVEN,
		{TO_AUTH, {AUTH(""), SASL("challenge"), NULL},
			{SASL("abort"), FAILURE("aborted"), NULL},
			{AUTH(B64_B), SASL("success"), NULL}}},
	{"stanza from another domain", STREAM_PROVEN,
		{TO_IN, {"<message to='x@a.example' from='y@b2.example'/>", ERROR("invalid-from"),
				"close stanza_from_other_domain"}}},
	{"stanza from a domain below", STREAM_PROVEN,
		{TO_IN, {"<message to='x@a.example' from='y@c.b.example'/>", ERROR("invalid-from"),
				"close stanza_from_other_domain"}}},
	{"stanza to a foreign domain", STREAM_PROVEN,
		{TO_IN, {"<message to='x@c.example' from='y@b.example'/>", ERROR("host-unknown"),
				"close stanza_to_other_domain"}}},
	{"stanza to another of our domains", STREAM_PROVEN,
		{TO_IN, {"<message to='x@a2.example' from='y@b.example'/>", ERROR("host-unknown"),
				"close stanza_to_other_domain"}}},
	{"stanza without from", STREAM_PROVEN,
		{TO_IN, {"<message to='x@a.example'/>", ERROR("improper-addressing"),
				"close stanza_without_address"}}},
	{"stanza without to", STREAM_PROVEN,
		{TO_IN, {"<message from='x@b.example'/>", ERROR("improper-addressing"),
				"close stanza_without_address"}}},
	{"from with two ats", STREAM_PROVEN,
		{TO_IN, {"<message to='x@a.example' from='y@b.example@b.example'/>",
				ERROR("improper-addressing"), "close jid_domain"}}},
	{"from with the domain in the resource", STREAM_PROVEN,
		{TO_IN, {"<message to='x@a.example' from='y@c.example/@b.example'/>",
				ERROR("invalid-from"), "close stanza_from_other_domain"}}},
	{"to is no JID", STREAM_PROVEN,
		{TO_IN, {"<message to='@a.example' from='y@b.example'/>",
				ERROR("improper-addressing"), "close jid_local"}}},
	{"iq without id", STREAM_PROVEN,
		{TO_IN, {"<iq type='get' to='a.example' from='b.example'/>", ERROR("invalid-xml"),
				"close iq_without_id"}}},
	{"iq of no type", STREAM_PROVEN,
		{TO_IN, {"<iq id='1' to='a.example' from='b.example'/>", ERROR("invalid-xml"),
				"close iq_type"}}},
	{"iq", STREAM_PROVEN,
		{TO_IN, {"<iq id='1' type='get' to='a.example' from='b.example'/>", "",
				"deliver"}}},
	{"SASL again", STREAM_PROVEN,
		{TO_IN, {AUTH(B64_B), ERROR("unsupported-stanza-type"),
				"close unexpected_element"}}},
	{"features from the initiator", STREAM_PROVEN,
		{TO_IN, {NO_FEATURES, ERROR("unsupported-stanza-type"),
				"close unexpected_element"}}},
	{"not XML", STREAM_PROVEN,
		{{"GET / HTTP/1.1\r\n", IN_HEAD_TO("") ERROR("not-well-formed"),
			"close not_well_formed"}}},
	{"comment in clear text", STREAM_PROVEN,
		{{PEER_HEAD, IN_HEAD STARTTLS, NULL},
			{"<!---->", ERROR("restricted-xml"), "close comment"}}},
	{"a stream error from the peer", STREAM_PROVEN,
		{TO_IN, {"<stream:error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>"
			 "</stream:error>",
				END, "close error_from_peer"}}},
	{"end before the beginning", STREAM_PROVEN,
		{{PEER_HEAD, IN_HEAD STARTTLS, NULL}, {END, END, "close ended_before_auth"}}},
	{"slow header", STREAM_PROVEN,
		{{"<stream:stream ", "", NULL}, {"+9999", "", NULL},
			{"+1", IN_HEAD_TO("") ERROR("connection-timeout"),
				"close header_timeout"}}},
	{"slow negotiation", STREAM_PROVEN,
		{{PEER_HEAD, IN_HEAD STARTTLS, NULL}, {"+29999", "", NULL},
			{"+1", ERROR("connection-timeout"), "close setup_timeout"}}},
	{"slow handshake", STREAM_PROVEN,
		{TO_TLS, {"+29999", "", NULL}, {"+1", "", "close handshake_timeout"}}},
	{"slow header inside TLS", STREAM_PROVEN,
		{TO_TLS, {"+5000", "", NULL}, {"+tls", "", NULL}, {"+9999", "", NULL},
			{"+1", IN_HEAD ERROR("connection-timeout"), "close header_timeout"}}},
	{"quiet for half an hour", STREAM_PROVEN,
		{TO_IN, {"+5000", "", NULL}, {"+1795000", END, NULL}, {"+5000", "", "close idle"}}},
};

static void inbound_transcripts_hold(void **state)
{
	for (size_t i = 0; i < sizeof(inbound) / sizeof(inbound[0]); i++) {
		play_script(STREAM_INBOUND, &inbound[i], 0);
		play_script(STREAM_INBOUND, &inbound[i], 1);
		play_script(STREAM_INBOUND, &inbound[i], 7);
	}
}

static const struct script outbound[] = {
	{"a partner", STREAM_PROVEN, {TO_OUT, {" ", "", NULL}, {END, END, "close ended_by_peer"}}},
	{"more features than we know", STREAM_PROVEN,
		{TO_OUT_TLS,
			{PEER_IN FEATURES(
				 "<x xmlns='urn:x'/><dialback xmlns='urn:xmpp:features:dialback'/>"
				 "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>"
				 "<mechanism>PLAIN</mechanism><mechanism>EXTERNAL</mechanism>"
				 "</mechanisms>"),
				AUTH(B64_A), NULL}}},
	{"no STARTTLS", STREAM_PROVEN,
		{{"", OUT_HEAD, NULL}, {PEER_IN EXTERNAL, ERROR("policy-violation"),
					       "close starttls_not_offered"}}},
	{"STARTTLS refused", STREAM_PROVEN,
		{TO_PROCEED, {TLS("failure"), "", "close starttls_failure"}}},
	{"certificate of another domain", STREAM_CERTIFICATE_OTHER,
		{TO_PROCEED, {TLS("proceed"), "", "tls"},
			{"+tls", "", "close certificate_other_domain"}}},
	{"no certificate", STREAM_CERTIFICATE_NONE,
		{TO_PROCEED, {TLS("proceed"), "", "tls"},
			{"+tls", "", "close certificate_missing"}}},
	{"bad certificate", STREAM_CERTIFICATE_INVALID,
		{TO_PROCEED, {TLS("proceed"), "", "tls"},
			{"+tls", "", "close certificate_invalid"}}},
	{"no EXTERNAL", STREAM_PROVEN,
		{TO_OUT_TLS, {PEER_IN NO_FEATURES, ERROR("unsupported-feature"),
				     "close external_not_offered"}}},
	{"SASL failure", STREAM_PROVEN,
		{TO_OUT_AUTH, {FAILURE("not-authorized"), ERROR("not-authorized"),
				      "close sasl_failure"}}},
	{"success before auth", STREAM_PROVEN,
		{TO_OUT_TLS, {PEER_IN SASL("success"), ERROR("unsupported-stanza-type"),
				     "close unexpected_element"}}},
	{"proceed unasked", STREAM_PROVEN,
		{{"", OUT_HEAD, NULL}, {PEER_IN TLS("proceed"), ERROR("unsupported-stanza-type"),
					       "close unexpected_element"}}},
	{"header of another server", STREAM_PROVEN,
		{{"", OUT_HEAD, NULL},
			{HEAD("from='c.example' to='a.example'") STARTTLS, ERROR("invalid-from"),
				"close header_from_other_domain"}}},
	{"header for another server", STREAM_PROVEN,
		{{"", OUT_HEAD, NULL},
			{HEAD("from='b.example' to='c.example'") STARTTLS, ERROR("invalid-from"),
				"close header_to_other_domain"}}},
	{"stanza in clear text", STREAM_PROVEN,
		{{"", OUT_HEAD, NULL}, {PEER_IN STANZA, ERROR("not-authorized"),
					       "close stanza_on_outbound_stream"}}},
	{"stanza on the ready stream", STREAM_PROVEN,
		{TO_OUT, {STANZA, ERROR("not-authorized"), "close stanza_on_outbound_stream"}}},
	{"host unknown", STREAM_PROVEN,
		{{"", OUT_HEAD, NULL},
			{HEAD("from='c.example'") "<stream:error><host-unknown "
						  "xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>"
						  "<text xmlns='urn:ietf:params:xml:ns:xmpp-streams'>x</text>"
						  "</stream:error>" END,
				END, "close error_from_peer"}}},
	{"silence", STREAM_PROVEN,
		{{"", OUT_HEAD, NULL},
			{"+10000", ERROR("connection-timeout"), "close header_timeout"}}},
	{"silence behind the header", STREAM_PROVEN,
		{{"", OUT_HEAD, NULL}, {PEER_IN, "", NULL},
			{"+30000", ERROR("connection-timeout"), "close setup_timeout"}}},
	{"nothing to send", STREAM_PROVEN,
		{TO_OUT, {"+5000", "", NULL}, {"+235000", " ", NULL}, {"+240000", " ", NULL},
			{"+120000", END, NULL}, {END, "", "close idle"}}},
};

static void outbound_transcripts_hold(void **state)
{
	for (size_t i = 0; i < sizeof(outbound) / sizeof(outbound[0]); i++) {
		play_script(STREAM_OUTBOUND, &outbound[i], 0);
		play_script(STREAM_OUTBOUND, &outbound[i], 1);
		play_script(STREAM_OUTBOUND, &outbound[i], 7);
	}
}

/* Bytes in the same read, behind an element after which the stream starts anew. */
static void nothing_may_hide_behind_a_restart(void **state)
{
	static const struct line to_starttls[] = {{PEER_HEAD, "", NULL}};
	static const struct line to_auth[] = {TO_AUTH};
	static const struct line to_proceed[] = {TO_PROCEED};
	static const struct line to_success[] = {TO_OUT_AUTH};
	static const struct {
		enum stream_role role;
		const struct line *lines;
		size_t count;
		const char *element, *action;
	} cases[] = {
		{STREAM_INBOUND, to_starttls, 1, TLS("starttls"), "close bytes_behind_starttls"},
		{STREAM_INBOUND, to_auth, 4, AUTH(B64_B), "close bytes_behind_auth"},
		{STREAM_OUTBOUND, to_proceed, 2, TLS("proceed"), "close bytes_behind_proceed"},
		{STREAM_OUTBOUND, to_success, 5, SASL("success"), "close bytes_behind_success"},
	};
	static const char *const hidden[] = {
		" ", "\n", "<", "\x16\x03\x01", "\xff", PEER_HEAD, STANZA};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (size_t k = 0; k < sizeof(hidden) / sizeof(hidden[0]); k++) {
			struct play p;
			char bytes[1024];

			play_start(&p, cases[i].role, STREAM_PROVEN);
			play_lines(&p, cases[i].lines, cases[i].count);
			snprintf(bytes, sizeof(bytes), "%s%s", cases[i].element, hidden[k]);
			say(&p, bytes);
			if (strcmp(p.action, cases[i].action) != 0)
				fail_msg("%s: '%s'", bytes, p.action);
			assert_int_equal(p.delivered, 0);
			assert_non_null(strstr(p.out.p, "policy-violation"));
			assert_null(strstr(p.out.p, "<proceed"));
			assert_null(strstr(p.out.p, "<success"));
			play_end(&p);
		}
	}
}

static void bytes_before_the_handshake_end_the_stream(void **state)
{
	static const struct line lines[] = {TO_TLS};
	struct play p;

	play_start(&p, STREAM_INBOUND, STREAM_PROVEN);
	play_lines(&p, lines, 2);
	say(&p, "<stream:stream>");
	assert_string_equal(p.action, "close bytes_before_handshake");
	assert_string_equal(p.out.p, "");
	play_end(&p);
}

static void a_failed_handshake_ends_without_a_word(void **state)
{
	static const struct line lines[] = {TO_PROCEED, {TLS("proceed"), "", "tls"}};
	struct play p;

	play_start(&p, STREAM_OUTBOUND, STREAM_PROVEN);
	play_lines(&p, lines, 3);
	stream_fail_silently(p.stream, "tls_failed", "no shared cipher", true);
	say(&p, "");
	assert_string_equal(p.action, "close tls_failed");
	assert_string_equal(p.out.p, "");
	assert_true(stream_fault(p.stream)->untrusted);
	assert_string_equal(stream_fault(p.stream)->detail, "no shared cipher");
	play_end(&p);
}

static void a_stranger_has_a_byte_budget_over_all_restarts(void **state)
{
	static const struct line lines[] = {TO_AUTH};
	struct play p;
	unsigned i;

	play_start(&p, STREAM_INBOUND, STREAM_PROVEN);
	play_lines(&p, lines, 4);
	p.action[0] = '\0';
	for (i = 0; i < 1000 && p.action[0] == '\0'; i++)
		say(&p, "                    ");
	assert_string_equal(p.action, "close too_many_bytes_before_auth");
	assert_in_range(i, 700, 820);
	play_end(&p);
}

static void a_partner_may_send_more_than_a_stranger(void **state)
{
	static const struct line lines[] = {TO_IN};
	struct play p;

	play_start(&p, STREAM_INBOUND, STREAM_PROVEN);
	play_lines(&p, lines, 6);
	for (unsigned i = 0; i < 2000; i++)
		say(&p, STANZA STANZA);
	assert_int_equal(p.delivered, 4000);
	assert_int_equal(stream_stanzas(p.stream), 4000);
	assert_string_equal(stream_local(p.stream), "a.example");
	assert_string_equal(stream_remote(p.stream), "b.example");
	play_end(&p);
}

static void what_was_under_way_when_we_end_in_order_is_still_delivered(void **state)
{
	static const struct line lines[] = {TO_IN};
	struct play p;

	play_start(&p, STREAM_INBOUND, STREAM_PROVEN);
	play_lines(&p, lines, 6);
	stream_end(p.stream, STREAM_NO_ERROR, "shutdown", p.now);
	say(&p, STANZA);
	assert_string_equal(p.out.p, END);
	assert_string_equal(p.action, "deliver");
	say(&p, END);
	assert_string_equal(p.out.p, "");
	assert_string_equal(p.action, "close shutdown");
	play_end(&p);
}

static void a_shutdown_is_said_at_any_stage(void **state)
{
	static const struct line lines[] = {TO_IN};

	for (size_t count = 0; count <= 6; count++) {
		struct play p;
		bool handshake = count == 2;

		play_start(&p, STREAM_INBOUND, STREAM_PROVEN);
		play_lines(&p, lines, count);
		stream_end(p.stream, STREAM_SYSTEM_SHUTDOWN, "shutdown", p.now);
		say(&p, "");
		assert_string_equal(p.action, "close shutdown");
		if (handshake)
			assert_string_equal(p.out.p, "");
		else if (!strstr(p.out.p, ERROR("system-shutdown")))
			fail_msg("behind line %zu: %s", count, p.out.p);
		assert_int_equal(strstr(p.out.p, "<stream:stream") != NULL,
			count == 0 || count == 3 || count == 5);
		play_end(&p);
	}
}

static void a_quiet_stream_gives_its_parser_back_and_goes_on(void **state)
{
	static const struct line lines[] = {TO_IN};
	struct play p;
	struct mono at;
	size_t awake;

	play_start(&p, STREAM_INBOUND, STREAM_PROVEN);
	play_lines(&p, lines, 6);
	awake = stream_memory_bytes(p.stream);
	assert_true(stream_deadline(p.stream, &at));
	assert_int_equal(at.ns - p.now.ns, STREAM_SLEEP_MS * NS_PER_MS);
	say(&p, "+5000");
	assert_true(stream_memory_bytes(p.stream) + 8000 < awake);
	assert_true(stream_deadline(p.stream, &at));
	assert_int_equal(at.ns - p.now.ns, (STREAM_KEEPALIVE_MS - 5000) * NS_PER_MS);
	say(&p, STANZA);
	assert_string_equal(p.action, "deliver");
	say(&p, END);
	assert_string_equal(p.action, "close ended_by_peer");
	assert_false(stream_deadline(p.stream, &at));
	play_end(&p);
}

static void faults_say_whose_they_are(void **state)
{
	static const struct {
		const char *condition;
		bool untrusted, unknown_host;
	} cases[] = {
		{"not-authorized", true, false},
		{"host-unknown", false, true},
		{"host-gone", false, true},
		{"system-shutdown", false, false},
		{"my-own", false, false},
	};
	static const struct line lines[] = {TO_OUT_AUTH};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct play p;
		char bytes[512];

		play_start(&p, STREAM_OUTBOUND, STREAM_PROVEN);
		play_lines(&p, lines, 5);
		snprintf(bytes, sizeof(bytes),
			"<stream:error><%s xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>"
			"</stream:error>",
			cases[i].condition);
		say(&p, bytes);
		assert_true(stream_fault(p.stream)->by_peer);
		if (stream_fault(p.stream)->untrusted != cases[i].untrusted ||
			stream_fault(p.stream)->unknown_host != cases[i].unknown_host)
			fail_msg("%s", cases[i].condition);
		play_end(&p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(inbound_transcripts_hold),
		cmocka_unit_test(outbound_transcripts_hold),
		cmocka_unit_test(nothing_may_hide_behind_a_restart),
		cmocka_unit_test(bytes_before_the_handshake_end_the_stream),
		cmocka_unit_test(a_failed_handshake_ends_without_a_word),
		cmocka_unit_test(a_stranger_has_a_byte_budget_over_all_restarts),
		cmocka_unit_test(a_partner_may_send_more_than_a_stranger),
		cmocka_unit_test(what_was_under_way_when_we_end_in_order_is_still_delivered),
		cmocka_unit_test(a_shutdown_is_said_at_any_stage),
		cmocka_unit_test(a_quiet_stream_gives_its_parser_back_and_goes_on),
		cmocka_unit_test(faults_say_whose_they_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
