/* SPDX-License-Identifier: BSD-3-Clause */
/* Characters as links are made of them. */
#include "rules/hyperlink_int.h"

enum { NO_CHARACTER = 0xfffd, LONG_S = 0x17f, KELVIN = 0x212a };

static uint32_t length_of(uint8_t first)
{
	if (first < 0x80)
		return 1;
	if (first >= 0xc2 && first < 0xe0)
		return 2;
	if (first >= 0xe0 && first < 0xf0)
		return 3;
	return first >= 0xf0 && first < 0xf5 ? 4 : 0;
}

uint32_t hyperlink_char(struct view v, uint32_t i, uint32_t *len)
{
	uint8_t first = v.p[i];
	uint32_t more = length_of(first);
	uint32_t c;

	*len = 1;
	if (more == 1)
		return ascii_lower(first);
	if (more == 0 || more > v.len - i)
		return NO_CHARACTER;
	c = first & (0x7fu >> more);
	for (uint32_t k = 1; k < more; k++) {
		if ((v.p[i + k] & 0xc0) != 0x80)
			return NO_CHARACTER;
		c = c << 6 | (v.p[i + k] & 0x3f);
	}
	*len = more;
	return c == LONG_S ? 's' : c == KELVIN ? 'k' : c;
}

struct range {
	uint32_t from, to;
};

static bool is_in(const struct range *ranges, size_t count, uint32_t c)
{
	for (size_t i = 0; i < count && ranges[i].from <= c; i++)
		if (c <= ranges[i].to)
			return true;
	return false;
}

bool hyperlink_char_is_invisible(uint32_t c)
{
	/* Default_Ignorable_Code_Point of Unicode. */
	static const struct range ranges[] = {{0xad, 0xad}, {0x34f, 0x34f}, {0x61c, 0x61c},
		{0x115f, 0x1160}, {0x17b4, 0x17b5}, {0x180b, 0x180f}, {0x200b, 0x200f},
		{0x202a, 0x202e}, {0x2060, 0x206f}, {0x3164, 0x3164}, {0xfe00, 0xfe0f},
		{0xfeff, 0xfeff}, {0xffa0, 0xffa0}, {0xfff0, 0xfff8}, {0x1bca0, 0x1bca3},
		{0x1d173, 0x1d17a}, {0xe0000, 0xe0fff}};

	return c >= 0xad && is_in(ranges, sizeof(ranges) / sizeof(ranges[0]), c);
}

bool hyperlink_char_is_end(uint32_t c)
{
	/* White space and what separates lines. */
	static const struct range ranges[] = {{0x80, 0xa0}, {0x1680, 0x1680}, {0x2000, 0x200a},
		{0x2028, 0x2029}, {0x202f, 0x202f}, {0x205f, 0x205f}, {0x3000, 0x3000}};

	if (c < 0x80)
		return c <= 0x20 || c == 0x7f || c == '<' || c == '>' || c == '"';
	return is_in(ranges, sizeof(ranges) / sizeof(ranges[0]), c);
}
