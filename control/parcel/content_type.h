/* SPDX-License-Identifier: BSD-3-Clause */
/* The value of Content-Type (RFC 3261 sections 20.15 and 25.1), as far as text needs it. */
#pragma once

#include "control/parcel/charset.h"

struct content_type {
	struct view type;    /* "text" */
	struct view subtype; /* "plain" */
	struct view charset; /* without quotes; empty if not given */
};

/* Views point into value; folds count as white space. Causes: content_type (the grammar),
 * content_type_charset_twice. */
enum parse content_type_parse(struct view value, struct content_type *out, struct fault *fault);
bool content_type_is(const struct content_type *t, struct view type, struct view subtype);
/* UTF-8 when none is given (RFC 3261 section 7.4.1). */
enum charset content_type_charset(const struct content_type *t);
