/* SPDX-License-Identifier: BSD-3-Clause */
/* First bytes of connections, gathered in order until a reader has seen enough. A fixed pool: when
 * it is empty, nobody else's bytes are thrown away, and no source can empty it alone. Knows bytes and deadlines, nothing of what they
 * say or of sequence numbers. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "rules/base/clock.h"
#include "rules/base/view.h"

enum {
	GATHER_MAX_BYTES = 8192,
	GATHER_MAX_SEGMENTS = 8,
	GATHER_MAX_PER_SOURCE = 64,
	GATHER_SOURCES = 4096, /* sources that are told apart: more of them share a number */
	GATHER_MAX_MS = 5000,  /* from the first byte on, and once more when it is renewed */
	GATHER_AGAIN_MS = 250, /* between two times that it is due */
};

#define GATHER_NONE UINT32_MAX

struct gather {
	uint8_t bytes[GATHER_MAX_BYTES];
	struct mono deadline;
	struct mono again;      /* when it is due; if waits */
	uint32_t owner;         /* the caller's: number of the flow */
	uint32_t source;        /* whose it is, below GATHER_SOURCES */
	uint32_t len;           /* bytes */
	uint32_t segments;      /* that brought them */
	uint32_t older, newer;  /* neighbours by deadline; newer links the free ones */
	uint32_t sooner, later; /* neighbours by `again` */
	bool waits;             /* is among those */
	/* The caller's, like owner: what the connection's last segment said besides bytes. */
	bool fin;               /* nothing comes behind the bytes */
	bool waits_for_control; /* enough came, and nobody is there to accept it */
	uint8_t stale;          /* how often somebody else answered in its place */
	uint16_t window;        /* of the remote, as on the wire */
};

struct gather_pool {
	struct gather *all;
	uint32_t capacity, used;
	uint32_t free, oldest, newest;
	uint32_t next, last;           /* of those that will be due */
	uint16_t held[GATHER_SOURCES]; /* by source */
};

/* From DPDK's heap. 0, -ENOMEM. */
int gather_pool_init(struct gather_pool *pool, uint32_t capacity);
void gather_pool_fini(struct gather_pool *pool);

/* Would gather_open give one to this source? */
bool gather_may_open(const struct gather_pool *pool, uint32_t source_hash);
/* An empty one whose time runs from now; GATHER_NONE if there is none, or the source has its share.
 * source_hash: keyed, of whom the bytes come from. */
uint32_t gather_open(
	struct gather_pool *pool, uint32_t owner, uint32_t source_hash, struct mono now);
/* Its time runs anew from now. */
void gather_renew(struct gather_pool *pool, uint32_t index, struct mono now);
void gather_close(struct gather_pool *pool, uint32_t index);

static inline struct gather *gather_at(struct gather_pool *pool, uint32_t index)
{
	return &pool->all[index];
}

/* Add as many of the bytes as fit and return how many that were; counts one segment. */
uint32_t gather_append(struct gather *gather, struct view bytes);

/* Do the bytes say the same as what was gathered from `offset` on? What reaches past either end is
 * not compared. */
bool gather_agrees(const struct gather *gather, uint32_t offset, struct view bytes);

/* The oldest one, or the next younger; GATHER_NONE: there is none. */
static inline uint32_t gather_oldest(const struct gather_pool *pool)
{
	return pool->oldest;
}

static inline uint32_t gather_younger(const struct gather_pool *pool, uint32_t index)
{
	return pool->all[index].newer;
}

/* The oldest one if its time is over, else GATHER_NONE. */
uint32_t gather_late(const struct gather_pool *pool, struct mono now);

/* Let it be due in GATHER_AGAIN_MS, instead of when it was to be. */
void gather_again(struct gather_pool *pool, uint32_t index, struct mono now);
/* The one that has been due longest, or GATHER_NONE; it stays so until gather_again or its end. */
uint32_t gather_due(const struct gather_pool *pool, struct mono now);
