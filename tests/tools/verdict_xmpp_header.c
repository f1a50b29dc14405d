/* SPDX-License-Identifier: BSD-3-Clause */
/* verdict xmpp-header: what the dataplane reads from the first bytes of a stream. */
#include "dataplane/inspect/xmpp_header.h"
#include "tests/tools/verdict.h"

void verdict_xmpp_header(struct view input, struct verdict *out)
{
	struct xmpp_header header;
	struct fault fault;

	out->result = xmpp_header_read(input, &header, &fault);
	out->cause = fault.cause;
	if (out->result == PARSE_DONE)
		out->value = json_pack("{s:o, s:o}", "to",
			header.has_to ? verdict_string(header.to) : json_null(), "from",
			header.has_from ? verdict_string(header.from) : json_null());
}
