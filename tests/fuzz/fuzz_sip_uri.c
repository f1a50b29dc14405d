/* SPDX-License-Identifier: BSD-3-Clause */
/* SIP URIs: what is accepted is made of views into the input, and its parameters can be asked for. */
#include <stdlib.h>

#include "control/sip/uri.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void inside(struct view part, struct view whole)
{
	if (part.len && (part.p < whole.p || part.p + part.len > whole.p + whole.len))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct view text = view_make(data, len);
	struct view value;
	struct sip_uri uri;
	struct fault fault = {0};

	switch (sip_uri_parse(text, &uri, &fault)) {
	case PARSE_DONE:
		inside(uri.scheme_text, text);
		inside(uri.user, text);
		inside(uri.password, text);
		inside(uri.host, text);
		inside(uri.params, text);
		inside(uri.headers, text);
		if (uri.scheme != SIP_SCHEME_OTHER && uri.host.len == 0)
			abort();
		if (sip_uri_param(&uri, VIEW("gr"), &value))
			inside(value, text);
		break;
	case PARSE_BAD:
		if (!fault.cause || fault.offset_bytes > len)
			abort();
		break;
	default:
		abort(); /* a URI is whole or wrong */
	}
	return 0;
}
