/* SPDX-License-Identifier: BSD-3-Clause */
/* Base64: what is taken is exactly what would be written for the same bytes. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "control/xmpp/base64.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct view text = view_make(data, len);
	uint32_t cap = (uint32_t)(len / 4 * 3);
	uint8_t *out = malloc(cap ? cap : 1);
	struct text again;
	uint32_t n;

	if (!out)
		abort();
	if (base64_decode(text, out, cap, &n)) {
		text_init(&again, (uint32_t)len + 1);
		text_puts(&again, "");
		base64_put(&again, view_make(out, n));
		if (again.failed || !view_equal(text_view(&again), text))
			abort();
		text_free(&again);
	}
	free(out);
	return 0;
}
