/* SPDX-License-Identifier: BSD-3-Clause */
/* Who a certificate says its holder is. Reads subject alternative names itself: OpenSSL's own
 * host check knows neither SIP URIs nor SRV names and accepts wildcards. */
#pragma once

#include <openssl/x509.h>

#include "rules/base/view.h"

/* RFC 6120 section 13.7.1.2 and RFC 6125: id-on-xmppAddr (domain only), id-on-dnsSRV
 * _xmpp-server, dNSName with a wildcard as the whole left-most label. Never the CN. */
bool identity_is_xmpp(X509 *certificate, struct view domain);

/* RFC 5922 section 7.1 and 7.2: SAN URI sip:domain without a user; dNSName only if there is no SIP
 * URI at all; CN only if there is no SAN; whole names, no wildcard, no suffix. EKU, when present,
 * must allow serverAuth, clientAuth, any, or id-kp-sipDomain. */
bool identity_is_sip(X509 *certificate, struct view domain);

/* Does the certificate have an extended key usage that lists this one (dotted OID)? False without
 * the extension. */
#define EKU_SERVER_AUTH "1.3.6.1.5.5.7.3.1"
#define EKU_CLIENT_AUTH "1.3.6.1.5.5.7.3.2"
#define EKU_SIP_DOMAIN  "1.3.6.1.5.5.7.3.20" /* RFC 5924 */
#define EKU_ANY         "2.5.29.37.0"
bool identity_eku_has(X509 *certificate, const char *oid);
