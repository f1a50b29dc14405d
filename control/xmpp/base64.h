/* SPDX-License-Identifier: BSD-3-Clause */
/* Base64 as SASL wants it: the standard alphabet, padded, nothing else. (RFC 4648 section 4, RFC
 * 6120 section 13.9.1.) */
#pragma once

#include "rules/base/text.h"

/* False if anything is outside the alphabet (white space too), padding is missing, too much or
 * not at the end, unused bits are not zero, or the result is larger than cap_bytes. */
bool base64_decode(struct view text, uint8_t *out, uint32_t cap_bytes, uint32_t *len);
void base64_put(struct text *out, struct view bytes);
