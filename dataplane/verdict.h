/* SPDX-License-Identifier: BSD-3-Clause */
/* What the control plane decided about sources, domains and single connections, on its way to the
 * workers: the thread that answers its questions says it, each worker takes it from rings of its own,
 * a block all of them, a word about a connection its owner. Knows nothing of frames. */
#pragma once

#include <rte_ring.h>

#include "dataplane/block.h"
#include "dataplane/partner.h"

enum {
	VERDICT_BLOCKS_WAITING = 256, /* said and not yet taken by a worker */
	VERDICT_FLOWS_WAITING = 4096,
	VERDICT_FLOWS_BURST = 64, /* taken in one turn */
	VERDICT_SECONDS_MAX = 31 * 24 * 3600,
};

/* A block begins or ends. */
struct verdict_order {
	struct block block;
	struct mono said; /* when */
	bool ends;
};

/* Whose one connection is. */
struct verdict_flow {
	struct tuple key; /* as flows have it: src is the remote, dst ours */
	uint32_t mark;    /* class verified or suspicious, and the partner */
	uint32_t partner_slot;
	uint32_t blocked; /* 1: the name that was proven is, though its partner may not be */
	uint64_t domain;  /* of no partner: a keyed hash of the name that was proven; 0: none was */
};

/* One worker's end. */
struct verdicts {
	uint32_t number;         /* of the worker */
	struct rte_ring *orders; /* of struct verdict_order */
	struct rte_ring *flows;  /* of struct verdict_flow */
	struct block_table blocks;
};

/* Worker `number`'s: 0 is the first to come and the last to go. 0, -ENOMEM, -EEXIST, -EIO. */
int verdicts_init(struct verdicts *verdicts, uint32_t number);
void verdicts_fini(struct verdicts *verdicts);

/* The thread of the questions, after crew_prepare, down to verdict_rules_changed. */

/* Block a source, a domain or a domain with all below it, or let a block end at another time. It is in force
 * at each worker's next turn. 0; -ENOSPC: there are too many; -EAGAIN: too many wait; -ENODEV: no
 * worker was prepared. */
int verdict_block(const struct block *block, struct mono now);
/* -ENOENT: there is no such block. Else as verdict_block. */
int verdict_unblock(const struct block_target *target, struct mono now);
/* key as struct verdict_flow has it; domain: the name that was proven, which may lie below the
 * partner's (empty: only the partner is known). Verified without a partner: the name is one that no rule names, and has
 * limits of its own. 0, -EAGAIN, -ENODEV. */
int verdict_say_flow(const struct tuple *key, uint32_t mark, struct view domain, struct mono now);
/* The blocks number offset .. offset + limit (at most BLOCK_PAGE_MAX) go to out; returns how many.
 * *total: all that hold now. */
uint32_t verdict_list(uint32_t offset, uint32_t limit, struct mono now,
	struct block out[static BLOCK_PAGE_MAX], uint32_t *total);
/* For how long a source is blocked still, in seconds rounded up; 0: it is not. */
uint64_t verdict_address_left_s(uint8_t family, const uint8_t address[static 16], struct mono now);
/* Names of partners may have come: those that a block is about are found anew. */
void verdict_rules_changed(struct mono now);

/* The worker. */
bool verdict_take_order(struct verdicts *verdicts, struct verdict_order *out);
uint32_t verdict_take_flows(
	struct verdicts *verdicts, struct verdict_flow out[static VERDICT_FLOWS_BURST]);
/* Is the domain of this partner blocked? slot 0 never is. */
bool verdict_blocks_partner(uint32_t slot, struct mono now);
