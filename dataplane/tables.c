/* SPDX-License-Identifier: BSD-3-Clause */
/* The filter table in the form that packets ask. */
#include "dataplane/tables_int.h"

#include <endian.h>
#include <errno.h>

#include <rte_malloc.h>
#include <rte_rcu_qsbr.h>

#include "dataplane/learned.h"
#include "dataplane/tuple.h"
#include "rules/base/mark.h"

enum { SOURCES_AT_ONCE = 32 };

static struct rte_rcu_qsbr *grace;
static struct tables *in_force; /* one release store by the builder, acquire loads by readers */
static struct retired *waiting; /* for the readers */

int tables_setup(void)
{
	if (grace)
		return 0;
	grace = rte_zmalloc(
		"tables", rte_rcu_qsbr_get_memsize(TABLES_READERS_MAX), RTE_CACHE_LINE_SIZE);
	if (!grace)
		return -ENOMEM;
	return rte_rcu_qsbr_init(grace, TABLES_READERS_MAX) == 0 ? 0 : -ENOMEM;
}

void tables_free(struct tables *t)
{
	if (!t)
		return;
	rte_fib_free(t->fib4);
	rte_fib6_free(t->fib6);
	lookup_fini(&t->services);
	lookup_fini(&t->addresses);
	names_fini(&t->names);
	lookup_fini(&t->partner_by_id);
	tables_limits_free(t);
	rte_free(t->id_by_slot);
	rte_free(t->partners);
	rte_free(t);
}

static void tables_release(struct retired *retired)
{
	/* It is the first member. */
	tables_free((struct tables *)retired);
}

void tables_retire(struct retired *retired, void (*release)(struct retired *retired))
{
	retired->release = release;
	retired->token = rte_rcu_qsbr_start(grace);
	retired->next = waiting;
	waiting = retired;
	tables_reclaim();
}

/* Why a reader never sees freed tables: it loads in_force after one quiescent point and drops the
 * pointer before its next. The old tables leave in_force (release) before the grace period starts;
 * a reader that has reported since then can only have loaded the new ones, one that has not is
 * waited for. */
void tables_publish(struct tables *tables)
{
	struct tables *old = in_force;

	__atomic_store_n(&in_force, tables, __ATOMIC_RELEASE);
	if (old)
		tables_retire(&old->retired, tables_release);
	else
		tables_reclaim();
}

uint32_t tables_reclaim(void)
{
	struct retired **link = &waiting;
	uint32_t count = 0;

	while (*link) {
		struct retired *r = *link;

		if (rte_rcu_qsbr_check(grace, r->token, false) == 1) {
			*link = r->next;
			r->release(r);
		} else {
			count++;
			link = &r->next;
		}
	}
	return count;
}

const struct tables *tables_now(void)
{
	return __atomic_load_n(&in_force, __ATOMIC_ACQUIRE);
}

int tables_reader_join(unsigned reader)
{
	if (!grace || rte_rcu_qsbr_thread_register(grace, reader) != 0)
		return -EINVAL;
	rte_rcu_qsbr_thread_online(grace, reader);
	return 0;
}

void tables_reader_leave(unsigned reader)
{
	rte_rcu_qsbr_thread_offline(grace, reader);
	rte_rcu_qsbr_thread_unregister(grace, reader);
}

void tables_quiescent(unsigned reader)
{
	rte_rcu_qsbr_quiescent(grace, reader);
}

uint64_t tables_generation(const struct tables *tables)
{
	return tables->generation;
}

uint32_t tables_serial(const struct tables *tables)
{
	/* Both only grow, so no sum comes again. */
	return tables->serial + learned_serial();
}

bool tables_service(const struct tables *tables, uint8_t family, const uint8_t address[static 16],
	uint16_t port, enum filter_protocol *protocol)
{
	uint8_t key[ENDPOINT_BYTES];
	uint32_t value;

	endpoint_key(key, family, address, port);
	if (!lookup_find(&tables->services, view_make(key, ENDPOINT_BYTES), &value))
		return false;
	*protocol = (enum filter_protocol)value;
	return true;
}

bool tables_address(const struct tables *tables, uint8_t family, const uint8_t address[static 16])
{
	uint8_t key[ENDPOINT_BYTES];

	endpoint_key(key, family, address, 0);
	return lookup_may_have(&tables->addresses, view_make(key, ADDRESS_BYTES)) &&
	       lookup_find(&tables->addresses, view_make(key, ADDRESS_BYTES), NULL);
}

/* Only partners of these rules: what was learned may be older than they are. */
static void source_learned(const struct tables *tables, uint8_t family,
	const uint8_t address[static 16], struct source *out)
{
	uint32_t slot = learned_slot(family, address);

	if (slot == 0 || slot >= tables->slot_end || tables->id_by_slot[slot] == PARTNER_NONE)
		return;
	out->partner_id = tables->id_by_slot[slot];
	out->partner_slot = slot;
}

