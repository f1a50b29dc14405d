/* SPDX-License-Identifier: BSD-3-Clause */
/* Any bytes as a SIP URI. An address made of it is a valid JID, and its own SIP form leads back. */
#include <stdlib.h>

#include "control/parcel/address.h"

enum { ROOM_BYTES = 16 * 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static char bytes[ROOM_BYTES];
	struct address a, b;
	struct fault fault = {0};
	struct sip_uri uri;
	struct text t;

	if (sip_uri_parse(view_make(data, len), &uri, &fault) != PARSE_DONE)
		return 0;
	if (address_from_sip(&uri, &a, &fault) != PARSE_DONE) {
		if (!fault.cause)
			abort();
		return 0;
	}
	text_fixed(&t, bytes, sizeof(bytes));
	address_put_jid(&a, &t);
	if (t.failed || address_from_jid(text_view(&t), &b, &fault) != PARSE_DONE ||
		!address_equal(&a, &b))
		abort();
	text_fixed(&t, bytes, sizeof(bytes));
	address_put_sip(&a, true, &t);
	if (t.failed || sip_uri_parse(text_view(&t), &uri, &fault) != PARSE_DONE ||
		address_from_sip(&uri, &b, &fault) != PARSE_DONE || !address_equal(&a, &b))
		abort();
	return 0;
}
