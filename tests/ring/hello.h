/* SPDX-License-Identifier: BSD-3-Clause */
/* First bytes as a federation partner sends them. */
#pragma once

#include <stdio.h>

#include "tests/ring/frames.h"

/* A TLS 1.3 ClientHello; sni NULL: none. `filler` bytes of padding extension make it longer. */
static inline struct octets hello_make(const char *sni, uint16_t filler)
{
	static const uint8_t fixed[] = {0, 2, 0x13, 0x01, 1, 0}; /* one suite, no compression */
	static const uint8_t versions[] = {0, 43, 0, 3, 2, 3, 4};
	struct octets o = {.len = 0};
	uint8_t *b = o.bytes;
	size_t name = sni ? strlen(sni) : 0;
	size_t extensions = sizeof(versions) + (sni ? 9 + name : 0) + (filler ? 4u + filler : 0);
	size_t body = 2 + 32 + 1 + sizeof(fixed) + 2 + extensions;

#define HELLO_BYTE(v) b[o.len++] = (uint8_t)(v)
#define HELLO_WORD(v) (HELLO_BYTE((v) >> 8), HELLO_BYTE(v))
	HELLO_BYTE(22);
	HELLO_WORD(0x0301);
	HELLO_WORD(body + 4);
	HELLO_BYTE(1);
	HELLO_BYTE(0);
	HELLO_WORD(body);
	HELLO_WORD(0x0303);
	for (int i = 0; i < 32; i++)
		HELLO_BYTE(i);
	HELLO_BYTE(0);
	memcpy(b + o.len, fixed, sizeof(fixed));
	o.len += sizeof(fixed);
	HELLO_WORD(extensions);
	memcpy(b + o.len, versions, sizeof(versions));
	o.len += sizeof(versions);
	if (sni) {
		HELLO_WORD(0);
		HELLO_WORD(5 + name);
		HELLO_WORD(3 + name);
		HELLO_BYTE(0);
		HELLO_WORD(name);
		memcpy(b + o.len, sni, name);
		o.len += (uint32_t)name;
	}
	if (filler) {
		HELLO_WORD(21);
		HELLO_WORD(filler);
		memset(b + o.len, 0, filler);
		o.len += filler;
	}
#undef HELLO_BYTE
#undef HELLO_WORD
	return o;
}

/* A stream header; NULL leaves the attribute out. */
static inline struct octets header_make(const char *to, const char *from)
{
	struct octets o;
	int len = snprintf((char *)o.bytes, sizeof(o.bytes),
		"<?xml version='1.0'?><stream:stream xmlns='jabber:server' "
		"xmlns:stream='http://etherx.jabber.org/streams' version='1.0'%s%s%s%s%s%s>",
		to ? " to='" : "", to ? to : "", to ? "'" : "", from ? " from='" : "",
		from ? from : "", from ? "'" : "");

	o.len = (uint32_t)len;
	return o;
}

static inline struct view octets_view(const struct octets *o)
{
	return view_make(o->bytes, o->len);
}
