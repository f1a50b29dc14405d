/* SPDX-License-Identifier: BSD-3-Clause */
/* How a partner has proven itself reaches the rules with each of its messages. */
#include "tests/unit/test.h"

#include "control/policy/explain.h"
#include "tests/unit/gate_house.h"

static void rules_are(struct session *session, const char *security)
{
	char partner[256];

	snprintf(partner, sizeof(partner),
		"partners:\n  - {domain: partner.example, protocol: xmpp, security: {%s}}\n",
		security);
	rules_say(session, partner);
}

static const struct {
	const char *security;
	uint32_t taken;
} rows[] = {
	{"tls: required, sasl: required", PROOF_SASL_TLS},
	{"tls: required, sasl: optional, dialback: true", PROOF_SASL_TLS | PROOF_DIALBACK_TLS},
	{"tls: required, sasl: not-supported, dialback: true", PROOF_DIALBACK_TLS},
	{"tls: optional, sasl: optional, dialback: true",
		PROOF_SASL_TLS | PROOF_DIALBACK_TLS | PROOF_DIALBACK_TCP},
	{"tls: not-supported, sasl: not-supported, dialback: true", PROOF_DIALBACK_TCP},
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static void a_message_crosses_if_what_proved_its_server_is_taken(void **state)
{
	for (size_t i = 0; i < ROWS; i++) {
		for (unsigned proof = PROOF_SASL_TLS; proof <= PROOF_DIALBACK_TCP; proof <<= 1) {
			bool taken = rows[i].taken & proof;

			rules_are(*state, rows[i].security);
			stanza_from_by("partner.example", (enum proof)proof,
				"<message from='alice@partner.example/x' to='bob@corp.example' id='m1' "
				"type='chat'><body>hello</body></message>");
			if ((request_count == 1) != taken ||
				(counter_get("policy.refused", "proof_not_allowed") == 1) == taken)
				fail_msg(
					"%s: %s", rows[i].security, proof_words((enum proof)proof));
			if (!taken &&
				(sent_count != 1 || !strstr(sent[0].stanza, "<not-authorized ") ||
					!strstr(sent[0].stanza, " id='m1'")))
				fail_msg("%s: she does not hear of it", rows[i].security);
			gate_stop(state);
			gate_start(state);
		}
	}
}

/* Whoever asks beforehand does not say how the partner will come. */
static void explain_answers_for_the_best_that_is_taken(void **state)
{
	static const char *const expected[ROWS] = {"proven by certificate (SASL EXTERNAL)",
		"proven by certificate (SASL EXTERNAL)", "proven by dialback over TLS",
		"proven by certificate (SASL EXTERNAL)", "proven by dialback in the clear"};
	const struct explain_asked asked = {
		.from = "alice@partner.example", .to = "bob@corp.example"};

	for (size_t i = 0; i < ROWS; i++) {
		char why[EXPLAIN_WHY_BYTES];
		json_t *all;
		const json_t *step;

		rules_are(*state, rows[i].security);
		all = explain_make(gate, rules, &asked, NULL, why);
		assert_non_null(all);
		step = json_array_get(json_object_get(all, "steps"), STEP_identity);
		if (!json_is_true(json_object_get(all, "allowed")) ||
			strcmp(json_string_value(json_object_get(step, "words")), expected[i]) != 0)
			fail_msg("%s: %s", rows[i].security,
				json_string_value(json_object_get(step, "words")));
		json_decref(all);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		GATE_ROW(a_message_crosses_if_what_proved_its_server_is_taken),
		GATE_ROW(explain_answers_for_the_best_that_is_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
