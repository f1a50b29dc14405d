/* SPDX-License-Identifier: BSD-3-Clause */
/* What the control plane decided, on its way to the worker. */
#include "dataplane/verdict.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include <idn2.h>
#include <rte_ring_elem.h>

#include "dataplane/hash.h"
#include "dataplane/steer.h"
#include "rules/base/mark.h"

static_assert(sizeof(struct verdict_order) % 4 == 0, "rings carry multiples of four bytes");
static_assert(sizeof(struct verdict_flow) % 4 == 0, "rings carry multiples of four bytes");

static struct verdicts *ends[STEER_WORKERS_MAX]; /* by worker; without gaps */
static struct hash_secret
	secret; /* of the names of those who are no partners; drawn with the first */
/* What was said, as the thread of the questions knows it: each worker's table is its own. */
static struct block_table said;
/* Until when a partner's domain is blocked, by slot; 0: it is not. One writer, the thread of the
 * questions; the workers read each with a relaxed load. */
static uint64_t partner_until_ns[PARTNER_SLOTS];

static struct rte_ring *make_ring(const char *what, uint32_t number, unsigned bytes, unsigned count)
{
	char name[RTE_RING_NAMESIZE];

	snprintf(name, sizeof(name), "picket_%s_%u", what, number);
	return rte_ring_create_elem(
		name, bytes, count, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
}

int verdicts_init(struct verdicts *verdicts, uint32_t number)
{
	int rc;

	if (ends[number])
		return -EEXIST;
	if (number == 0 && getrandom(&secret, sizeof(secret), 0) != (ssize_t)sizeof(secret))
		return -EIO;
	*verdicts = (struct verdicts){.number = number};
	ends[number] = verdicts;
	verdicts->orders =
		make_ring("orders", number, sizeof(struct verdict_order), VERDICT_BLOCKS_WAITING);
	verdicts->flows =
		make_ring("verdicts", number, sizeof(struct verdict_flow), VERDICT_FLOWS_WAITING);
	rc = verdicts->orders && verdicts->flows ? block_table_init(&verdicts->blocks) : -ENOMEM;
	if (rc == 0 && number == 0)
		rc = block_table_init(&said);
	if (rc < 0)
		verdicts_fini(verdicts);
	return rc;
}

void verdicts_fini(struct verdicts *verdicts)
{
	if (ends[verdicts->number] != verdicts)
		return;
	ends[verdicts->number] = NULL;
	rte_ring_free(verdicts->orders);
	rte_ring_free(verdicts->flows);
	block_table_fini(&verdicts->blocks);
	if (verdicts->number == 0) {
		block_table_fini(&said);
		memset(partner_until_ns, 0, sizeof(partner_until_ns));
	}
	*verdicts = (struct verdicts){0};
}

void verdict_rules_changed(struct mono now)
{
	uint32_t end = partner_slot_end();

	if (!ends[0])
		return;
	for (uint32_t slot = 1; slot < end; slot++) {
		struct partner_entry entry;
		uint64_t until_ns = 0;

		if (block_has_names(&said)) {
			partner_get(slot, &entry);
			until_ns = block_name_until(&said, view_of(entry.name), now).ns;
		}
		__atomic_store_n(&partner_until_ns[slot], until_ns, __ATOMIC_RELAXED);
	}
}

/* A stream header may spell the name with U-labels: then that is a block of its own. */
static bool alias_of(const struct block *block, struct block *alias)
{
	char text[BLOCK_NAME_BYTES] = "";
	char *unicode = NULL;
	bool differs;

	if (!block_target_is_name(&block->target))
		return false;
	memcpy(text, block->target.bytes, block->target.length);
	if (!strstr(text, "xn--") || idn2_to_unicode_8z8z(text, &unicode, 0) != IDN2_OK)
		return false;
	*alias = *block;
	alias->alias = true;
	differs = block_target_name(
			  view_of(unicode), block->target.kind == BLOCK_SUBTREE, &alias->target) &&
		  memcmp(&alias->target, &block->target, sizeof(alias->target)) != 0;
	free(unicode);
	return differs;
}

/* Is there room for a block and its other spelling, with everybody? */
static bool orders_have_room(void)
{
	for (uint32_t w = 0; w < STEER_WORKERS_MAX && ends[w]; w++)
		if (rte_ring_free_count(ends[w]->orders) < 2)
			return false;
	return true;
}

/* Nobody else fills these rings, so there is the room that was found. */
static void order_say(const struct block *block, bool ends_now, struct mono now)
{
	struct verdict_order order = {.block = *block, .said = now, .ends = ends_now};

	for (uint32_t w = 0; w < STEER_WORKERS_MAX && ends[w]; w++)
		rte_ring_enqueue_elem(ends[w]->orders, &order, sizeof(order));
}

int verdict_block(const struct block *block, struct mono now)
{
	struct block alias;
	bool has_alias = alias_of(block, &alias);
	int rc;

	if (!ends[0])
		return -ENODEV;
	if (!orders_have_room())
		return -EAGAIN;
	rc = block_put(&said, block, now);
	if (rc < 0)
		return rc;
	/* Without room for the other spelling, the one that certificates have still holds. */
	has_alias = has_alias && block_put(&said, &alias, now) == 0;
	/* First the partners: when a worker takes the order, it looks at their flows too. */
	if (block_target_is_name(&block->target))
		verdict_rules_changed(now);
	order_say(block, false, now);
	if (has_alias)
		order_say(&alias, false, now);
	return 0;
}

int verdict_unblock(const struct block_target *target, struct mono now)
{
	struct block block = {.target = *target};
	struct block alias;
	bool has_alias = alias_of(&block, &alias);

	if (!ends[0])
		return -ENODEV;
	if (!orders_have_room())
		return -EAGAIN;
	if (!block_remove(&said, target, now))
		return -ENOENT;
	if (has_alias)
		block_remove(&said, &alias.target, now);
	if (block_target_is_name(target))
		verdict_rules_changed(now);
	order_say(&block, true, now);
	if (has_alias)
		order_say(&alias, true, now);
	return 0;
}

int verdict_say_flow(const struct tuple *key, uint32_t mark, struct view domain, struct mono now)
{
	struct verdict_flow flow = {
		.key = *key, .mark = mark, .partner_slot = partner_slot(mark_partner(mark))};
	struct verdicts *owner;

	if (!ends[0])
		return -ENODEV;
	flow.blocked = block_finds_name(&said, domain, now);
	if (mark_class(mark) == CLASS_VERIFIED && mark_partner(mark) == PARTNER_NONE)
		flow.domain = hash_bytes(&secret, domain.p, domain.len) | 1;
	owner = ends[steer_owner(key)];
	return rte_ring_enqueue_elem(owner->flows, &flow, sizeof(flow)) == 0 ? 0 : -EAGAIN;
}

uint32_t verdict_list(uint32_t offset, uint32_t limit, struct mono now,
	struct block out[static BLOCK_PAGE_MAX], uint32_t *total)
{
	uint32_t count = 0;

