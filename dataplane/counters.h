/* SPDX-License-Identifier: BSD-3-Clause */
/* The counters of one lcore: the fate of every frame. One writer; others read each number with a
 * relaxed atomic load. They only go up, but for `held`. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/blame.h"
#include "dataplane/cause.h"
#include "dataplane/signature.h"

enum direction {
	DIRECTION_IN,  /* port to TAP */
	DIRECTION_OUT, /* TAP to port */
	DIRECTIONS
};

/* On one lcore received + taken_over = forwarded + answered + consumed + held + dropped + passed_on. Over
 * all lcores what was passed on and not taken over is held, too, and the two are not told:
 * received = forwarded + answered + consumed + held + dropped. */
struct fates {
	uint64_t received;  /* frames taken from the port or the TAP */
	uint64_t forwarded; /* given to the other side */
	uint64_t answered;  /* not passed on; reset instead */
	uint64_t consumed;  /* taken by the edge itself */
	uint64_t held;      /* wait for the other side to take them */
	uint64_t dropped;
	uint64_t bytes;      /* forwarded */
	uint64_t made;       /* frames made here and sent in this direction; not among the others */
	uint64_t passed_on;  /* to another lcore of ours */
	uint64_t taken_over; /* from another lcore of ours */
};

struct partner_counters {
	uint64_t packets_in, bytes_in;
	uint64_t packets_out, bytes_out;
	uint64_t flows_opened;
	uint64_t refused; /* connections reset by us */
} __attribute__((aligned(64)));

/* All are numbers of 64 bits down to `partners`: they are added up as such over lcores. */
struct counters {
	uint64_t generation; /* of the rules in force */
	struct fates fates[DIRECTIONS];
	uint64_t dropped[CAUSE_COUNT];
	uint64_t refused[CAUSE_COUNT];
	uint64_t spoken[SPOKEN_COUNT]; /* what those spoke who were refused as wrong_protocol */
	uint64_t late;                /* refusals that the clock or a verdict caused, not a frame */
	uint64_t resets_lost;         /* that could not be made or sent */
	uint64_t copies_lost;         /* of frames for several ports, likewise */
	uint64_t claims_contradicted; /* stream headers from another partner than the source's */
	uint64_t verdicts_taken;      /* about connections */
	uint64_t verdicts_unmatched;  /* about connections that are not there */
	struct partner_counters *partners; /* by slot */
	struct blame *blame;               /* whom dropped and refused are about */
};

static_assert(sizeof(struct partner_counters) == 64, "one cache line on the fast path");

/* Does every received frame have one fate, and every drop and refusal one cause? Of one lcore, by its
 * thread between turns, or of all together while none runs. */
bool report_balance(const struct counters *counters);
