/* SPDX-License-Identifier: BSD-3-Clause */
/* What the control plane counts: an open-addressing table of names. */
#include "control/counters.h"

#include <stdio.h>
#include <string.h>

/* Names come from the source code alone; the table is several times what there is. */
enum { COUNTERS_MAX = 1024, SLOTS = 2 * COUNTERS_MAX, NAME_BYTES = 96 };

struct counter {
	char name[NAME_BYTES]; /* empty: free slot */
	uint64_t value;
};

static struct counter table[SLOTS];
static uint32_t used;

/* FNV-1a: no one from outside chooses the names. */
static uint32_t name_hash(const char *name)
{
	uint32_t h = 2166136261u;

	for (; *name; name++)
		h = (h ^ (uint8_t)*name) * 16777619u;
	return h;
}

static void name_join(const char *area, const char *what, char out[static NAME_BYTES])
{
	snprintf(out, NAME_BYTES, what ? "%s.%s" : "%s", area, what);
}

/* The slot of the name, or the free one where it belongs. */
static struct counter *counter_slot(const char *name)
{
	uint32_t i = name_hash(name) % SLOTS;

	while (table[i].name[0] && strcmp(table[i].name, name) != 0)
		i = (i + 1) % SLOTS;
	return &table[i];
}

void counter_add(const char *area, const char *what, uint64_t n)
{
	char name[NAME_BYTES];
	struct counter *counter;

	name_join(area, what, name);
	counter = counter_slot(name);
	if (!counter->name[0]) {
		/* The last entry says that others had no room. */
		if (used >= COUNTERS_MAX - 1) {
			snprintf(name, sizeof(name), "counters.no_room");
			counter = counter_slot(name);
		}
		if (!counter->name[0]) {
			memcpy(counter->name, name, sizeof(name));
			used++;
		}
	}
	counter->value += n;
}

uint64_t counter_get(const char *area, const char *what)
{
	char name[NAME_BYTES];

	name_join(area, what, name);
	return counter_slot(name)->value;
}

json_t *counters_json(void)
{
	json_t *all = json_object();

	for (uint32_t i = 0; all && i < SLOTS; i++)
		if (table[i].name[0])
			json_object_set_new(
				all, table[i].name, json_integer((json_int_t)table[i].value));
	return all;
}

void counters_clear(void)
{
	memset(table, 0, sizeof(table));
	used = 0;
}
