/* SPDX-License-Identifier: BSD-3-Clause */
/* Learning where partners' connections come from: their servers' addresses are asked of DNS, kept as long
 * as they hold, and told to the dataplane, where they claim and prove nothing. Loop thread only. */
#pragma once

#include <jansson.h>

#include "control/filter_client.h"
#include "control/generation.h"
#include "control/resolve.h"

enum {
	LEARN_UNDER_WAY_MAX = 16, /* partners that are asked about at one time */
	LEARN_SPACING_MS = 10,    /* between one and the next */
	LEARN_PUSH_MS = 1000,     /* between two sets for the dataplane */
};

struct learn;

/* The resolver should be for this alone: its questions may wait behind one another, those of live
 * connections must not wait behind them. NULL without memory. */
struct learn *learn_new(struct loop *loop, struct resolver *resolver);
/* Before the resolver and after filter_client_free. Accepts NULL, as all that follow do. */
void learn_free(struct learn *learn);

/* Other rules, whose partners are learned from now on; what is known of partners that stay is kept. The
 * generation is held as long as its rules are used. 0, or -ENOMEM and all is as before. */
int learn_adopt(struct learn *learn, struct generation *generation);

/* The channel to tell it on; NULL: there is none any more. */
void learn_connect(struct learn *learn, struct filter_client *filter);
/* The dataplane is there (again), and knows nothing. */
void learn_ready(struct learn *learn);

/* Rows of all prefixes by which partners are known, those of the rules among them: {"prefix", "partner",
 * "origin", "seconds" (left, or null), "state"}; of a partner of whom nothing is known, one without prefix. `limit` of them from `offset` on, *total: all. A new
 * reference. */
json_t *learn_json(struct learn *learn, uint32_t offset, uint32_t limit, uint32_t *total);
/* How many addresses of the partner are known by learning. */
uint32_t learn_count(const struct learn *learn, const struct partner *partner);
