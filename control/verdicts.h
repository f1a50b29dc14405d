/* SPDX-License-Identifier: BSD-3-Clause */
/* What the dataplane is to be told of sources, domains and connections: the blocks of operators, kept
 * in the state directory, and whose a connection was proven to be. All of it goes through one queue,
 * in order; after each hello the blocks are said again. Loop thread only. */
#pragma once

#include "control/blocks.h"
#include "control/filter_client.h"
#include "control/generation.h"

struct verdicts;

/* Takes up the blocks in the directory (NULL: nothing is kept). A file that cannot be read is a
 * warning: what it held is not in force. NULL without memory. */
struct verdicts *verdicts_new(
	struct loop *loop, struct generation *generation, const char *directory);
/* After filter_client_free. Accepts NULL. */
void verdicts_free(struct verdicts *verdicts);
/* Other rules are in force. Blocks of operators stay as they are. */
void verdicts_adopt(struct verdicts *verdicts, struct generation *generation);
/* The channel to say it on; NULL: there is none any more. */
void verdicts_connect(struct verdicts *verdicts, struct filter_client *filter);

/* The dataplane is there (again): say all blocks. Whoever proved partners says them after this. */
void verdicts_ready(struct verdicts *verdicts);
/* The partner of this id is proven on this connected socket, by this name: its domain, or one below.
 * PARTNER_NONE: a domain that no rule names. */
void verdicts_proven(struct verdicts *verdicts, int fd, uint32_t partner_id, struct view domain);
/* The same, but for now this partner is suspicious. */
void verdicts_suspicious(
	struct verdicts *verdicts, int fd, uint32_t partner_id, struct view domain);
enum { VERDICTS_SUSPECTS_MAX = 1000 };
/* These partners, at most so many, are suspicious from now on, or are not any more; anew: of those before
 * nobody is. After verdicts_ready all of them are to be said, anew. */
void verdicts_suspects(struct verdicts *verdicts, const uint32_t *partner_ids, uint32_t count,
	bool suspicious, bool anew);
/* Have what was proven of this partner's connections said again, as what it is now. */
void verdicts_say_again(struct verdicts *verdicts, uint32_t partner_id);
/* Likewise of a domain that is no partner's. */
void verdicts_say_again_of(struct verdicts *verdicts, struct view domain);
/* Runs after a domain was blocked: whoever proved partners says them again, since the dataplane
 * does not remember by which names they were proven. */
typedef void verdicts_again_h(void *arg);
void verdicts_on_block(struct verdicts *verdicts, verdicts_again_h *again, void *arg);

/* What became of an operator's wish: error is NULL or says what is wrong; note, when it was done, is
 * NULL or says what else is to be known. Runs once; inside
 * the call only when nothing can be queued. */
typedef void verdict_done_h(void *arg, const char *error, const char *note);

/* What an operator asks for, checked and canonical; see block_read_target. False with why. */
bool verdicts_check(const struct verdicts *verdicts, struct view what, bool subtree,
	struct operator_block *out, char *why, size_t why_bytes);
/* Block it for so long; what it says replaces what was said of the same target. */
void verdicts_block(struct verdicts *verdicts, const struct operator_block *block, uint32_t seconds,
	verdict_done_h *done, void *arg);
void verdicts_unblock(struct verdicts *verdicts, const struct operator_block *block,
	verdict_done_h *done, void *arg);
/* Does a block of an operator hold for this domain? */
bool verdicts_blocks_domain(const struct verdicts *verdicts, struct view domain);
/* The operators' blocks that hold. */
uint32_t verdicts_count(const struct verdicts *verdicts);
