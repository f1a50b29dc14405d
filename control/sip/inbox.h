/* SPDX-License-Identifier: BSD-3-Clause */
/* Octets received and not yet understood, in one piece. Grows with the message being read, and has no
 * memory while there is none. */
#pragma once

#include <event2/buffer.h>

#include "rules/base/view.h"

enum { INBOX_STEP_BYTES = 16 * 1024 };

struct inbox {
	uint8_t *p;
	uint32_t from; /* first octet not yet taken */
	uint32_t len;  /* octets, those before `from` included */
	uint32_t cap;
};

void inbox_free(struct inbox *in);
/* Move up to a step of octets from input. False without memory. */
bool inbox_fill(struct inbox *in, struct evbuffer *input);
/* Forget n octets from the front. */
void inbox_take(struct inbox *in, uint32_t n);
/* Move what is left to the front, or give the memory back if nothing is. Views become invalid. */
void inbox_settle(struct inbox *in);

static inline struct view inbox_view(const struct inbox *in)
{
	return view_make(in->p ? in->p + in->from : NULL, in->len - in->from);
}
