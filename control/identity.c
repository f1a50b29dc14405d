/* SPDX-License-Identifier: BSD-3-Clause */
/* Who a certificate says its holder is: subject alternative names, byte for byte. */
#include "control/identity.h"

#include <idn2.h>
#include <openssl/x509v3.h>

#include "rules/base/name.h"
#include "rules/base/text.h"

enum { NAME_BYTES_MAX = 253 };

static struct view string_view(const ASN1_STRING *s)
{
	return view_make(ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s));
}

/* The extension's decoded value. *broken: it is there but cannot be read, or is there twice; such a
 * certificate proves nothing. */
static void *extension_read(X509 *certificate, int nid, bool *broken)
{
	int critical = -1;
	void *value = X509_get_ext_d2i(certificate, nid, &critical, NULL);

	/* -1: not there. */
	*broken = !value && critical != -1;
	return value;
}

static bool is_whole_name(struct view presented, struct view domain)
{
	return name_is_plain(presented) && view_equal_nocase(presented, domain);
}

/* "*.example.org" is one label in front of at least two. */
static bool is_wildcard_of(struct view presented, struct view domain)
{
	int64_t dot = view_find(domain, '.');
	struct view parent;

	if (!view_starts(presented, VIEW("*.")) || dot < 1)
		return false;
	presented = view_sub(presented, 2, UINT32_MAX);
	parent = view_sub(domain, (uint32_t)dot + 1, UINT32_MAX);
	return view_find(parent, '.') >= 0 && is_whole_name(presented, parent);
}

/* An XmppAddr is UTF-8 and may hold U-labels; ours are A-labels. */
static bool is_internationalized_name(struct view presented, struct view domain)
{
	char utf8[4 * NAME_BYTES_MAX + 1];
	char *ascii = NULL;
	bool same;

	if (!view_copy(presented, utf8, sizeof(utf8)))
		return false;
	if (idn2_to_ascii_8z(utf8, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) != IDN2_OK)
		return false;
	same = is_whole_name(view_of(ascii), domain);
	idn2_free(ascii);
	return same;
}

static bool xmpp_addr_names(const ASN1_TYPE *value, struct view domain)
{
	struct view presented;

	if (ASN1_TYPE_get(value) != V_ASN1_UTF8STRING)
		return false;
	presented = string_view(value->value.utf8string);
	return is_whole_name(presented, domain) || is_internationalized_name(presented, domain);
}

static bool srv_name_names(const ASN1_TYPE *value, struct view domain)
{
	struct view service = VIEW("_xmpp-server.");
	struct view presented;

	if (ASN1_TYPE_get(value) != V_ASN1_IA5STRING)
		return false;
	presented = string_view(value->value.ia5string);
	return view_equal_nocase(view_sub(presented, 0, service.len), service) &&
	       is_whole_name(view_sub(presented, service.len, UINT32_MAX), domain);
}

static bool xmpp_name_matches(const GENERAL_NAME *name, struct view domain)
{
	if (name->type == GEN_DNS) {
		struct view presented = string_view(name->d.dNSName);

		return is_whole_name(presented, domain) || is_wildcard_of(presented, domain);
	}
	if (name->type == GEN_OTHERNAME) {
		const OTHERNAME *other = name->d.otherName;

		switch (OBJ_obj2nid(other->type_id)) {
		case NID_XmppAddr:
			return xmpp_addr_names(other->value, domain);
		case NID_SRVName:
			return srv_name_names(other->value, domain);
		default:
			return false;
		}
	}
	return false;
}

bool identity_is_xmpp(X509 *certificate, struct view domain)
{
	bool broken;
	bool found = false;
	GENERAL_NAMES *names;

	if (!name_is_plain(domain))
		return false;
	names = extension_read(certificate, NID_subject_alt_name, &broken);
	for (int i = 0; i < sk_GENERAL_NAME_num(names) && !found; i++)
		found = xmpp_name_matches(sk_GENERAL_NAME_value(names, i), domain);
	GENERAL_NAMES_free(names);
	return found;
}

