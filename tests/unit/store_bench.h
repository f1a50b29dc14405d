/* SPDX-License-Identifier: BSD-3-Clause */
/* A directory for a store, and the loop that it works in: what tests of its users share. */
#pragma once

#include <stdio.h>
#include <stdlib.h>

#include "control/counters.h"
#include "control/store/store.h"
#include "rules/base/log.h"

struct store_bench {
	char directory[64];
	char path[128]; /* of the database */
	struct loop *loop;
	struct store *store; /* while it is open */
};

static inline void store_bench_make(struct store_bench *b)
{
	log_setup("test", LOG_LEVEL_ERROR);
	counters_clear();
	strcpy(b->directory, "/tmp/picket-store-XXXXXX");
	assert_non_null(mkdtemp(b->directory));
	snprintf(b->path, sizeof(b->path), "%s/facts.db", b->directory);
	b->loop = loop_new();
	assert_non_null(b->loop);
}

static inline void store_bench_open(struct store_bench *b, const char *schema)
{
	char why[STORE_WHY_BYTES];

	b->store = store_open(b->loop, b->path, schema, why, sizeof(why));
	if (!b->store)
		fail_msg("%s", why);
}

static inline void store_bench_close(struct store_bench *b)
{
	store_close(b->store);
	b->store = NULL;
}

/* After store_bench_close. */
static inline void store_bench_remove(struct store_bench *b)
{
	char command[160];

	loop_free(b->loop);
	snprintf(command, sizeof(command), "rm -r %s", b->directory);
	assert_int_equal(system(command), 0);
}
