/* SPDX-License-Identifier: BSD-3-Clause */
/* Words at the top of a message. */
#include "control/session/preface.h"

void preface_put(struct parcel *parcel, const char *words, struct text *whole)
{
	text_puts(whole, words);
	text_puts(whole, "\n\n");
	text_put(whole, parcel->body);
	if (!whole->failed)
		parcel->body = text_view(whole);
}
