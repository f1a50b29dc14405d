/* SPDX-License-Identifier: BSD-3-Clause */
/* Character sets and what may not pass from one protocol's text into the other's. */
#include "control/parcel/charset.h"

#include <errno.h>

#include <unistr.h>

enum charset charset_from_name(struct view name)
{
	static const struct {
		const char *name;
		enum charset charset;
	} names[] = {
		{"utf-8", CHARSET_UTF_8},
		{"us-ascii", CHARSET_US_ASCII},
		{"iso-8859-1", CHARSET_ISO_8859_1},
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (view_equal_nocase(name, view_of(names[i].name)))
			return names[i].charset;
	return CHARSET_UNKNOWN;
}

/* XML 1.0 section 2.2. Surrogates never come this far. */
static bool is_xml_char(ucs4_t c)
{
	return c >= 0x20 ? c != 0xfffe && c != 0xffff : c == '\t' || c == '\n' || c == '\r';
}

/* One character from the front of v; bytes that charset_put_text has checked. */
static uint32_t take(enum charset charset, struct view v, ucs4_t *c)
{
	if (charset == CHARSET_UTF_8)
		return (uint32_t)u8_mbtouc_unsafe(c, v.p, v.len);
	*c = v.p[0];
	return 1;
}

static void put_char(struct text *out, ucs4_t c)
{
	uint8_t bytes[4];
	int len = u8_uctomb(bytes, c, sizeof(bytes));

	if (len > 0)
		text_put(out, view_make(bytes, (size_t)len));
}

int charset_put_text(struct text *out, enum charset charset, struct view bytes)
{
	if ((charset == CHARSET_UTF_8 && bytes.len && u8_check(bytes.p, bytes.len)) ||
		(charset == CHARSET_US_ASCII && !view_is_ascii(bytes)) ||
		charset == CHARSET_UNKNOWN)
		return -EILSEQ;
	while (bytes.len) {
		ucs4_t c;

		bytes = view_sub(bytes, take(charset, bytes, &c), UINT32_MAX);
		if (c == '\r') {
			if (bytes.len && bytes.p[0] == '\n')
				continue;
			c = '\n';
		}
		if (is_xml_char(c))
			put_char(out, c);
	}
	return out->failed ? -ENOBUFS : 0;
}

/* What separates or hides in a line: C0, C1, DEL, the two separators of Unicode, SP, noncharacters
 * that XML refuses. */
static bool is_gap(ucs4_t c)
{
	return c <= 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x2028 || c == 0x2029 ||
	       !is_xml_char(c);
}

int charset_put_line(struct text *out, struct view utf8, uint32_t max_bytes)
{
	uint32_t start = out->len;
	bool gap = false;

	if (utf8.len && u8_check(utf8.p, utf8.len))
		return -EILSEQ;
	while (utf8.len) {
		ucs4_t c;
		uint32_t len = take(CHARSET_UTF_8, utf8, &c);
		uint32_t used = out->len - start;

		if (is_gap(c)) {
			gap = used > 0;
		} else {
			if (used + gap + len > max_bytes)
				break;
			if (gap)
				text_putc(out, ' ');
			text_put(out, view_sub(utf8, 0, len));
			gap = false;
		}
		utf8 = view_sub(utf8, len, UINT32_MAX);
	}
	return out->failed ? -ENOBUFS : 0;
}
