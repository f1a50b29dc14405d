/* SPDX-License-Identifier: BSD-3-Clause */
/* Connections that cross the edge. */
#include "dataplane/flow.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/random.h>

#include <rte_malloc.h>

#include "dataplane/gather.h"
#include "dataplane/hash.h"
#include "dataplane/lanes.h"
#include "dataplane/legs.h"
#include "dataplane/partner.h"
#include "dataplane/steer.h"
#include "rules/base/mark.h"

static const uint64_t timeouts_ns[FLOW_STATE_COUNT] = {
#define FLOW_STATE_TIMEOUT(name, timeout_ms) [FLOW_##name] = timeout_ms * NS_PER_MS,
	FLOW_STATES(FLOW_STATE_TIMEOUT)
#undef FLOW_STATE_TIMEOUT
};

static_assert(PARTNER_SLOTS - 1 <= UINT16_MAX, "a flow keeps its partner's slot in two bytes");

static struct hash_secret secret;
static struct flow_table *tables[STEER_WORKERS_MAX]; /* by worker */

uint64_t flow_hash_wide(const struct tuple *key)
{
	return hash_bytes(&secret, key, sizeof(*key));
}

uint32_t flow_hash(const struct tuple *key)
{
	return (uint32_t)flow_hash_wide(key);
}

void flow_hash_bulk(const struct tuple *const *keys, uint32_t count, uint32_t *hashes)
{
	enum { WORDS = sizeof(struct tuple) / sizeof(uint64_t) };
	uint64_t wide[LANES_MAX] __attribute__((aligned(64)));
	struct lanes in = {0};

	static_assert((int)WORDS < (int)LANES_WORDS_MAX, "and one for the length");
	for (uint32_t i = 0; i < count; i++) {
		uint64_t words[WORDS];

		memcpy(words, keys[i], sizeof(words));
		for (uint32_t w = 0; w < WORDS; w++)
			in.words[w][i] = words[w];
		in.words[WORDS][i] = (uint64_t)sizeof(struct tuple) << 56;
	}
	lanes_siphash_1_3(secret.word[0], secret.word[1], &in, WORDS + 1, count, wide);
	for (uint32_t i = 0; i < count; i++)
		hashes[i] = (uint32_t)wide[i];
}

uint32_t flow_source_hash(const struct tuple *key, uint32_t partner_slot)
{
	struct tuple source = {.family = key->family};
	size_t address = key->family == TUPLE_IPV4 ? 4 : 8;

	memcpy(source.src, key->src, partner_slot == 0 ? address - 1 : address);
	memcpy(source.dst, &partner_slot, sizeof(partner_slot));
	return flow_hash(&source);
}

/* A place that is full counts no more, neither up nor down: it says "may be" until the table goes. */
static void trace_count(struct flow_table *table, const struct tuple *key, int more)
{
	uint32_t ports = (uint32_t)key->src_port << 16 | key->dst_port;
	uint64_t src[2];
	uint64_t dst[2];
	uint8_t *place;

	memcpy(src, key->src, sizeof(src));
	memcpy(dst, key->dst, sizeof(dst));
	place = &table->traces[key->family == TUPLE_IPV4 ? flow_trace_ipv4(table, (uint32_t)src[0],
								   (uint32_t)dst[0], ports)
							 : flow_trace_ipv6(table, src, dst, ports)];
	if (*place != UINT8_MAX)
		*place = (uint8_t)(*place + more);
}

static uint32_t hash_of_key(const void *key, uint32_t len, uint32_t seed)
{
	return flow_hash(key);
}

static int keys_differ(const void *a, const void *b, size_t len)
{
	uint64_t x[5];
	uint64_t y[5];

	memcpy(x, a, sizeof(x));
	memcpy(y, b, sizeof(y));
	return ((x[0] ^ y[0]) | (x[1] ^ y[1]) | (x[2] ^ y[2]) | (x[3] ^ y[3]) | (x[4] ^ y[4])) != 0;
}

int flow_table_init(
	struct flow_table *table, uint32_t number, struct ledger *ledger, uint32_t capacity)
{
	char name[RTE_HASH_NAMESIZE];
	/* A cuckoo table of eight entries a bucket takes 95 % without failing; an eighth more than
	 * the capacity keeps it below 89 %. */
	uint32_t slots = capacity + capacity / 8 + 8;
	struct rte_hash_parameters parameters = {
		.name = name,
		.entries = slots,
		.key_len = sizeof(struct tuple),
		.hash_func = hash_of_key,
		.socket_id = SOCKET_ID_ANY,
	};

