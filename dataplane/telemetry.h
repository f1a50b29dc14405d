/* SPDX-License-Identifier: BSD-3-Clause */
/* DPDK's telemetry socket speaks for us too: /picket/counters (totals and those causes that
 * happened), /picket/causes (all causes with their words), /picket/version. */
#pragma once

/* Register the commands; after rte_eal_init, once. 0, -errno. */
int telemetry_register(void);
