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

/* From a JID (RFC 7622 section 3). */
enum parse address_from_jid(struct view jid, struct address *out, struct fault *fault);
/* From a SIP URI (RFC 7247 section 6.4, completed): percent-decoded once, prepared, escaped. */
enum parse address_from_sip(const struct sip_uri *uri, struct address *out, struct fault *fault);
/* Domains as A-labels; U-labels of the same name are written with address_domain_unicode. */
void address_put_jid(const struct address *a, struct text *out);
void address_put_bare_jid(const struct address *a, struct text *out);
/* sip:user@domain, the user unescaped (all ten of XEP-0106) and percent-encoded by allow-list.
 * with_resource adds ;gr= (RFC 7247 section 6.5). */
void address_put_sip(const struct address *a, bool with_resource, struct text *out);
bool address_equal(const struct address *a, const struct address *b);
bool address_equal_bare(const struct address *a, const struct address *b);
