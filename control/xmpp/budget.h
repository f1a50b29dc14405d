/* SPDX-License-Identifier: BSD-3-Clause */
/* A hard bound on the memory that one stream's parser and trees may hold, expat's own included. */
#pragma once

#include <expat.h>

#include <stdbool.h>
#include <stddef.h>

struct budget {
	size_t used_bytes; /* now, bookkeeping included */
	size_t max_bytes;
	bool exceeded; /* an allocation was refused for the bound's sake; sticky */
};

/* Like malloc and friends, charged to b. Zero-sized requests are fine. NULL when the bound or the
 * machine's memory is reached. */
void *budget_alloc(struct budget *b, size_t bytes);
void budget_free(void *p); /* accepts NULL */

/* For XML_ParserCreate_MM. expat's allocator takes no context, so the budget that pays is the one
 * entered last by this thread; reallocation and freeing find the owner in front of the block. */
extern const XML_Memory_Handling_Suite budget_expat;
void budget_enter(struct budget *b);
void budget_leave(void);
