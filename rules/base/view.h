/* SPDX-License-Identifier: BSD-3-Clause */
/* Borrowed bytes. A view owns nothing and never outlives what it points into. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct view {
	const uint8_t *p; /* first byte; may be NULL when len is 0 */
	uint32_t len;     /* bytes */
};

/* A string literal as a view, without its NUL. */
#define VIEW(literal) ((struct view){(const uint8_t *)(literal), (uint32_t)(sizeof(literal) - 1)})

/* For printf("%.*s", VIEW_ARG(v)). Only for bytes that are known to be printable. */
#define VIEW_ARG(v) (int)(v).len, (const char *)(v).p

/* Outcome of every parser of bytes that come from outside. */
enum parse {
	PARSE_DONE,      /* out is filled, the consumed length is set */
	PARSE_NEED_MORE, /* nothing wrong yet; give the same bytes again with more behind them */
	PARSE_BAD,       /* the fault is filled; no number of further bytes can help */
};

/* Why and where a parser refused. */
struct fault {
	const char *cause;     /* static, snake_case, the counter's name: "content_length_twice" */
	uint32_t offset_bytes; /* of the first byte that is wrong */
};

static inline struct view view_make(const void *p, size_t len)
{
	return (struct view){(const uint8_t *)p, (uint32_t)len};
}

static inline struct view view_of(const char *s)
{
	return view_make(s, s ? strlen(s) : 0);
}

/* The part of v from byte `from` on, at most `len` bytes; clamped to v. */
static inline struct view view_sub(struct view v, uint32_t from, uint32_t len)
{
	if (from > v.len)
		from = v.len;
	if (len > v.len - from)
		len = v.len - from;
	return (struct view){v.p ? v.p + from : NULL, len};
}

/* Only A to Z: names and keywords, never text. */
static inline uint8_t ascii_lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

/* What a hexadecimal digit of either case stands for, -1 for any other byte. */
static inline int hex_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static inline bool ascii_is_alphanumeric(uint8_t c)
{
	return (c >= '0' && c <= '9') || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z');
}

/* Same bytes. Not constant-time: never for secrets. */
bool view_equal(struct view a, struct view b);
/* Same bytes, ASCII letters without regard to case. */
bool view_equal_nocase(struct view a, struct view b);
bool view_starts(struct view v, struct view prefix);
/* No byte above 0x7f. */
bool view_is_ascii(struct view v);
/* Index of the first byte c, or -1. */
int64_t view_find(struct view v, uint8_t c);
/* v without SP and HTAB at both ends. */
struct view view_trim(struct view v);
/* Decimal digits only, no sign, no space; false if empty, other bytes or above max. */
bool view_to_u64(struct view v, uint64_t max, uint64_t *out);
/* Copy with a NUL behind it. False (and an empty string) if it does not fit or holds a NUL. */
bool view_copy(struct view v, char *out, size_t cap_bytes);
/* Owned copy with a NUL behind it, or NULL without memory. The caller frees it. */
char *view_dup(struct view v);
