/* SPDX-License-Identifier: BSD-3-Clause */
/* Host names, syntax only. */
#include "dataplane/inspect/host_name.h"

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool label_valid(struct view label, bool raw_allowed, bool *raw, bool *digits_only)
{
	bool high = false;

	*digits_only = true;
	if (label.len == 0 || label.p[0] == '-' || label.p[label.len - 1] == '-')
		return false;
	for (uint32_t i = 0; i < label.len; i++) {
		uint8_t c = label.p[i];

		if (!is_digit(c))
			*digits_only = false;
		if (is_digit(c) || is_letter(c) || c == '-')
			continue;
		if (c < 0x80 || !raw_allowed)
			return false;
		high = true;
	}
	*raw |= high;
	return high || label.len <= HOST_LABEL_MAX_BYTES;
}

static bool name_valid(struct view name, bool raw_allowed, bool *raw)
{
	bool digits_only = true;

	*raw = false;
	if (name.len == 0 || name.len > HOST_NAME_RAW_MAX_BYTES)
		return false;
	while (true) {
		int64_t dot = view_find(name, '.');
		struct view label = view_sub(name, 0, dot < 0 ? name.len : (uint32_t)dot);

		if (!label_valid(label, raw_allowed, raw, &digits_only))
			return false;
		if (dot < 0)
			return !digits_only;
		name = view_sub(name, (uint32_t)dot + 1, name.len);
	}
}

bool host_name_valid(struct view name)
{
	bool raw;

	return name.len <= HOST_NAME_MAX_BYTES && name_valid(name, false, &raw);
}

bool host_name_valid_raw(struct view name, bool *raw)
{
	return name_valid(name, true, raw) && (*raw || name.len <= HOST_NAME_MAX_BYTES);
}

bool host_is_ipv4(struct view text)
{
	for (int part = 0; part < 4; part++) {
		int64_t dot = view_find(text, '.');
		struct view number = view_sub(text, 0, dot < 0 ? text.len : (uint32_t)dot);
		uint64_t value;

		if ((part < 3) != (dot >= 0) || number.len > 3 ||
			!view_to_u64(number, 255, &value) || (number.len > 1 && number.p[0] == '0'))
			return false;
		text = view_sub(text, (uint32_t)(dot + 1), text.len);
	}
	return true;
}
