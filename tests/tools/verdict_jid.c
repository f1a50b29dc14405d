/* SPDX-License-Identifier: BSD-3-Clause */
/* verdict jid: one address, nothing around it. A part that is not there is null, and so is sip_uri for
 * an address that SIP cannot carry. */
#include "tests/tools/verdict.h"

#include "control/parcel/address.h"

enum { URI_MAX_BYTES = 8 * ADDRESS_PART_MAX_BYTES };

static json_t *part(const char *text)
{
	return *text ? verdict_string(view_of(text)) : json_null();
}

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
	out->value = json_pack("{s:o, s:o, s:o, s:o}", "local", part(a.local), "domain",
		part(a.domain), "resource", part(a.resource), "sip_uri",
		uri.failed ? json_null() : verdict_string(text_view(&uri)));
}
