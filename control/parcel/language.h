/* SPDX-License-Identifier: BSD-3-Clause */
/* Language tags (BCP 47), as xml:lang and Content-Language carry them. */
#pragma once

#include "rules/base/view.h"

enum { LANGUAGE_MAX_BYTES = 64 };

/* The shape that every registered and private tag has (RFC 5646 section 2.1, obs-language-tag):
 * subtags of one to eight letters or digits joined by hyphens, the first of letters only. Not empty,
 * at most LANGUAGE_MAX_BYTES. So a valid tag cannot carry anything else into a header. */
bool language_is_tag(struct view tag);
/* The first tag of a Content-Language value, or an empty view when it is none. */
struct view language_first(struct view list);
