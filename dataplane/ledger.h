/* SPDX-License-Identifier: BSD-3-Clause */
/* What all workers have used together, of what the rules give: pools and connections by partner slot,
 * prefixes of unknown sources, everybody's handshakes. Each worker's leases are elsewhere. Knows no
 * flows. */
#pragma once

#include "dataplane/prefixes.h"

struct partner_pools {
	struct pool of[RATE_KINDS];
};

struct ledger {
	/* By partner slot. Slot 0 is nobody's: its pools stay full, prefixes are counted in its
	 * place. */
	struct partner_pools *pools;
	struct partner_pools *suspicious; /* while the partner is: a budget of its own */
	uint32_t *open; /* connections neither closed nor refused; changed atomically */
	struct prefixes prefixes;
	struct pool handshakes;         /* of everybody */
	struct pool handshakes_unknown; /* what unknown sources may have of them */
};

/* For so many flows. From DPDK's heap. 0, -ENOMEM, -EIO. */
int ledger_init(struct ledger *ledger, uint32_t flows);
void ledger_fini(struct ledger *ledger);
