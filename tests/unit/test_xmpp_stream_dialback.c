/* SPDX-License-Identifier: BSD-3-Clause */
/* Dialback on streams, in all its roles and for all that the rules can take, as transcripts. */
#include "tests/unit/stream_play.h"

#define S PROOF_SASL_TLS
#define D PROOF_DIALBACK_TLS
#define T PROOF_DIALBACK_TCP

#define DB " xmlns:db='jabber:server:dialback'"
#define DB_IN_TO(from, to)                                                                         \
	"<?xml version='1.0'?><stream:stream " NS DB " from='" from "' to='" to "'" ID             \
	" version='1.0' xml:lang='en'>"
#define DB_IN DB_IN_TO("a.example", "b.example")
#define DB_OUT                                                                                     \
	"<?xml version='1.0'?><stream:stream " NS DB                                               \
	" from='a.example' to='b.example' version='1.0' xml:lang='en'>"
#define OFFER_DIALBACK "<dialback xmlns='urn:xmpp:features:dialback'><errors/></dialback>"
#define OFFER_EXTERNAL                                                                             \
	"<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>EXTERNAL</mechanism>"     \
	"</mechanisms>"
#define OFFER_TLS      TLS("starttls")
#define PAIR(from, to) DB " from='" from "' to='" to "'"
#define RESULT         "<db:result" PAIR("b.example", "a.example") ">k3y</db:result>"
#define ANSWER(type)   "<db:result" PAIR("a.example", "b.example") " type='" type "'/>"
#define ANSWER_ERROR_TO(from, to, x)                                                               \
	"<db:result" PAIR(from, to) " type='error'><error type='cancel'><" x                       \
				    " xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"       \
				    "</db:result>"
#define ANSWER_ERROR(x) ANSWER_ERROR_TO("a.example", "b.example", x)
#define VERIFY(key)     "<db:verify" PAIR("b.example", "a.example") " id='1'>" key "</db:verify>"
#define VERIFIED(type)  "<db:verify" PAIR("a.example", "b.example") " id='1' type='" type "'/>"
#define THEIRS(id, type)                                                                           \
	"<db:verify" PAIR("b.example", "a.example") " id='" id "' type='" type "'/>"
#define OUR_RESULT         "<db:result" PAIR("a.example", "b.example") ">@KEY@</db:result>"
#define THEIR_RESULT(type) "<db:result" PAIR("b.example", "a.example") " type='" type "'/>"
#define TO_TLS_BY(offered)                                                                         \
	{PEER_HEAD, DB_IN FEATURES(offered), NULL, NULL},                                          \
		{TLS("starttls"), TLS("proceed"), "tls", NULL},                                    \
	{                                                                                          \
		"+tls", "", NULL, NULL                                                             \
	}
#define REQUIRED "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls>"
#define TO_DIALBACK                                                                                \
	TO_TLS_BY(REQUIRED),                                                                       \
	{                                                                                          \
		PEER_HEAD, DB_IN FEATURES(OFFER_DIALBACK), NULL, NULL                              \
	}
#define TO_ASKED                                                                                   \
	TO_DIALBACK,                                                                               \
	{                                                                                          \
		RESULT, "", "verify", NULL                                                         \
	}
#define TO_PROVEN                                                                                  \
	TO_ASKED,                                                                                  \
	{                                                                                          \
		"+valid", ANSWER("valid"), "ready by dialback over TLS", "(dialback.proven_tls)"   \
	}
#define TO_CLEAR                                                                                   \
	{                                                                                          \
		PEER_HEAD, DB_IN FEATURES(OFFER_DIALBACK), NULL, NULL                              \
	}

