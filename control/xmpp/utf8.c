/* SPDX-License-Identifier: BSD-3-Clause */
/* UTF-8 of XML 1.0 characters. */
#include "control/xmpp/utf8.h"

/* The first byte decides the length and, for four of them, narrower bounds of the second: that is
 * what keeps out overlong forms, surrogates and what lies above U+10FFFF (RFC 3629 section 4). */
static bool start_character(struct utf8 *state, uint8_t byte)
{
	state->low = 0x80;
	state->high = 0xbf;
	if (byte >= 0xc2 && byte <= 0xdf) {
		state->left = 1;
		state->code = byte & 0x1f;
	} else if (byte >= 0xe0 && byte <= 0xef) {
		state->left = 2;
		state->code = byte & 0x0f;
		if (byte == 0xe0)
			state->low = 0xa0;
		else if (byte == 0xed)
			state->high = 0x9f;
	} else if (byte >= 0xf0 && byte <= 0xf4) {
		state->left = 3;
		state->code = byte & 0x07;
		if (byte == 0xf0)
			state->low = 0x90;
		else if (byte == 0xf4)
			state->high = 0x8f;
	} else {
		return false;
	}
	return true;
}

static bool is_plain(uint8_t byte)
{
	return (byte >= 0x20 && byte < 0x80) || byte == '\t' || byte == '\n' || byte == '\r';
}

/* Eight bytes at once: none above 0x7f, none below 0x20. */
static bool is_plain_word(const uint8_t *p)
{
	uint64_t w;

	memcpy(&w, p, sizeof(w));
	return ((w | (w - UINT64_C(0x2020202020202020))) & UINT64_C(0x8080808080808080)) == 0;
}

enum utf8_result utf8_check(struct utf8 *state, struct view bytes, uint32_t *good)
{
	uint32_t i = 0;

	*good = 0;
	while (i < bytes.len) {
		uint8_t byte = bytes.p[i];

		if (state->left == 0) {
			if (bytes.len - i >= 8 && is_plain_word(bytes.p + i)) {
				i += 8;
				*good = i;
				continue;
			}
			if (byte < 0x80) {
				if (!is_plain(byte))
					return UTF8_NOT_XML;
				*good = ++i;
				continue;
			}
			if (!start_character(state, byte))
				return UTF8_INVALID;
			i++;
			continue;
		}
		if (byte < state->low || byte > state->high)
			return UTF8_INVALID;
		state->code = state->code << 6 | (byte & 0x3f);
		state->low = 0x80;
		state->high = 0xbf;
		state->left--;
		i++;
		if (state->left == 0) {
			if (state->code == 0xfffe || state->code == 0xffff)
				return UTF8_NOT_XML;
			*good = i;
		}
	}
	*good = bytes.len;
	return UTF8_OK;
}
