/* SPDX-License-Identifier: BSD-3-Clause */
/* What one worker knows, and the fates of frames. Every frame ends in exactly one of the functions
 * below, which take it over and count it. The worker's thread only. */
#pragma once

#include "dataplane/budget.h"
#include "dataplane/cookie.h"
#include "dataplane/counters.h"
#include "dataplane/crossing.h"
#include "dataplane/exception.h"
#include "dataplane/expect.h"
#include "dataplane/flow.h"
#include "dataplane/gather.h"
#include "dataplane/inquiry.h"
#include "dataplane/inspect/tls_hello.h"
#include "dataplane/ledger.h"
#include "dataplane/legs.h"
#include "dataplane/limiter.h"
#include "dataplane/outlet.h"
#include "dataplane/packet.h"
#include "dataplane/police.h"
#include "dataplane/stray.h"
#include "dataplane/syn_shape.h"
#include "dataplane/tables.h"
#include "dataplane/verdict.h"
#include "dataplane/worker.h"

/* One queue that this worker asks. */
struct poll {
	uint16_t port_id, queue_id;
	uint32_t leg;
};

/* The last endpoint that was asked for: a flood has one target. */
struct service_asked {
	uint32_t serial; /* of the edge, then; 0: nothing was */
	uint16_t port;
	uint8_t family;
	bool found;
	enum filter_protocol protocol;
	uint8_t address[16];
};

/* A shape that SYNs had of late, by one leg, for a service of the rules as they were at `serial`. */
struct shape_known {
	struct syn_shape shape;
	uint32_t serial; /* of the edge, then; 0: none */
	uint32_t leg;
	uint64_t
		slot; /* of the cookies' time, for which this is the last word of what is sealed: */
	uint64_t last_word;
};

enum { POLLS_MAX = LEGS_MAX * STEER_WORKERS_MAX, SHAPES_KNOWN = 4 };

struct edge {
	/* of this turn */
	struct mono now;
	const struct tables *tables; /* NULL: no rules yet */

	uint32_t number; /* among the workers, and among the readers of tables */
	struct worker_config config;
	uint32_t frame_max; /* bytes: of the longest frame that ports and TAP send */
	uint16_t mtu;       /* of ports and TAP */
	bool unattended;    /* nobody would accept a connection; set by other threads, atomically */
	bool held_back;     /* connections wait in gathers for somebody who accepts them */

	/* to and from outside */
	struct legs *legs; /* of all workers */
	struct outlet to_legs[LEGS_MAX];
	struct poll polls[POLLS_MAX];
	uint32_t poll_count;

	/* to and from the TAP: with an lcore of its own, or as part of this worker's turn */
	struct exception *exception; /* NULL: the former */
	struct crossing to_ferry;
	struct rte_ring *from_ferry; /* theirs to free */

	/* to and from the workers that own what others receive */
	struct crossing to_workers[STEER_WORKERS_MAX];
	struct rte_ring *from_workers[STEER_WORKERS_MAX]; /* theirs to free */

	/* mode reqsk: handshakes that are answered here */
	struct cookie_jar cookies;
	struct hash_secret secret; /* of whom the answers go to */
	struct budget *answers;
	struct stray_table *strays;
	struct shape_known shapes[SHAPES_KNOWN];
	uint32_t shape_last; /* that a SYN had */

	struct flow_table flows;
	struct gather_pool gathers;
	struct expect_table expects;
	struct verdicts verdicts;
	uint32_t serial; /* of what sources are judged by: tables and blocks; never 0 in use */
	uint32_t tables_serial; /* of the tables that serial stands for */
	uint32_t sweep_left;    /* flows not yet held against new rules or a new block */
	struct police police;
	struct limiter limiter;
	struct counters counters;
	struct inquiry inquiry; /* of another thread */
	struct mono next_tick;  /* when expiry goes on */
	struct service_asked service_asked;
	uint8_t scratch[TLS_HELLO_SCRATCH_BYTES];
};

