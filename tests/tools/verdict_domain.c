/* SPDX-License-Identifier: BSD-3-Clause */
/* verdict domain: one domain name, nothing around it. */
#include "tests/tools/verdict.h"

#include "rules/domain.h"

void verdict_domain(struct view input, struct verdict *out)
{
	char ascii[DOMAIN_ASCII_BYTES];
	char unicode[DOMAIN_UNICODE_BYTES];
	struct fault fault;

	out->result = domain_parse(input, ascii, &fault);
	if (out->result != PARSE_DONE) {
		out->cause = fault.cause;
		return;
	}
	if (domain_to_unicode(view_of(ascii), unicode)) {
		out->result = PARSE_BAD;
		out->cause = "no_memory";
		return;
	}
	out->value = json_pack(
		"{s:s, s:o}", "ascii", ascii, "unicode", verdict_string(view_of(unicode)));
}
