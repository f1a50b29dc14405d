/* SPDX-License-Identifier: BSD-3-Clause */
/* Announced outbound connections: only a SYN from the TAP that was announced leaves. Announcements
 * come from any thread through a ring to the worker that will own the connection; each table belongs
 * to its worker. */
#pragma once

#include <rte_hash.h>
#include <rte_ring.h>

#include "dataplane/tuple.h"
#include "rules/base/clock.h"

enum {
	EXPECT_MAX = 4096,     /* announcements alive at once, for each worker */
	EXPECT_WAITING = 1024, /* announced and not yet seen by the worker */
};

/* Announce a connection; `outbound` as the SYN will have it: src is ours, dst the partner's. The
 * partner's answer and all that follows carries `mark`. Holds for one connection, until `expires`.
 * From the return on the SYN may be sent. Any thread, after crew_prepare. 0; -ENOSPC: too many are
 * alive or wait; -ENODEV: no worker was prepared. */
int expect_add(const struct tuple *outbound, uint32_t mark, struct mono expires);

/* One announcement. */
struct expectation {
	struct tuple key; /* as flows have it: src is the partner, dst ours */
	uint32_t mark;
	uint32_t partner_slot;
	struct mono expires; /* 0: free */
};

struct expect_table {
	struct rte_ring *ring; /* of struct expectation: many producers, the worker consumes */
	struct rte_hash *hash;
	struct expectation *entries; /* by position in the hash */
	uint32_t alive;              /* in ring or table; changed by all, atomically */
	uint32_t cursor;             /* of the expiry scan */
	uint32_t number;             /* of the worker */
};

/* Worker `number`'s, where expect_add finds it. 0, -ENOMEM, -EEXIST. */
int expect_table_init(struct expect_table *table, uint32_t number);
void expect_table_fini(struct expect_table *table);

/* Take over what was announced, at most 32 a call. The worker. */
void expect_drain(struct expect_table *table);
/* Was this announced and has not expired? Then it is used up, *out is what was said. The worker. */
bool expect_take(struct expect_table *table, const struct tuple *key, uint32_t hash,
	struct mono now, struct expectation *out);
/* Would expect_take find it? The worker. */
bool expect_is_there(
	const struct expect_table *table, const struct tuple *key, uint32_t hash, struct mono now);
/* Forget what has expired, looking at a few entries. The worker, now and then. */
void expect_expire(struct expect_table *table, struct mono now);
