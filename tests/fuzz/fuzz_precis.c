/* SPDX-License-Identifier: BSD-3-Clause */
/* Any bytes through each profile: what one makes it takes again and leaves alone. */
#include <stdlib.h>

#include "rules/precis.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static enum parse (*const profiles[])(struct view, struct text *, struct fault *) = {
		precis_username, precis_opaque, precis_username_map};
	char first[PRECIS_OUT_MAX_BYTES + 1], second[PRECIS_OUT_MAX_BYTES + 1];

	for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++) {
		struct fault fault = {0};
		struct text a, b;

		text_fixed(&a, first, sizeof(first));
		text_fixed(&b, second, sizeof(second));
		if (profiles[i](view_make(data, len), &a, &fault) != PARSE_DONE) {
			if (!fault.cause || fault.offset_bytes > len)
				abort();
			continue;
		}
		if (profiles[i](text_view(&a), &b, &fault) != PARSE_DONE ||
			!view_equal(text_view(&a), text_view(&b)))
			abort();
	}
	return 0;
}
