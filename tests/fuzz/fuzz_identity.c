/* SPDX-License-Identifier: BSD-3-Clause */
/* Certificates of hostile peers: whoever it names, never a name that no host can have, and never two
 * that have nothing in common. */
#include <openssl/x509.h>
#include <stdlib.h>

#include "control/identity.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const struct view impossible[] = {
		{(const uint8_t *)"", 0},
		{(const uint8_t *)"*.example", 9},
		{(const uint8_t *)"a.example\0.b.example", 20},
		{(const uint8_t *)"a..example", 10},
	};
	const unsigned char *p = data;
	X509 *certificate;

	if (len > 65536)
		return 0;
	certificate = d2i_X509(NULL, &p, (long)len);
	if (!certificate)
		return 0;
	identity_is_xmpp(certificate, VIEW("a.example"));
	identity_is_sip(certificate, VIEW("a.example"));
	for (size_t i = 0; i < sizeof(impossible) / sizeof(impossible[0]); i++)
		if (identity_is_xmpp(certificate, impossible[i]) ||
			identity_is_sip(certificate, impossible[i]))
			abort();
	X509_free(certificate);
	return 0;
}
