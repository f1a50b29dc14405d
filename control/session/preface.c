/* SPDX-License-Identifier: BSD-3-Clause */
/* Words at the top of a message. */
#include "control/session/preface.h"

void preface_put(struct parcel *parcel, uint32_t notices, const char *words, struct text *whole)
{
	text_put(whole, view_sub(parcel->body, 0, notices));
	text_puts(whole, words);
	text_puts(whole, "\n\n");
	text_put(whole, view_sub(parcel->body, notices, UINT32_MAX));
	if (!whole->failed)
		parcel->body = text_view(whole);
}
