/* SPDX-License-Identifier: BSD-3-Clause */
/* The smallest pieces of XML that a stream header has (XML 1.0 sections 2.2 to 2.3, 4.1). */
#include "dataplane/inspect/xmpp_text.h"

#include "dataplane/inspect/chunk.h"
#include "dataplane/inspect/xmpp_header.h"

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
	while (t->have.len - t->at >= CHUNK_BYTES && chunk_not_space(t->have.p + t->at) == 0)
		t->at += CHUNK_BYTES;
	t->at = run_end(t, t->at, t->have.len, SPACE);
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

/* One of the five names that need no declaration (XML 1.0 section 4.6): refused at the first byte with
 * which none of them goes on. */
static void read_named_reference(struct xmpp_text *t, uint32_t start)
{
	static const char *const names[] = {"lt;", "gt;", "amp;", "apos;", "quot;"};
	struct view rest = view_sub(t->have, t->at, t->have.len);
	uint32_t most = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		uint32_t same = 0;

		while (names[i][same] != 0 && same < rest.len &&
			rest.p[same] == (uint8_t)names[i][same])
			same++;
		if (names[i][same] == 0) {
			t->at += same;
			return;
		}
		most = same > most ? same : most;
	}
	t->at += most;
	xmpp_text_peek(t);
	xmpp_text_refuse(t, start, "xmpp_bad_reference");
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

/* The functions below take what is wholly there and fine, and leave all else to those above: they are
 * given CHUNK_BYTES at least, and answer how many they took. Whether it is fine is a branch, not a
 * number: so the processor goes on with the next byte before it is known. The empty instruction keeps
 * the compiler from making one of the other. */
#define NONE_IF(x)                                                                                 \
	do {                                                                                       \
		if (__builtin_expect(!!(x), 0)) {                                                  \
			__asm__ volatile("");                                                      \
			return 0;                                                                  \
		}                                                                                  \
	} while (0)

static inline uint32_t quick_number(const uint8_t *p)
{
	uint32_t base = p[2] == 'x' ? 16 : 10;
	uint32_t first = base == 16 ? 3 : 2;
	uint32_t value = 0;
	uint32_t i = first;

	for (; i < first + 7; i++) {
		uint32_t digit = p[i] - (uint32_t)'0';

		if (digit > 9)
			digit = (p[i] | 0x20u) - 'a' < 6 ? (p[i] | 0x20u) - 'a' + 10 : base;
		if (digit >= base)
			break;
		value = value * base + digit;
	}
	NONE_IF(i == first || p[i] != ';' || !is_xml_character(value));
	return i + 1;
}

static inline uint32_t quick_reference(const uint8_t *p)
{
	if (p[1] == '#')
		return quick_number(p);
	if (memcmp(p, "&lt;", 4) == 0 || memcmp(p, "&gt;", 4) == 0)
		return 4;
	if (memcmp(p, "&amp;", 5) == 0)
		return 5;
	return memcmp(p, "&quot;", 6) == 0 || memcmp(p, "&apos;", 6) == 0 ? 6 : 0;
}

static inline bool goes_on(uint8_t c)
{
	return (c & 0xc0) == 0x80;
}

static inline uint32_t quick_multibyte(const uint8_t *p)
{
	uint32_t value;

	NONE_IF(p[0] < 0xc2 || p[0] > 0xf4 || !goes_on(p[1]));
	if (p[0] < 0xe0)
		return 2;
	NONE_IF(!goes_on(p[2]));
	value = (p[0] & 0x0fu) << 12 | (p[1] & 0x3fu) << 6 | (p[2] & 0x3fu);
	if (p[0] < 0xf0) {
		NONE_IF(value < 0x800 || !is_xml_character(value));
		return 3;
	}
	/* Of the first byte's bits three are left, and those that follow are not asked for. */
	NONE_IF(!goes_on(p[3]) || value < 0x10000 >> 6 || value > 0x10ffff >> 6);
	return 4;
}

/* Where text ends that means itself, or characters and references that are fine; at most `end`. Rather
 * early than late: what is left is read byte by byte. */
static uint32_t value_run(
	struct xmpp_text *t, uint32_t at, uint32_t end, uint8_t quote, bool references)
{
	const uint8_t *p = t->have.p;

	while (at + CHUNK_BYTES <= end) {
		uint32_t specials = chunk_specials(p + at, quote);
		uint32_t len = 0;

		if (specials == 0) {
			at += CHUNK_BYTES;
			continue;
		}
		at += (uint32_t)__builtin_ctz(specials);
		if (p[at] == quote)
			return at;
		if (t->specials == XMPP_HEADER_SPECIALS_MAX || at + CHUNK_BYTES > end)
			return at;
		if (p[at] >= 0x80)
			len = quick_multibyte(p + at);
		else if (p[at] == '&' && references)
			len = quick_reference(p + at);
		if (len == 0)
			return at;
		t->specials++;
		at += len;
	}
	return run_end(t, at, end, PLAIN);
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
	while (!xmpp_text_stopped(t)) {
		uint8_t c;

		t->at = value_run(t, t->at, limit, quote, references);
		c = xmpp_text_peek(t);
		if (xmpp_text_stopped(t))
			return (struct view){0};
		if (t->at - start > max_bytes || (t->at - start == max_bytes && c != quote))
			xmpp_text_refuse(t, start, "xmpp_value_too_long");
		else if (c == quote)
			return view_sub(t->have, start, t->at++ - start);
		else if (c == '&' && !references)
			xmpp_text_refuse(t, t->at, "xmpp_reference_refused");
		else if ((c == '&' || c >= 0x80) && t->specials++ == XMPP_HEADER_SPECIALS_MAX)
			xmpp_text_refuse(t, t->at, "xmpp_specials_too_many");
		else if (c == '&')
			read_reference(t);
		else if (c >= 0x80)
			read_multibyte(t);
		else if (c == '<' || !is_xml_character(c))
			xmpp_text_refuse(t, t->at, "xmpp_bad_character");
		else
			t->at++;
	}
	return (struct view){0};
}