static const struct script inbound[] = {
	{"dialback over TLS", STREAM_CERTIFICATE_INVALID,
		{TO_PROVEN, {STANZA, "", "deliver", NULL}, {" \n", "", NULL, NULL},
			{END, END, "close ended_by_peer", NULL}},
		D},
	{"no certificate at all", STREAM_CERTIFICATE_NONE, {TO_PROVEN}, S | D},
	{"a certificate of another domain", STREAM_CERTIFICATE_OTHER, {TO_PROVEN}, S | D},
	{"a good certificate where SASL is not taken", STREAM_PROVEN, {TO_PROVEN}, D},
	{"either, with a good certificate", STREAM_PROVEN,
		{TO_TLS_BY(REQUIRED),
			{PEER_HEAD, DB_IN FEATURES(OFFER_EXTERNAL OFFER_DIALBACK), NULL, NULL},
			{AUTH(B64_B), SASL("success"), NULL, NULL},
			{PEER_HEAD, DB_IN NO_FEATURES, "ready", NULL}},
		S | D},
	{"either, and dialback is chosen", STREAM_PROVEN,
		{TO_TLS_BY(REQUIRED),
			{PEER_HEAD, DB_IN FEATURES(OFFER_EXTERNAL OFFER_DIALBACK), NULL, NULL},
			{RESULT, "", "verify", NULL},
			{"+valid", ANSWER("valid"), "ready by dialback over TLS",
				"(dialback.proven_tls)"}},
		S | D},
	{"SASL that was not offered", STREAM_PROVEN,
		{TO_DIALBACK, {AUTH(B64_B), FAILURE("not-authorized"), NULL, NULL},
			{RESULT, "", "verify", NULL}},
		D},
	{"TLS where it may stay away", STREAM_CERTIFICATE_NONE,
		{TO_TLS_BY(OFFER_TLS OFFER_DIALBACK),
			{PEER_HEAD, DB_IN FEATURES(OFFER_DIALBACK), NULL, NULL},
			{RESULT, "", "verify", NULL},
			{"+valid", ANSWER("valid"), "ready by dialback over TLS",
				"(dialback.proven_tls)"}},
		S | D | T},
	{"in the clear where it may", STREAM_CERTIFICATE_NONE,
		{{PEER_HEAD, DB_IN FEATURES(OFFER_TLS OFFER_DIALBACK), NULL, NULL},
			{RESULT, "", "verify", NULL},
			{"+valid", ANSWER("valid"), "ready by dialback in the clear",
				"(dialback.proven_tcp)"},
			{STANZA, "", "deliver", NULL}},
		S | D | T},
	{"in the clear where it must", STREAM_CERTIFICATE_NONE,
		{TO_CLEAR, {RESULT, "", "verify", NULL},
			{"+valid in the clear", ANSWER("valid"), "ready by dialback in the clear",
				"(dialback.proven_tcp)"}},
		T},
	{"asked in the clear, the proof is one in the clear", STREAM_CERTIFICATE_NONE,
		{TO_TLS_BY(OFFER_TLS OFFER_DIALBACK),
			{PEER_HEAD, DB_IN FEATURES(OFFER_DIALBACK), NULL, NULL},
			{RESULT, "", "verify", NULL},
			{"+valid in the clear", ANSWER("valid"), "ready by dialback in the clear",
				"(dialback.proven_tcp)"}},
		S | D | T},
	{"asked in the clear where that is too little", STREAM_CERTIFICATE_NONE,
		{TO_ASKED, {"+valid in the clear", ANSWER_ERROR("policy-violation"), NULL,
				   "(dialback.refused.not_taken)"}},
		D},
	{"STARTTLS where TLS is not supported", STREAM_PROVEN,
		{TO_CLEAR, {TLS("starttls"), ERROR("unsupported-stanza-type"),
				   "close unexpected_element", NULL}},
		T},
	{"TLS without a name, where TLS is not supported", STREAM_PROVEN,
		{{HEAD("to='a.example'"), IN_HEAD_TO("") STARTTLS, NULL, NULL},
			{TLS("starttls"), TLS("proceed"), "tls", NULL}, {"+tls", "", NULL, NULL},
			{PEER_HEAD, DB_IN ERROR("policy-violation"), "close tls_not_supported",
				NULL}},
		T},
	{"STARTTLS while we ask", STREAM_CERTIFICATE_NONE,
		{{PEER_HEAD, DB_IN FEATURES(OFFER_TLS OFFER_DIALBACK), NULL, NULL},
			{RESULT, "", "verify", NULL},
			{TLS("starttls"), ERROR("unsupported-stanza-type"),
				"close unexpected_element", NULL},
			{"+valid", "", NULL, NULL}},
		S | D | T},
	{"the key is not its own", STREAM_CERTIFICATE_NONE,
		{TO_ASKED, {"+invalid", ANSWER("invalid") ERROR("not-authorized"),
				   "close dialback_invalid", NULL}},
		D},
	{"its server cannot be asked, then it can", STREAM_CERTIFICATE_NONE,
		{TO_ASKED,
			{"+error", ANSWER_ERROR("remote-server-timeout"), NULL,
				"(dialback.refused.not_verified)"},
			{RESULT, "", "verify", NULL},
			{"+valid", ANSWER("valid"), "ready by dialback over TLS",
				"(dialback.proven_tls)"}},
		D},
	{"its server cannot be asked three times", STREAM_CERTIFICATE_NONE,
		{TO_ASKED,
			{"+error", ANSWER_ERROR("remote-server-timeout"), NULL,
				"(dialback.refused.not_verified)"},
			{RESULT, "", "verify", NULL},
			{"+error", ANSWER_ERROR("remote-server-timeout"), NULL,
				"(dialback.refused.not_verified)"},
			{RESULT, "", "verify", NULL},
			{"+error", ANSWER_ERROR("remote-server-timeout") ERROR("policy-violation"),
				"close too_many_auth_tries", "(dialback.refused.not_verified)"}},
		D},
	{"nobody answers", STREAM_CERTIFICATE_NONE,
		{TO_ASKED, {"+29999", "", NULL, NULL},
			{"+1", ERROR("connection-timeout"), "close setup_timeout", NULL}},
		D},
	{"a result for a domain that is not ours", STREAM_CERTIFICATE_NONE,
		{TO_DIALBACK, {"<db:result" PAIR("b.example", "c.example") ">k</db:result>",
				      ANSWER_ERROR_TO("c.example", "b.example", "item-not-found"),
				      NULL, "(dialback.refused.not_ours)"}},
		D},
	{"a result of a blocked domain", STREAM_CERTIFICATE_NONE,
		{TO_DIALBACK,
			{"<db:result" PAIR("evil.example", "a.example") ">k</db:result>",
				ANSWER_ERROR_TO("a.example", "evil.example", "policy-violation"),
				NULL, "(dialback.refused.no_partner)"}},
		D},
	{"a result of another partner", STREAM_CERTIFICATE_NONE,
		{TO_DIALBACK,
			{"<db:result" PAIR("b2.example", "a.example") ">k</db:result>",
				ANSWER_ERROR_TO("a.example", "b2.example", "resource-constraint"),
				NULL, "(dialback.refused.other_pair)"}},
		D},
	{"a result for another of our domains, thrice", STREAM_CERTIFICATE_NONE,
		{TO_DIALBACK,
			{"<db:result" PAIR("b.example", "a2.example") ">k</db:result>",
				ANSWER_ERROR_TO("a2.example", "b.example", "resource-constraint"),
				NULL, "(dialback.refused.other_pair)"},
			{"<db:result" PAIR("b.example", "a2.example") ">k</db:result>",
				ANSWER_ERROR_TO("a2.example", "b.example", "resource-constraint"),
				NULL, "(dialback.refused.other_pair)"},
			{"<db:result" PAIR("b.example", "a2.example") ">k</db:result>",
				ANSWER_ERROR_TO("a2.example", "b.example", "resource-constraint")
					ERROR("policy-violation"),
				"close too_many_auth_tries", "(dialback.refused.other_pair)"}},
		D},
	{"another pair on a proven stream changes nothing", STREAM_CERTIFICATE_NONE,
		{TO_PROVEN,
			{"<db:result" PAIR("b2.example", "a.example") ">k</db:result>",
				ANSWER_ERROR_TO("a.example", "b2.example", "resource-constraint"),
				NULL, "(dialback.refused.other_pair)"},
			{"<message to='x@a.example' from='y@b2.example'/>", ERROR("invalid-from"),
				"close stanza_from_other_domain", NULL}},
		D},
	{"the same result twice", STREAM_CERTIFICATE_NONE,
		{TO_ASKED, {RESULT, "", NULL, "(dialback.ignored.duplicate)"},
			{"+valid", ANSWER("valid"), "ready by dialback over TLS",
				"(dialback.proven_tls)"},
			{RESULT, "", NULL, "(dialback.ignored.duplicate)"},
			{STANZA, "", "deliver", NULL}},
		D},
	{"dialback before TLS where TLS is required", STREAM_CERTIFICATE_NONE,
		{{PEER_HEAD, DB_IN STARTTLS, NULL, NULL},
			{RESULT, ERROR("policy-violation"), "close dialback_before_tls", NULL}},
		D},
	{"a question about our key before TLS, where TLS is required", STREAM_CERTIFICATE_NONE,
		{{PEER_HEAD, IN_HEAD STARTTLS, NULL, NULL},
			{VERIFY("@KEY@"), ERROR("policy-violation"), "close dialback_before_tls",
				NULL}},
		S},
	{"dialback where only a certificate counts", STREAM_PROVEN,
		{TO_AUTH,
			{RESULT, ANSWER_ERROR("not-authorized"), NULL,
				"(dialback.refused.not_taken)"},
			{AUTH(B64_B), SASL("success"), NULL, NULL}},
		S},
	{"a bad certificate where only a certificate counts", STREAM_CERTIFICATE_INVALID,
		{TO_TLS, {"+tls", "", NULL, NULL},
			{PEER_HEAD, IN_HEAD ERROR("not-authorized"), "close certificate_invalid",
				NULL}},
		S},
	{"malformed", STREAM_CERTIFICATE_NONE,
		{TO_DIALBACK, {"<db:result" PAIR("b.example", "a.example") "/>",
				      ERROR("bad-format"), "close dialback_key", NULL}},
		D},
	{"malformed address", STREAM_CERTIFICATE_NONE,
		{TO_DIALBACK,
			{"<db:result" PAIR("x@b.example", "a.example") ">k</db:result>",
				ERROR("improper-addressing"), "close dialback_address", NULL}},
		D},
};

