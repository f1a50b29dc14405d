/* SPDX-License-Identifier: BSD-3-Clause */
/* A user's address, in neither protocol's clothes. Made only by the preparing constructors, compared
 * only by address_equal. (RFC 7247 section 6, RFC 7622, XEP-0106.) */
#pragma once

#include "control/sip/uri.h"
#include "rules/base/text.h"

enum { ADDRESS_PART_MAX_BYTES = 1023, DOMAIN_MAX_BYTES = 253 };

struct address {
	char local[ADDRESS_PART_MAX_BYTES +
		   1];                     /* XMPP localpart: prepared, XEP-0106 escaped; "" none */
	char domain[DOMAIN_MAX_BYTES + 1]; /* A-labels, lower case, no trailing dot */
	char resource[ADDRESS_PART_MAX_BYTES + 1]; /* prepared resourcepart; "" none */
};

/* From a JID (RFC 7622 section 3). Causes: jid_too_long, local_empty, local_excluded (one of
 * "&'/:<>@), resource_empty, local_X and resource_X with X from precis.h, those of domain_parse.
 * An IP address is no domain of a partner, so it is refused. */
enum parse address_from_jid(struct view jid, struct address *out, struct fault *fault);
/* From a SIP URI (RFC 7247 section 6.4, completed): percent-decoded once, prepared, escaped. No user
 * part: local is empty. Every parameter but gr is ignored. Causes: uri_scheme, uri_password,
 * uri_headers, uri_port (no JID has one), user_empty, those of percent_decode, user_space (first or
 * last), user_unstable (a mapping would turn it into another user's name), and those above. The
 * offset counts in the part that is wrong: user, host or gr. */
enum parse address_from_sip(const struct sip_uri *uri, struct address *out, struct fault *fault);
/* Is there a SIP URI that leads back to exactly this address? There is none for a localpart with an
 * escape that XEP-0106 would not have written (a\5cb: unescaped and escaped again it is a\b, which
 * is another user) or with \20 at an end, nor for a domain whose last label begins with a digit. */
bool address_has_sip(const struct address *a);
/* Domains as A-labels; U-labels of the same name are written with address_domain_unicode. */
void address_put_jid(const struct address *a, struct text *out);
void address_put_bare_jid(const struct address *a, struct text *out);
/* sip:user@domain, the user unescaped (all ten of XEP-0106) and percent-encoded by allow-list.
 * with_resource adds ;gr= (RFC 7247 section 6.5). The text fails for an address that has none. */
void address_put_sip(const struct address *a, bool with_resource, struct text *out);
/* The domain with U-labels, for people. */
void address_domain_unicode(const struct address *a, struct text *out);
bool address_equal(const struct address *a, const struct address *b);
bool address_equal_bare(const struct address *a, const struct address *b);
