/* SPDX-License-Identifier: BSD-3-Clause */
/* Who a certificate says its holder is. */
#include "tests/unit/test.h"

#include <openssl/asn1.h>

#include "control/identity.h"
#include "tests/unit/certificate.h"

#define SRV_NAME "otherName:1.3.6.1.5.5.7.8.7;IA5:"
/* OpenSSL reads the text as Latin-1 and writes UTF-8. */
#define XMPP_ADDR "otherName:1.3.6.1.5.5.7.8.5;UTF8:"

struct identity_case {
	const char *label;
	const char *cn;
	const char *san;
	const char *eku;
	const char *domain;
	bool expected;
};

typedef bool identity_is(X509 *certificate, struct view domain);

static void run(const struct identity_case *cases, size_t count, identity_is *is)
{
	for (size_t i = 0; i < count; i++) {
		struct identity_pair pair = certificate_make(&(struct certificate_spec){
			.cn = cases[i].cn, .san = cases[i].san, .eku = cases[i].eku});
		bool got = is(pair.certificate, view_of(cases[i].domain));

		identity_pair_free(&pair);
		if (got != cases[i].expected)
			fail_msg("%s: got %d", cases[i].label, got);
	}
}

static void a_sip_domain_is_proven_by_rfc_5922_only(void **state)
{
	static const struct identity_case cases[] = {
		{"uri", NULL, "URI:sip:a.example", NULL, "a.example", true},
		{"uri in capitals", NULL, "URI:SIP:A.Example", NULL, "a.example", true},
		{"uri with a port and parameters", NULL, "URI:sip:a.example:5061;transport=tls",
			NULL, "a.example", true},
		{"one of several uris", NULL, "URI:sip:b.example,URI:sip:a.example", NULL,
			"a.example", true},
		{"other uri", NULL, "URI:sip:b.example", NULL, "a.example", false},
		{"uri with a user", NULL, "URI:sip:bob@a.example", NULL, "a.example", false},
		{"uri whose user looks like the domain", NULL, "URI:sip:a.example@b.example", NULL,
			"a.example", false},
		{"sips uri", NULL, "URI:sips:a.example", NULL, "a.example", false},
		{"http uri", NULL, "URI:http://a.example", NULL, "a.example", false},
		{"uri of a subdomain", NULL, "URI:sip:x.a.example", NULL, "a.example", false},
		{"uri of the parent", NULL, "URI:sip:example", NULL, "a.example", false},
		{"uri without host", NULL, "URI:sip:", NULL, "a.example", false},
		{"dns", NULL, "DNS:a.example", NULL, "a.example", true},
		{"dns beside a uri of another kind", NULL, "DNS:a.example,URI:http://b.example",
			NULL, "a.example", true},
		{"dns beside a sips uri", NULL, "DNS:a.example,URI:sips:b.example", NULL,
			"a.example", true},
		{"dns beside a sip uri", NULL, "DNS:a.example,URI:sip:b.example", NULL, "a.example",
			false},
		{"dns beside a sip uri with a user", NULL, "DNS:a.example,URI:sip:bob@b.example",
			NULL, "a.example", false},
		{"dns wildcard", NULL, "DNS:*.example", NULL, "a.example", false},
		{"dns wildcard below", NULL, "DNS:*.a.example", NULL, "x.a.example", false},
		{"dns of the parent", NULL, "DNS:a.example", NULL, "x.a.example", false},
		{"dns with a final dot", NULL, "DNS:a.example.", NULL, "a.example", false},
		{"cn without san", "a.example", NULL, NULL, "a.example", true},
		{"other cn", "b.example", NULL, NULL, "a.example", false},
		{"wildcard cn", "*.example", NULL, NULL, "a.example", false},
		{"cn with a san that names nothing of use", "a.example", "email:bob@a.example",
			NULL, "a.example", false},
		{"cn with another san", "a.example", "DNS:b.example", NULL, "a.example", false},
		{"nothing at all", NULL, NULL, NULL, "a.example", false},
		{"eku server", NULL, "DNS:a.example", "serverAuth", "a.example", true},
		{"eku client", NULL, "DNS:a.example", "clientAuth", "a.example", true},
		{"eku any", NULL, "DNS:a.example", "2.5.29.37.0", "a.example", true},
		{"eku sip domain", NULL, "DNS:a.example", "1.3.6.1.5.5.7.3.20", "a.example", true},
		{"eku mail only", NULL, "DNS:a.example", "emailProtection", "a.example", false},
		{"empty domain", NULL, "DNS:a.example", NULL, "", false},
		{"domain that is a wildcard", NULL, "DNS:*.example", NULL, "*.example", false},
	};

	run(cases, sizeof(cases) / sizeof(cases[0]), identity_is_sip);
}

