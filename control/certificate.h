/* SPDX-License-Identifier: BSD-3-Clause */
/* The certificate and the key of one of our domains, as PEM: read, judged, put to use. What was read is
 * wiped when it is freed, for keys are among it. */
#pragma once

#include <openssl/ssl.h>

#include "rules/base/view.h"

enum { PEM_BYTES_MAX = 256 * 1024 };

struct pem {
	uint8_t *bytes;
	uint32_t len;
};

/* A whole file. 0; -EFBIG (above PEM_BYTES_MAX), or another -errno; nothing to free then. */
int pem_read(const char *path, struct pem *out);
/* Wipes; fine on a zeroed one. */
void pem_free(struct pem *pem);
static inline struct view pem_view(const struct pem *pem)
{
	return view_make(pem->bytes, pem->len);
}

/* Where a file that rules name is: `file` itself, or below the directory when it is relative. The caller
 * frees it; NULL without memory or above 4095 bytes. */
char *certificate_path(const char *directory, const char *file);

/* Give a context this pair. NULL, or what is wrong with it for partners who shall take it for `domain`
 * today; *in_key then tells which of the two is to blame. Static words. */
const char *certificate_use(SSL_CTX *context, struct view certificate, struct view key,
	const char *domain, bool *in_key);
