/* SPDX-License-Identifier: BSD-3-Clause */
/* Base64 as SASL wants it. */
#include "control/xmpp/base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static int value_of(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+')
		return 62;
	return c == '/' ? 63 : -1;
}

bool base64_decode(struct view text, uint8_t *out, uint32_t cap_bytes, uint32_t *len)
{
	uint32_t padding = 0;

	*len = 0;
	if (text.len % 4 != 0)
		return false;
	while (padding < 2 && padding < text.len && text.p[text.len - 1 - padding] == '=')
		padding++;
	if (text.len / 4 * 3 - padding > cap_bytes)
		return false;
	for (uint32_t i = 0; i < text.len; i += 4) {
		uint32_t bytes = i + 4 == text.len ? 3 - padding : 3;
		uint32_t bits = 0;

		for (uint32_t k = 0; k < 4; k++) {
			int value = k <= bytes ? value_of(text.p[i + k]) : 0;

			if (value < 0)
				return false;
			bits = bits << 6 | (uint32_t)value;
		}
		for (uint32_t k = 0; k < bytes; k++)
			out[(*len)++] = (uint8_t)(bits >> (16 - 8 * k));
		if (bytes < 3 && (bits & ((1u << (24 - 8 * bytes)) - 1)) != 0)
			return false;
	}
	return true;
}

void base64_put(struct text *out, struct view bytes)
{
	for (uint32_t i = 0; i < bytes.len; i += 3) {
		uint32_t n = bytes.len - i < 3 ? bytes.len - i : 3;
		uint32_t bits = (uint32_t)bytes.p[i] << 16;

		if (n > 1)
			bits |= (uint32_t)bytes.p[i + 1] << 8;
		if (n > 2)
			bits |= bytes.p[i + 2];
		for (uint32_t k = 0; k < 4; k++)
			text_putc(out, k <= n ? alphabet[bits >> (18 - 6 * k) & 63] : '=');
	}
}
