/* SPDX-License-Identifier: BSD-3-Clause */
/* Which SIP partner does a certificate prove? */
#pragma once

#include <openssl/x509.h>

#include "rules/domain.h"
#include "rules/ruleset.h"

/* The first domain that the certificate is for (identity_is_sip) and that belongs to a partner of
 * protocol sip and is not blocked, by the names that it carries: there may be 100,000 partners, and not
 * many names. False: none, and domain is empty. */
bool sip_partner_proven(
	const struct ruleset *rules, X509 *certificate, char domain[static DOMAIN_ASCII_BYTES]);

/* Is the certificate for this host too, and the host the same partner's? A server of several names may
 * send in all that it proves, and in no other of its partner's subtree. */
bool sip_partner_speaks_for(const struct ruleset *rules, const struct partner *partner,
	X509 *certificate, struct view host);
