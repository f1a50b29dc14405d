/* SPDX-License-Identifier: BSD-3-Clause */
/* Bytes as hexadecimal digits. */
#include "rules/base/hex.h"

void hex_print(struct view bytes, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (uint32_t i = 0; i < bytes.len; i++) {
		*out++ = digits[bytes.p[i] >> 4];
		*out++ = digits[bytes.p[i] & 15];
	}
	*out = '\0';
}

static int digit_value(uint8_t c)
{
	return c >= 'A' && c <= 'F' ? -1 : hex_value(c);
}

bool hex_read(struct view digits, uint8_t *out, uint32_t bytes)
{
	if (digits.len != 2 * bytes)
		return false;
	for (uint32_t i = 0; i < bytes; i++) {
		int high = digit_value(digits.p[2 * i]);
		int low = digit_value(digits.p[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

bool hex_read_u64(struct view digits, uint64_t *out)
{
	uint8_t bytes[8];

	if (!hex_read(digits, bytes, sizeof(bytes)))
		return false;
	*out = 0;
	for (uint32_t i = 0; i < sizeof(bytes); i++)
		*out = *out << 8 | bytes[i];
	return true;
}
