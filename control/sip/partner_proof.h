/* SPDX-License-Identifier: BSD-3-Clause */
/* Which SIP partner does a certificate prove? */
#pragma once

#include <openssl/x509.h>

#include "rules/ruleset.h"

/* The first partner of protocol sip whose domain the certificate is for (identity_is_sip), by the
 * names that it carries: there may be 100,000 partners, and not many names. NULL: none. */
const struct partner *sip_partner_proven(const struct ruleset *rules, X509 *certificate);
