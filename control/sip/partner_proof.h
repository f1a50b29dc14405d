/* SPDX-License-Identifier: BSD-3-Clause */
/* Whose server does a certificate prove? */
#pragma once

#include <openssl/x509.h>

#include "rules/domain.h"
#include "rules/ruleset.h"

/* For whom does a server speak whose name this is? Empty: for nobody whom it concerns. */
typedef struct view sip_whose_h(const void *arg, struct view name);
/* The first domain for which one of the certificate's names speaks (identity_is_sip), by the names that it
 * carries: there may be 100,000 partners, and not many names. False: none, and domain is empty. */
bool sip_domain_proven(X509 *certificate, sip_whose_h *whose, const void *arg,
	char domain[static DOMAIN_ASCII_BYTES]);

/* Is the certificate for this domain, or for one of the names that the rules have in its place (certificate_names,
 * NULL: none)? */
bool sip_certificate_proves(X509 *certificate, struct view domain, const char *names);

/* For people: its names, or "no domain". */
enum { SIP_CERTIFICATE_TEXT_BYTES = 200 };
void sip_certificate_show(X509 *certificate, char out[static SIP_CERTIFICATE_TEXT_BYTES]);

/* Is this host a partner's, and the certificate for it? A server of several partners may send in the names of all
 * that it proves, and in no other of a subtree. */
bool sip_partner_speaks_for(const struct ruleset *rules, X509 *certificate, struct view host);