/* The authoritative role, on whatever stream. */
static const struct script authoritative[] = {
	{"our key, on a stream that has proven nothing", STREAM_CERTIFICATE_NONE,
		{TO_DIALBACK,
			{VERIFY("@KEY@"), VERIFIED("valid"), NULL, "(dialback.answered.valid)"},
			{VERIFY("@KEY@"), VERIFIED("valid"), NULL, "(dialback.answered.valid)"}},
		D},
	{"in the clear, where that is taken", STREAM_CERTIFICATE_NONE,
		{TO_CLEAR, {VERIFY("@KEY@"), VERIFIED("valid"), NULL, "(dialback.answered.valid)"}},
		T},
	{"while we ask about its own", STREAM_CERTIFICATE_NONE,
		{TO_ASKED, {VERIFY("@KEY@"), VERIFIED("valid"), NULL, "(dialback.answered.valid)"},
			{"+valid", ANSWER("valid"), "ready by dialback over TLS",
				"(dialback.proven_tls)"},
			{VERIFY("@KEY@"), VERIFIED("valid"), NULL, "(dialback.answered.valid)"}},
		D},
	{"on a stream with a certificate", STREAM_PROVEN,
		{TO_IN, {VERIFY("@KEY@"), VERIFIED("valid"), NULL, "(dialback.answered.valid)"},
			{STANZA, "", "deliver", NULL}},
		S},
	{"another key", STREAM_CERTIFICATE_NONE,
		{TO_DIALBACK,
			{VERIFY("0"), VERIFIED("invalid"), NULL, "(dialback.answered.invalid)"}},
		D},
	{"our key for another stream", STREAM_CERTIFICATE_NONE,
		{TO_DIALBACK,
			{"<db:verify" PAIR("b.example", "a.example") " id='2'>@KEY@</db:verify>",
				"<db:verify" PAIR(
					"a.example", "b.example") " id='2' type='invalid'/>",
				NULL, "(dialback.answered.invalid)"}},
		D},
	{"our key for another receiver", STREAM_CERTIFICATE_NONE,
		{TO_DIALBACK,
			{"<db:verify" PAIR("b2.example", "a.example") " id='1'>@KEY@</db:verify>",
				"<db:verify" PAIR(
					"a.example", "b2.example") " id='1' type='invalid'/>",
				NULL, "(dialback.answered.invalid)"}},
		D},
	{"of a domain that is not ours", STREAM_CERTIFICATE_NONE,
		{TO_DIALBACK,
			{"<db:verify" PAIR("b.example", "c.example") " id='1'>@KEY@</db:verify>",
				"<db:verify" PAIR("c.example",
					"b.example") " id='1' type='error'>"
						     "<error type='cancel'><item-not-found "
						     "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></db:verify>",
				NULL, "(dialback.answered.not_ours)"}},
		D},
};

