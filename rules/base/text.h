/* SPDX-License-Identifier: BSD-3-Clause */
/* A string under construction with a hard upper bound. It never overruns, and says so when it
 * had to stop: a text that failed is not to be used. */
#pragma once

#include <stdarg.h>

#include "rules/base/view.h"

struct text {
	char *p;      /* always NUL-terminated once something was put; NULL before */
	uint32_t len; /* bytes without the NUL */
	uint32_t cap; /* bytes allocated, the NUL included */
	uint32_t max; /* hard limit of len */
	bool owned;   /* p came from malloc and text_free frees it */
	bool failed;  /* limit reached or no memory; sticky */
};

/* Grows on the heap up to max_bytes. */
void text_init(struct text *t, uint32_t max_bytes);
/* Lives in the caller's buffer, never allocates. */
void text_fixed(struct text *t, char *buffer, uint32_t cap_bytes);
/* Frees what is owned; fine on a zeroed or a fixed text. Leaves it empty. */
void text_free(struct text *t);
/* Empty again, memory and limit kept. */
void text_reset(struct text *t);

void text_put(struct text *t, struct view v);
void text_puts(struct text *t, const char *s);
void text_putc(struct text *t, char c);
void text_printf(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_vprintf(struct text *t, const char *format, va_list args);
/* Two digits for each byte, in lower case. */
void text_put_hex(struct text *t, struct view v);
/* For messages to people: bytes outside printable ASCII as \xHH, at most max_bytes of input. */
void text_put_quoted(struct text *t, struct view v, uint32_t max_bytes);

static inline struct view text_view(const struct text *t)
{
	return view_make(t->p, t->len);
}
