/* SPDX-License-Identifier: BSD-3-Clause */
/* Writing XML. */
#include "control/xmpp/xml.h"

#include "control/xmpp/utf8.h"

/* What stands for a byte that cannot stand for itself; NULL if it can. Tab and line ends survive in
 * text, but a parser turns them into spaces in attributes and every CR into LF. */
static const char *escape_of(uint8_t byte, bool in_attribute)
{
	switch (byte) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&apos;";
	case '\r':
		return "&#13;";
	case '\n':
		return in_attribute ? "&#10;" : NULL;
	case '\t':
		return in_attribute ? "&#9;" : NULL;
	default:
		return NULL;
	}
}

/* Bytes that are known to be XML characters. */
static void put_escaped(struct text *out, struct view v, bool in_attribute)
{
	uint32_t from = 0;

	for (uint32_t i = 0; i < v.len; i++) {
		const char *escape = escape_of(v.p[i], in_attribute);

		if (!escape)
			continue;
		text_put(out, view_sub(v, from, i - from));
		text_puts(out, escape);
		from = i + 1;
	}
	text_put(out, view_sub(v, from, v.len - from));
}

/* Runs of good characters, and between them those that are dropped. */
static void put_checked(struct text *out, struct view v, bool in_attribute)
{
	while (v.len && !out->failed) {
		struct utf8 state = {0};
		uint32_t good;
		uint32_t bad_bytes;

		switch (utf8_check(&state, v, &good)) {
		case UTF8_OK:
			if (!utf8_is_whole(&state)) {
				out->failed = true;
				return;
			}
			put_escaped(out, v, in_attribute);
			return;
		case UTF8_INVALID:
			out->failed = true;
			return;
		case UTF8_NOT_XML:
			/* A control is one byte; U+FFFE and U+FFFF are three. */
			bad_bytes = v.p[good] < 0x80 ? 1 : 3;
			put_escaped(out, view_sub(v, 0, good), in_attribute);
			v = view_sub(v, good + bad_bytes, v.len);
			break;
		}
	}
}

void xml_put_text(struct text *out, struct view utf8)
{
	put_checked(out, utf8, false);
}

void xml_put_attribute(struct text *out, const char *name, struct view value)
{
	text_putc(out, ' ');
	text_puts(out, name);
	text_puts(out, "='");
	put_checked(out, value, true);
	text_putc(out, '\'');
}

bool xml_is_text(struct view utf8)
{
	struct utf8 state = {0};
	uint32_t good;

	return utf8_check(&state, utf8, &good) == UTF8_OK && utf8_is_whole(&state);
}
