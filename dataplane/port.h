/* SPDX-License-Identifier: BSD-3-Clause */
/* An outside port: finding it, setting it up, leaving it as it was found. Knows the driver's facts;
 * nothing of frames. Main thread, in the port's own namespace. */
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

	/* as port_plan wants them */
	uint16_t rx_queues, tx_queues;
	bool can_spread; /* over its rx queues, so that rx queue i has what worker i owns */
};

/* Take the port that the EAL made as its `number`th, from 0 on, and look at it. -ENODEV: there is none;
 * refused too: an interface that the kernel itself would answer on or that is down. 0, -errno with
 * `why` (PORT_WHY_BYTES). */
int port_open(struct port *port, unsigned number, char *why, size_t why_bytes);

/* Choose queues for so many workers; nothing is set up yet. After port_open. 0, -errno with `why`. */
int port_plan(struct port *port, uint32_t workers, char *why, size_t why_bytes);

/* Frame buffers for these ports, the TAP and the rings between lcores. NULL with `why`. */
struct rte_mempool *port_pool_make(const struct port *ports, uint32_t count, uint32_t workers,
	uint16_t mtu, char *why, size_t why_bytes);

/* Set up so many queues each way; no offloads are asked for, but for spreading with the key of rss_seed
 * (steer.h; 0: no spreading). 0, -errno with `why`. The TAP uses it too. */
int port_configure(uint16_t id, uint16_t rx_queues, uint16_t tx_queues, uint16_t rss_seed,
	struct rte_mempool *pool, char *why, size_t why_bytes);

/* From here on frames arrive. 0, -errno with `why`. */
int port_start(struct port *port, uint16_t rss_seed, uint32_t workers, char *why, size_t why_bytes);

/* Stop, close and put back what we or the driver changed of the interface. Fine on a zeroed or a
 * half-opened port. */
void port_close(struct port *port);
