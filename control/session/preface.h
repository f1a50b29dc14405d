/* SPDX-License-Identifier: BSD-3-Clause */
/* Words that the rules want said at the top of a message: a paragraph of their own. */
#pragma once

#include "control/parcel/parcel.h"

/* `whole` holds the new body as long as the parcel is used. What does not fit into it stays as it is. */
void preface_put(struct parcel *parcel, const char *words, struct text *whole);
