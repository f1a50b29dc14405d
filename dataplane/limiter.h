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

struct partner_pools {
	struct pool of[RATE_KINDS];
};

/* All by partner slot; slot 0 is nobody's and stays empty: prefixes are counted in its place. The
 * leases are this worker's alone, the pools are what workers can share. */
struct limiter {
	struct partner_lease *leases;
	struct partner_pools *pools;
	struct pool handshakes;         /* of everybody */
	struct pool handshakes_unknown; /* what unknown sources may have of them */
};

/* From DPDK's heap. 0, -ENOMEM. */
int limiter_init(struct limiter *limiter);
void limiter_fini(struct limiter *limiter);

/* May a connection from the tuple's src begin? CAUSE_none, and it is counted; else why not. */
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
