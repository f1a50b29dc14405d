/* SPDX-License-Identifier: BSD-3-Clause */
/* What each partner and each prefix of unknown sources has used, against what the rules give them.
 * Knows flows, slots and prefixes, nothing of frames. */
#pragma once

#include <rte_branch_prediction.h>

#include "dataplane/cause.h"
#include "dataplane/flow.h"
#include "dataplane/tables.h"

struct partner_lease {
	struct lease packets, bytes;
};

/* What this worker has leased of what all share. */
struct limiter {
	struct partner_lease *leases; /* by partner slot; slot 0 stays empty */
	struct ledger *ledger;
};

/* From DPDK's heap. 0, -ENOMEM. */
int limiter_init(struct limiter *limiter, struct ledger *ledger);
void limiter_fini(struct limiter *limiter);

/* What a partner has just now, and out of which pools. */
struct limiter_budget {
	const struct limit_set *set;
	struct pool *pools;
};

struct limiter_budget limiter_budget(
	const struct ledger *ledger, const struct tables *tables, uint32_t partner_slot);

/* May a connection from the tuple's src begin? CAUSE_none, and it is counted; else why not. Open
 * connections are counted when the flow is assigned: several workers that ask at once for the last
 * place all get one, so there may be one more for each worker but the first. */
enum cause limiter_admit(struct limiter *limiter, const struct tables *tables,
	struct flow_table *flows, const struct tuple *tuple, uint32_t partner_slot,
	struct mono now);

enum cause limiter_pass_dear(struct limiter *limiter, const struct tables *tables,
	struct flow_table *flows, const struct flow *flow, uint32_t bytes, struct mono now);

/* May a segment of the flow pass, in either direction? CAUSE_none, and it is counted;
 * CAUSE_over_packets, CAUSE_over_bytes. */
static inline enum cause limiter_pass(struct limiter *limiter, const struct tables *tables,
	struct flow_table *flows, const struct flow *flow, uint32_t bytes, struct mono now)
{
	struct partner_lease *lease = &limiter->leases[flow->partner_slot];

	if (unlikely(lease->packets.credit == 0 || lease->bytes.credit < bytes))
		return limiter_pass_dear(limiter, tables, flows, flow, bytes, now);
	lease->packets.credit--;
	lease->bytes.credit -= bytes;
	return CAUSE_none;
}
