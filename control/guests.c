/* SPDX-License-Identifier: BSD-3-Clause */
/* Who is in and has not proven who it is. */
#include "control/guests.h"

#include <stdlib.h>

#include "control/counters.h"
#include "rules/base/log.h"

enum { BUCKETS = 1024 };

LIST_HEAD(guest_list, guest);

struct guests {
	uint32_t max;
	uint32_t of_one;
	uint32_t count[ORIGIN_CLASSES];
	uint64_t refused[ORIGIN_CLASSES];
	struct guest_list buckets[BUCKETS]; /* by key; own connections are in none */
	bool logged;
	struct mono logged_at;
	uint64_t unlogged; /* refused since */
};

/* Strangers leave a quarter to partners, partners that have proven nothing a tenth to those that
 * have. */
static const uint32_t ceiling_percent[ORIGIN_CLASSES] = {
	[ORIGIN_SUSPICIOUS] = 25,
	[ORIGIN_UNKNOWN] = 75,
	[ORIGIN_CLAIMED] = 90,
	[ORIGIN_VERIFIED] = 100,
	[ORIGIN_OWN] = 100,
};

struct guests *guests_new(uint32_t max)
{
	struct guests *g = calloc(1, sizeof(*g));

	if (!g)
		return NULL;
	g->max = max;
	g->of_one = max / GUESTS_OF_ONE_PART;
	if (g->of_one < GUESTS_OF_ONE_LEAST)
		g->of_one = GUESTS_OF_ONE_LEAST;
	for (uint32_t i = 0; i < BUCKETS; i++)
		LIST_INIT(&g->buckets[i]);
	return g;
}

void guests_free(struct guests *g)
{
	free(g);
}

uint32_t guests_ceiling(const struct guests *g, enum origin_class class)
{
	return g->max * ceiling_percent[class] / 100;
}

uint32_t guests_count(const struct guests *g)
{
	uint32_t count = 0;

	for (int t = 0; t < ORIGIN_CLASSES; t++)
		count += g->count[t];
	return count;
}

static struct guest_list *bucket_of(struct guests *g, const struct origin *origin)
{
	return &g->buckets[(origin->key ^ origin->key >> 16) % BUCKETS];
}

static bool too_many_of_one(struct guests *g, const struct origin *origin)
{
	const struct guest *other;
	uint32_t count = 0;

	if (origin->class == ORIGIN_OWN)
		return false;
	LIST_FOREACH(other, bucket_of(g, origin), next)
	count += other->origin.key == origin->key;
	return count >= g->of_one;
}

/* NULL: there is a place. */
static const char *fault_of(struct guests *g, const struct origin *origin)
{
	uint32_t count = 0;

	if (guests_count(g) >= g->max)
		return "full";
	for (int t = 0; t <= (int)origin->class; t++)
		count += g->count[t];
	if (count >= guests_ceiling(g, origin->class))
		return origin_is_stranger(origin->class) ? "no_place_for_strangers"
							 : "no_place_for_unproven";
	return too_many_of_one(g, origin) ? "too_many_of_one" : NULL;
}

static void say_refused(struct guests *g, const struct origin *origin,
	const struct ip_address *peer, const char *fault, struct mono now)
{
	char text[IP_TEXT_BYTES];

	g->unlogged++;
	if (g->logged && mono_since_ms(now, g->logged_at) < GUESTS_LOG_MS)
		return;
	ip_address_print(peer, text);
	log_warning("accept: %llu connections refused, %u are in that have proven nothing (at most "
		    "%u); the last from %s (%s): %s",
		(unsigned long long)g->unlogged, guests_count(g), g->max, text,
		origin_class_name(origin->class), fault);
	g->logged = true;
	g->logged_at = now;
	g->unlogged = 0;
}

bool guests_enter(struct guests *g, struct guest *guest, const struct origin *origin,
	const struct ip_address *peer, struct mono now)
{
	const char *fault = g ? fault_of(g, origin) : NULL;

	guest->origin = *origin;
	if (fault) {
		counter_add("accept.refused", fault, 1);
		g->refused[origin->class]++;
		say_refused(g, origin, peer, fault, now);
		return false;
	}
	guest->in = g != NULL;
	if (!g)
		return true;
	g->count[origin->class]++;
	if (origin->class != ORIGIN_OWN)
		LIST_INSERT_HEAD(bucket_of(g, origin), guest, next);
	return true;
}

void guests_leave(struct guests *g, struct guest *guest)
{
	if (!g || !guest->in)
		return;
	guest->in = false;
	g->count[guest->origin.class]--;
	if (guest->origin.class != ORIGIN_OWN)
		LIST_REMOVE(guest, next);
}

json_t *guests_json(const struct guests *g)
{
	json_t *rows = json_array();

	for (int t = ORIGIN_CLASSES - 1; t >= 0; t--)
		json_array_append_new(
			rows, json_pack("{s:s, s:I, s:I, s:I}", "class",
				      origin_class_name((enum origin_class)t), "unproven",
				      (json_int_t)g->count[t], "unproven_max",
				      (json_int_t)guests_ceiling(g, (enum origin_class)t),
				      "refused", (json_int_t)g->refused[t]));
	return rows;
}
