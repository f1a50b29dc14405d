/* SPDX-License-Identifier: BSD-3-Clause */
/* Host names, syntax only. */
#include "dataplane/inspect/host_name.h"

#include "dataplane/inspect/chunk.h"

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

/* Names of less than 64 bytes as bits: which bytes are letters, digits, hyphens, dots; and what must not
 * stand beside what. No label can be too long. */
static bool short_name_valid(struct view name)
{
	uint8_t bytes[4 * CHUNK_BYTES] = {0};
	uint64_t letters = 0;
	uint64_t digits = 0;
	uint64_t hyphens = 0;
	uint64_t dots = 0;
	uint64_t last = UINT64_C(1) << (name.len - 1);
	uint64_t all = last | (last - 1);
	uint64_t last_label;

	memcpy(bytes, name.p, name.len);
	for (uint32_t i = 0; i < name.len; i += CHUNK_BYTES) {
		struct chunk_hosts h = chunk_hosts(bytes + i);

		letters |= (uint64_t)h.letters << i;
		digits |= (uint64_t)h.digits << i;
		hyphens |= (uint64_t)h.hyphens << i;
		dots |= (uint64_t)h.dots << i;
	}
	/* A dot, or an end of the name, on either side. */
	if ((letters | digits | hyphens | dots) != all ||
		(hyphens | dots) & (dots << 1 | 1 | dots >> 1 | last))
		return false;
	last_label = dots ? ~UINT64_C(0) << (63 - __builtin_clzll(dots)) << 1 : ~UINT64_C(0);
	return (letters | hyphens) & last_label;
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

	if (name.len > 0 && name.len < 64)
		return short_name_valid(name);
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
