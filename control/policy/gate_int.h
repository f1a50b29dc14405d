/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files behind the gate share. */
#pragma once

#include "control/policy/conversation.h"
#include "control/policy/gate.h"
#include "control/policy/way.h"

enum { GATE_ADDRESS_BYTES = ADDRESS_PART_MAX_BYTES + 1 + DOMAIN_MAX_BYTES + 1 };

struct gate {
	struct loop *loop;
	struct usage *usage;       /* or NULL */
	struct contacts *contacts; /* or NULL */
	struct policy_clock clock;
	struct mono log_second; /* of which log_count lines were written */
	uint32_t log_count;
	struct watch *watch;
	struct conversations *conversations; /* that ours began, for disclaimers */
	struct conversations *notices;       /* in which ours was written to, for notices */
	way_h *way;                          /* or NULL */
	void *way_arg;
};

/* The time by which licences go. */
struct wall gate_now(struct gate *gate);
/* The bare address, in out. */
struct party gate_party(const struct address *address, char out[static GATE_ADDRESS_BYTES]);
enum { GATE_WHEN_BYTES = 64 };

/* Count it, and log it if it is not the eleventh in this second. when: ", since 2014-07-01", or "". line: of
 * the rules, 0: none. */
void gate_say_refused(struct gate *gate, struct view from, struct view to, const char *kind,
	enum reason reason, const char *when, unsigned line, uint64_t generation);
/* Our user has written to them, who are known as this (rename_known_as). */
void gate_remember(struct gate *gate, struct view ours, struct view theirs, struct wall now);
