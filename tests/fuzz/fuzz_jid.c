/* SPDX-License-Identifier: BSD-3-Clause */
/* Any bytes as a JID. What is accepted is canonical, and its SIP form leads back to it. */
#include <stdlib.h>

#include "control/parcel/address.h"

enum { ROOM_BYTES = 16 * 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static char bytes[ROOM_BYTES];
	struct address a, b;
	struct fault fault;
	struct sip_uri uri;
	struct text t;

	if (address_from_jid(view_make(data, len), &a, &fault) != PARSE_DONE) {
		if (!fault.cause || fault.offset_bytes > len)
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
	if (t.failed != !address_has_sip(&a))
		abort();
	if (t.failed)
		return 0;
	if (sip_uri_parse(text_view(&t), &uri, &fault) != PARSE_DONE ||
		address_from_sip(&uri, &b, &fault) != PARSE_DONE || !address_equal(&a, &b))
		abort();
	return 0;
}
