/* SPDX-License-Identifier: BSD-3-Clause */
/* As much of a JID as routing needs: its parts by syntax, its domain in canonical form. Preparing
 * local and resource parts is not this floor's business. (RFC 7622 section 3.1, RFC 6120.) */
#pragma once

#include "rules/domain.h"

enum { JID_PART_MAX_BYTES = 1023, JID_MAX_BYTES = 3 * JID_PART_MAX_BYTES + 2 };

struct jid {
	struct view local;    /* empty: none */
	struct view resource; /* empty: none */
	char domain[DOMAIN_ASCII_BYTES];
};

/* Split at the first '/', then at the first '@' before it. False with a cause when a part is empty
 * behind its delimiter or too long, when anything is not UTF-8 of XML characters, when the local
 * part holds what RFC 7622 section 3.3.1 forbids, or when the domain is none (jid_domain). */
bool jid_parse(struct view text, struct jid *out, const char **cause);

/* A stream's `to`, `from` or authorisation identity: a domain and nothing else. */
bool jid_is_domain(struct view text, char domain[static DOMAIN_ASCII_BYTES]);
