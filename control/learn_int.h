/* SPDX-License-Identifier: BSD-3-Clause */
/* What learning and showing what was learned share. */
#pragma once

#include "control/learn.h"
#include "control/learn_book.h"

struct learn {
	struct loop *loop;
	struct resolver *resolver;
	struct filter_client *filter;  /* or NULL */
	struct generation *generation; /* or NULL: somebody else sees to the rules */
	struct learn_book book;

	struct timer *asker;
	struct mono asked; /* when the last question was put */
	uint32_t under_way;

	struct timer *pusher;
	struct mono pushed; /* when the last set was told */
	bool ready;         /* there is a dataplane to tell it */
	bool pushing;       /* its answer is to come */
	bool told;          /* the dataplane has, or is getting, the set of this digest */
	uint64_t digest;

	struct timer *sweeper;
};
