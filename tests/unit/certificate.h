/* SPDX-License-Identifier: BSD-3-Clause */
/* Certificates made while a test runs: nothing in the tree can expire. */
#pragma once

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdbool.h>

struct identity_pair {
	X509 *certificate;
	EVP_PKEY *key;
};

struct certificate_spec {
	const char *cn;        /* NULL: no CN */
	const char *second_cn; /* NULL: none */
	const char *san;       /* as in openssl.cnf: "DNS:a.example,URI:sip:b"; NULL: none */
	const char *eku;       /* "serverAuth,clientAuth"; NULL: none */
	const char *raw_dns;   /* a dNSName of raw_dns_bytes bytes, whatever they are */
	size_t raw_dns_bytes;  /* 0: none. With raw_dns, san is not used */
	bool ca;               /* may issue others */
	long from_s; /* valid from and to, in seconds from now; both 0: a day around now */
	long to_s;
	const struct identity_pair *issuer; /* NULL: self-signed */
};

/* Fails the test when OpenSSL refuses. Free with identity_pair_free. */
struct identity_pair certificate_make(const struct certificate_spec *spec);
void identity_pair_free(struct identity_pair *pair);

/* Write as PEM; a NULL path is not written. */
void certificate_write(
	const struct identity_pair *pair, const char *certificate_file, const char *key_file);