static void an_xmpp_domain_is_proven_by_its_alternative_names(void **state)
{
	static const struct identity_case cases[] = {
		{"dns", NULL, "DNS:a.example", NULL, "a.example", true},
		{"dns in capitals", NULL, "DNS:A.EXAMPLE", NULL, "a.example", true},
		{"second dns", NULL, "DNS:b.example,DNS:a.example", NULL, "a.example", true},
		{"wildcard of one label", NULL, "DNS:*.a.example", NULL, "x.a.example", true},
		{"wildcard for the name itself", NULL, "DNS:*.a.example", NULL, "a.example", false},
		{"wildcard of two labels", NULL, "DNS:*.a.example", NULL, "x.y.a.example", false},
		{"wildcard of a top domain", NULL, "DNS:*.example", NULL, "a.example", false},
		{"partial wildcard", NULL, "DNS:x*.a.example", NULL, "xy.a.example", false},
		{"wildcard inside", NULL, "DNS:x.*.example", NULL, "x.a.example", false},
		{"two wildcards", NULL, "DNS:*.*.example", NULL, "x.a.example", false},
		{"srv name", NULL, SRV_NAME "_xmpp-server.a.example", NULL, "a.example", true},
		{"srv name of clients", NULL, SRV_NAME "_xmpp-client.a.example", NULL, "a.example",
			false},
		{"srv name of a subdomain", NULL, SRV_NAME "_xmpp-server.x.a.example", NULL,
			"a.example", false},
		{"srv name with a wildcard", NULL, SRV_NAME "_xmpp-server.*.a.example", NULL,
			"x.a.example", false},
		{"xmpp address", NULL, XMPP_ADDR "a.example", NULL, "a.example", true},
		{"xmpp address of a user", NULL, XMPP_ADDR "bob@a.example", NULL, "a.example",
			false},
		{"xmpp address with resource", NULL, XMPP_ADDR "a.example/x", NULL, "a.example",
			false},
		{"xmpp address as U-label", NULL,
			XMPP_ADDR "b\xfc"
				  "cher.example",
			NULL, "xn--bcher-kva.example", true},
		{"xmpp address as another U-label", NULL,
			XMPP_ADDR "b\xf6"
				  "cher.example",
			NULL, "xn--bcher-kva.example", false},
		{"uri", NULL, "URI:xmpp:a.example", NULL, "a.example", false},
		{"cn", "a.example", NULL, NULL, "a.example", false},
		{"eku server", NULL, "DNS:a.example", "serverAuth", "a.example", true},
		{"empty domain", NULL, "DNS:a.example", NULL, "", false},
	};

	run(cases, sizeof(cases) / sizeof(cases[0]), identity_is_xmpp);
}

static void a_name_with_an_embedded_nul_proves_nothing(void **state)
{
	static const char bytes[] = "a.example\0.evil.example";
	struct identity_pair pair = certificate_make(
		&(struct certificate_spec){.raw_dns = bytes, .raw_dns_bytes = sizeof(bytes) - 1});

	assert_false(identity_is_sip(pair.certificate, VIEW("a.example")));
	assert_false(identity_is_xmpp(pair.certificate, VIEW("a.example")));
	assert_false(identity_is_sip(pair.certificate, view_make(bytes, sizeof(bytes) - 1)));
	assert_false(identity_is_xmpp(pair.certificate, view_make(bytes, sizeof(bytes) - 1)));
	identity_pair_free(&pair);
}

static void two_common_names_prove_neither(void **state)
{
	struct identity_pair pair = certificate_make(
		&(struct certificate_spec){.cn = "a.example", .second_cn = "b.example"});

	assert_false(identity_is_sip(pair.certificate, VIEW("a.example")));
	assert_false(identity_is_sip(pair.certificate, VIEW("b.example")));
	identity_pair_free(&pair);
}

static void broken_alternative_names_do_not_fall_back_to_the_common_name(void **state)
{
	struct identity_pair pair = certificate_make(&(struct certificate_spec){.cn = "a.example"});
	ASN1_OCTET_STRING *junk = ASN1_OCTET_STRING_new();
	X509_EXTENSION *extension;

	assert_true(identity_is_sip(pair.certificate, VIEW("a.example")));
	ASN1_OCTET_STRING_set(junk, (const unsigned char *)"\x30\x05\x82", 3);
	extension = X509_EXTENSION_create_by_NID(NULL, NID_subject_alt_name, 0, junk);
	X509_add_ext(pair.certificate, extension, -1);
	assert_false(identity_is_sip(pair.certificate, VIEW("a.example")));
	assert_false(identity_is_xmpp(pair.certificate, VIEW("a.example")));
	X509_EXTENSION_free(extension);
	ASN1_OCTET_STRING_free(junk);
	identity_pair_free(&pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sip_domain_is_proven_by_rfc_5922_only),
		cmocka_unit_test(an_xmpp_domain_is_proven_by_its_alternative_names),
		cmocka_unit_test(a_name_with_an_embedded_nul_proves_nothing),
		cmocka_unit_test(two_common_names_prove_neither),
		cmocka_unit_test(broken_alternative_names_do_not_fall_back_to_the_common_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
