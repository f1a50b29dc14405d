/* SPDX-License-Identifier: BSD-3-Clause */
/* How many different things were seen in a window of time. */
#include "control/policy/distinct.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CAP = 16, WORD_BITS = 64, WORDS = DISTINCT_BITS / WORD_BITS };

void distinct_free(struct distinct *d)
{
	free(d->slots);
	free(d->bits[0]);
	free(d->bits[1]);
	*d = (struct distinct){0};
}

size_t distinct_bytes(const struct distinct *d)
{
	return d->cap * sizeof(*d->slots) + (d->bits[0] ? 2 * DISTINCT_BITS / 8 : 0);
}

/* --- exactly --- */

static struct distinct_slot *slot_of(struct distinct_slot *slots, uint32_t cap, uint64_t hash)
{
	uint32_t i = (uint32_t)hash & (cap - 1);

	while (slots[i].hash != 0 && slots[i].hash != hash)
		i = (i + 1) & (cap - 1);
	return &slots[i];
}

static bool is_live(const struct distinct_slot *slot, uint32_t step)
{
	return slot->hash != 0 && step - slot->step <= DISTINCT_STEPS;
}

static uint32_t live_count(const struct distinct *d, uint32_t step)
{
	uint32_t live = 0;

	for (uint32_t i = 0; i < d->cap; i++)
		live += is_live(&d->slots[i], step);
	return live;
}

/* Only what is live goes along. Without memory all is as before. */
static int slots_move(struct distinct *d, uint32_t cap, uint32_t step)
{
	struct distinct_slot *slots = cap ? calloc(cap, sizeof(*slots)) : NULL;
	uint32_t count = 0;

	if (cap && !slots)
		return -ENOMEM;
	for (uint32_t i = 0; i < d->cap; i++) {
		if (!is_live(&d->slots[i], step))
			continue;
		*slot_of(slots, cap, d->slots[i].hash) = d->slots[i];
		count++;
	}
	free(d->slots);
	d->slots = slots;
	d->cap = cap;
	d->count = count;
	return 0;
}

/* At most three of four slots are taken. */
static uint32_t cap_for(uint32_t count)
{
	uint32_t cap = FIRST_CAP;

	while (count > cap / 4 * 3)
		cap *= 2;
	return cap;
}

/* What is over goes; without memory it is counted a while longer. */
static void exact_pass(struct distinct *d, uint32_t step)
{
	uint32_t live = live_count(d, step);

	if (live < d->count)
		slots_move(d, live ? cap_for(live) : 0, step);
}

/* --- estimated --- */

static bool bit_is(const struct distinct *d, uint64_t hash)
{
	uint32_t bit = (uint32_t)hash & (DISTINCT_BITS - 1);

	return (d->bits[0][bit / WORD_BITS] | d->bits[1][bit / WORD_BITS]) >> bit % WORD_BITS & 1;
}

static void bit_set(struct distinct *d, uint64_t hash)
{
	uint32_t bit = (uint32_t)hash & (DISTINCT_BITS - 1);

	d->count += !bit_is(d, hash);
	d->bits[0][bit / WORD_BITS] |= UINT64_C(1) << bit % WORD_BITS;
}

static int bits_begin(struct distinct *d)
{
	struct distinct bits = {.step = d->step};

	bits.bits[0] = calloc(WORDS, sizeof(uint64_t));
	bits.bits[1] = calloc(WORDS, sizeof(uint64_t));
	if (!bits.bits[0] || !bits.bits[1]) {
		distinct_free(&bits);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < d->cap; i++)
		if (is_live(&d->slots[i], d->step))
			bit_set(&bits, d->slots[i].hash);
	free(d->slots);
	*d = bits;
	return 0;
}

/* Another window: what was this one is the one before. When both are over it is exact again. */
static void bits_pass(struct distinct *d, uint32_t windows)
{
	uint64_t *before = d->bits[0];

	if (windows == 0)
		return;
	if (windows > 1) {
		distinct_free(d);
		return;
	}
	d->bits[0] = d->bits[1];
	d->bits[1] = before;
	memset(d->bits[0], 0, DISTINCT_BITS / 8);
	d->count = 0;
	for (uint32_t i = 0; i < WORDS; i++)
		d->count += (uint32_t)__builtin_popcountll(before[i]);
	if (d->count == 0)
		distinct_free(d);
}

static uint32_t estimate(const struct distinct *d)
{
	uint32_t zeros = DISTINCT_BITS - d->count;

	return (uint32_t)(DISTINCT_BITS * log((double)DISTINCT_BITS / (zeros ? zeros : 1)) + 0.5);
}

/* --- both --- */

static void pass(struct distinct *d, uint32_t step)
{
	if (step == d->step)
		return;
	if (d->bits[0])
		bits_pass(d, step / DISTINCT_STEPS - d->step / DISTINCT_STEPS);
	else
		exact_pass(d, step);
	d->step = step;
}

uint32_t distinct_count(struct distinct *d, uint32_t step)
{
	pass(d, step);
	return d->bits[0] ? estimate(d) : d->count;
}

/* 0 says that a slot is free. */
static uint64_t hash_used(uint64_t hash)
{
	return hash ? hash : 1;
}

bool distinct_has(struct distinct *d, uint64_t hash, uint32_t step)
{
	pass(d, step);
	if (d->bits[0])
		return bit_is(d, hash_used(hash));
	return d->cap && slot_of(d->slots, d->cap, hash_used(hash))->hash != 0;
}

int distinct_add(struct distinct *d, uint64_t hash, uint32_t step)
{
	struct distinct_slot *slot;
	int rc = 0;

	hash = hash_used(hash);
	pass(d, step);
	if (!d->bits[0] && d->count >= DISTINCT_EXACT_MAX && !distinct_has(d, hash, step))
		rc = bits_begin(d);
	else if (!d->bits[0] && d->count + 1 > d->cap / 4 * 3)
		rc = slots_move(d, cap_for(d->count + 1), step);
	if (rc < 0)
		return rc;
	if (d->bits[0]) {
		bit_set(d, hash);
		return 0;
	}
	slot = slot_of(d->slots, d->cap, hash);
	d->count += slot->hash == 0;
	*slot = (struct distinct_slot){hash, step};
	return 0;
}
