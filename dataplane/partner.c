/* SPDX-License-Identifier: BSD-3-Clause */
/* Partners as small numbers. */
#include "dataplane/partner.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "dataplane/partner_causes.h"
#include "rules/base/mark.h"

enum { BUCKETS = 2 * PARTNER_SLOTS };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint32_t ids[PARTNER_SLOTS];    /* by slot */
static char *names[PARTNER_SLOTS];     /* by slot, or NULL */
static uint32_t bucket_slots[BUCKETS]; /* 0: empty */
static uint32_t slot_end = 1;

/* Ids are our own, given out one after the other: no keyed hash is needed. */
static uint32_t *bucket_of(uint32_t id)
{
	uint32_t i = id * UINT32_C(2654435761) % BUCKETS;

	while (bucket_slots[i] != 0 && ids[bucket_slots[i]] != id)
		i = (i + 1) % BUCKETS;
	return &bucket_slots[i];
}

static uint32_t slot_locked(uint32_t id)
{
	uint32_t *bucket;

	if (id == PARTNER_NONE)
		return 0;
	bucket = bucket_of(id);
	if (*bucket == 0 && slot_end < PARTNER_SLOTS && partner_causes_reserve(slot_end)) {
		*bucket = slot_end;
		ids[slot_end++] = id;
	}
	return *bucket;
}

uint32_t partner_slot(uint32_t id)
{
	uint32_t slot;

	pthread_mutex_lock(&lock);
	slot = slot_locked(id);
	pthread_mutex_unlock(&lock);
	return slot;
}

uint32_t partner_slot_named(uint32_t id, struct view name)
{
	uint32_t slot;

	pthread_mutex_lock(&lock);
	slot = slot_locked(id);
	if (slot != 0 && (!names[slot] || !view_equal(view_of(names[slot]), name))) {
		char *copy = view_dup(name);

		if (copy) {
			free(names[slot]);
			names[slot] = copy;
		}
	}
	pthread_mutex_unlock(&lock);
	return slot;
}

uint32_t partner_slot_end(void)
{
	uint32_t end;

	pthread_mutex_lock(&lock);
	end = slot_end;
	pthread_mutex_unlock(&lock);
	return end;
}

uint32_t partner_find(uint32_t id)
{
	uint32_t slot;

	pthread_mutex_lock(&lock);
	slot = id == PARTNER_NONE ? 0 : *bucket_of(id);
	pthread_mutex_unlock(&lock);
	return slot;
}

void partner_get(uint32_t slot, struct partner_entry *out)
{
	pthread_mutex_lock(&lock);
	out->id = ids[slot];
	if (!names[slot] || !view_copy(view_of(names[slot]), out->name, sizeof(out->name)))
		out->name[0] = '\0';
	pthread_mutex_unlock(&lock);
}

void partner_print(uint32_t slot, struct partner_entry *out)
{
	if (slot == 0) {
		*out = (struct partner_entry){.id = PARTNER_NONE, .name = "(unknown)"};
		return;
	}
	partner_get(slot, out);
	/* An adopted connection named an id that no rules have explained since. */
	if (out->name[0] == '\0')
		snprintf(out->name, sizeof(out->name), "(%u)", out->id);
}
