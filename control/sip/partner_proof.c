/* SPDX-License-Identifier: BSD-3-Clause */
/* From the names in a certificate to a domain. The names only propose; identity_is_sip decides. */
#include "control/sip/partner_proof.h"

#include <openssl/x509v3.h>

#include "control/identity.h"
#include "rules/peer.h"

enum { NAMES_MAX = 256 };

struct search {
	X509 *certificate;
	sip_fits_h *fits;
	const void *arg;
};

static bool proposed(
	const struct search *s, const ASN1_STRING *name, char domain[static DOMAIN_ASCII_BYTES])
{
	struct view text = view_make(ASN1_STRING_get0_data(name), (size_t)ASN1_STRING_length(name));
	struct fault fault;

	if (text.len > 4 && view_equal_nocase(view_sub(text, 0, 4), VIEW("sip:")))
		text = view_sub(text, 4, UINT32_MAX);
	/* A name only: a wildcard is none. */
	if (domain_parse(text, domain, &fault) == PARSE_DONE && s->fits(s->arg, view_of(domain)) &&
		identity_is_sip(s->certificate, view_of(domain)))
		return true;
	domain[0] = '\0';
	return false;
}

static bool by_common_name(const struct search *s, char domain[static DOMAIN_ASCII_BYTES])
{
	const X509_NAME *subject = X509_get_subject_name(s->certificate);
	int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);

	return at >= 0 &&
	       proposed(s, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)), domain);
}

bool sip_partner_speaks_for(const struct ruleset *rules, const struct partner *partner,
	X509 *certificate, struct view host)
{
	struct peer peer;

	peer_find(rules, host, &peer);
	return peer.partner == partner && identity_is_sip(certificate, host);
}

bool sip_domain_proven(X509 *certificate, sip_fits_h *fits, const void *arg,
	char domain[static DOMAIN_ASCII_BYTES])
{
	const struct search s = {certificate, fits, arg};
	GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
	bool proven = false;

	domain[0] = '\0';
	if (!names)
		return by_common_name(&s, domain);
	for (int i = 0; i < sk_GENERAL_NAME_num(names) && i < NAMES_MAX && !proven; i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

		if (name->type == GEN_URI || name->type == GEN_DNS)
			proven = proposed(&s, name->d.ia5, domain);
	}
	GENERAL_NAMES_free(names);
	return proven;
}
