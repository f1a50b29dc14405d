/* SPDX-License-Identifier: BSD-3-Clause */
/* Which SIP partner does a certificate prove? */
#pragma once

#include <openssl/x509.h>

#include "rules/domain.h"
#include "rules/ruleset.h"

/* The first partner of protocol sip of which the certificate is for a name (identity_is_sip) that is
 * not blocked: its domain, or with its subtree one below. Asked by the names that the certificate
 * carries: there may be 100,000 partners, and not many names. `name`, when there is one, is which. NULL:
 * none. */
const struct partner *sip_partner_proven(
	const struct ruleset *rules, X509 *certificate, char name[static DOMAIN_ASCII_BYTES]);

/* Is the certificate for this host too, and the host the same partner's? A server of several names may
 * send in all that it proves, and in no other of its partner's subtree. */
bool sip_partner_speaks_for(const struct ruleset *rules, const struct partner *partner,
	X509 *certificate, struct view host);
