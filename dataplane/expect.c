/* SPDX-License-Identifier: BSD-3-Clause */
/* Announced outbound connections. */
#include "dataplane/expect.h"

#include <errno.h>
#include <stdio.h>

#include <rte_malloc.h>
#include <rte_ring_elem.h>

#include "dataplane/flow.h"
#include "dataplane/partner.h"
#include "dataplane/steer.h"
#include "rules/base/mark.h"

enum { DRAIN_BURST = 32, EXPIRE_SLOTS = 64 };

static_assert(sizeof(struct expectation) % 4 == 0, "rings carry multiples of four bytes");

static struct expect_table *tables[STEER_WORKERS_MAX]; /* by worker */

static uint32_t hash_of_key(const void *key, uint32_t len, uint32_t seed)
{
	return flow_hash(key);
}

int expect_table_init(struct expect_table *table, uint32_t number)
{
	char name[RTE_HASH_NAMESIZE];
	struct rte_hash_parameters parameters = {
		.name = name,
		.entries = 2 * EXPECT_MAX,
		.key_len = sizeof(struct tuple),
		.hash_func = hash_of_key,
		.socket_id = SOCKET_ID_ANY,
	};

	if (tables[number])
		return -EEXIST;
	snprintf(name, sizeof(name), "picket_expect_%u", number);
	*table = (struct expect_table){.number = number};
	table->ring = rte_ring_create_elem(
		name, sizeof(struct expectation), EXPECT_WAITING, SOCKET_ID_ANY, RING_F_SC_DEQ);
	table->hash = rte_hash_create(&parameters);
	table->entries = rte_zmalloc(
		"expect", 2 * EXPECT_MAX * sizeof(*table->entries), RTE_CACHE_LINE_SIZE);
	if (!table->ring || !table->hash || !table->entries) {
		expect_table_fini(table);
		return -ENOMEM;
	}
	tables[number] = table;
	return 0;
}

void expect_table_fini(struct expect_table *table)
{
	if (tables[table->number] == table)
		tables[table->number] = NULL;
	rte_ring_free(table->ring);
	rte_hash_free(table->hash);
	rte_free(table->entries);
	*table = (struct expect_table){0};
}

int expect_add(const struct tuple *outbound, uint32_t mark, struct mono expires)
{
	struct expectation entry = {
		.key = tuple_reverse(outbound),
		.mark = mark,
		.partner_slot = partner_slot(mark_partner(mark)),
		.expires = {expires.ns ? expires.ns : 1}, /* 0 says free */
	};
	struct expect_table *table;

	if (!tables[0])
		return -ENODEV;
	table = tables[steer_owner(&entry.key)];
	/* Counted before it is in the ring, so that the table always has room for the ring. */
	if (__atomic_add_fetch(&table->alive, 1, __ATOMIC_RELAXED) <= EXPECT_MAX &&
		rte_ring_enqueue_elem(table->ring, &entry, sizeof(entry)) == 0)
		return 0;
	__atomic_sub_fetch(&table->alive, 1, __ATOMIC_RELAXED);
	return -ENOSPC;
}

static void expect_forget(struct expect_table *table, struct expectation *entry, uint32_t hash)
{
	rte_hash_del_key_with_hash(table->hash, &entry->key, hash);
	entry->expires.ns = 0;
	__atomic_sub_fetch(&table->alive, 1, __ATOMIC_RELAXED);
}

void expect_drain(struct expect_table *table)
{
	struct expectation batch[DRAIN_BURST];
	uint32_t count = rte_ring_dequeue_burst_elem(
		table->ring, batch, sizeof(batch[0]), DRAIN_BURST, NULL);

	for (uint32_t i = 0; i < count; i++) {
		int32_t position = rte_hash_add_key_with_hash(
			table->hash, &batch[i].key, flow_hash(&batch[i].key));

		/* Said twice, or no room after all: one announcement less is alive. */
		if (position < 0 || table->entries[position].expires.ns != 0)
			__atomic_sub_fetch(&table->alive, 1, __ATOMIC_RELAXED);
		if (position >= 0)
			table->entries[position] = batch[i];
	}
}

bool expect_take(struct expect_table *table, const struct tuple *key, uint32_t hash,
	struct mono now, struct expectation *out)
{
	int32_t position = rte_hash_lookup_with_hash(table->hash, key, hash);
	uint32_t waiting = rte_ring_count(table->ring);

	/* The announcement may have been made after this turn began; all that waits now is in the
	 * table before the answer is no. */
	for (uint32_t seen = 0; position < 0 && seen < waiting; seen += DRAIN_BURST) {
		expect_drain(table);
		position = rte_hash_lookup_with_hash(table->hash, key, hash);
	}
	if (position < 0)
		return false;
	*out = table->entries[position];
	expect_forget(table, &table->entries[position], hash);
	return !mono_reached(now, out->expires);
}

bool expect_is_there(
	const struct expect_table *table, const struct tuple *key, uint32_t hash, struct mono now)
{
	int32_t position = rte_hash_lookup_with_hash(table->hash, key, hash);

	return position >= 0 && !mono_reached(now, table->entries[position].expires);
}

void expect_expire(struct expect_table *table, struct mono now)
{
	for (uint32_t i = 0; i < EXPIRE_SLOTS; i++) {
		struct expectation *entry = &table->entries[table->cursor];

		table->cursor = (table->cursor + 1) % (2 * EXPECT_MAX);
		if (entry->expires.ns != 0 && mono_reached(now, entry->expires))
			expect_forget(table, entry, flow_hash(&entry->key));
	}
}
