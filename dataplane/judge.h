/* SPDX-License-Identifier: BSD-3-Clause */
/* What verdicts, and new rules, do to connections: to those that exist, in the turn in which they are
 * taken, and to those that begin. The worker's thread only. */
#pragma once

#include "dataplane/edge.h"

/* Other rules are in force: the connections of what they block are reset in the turns that follow, those
 * whose sequence numbers nobody knows yet at their next segment. */
void judge_rules_changed(struct edge *edge);
/* Take what was said since the last turn. A block resets the connections that it is about, those
 * whose sequence numbers nobody knows yet at their next segment. */
void judge_turn(struct edge *edge);
/* Forget what has expired, a little at a time. */
void judge_expire(struct edge *edge);

/* Is this source, or the partner whose it is (slot 0: nobody's), blocked by a verdict now? */
bool judge_blocks(const struct edge *edge, uint8_t family, const uint8_t address[static 16],
	uint32_t partner_slot);
/* Is this domain, or one above it with its subtree? */
bool judge_blocks_name(const struct edge *edge, struct view domain);