static void play_all(enum stream_role role, const struct script *scripts, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		play_script(role, &scripts[i], 0);
		play_script(role, &scripts[i], 1);
		play_script(role, &scripts[i], 7);
	}
}

#define ROWS(table) table, sizeof(table) / sizeof((table)[0])

static void inbound_transcripts_hold(void **state)
{
	play_all(STREAM_INBOUND, ROWS(inbound));
}

static void questions_about_our_keys_are_answered(void **state)
{
	play_all(STREAM_INBOUND, ROWS(authoritative));
}

/* The trap: a stanza behind an exchange that proved nothing. */
static void a_stanza_of_a_stream_that_was_not_verified_is_never_delivered(void **state)
{
	static const struct {
		const char *what, *said[4];
		uint32_t ways;
	} cases[] = {
		{"nothing at all", {NULL}, S | D | T},
		{"a key that nobody was asked about yet", {RESULT}, D | T},
		{"a key that is not its own", {RESULT, "+invalid"}, D | T},
		{"a key that nobody could be asked about", {RESULT, "+error"}, D | T},
		{"valid, said by itself as a question's answer", {RESULT, THEIRS("1", "valid")},
			D | T},
		{"valid, said for our stream's id",
			{RESULT, THEIRS("000102030405060708090a0b0c0d0e0f", "valid")}, D | T},
		{"valid, said as a result", {RESULT, THEIR_RESULT("valid")}, D | T},
		{"our own answer, sent back", {RESULT, ANSWER("valid")}, D | T},
		{"valid, unasked", {"+valid"}, D | T},
		{"valid, after invalid", {RESULT, "+invalid", "+valid"}, D | T},
		{"valid, after an error", {RESULT, "+error", "+valid"}, D | T},
		{"valid in the clear where TLS is wanted", {RESULT, "+valid in the clear"}, D},
		{"valid for another pair",
			{"<db:result" PAIR("b2.example", "a.example") ">k</db:result>", "+valid"},
			D | T},
		{"valid for a domain that is not ours",
			{"<db:result" PAIR("b.example", "c.example") ">k</db:result>", "+valid"},
			D | T},
		{"dialback where a certificate is wanted", {RESULT, "+valid"}, S},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (int tls = 0; tls < 2; tls++) {
			struct play p;

			play_start_by(
				&p, STREAM_INBOUND, STREAM_CERTIFICATE_INVALID, cases[i].ways);
			say(&p, PEER_HEAD);
			if (tls) {
				say(&p, TLS("starttls"));
				say(&p, "+tls");
				say(&p, PEER_HEAD);
			}
			for (size_t k = 0; k < 4 && cases[i].said[k]; k++)
				say(&p, cases[i].said[k]);
			assert_false(stream_is_ready(p.stream));
			say(&p, STANZA STANZA);
			if (p.delivered || stream_is_ready(p.stream) || !stream_is_closed(p.stream))
				fail_msg("%s, %s", cases[i].what, tls ? "TLS" : "in the clear");
			play_end(&p);
		}
	}
}

