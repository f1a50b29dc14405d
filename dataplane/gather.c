/* SPDX-License-Identifier: BSD-3-Clause */
/* First bytes of connections, gathered in order. */
#include "dataplane/gather.h"

#include <errno.h>

#include <rte_malloc.h>

int gather_pool_init(struct gather_pool *pool, uint32_t capacity)
{
	*pool = (struct gather_pool){.capacity = capacity,
		.oldest = GATHER_NONE,
		.newest = GATHER_NONE,
		.next = GATHER_NONE,
		.last = GATHER_NONE};
	pool->all = rte_malloc("gather", capacity * sizeof(*pool->all), RTE_CACHE_LINE_SIZE);
	if (!pool->all)
		return -ENOMEM;
	for (uint32_t i = 0; i < capacity; i++)
		pool->all[i].newer = i + 1 < capacity ? i + 1 : GATHER_NONE;
	pool->free = capacity ? 0 : GATHER_NONE;
	return 0;
}

void gather_pool_fini(struct gather_pool *pool)
{
	rte_free(pool->all);
	pool->all = NULL;
}

/* Everybody has the same time, so the last to come is the last to be late. */
static void gather_link(struct gather_pool *pool, uint32_t index, struct mono now)
{
	struct gather *g = &pool->all[index];

	g->deadline = mono_after_ms(now, GATHER_MAX_MS);
	g->older = pool->newest;
	g->newer = GATHER_NONE;
	if (pool->newest != GATHER_NONE)
		pool->all[pool->newest].newer = index;
	else
		pool->oldest = index;
	pool->newest = index;
}

static void gather_unlink(struct gather_pool *pool, uint32_t index)
{
	const struct gather *g = &pool->all[index];

	if (g->older != GATHER_NONE)
		pool->all[g->older].newer = g->newer;
	else
		pool->oldest = g->newer;
	if (g->newer != GATHER_NONE)
		pool->all[g->newer].older = g->older;
	else
		pool->newest = g->older;
}

bool gather_may_open(const struct gather_pool *pool, uint32_t source_hash)
{
	return pool->free != GATHER_NONE &&
	       pool->held[source_hash % GATHER_SOURCES] < GATHER_MAX_PER_SOURCE;
}

uint32_t gather_open(
	struct gather_pool *pool, uint32_t owner, uint32_t source_hash, struct mono now)
{
	uint32_t source = source_hash % GATHER_SOURCES;
	uint32_t index = pool->free;
	struct gather *g;

	if (!gather_may_open(pool, source_hash))
		return GATHER_NONE;
	g = &pool->all[index];
	pool->free = g->newer;
	pool->used++;
	pool->held[source]++;
	g->owner = owner;
	g->source = source;
	g->len = 0;
	g->segments = 0;
	g->waits = false;
	g->fin = false;
	g->waits_for_control = false;
	g->stale = 0;
	g->window = 0;
	gather_link(pool, index, now);
	return index;
}

void gather_renew(struct gather_pool *pool, uint32_t index, struct mono now)
{
	gather_unlink(pool, index);
	gather_link(pool, index, now);
}

/* Everybody waits for the same time, so the last to come is the last to be due. */
static void wait_no_more(struct gather_pool *pool, uint32_t index)
{
	struct gather *g = &pool->all[index];

	if (!g->waits)
		return;
	g->waits = false;
	if (g->sooner != GATHER_NONE)
		pool->all[g->sooner].later = g->later;
	else
		pool->next = g->later;
	if (g->later != GATHER_NONE)
		pool->all[g->later].sooner = g->sooner;
	else
		pool->last = g->sooner;
}

void gather_again(struct gather_pool *pool, uint32_t index, struct mono now)
{
	struct gather *g = &pool->all[index];

	wait_no_more(pool, index);
	g->waits = true;
	g->again = mono_after_ms(now, GATHER_AGAIN_MS);
	g->sooner = pool->last;
	g->later = GATHER_NONE;
	if (pool->last != GATHER_NONE)
		pool->all[pool->last].later = index;
	else
		pool->next = index;
	pool->last = index;
}

uint32_t gather_due(const struct gather_pool *pool, struct mono now)
{
	if (pool->next == GATHER_NONE || !mono_reached(now, pool->all[pool->next].again))
		return GATHER_NONE;
	return pool->next;
}

void gather_close(struct gather_pool *pool, uint32_t index)
{
	gather_unlink(pool, index);
	wait_no_more(pool, index);
	pool->held[pool->all[index].source]--;
	pool->all[index].newer = pool->free;
	pool->free = index;
	pool->used--;
}

uint32_t gather_append(struct gather *gather, struct view bytes)
{
	struct view fits = view_sub(bytes, 0, GATHER_MAX_BYTES - gather->len);

	memcpy(gather->bytes + gather->len, fits.p, fits.len);
	gather->len += fits.len;
	gather->segments++;
	return fits.len;
}

bool gather_agrees(const struct gather *gather, uint32_t offset, struct view bytes)
{
	struct view kept = view_sub(view_make(gather->bytes, gather->len), offset, bytes.len);

	return memcmp(kept.p, bytes.p, kept.len) == 0;
}

uint32_t gather_late(const struct gather_pool *pool, struct mono now)
{
	if (pool->oldest == GATHER_NONE || !mono_reached(now, pool->all[pool->oldest].deadline))
		return GATHER_NONE;
	return pool->oldest;
}
