/* SPDX-License-Identifier: BSD-3-Clause */
/* For which causes each partner's frames were dropped and refused. */
#include "dataplane/partner_causes.h"

#include <errno.h>
#include <pthread.h>

#include <rte_malloc.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct partner_causes *all[PARTNER_CAUSES_MAX];
static uint32_t slot_end = 1; /* slots that were reserved */

static bool group_make(struct partner_causes *causes, uint32_t group)
{
	struct cause_counts *made;

	if (causes->groups[group])
		return true;
	made = rte_zmalloc("partner_causes", PARTNER_CAUSES_GROUP * sizeof(*made), 64);
	__atomic_store_n(&causes->groups[group], made, __ATOMIC_RELEASE);
	return made != NULL;
}

static int causes_add(struct partner_causes *causes)
{
	uint32_t i = 0;

	while (i < PARTNER_CAUSES_MAX && all[i])
		i++;
	if (i == PARTNER_CAUSES_MAX)
		return -ENOSPC;
	all[i] = causes;
	for (uint32_t g = 0; g * PARTNER_CAUSES_GROUP < slot_end; g++)
		if (!group_make(causes, g))
			return -ENOMEM;
	return 0;
}

int partner_causes_init(struct partner_causes *causes)
{
	int rc;

	pthread_mutex_lock(&lock);
	rc = causes_add(causes);
	pthread_mutex_unlock(&lock);
	return rc;
}

void partner_causes_fini(struct partner_causes *causes)
{
	pthread_mutex_lock(&lock);
	for (uint32_t i = 0; i < PARTNER_CAUSES_MAX; i++)
		if (all[i] == causes)
			all[i] = NULL;
	pthread_mutex_unlock(&lock);
	for (uint32_t g = 0; g < PARTNER_SLOTS / PARTNER_CAUSES_GROUP; g++)
		rte_free(causes->groups[g]);
	*causes = (struct partner_causes){0};
}

bool partner_causes_reserve(uint32_t slot)
{
	bool fine = true;

	pthread_mutex_lock(&lock);
	for (uint32_t i = 0; fine && i < PARTNER_CAUSES_MAX; i++)
		fine = !all[i] || group_make(all[i], slot / PARTNER_CAUSES_GROUP);
	if (fine && slot >= slot_end)
		slot_end = slot + 1;
	pthread_mutex_unlock(&lock);
	return fine;
}
