/* SPDX-License-Identifier: BSD-3-Clause */
/* Whose turn it is where few serve many. */
#include "control/turns.h"

static void side_init(struct turns_side *side, uint32_t served_max)
{
	*side = (struct turns_side){.served_max = served_max};
	TAILQ_INIT(&side->order);
	for (uint32_t i = 0; i < TURNS_LINES; i++)
		TAILQ_INIT(&side->lines[i].waiting);
}

void turns_init(struct turns *turns, uint32_t servers)
{
	side_init(&turns->strangers, servers > 1 ? servers - 1 : 1);
	side_init(&turns->partners, servers > 1 ? servers : 1);
	turns->in_a_row = 0;
}

static struct turns_side *side_of(struct turns *turns, const struct origin *origin)
{
	return origin_is_stranger(origin->class) ? &turns->strangers : &turns->partners;
}

static struct turns_line *line_of(struct turns_side *side, const struct origin *origin)
{
	return &side->lines[origin->key % TURNS_LINES];
}

bool turns_join(
	struct turns *turns, struct turn *turn, const struct origin *origin, struct mono now)
{
	struct turns_side *side = side_of(turns, origin);
	struct turns_line *line = line_of(side, origin);

	if (turns->strangers.waiting + turns->partners.waiting >= TURNS_MAX ||
		(side == &turns->strangers && side->waiting >= TURNS_STRANGERS_MAX)) {
		side->refused++;
		return false;
	}
	turn->origin = *origin;
	turn->since = now;
	if (TAILQ_EMPTY(&line->waiting))
		TAILQ_INSERT_TAIL(&side->order, line, next);
	TAILQ_INSERT_TAIL(&line->waiting, turn, next);
	side->waiting++;
	return true;
}

void turns_leave(struct turns *turns, struct turn *turn)
{
	struct turns_side *side = side_of(turns, &turn->origin);
	struct turns_line *line = line_of(side, &turn->origin);

	TAILQ_REMOVE(&line->waiting, turn, next);
	if (TAILQ_EMPTY(&line->waiting))
		TAILQ_REMOVE(&side->order, line, next);
	side->waiting--;
}

static bool may_serve(const struct turns_side *side)
{
	return side->waiting > 0 && side->served_now < side->served_max;
}

static struct turns_side *side_next(struct turns *turns)
{
	bool stranger = may_serve(&turns->strangers);

	if (!may_serve(&turns->partners)) {
		turns->in_a_row = 0;
		return stranger ? &turns->strangers : NULL;
	}
	if (!stranger) {
		turns->in_a_row = 0;
		return &turns->partners;
	}
	if (turns->in_a_row < TURNS_PARTNERS_IN_A_ROW) {
		turns->in_a_row++;
		return &turns->partners;
	}
	turns->in_a_row = 0;
	return &turns->strangers;
}

struct turn *turns_next(struct turns *turns, struct mono now)
{
	struct turns_side *side = side_next(turns);
	struct turns_line *line;
	struct turn *turn;
	uint64_t waited_ns;

	if (!side)
		return NULL;
	line = TAILQ_FIRST(&side->order);
	turn = TAILQ_FIRST(&line->waiting);
	turns_leave(turns, turn);
	/* Whoever else is in this line waits for all other lines. */
	if (!TAILQ_EMPTY(&line->waiting)) {
		TAILQ_REMOVE(&side->order, line, next);
		TAILQ_INSERT_TAIL(&side->order, line, next);
	}
	waited_ns = now.ns > turn->since.ns ? now.ns - turn->since.ns : 0;
	side->waited_ns += waited_ns;
	if (waited_ns > side->longest_ns)
		side->longest_ns = waited_ns;
	side->served_now++;
	side->served++;
	return turn;
}

void turns_over(struct turns *turns, const struct origin *origin)
{
	side_of(turns, origin)->served_now--;
}