	if (tables[number])
		return -EEXIST;
	snprintf(name, sizeof(name), "picket_flows_%u", number);
	*table = (struct flow_table){
		.ledger = ledger, .slots = slots, .capacity = capacity, .number = number};
	/* One secret for all tables, drawn with the first. */
	if (number == 0 && getrandom(&secret, sizeof(secret), 0) != (ssize_t)sizeof(secret))
		return -EIO;
	if (getrandom(table->trace_key, sizeof(table->trace_key), 0) !=
		(ssize_t)sizeof(table->trace_key))
		return -EIO;
	table->trace_mask = rte_align32pow2(2 * slots) - 1;
	table->traces = rte_zmalloc("flows", table->trace_mask + 1, 64);
	table->hash = rte_hash_create(&parameters);
	table->flows = rte_zmalloc("flows", slots * sizeof(*table->flows), RTE_CACHE_LINE_SIZE);
	table->leases = rte_zmalloc(
		"flows", prefixes_count(&ledger->prefixes) * sizeof(*table->leases), 64);
	table->classes = rte_zmalloc("flows", PARTNER_SLOTS * sizeof(*table->classes), 0);
	tables[number] = table;
	if (!table->hash || !table->flows || !table->leases || !table->classes || !table->traces) {
		flow_table_fini(table);
		return -ENOMEM;
	}
	rte_hash_set_cmp_func(table->hash, keys_differ);
	return 0;
}

void flow_table_fini(struct flow_table *table)
{
	rte_hash_free(table->hash);
	rte_free(table->flows);
	rte_free(table->leases);
	rte_free(table->classes);
	rte_free(table->traces);
	if (tables[table->number] == table)
		tables[table->number] = NULL;
	*table = (struct flow_table){0};
}

struct flow *flow_find(struct flow_table *table, const struct tuple *key, uint32_t hash)
{
	int32_t position = rte_hash_lookup_with_hash(table->hash, key, hash);

	return position < 0 ? NULL : &table->flows[position];
}

void flow_find_bulk(struct flow_table *table, const struct tuple *const *keys, uint32_t *hashes,
	uint32_t count, struct flow **out)
{
	int32_t positions[RTE_HASH_LOOKUP_BULK_MAX];

	rte_hash_lookup_with_hash_bulk(
		table->hash, (const void **)(uintptr_t)keys, hashes, count, positions);
	for (uint32_t i = 0; i < count; i++) {
		out[i] = positions[i] < 0 ? NULL : &table->flows[positions[i]];
		if (out[i])
			__builtin_prefetch(out[i], 1);
	}
}

/* Writer's side of the sequence lock that flow_copy reads: an odd version before the first change,
 * the next even one after the last. The fence keeps the changes behind the odd version, the release
 * store keeps them before the even one. */
