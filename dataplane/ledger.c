/* SPDX-License-Identifier: BSD-3-Clause */
/* What all workers have used together. */
#include "dataplane/ledger.h"

#include <errno.h>

#include <rte_malloc.h>

#include "dataplane/partner.h"

int ledger_init(struct ledger *ledger, uint32_t flows)
{
	*ledger = (struct ledger){
		.pools = rte_zmalloc("ledger", PARTNER_SLOTS * sizeof(struct partner_pools), 64),
		.suspicious =
			rte_zmalloc("ledger", PARTNER_SLOTS * sizeof(struct partner_pools), 64),
		.open = rte_zmalloc("ledger", PARTNER_SLOTS * sizeof(uint32_t), 64),
	};
	if (!ledger->pools || !ledger->suspicious || !ledger->open)
		return -ENOMEM;
	return prefixes_init(&ledger->prefixes, flows);
}

void ledger_fini(struct ledger *ledger)
{
	rte_free(ledger->pools);
	rte_free(ledger->suspicious);
	rte_free(ledger->open);
	prefixes_fini(&ledger->prefixes);
	*ledger = (struct ledger){0};
}
