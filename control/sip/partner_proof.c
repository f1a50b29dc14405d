/* SPDX-License-Identifier: BSD-3-Clause */
/* From the names in a certificate to a partner. The names only propose; identity_is_sip decides. */
#include "control/sip/partner_proof.h"

#include <openssl/x509v3.h>

#include "control/identity.h"

enum { NAMES_MAX = 256 };

static const struct partner *proposed(const struct ruleset *rules, X509 *certificate,
	const ASN1_STRING *name, char proven[static DOMAIN_ASCII_BYTES])
{
	struct view domain =
		view_make(ASN1_STRING_get0_data(name), (size_t)ASN1_STRING_length(name));
	const struct partner *partner;

	if (domain.len > 4 && view_equal_nocase(view_sub(domain, 0, 4), VIEW("sip:")))
		domain = view_sub(domain, 4, UINT32_MAX);
	partner = ruleset_partner(rules, domain);
	if (!partner || partner->protocol != PROTOCOL_SIP ||
		!sip_partner_speaks_for(rules, partner, certificate, domain) ||
		!view_copy(domain, proven, DOMAIN_ASCII_BYTES))
		return NULL;
	return partner;
}

static const struct partner *by_common_name(
	const struct ruleset *rules, X509 *certificate, char proven[static DOMAIN_ASCII_BYTES])
{
	const X509_NAME *subject = X509_get_subject_name(certificate);
	int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);

	return at < 0 ? NULL
		      : proposed(rules, certificate,
				X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)), proven);
}

bool sip_partner_speaks_for(const struct ruleset *rules, const struct partner *partner,
	X509 *certificate, struct view host)
{
	const struct partner *found = ruleset_partner(rules, host);

	/* By id: the partner may be of an older generation of the rules. */
	return found && found->id == partner->id && !ruleset_blocks_domain(rules, host) &&
	       identity_is_sip(certificate, host);
}

const struct partner *sip_partner_proven(
	const struct ruleset *rules, X509 *certificate, char name[static DOMAIN_ASCII_BYTES])
{
	GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
	const struct partner *partner = NULL;

	if (!names)
		return by_common_name(rules, certificate, name);
	for (int i = 0; i < sk_GENERAL_NAME_num(names) && i < NAMES_MAX && !partner; i++) {
		const GENERAL_NAME *one = sk_GENERAL_NAME_value(names, i);

		if (one->type == GEN_URI || one->type == GEN_DNS)
			partner = proposed(rules, certificate, one->d.ia5, name);
	}
	GENERAL_NAMES_free(names);
	return partner;
}
