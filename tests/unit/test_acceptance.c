/* SPDX-License-Identifier: BSD-3-Clause */
/* What must hold of who may talk to whom, from the document to the decision: every way to be proven, and no
 * message of somebody who is not. */
#include "tests/unit/test.h"

#include <stdio.h>

#include "rules/decide.h"

/* S: by certificate over TLS, D: by dialback over TLS, T: by dialback in the clear. */
static const struct {
	const char *tls, *sasl;
	bool dialback;
	const char *proofs; /* ""; the rules are refused */
} matrix[] = {
	{"required", "required", true, "S"},
	{"required", "required", false, "S"},
	{"required", "optional", true, "SD"},
	{"required", "optional", false, "S"},
	{"required", "not-supported", true, "D"},
	{"required", "not-supported", false, ""},
	{"optional", "required", true, "SDT"},
	{"optional", "required", false, "S"},
	{"optional", "optional", true, "SDT"},
	{"optional", "optional", false, "S"},
	{"optional", "not-supported", true, "DT"},
	{"optional", "not-supported", false, ""},
	{"not-supported", "required", true, "T"},
	{"not-supported", "required", false, ""},
	{"not-supported", "optional", true, "T"},
	{"not-supported", "optional", false, ""},
	{"not-supported", "not-supported", true, "T"},
	{"not-supported", "not-supported", false, ""},
};

enum { ROWS = sizeof(matrix) / sizeof(matrix[0]) };

static struct rules_errors errors;

static struct ruleset *row_rules(size_t i)
{
	char yaml[1024];

	snprintf(yaml, sizeof(yaml),
		"service: {addresses: [198.51.100.1]}\n"
		"local:\n"
		"  - {domain: corp.example, certificate: c, key: k,\n"
		"     inside: {protocol: sip, host: h.example}}\n"
		"partners:\n"
		"  - {domain: partner.example, protocol: xmpp,\n"
		"     security: {tls: %s, sasl: %s, dialback: %s}}\n",
		matrix[i].tls, matrix[i].sasl, matrix[i].dialback ? "true" : "false");
	return ruleset_compile(view_of(yaml), NULL, &errors);
}

static const char *row_name(size_t i)
{
	static char name[128];

	snprintf(name, sizeof(name), "tls %s, sasl %s, dialback %s", matrix[i].tls, matrix[i].sasl,
		matrix[i].dialback ? "true" : "false");
	return name;
}

static enum reason ask(
	const struct ruleset *rules, enum connection_trust trust, enum proof proof, bool contact)
{
	const struct question q = {
		.ours = {VIEW("bob@corp.example"), VIEW("corp.example")},
		.theirs = {VIEW("alice@partner.example"), VIEW("partner.example")},
		.heading = HEADING_IN,
		.kind = KIND_message,
		.trust = trust,
		.proof = proof,
		.protocol = PROTOCOL_XMPP,
		.known_contact = contact,
		.now = {1800000000},
	};
	struct verdict verdict;

	decide(rules, &q, &verdict);
	return verdict.reason;
}

static void of_18_rows_5_are_refused_at_load_and_the_others_take_their_proofs(void **state)
{
	static const struct {
		char letter;
		enum proof proof;
	} proofs[] = {{'S', PROOF_SASL_TLS}, {'D', PROOF_DIALBACK_TLS}, {'T', PROOF_DIALBACK_TCP}};
	uint32_t refused = 0;

	assert_int_equal(ROWS, 18);
	for (size_t i = 0; i < ROWS; i++) {
		struct ruleset *rules = row_rules(i);

		if (!rules != !matrix[i].proofs[0])
			fail_msg("%s: the rules are %s", row_name(i), rules ? "taken" : "refused");
		if (!rules && !strstr(errors.list[0].key, "partners[0].security"))
			fail_msg("%s: %s", row_name(i), errors.list[0].key);
		refused += !rules;
		for (size_t k = 0; rules && k < 3; k++) {
			bool taken = strchr(matrix[i].proofs, proofs[k].letter);
			enum reason reason = ask(rules, TRUST_PROVEN, proofs[k].proof, false);

			if (reason != (taken ? REASON_none : REASON_proof_not_allowed))
				fail_msg("%s, %c: %s", row_name(i), proofs[k].letter,
					reason_text(reason)->name);
		}
		ruleset_free(rules);
	}
	assert_int_equal(refused, 5);
}

