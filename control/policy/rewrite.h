/* SPDX-License-Identifier: BSD-3-Clause */
/* What a verdict wants done to the text of a message (rules/hyperlink). */
#pragma once

#include "control/parcel/parcel.h"
#include "rules/base/text.h"
#include "rules/decide.h"

/* Body and subject are what the verdict makes of them: their own bytes, or in `scratch`, which must then live as
 * long. *notices: how many bytes at the top of the body are notices. Counts what is done. False: there is no room for it in scratch, and the message must not go. */
bool rewrite_by_verdict(const struct verdict *verdict, struct parcel *parcel, struct text *scratch,
	uint32_t *notices);
