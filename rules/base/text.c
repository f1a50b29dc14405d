/* SPDX-License-Identifier: BSD-3-Clause */
/* A string under construction with a hard upper bound. */
#include "rules/base/text.h"

#include <stdio.h>
#include <stdlib.h>

#include "rules/base/hex.h"

enum { FIRST_CAP_BYTES = 128 };

void text_init(struct text *t, uint32_t max_bytes)
{
	*t = (struct text){.max = max_bytes, .owned = true};
}

void text_fixed(struct text *t, char *buffer, uint32_t cap_bytes)
{
	*t = (struct text){.p = buffer, .cap = cap_bytes, .max = cap_bytes ? cap_bytes - 1 : 0};
	if (cap_bytes)
		buffer[0] = '\0';
	else
		t->failed = true;
}

void text_free(struct text *t)
{
	if (t->owned)
		free(t->p);
	*t = (struct text){.failed = true};
}

void text_reset(struct text *t)
{
	t->len = 0;
	t->failed = false;
	if (t->p)
		t->p[0] = '\0';
}

/* Room for `more` bytes and the NUL. */
static bool reserve(struct text *t, size_t more)
{
	size_t need;
	size_t cap;
	char *grown;

	if (t->failed || more > t->max - t->len) {
		t->failed = true;
		return false;
	}
	need = (size_t)t->len + more + 1;
	if (need <= t->cap)
		return true;
	cap = t->cap ? (size_t)t->cap * 2 : FIRST_CAP_BYTES;
	if (cap < need)
		cap = need;
	if (cap > (size_t)t->max + 1)
		cap = (size_t)t->max + 1;
	grown = t->owned ? realloc(t->p, cap) : NULL;
	if (!grown) {
		t->failed = true;
		return false;
	}
	t->p = grown;
	t->cap = (uint32_t)cap;
	return true;
}

void text_put(struct text *t, struct view v)
{
	if (!reserve(t, v.len))
		return;
	if (v.len)
		memcpy(t->p + t->len, v.p, v.len);
	t->len += v.len;
	t->p[t->len] = '\0';
}

void text_puts(struct text *t, const char *s)
{
	text_put(t, view_of(s));
}

void text_putc(struct text *t, char c)
{
	text_put(t, view_make(&c, 1));
}

void text_vprintf(struct text *t, const char *format, va_list args)
{
	va_list again;
	int need;

	va_copy(again, args);
	need = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (need < 0 || !reserve(t, (size_t)need)) {
		t->failed = true;
		return;
	}
	vsnprintf(t->p + t->len, (size_t)need + 1, format, args);
	t->len += (uint32_t)need;
}

void text_printf(struct text *t, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	text_vprintf(t, format, args);
	va_end(args);
}

void text_put_hex(struct text *t, struct view v)
{
	for (uint32_t i = 0; i < v.len; i++) {
		char digits[3];

		hex_print(view_sub(v, i, 1), digits);
		text_puts(t, digits);
	}
}

void text_put_quoted(struct text *t, struct view v, uint32_t max_bytes)
{
	uint32_t n = v.len < max_bytes ? v.len : max_bytes;

	for (uint32_t i = 0; i < n; i++) {
		if (v.p[i] >= 0x20 && v.p[i] < 0x7f && v.p[i] != '\\')
			text_putc(t, (char)v.p[i]);
		else
			text_printf(t, "\\x%02x", v.p[i]);
	}
	if (n < v.len)
		text_puts(t, "...");
}
