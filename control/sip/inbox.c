/* SPDX-License-Identifier: BSD-3-Clause */
/* The receive buffer of a connection. Its bound is the parser's: a message that is too large is
 * refused before it is complete. */
#include "control/sip/inbox.h"

#include <stdlib.h>

void inbox_free(struct inbox *in)
{
	free(in->p);
	*in = (struct inbox){0};
}

static bool reserve(struct inbox *in, uint32_t more)
{
	uint32_t cap = in->cap ? in->cap : INBOX_STEP_BYTES / 4;
	uint8_t *grown;

	while (cap < in->len + more)
		cap *= 2;
	if (cap == in->cap)
		return true;
	grown = realloc(in->p, cap);
	if (!grown)
		return false;
	in->p = grown;
	in->cap = cap;
	return true;
}

bool inbox_fill(struct inbox *in, struct evbuffer *input)
{
	size_t n = evbuffer_get_length(input);
	int got;

	if (n > INBOX_STEP_BYTES)
		n = INBOX_STEP_BYTES;
	if (!reserve(in, (uint32_t)n))
		return false;
	got = evbuffer_remove(input, in->p + in->len, n);
	if (got > 0)
		in->len += (uint32_t)got;
	return got >= 0;
}

void inbox_take(struct inbox *in, uint32_t n)
{
	in->from += n;
}

void inbox_settle(struct inbox *in)
{
	uint32_t left = in->len - in->from;

	if (left == 0) {
		inbox_free(in);
		return;
	}
	if (in->from == 0)
		return;
	memmove(in->p, in->p + in->from, left);
	in->from = 0;
	in->len = left;
}
