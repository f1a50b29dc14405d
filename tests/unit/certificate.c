/* SPDX-License-Identifier: BSD-3-Clause */
/* Certificates made while a test runs. */
#include "tests/unit/test.h"

#include "tests/unit/certificate.h"

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>

static void extension_add(X509 *certificate, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX context;
	X509_EXTENSION *extension;

	X509V3_set_ctx_nodb(&context);
	X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	if (!extension)
		fail_msg("extension '%s'", value);
	assert_true(X509_add_ext(certificate, extension, -1));
	X509_EXTENSION_free(extension);
}

/* The text form of a name cannot hold a NUL; this can. */
static void raw_dns_add(X509 *certificate, const char *bytes, size_t len)
{
	GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
	GENERAL_NAME *name = GENERAL_NAME_new();
	ASN1_IA5STRING *value = ASN1_IA5STRING_new();

	assert_true(ASN1_STRING_set(value, bytes, (int)len));
	GENERAL_NAME_set0_value(name, GEN_DNS, value);
	sk_GENERAL_NAME_push(names, name);
	assert_true(X509_add1_ext_i2d(certificate, NID_subject_alt_name, names, 0, 0));
	GENERAL_NAMES_free(names);
}

static void cn_add(X509 *certificate, const char *cn)
{
	if (cn)
		X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
			(const unsigned char *)cn, -1, -1, 0);
}

struct identity_pair certificate_make(const struct certificate_spec *spec)
{
	static long serial = 1000;
	bool day = spec->from_s == 0 && spec->to_s == 0;
	struct identity_pair made = {.certificate = X509_new(), .key = EVP_EC_gen("P-256")};
	X509 *issuer = spec->issuer ? spec->issuer->certificate : made.certificate;

	assert_non_null(made.certificate);
	assert_non_null(made.key);
	X509_set_version(made.certificate, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(made.certificate), serial++);
	X509_gmtime_adj(X509_getm_notBefore(made.certificate), day ? -3600 : spec->from_s);
	X509_gmtime_adj(X509_getm_notAfter(made.certificate), day ? 86400 : spec->to_s);
	X509_set_pubkey(made.certificate, made.key);
	cn_add(made.certificate, spec->cn);
	cn_add(made.certificate, spec->second_cn);
	X509_set_issuer_name(made.certificate, X509_get_subject_name(issuer));
	extension_add(made.certificate, issuer, NID_subject_key_identifier, "hash");
	extension_add(made.certificate, issuer, NID_basic_constraints,
		spec->ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
	extension_add(made.certificate, issuer, NID_key_usage,
		spec->ca ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature");
	if (spec->eku)
		extension_add(made.certificate, issuer, NID_ext_key_usage, spec->eku);
	if (spec->raw_dns_bytes)
		raw_dns_add(made.certificate, spec->raw_dns, spec->raw_dns_bytes);
	else if (spec->san)
		extension_add(made.certificate, issuer, NID_subject_alt_name, spec->san);
	assert_true(X509_sign(made.certificate, spec->issuer ? spec->issuer->key : made.key,
			    EVP_sha256()) > 0);
	return made;
}

void identity_pair_free(struct identity_pair *pair)
{
	X509_free(pair->certificate);
	EVP_PKEY_free(pair->key);
	*pair = (struct identity_pair){0};
}

void certificate_write(
	const struct identity_pair *pair, const char *certificate_file, const char *key_file)
{
	FILE *file;

	if (certificate_file) {
		file = fopen(certificate_file, "w");
		assert_non_null(file);
		assert_true(PEM_write_X509(file, pair->certificate));
		fclose(file);
	}
	if (key_file) {
		file = fopen(key_file, "w");
		assert_non_null(file);
		assert_true(PEM_write_PrivateKey(file, pair->key, NULL, NULL, 0, NULL, NULL));
		fclose(file);
	}
}
