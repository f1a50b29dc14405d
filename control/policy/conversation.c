/* SPDX-License-Identifier: BSD-3-Clause */
/* Which of our users talk with whom just now: sets of a few places, in which the one that was silent for
 * longest makes room. */
#include "control/policy/conversation.h"

#include <stdlib.h>

enum { WAYS = 4, SETS = CONVERSATIONS_MAX / WAYS };

struct conversation {
	uint64_t pair; /* hash of both */
	struct mono last;
	bool used;
};

struct conversations {
	struct siphash_key key;
	struct conversation sets[SETS][WAYS];
};

struct conversations *conversations_new(struct siphash_key key)
{
	struct conversations *all = calloc(1, sizeof(*all));

	if (all)
		all->key = key;
	return all;
}

void conversations_free(struct conversations *all)
{
	free(all);
}

/* Two hashes, so that no other two addresses look the same written one behind the other. */
static uint64_t pair_of(const struct conversations *all, struct view ours, struct view theirs)
{
	const uint64_t both[] = {
		siphash(&all->key, ours.p, ours.len), siphash(&all->key, theirs.p, theirs.len)};

	return siphash(&all->key, both, sizeof(both));
}

/* The one under way, or NULL. */
static struct conversation *find(struct conversations *all, uint64_t pair, struct mono now)
{
	struct conversation *set = all->sets[pair % SETS];

	for (int i = 0; i < WAYS; i++)
		if (set[i].used && set[i].pair == pair)
			return mono_since_ms(now, set[i].last) < CONVERSATION_PAUSE_MS ? &set[i]
										       : NULL;
	return NULL;
}

static struct conversation *place_for(struct conversations *all, uint64_t pair)
{
	struct conversation *set = all->sets[pair % SETS];
	struct conversation *oldest = set;

	for (int i = 0; i < WAYS; i++) {
		if (!set[i].used || set[i].pair == pair)
			return &set[i];
		if (set[i].last.ns < oldest->last.ns)
			oldest = &set[i];
	}
	return oldest;
}

bool conversation_begins(
	struct conversations *all, struct view ours, struct view theirs, struct mono now)
{
	uint64_t pair = pair_of(all, ours, theirs);
	struct conversation *c = find(all, pair, now);

	if (c) {
		c->last = now;
		return false;
	}
	*place_for(all, pair) = (struct conversation){pair, now, true};
	return true;
}

void conversation_end(struct conversations *all, struct view ours, struct view theirs)
{
	uint64_t pair = pair_of(all, ours, theirs);
	struct conversation *set = all->sets[pair % SETS];

	for (int i = 0; i < WAYS; i++)
		if (set[i].used && set[i].pair == pair)
			set[i].used = false;
}

void conversation_goes_on(
	struct conversations *all, struct view ours, struct view theirs, struct mono now)
{
	struct conversation *c = find(all, pair_of(all, ours, theirs), now);

	if (c)
		c->last = now;
}
