/* SPDX-License-Identifier: BSD-3-Clause */
/* The short way of a SYN, in mode reqsk: one that asks for nothing but an answer gets it without being
 * parsed, looked up and judged stage by stage. Frames of a flood are all alike, so what is asked of
 * one is asked of the whole burst at once.
 *
 * Only SYNs go this way of which it is certain that the stages would answer them, and how: the answer
 * is the same to the bit, and so are counters and budgets. Whatever is unusual (plain_syn.h), is
 * refused, or may belong to a connection, goes through the stages and is judged there. */
#pragma once

#include "dataplane/edge.h"
#include "dataplane/plain_syn.h"

/* A SYN for a service of ours. */
struct syn {
	struct plain_syn said;
	const struct syn_shape *shape; /* with which it was read; or NULL */
	struct rte_mbuf *m;
	uint32_t trace; /* of its tuple among flows */
	uint32_t partner_slot;
	uint8_t lane;   /* among those of its family */
	uint8_t leg;    /* by which it came */
	uint8_t before; /* so many other frames of the burst came before it */
	bool refused;   /* its source is, or may be: the stages know */
};

/* Those of one family. */
struct syn_lanes {
	uint32_t count;
	uint32_t cookies[LANES_MAX];
	struct source sources[LANES_MAX];
	struct lanes words; /* of cookies */
};

/* Those of a burst. */
struct syns {
	uint32_t count;
	uint32_t next; /* to be answered */
	bool shaped;   /* a shape is in use, or new */
	struct syn list[WORKER_BURST];
	uint64_t budgets[LANES_MAX]; /* whose they ask (budget.h) */
	struct lanes budget_words;
	struct syn_lanes ipv4, ipv6;
	uint32_t remotes4[LANES_MAX]; /* as numbers */
	uint8_t remotes6[LANES_MAX][16];
};

/* Take out of a burst the SYNs that may go the short way; the others stay, in front and in order, and
 * their number is returned. leg: by which the frames came, or BURST_LEG_OF_FRAME. */
uint16_t syns_take(struct edge *edge, struct syns *syns, struct rte_mbuf **frames, uint16_t count,
	uint32_t leg);

/* Answer those that came before the other frame of this number. NULL: done. Else one that has to go
 * through the stages first, untouched; to be called again. */
const struct syn *syns_answer(struct edge *edge, struct syns *syns, uint32_t number);
