/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages per partner, by way and outcome. */
#include "control/session/tally.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "rules/base/table.h"

/* Error conditions, fates and our own words, of both ways; more than there are. */
enum { CAUSES_MAX = 96, CAUSE_BYTES = 96 };

struct refusal {
	enum tally_way way;
	const char *cause;
	uint64_t count;
};

struct way_counts {
	uint64_t messages, delivered, refused, unknown;
};

struct tally {
	STAILQ_ENTRY(tally) next;
	char *partner;
	struct way_counts ways[TALLY_WAYS];
	struct refusal *refusals; /* NULL until the first one */
	uint32_t refusal_count;
};

struct tallies {
	struct table by_name;
	STAILQ_HEAD(, tally) list; /* in order of first sight */
};

static const char *const way_names[TALLY_WAYS] = {[TALLY_IN] = "in", [TALLY_OUT] = "out"};

struct tallies *tallies_new(struct siphash_key key)
{
	struct tallies *all = calloc(1, sizeof(*all));

	if (!all)
		return NULL;
	table_init(&all->by_name, key);
	STAILQ_INIT(&all->list);
	return all;
}

static void tally_free(struct tally *tally)
{
	free(tally->partner);
	free(tally->refusals);
	free(tally);
}

void tallies_free(struct tallies *all)
{
	struct tally *tally;

	if (!all)
		return;
	while ((tally = STAILQ_FIRST(&all->list))) {
		STAILQ_REMOVE_HEAD(&all->list, next);
		tally_free(tally);
	}
	table_free(&all->by_name);
	free(all);
}

struct tally *tally_of(struct tallies *all, const char *partner)
{
	struct tally *tally = table_find(&all->by_name, view_of(partner));

	if (tally)
		return tally;
	tally = calloc(1, sizeof(*tally));
	if (!tally)
		return NULL;
	tally->partner = strdup(partner);
	if (!tally->partner || table_put(&all->by_name, view_of(tally->partner), tally) < 0) {
		tally_free(tally);
		return NULL;
	}
	STAILQ_INSERT_TAIL(&all->list, tally, next);
	return tally;
}

void tally_message(struct tally *tally, enum tally_way way)
{
	if (tally)
		tally->ways[way].messages++;
}

void tally_delivered(struct tally *tally, enum tally_way way)
{
	if (tally)
		tally->ways[way].delivered++;
}

void tally_unknown(struct tally *tally, enum tally_way way)
{
	if (tally)
		tally->ways[way].unknown++;
}

/* NULL when there is no room for another cause. */
static struct refusal *refusal_of(struct tally *tally, enum tally_way way, const char *cause)
{
	struct refusal *refusal;

	if (!tally->refusals)
		tally->refusals = calloc(CAUSES_MAX, sizeof(*tally->refusals));
	if (!tally->refusals)
		return NULL;
	for (uint32_t i = 0; i < tally->refusal_count; i++) {
		refusal = &tally->refusals[i];
		if (refusal->way == way && strcmp(refusal->cause, cause) == 0)
			return refusal;
	}
	if (tally->refusal_count == CAUSES_MAX)
		return NULL;
	refusal = &tally->refusals[tally->refusal_count++];
	*refusal = (struct refusal){.way = way, .cause = cause};
	return refusal;
}

void tally_refused(struct tally *tally, enum tally_way way, const char *cause)
{
	struct refusal *refusal;

	if (!tally)
		return;
	tally->ways[way].refused++;
	refusal = refusal_of(tally, way, cause);
	if (refusal)
		refusal->count++;
}

static void put(json_t *row, enum tally_way way, const char *what, uint64_t count)
{
	char name[CAUSE_BYTES];

	snprintf(name, sizeof(name), "%s%s", way_names[way], what);
	json_object_set_new(row, name, json_integer((json_int_t)count));
}

static json_t *tally_json(const struct tally *tally)
{
	json_t *row = json_pack("{s:s}", "partner", tally->partner);
	json_t *refused = json_object();

	for (enum tally_way way = 0; way < TALLY_WAYS; way++) {
		const struct way_counts *counts = &tally->ways[way];

		put(row, way, "", counts->messages);
		put(row, way, "_delivered", counts->delivered);
		put(row, way, "_refused", counts->refused);
		put(row, way, "_unknown", counts->unknown);
	}
	for (uint32_t i = 0; i < tally->refusal_count; i++) {
		const struct refusal *refusal = &tally->refusals[i];
		char name[CAUSE_BYTES];

		snprintf(name, sizeof(name), "%s.%s", way_names[refusal->way], refusal->cause);
		json_object_set_new(refused, name, json_integer((json_int_t)refusal->count));
	}
	json_object_set_new(row, "refused", refused);
	return row;
}

json_t *tallies_json(const struct tallies *all)
{
	const struct tally *tally;
	json_t *rows = json_array();

	STAILQ_FOREACH(tally, &all->list, next)
	json_array_append_new(rows, tally_json(tally));
	return rows;
}
