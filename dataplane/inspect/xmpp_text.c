/* SPDX-License-Identifier: BSD-3-Clause */
/* The smallest pieces of XML that a stream header has (XML 1.0 sections 2.2 to 2.3, 4.1). */
#include "dataplane/inspect/xmpp_text.h"

/* What a byte may be. Most bytes of a header are passed over by one look into this table. */
enum {
	NAME_START = 1, /* begins a name */
	NAME_BYTE = 2,  /* goes on with one */
	SPACE = 4,
	PLAIN = 8, /* in a value means itself: ASCII but controls, '&', '<' and both quotes */
};

static const uint8_t classes[256] = {
	[' '] = SPACE | PLAIN,
	['\t'] = SPACE | PLAIN,
	['\r'] = SPACE | PLAIN,
	['\n'] = SPACE | PLAIN,
	['!'] = PLAIN,
	['#' ... '%'] = PLAIN,
	['(' ... ','] = PLAIN,
	['-' ... '.'] = PLAIN | NAME_BYTE,
	['/'] = PLAIN,
	['0' ... '9'] = PLAIN | NAME_BYTE,
	[':' ... ';'] = PLAIN,
	['=' ... '@'] = PLAIN,
	['A' ... 'Z'] = PLAIN | NAME_BYTE | NAME_START,
	['[' ... '^'] = PLAIN,
	['_'] = PLAIN | NAME_BYTE | NAME_START,
	['`'] = PLAIN,
	['a' ... 'z'] = PLAIN | NAME_BYTE | NAME_START,
	['{' ... 0x7f] = PLAIN,
};

/* Where the bytes of a class that start at `at` end; at most `end`. */
static uint32_t run_end(const struct xmpp_text *t, uint32_t at, uint32_t end, uint8_t class)
{
	while (at < end && classes[t->have.p[at]] & class)
		at++;
	return at;
}

void xmpp_text_expect(struct xmpp_text *t, struct view literal, const char *cause)
{
	for (uint32_t i = 0; i < literal.len; i++) {
		uint8_t c = xmpp_text_peek(t);

		if (xmpp_text_stopped(t))
			return;
		if (c != literal.p[i]) {
			xmpp_text_refuse(t, t->at, cause);
			return;
		}
		t->at++;
	}
}

bool xmpp_text_space(struct xmpp_text *t)
{
	uint32_t start = t->at;

	if (xmpp_text_stopped(t))
		return false;
	t->at = run_end(t, start, t->have.len, SPACE);
	xmpp_text_peek(t);
	return t->at > start;
}

/* One part of a name, in front of or behind the colon, bounded by the name's limit. */
static void read_name_part(struct xmpp_text *t, uint32_t start, uint32_t max_bytes)
{
	uint32_t limit = t->have.len - start > max_bytes ? start + max_bytes : t->have.len;
	bool begins = classes[xmpp_text_peek(t)] & NAME_START;

	if (xmpp_text_stopped(t) || !begins)
		return;
	t->at = run_end(t, t->at, limit, NAME_BYTE);
	if (classes[xmpp_text_peek(t)] & NAME_BYTE)
		xmpp_text_refuse(t, start, "xmpp_name_too_long");
}

struct xmpp_name xmpp_text_name(struct xmpp_text *t, uint32_t max_bytes, const char *cause)
{
	struct xmpp_name name = {0};
	uint32_t start = t->at;
	uint32_t part = start; /* where the part before or behind the colon begins */

	if (xmpp_text_stopped(t))
		return name;
	read_name_part(t, start, max_bytes);
	if (t->at > start && xmpp_text_peek(t) == ':') {
		if (t->at - start >= max_bytes)
			xmpp_text_refuse(t, start, "xmpp_name_too_long");
		else
			part = ++t->at;
		read_name_part(t, start, max_bytes);
	}
	if (t->at == part || xmpp_text_peek(t) == ':')
		xmpp_text_refuse(t, t->at, cause);
	if (xmpp_text_stopped(t))
		return name;
	name.whole = view_sub(t->have, start, t->at - start);
	name.local = view_sub(t->have, part, t->at - part);
	if (part > start)
		name.prefix = view_sub(t->have, start, part - start - 1);
	return name;
}

/* XML 1.0 section 2.2. */
static bool is_xml_character(uint32_t c)
{
	return c == 0x9 || c == 0xa || c == 0xd || (c >= 0x20 && c <= 0xd7ff) ||
	       (c >= 0xe000 && c <= 0xfffd) || (c >= 0x10000 && c <= 0x10ffff);
}

/* One character of two to four bytes: shortest form only, no surrogates (RFC 3629 section 3); each
 * byte is judged as it comes. */
