/* SPDX-License-Identifier: BSD-3-Clause */
/* The terminals of the SIP grammar (RFC 3261 section 25.1): classes of octets and the few shapes that
 * every header element is made of. Pure; a reader moves a cursor over a view and never past it. */
#pragma once

#include "rules/base/view.h"

enum sip_class {
	SIP_CLASS_TOKEN = 1 << 0,  /* token */
	SIP_CLASS_USER = 1 << 1,   /* unreserved, user-unreserved */
	SIP_CLASS_PASS = 1 << 2,   /* unreserved, & = + $ , */
	SIP_CLASS_PARAM = 1 << 3,  /* unreserved, param-unreserved */
	SIP_CLASS_HVALUE = 1 << 4, /* unreserved, hnv-unreserved */
	SIP_CLASS_URIC = 1 << 5,   /* unreserved, reserved */
	SIP_CLASS_WORD = 1 << 6,   /* word, what a Call-ID is made of */
	SIP_CLASS_SCHEME = 1 << 7, /* scheme behind its first letter */
};

extern const uint8_t sip_classes[256];

static inline bool sip_is(uint8_t c, enum sip_class class)
{
	return sip_classes[c] & class;
}

/* One or more octets, all of the class. */
bool sip_all(struct view v, enum sip_class class);
/* Zero or more octets, each of the class or an escape "%HH". */
bool sip_all_or_escaped(struct view v, enum sip_class class);
/* token */
static inline bool sip_is_token(struct view v)
{
	return sip_all(v, SIP_CLASS_TOKEN);
}
/* hostname, IPv4address or IPv6reference; at most 255 octets. */
bool sip_is_host(struct view v);
/* word [ "@" word ] */
bool sip_is_call_id(struct view v);
/* Well-formed UTF-8 (RFC 3629). */
bool sip_is_utf8(struct view v);

/* What is still to be read of a header value; base only tells offsets. */
struct sip_cursor {
	const uint8_t *base;
	struct view rest;
};

static inline struct sip_cursor sip_cursor_make(struct view v)
{
	return (struct sip_cursor){v.p, v};
}
static inline uint32_t sip_cursor_offset(const struct sip_cursor *c)
{
	return c->rest.p ? (uint32_t)(c->rest.p - c->base) : 0;
}
static inline bool sip_cursor_end(const struct sip_cursor *c)
{
	return c->rest.len == 0;
}
/* The next octet, 0 at the end. */
static inline uint8_t sip_cursor_peek(const struct sip_cursor *c)
{
	return c->rest.len ? c->rest.p[0] : 0;
}
static inline void sip_cursor_skip(struct sip_cursor *c, uint32_t n)
{
	c->rest = view_sub(c->rest, n, UINT32_MAX);
}
/* Linear white space: SP, HTAB, and CRLF with SP or HTAB behind it. */
void sip_cursor_lws(struct sip_cursor *c);
/* Take the longest run of the class; empty if the next octet is of another. */
struct view sip_cursor_take(struct sip_cursor *c, enum sip_class class);
/* Take one given octet with LWS on both sides; false and nothing taken but LWS if it is another. */
bool sip_cursor_punct(struct sip_cursor *c, uint8_t octet);
/* Take a quoted-string, quotes included. Stricter than the grammar: no fold inside. */
bool sip_cursor_quoted(struct sip_cursor *c, struct view *out);

/* value without LWS (folds too) at both ends. */
struct view sip_trim(struct view value);
