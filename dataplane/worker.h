/* SPDX-License-Identifier: BSD-3-Clause */
/* The burst loop of one worker: ports to TAP and back, stage by stage. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <rte_mempool.h>

#include "bpf/abi.h"
#include "dataplane/legs.h"
#include "dataplane/pace.h"
#include "rules/base/clock.h"
#include "rules/base/siphash.h"

enum {
	WORKER_BURST = 32,
	WORKER_FLOWS_DEFAULT = 64 * 1024,
	WORKER_FLOWS_MAX = 16 * 1024 * 1024,
	WORKER_GATHERS_DEFAULT = 1024, /* first bytes gathered at once: 8 KiB each */
};

/* What all workers are to be like. */
struct worker_config {
	struct leg_config ports[LEGS_MAX]; /* outside, configured and started by the caller */
	uint32_t port_count;
	uint16_t tap_id;   /* TAP; queue 0 likewise */
	uint32_t workers;  /* how many; 0: one */
	bool apart;        /* the TAP has an lcore of its own; must be, for several workers */
	uint16_t rss_seed; /* of the key that all ports spread frames with; 0: they do not */
	struct rte_mempool *pool;       /* for frames made here */
	enum idle idle;                 /* what to do when there is nothing to do */
	int realtime_priority;          /* of who sleeps then, 0: none */
	enum handoff_mode handoff;      /* 0: syn */
	struct siphash_key cookie_seed; /* of all workers; the crew draws it */
	uint16_t mtu;                   /* of ports and TAP; 0: 1500 */
	uint32_t flow_capacity;         /* flows of all workers; 0: WORKER_FLOWS_DEFAULT */
	uint32_t gather_capacity;       /* of each worker; 0: WORKER_GATHERS_DEFAULT */
};

struct edge;
struct ledger;

/* Make worker `number`; its legs are filled in. For crew.c, like what follows but the last two.
 * 0, -ENOMEM, -EEXIST, -EINVAL, -EIO. */
int worker_init(struct edge *edge, uint32_t number, const struct worker_config *config,
	struct ledger *ledger);
/* The ports' ids are known: which queues are this worker's. */
void worker_open(struct edge *edge, const struct worker_config *config);
/* Fine after a worker_init that failed. */
void worker_fini(struct edge *edge);

/* Run until crew_stop. `edge` is a struct edge, after crew_open. For rte_eal_remote_launch, or to be
 * called directly. 0. */
int worker_run(void *edge);

/* One turn of the loop, `now` being the time of all that it does: for worker_run and for tests.
 * Returns the number of frames that it received or took over. */
uint32_t worker_step(struct edge *edge, struct mono now);
