/* SPDX-License-Identifier: BSD-3-Clause */
/* The certificate and the key of one of our domains. */
#include "control/certificate.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <unistd.h>

#include "control/identity.h"
#include "rules/base/text.h"

/* --- files --- */

static int read_all(int fd, struct pem *pem)
{
	while (pem->len <= PEM_BYTES_MAX) {
		ssize_t got = read(fd, pem->bytes + pem->len, PEM_BYTES_MAX + 1 - pem->len);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			return 0;
		pem->len += (uint32_t)got;
	}
	return -EFBIG;
}

int pem_read(const char *path, struct pem *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int rc = fd < 0 ? -errno : 0;

	/* As much as it may be at once: memory that grew would leave keys behind. */
	*out = (struct pem){.bytes = rc == 0 ? malloc(PEM_BYTES_MAX + 1) : NULL};
	if (rc == 0)
		rc = out->bytes ? read_all(fd, out) : -ENOMEM;
	if (fd >= 0)
		close(fd);
	if (rc < 0)
		pem_free(out);
	return rc;
}

void pem_free(struct pem *pem)
{
	if (pem->bytes)
		OPENSSL_cleanse(pem->bytes, pem->len);
	free(pem->bytes);
	*pem = (struct pem){0};
}

char *certificate_path(const char *directory, const char *file)
{
	struct text path;

	text_init(&path, 4095);
	if (file[0] != '/' && directory && directory[0])
		text_printf(&path, "%s/", directory);
	text_puts(&path, file);
	if (path.failed)
		text_free(&path);
	return path.p;
}

/* --- the pair --- */

static const char *openssl_says(void)
{
	const char *reason = ERR_reason_error_string(ERR_peek_error());

	return reason ? reason : "no reason given";
}

static bool pem_says(struct view pem, const char *words)
{
	return pem.len > 0 && memmem(pem.p, pem.len, words, strlen(words));
}

/* OpenSSL's words for these ("no start line", "unsupported") say nothing to who has mixed up two files. */
static const char *certificate_unread(struct view pem)
{
	return pem_says(pem, "CERTIFICATE-----") ? openssl_says()
						 : "no certificate in PEM is in it";
}

static const char *key_unread(struct view pem)
{
	if (!pem_says(pem, "PRIVATE KEY-----"))
		return "no private key in PEM is in it";
	if (pem_says(pem, "ENCRYPTED"))
		return "the key is encrypted: store it without a passphrase, nobody can be asked";
	return openssl_says();
}

/* A daemon has nobody to ask. */
static int no_passphrase(char *buffer, int size, int writing, void *arg)
{
	return -1;
}

/* The leaf, then those that vouch for it. */
static bool use_chain(SSL_CTX *context, BIO *pem)
{
	X509 *certificate = PEM_read_bio_X509_AUX(pem, NULL, no_passphrase, NULL);
	bool fine = certificate && SSL_CTX_use_certificate(context, certificate) == 1;

	X509_free(certificate);
	if (!fine || SSL_CTX_clear_chain_certs(context) != 1)
		return false;
	while ((certificate = PEM_read_bio_X509(pem, NULL, no_passphrase, NULL))) {
		if (SSL_CTX_add0_chain_cert(context, certificate) != 1) {
			X509_free(certificate);
			return false;
		}
	}
	/* The end shows as a certificate that does not begin. */
	if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
		return false;
	ERR_clear_error();
	return true;
}

static const char *use_key(SSL_CTX *context, BIO *bio, struct view pem)
{
	EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
	const char *fault = NULL;

	if (!key)
		return key_unread(pem);
	if (X509_check_private_key(SSL_CTX_get0_certificate(context), key) != 1)
		fault = "the key does not belong to the certificate";
	else if (SSL_CTX_use_PrivateKey(context, key) != 1)
		fault = openssl_says();
	EVP_PKEY_free(key);
	return fault;
}

/* The certificate must be one that partners will take for this domain, today. NULL: it is. */
static const char *certificate_fault(X509 *certificate, const char *domain)
{
	if (X509_cmp_current_time(X509_get0_notBefore(certificate)) > 0)
		return "the certificate is not valid yet";
	if (X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0)
		return "the certificate has expired";
	if (!identity_is_xmpp(certificate, view_of(domain)) &&
		!identity_is_sip(certificate, view_of(domain)))
		return "the certificate does not name this domain";
	return NULL;
}

static BIO *bio_of(struct view pem)
{
	return BIO_new_mem_buf(pem.len ? (const void *)pem.p : "", (int)pem.len);
}

const char *certificate_use(SSL_CTX *context, struct view certificate, struct view key,
	const char *domain, bool *in_key)
{
	BIO *certificate_bio = bio_of(certificate);
	BIO *key_bio = bio_of(key);
	const char *fault;

	*in_key = false;
	ERR_clear_error();
	if (!certificate_bio || !key_bio)
		fault = "out of memory";
	else if (!use_chain(context, certificate_bio))
		fault = certificate_unread(certificate);
	else
		fault = certificate_fault(SSL_CTX_get0_certificate(context), domain);
	if (!fault) {
		*in_key = true;
		fault = use_key(context, key_bio, key);
	}
	ERR_clear_error();
	BIO_free(certificate_bio);
	BIO_free(key_bio);
	return fault;
}
