/* SPDX-License-Identifier: BSD-3-Clause */
/* Could these bytes be a domain name? */
#include "rules/base/name.h"

enum { NAME_MAX_BYTES = 253, LABEL_MAX_BYTES = 63 };

bool name_is_canonical_byte(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

static bool is_plain_byte(uint8_t c)
{
	return name_is_canonical_byte(ascii_lower(c)) || c == '_';
}

static bool is_made_of(struct view name, bool (*fits)(uint8_t c))
{
	uint32_t label = 0;

	if (name.len == 0 || name.len > NAME_MAX_BYTES)
		return false;
	for (uint32_t i = 0; i < name.len; i++) {
		if (name.p[i] == '.') {
			if (label == 0)
				return false;
			label = 0;
		} else if (!fits(name.p[i]) || ++label > LABEL_MAX_BYTES) {
			return false;
		}
	}
	return label > 0;
}

bool name_is_plain(struct view name)
{
	return is_made_of(name, is_plain_byte);
}

bool name_is_canonical(struct view name)
{
	return is_made_of(name, name_is_canonical_byte);
}

bool name_is_within(struct view name, struct view domain)
{
	uint32_t before = name.len - domain.len;

	if (domain.len == 0 || name.len < domain.len ||
		!view_equal(view_sub(name, before, domain.len), domain))
		return false;
	return before == 0 || name.p[before - 1] == '.';
}