static void read_multibyte(struct xmpp_text *t)
{
	uint8_t first = xmpp_text_peek(t);
	uint32_t start = t->at;
	uint32_t more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
	uint32_t value = first & (0x3fu >> more);
	uint8_t least = 0x80;
	uint8_t most = 0xbf;

	if (first < 0xc2 || first > 0xf4) {
		xmpp_text_refuse(t, start, "xmpp_bad_utf8");
		return;
	}
	if (first == 0xe0)
		least = 0xa0;
	if (first == 0xed)
		most = 0x9f;
	if (first == 0xf0)
		least = 0x90;
	if (first == 0xf4)
		most = 0x8f;
	t->at++;
	for (; more > 0; more--, least = 0x80, most = 0xbf) {
		uint8_t c = xmpp_text_peek(t);

		if (xmpp_text_stopped(t))
			return;
		if (c < least || c > most) {
			xmpp_text_refuse(t, start, "xmpp_bad_utf8");
			return;
		}
		value = value << 6 | (c & 0x3f);
		t->at++;
	}
	if (!is_xml_character(value))
		xmpp_text_refuse(t, start, "xmpp_bad_character");
}

/* Behind "&#": at least one digit, a legal character, ';'. */
static void read_numeric_reference(struct xmpp_text *t, uint32_t start)
{
	uint32_t base = 10;
	uint32_t value = 0;
	uint32_t digits = 0;

	if (xmpp_text_peek(t) == 'x') {
		base = 16;
		t->at++;
	}
	while (true) {
		uint8_t c = xmpp_text_peek(t);
		uint32_t digit = 16;

		if (xmpp_text_stopped(t))
			return;
		if (c >= '0' && c <= '9')
			digit = c - '0';
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			digit = (c | 0x20) - 'a' + 10u;
		if (c == ';' && digits > 0)
			break;
		value = value * base + digit;
		if (digit >= base || value > 0x10ffff) {
			xmpp_text_refuse(t, start, "xmpp_bad_reference");
			return;
		}
		digits++;
		t->at++;
	}
	if (!is_xml_character(value))
		xmpp_text_refuse(t, start, "xmpp_bad_reference");
	else
		t->at++;
}

/* One of the five names that need no declaration, judged byte by byte (XML 1.0 section 4.6). */
static void read_named_reference(struct xmpp_text *t, uint32_t start)
{
	static const char *const names[] = {"lt;", "gt;", "amp;", "apos;", "quot;"};
	uint32_t name_at = t->at;

	while (true) {
		uint8_t c = xmpp_text_peek(t);
		uint32_t len = t->at - name_at + 1;
		bool prefix = false;

		if (xmpp_text_stopped(t))
			return;
		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			prefix |= view_starts(view_of(names[i]), view_sub(t->have, name_at, len));
		if (!prefix) {
			xmpp_text_refuse(t, start, "xmpp_bad_reference");
			return;
		}
		t->at++;
		if (c == ';')
			return;
	}
}

static void read_reference(struct xmpp_text *t)
{
	uint32_t start = t->at;

	t->at++;
	if (xmpp_text_peek(t) == '#') {
		t->at++;
		read_numeric_reference(t, start);
	} else {
		read_named_reference(t, start);
	}
}

struct view xmpp_text_value(struct xmpp_text *t, uint32_t max_bytes, bool references)
{
	uint8_t quote = xmpp_text_peek(t);
	uint32_t start = t->at + 1;
	uint32_t limit;

	if (!xmpp_text_stopped(t) && quote != '"' && quote != '\'')
		xmpp_text_refuse(t, t->at, "xmpp_bad_tag");
	if (xmpp_text_stopped(t))
		return (struct view){0};
	t->at = start;
	limit = t->have.len - start > max_bytes ? start + max_bytes : t->have.len;
	while (true) {
		uint8_t c;

		t->at = run_end(t, t->at, limit, PLAIN);
		c = xmpp_text_peek(t);
		if (xmpp_text_stopped(t))
			return (struct view){0};
		if (t->at - start > max_bytes || (t->at - start == max_bytes && c != quote))
			xmpp_text_refuse(t, start, "xmpp_value_too_long");
		else if (c == quote)
			break;
		else if (c == '&' && !references)
			xmpp_text_refuse(t, t->at, "xmpp_reference_refused");
		else if (c == '&')
			read_reference(t);
		else if (c >= 0x80)
			read_multibyte(t);
		else if (c == '<' || !is_xml_character(c))
			xmpp_text_refuse(t, t->at, "xmpp_bad_character");
		else
			t->at++;
	}
	t->at++;
	return view_sub(t->have, start, t->at - 1 - start);
}
