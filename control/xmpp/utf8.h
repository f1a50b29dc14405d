/* SPDX-License-Identifier: BSD-3-Clause */
/* UTF-8 of XML 1.0 characters, checked across any split of the input. (RFC 3629, XML 1.0 section
 * 2.2, RFC 6120 section 11.6.) */
#pragma once

#include "rules/base/view.h"

enum utf8_result {
	UTF8_OK,
	UTF8_INVALID, /* overlong, surrogate, above U+10FFFF, stray or missing continuation */
	UTF8_NOT_XML, /* well-formed UTF-8, but no XML 1.0 Char: controls, U+FFFE, U+FFFF */
};

/* A character whose bytes have not all come. Zeroed: between two characters. */
struct utf8 {
	uint8_t left;      /* continuation bytes still to come */
	uint8_t low, high; /* bounds of the next one */
	uint32_t code;     /* bits so far */
};

/* Check bytes that follow those of earlier calls. *good is how many of them come before the first
 * wrong character or byte (all of them if UTF8_OK). */
enum utf8_result utf8_check(struct utf8 *state, struct view bytes, uint32_t *good);

static inline bool utf8_is_whole(const struct utf8 *state)
{
	return state->left == 0;
}