/* In the same read, too: what is sent behind the key waits for nothing. */
static void a_stanza_sent_along_with_the_key_ends_the_stream(void **state)
{
	struct play p;

	play_start_by(&p, STREAM_INBOUND, STREAM_CERTIFICATE_NONE, T);
	say(&p, PEER_HEAD);
	say(&p, RESULT STANZA);
	assert_string_equal(p.action, "close stanza_before_auth");
	assert_int_equal(p.delivered, 0);
	play_end(&p);
}

static void who_has_proven_nothing_asks_a_few_questions(void **state)
{
	struct play p;

	play_start_by(&p, STREAM_INBOUND, STREAM_CERTIFICATE_NONE, T);
	say(&p, PEER_HEAD);
	for (unsigned i = 0; i < STREAM_STRANGER_VERIFY_MAX; i++) {
		say(&p, VERIFY("@KEY@"));
		assert_string_equal(p.action, "");
	}
	say(&p, VERIFY("@KEY@"));
	assert_string_equal(p.action, "close too_many_verify");
	play_end(&p);
}

/* However many come at once, what we have to say is written in between. */
static void many_questions_at_once_are_all_answered(void **state)
{
	static char many[512 * sizeof(VERIFY("0"))];
	struct play p;
	struct view input;
	enum stream_action action;
	uint32_t answers = 0;

	for (unsigned i = 0; i < 500; i++)
		strcat(many + i * (sizeof(VERIFY("0")) - 1), VERIFY("0"));
	play_start_by(&p, STREAM_INBOUND, STREAM_CERTIFICATE_NONE, T);
	say(&p, PEER_HEAD);
	say(&p, RESULT);
	say(&p, "+valid");
	input = view_of(many);
	do {
		action = stream_step(p.stream, &input, p.now);
		assert_true(action == STREAM_DO_WRITE || action == STREAM_DO_NOTHING);
		assert_true(stream_output(p.stream)->len < STREAM_OUTPUT_MAX_BYTES / 2);
		for (const char *at = stream_output(p.stream)->p;
			at && (at = strstr(at, "invalid")); at++)
			answers++;
		text_reset(stream_output(p.stream));
	} while (action != STREAM_DO_NOTHING);
	assert_int_equal(answers, 500);
	play_end(&p);
}