	*total = 0;
	if (!ends[0])
		return 0;
	for (uint32_t i = 0; i < BLOCK_MAX; i++) {
		const struct block *block = block_at(&said, i, now);

		if (!block || block->alias)
			continue;
		if ((*total)++ >= offset && count < limit && count < BLOCK_PAGE_MAX)
			out[count++] = *block;
	}
	return count;
}

static bool target_holds(
	const struct block_target *target, uint8_t family, const uint8_t address[static 16])
{
	uint8_t bits = family == TUPLE_IPV4 ? 32 : 128;
	struct prefix prefix = {.length_bits = target->length, .address.family_bits = bits};
	struct ip_address one = {.family_bits = bits};

	if (target->kind != family)
		return false;
	memcpy(prefix.address.bytes, target->bytes, sizeof(prefix.address.bytes));
	memcpy(one.bytes, address, sizeof(one.bytes));
	return prefix_contains(&prefix, &one);
}

uint64_t verdict_address_left_s(uint8_t family, const uint8_t address[static 16], struct mono now)
{
	uint64_t until_ns = now.ns;

	for (uint32_t i = 0; ends[0] && i < BLOCK_MAX; i++) {
		const struct block *block = block_at(&said, i, now);

		if (block && target_holds(&block->target, family, address) &&
			block->expires.ns > until_ns)
			until_ns = block->expires.ns;
	}
	return (until_ns - now.ns + NS_PER_S - 1) / NS_PER_S;
}

bool verdict_take_order(struct verdicts *verdicts, struct verdict_order *out)
{
	return rte_ring_dequeue_elem(verdicts->orders, out, sizeof(*out)) == 0;
}

uint32_t verdict_take_flows(
	struct verdicts *verdicts, struct verdict_flow out[static VERDICT_FLOWS_BURST])
{
	return rte_ring_dequeue_burst_elem(
		verdicts->flows, out, sizeof(out[0]), VERDICT_FLOWS_BURST, NULL);
}

bool verdict_blocks_partner(uint32_t slot, struct mono now)
{
	uint64_t until_ns = __atomic_load_n(&partner_until_ns[slot], __ATOMIC_RELAXED);

	return now.ns < until_ns;
}
