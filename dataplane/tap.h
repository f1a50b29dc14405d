/* SPDX-License-Identifier: BSD-3-Clause */
/* The TAP towards the kernel, as a DPDK port over a persistent device that was made beforehand.
 * Everything here runs in the thread that lives in its namespace: each queue opens the device
 * again, and elsewhere the driver would silently make a second one. */
#pragma once

#include <stdint.h>

#include <rte_ether.h>
#include <rte_mempool.h>

struct tap {
	uint16_t id; /* ethdev's */
	int ifindex; /* in its namespace; 0: not open */
};

/* Open the device `name`, give it the port's MAC and MTU, set up one queue and start. 0, -errno with
 * `why` (PORT_WHY_BYTES). */
int tap_open(struct tap *tap, const char *name, const struct rte_ether_addr *mac, uint16_t mtu,
	struct rte_mempool *pool, char *why, size_t why_bytes);

/* Stop and let go; device, addresses and routes stay. Fine if it is not open. */
void tap_close(struct tap *tap);