static void what_is_asked_is_what_the_peer_and_we_said(void **state)
{
	struct play p;

	play_start_by(&p, STREAM_INBOUND, STREAM_CERTIFICATE_NONE, D);
	say(&p, PEER_HEAD);
	say(&p, TLS("starttls"));
	say(&p, "+tls");
	say(&p, PEER_HEAD);
	assert_int_equal(stream_key(p.stream).len, 0);
	say(&p, RESULT);
	assert_string_equal(p.action, "verify");
	assert_true(view_equal(stream_id(p.stream), VIEW("000102030405060708090a0b0c0d0e0f")));
	assert_true(view_equal(stream_key(p.stream), VIEW("k3y")));
	assert_string_equal(stream_state_name(p.stream), "verification");
	say(&p, "+valid");
	assert_int_equal(stream_proven_by(p.stream), D);
	assert_int_equal(stream_key(p.stream).len, 0);
	for (unsigned i = 0; i < 2000; i++)
		say(&p, STANZA STANZA);
	assert_int_equal(p.delivered, 4000);
	play_end(&p);
}

#define OUT_TO_TLS                                                                                 \
	{"", DB_OUT, NULL, NULL}, {PEER_IN STARTTLS, TLS("starttls"), NULL, NULL},                 \
		{TLS("proceed"), "", "tls", NULL},                                                 \
	{                                                                                          \
		"+tls", DB_OUT, NULL, NULL                                                         \
	}
#define OUT_TO_RESULT                                                                              \
	OUT_TO_TLS,                                                                                \
	{                                                                                          \
		PEER_IN FEATURES(OFFER_DIALBACK), OUR_RESULT, NULL, "(dialback.claimed)"           \
	}
#define OUT_TO_RESULT_IN_CLEAR                                                                     \
	{"", DB_OUT, NULL, NULL},                                                                  \
	{                                                                                          \
		PEER_IN FEATURES(OFFER_DIALBACK), OUR_RESULT, NULL, "(dialback.claimed)"           \
	}

