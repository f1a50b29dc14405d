/* SPDX-License-Identifier: BSD-3-Clause */
/* Many small texts that live and go together. */
#pragma once

#include "rules/base/view.h"

struct string_chunk;

/* Zeroed: empty. */
struct string_pool {
	struct string_chunk *last;
};

/* A copy with a NUL behind it, at its place until string_pool_free; NULL without memory. */
const char *string_pool_keep(struct string_pool *strings, struct view text);
/* Fine on an empty one; leaves it empty. */
void string_pool_free(struct string_pool *strings);