static void change_begin(struct flow *flow)
{
	__atomic_store_n(&flow->version, flow->version + 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
}

static void change_end(struct flow *flow)
{
	__atomic_store_n(&flow->version, flow->version + 1, __ATOMIC_RELEASE);
}

/* Everything but the version, which goes on counting over the lives of a slot. */
static void flow_clear(struct flow *flow)
{
	uint32_t version = flow->version;

	memset(flow, 0, sizeof(*flow));
	flow->version = version;
	flow->gather = GATHER_NONE;
	flow->place = (struct flow_place){PREFIX_NONE, PREFIX_NONE};
}

struct flow *flow_insert(
	struct flow_table *table, const struct tuple *key, uint32_t hash, struct mono now)
{
	struct flow *flow;
	int32_t position;

	if (table->count >= table->capacity)
		return NULL;
	position = rte_hash_add_key_with_hash(table->hash, key, hash);
	if (position < 0)
		return NULL;
	flow = &table->flows[position];
	change_begin(flow);
	flow_clear(flow);
	flow->key = *key;
	flow_begin(flow, now);
	flow_enter(table, flow, FLOW_new, now);
	change_end(flow);
	table->count++;
	trace_count(table, key, 1);
	return flow;
}

static bool state_is_open(uint8_t state)
{
	return state >= FLOW_new && state <= FLOW_closing;
}

/* Open connections more, modulo 2^32: some are fewer. Other workers count in the ledger too. */
static void open_count(struct flow_table *table, const struct flow *flow, uint32_t more)
{
	const uint32_t entries[] = {flow->place.wide, flow->place.narrow};
	uint32_t slot = flow->partner_slot;

	if (more == 0)
		return;
	table->classes[slot].open[mark_class(flow->mark) % FLOW_CLASSES] += more;
	__atomic_fetch_add(&table->ledger->open[slot], more, __ATOMIC_RELAXED);
	for (size_t i = 0; i < RTE_DIM(entries); i++)
		if (entries[i] != PREFIX_NONE)
			__atomic_fetch_add(&table->ledger->prefixes.entries[entries[i]].open, more,
				__ATOMIC_RELAXED);
}

/* Credit of a prefix that had the entry before is not this one's. */
static void lease_follow(struct flow_table *table, uint32_t entry)
{
	struct prefix_lease *lease = &table->leases[entry];
	uint32_t life = table->ledger->prefixes.entries[entry].life;

	if (lease->life != life)
		*lease = (struct prefix_lease){.life = life};
}

struct flow_place flow_place_take(
	struct flow_table *table, const struct tuple *tuple, struct mono now)
{
	struct prefixes *prefixes = &table->ledger->prefixes;
	bool v6 = tuple->family == TUPLE_IPV6;
	struct flow_place place = {
		.wide = prefixes_take(prefixes, tuple->family, tuple->src, v6 ? 56 : 24, now),
		.narrow = PREFIX_NONE,
	};

	lease_follow(table, place.wide);
	if (v6)
		place.narrow = prefixes_take(prefixes, tuple->family, tuple->src, 64, now);
	if (place.narrow == PREFIX_COMMON) {
		prefixes_give(prefixes, PREFIX_COMMON);
		place.narrow = PREFIX_NONE;
	}
	if (place.narrow != PREFIX_NONE)
		lease_follow(table, place.narrow);
	return place;
}

void flow_place_give(struct flow_table *table, struct flow_place place)
{
	if (place.wide != PREFIX_NONE)
		prefixes_give(&table->ledger->prefixes, place.wide);
	if (place.narrow != PREFIX_NONE)
		prefixes_give(&table->ledger->prefixes, place.narrow);
}

void flow_begin(struct flow *flow, struct mono now)
{
	flow->began_ds = (uint32_t)(now.ns / (NS_PER_S / 10));
	flow->packets_in = 0;
	flow->packets_out = 0;
	flow->wraps_in = 0;
	flow->wraps_out = 0;
}

void flow_enter(struct flow_table *table, struct flow *flow, enum flow_state state, struct mono now)
{
	uint32_t more =
		(uint32_t)state_is_open((uint8_t)state) - (uint32_t)state_is_open(flow->state);

	open_count(table, flow, more);
	flow->state = (uint8_t)state;
	flow->seen_ns = now.ns;
}

void flow_assign(struct flow_table *table, struct flow *flow, uint32_t mark, uint32_t partner_slot)
{
	uint32_t open = state_is_open(flow->state);

	open_count(table, flow, -open);
	flow_place_give(table, flow->place);
	flow->place = (struct flow_place){PREFIX_NONE, PREFIX_NONE};
	flow->by_domain = 0;
	/* It has just entered its state, or has been heard of: its time is near enough. */
	if (partner_slot == 0)
		flow->place = flow_place_take(table, &flow->key, (struct mono){flow->seen_ns});
	flow->partner_slot = (uint16_t)partner_slot;
	flow->mark = mark;
	open_count(table, flow, open);
}

/* Names that no family and no prefix of unknown sources has. */
enum { OF_DOMAIN = 0, OF_ALL_DOMAINS = 0x80 };

static struct flow_place domain_place_take(
	struct flow_table *table, const struct flow *flow, uint64_t domain)
{
	struct prefixes *prefixes = &table->ledger->prefixes;
	const struct tuple *key = &flow->key;
	struct mono now = {flow->seen_ns};
	struct flow_place place;
	uint8_t name[16] = {0};

	memcpy(name, &domain, sizeof(domain));
	place.wide = prefixes_take(prefixes, OF_DOMAIN, name, 8 * sizeof(domain), now);
	lease_follow(table, place.wide);
	place.narrow = prefixes_take(prefixes, OF_ALL_DOMAINS | key->family, key->src,
		key->family == TUPLE_IPV6 ? 56 : 24, now);
	if (place.narrow == PREFIX_COMMON) {
		prefixes_give(prefixes, PREFIX_COMMON);
		place.narrow = PREFIX_NONE;
	} else {
		lease_follow(table, place.narrow);
	}
	return place;
}

void flow_assign_domain(struct flow_table *table, struct flow *flow, uint32_t mark, uint64_t domain)
{
	uint32_t open = state_is_open(flow->state);
	struct flow_place place = domain_place_take(table, flow, domain);

	if (place.wide == PREFIX_COMMON) {
		flow_place_give(table, place);
		flow_assign(table, flow, mark, 0);
		return;
	}
	open_count(table, flow, -open);
	flow_place_give(table, flow->place);
	flow->place = place;
	flow->by_domain = 1;
	flow->partner_slot = 0;
	flow->mark = mark;
	open_count(table, flow, open);
}

void flow_remove(struct flow_table *table, struct flow *flow)
{
	uint32_t open = state_is_open(flow->state);

	open_count(table, flow, -open);
	flow_place_give(table, flow->place);
	rte_hash_del_key_with_hash(table->hash, &flow->key, flow_hash(&flow->key));
	trace_count(table, &flow->key, -1);
	change_begin(flow);
	flow_clear(flow);
	change_end(flow);
	table->count--;
}

struct flow *flow_expired(struct flow_table *table, struct mono now, uint32_t *budget)
{
	while (*budget > 0) {
		struct flow *flow = &table->flows[table->cursor];

		(*budget)--;
		table->cursor = table->cursor + 1 < table->slots ? table->cursor + 1 : 0;
		if (flow->state != FLOW_none && now.ns >= flow->seen_ns + timeouts_ns[flow->state])
			return flow;
	}
	return NULL;
}

/* Reader's side: what was copied counts only if the version was even before (the acquire load keeps
 * the copying behind it) and the same after (the fence keeps it before). Words are read with relaxed
 * atomic loads, so each is whole; fields that change without the lock (time, state) may be newer than
 * their neighbours, which a listing can bear. */
bool flow_copy(const struct flow_table *table, uint32_t i, struct flow *out)
{
	const struct flow *flow = &table->flows[i];
	const uint64_t *from = (const uint64_t *)flow;
	uint64_t words[sizeof(*flow) / sizeof(uint64_t)];
	uint32_t version = __atomic_load_n(&flow->version, __ATOMIC_ACQUIRE);

	if (version % 2 != 0)
		return false;
	for (size_t k = 0; k < RTE_DIM(words); k++)
		words[k] = __atomic_load_n(&from[k], __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	if (__atomic_load_n(&flow->version, __ATOMIC_RELAXED) != version)
		return false;
	memcpy(out, words, sizeof(*out));
	return out->state != FLOW_none;
}

const char *flow_state_name(enum flow_state state)
{
	static const char *const names[FLOW_STATE_COUNT] = {
#define FLOW_STATE_NAME(name, timeout_ms) #name,
		FLOW_STATES(FLOW_STATE_NAME)
#undef FLOW_STATE_NAME
	};

	return names[state];
}

/* What the kernel's state of a socket means here; FLOW_none if it has no connection. */
static enum flow_state state_of_kernel(uint8_t tcp_state)
{
	enum { TCP_NEW_SYN_RECEIVED = 12 }; /* in the kernel's headers only */

	switch (tcp_state) {
	case TCP_ESTABLISHED:
		return FLOW_established;
	case TCP_SYN_SENT:
	case TCP_SYN_RECV:
	case TCP_NEW_SYN_RECEIVED:
		return FLOW_new;
	case TCP_FIN_WAIT1:
	case TCP_FIN_WAIT2:
	case TCP_CLOSE_WAIT:
	case TCP_LAST_ACK:
	case TCP_CLOSING:
		return FLOW_closing;
	case TCP_TIME_WAIT:
		return FLOW_closed;
	default:
		return FLOW_none;
	}
}

int flow_adopt(const struct flow_seed *seed)
{
	enum flow_state state = state_of_kernel(seed->tcp_state);
	struct flow_table *table;
	uint32_t hash;
	struct flow *flow;
	struct mono now = mono_now();

	if (!tables[0])
		return -ENODEV;
	if (state == FLOW_none)
		return -EINVAL;
	table = tables[steer_owner(&seed->tuple)];
	hash = flow_hash(&seed->tuple);
	if (flow_find(table, &seed->tuple, hash))
		return -EEXIST;
	flow = flow_insert(table, &seed->tuple, hash, now);
	if (!flow)
		return -ENOSPC;
	flow->flags = seed->outbound ? FLOW_OUTBOUND : 0;
	flow->leg = LEG_NONE;
	flow_assign(table, flow, seed->mark, partner_slot(mark_partner(seed->mark)));
	flow_enter(table, flow, state, now);
	return 0;
}