bool identity_eku_has(X509 *certificate, const char *oid)
{
	bool broken;
	bool found = false;
	char text[64];
	EXTENDED_KEY_USAGE *uses = extension_read(certificate, NID_ext_key_usage, &broken);

	for (int i = 0; i < sk_ASN1_OBJECT_num(uses) && !found; i++) {
		OBJ_obj2txt(text, sizeof(text), sk_ASN1_OBJECT_value(uses, i), 1);
		found = strcmp(text, oid) == 0;
	}
	EXTENDED_KEY_USAGE_free(uses);
	return found;
}

static bool eku_allows_sip(X509 *certificate)
{
	static const char *const fine[] = {
		EKU_SERVER_AUTH, EKU_CLIENT_AUTH, EKU_ANY, EKU_SIP_DOMAIN};

	if (X509_get_ext_by_NID(certificate, NID_ext_key_usage, -1) < 0)
		return true;
	for (size_t i = 0; i < sizeof(fine) / sizeof(fine[0]); i++)
		if (identity_eku_has(certificate, fine[i]))
			return true;
	return false;
}

/* What a URI name says. */
enum uri_says {
	URI_OTHER, /* not a SIP URI: does not count */
	URI_SIP,   /* a SIP URI that names no domain that we know: a user, or malformed */
	URI_HOST,  /* a SIP URI of a domain alone */
};

/* sip:HOST with an optional port, parameters and headers; the host alone is the identity. */
static enum uri_says uri_read(struct view uri, struct view *host)
{
	struct view scheme = VIEW("sip:");
	uint32_t end = 0;

	if (!view_equal_nocase(view_sub(uri, 0, scheme.len), scheme))
		return URI_OTHER;
	uri = view_sub(uri, scheme.len, UINT32_MAX);
	/* An '@' means a user; where it stands in parameters it is not worth telling apart. */
	if (view_find(uri, '@') >= 0 || view_find(uri, 0) >= 0)
		return URI_SIP;
	while (end < uri.len && !strchr(":;?", uri.p[end]))
		end++;
	*host = view_sub(uri, 0, end);
	return name_is_plain(*host) ? URI_HOST : URI_SIP;
}

static bool san_names_sip(GENERAL_NAMES *names, struct view domain)
{
	bool any_sip_uri = false;

	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
		struct view host;
		enum uri_says says;

		if (name->type != GEN_URI)
			continue;
		says = uri_read(string_view(name->d.uniformResourceIdentifier), &host);
		if (says == URI_HOST && view_equal_nocase(host, domain))
			return true;
		any_sip_uri = any_sip_uri || says != URI_OTHER;
	}
	if (any_sip_uri)
		return false;
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

		if (name->type == GEN_DNS && is_whole_name(string_view(name->d.dNSName), domain))
			return true;
	}
	return false;
}

/* Only a subject with exactly one CN says a name: with several, which one is meant is a guess. */
static bool common_name_is(X509 *certificate, struct view domain)
{
	X509_NAME *subject = X509_get_subject_name(certificate);
	int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
	unsigned char *utf8 = NULL;
	bool same;
	int len;

	if (at < 0 || X509_NAME_get_index_by_NID(subject, NID_commonName, at) >= 0)
		return false;
	len = ASN1_STRING_to_UTF8(
		&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
	if (len < 0)
		return false;
	same = is_whole_name(view_make(utf8, (size_t)len), domain);
	OPENSSL_free(utf8);
	return same;
}

bool identity_is_sip(X509 *certificate, struct view domain)
{
	bool broken;
	bool same;
	GENERAL_NAMES *names;

	if (!name_is_plain(domain) || !eku_allows_sip(certificate))
		return false;
	names = extension_read(certificate, NID_subject_alt_name, &broken);
	if (broken)
		return false;
	if (!names)
		return common_name_is(certificate, domain);
	same = san_names_sip(names, domain);
	GENERAL_NAMES_free(names);
	return same;
}
