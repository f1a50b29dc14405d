/* SPDX-License-Identifier: BSD-3-Clause */
/* The outside port: finding it, setting it up, leaving it as it was found. Knows the driver's
 * facts; nothing of frames. Main thread, in the port's own namespace. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <net/if.h>
#include <rte_ether.h>
#include <rte_mempool.h>

enum { PORT_WHY_BYTES = 256, PORT_NAME_BYTES = 64 };

struct port {
	uint16_t id;                 /* ethdev's */
	uint16_t mtu;                /* bytes: the smaller of driver's and interface's */
	struct rte_ether_addr mac;   /* its own address */
	char name[PORT_NAME_BYTES];  /* ethdev's, for the log */
	char interface[IF_NAMESIZE]; /* the kernel's interface below it; empty: none */
	bool started;
	bool was_promiscuous; /* the kernel interface, before us */
};

/* Take the first port that the EAL made, and look at it. Refused: no port at all, and an interface
 * that the kernel itself would answer on or that is down. 0, -errno with `why` (PORT_WHY_BYTES). */
int port_open(struct port *port, char *why, size_t why_bytes);

/* Frame buffers for ports of this MTU. NULL with `why`. */
struct rte_mempool *port_pool_make(uint16_t mtu, char *why, size_t why_bytes);

/* One queue each way, no offloads asked for. 0, -errno with `why`. The TAP uses it too. */
int port_configure(uint16_t id, struct rte_mempool *pool, char *why, size_t why_bytes);

/* From here on frames arrive. 0, -errno with `why`. */
int port_start(struct port *port, char *why, size_t why_bytes);

/* Stop, close and put back what we or the driver changed of the interface. Fine on a zeroed or a
 * half-opened port. */
void port_close(struct port *port);
