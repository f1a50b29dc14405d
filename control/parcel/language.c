/* SPDX-License-Identifier: BSD-3-Clause */
/* Language tags (BCP 47). */
#include "control/parcel/language.h"

enum { SUBTAG_MAX_BYTES = 8 };

static bool is_letter(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool language_is_tag(struct view tag)
{
	uint32_t subtag_bytes = 0;
	bool is_first = true;

	if (tag.len == 0 || tag.len > LANGUAGE_MAX_BYTES)
		return false;
	for (uint32_t i = 0; i < tag.len; i++) {
		uint8_t c = tag.p[i];

		if (c == '-') {
			if (subtag_bytes == 0)
				return false;
			subtag_bytes = 0;
			is_first = false;
		} else if (!is_letter(c) && (is_first || c < '0' || c > '9')) {
			return false;
		} else if (++subtag_bytes > SUBTAG_MAX_BYTES) {
			return false;
		}
	}
	return subtag_bytes > 0;
}

struct view language_first(struct view list)
{
	int64_t comma = view_find(list, ',');
	struct view tag = view_trim(comma < 0 ? list : view_sub(list, 0, (uint32_t)comma));

	return language_is_tag(tag) ? tag : (struct view){0};
}
