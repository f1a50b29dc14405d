/* SPDX-License-Identifier: BSD-3-Clause */
/* The eighteen combinations of TLS, SASL and dialback. */
#include "tests/unit/test.h"

#include "rules/policy.h"

#define R NEGOTIATION_REQUIRED
#define O NEGOTIATION_OPTIONAL
#define N NEGOTIATION_NOT_SUPPORTED

static const struct {
	enum negotiation tls, sasl;
	bool dialback;
	const char *proofs; /* S: SASL over TLS, D: dialback over TLS, T: dialback in the clear */
	bool warns;
} rows[] = {
	{R, R, true, "S", true},
	{R, R, false, "S", false},
	{R, O, true, "SD", false},
	{R, O, false, "S", false},
	{R, N, true, "D", false},
	{R, N, false, "", false},
	{O, R, true, "SDT", true},
	{O, R, false, "S", true},
	{O, O, true, "SDT", true},
	{O, O, false, "S", true},
	{O, N, true, "DT", true},
	{O, N, false, "", false},
	{N, R, true, "T", true},
	{N, R, false, "", false},
	{N, O, true, "T", true},
	{N, O, false, "", false},
	{N, N, true, "T", true},
	{N, N, false, "", false},
};

static void each_row_leaves_its_proofs_and_five_leave_none(void **state)
{
	uint32_t invalid = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct security security = {rows[i].tls, rows[i].sasl, rows[i].dialback};
		uint32_t wanted = 0;

		for (const char *c = rows[i].proofs; *c; c++)
			wanted |= *c == 'S'   ? PROOF_SASL_TLS
				  : *c == 'D' ? PROOF_DIALBACK_TLS
					      : PROOF_DIALBACK_TCP;
		if (security_proofs(&security) != wanted ||
			!!security_warning(&security) != rows[i].warns)
			fail_msg("tls %s, sasl %s, dialback %s", negotiation_words[rows[i].tls],
				negotiation_words[rows[i].sasl], rows[i].dialback ? "yes" : "no");
		invalid += wanted == 0;
	}
	assert_int_equal(invalid, 5);
}

static void required_tls_is_never_left_and_sasl_never_without_tls(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct security security = {rows[i].tls, rows[i].sasl, rows[i].dialback};
		uint32_t proofs = security_proofs(&security);

		if (rows[i].tls == R)
			assert_int_equal(proofs & PROOF_DIALBACK_TCP, 0);
		if (rows[i].tls == N || rows[i].sasl == N)
			assert_int_equal(proofs & PROOF_SASL_TLS, 0);
		if (!rows[i].dialback)
			assert_int_equal(proofs & ~(uint32_t)PROOF_SASL_TLS, 0);
	}
}

static void proofs_have_words(void **state)
{
	char out[PROOFS_TEXT_BYTES];

	assert_string_equal(proof_words((enum proof)0), "");
	assert_string_equal(proof_words(PROOF_DIALBACK_TLS), "dialback over TLS");
	proofs_print(0, out);
	assert_string_equal(out, "");
	proofs_print(PROOF_DIALBACK_TCP, out);
	assert_string_equal(out, "dialback in the clear");
	proofs_print(PROOF_SASL_TLS | PROOF_DIALBACK_TLS | PROOF_DIALBACK_TCP, out);
	assert_string_equal(out, "certificate, dialback over TLS, dialback in the clear");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(proofs_have_words),
		cmocka_unit_test(each_row_leaves_its_proofs_and_five_leave_none),
		cmocka_unit_test(required_tls_is_never_left_and_sasl_never_without_tls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
