/* SPDX-License-Identifier: BSD-3-Clause */
/* The terminals of the SIP grammar: classes of octets, hosts, quoted strings, white space. */
#include "control/sip/lex.h"

#include <arpa/inet.h>
#include <unistr.h>

enum { HOST_MAX_BYTES = 255, LABEL_MAX_BYTES = 63 };

/* One table instead of a function per class: T token, U user, P password, R URI parameter,
 * H URI header, C uric, W word, S scheme. */
#define T SIP_CLASS_TOKEN
#define U SIP_CLASS_USER
#define P SIP_CLASS_PASS
#define R SIP_CLASS_PARAM
#define H SIP_CLASS_HVALUE
#define C SIP_CLASS_URIC
#define W SIP_CLASS_WORD
#define S SIP_CLASS_SCHEME

#define ALNUM (T | U | P | R | H | C | W | S)
/* clang-format off */
const uint8_t sip_classes[256] = {
	['0' ... '9'] = ALNUM, ['A' ... 'Z'] = ALNUM, ['a' ... 'z'] = ALNUM,
	/* mark, that is the rest of unreserved: - _ . ! ~ * ' ( ) */
	['-']  = T | U | P | R | H | C | W | S,
	['_']  = T | U | P | R | H | C | W,
	['.']  = T | U | P | R | H | C | W | S,
	['!']  = T | U | P | R | H | C | W,
	['~']  = T | U | P | R | H | C | W,
	['*']  = T | U | P | R | H | C | W,
	['\''] = T | U | P | R | H | C | W,
	['(']  =     U | P | R | H | C | W,
	[')']  =     U | P | R | H | C | W,
	/* reserved: ; / ? : @ & = + $ , */
	[';']  =     U |             C,
	['/']  =     U |     R | H | C | W,
	['?']  =     U |         H | C | W,
	[':']  =             R | H | C | W,
	['@']  =                     C,
	['&']  =     U | P | R |     C,
	['=']  =     U | P |         C,
	['+']  = T | U | P | R | H | C | W | S,
	['$']  =     U | P | R | H | C,
	[',']  =     U | P |         C,
	/* the others */
	['%']  = T |                     W,
	['`']  = T |                     W,
	['[']  =             R | H |     W,
	[']']  =             R | H |     W,
	['<']  = W, ['>']  = W, ['\\'] = W, ['"']  = W, ['{']  = W, ['}']  = W,
};
/* clang-format on */
#undef T
#undef U
#undef P
#undef R
#undef H
#undef C
#undef W
#undef S

bool sip_all(struct view v, enum sip_class class)
{
	for (uint32_t i = 0; i < v.len; i++)
		if (!sip_is(v.p[i], class))
			return false;
	return v.len > 0;
}

bool sip_all_or_escaped(struct view v, enum sip_class class)
{
	for (uint32_t i = 0; i < v.len; i++) {
		if (v.p[i] == '%') {
			if (v.len - i < 3 || hex_value(v.p[i + 1]) < 0 || hex_value(v.p[i + 2]) < 0)
				return false;
			i += 2;
		} else if (!sip_is(v.p[i], class)) {
			return false;
		}
	}
	return true;
}

static bool is_alnum(uint8_t c)
{
	return sip_is(c, SIP_CLASS_SCHEME) && c != '-' && c != '.' && c != '+';
}

static bool is_address(struct view v, int family)
{
	char copy[INET6_ADDRSTRLEN];
	uint8_t address[16];

	return view_copy(v, copy, sizeof(copy)) && inet_pton(family, copy, address) == 1;
}

/* domainlabel *( "." domainlabel ) "." toplabel [ "." ], and toplabel starts with a letter: what
 * looks like a number is an address or nothing. */
static bool is_hostname(struct view v)
{
	uint32_t start = 0;

	if (v.len && v.p[v.len - 1] == '.')
		v.len--;
	for (uint32_t i = 0; i <= v.len; i++) {
		if (i < v.len && v.p[i] != '.') {
			if (!is_alnum(v.p[i]) && v.p[i] != '-')
				return false;
			continue;
		}
		if (i == start || i - start > LABEL_MAX_BYTES || v.p[start] == '-' ||
			v.p[i - 1] == '-')
			return false;
		if (i == v.len)
			return v.p[start] > '9';
		start = i + 1;
	}
	return false;
}

bool sip_is_host(struct view v)
{
	if (v.len == 0 || v.len > HOST_MAX_BYTES)
		return false;
	if (v.p[0] == '[')
		return v.len > 2 && v.p[v.len - 1] == ']' &&
		       is_address(view_sub(v, 1, v.len - 2), AF_INET6);
	return is_hostname(v) || is_address(v, AF_INET);
}

bool sip_is_call_id(struct view v)
{
	int64_t at = view_find(v, '@');

	if (at < 0)
		return sip_all(v, SIP_CLASS_WORD);
	return sip_all(view_sub(v, 0, (uint32_t)at), SIP_CLASS_WORD) &&
	       sip_all(view_sub(v, (uint32_t)at + 1, UINT32_MAX), SIP_CLASS_WORD);
}

bool sip_is_utf8(struct view v)
{
	return v.len == 0 || u8_check(v.p, v.len) == NULL;
}

void sip_cursor_lws(struct sip_cursor *c)
{
	const uint8_t *p = c->rest.p;
	const uint8_t *end = p + c->rest.len;

	while (p < end) {
		if (*p == ' ' || *p == '\t')
			p++;
		else if (end - p >= 3 && p[0] == '\r' && p[1] == '\n' &&
			 (p[2] == ' ' || p[2] == '\t'))
			p += 3;
		else
			break;
	}
	c->rest = view_make(p, (size_t)(end - p));
}

struct view sip_cursor_take(struct sip_cursor *c, enum sip_class class)
{
	struct view taken = c->rest;
	uint32_t n = 0;

	while (n < taken.len && sip_is(taken.p[n], class))
		n++;
	sip_cursor_skip(c, n);
	return view_sub(taken, 0, n);
}

bool sip_cursor_punct(struct sip_cursor *c, uint8_t octet)
{
	sip_cursor_lws(c);
	if (sip_cursor_peek(c) != octet)
		return false;
	sip_cursor_skip(c, 1);
	sip_cursor_lws(c);
	return true;
}

bool sip_cursor_quoted(struct sip_cursor *c, struct view *out)
{
	struct view v = c->rest;

	if (v.len == 0 || v.p[0] != '"')
		return false;
	for (uint32_t i = 1; i < v.len; i++) {
		uint8_t octet = v.p[i];

		if (octet == '"') {
			*out = view_sub(v, 0, i + 1);
			sip_cursor_skip(c, i + 1);
			return sip_is_utf8(*out);
		}
		if (octet == '\\') {
			/* quoted-pair: any ASCII but CR and LF */
			if (++i == v.len || v.p[i] == '\r' || v.p[i] == '\n' || v.p[i] > 0x7f)
				return false;
		} else if ((octet < 0x20 && octet != '\t') || octet == 0x7f) {
			return false;
		}
	}
	return false;
}

struct view sip_trim(struct view value)
{
	struct sip_cursor c = sip_cursor_make(value);
	struct view v;

	sip_cursor_lws(&c);
	v = c.rest;
	while (v.len) {
		uint8_t last = v.p[v.len - 1];

		if (last != ' ' && last != '\t' && last != '\r' && last != '\n')
			break;
		v.len--;
	}
	return v;
}
