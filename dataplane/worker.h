/* SPDX-License-Identifier: BSD-3-Clause */
/* The burst loop of one lcore: port to TAP and back, stage by stage. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <rte_mempool.h>

#include "rules/base/clock.h"

enum idle {
	IDLE_POLL,     /* never sleeps */
	IDLE_ADAPTIVE, /* sleeps at most 50 us after empty polls */
};

enum {
	WORKER_BURST = 32,
	WORKER_FLOWS_DEFAULT = 64 * 1024,
	WORKER_FLOWS_MAX = 16 * 1024 * 1024,
	WORKER_GATHERS_DEFAULT = 1024, /* first bytes gathered at once: 8 KiB each */
};

struct worker_config {
	uint16_t port_id;         /* outside; queue 0, configured and started by the caller */
	uint16_t tap_id;          /* TAP; queue 0 likewise */
	struct rte_mempool *pool; /* for frames made here: resets */
	enum idle idle;           /* what to do when there is nothing to do */
	uint16_t mtu;             /* of port and TAP; 0: 1500 */
	uint16_t vlan_id;         /* the port's tag; 0: none, or the one that comes in */
	uint32_t flow_capacity;   /* flows; 0: WORKER_FLOWS_DEFAULT */
	uint32_t gather_capacity; /* 0: WORKER_GATHERS_DEFAULT */
};

struct edge;

/* Make the state of the worker: flow table, counters, expectations. After rte_eal_init, before
 * flow_adopt, expect_add, report_* and worker_run; the ports may come later. 0, -ENOMEM, -EINVAL,
 * -EBUSY (there is one). Calls tables_setup. */
int worker_prepare(const struct worker_config *config);

/* Run until worker_stop. `config` is the struct worker_config given to worker_prepare, with its
 * ports started (port_id, tap_id, pool and idle are read again). For rte_eal_remote_launch, or to
 * be called directly. 0, -errno. */
int worker_run(void *config);

/* Is there a control plane that accepts connections? At first yes; while not, a SYN to a service is
 * answered with RST instead of being left without an answer. Any thread, after worker_prepare. */
void worker_attend(bool attended);

/* Ask the loop to end. Any thread, also a signal handler. */
void worker_stop(void);

/* Free the worker's state, after the loop has ended. */
void worker_finish(void);

/* One turn of the loop, `now` being the time of all that it does: for worker_run and for tests.
 * Returns the number of frames that it received. */
uint32_t worker_step(struct edge *edge, struct mono now);

/* The worker's state, or NULL before worker_prepare. */
struct edge *worker_edge(void);
