/* SPDX-License-Identifier: BSD-3-Clause */
/* How an XMPP partner may prove itself: what is said of TLS, of SASL EXTERNAL and of dialback, and which
 * ways that leaves. Eighteen combinations, of which five leave none. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum negotiation {
	NEGOTIATION_REQUIRED,
	NEGOTIATION_OPTIONAL,
	NEGOTIATION_NOT_SUPPORTED,
	NEGOTIATION_COUNT
};

/* Ways to be proven, as a set. */
enum proof {
	PROOF_SASL_TLS = 1,     /* a certificate, over TLS (XEP-0178) */
	PROOF_DIALBACK_TLS = 2, /* XEP-0220, over TLS */
	PROOF_DIALBACK_TCP = 4, /* XEP-0220 in the clear */
};

struct security {
	enum negotiation tls, sasl;
	bool dialback;
};

/* The ways that remain; 0: nobody could ever connect, which makes the rules wrong. */
uint32_t security_proofs(const struct security *security);
/* "certificate", "dialback over TLS", "dialback in the clear"; "" for none. */
const char *proof_words(enum proof proof);
/* All of a set, with commas. */
enum { PROOFS_TEXT_BYTES = 64 };
void proofs_print(uint32_t proofs, char out[static PROOFS_TEXT_BYTES]);
/* Is it weaker than it looks, or says something that has no effect? Words for people, or NULL. */
const char *security_warning(const struct security *security);
