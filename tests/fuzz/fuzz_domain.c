/* SPDX-License-Identifier: BSD-3-Clause */
/* A domain name: its canonical form is its own canonical form, and so is its Unicode form's. */
#include <stdlib.h>

#include "rules/domain.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char ascii[DOMAIN_ASCII_BYTES];
	char again[DOMAIN_ASCII_BYTES];
	char unicode[DOMAIN_UNICODE_BYTES];
	struct fault fault = {0};

	if (domain_parse(view_make(data, len), ascii, &fault) != PARSE_DONE) {
		if (!fault.cause || fault.offset_bytes > len)
			abort();
		domain_to_unicode(view_make(data, len), unicode);
		return 0;
	}
	if (domain_parse(view_of(ascii), again, &fault) != PARSE_DONE || strcmp(ascii, again) != 0)
		abort();
	if (domain_to_unicode(view_of(ascii), unicode) ||
		domain_parse(view_of(unicode), again, &fault) != PARSE_DONE ||
		strcmp(ascii, again) != 0)
		abort();
	return 0;
}
