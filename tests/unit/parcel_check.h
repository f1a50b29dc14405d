/* SPDX-License-Identifier: BSD-3-Clause */
/* What a parcel says, held against texts. */
#pragma once

#include "control/parcel/address.h"

static inline void assert_view(struct view v, const char *expected)
{
	if (!view_equal(v, view_of(expected)))
		fail_msg("'%.*s' is not '%s'", VIEW_ARG(v), expected);
}

static inline void assert_jid(const struct address *a, const char *expected)
{
	char buffer[4096];
	struct text t;

	text_fixed(&t, buffer, sizeof(buffer));
	address_put_jid(a, &t);
	assert_string_equal(buffer, expected);
}