/* Dialback that was spoken and not verified proves nothing, whatever the rules allow and whoever it is. */
static void what_is_not_proven_is_never_relayed(void **state)
{
	static const struct {
		enum connection_trust trust;
		enum reason reason;
	} cases[] = {
		{TRUST_CLAIMED, REASON_not_proven},
		{TRUST_UNKNOWN, REASON_not_proven},
		{TRUST_SUSPICIOUS, REASON_source_suspicious},
		{TRUST_BLOCKED, REASON_source_blocked},
	};
	static const enum proof proofs[] = {
		0, PROOF_SASL_TLS, PROOF_DIALBACK_TLS, PROOF_DIALBACK_TCP};

	for (size_t i = 0; i < ROWS; i++) {
		struct ruleset *rules = row_rules(i);

		for (size_t k = 0; rules && k < 4 * 4 * 2; k++) {
			enum reason reason =
				ask(rules, cases[k % 4].trust, proofs[k / 4 % 4], k / 16 == 1);

			if (reason != cases[k % 4].reason)
				fail_msg("%s, case %zu: %s", row_name(i), k,
					reason_text(reason)->name);
		}
		ruleset_free(rules);
	}
}

/* Each reason has an answer for both sides that says less outside than inside; never 503, by which one message
 * would keep all others away. */
static void each_reason_has_words_for_both_sides(void **state)
{
	static const char *const inside_only[] = {
		"seat", "agreement", "policy's", "enabled", "rules"};

	for (uint32_t i = REASON_none + 1; i < REASON_COUNT; i++) {
		const struct reason_text *text = reason_text((enum reason)i);

		if (text->sip < 400 || text->sip > 599 || !text->outside[0] || text->sip == 503 ||
			!reason_condition((enum reason)i)[0] || !text->words[0])
			fail_msg("%s", text->name);
		for (size_t k = 0; k < sizeof(inside_only) / sizeof(inside_only[0]); k++)
			if (strstr(text->outside, inside_only[k]))
				fail_msg("%s tells those outside of '%s'", text->name,
					inside_only[k]);
	}
}

/* One edge behind the other, with the same rules or with the notice of the one before in `replaces`. */
static void a_warning_filter_twice_in_a_chain_leaves_one_warning(void **state)
{
	static const char *const links[] = {
		"{action: warn, notice: Careful}",
		"{action: warn, notice: \"Mind the links.\", replaces: [Careful]}",
	};
	static const char sent[] = "see http://a.example";
	struct ruleset *edges[2];

	for (size_t i = 0; i < 2; i++) {
		char yaml[1024];

		snprintf(yaml, sizeof(yaml),
			"service: {addresses: [198.51.100.1]}\n"
			"local:\n"
			"  - {domain: corp.example, certificate: c, key: k,\n"
			"     inside: {protocol: sip, host: h.example}}\n"
			"links: %s\n"
			"partners: [{domain: partner.example, protocol: xmpp}]\n",
			links[i]);
		edges[i] = ruleset_compile(view_of(yaml), NULL, &errors);
		assert_non_null(edges[i]);
	}
	for (size_t first = 0; first < 2; first++)
		for (size_t second = first; second < 2; second++) {
			const struct ruleset *chain[] = {edges[first], edges[second]};
			char texts[2][256];
			struct view text = view_of(sent);

			for (size_t i = 0; i < 2; i++) {
				struct question q = {
					.ours = {VIEW("bob@corp.example"), VIEW("corp.example")},
					.theirs = {VIEW("alice@partner.example"),
						VIEW("partner.example")},
					.heading = i == 0 ? HEADING_OUT : HEADING_IN,
					.kind = KIND_message,
					.protocol = PROTOCOL_XMPP,
					.now = {1800000000},
					.text = text,
				};
				struct verdict verdict;
				struct text out;

				decide(chain[i], &q, &verdict);
				assert_int_equal(verdict.reason, REASON_none);
				assert_int_equal(verdict.link_count, 1);
				text_fixed(&out, texts[i], sizeof(texts[i]));
				hyperlink_put(verdict.links, text, &out);
				text = text_view(&out);
			}
			assert_string_equal(
				texts[1], second == 0 ? "Careful\n\nsee http://a.example"
						      : "Mind the links.\n\nsee http://a.example");
		}
	ruleset_free(edges[0]);
	ruleset_free(edges[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_18_rows_5_are_refused_at_load_and_the_others_take_their_proofs),
		cmocka_unit_test(what_is_not_proven_is_never_relayed),
		cmocka_unit_test(each_reason_has_words_for_both_sides),
		cmocka_unit_test(a_warning_filter_twice_in_a_chain_leaves_one_warning),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