static const struct script outbound[] = {
	{"dialback over TLS", STREAM_CERTIFICATE_INVALID,
		{OUT_TO_RESULT, {THEIR_RESULT("valid"), "", "ready by dialback over TLS", NULL},
			{END, END, "close ended_by_peer", NULL}},
		D},
	{"to a server with a good certificate", STREAM_PROVEN,
		{OUT_TO_RESULT, {THEIR_RESULT("valid"), "", "ready", NULL}}, D},
	{"EXTERNAL is taken where both are offered", STREAM_PROVEN,
		{OUT_TO_TLS,
			{PEER_IN FEATURES(OFFER_DIALBACK OFFER_EXTERNAL), AUTH(B64_A), NULL, NULL},
			{SASL("success"), DB_OUT, NULL, NULL},
			{PEER_IN NO_FEATURES, "", "ready", NULL}},
		S | D},
	{"EXTERNAL of a server that has proven nothing", STREAM_CERTIFICATE_INVALID,
		{OUT_TO_TLS,
			{PEER_IN FEATURES(OFFER_DIALBACK OFFER_EXTERNAL), AUTH(B64_A), NULL, NULL},
			{SASL("success"), DB_OUT, NULL, NULL},
			{PEER_IN NO_FEATURES, "", "ready by dialback over TLS", NULL}},
		S | D},
	{"EXTERNAL where the rules do not support it", STREAM_PROVEN,
		{OUT_TO_TLS, {PEER_IN FEATURES(OFFER_DIALBACK OFFER_EXTERNAL), OUR_RESULT, NULL,
				     "(dialback.claimed)"}},
		D},
	{"EXTERNAL is refused", STREAM_PROVEN,
		{OUT_TO_TLS, {PEER_IN FEATURES(OFFER_EXTERNAL), AUTH(B64_A), NULL, NULL},
			{FAILURE("not-authorized"), OUR_RESULT, NULL, "(dialback.claimed)"},
			{THEIR_RESULT("valid"), "", "ready", NULL}},
		S | D},
	{"dialback is not offered, but may be known", STREAM_PROVEN,
		{OUT_TO_TLS, {PEER_IN NO_FEATURES, OUR_RESULT, NULL, "(dialback.claimed)"}}, S | D},
	{"in the clear where TLS is not offered", STREAM_CERTIFICATE_NONE,
		{OUT_TO_RESULT_IN_CLEAR,
			{THEIR_RESULT("valid"), "", "ready by dialback in the clear", NULL}},
		S | D | T},
	{"TLS where it is offered", STREAM_CERTIFICATE_NONE,
		{{"", DB_OUT, NULL, NULL},
			{PEER_IN FEATURES(OFFER_TLS OFFER_DIALBACK), TLS("starttls"), NULL, NULL}},
		S | D | T},
	{"in the clear where the rules have no TLS", STREAM_CERTIFICATE_NONE,
		{{"", DB_OUT, NULL, NULL},
			{PEER_IN FEATURES(OFFER_TLS OFFER_DIALBACK), OUR_RESULT, NULL,
				"(dialback.claimed)"},
			{THEIR_RESULT("valid"), "", "ready by dialback in the clear", NULL}},
		T},
	{"TLS is required where the rules have none", STREAM_CERTIFICATE_NONE,
		{{"", DB_OUT, NULL, NULL}, {PEER_IN STARTTLS, ERROR("policy-violation"),
						   "close starttls_required", NULL}},
		T},
	{"no STARTTLS where the rules require it", STREAM_CERTIFICATE_NONE,
		{{"", DB_OUT, NULL, NULL},
			{PEER_IN FEATURES(OFFER_DIALBACK), ERROR("policy-violation"),
				"close starttls_not_offered", NULL}},
		S | D},
	{"no certificate where the rules want one", STREAM_CERTIFICATE_NONE,
		{TO_PROCEED, {TLS("proceed"), "", "tls", NULL},
			{"+tls", "", "close certificate_missing", NULL}},
		S},
	{"our key is not taken", STREAM_PROVEN,
		{OUT_TO_RESULT, {THEIR_RESULT("invalid"), END, "close dialback_invalid", NULL}}, D},
	{"our server cannot be asked", STREAM_PROVEN,
		{OUT_TO_RESULT,
			{"<db:result" PAIR("b.example",
				 "a.example") " type='error'>"
					      "<error type='cancel'><remote-connection-failed "
					      "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></db:result>",
				END, "close dialback_error", NULL}},
		D},
	{"results of others mean nothing", STREAM_PROVEN,
		{OUT_TO_RESULT,
			{"<db:result" PAIR("c.example", "a.example") " type='valid'/>", "", NULL,
				"(dialback.ignored.mismatched)"},
			{"<db:result" PAIR("b.example", "a2.example") " type='valid'/>", "", NULL,
				"(dialback.ignored.mismatched)"},
			{THEIRS("1", "valid"), "", NULL, "(dialback.ignored.unsolicited)"},
			{RESULT, "", NULL, "(dialback.ignored.wrong_direction)"},
			{VERIFY("@KEY@"), "", NULL, "(dialback.ignored.wrong_direction)"},
			{THEIR_RESULT("valid"), "", "ready", NULL},
			{THEIR_RESULT("invalid"), "", NULL, "(dialback.ignored.unsolicited)"}},
		D},
	{"a result before our key", STREAM_PROVEN,
		{{"", DB_OUT, NULL, NULL},
			{PEER_IN THEIR_RESULT("valid"), "", NULL, "(dialback.ignored.unsolicited)"},
			{STARTTLS, TLS("starttls"), NULL, NULL}},
		D},
	{"a result where only a certificate counts", STREAM_PROVEN,
		{TO_OUT_AUTH, {THEIR_RESULT("valid"), "", NULL, "(dialback.ignored.unsolicited)"},
			{SASL("success"), OUT_HEAD, NULL, NULL}},
		S},
	{"a header without id", STREAM_PROVEN,
		{OUT_TO_TLS, {HEAD("from='b.example'") FEATURES(OFFER_DIALBACK),
				     ERROR("bad-format"), "close header_without_id", NULL}},
		D},
	{"nobody says whether our key is taken", STREAM_PROVEN,
		{OUT_TO_RESULT,
			{"+30000", ERROR("connection-timeout"), "close setup_timeout", NULL}},
		D},
	{"a stanza in return", STREAM_PROVEN,
		{OUT_TO_RESULT, {THEIR_RESULT("valid"), "", "ready", NULL},
			{STANZA, ERROR("not-authorized"), "close stanza_on_outbound_stream", NULL}},
		D},
};

static void outbound_transcripts_hold(void **state)
{
	play_all(STREAM_OUTBOUND, ROWS(outbound));
}

