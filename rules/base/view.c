/* SPDX-License-Identifier: BSD-3-Clause */
/* Borrowed bytes: comparison, search and copies with a bound. */
#include "rules/base/view.h"

#include <stdlib.h>

bool view_equal(struct view a, struct view b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

bool view_equal_nocase(struct view a, struct view b)
{
	if (a.len != b.len)
		return false;
	for (uint32_t i = 0; i < a.len; i++)
		if (ascii_lower(a.p[i]) != ascii_lower(b.p[i]))
			return false;
	return true;
}

bool view_starts(struct view v, struct view prefix)
{
	return v.len >= prefix.len && view_equal(view_sub(v, 0, prefix.len), prefix);
}

bool view_is_ascii(struct view v)
{
	for (uint32_t i = 0; i < v.len; i++)
		if (v.p[i] >= 0x80)
			return false;
	return true;
}

int64_t view_find(struct view v, uint8_t c)
{
	const uint8_t *hit = v.len ? memchr(v.p, c, v.len) : NULL;

	return hit ? hit - v.p : -1;
}

static bool blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

struct view view_trim(struct view v)
{
	while (v.len && blank(v.p[0]))
		v = view_sub(v, 1, v.len);
	while (v.len && blank(v.p[v.len - 1]))
		v.len--;
	return v;
}

bool view_to_u64(struct view v, uint64_t max, uint64_t *out)
{
	uint64_t sum = 0;

	if (v.len == 0)
		return false;
	for (uint32_t i = 0; i < v.len; i++) {
		uint64_t digit = (uint64_t)v.p[i] - '0';

		if (v.p[i] < '0' || v.p[i] > '9' || digit > max || sum > (max - digit) / 10)
			return false;
		sum = sum * 10 + digit;
	}
	*out = sum;
	return true;
}

bool view_copy(struct view v, char *out, size_t cap_bytes)
{
	if (cap_bytes == 0)
		return false;
	out[0] = '\0';
	if (v.len >= cap_bytes || view_find(v, 0) >= 0)
		return false;
	if (v.len)
		memcpy(out, v.p, v.len);
	out[v.len] = '\0';
	return true;
}

char *view_dup(struct view v)
{
	char *copy = malloc((size_t)v.len + 1);

	if (!copy)
		return NULL;
	if (v.len)
		memcpy(copy, v.p, v.len);
	copy[v.len] = '\0';
	return copy;
}