/* A received frame on its way through the stages. */
struct frame {
	struct rte_mbuf *m;
	enum direction direction;
	uint8_t leg;          /* from outside: by which it came; else LEG_NONE */
	uint8_t number;       /* in its burst */
	struct packet packet; /* offsets are those of the frame as received */
	struct tuple key;     /* TCP, ICMP error: of the flow it belongs to */
	uint32_t hash;        /* of key */
	struct flow *flow;    /* or NULL */
	uint64_t source;      /* mode reqsk: of a SYN, its budget's (budget.h) */
	bool parsed;          /* packet is filled */
	/* Whose it is when its flow does not say so; FRAME_OF_ANYBODY: not looked up. */
	uint32_t partner_slot;
};

#define FRAME_OF_ANYBODY UINT32_MAX

static inline struct view frame_bytes(const struct frame *f)
{
	return view_make(rte_pktmbuf_mtod(f->m, const uint8_t *), rte_pktmbuf_data_len(f->m));
}

void edge_drop(struct edge *edge, struct frame *f, enum cause cause);
/* The same of a frame that nobody has looked at. */
void edge_lose(struct edge *edge, struct rte_mbuf *m, enum direction direction, enum cause cause);
/* It was answered with RST instead. */
void edge_answered(struct edge *edge, struct frame *f, enum cause cause);
/* A connection was refused without a frame. */
void edge_refused_late(struct edge *edge, const struct flow *flow, enum cause cause);
/* On to the kernel, its tag taken off. With a flow: marked, and counted for the partner. */
void edge_to_tap(struct edge *edge, struct frame *f);
/* Out to its flow's remote, with the tag of the flow; without a flow to the neighbour that it is for,
 * with the tag of the port. */
void edge_to_port(struct edge *edge, struct frame *f);

/* The leg that leads to a flow's remote, as far as is known: else the one where `neighbour` was heard
 * last, else the first. */
uint32_t edge_leg(
	const struct edge *edge, const struct flow *flow, const uint8_t neighbour[static 6]);
/* Queue a frame of a flow, or of none, for the kernel. CAUSE_none; else it stays the caller's. */
enum cause edge_put_tap(struct edge *edge, struct rte_mbuf *m, const struct flow *flow, bool made);
/* Queue a frame for a leg, as it is. False if there is no room: it stays the caller's. */
static inline bool edge_put_leg(struct edge *edge, struct rte_mbuf *m, uint32_t leg, bool made)
{
	return outlet_put(&edge->to_legs[leg], m, made);
}
/* The way back to the remote is the way its frames come. */
void edge_learn_link(struct edge *edge, struct flow *flow, const struct frame *f);

/* Will so many more frames find room, on each way? */
bool edge_has_room(const struct edge *edge, uint32_t frames);

/* Is this one of our services? As tables_service; the last answer is kept. */
static inline bool edge_service(
	struct edge *edge, const struct tuple *to, enum filter_protocol *protocol)
{
	struct service_asked *last = &edge->service_asked;

	if (last->serial != edge->serial || last->port != to->dst_port ||
		last->family != to->family || memcmp(last->address, to->dst, 16) != 0) {
		last->found = tables_service(
			edge->tables, to->family, to->dst, to->dst_port, &last->protocol);
		last->serial = edge->serial;
		last->port = to->dst_port;
		last->family = to->family;
		memcpy(last->address, to->dst, 16);
	}
	*protocol = last->protocol;
	return last->found;
}

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
	edge_drop(edge, f, cause);
	return false;
}

/* Would nobody accept a connection? */
static inline bool edge_is_unattended(const struct edge *edge)
{
	return __atomic_load_n(&edge->unattended, __ATOMIC_RELAXED);
}

/* Forget what was gathered of a flow. */
void edge_gather_close(struct edge *edge, struct flow *flow);
