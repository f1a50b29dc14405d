/* SPDX-License-Identifier: BSD-3-Clause */
/* The kernel side: namespace, TAP, tc program and listeners, held together. All calls may come from
 * any thread; what must happen in the namespace happens in the thread that lives there. */
#pragma once

#include <jansson.h>

#include "bpf/abi.h"
#include "dataplane/adopt.h"
#include "dataplane/netns.h"
#include "dataplane/tap.h"

struct border_config {
	const char *netns; /* names, borrowed until border_close */
	const char *tap;
	struct rte_ether_addr mac; /* of the first port, for the TAP */
	uint16_t mtu;
	struct rte_mempool *pool;
	enum handoff_mode handoff; /* that works here */
};

/* Enter the namespace, check it and us (preflight.h: all that is wrong is logged), take the TAP, put
 * the tc program in front of it. On success *tap_id is the TAP as a DPDK port, started. 0, -errno with `why` (NETNS_WHY_BYTES). */
int border_open(const struct border_config *config, uint16_t *tap_id, char *why, size_t why_bytes);

/* Refill the flow table from the kernel's connections: adopt_run in the namespace. */
int border_adopt(const struct service_list *services, struct adopt_count *count, char *why,
	size_t why_bytes);

/* A listener that the control plane still holds; fd is taken over. As listener_offer. */
int border_offer(const struct ip_address *address, uint16_t port, int fd);

/* Have a listener for each service and no other, let the tc program know them, and copy the
 * descriptors, which stay ours, in the order of the services. 0, -errno with `why`. */
int border_listeners(const struct service_list *services, int fds[static SERVICES_MAX], char *why,
	size_t why_bytes);

/* Close all listeners. */
void border_silence(void);

/* Frames from the TAP by fate and what the kernel's queues behind it count since border_open:
 * {"passed": {name: N}, "dropped": {name: N}, "sockets": {name: N}} (netstat.h; left out if it cannot
 * be read); a new reference, NULL if the fates cannot be read. */
json_t *border_counters(void);

/* Detach the program, close listeners and TAP, end the thread. Fine if nothing is open. The worker
 * must have ended. */
void border_close(void);
