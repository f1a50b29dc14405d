/* SPDX-License-Identifier: BSD-3-Clause */
/* Words that the rules want said at the top of a message: a paragraph of their own. */
#pragma once

#include "control/parcel/parcel.h"

/* `whole` holds the new body as long as the parcel is used. What does not fit into it stays as it is. The first
 * `notices` bytes of the body are notices of links (control/policy/rewrite.h) and stay above the words: there
 * whoever comes next looks for them. */
void preface_put(struct parcel *parcel, uint32_t notices, const char *words, struct text *whole);
