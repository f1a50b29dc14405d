/* SPDX-License-Identifier: BSD-3-Clause */
/* What the control plane decided, on its way to the worker. */
#include "dataplane/verdict.h"

#include <errno.h>
#include <stdlib.h>

#include <idn2.h>
#include <rte_ring_elem.h>

#include "rules/base/mark.h"

static_assert(sizeof(struct verdict_order) % 4 == 0, "rings carry multiples of four bytes");
static_assert(sizeof(struct verdict_flow) % 4 == 0, "rings carry multiples of four bytes");

static struct verdicts *only_verdicts;
/* What was said, as the thread of the questions knows it: the worker's table is its own. */
static struct block_table said;
/* Until when a partner's domain is blocked, by slot; 0: it is not. One writer, the thread of the
 * questions; the worker reads each with a relaxed load. */
static uint64_t partner_until_ns[PARTNER_SLOTS];

int verdicts_init(struct verdicts *verdicts)
{
	int rc;

	if (only_verdicts)
		return -EEXIST;
	*verdicts = (struct verdicts){0};
	only_verdicts = verdicts;
	verdicts->orders = rte_ring_create_elem("picket_orders", sizeof(struct verdict_order),
		VERDICT_BLOCKS_WAITING, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
	verdicts->flows = rte_ring_create_elem("picket_verdicts", sizeof(struct verdict_flow),
		VERDICT_FLOWS_WAITING, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
	rc = verdicts->orders && verdicts->flows ? block_table_init(&verdicts->blocks) : -ENOMEM;
	if (rc == 0)
		rc = block_table_init(&said);
	if (rc < 0)
		verdicts_fini(verdicts);
	return rc;
}

void verdicts_fini(struct verdicts *verdicts)
{
	if (only_verdicts != verdicts)
		return;
	only_verdicts = NULL;
	rte_ring_free(verdicts->orders);
	rte_ring_free(verdicts->flows);
	block_table_fini(&verdicts->blocks);
	block_table_fini(&said);
	memset(partner_until_ns, 0, sizeof(partner_until_ns));
	*verdicts = (struct verdicts){0};
}

void verdict_rules_changed(struct mono now)
{
	uint32_t end = partner_slot_end();

	if (!only_verdicts)
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

static int order_say(const struct block *block, bool ends, struct mono now)
{
	struct verdict_order order = {.block = *block, .said = now, .ends = ends};

	return rte_ring_enqueue_elem(only_verdicts->orders, &order, sizeof(order)) == 0 ? 0
											: -EAGAIN;
}

int verdict_block(const struct block *block, struct mono now)
{
	struct block alias;
	bool has_alias = alias_of(block, &alias);
	int rc;

	if (!only_verdicts)
		return -ENODEV;
	if (rte_ring_free_count(only_verdicts->orders) < 2)
		return -EAGAIN;
	rc = block_put(&said, block, now);
	if (rc < 0)
		return rc;
	/* Without room for the other spelling, the one that certificates have still holds. */
	has_alias = has_alias && block_put(&said, &alias, now) == 0;
	/* First the partners: when the worker takes the order, it looks at their flows too. */
	if (block_target_is_name(&block->target))
		verdict_rules_changed(now);
	rc = order_say(block, false, now);
	return rc == 0 && has_alias ? order_say(&alias, false, now) : rc;
}

int verdict_unblock(const struct block_target *target, struct mono now)
{
	struct block block = {.target = *target};
	struct block alias;
	bool has_alias = alias_of(&block, &alias);
	int rc;

	if (!only_verdicts)
		return -ENODEV;
	if (rte_ring_free_count(only_verdicts->orders) < 2)
		return -EAGAIN;
	if (!block_remove(&said, target, now))
		return -ENOENT;
	if (has_alias)
		block_remove(&said, &alias.target, now);
	if (block_target_is_name(target))
		verdict_rules_changed(now);
	rc = order_say(&block, true, now);
	return rc == 0 && has_alias ? order_say(&alias, true, now) : rc;
}

int verdict_say_flow(const struct tuple *key, uint32_t mark, struct view domain, struct mono now)
{
	struct verdict_flow flow = {
		.key = *key, .mark = mark, .partner_slot = partner_slot(mark_partner(mark))};

	if (!only_verdicts)
		return -ENODEV;
	flow.blocked = block_finds_name(&said, domain, now);
	return rte_ring_enqueue_elem(only_verdicts->flows, &flow, sizeof(flow)) == 0 ? 0 : -EAGAIN;
}

uint32_t verdict_list(uint32_t offset, uint32_t limit, struct mono now,
	struct block out[static BLOCK_PAGE_MAX], uint32_t *total)
{
	uint32_t count = 0;

	*total = 0;
	if (!only_verdicts)
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
