/* SPDX-License-Identifier: BSD-3-Clause */
/* Whose server does a certificate prove? */
#pragma once

#include <openssl/x509.h>

#include "rules/domain.h"
#include "rules/ruleset.h"

/* The first domain that the certificate is for (identity_is_sip) and that fits, by the names that it
 * carries: there may be 100,000 partners, and not many names. False: none, and domain is empty. */
typedef bool sip_fits_h(const void *arg, struct view domain);
bool sip_domain_proven(X509 *certificate, sip_fits_h *fits, const void *arg,
	char domain[static DOMAIN_ASCII_BYTES]);

/* Is the certificate for this host too, and the host the same partner's? A server of several names may
 * send in all that it proves, and in no other of its partner's subtree. */
bool sip_partner_speaks_for(const struct ruleset *rules, const struct partner *partner,
	X509 *certificate, struct view host);
