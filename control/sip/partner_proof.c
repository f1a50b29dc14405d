/* SPDX-License-Identifier: BSD-3-Clause */
/* From the names in a certificate to a partner. The names only propose; identity_is_sip decides. */
#include "control/sip/partner_proof.h"

#include <openssl/x509v3.h>

#include "control/identity.h"

enum { NAMES_MAX = 256 };

static const struct partner *proposed(
	const struct ruleset *rules, X509 *certificate, const ASN1_STRING *name)
{
	struct view domain =
		view_make(ASN1_STRING_get0_data(name), (size_t)ASN1_STRING_length(name));
	const struct partner *partner;

	if (domain.len > 4 && view_equal_nocase(view_sub(domain, 0, 4), VIEW("sip:")))
		domain = view_sub(domain, 4, UINT32_MAX);
	partner = ruleset_partner(rules, domain);
	if (!partner || partner->protocol != PROTOCOL_SIP ||
		!identity_is_sip(certificate, view_of(partner->domain)))
		return NULL;
	return partner;
}

static const struct partner *by_common_name(const struct ruleset *rules, X509 *certificate)
{
	const X509_NAME *subject = X509_get_subject_name(certificate);
	int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);

	return at < 0 ? NULL
		      : proposed(rules, certificate,
				X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
}

const struct partner *sip_partner_proven(const struct ruleset *rules, X509 *certificate)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
	const struct partner *partner = NULL;

	if (!names)
		return by_common_name(rules, certificate);
	for (int i = 0; i < sk_GENERAL_NAME_num(names) && i < NAMES_MAX && !partner; i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

		if (name->type == GEN_URI || name->type == GEN_DNS)
			partner = proposed(rules, certificate, name->d.ia5);
	}
	GENERAL_NAMES_free(names);
	return partner;
}
