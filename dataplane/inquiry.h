/* SPDX-License-Identifier: BSD-3-Clause */
/* One connection, asked of the worker that owns it. Another thread may not search the worker's hash,
 * so it leaves the key here, and the worker answers at its next turn with copies of all it knows: one
 * load a turn while nobody asks. One thread asks at a time. */
#pragma once

#include <rte_branch_prediction.h>

#include "dataplane/flow.h"

struct edge;

enum { INQUIRY_LIMITS_MAX = 2, INQUIRY_WAIT_MS = 250 };

/* What a rate has left for this connection: what all workers share, and what its own has leased. */
struct inquiry_rate {
	uint64_t per_s, burst, left;
};

/* Of the partner, of a prefix of unknown sources, or of a domain that no rule names. */
struct inquiry_limits {
	uint8_t prefix_bits; /* 0: of the partner, or of the domain that was proven */
	bool by_domain;      /* then those of a prefix are of all such domains there */
	uint32_t open, most; /* connections; of all such domains there is no most */
	struct inquiry_rate rates[RATE_KINDS];
};

struct inquiry_answer {
	bool found;
	struct flow flow;
	struct mono now;         /* of the worker */
	uint32_t gathered_bytes; /* first bytes that are kept */
	uint32_t gathered_segments;
	uint64_t gather_left_ms;
	uint32_t limits_count; /* 0 without rules */
	struct inquiry_limits limits[INQUIRY_LIMITS_MAX];
	bool announced; /* not found, but expected to be opened */
};

struct inquiry {
	struct tuple key;
	struct inquiry_answer answer;
	uint32_t asked; /* the asker counts up */
	uint32_t
		answered; /* the worker follows: what lies between is the worker's while they differ */
};

/* key as flows have it. Waits at most INQUIRY_WAIT_MS. 0 with *out; -ETIMEDOUT: the worker takes no
 * turns; -EBUSY: it still owes the answer to a question before. */
int inquiry_ask(struct inquiry *inquiry, const struct tuple *key, struct inquiry_answer *out);

void inquiry_answer(struct edge *edge, struct inquiry *inquiry);

/* The worker, once a turn. */
static inline void inquiry_turn(struct edge *edge, struct inquiry *inquiry)
{
	if (unlikely(__atomic_load_n(&inquiry->asked, __ATOMIC_ACQUIRE) != inquiry->answered))
		inquiry_answer(edge, inquiry);
}
