/* SPDX-License-Identifier: BSD-3-Clause */
/* From the names in a certificate to a domain. The names only propose; identity_is_sip decides. */
#include "control/sip/partner_proof.h"

#include <openssl/x509v3.h>

#include "control/identity.h"
#include "rules/base/text.h"
#include "rules/peer.h"

enum { NAMES_MAX = 256 };

struct search {
	X509 *certificate;
	sip_whose_h *whose;
	const void *arg;
};

static bool proposed(
	const struct search *s, const ASN1_STRING *name, char domain[static DOMAIN_ASCII_BYTES])
{
	struct view text = view_make(ASN1_STRING_get0_data(name), (size_t)ASN1_STRING_length(name));
	char plain[DOMAIN_ASCII_BYTES];
	struct fault fault;
	struct view whose;

	domain[0] = '\0';

	if (text.len > 4 && view_equal_nocase(view_sub(text, 0, 4), VIEW("sip:")))
		text = view_sub(text, 4, UINT32_MAX);
	/* A name only: a wildcard is none. */
	if (domain_parse(text, plain, &fault) != PARSE_DONE)
		return false;
	whose = s->whose(s->arg, view_of(plain));
	return whose.len > 0 && identity_is_sip(s->certificate, view_of(plain)) &&
	       view_copy(whose, domain, DOMAIN_ASCII_BYTES);
}

static bool by_common_name(const struct search *s, char domain[static DOMAIN_ASCII_BYTES])
{
	const X509_NAME *subject = X509_get_subject_name(s->certificate);
	int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);

	return at >= 0 &&
	       proposed(s, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)), domain);
}

bool sip_certificate_proves(X509 *certificate, struct view domain, const char *names)
{
	struct view name;

	if (identity_is_sip(certificate, domain))
		return true;
	while (certificate_names_next(&names, &name))
		if (identity_is_sip(certificate, name))
			return true;
	return false;
}

bool sip_partner_speaks_for(const struct ruleset *rules, X509 *certificate, struct view host)
{
	struct peer peer;

	peer_find(rules, host, &peer);
	return peer.partner &&
	       sip_certificate_proves(certificate, host, peer.terms->certificate_names);
}

bool sip_domain_proven(X509 *certificate, sip_whose_h *whose, const void *arg,
	char domain[static DOMAIN_ASCII_BYTES])
{
	const struct search s = {certificate, whose, arg};
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

static struct view show_name(const void *arg, struct view name)
{
	struct text *out = *(struct text *const *)arg;

	if (out->len > 0)
		text_puts(out, ", ");
	text_put(out, name);
	return (struct view){0};
}

void sip_certificate_show(X509 *certificate, char out[static SIP_CERTIFICATE_TEXT_BYTES])
{
	char domain[DOMAIN_ASCII_BYTES];
	struct text text;
	struct text *const arg = &text;

	text_fixed(&text, out, SIP_CERTIFICATE_TEXT_BYTES);
	/* What does not fit is left out. */
	(void)sip_domain_proven(certificate, show_name, &arg, domain);
	if (text.len == 0)
		text_puts(&text, "no domain");
}
