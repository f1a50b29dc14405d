/* SPDX-License-Identifier: BSD-3-Clause */
/* Whose turn it is where few serve many: partners before strangers, but not alone, and on either side
 * one network or partner after the other, however many of their own wait. Bounded; strangers can take
 * up only a part of the places, and keep only a part of those who serve busy. Pure; the caller
 * locks. */
#pragma once

#include <sys/queue.h>

#include "control/origin.h"
#include "rules/base/clock.h"

enum {
	TURNS_MAX = 4096,           /* that wait */
	TURNS_STRANGERS_MAX = 1024, /* of them strangers */
	TURNS_PARTNERS_IN_A_ROW =
		7,        /* partners served while a stranger waits that could be served */
	TURNS_LINES = 64, /* of each side: those who share a line by chance share its turn */
};

/* Somebody who waits; the caller's memory. */
struct turn {
	TAILQ_ENTRY(turn) next;
	struct origin origin;
	struct mono since;
};

TAILQ_HEAD(turn_list, turn);

struct turns_line {
	struct turn_list waiting;
	TAILQ_ENTRY(turns_line) next;
};

struct turns_side {
	struct turns_line lines[TURNS_LINES];
	TAILQ_HEAD(, turns_line) order; /* lines with somebody in them; the first is next */
	uint32_t waiting, served_now;
	uint32_t served_max; /* at the same time */
	uint64_t served;     /* turns that came */
	uint64_t waited_ns;  /* by them, together ... */
	uint64_t longest_ns; /* ... and at most */
	uint64_t refused;
};

struct turns {
	struct turns_side strangers, partners;
	uint32_t in_a_row; /* partners since a stranger had to wait */
};

/* For so many who serve, at least one. With more than one, one of them is never a stranger's. */
void turns_init(struct turns *turns, uint32_t servers);
/* Wait from now on. False: there is no place. */
bool turns_join(
	struct turns *turns, struct turn *turn, const struct origin *origin, struct mono now);
/* Wait no longer. */
void turns_leave(struct turns *turns, struct turn *turn);
/* Whose turn it is, who waits no longer and is being served; NULL: nobody's. */
struct turn *turns_next(struct turns *turns, struct mono now);
/* Somebody of this origin has been served. */
void turns_over(struct turns *turns, const struct origin *origin);
