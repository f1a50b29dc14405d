/* SPDX-License-Identifier: BSD-3-Clause */
/* What one worker knows, and the fates of frames. Every frame ends in exactly one of the functions
 * below, which take it over and count it. The worker's thread only. */
#pragma once

#include "dataplane/counters.h"
#include "dataplane/exception.h"
#include "dataplane/expect.h"
#include "dataplane/flow.h"
#include "dataplane/gather.h"
#include "dataplane/inspect/tls_hello.h"
#include "dataplane/ledger.h"
#include "dataplane/limiter.h"
#include "dataplane/outlet.h"
#include "dataplane/packet.h"
#include "dataplane/police.h"
#include "dataplane/tables.h"
#include "dataplane/verdict.h"
#include "dataplane/worker.h"

enum { EDGE_READER = 0 }; /* this worker's number among the readers of tables */

struct edge {
	/* of this turn */
	struct mono now;
	const struct tables *tables; /* NULL: no rules yet */

	/* of the port */
	struct worker_config config;
	bool has_mac;           /* false on ports without one (net_ring): all frames are ours */
	uint8_t mac[6];         /* of the port and of the TAP */
	uint8_t link_local[16]; /* the address that the TAP makes from it */
	uint32_t frame_max;     /* bytes: of the longest frame that both ports send */
	bool has_vlan;          /* the port's tag is known */
	uint16_t vlan_tci;

	bool unattended; /* nobody would accept a connection; set by other threads, atomically */

	struct outlet to_port;
	struct exception exception; /* to and from the TAP */
	struct ledger ledger;         /* what all workers have used */
	struct flow_table flows;
	struct gather_pool gathers;
	struct expect_table expects;
	struct verdicts verdicts;
	uint32_t serial; /* of what sources are judged by: tables and blocks; never 0 in use */
	uint32_t tables_serial; /* of the tables that serial stands for */
	uint32_t sweep_left;    /* flows that a new block has not been held against yet */
	struct police police;
	struct limiter limiter;
	struct counters counters;
	struct mono next_tick; /* when expiry goes on */
	uint8_t scratch[TLS_HELLO_SCRATCH_BYTES];
};

/* A received frame on its way through the stages. */
struct frame {
	struct rte_mbuf *m;
	enum direction direction;
	struct packet packet; /* offsets are those of the frame as received */
	struct tuple key;     /* TCP, ICMP error: of the flow it belongs to */
	uint32_t hash;        /* of key */
	struct flow *flow;    /* or NULL */
};

static inline struct view frame_bytes(const struct frame *f)
{
	return view_make(rte_pktmbuf_mtod(f->m, const uint8_t *), rte_pktmbuf_data_len(f->m));
}

void edge_drop(struct edge *edge, struct frame *f, enum cause cause);
/* The same because of a limit of this partner; 0: of a prefix that is nobody's. */
void edge_drop_limited(struct edge *edge, struct frame *f, enum cause cause, uint32_t partner_slot);
/* It was answered with RST instead. */
void edge_answered(struct edge *edge, struct frame *f, enum cause cause);
/* On to the kernel, its tag taken off. With a flow: marked, and counted for the partner. */
void edge_to_tap(struct edge *edge, struct frame *f);
/* Out of the port, with the tag of its flow, or without a flow that of the port. */
void edge_to_port(struct edge *edge, struct frame *f);

/* Is this one of our service addresses? */
static inline bool edge_owns(
	const struct edge *edge, uint8_t family, const uint8_t address[static 16])
{
	return tables_address(edge->tables, family, address);
}

/* True if the flow's limits let the frame pass; else it is dropped. Before anything that the frame
 * does to the flow: its sender will send it again. */
static inline bool edge_within_limits(struct edge *edge, struct frame *f)
{
	enum cause cause = limiter_pass(&edge->limiter, edge->tables, &edge->flows, f->flow,
		rte_pktmbuf_pkt_len(f->m), edge->now);

	if (likely(cause == CAUSE_none))
		return true;
	edge_drop_limited(edge, f, cause, f->flow->partner_slot);
	return false;
}

/* Forget what was gathered of a flow. */
void edge_gather_close(struct edge *edge, struct flow *flow);
