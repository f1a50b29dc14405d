/* SPDX-License-Identifier: BSD-3-Clause */
/* jid: {local, domain, resource, sip_uri}; sip_uri is null for an address that SIP cannot carry. */
#include "tests/tools/verdict.h"

#include "control/parcel/address.h"

enum { URI_MAX_BYTES = 8 * ADDRESS_PART_MAX_BYTES };

void verdict_jid(struct view input, struct verdict *out)
{
	char uri_bytes[URI_MAX_BYTES];
	struct text uri;
	struct address a;
	struct fault fault;

	out->result = address_from_jid(input, &a, &fault);
	if (out->result != PARSE_DONE) {
		out->cause = fault.cause;
		return;
	}
	text_fixed(&uri, uri_bytes, sizeof(uri_bytes));
	address_put_sip(&a, true, &uri);
	out->value = json_pack("{s:o, s:o, s:o, s:o}", "local", verdict_string(view_of(a.local)),
		"domain", verdict_string(view_of(a.domain)), "resource",
		verdict_string(view_of(a.resource)), "sip_uri",
		uri.failed ? json_null() : verdict_string(text_view(&uri)));
}