/* What the rules say; false: nothing. */
static bool source_of_hop(const struct tables *tables, uint64_t hop, struct source *out)
{
	*out = (struct source){.blocked = hop == HOP_BLOCKED};
	if (hop < HOP_PARTNER)
		return hop != HOP_UNKNOWN;
	out->partner_id = tables->partners[hop - HOP_PARTNER].id;
	out->partner_slot = tables->partners[hop - HOP_PARTNER].slot;
	return true;
}

void tables_sources_ipv4(
	const struct tables *tables, const uint32_t *addresses, uint32_t count, struct source *out)
{
	bool learned = learned_count() > 0;
	uint64_t hops[SOURCES_AT_ONCE] = {HOP_UNKNOWN};

	for (uint32_t i = 0; i < count; i++) {
		uint32_t at = i % SOURCES_AT_ONCE;

		if (at == 0 && tables->fib4)
			rte_fib_lookup_bulk(tables->fib4, (uint32_t *)(uintptr_t)&addresses[i],
				hops, (int)RTE_MIN(count - i, (uint32_t)SOURCES_AT_ONCE));
		if (!source_of_hop(tables, hops[at], &out[i]) && learned) {
			uint32_t word = htobe32(addresses[i]);
			uint8_t address[16] = {0};

			memcpy(address, &word, sizeof(word));
			source_learned(tables, TUPLE_IPV4, address, &out[i]);
		}
	}
}

void tables_sources_ipv6(
	const struct tables *tables, uint8_t (*addresses)[16], uint32_t count, struct source *out)
{
	bool learned = learned_count() > 0;
	uint64_t hops[SOURCES_AT_ONCE] = {HOP_UNKNOWN};

	for (uint32_t i = 0; i < count; i++) {
		uint32_t at = i % SOURCES_AT_ONCE;

		if (at == 0 && tables->fib6)
			rte_fib6_lookup_bulk(tables->fib6, &addresses[i], hops,
				(int)RTE_MIN(count - i, (uint32_t)SOURCES_AT_ONCE));
		if (!source_of_hop(tables, hops[at], &out[i]) && learned)
			source_learned(tables, TUPLE_IPV6, addresses[i], &out[i]);
	}
}

void tables_source(const struct tables *tables, uint8_t family, const uint8_t address[static 16],
	struct source *out)
{
	uint64_t hop = HOP_UNKNOWN;

	if (family == TUPLE_IPV4 && tables->fib4) {
		uint32_t ip = (uint32_t)address[0] << 24 | (uint32_t)address[1] << 16 |
			      (uint32_t)address[2] << 8 | address[3];

		rte_fib_lookup_bulk(tables->fib4, &ip, &hop, 1);
	} else if (family == TUPLE_IPV6 && tables->fib6) {
		uint8_t ip[1][RTE_FIB6_IPV6_ADDR_SIZE];

		memcpy(ip[0], address, sizeof(ip[0]));
		rte_fib6_lookup_bulk(tables->fib6, ip, &hop, 1);
	}
	if (!source_of_hop(tables, hop, out))
		source_learned(tables, family, address, out);
}

uint64_t tables_tails(const struct tables *tables, uint8_t family)
{
	return family == TUPLE_IPV4 ? tables->tails4 : tables->tails6;
}

bool tables_local(const struct tables *tables, struct view domain)
{
	uint8_t folded[NAME_ROOM_BYTES];

	return names_find(&tables->names, name_fold(domain, folded)) & NAME_LOCAL;
}

static struct named named_by(const struct tables *tables, const struct name_search *search)
{
	struct name_facts facts = names_judge(&tables->names, search);

	return (struct named){
		.blocked = facts.blocked,
		.partner_id = facts.partner == NAMES_NOBODY ? PARTNER_NONE
							    : tables->partners[facts.partner].id,
	};
}

static struct named named(const struct tables *tables, struct view domain)
{
	uint8_t folded[NAME_ROOM_BYTES];
	struct name_search search;

	names_prepare(&tables->names, name_fold(domain, folded), &search);
	return named_by(tables, &search);
}

bool tables_way(const struct tables *tables, struct view to, struct view from, struct named *out)
{
	uint8_t folded[NAME_ROOM_BYTES];
	struct name_search search;

	names_prepare(&tables->names, name_fold(from, folded), &search);
	if (!tables_local(tables, to))
		return false;
	*out = named_by(tables, &search);
	return true;
}

bool tables_blocked(const struct tables *tables, struct view domain)
{
	return named(tables, domain).blocked;
}

uint32_t tables_partner(const struct tables *tables, struct view domain)
{
	return named(tables, domain).partner_id;
}
