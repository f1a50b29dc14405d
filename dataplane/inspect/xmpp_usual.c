/* SPDX-License-Identifier: BSD-3-Clause */
/* The stream header as servers write it. */
#include "dataplane/inspect/xmpp_usual.h"

#include "dataplane/inspect/chunk.h"
#include "dataplane/inspect/host_name.h"

enum {
	USUAL_MAX_BYTES = 448,
	BEHIND_BYTES = 64, /* zeros, so that nobody has to look where the bytes end */
};

enum { /* attributes that were there */
	HAS_DEFAULT = 1,
	HAS_STREAMS = 2,
	HAS_DIALBACK = 4,
	HAS_VERSION = 8,
	HAS_TO = 16,
	HAS_FROM = 32,
	HAS_ID = 64,
	HAS_LANG = 128,
};

struct usual {
	const uint8_t *p; /* a copy */
	uint32_t at;
	uint32_t has;
	struct view bytes; /* the original */
};

/* Do these bytes come next? Then they are passed. */
#define NEXT(u, literal) next(u, literal, sizeof(literal) - 1)
__attribute__((always_inline)) static inline bool next(
	struct usual *u, const char *literal, uint32_t len)
{
	if (memcmp(u->p + u->at, literal, len) != 0)
		return false;
	u->at += len;
	return true;
}

static inline bool is_quote(uint8_t c)
{
	return c == '\'' || c == '"';
}

static inline void skip_space(struct usual *u)
{
	while (u->p[u->at] == ' ' || u->p[u->at] == '\n' || u->p[u->at] == '\r' ||
		u->p[u->at] == '\t')
		u->at++;
}

/* In quotes, exactly these bytes. */
#define VALUE_IS(u, literal) value_is(u, literal, sizeof(literal) - 1)
__attribute__((always_inline)) static inline bool value_is(
	struct usual *u, const char *literal, uint32_t len)
{
	uint8_t quote = u->p[u->at];

	if (!is_quote(quote) || memcmp(u->p + u->at + 1, literal, len) != 0 ||
		u->p[u->at + 1 + len] != quote)
		return false;
	u->at += len + 2;
	return true;
}

/* In quotes, text that means itself. */
static inline bool value_plain(struct usual *u, struct view *out)
{
	uint8_t quote = u->p[u->at];
	uint32_t start = u->at + 1;
	uint32_t end = start;
	uint32_t special;

	if (!is_quote(quote))
		return false;
	while ((special = chunk_specials(u->p + end, quote)) == 0)
		end += CHUNK_BYTES;
	end += (uint32_t)__builtin_ctz(special);
	if (u->p[end] != quote)
		return false;
	*out = view_sub(u->bytes, start, end - start);
	u->at = end + 1;
	return true;
}

/* "<?xml version='1.0'?>", perhaps with its encoding. */
static bool read_declaration(struct usual *u)
{
	if (!VALUE_IS(u, "1.0"))
		return false;
	if (NEXT(u, " encoding=") && !VALUE_IS(u, "UTF-8"))
		return false;
	return NEXT(u, "?>");
}

static bool read_host(struct usual *u, struct view *out)
{
	return value_plain(u, out) && host_name_valid(*out);
}

/* The attribute at the cursor; which one it is, or 0. */
static inline uint32_t read_attribute(struct usual *u, struct xmpp_header *out)
{
	struct view ignored;

	if (NEXT(u, "to="))
		return read_host(u, &out->to) ? HAS_TO : 0;
	if (NEXT(u, "from="))
		return read_host(u, &out->from) ? HAS_FROM : 0;
	if (NEXT(u, "version="))
		return VALUE_IS(u, "1.0") ? HAS_VERSION : 0;
	if (NEXT(u, "xmlns="))
		return VALUE_IS(u, "jabber:server") ? HAS_DEFAULT : 0;
	if (NEXT(u, "xmlns:stream="))
		return VALUE_IS(u, "http://etherx.jabber.org/streams") ? HAS_STREAMS : 0;
	if (NEXT(u, "xmlns:db="))
		return VALUE_IS(u, "jabber:server:dialback") ? HAS_DIALBACK : 0;
	if (NEXT(u, "id="))
		return value_plain(u, &ignored) ? HAS_ID : 0;
	if (NEXT(u, "xml:lang="))
		return value_plain(u, &ignored) ? HAS_LANG : 0;
	return 0;
}

static bool read_tag(struct usual *u, struct xmpp_header *out)
{
	while (true) {
		uint32_t before = u->at;
		uint32_t which;

		skip_space(u);
		if (u->p[u->at] == '>')
			break;
		which = u->at > before ? read_attribute(u, out) : 0;
		if (which == 0 || u->has & which)
			return false;
		u->has |= which;
	}
	u->at++;
	return (u->has & HAS_DEFAULT) && (u->has & HAS_STREAMS);
}

bool xmpp_usual_read(struct view bytes, struct xmpp_header *out)
{
	uint8_t copy[USUAL_MAX_BYTES + BEHIND_BYTES];
	struct usual u = {.p = copy, .bytes = bytes};

	if (bytes.len > USUAL_MAX_BYTES || bytes.len == 0 || bytes.p[0] != '<')
		return false;
	memcpy(copy, bytes.p, bytes.len);
	memset(copy + bytes.len, 0, BEHIND_BYTES);
	if (NEXT(&u, "<?xml version=") && !read_declaration(&u))
		return false;
	skip_space(&u);
	*out = (struct xmpp_header){0};
	if (!NEXT(&u, "<stream:stream") || !read_tag(&u, out))
		return false;
	out->has_to = u.has & HAS_TO;
	out->has_from = u.has & HAS_FROM;
	out->has_version = u.has & HAS_VERSION;
	out->version_major = out->has_version ? 1 : 0;
	out->header_bytes = u.at;
	return true;
}
