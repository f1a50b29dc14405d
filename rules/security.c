/* SPDX-License-Identifier: BSD-3-Clause */
/* How an XMPP partner may prove itself. */
#include "rules/security.h"

#include <stddef.h>
#include <stdio.h>

#define S PROOF_SASL_TLS
#define D PROOF_DIALBACK_TLS
#define T PROOF_DIALBACK_TCP

static const char no_effect[] = "dialback has no effect while SASL is required over TLS";
static const char may_be_clear[] = "a stream may stay without TLS";
static const char clear[] = "all streams are in clear text";

/* [tls][sasl][dialback]; SASL EXTERNAL exists only over TLS, and dialback in the clear only where TLS
 * is not required. */
static const struct {
	uint32_t proofs;
	const char *warning;
} matrix[NEGOTIATION_COUNT][NEGOTIATION_COUNT][2] = {
	/* clang-format off */
	[NEGOTIATION_REQUIRED] = {
		[NEGOTIATION_REQUIRED]      = {{S, NULL},             {S, no_effect}},
		[NEGOTIATION_OPTIONAL]      = {{S, NULL},             {S | D, NULL}},
		[NEGOTIATION_NOT_SUPPORTED] = {{0, NULL},             {D, NULL}},
	},
	[NEGOTIATION_OPTIONAL] = {
		[NEGOTIATION_REQUIRED]      = {{S, may_be_clear},     {S | D | T, may_be_clear}},
		[NEGOTIATION_OPTIONAL]      = {{S, may_be_clear},     {S | D | T, may_be_clear}},
		[NEGOTIATION_NOT_SUPPORTED] = {{0, NULL},             {D | T, may_be_clear}},
	},
	[NEGOTIATION_NOT_SUPPORTED] = {
		[NEGOTIATION_REQUIRED]      = {{0, NULL},             {T, clear}},
		[NEGOTIATION_OPTIONAL]      = {{0, NULL},             {T, clear}},
		[NEGOTIATION_NOT_SUPPORTED] = {{0, NULL},             {T, clear}},
	},
	/* clang-format on */
};

uint32_t security_proofs(const struct security *security)
{
	return matrix[security->tls][security->sasl][security->dialback].proofs;
}

const char *security_warning(const struct security *security)
{
	return matrix[security->tls][security->sasl][security->dialback].warning;
}

const char *proof_words(enum proof proof)
{
	switch (proof) {
	case PROOF_SASL_TLS:
		return "certificate";
	case PROOF_DIALBACK_TLS:
		return "dialback over TLS";
	case PROOF_DIALBACK_TCP:
		return "dialback in the clear";
	}
	return "";
}

void proofs_print(uint32_t proofs, char out[static PROOFS_TEXT_BYTES])
{
	int len = 0;

	out[0] = '\0';
	for (unsigned proof = PROOF_SASL_TLS; proof <= PROOF_DIALBACK_TCP; proof <<= 1)
		if (proofs & proof)
			len += snprintf(out + len, PROOFS_TEXT_BYTES - (size_t)len, "%s%s",
				len ? ", " : "", proof_words((enum proof)proof));
}