static void a_fault_says_what_it_means_to_a_sender(void **state)
{
	static const struct {
		const char *error;
		bool untrusted, unknown_host;
	} cases[] = {
		{"item-not-found", false, true},
		{"remote-connection-failed", false, false},
		{"remote-server-not-found", false, false},
		{"remote-server-timeout", false, false},
		{"policy-violation", true, false},
		{"not-authorized", true, false},
		{"forbidden", true, false},
		{"resource-constraint", false, false},
		{"my-own", false, false},
	};
	static const struct line lines[] = {OUT_TO_RESULT};
	const struct stream_fault *fault;
	struct play p;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char bytes[512];

		play_start_by(&p, STREAM_OUTBOUND, STREAM_PROVEN, D);
		play_lines(&p, lines, 5);
		snprintf(bytes, sizeof(bytes),
			"<db:result" PAIR("b.example",
				"a.example") " type='error'><error>"
					     "<%s xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></db:result>",
			cases[i].error);
		say(&p, bytes);
		fault = stream_fault(p.stream);
		if (fault->untrusted != cases[i].untrusted ||
			fault->unknown_host != cases[i].unknown_host)
			fail_msg("%s", cases[i].error);
		play_end(&p);
	}
	play_start_by(&p, STREAM_OUTBOUND, STREAM_PROVEN, D);
	play_lines(&p, lines, 5);
	say(&p, THEIR_RESULT("invalid"));
	assert_true(stream_fault(p.stream)->untrusted);
	play_end(&p);
}

#define OUR_VERIFY "<db:verify" PAIR("a.example", "b.example") " id='1'>k3y</db:verify>"
#define TO_ASKING                                                                                  \
	OUT_TO_TLS,                                                                                \
	{                                                                                          \
		PEER_IN FEATURES(OFFER_DIALBACK), "", "ready by dialback over TLS", NULL           \
	}

static const struct script asking[] = {
	{"over TLS", STREAM_CERTIFICATE_INVALID,
		{TO_ASKING, {"+ask", OUR_VERIFY, NULL, NULL},
			{THEIRS("1", "valid"), "", "answer 1 about 1", NULL},
			{"+ask", OUR_VERIFY, NULL, NULL},
			{THEIRS("2", "invalid"), "", "answer 2 about 2", NULL}},
		D},
	{"EXTERNAL is not needed", STREAM_PROVEN,
		{OUT_TO_TLS,
			{PEER_IN FEATURES(OFFER_EXTERNAL), "", "ready by dialback over TLS", NULL}},
		S | D},
	{"in the clear where the rules take that", STREAM_CERTIFICATE_NONE,
		{{"", DB_OUT, NULL, NULL},
			{PEER_IN NO_FEATURES, "", "ready by dialback in the clear", NULL},
			{"+ask", OUR_VERIFY, NULL, NULL}},
		S | D | T},
	{"no STARTTLS where the rules require it", STREAM_CERTIFICATE_NONE,
		{{"", DB_OUT, NULL, NULL}, {PEER_IN NO_FEATURES, ERROR("policy-violation"),
						   "close starttls_not_offered", NULL}},
		D},
	{"not before it is ready", STREAM_PROVEN, {{"+ask", DB_OUT, NULL, NULL}}, D},
	{"what is no answer", STREAM_PROVEN,
		{TO_ASKING, {THEIR_RESULT("valid"), "", NULL, "(dialback.ignored.unsolicited)"},
			{RESULT, "", NULL, "(dialback.ignored.wrong_direction)"},
			{VERIFY("@KEY@"), "", NULL, "(dialback.ignored.wrong_direction)"}},
		D},
	{"an answer before the question can be asked", STREAM_PROVEN,
		{{"", DB_OUT, NULL, NULL},
			{PEER_IN THEIRS("1", "valid"), "", NULL, "(dialback.ignored.unsolicited)"}},
		D},
	{"a stanza", STREAM_PROVEN,
		{TO_ASKING,
			{STANZA, ERROR("not-authorized"), "close stanza_on_outbound_stream", NULL}},
		D},
};

static void asking_transcripts_hold(void **state)
{
	play_all(STREAM_ASKING, ROWS(asking));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(inbound_transcripts_hold),
		cmocka_unit_test(questions_about_our_keys_are_answered),
		cmocka_unit_test(a_stanza_of_a_stream_that_was_not_verified_is_never_delivered),
		cmocka_unit_test(a_stanza_sent_along_with_the_key_ends_the_stream),
		cmocka_unit_test(who_has_proven_nothing_asks_a_few_questions),
		cmocka_unit_test(many_questions_at_once_are_all_answered),
		cmocka_unit_test(what_is_asked_is_what_the_peer_and_we_said),
		cmocka_unit_test(outbound_transcripts_hold),
		cmocka_unit_test(a_fault_says_what_it_means_to_a_sender),
		cmocka_unit_test(asking_transcripts_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
