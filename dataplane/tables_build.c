/* SPDX-License-Identifier: BSD-3-Clause */
/* From the filter table to tables: the control side's part, which may take its time. */
#include "dataplane/tables_int.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include <idn2.h>

#include <rte_malloc.h>

#include "dataplane/partner.h"
#include "dataplane/tuple.h"
#include "rules/base/mark.h"

static uint32_t last_serial;

static uint8_t family_of(const struct ip_address *address)
{
	return address->family_bits == 32 ? TUPLE_IPV4 : TUPLE_IPV6;
}

static bool name_is_idn(struct view name)
{
	return memmem(name.p, name.len, "xn--", 4) != NULL;
}

/* Room that name_add needs. */
static uint32_t name_bytes(struct view name)
{
	return name.len + (name_is_idn(name) ? NAME_MAX_BYTES : 0);
}

/* A name as the rules have it, and as Unicode if it is an internationalised one: XMPP sends that.
 * Building is not the packet path: libidn2 may allocate. */
static int name_add(struct names *n, struct view name, uint8_t what, uint32_t partner)
{
	uint8_t folded_bytes[NAME_ROOM_BYTES];
	struct view folded = name_fold(name, folded_bytes);
	char text[NAME_MAX_BYTES + 1];
	char *unicode = NULL;
	int rc = names_add(n, folded, what, partner);

	if (rc < 0 && rc != -EEXIST)
		return rc;
	if (!name_is_idn(folded) || !view_copy(folded, text, sizeof(text)) ||
		idn2_to_unicode_8z8z(text, &unicode, 0) != IDN2_OK)
		return 0;
	rc = strlen(unicode) <= NAME_MAX_BYTES ? names_add(n, view_of(unicode), what, partner) : 0;
	free(unicode);
	return rc == -EEXIST ? 0 : rc;
}

static int build_services(
	struct tables *t, const struct filter *filter, const struct hash_secret *secret)
{
	uint32_t count = filter->service_count;
	uint8_t key[ENDPOINT_BYTES];
	struct filter_service service;

	if (count > TABLES_SERVICES_MAX)
		return -E2BIG;
	if (lookup_init(&t->services, count, count * ENDPOINT_BYTES, secret) < 0 ||
		lookup_init(&t->addresses, count, count * ADDRESS_BYTES, secret) < 0)
		return -ENOMEM;
	for (uint32_t i = 0; i < count; i++) {
		filter_service(filter, i, &service);
		endpoint_key(key, family_of(&service.address), service.address.bytes, service.port);
		lookup_add(&t->services, view_make(key, ENDPOINT_BYTES), service.protocol);
		lookup_add(&t->addresses, view_make(key, ADDRESS_BYTES), 0);
		if (family_of(&service.address) == TUPLE_IPV4)
			t->tails4 |= UINT64_C(1) << service.address.bytes[3] % 64;
		else
			t->tails6 |= UINT64_C(1) << service.address.bytes[15] % 64;
	}
	return 0;
}

/* A name takes a place, and one more if it is internationalised. */
static void name_count(struct view name, uint32_t *count, uint32_t *bytes)
{
	*count += name_is_idn(name) ? 2 : 1;
	*bytes += name_bytes(name);
}

static int names_make_room(
	struct tables *t, const struct filter *filter, const struct hash_secret *secret)
{
	struct filter_blocked_domain blocked;
	struct filter_partner partner;
	uint32_t count = 0;
	uint32_t bytes = 0;

	for (uint32_t i = 0; i < filter->local_count; i++)
		name_count(filter_local(filter, i), &count, &bytes);
	for (uint32_t i = 0; i < filter->blocked_domain_count; i++) {
		filter_blocked_domain(filter, i, &blocked);
		name_count(blocked.domain, &count, &bytes);
	}
	for (uint32_t i = 0; i < filter->partner_count; i++) {
		filter_partner(filter, i, &partner);
		name_count(partner.domain, &count, &bytes);
	}
	return names_init(&t->names, count, bytes, secret);
}

static int build_names(
	struct tables *t, const struct filter *filter, const struct hash_secret *secret)
{
	struct filter_blocked_domain blocked;
	int rc = names_make_room(t, filter, secret);

	for (uint32_t i = 0; rc == 0 && i < filter->local_count; i++)
		rc = name_add(&t->names, filter_local(filter, i), NAME_LOCAL, NAMES_NOBODY);
	for (uint32_t i = 0; rc == 0 && i < filter->blocked_domain_count; i++) {
		filter_blocked_domain(filter, i, &blocked);
		rc = name_add(&t->names, blocked.domain,
			NAME_BLOCKED | (blocked.subtree ? NAME_BLOCKED_SUBTREE : 0), NAMES_NOBODY);
	}
	return rc;
}

static int build_partners(
	struct tables *t, const struct filter *filter, const struct hash_secret *secret)
{
	uint32_t count = filter->partner_count;
	struct filter_partner partner;
	int rc = 0;

	t->partners = rte_malloc("tables", (count + 1) * sizeof(*t->partners), 0);
	if (!t->partners ||
		lookup_init(&t->partner_by_id, count, count * sizeof(uint32_t), secret) < 0)
		return -ENOMEM;
	t->partner_count = count;
	for (uint32_t i = 0; rc == 0 && i < count; i++) {
		filter_partner(filter, i, &partner);
		t->partners[i].id = partner.id;
		t->partners[i].slot = partner_slot_named(partner.id, partner.domain);
		lookup_add(&t->partner_by_id, view_make(&partner.id, sizeof(partner.id)), i);
		if (names_find(&t->names, partner.domain) & NAME_PARTNER)
			rc = -EEXIST;
		else
			rc = name_add(&t->names, partner.domain,
				NAME_PARTNER | (partner.subtree ? NAME_PARTNER_SUBTREE : 0), i);
	}
	return rc;
}

/* Is this prefix of the family, and to be added in this round? Blocked ones come last, so that of
 * two equal prefixes the stricter one stays. */
static bool source_in_round(const struct filter_source *source, uint32_t family_bits, bool blocked)
{
	return source->prefix.address.family_bits == family_bits &&
	       (source->partner_id == PARTNER_NONE) == blocked;
}

static int source_hop(const struct tables *t, const struct filter_source *source, uint64_t *hop)
{
	uint32_t index;

	*hop = HOP_BLOCKED;
	if (source->partner_id == PARTNER_NONE)
		return 0;
	if (!lookup_find(&t->partner_by_id,
		    view_make(&source->partner_id, sizeof(source->partner_id)), &index))
		return -EINVAL;
	*hop = HOP_PARTNER + index;
	return 0;
}

static int fib4_add(struct tables *t, const struct filter_source *source)
{
	const uint8_t *a = source->prefix.address.bytes;
	uint32_t ip = (uint32_t)a[0] << 24 | (uint32_t)a[1] << 16 | (uint32_t)a[2] << 8 | a[3];
	uint64_t hop;

	return source_hop(t, source, &hop) < 0
		       ? -EINVAL
		       : rte_fib_add(t->fib4, ip, source->prefix.length_bits, hop);
}

static int fib6_add(struct tables *t, const struct filter_source *source)
{
	uint64_t hop;

	return source_hop(t, source, &hop) < 0 ? -EINVAL
					       : rte_fib6_add(t->fib6, source->prefix.address.bytes,
							 source->prefix.length_bits, hop);
}

/* DIR-24-8 takes 16 M entries of the size that next hops and extension groups need: 16, 32 or 64
 * MiB. */
static int fib4_create(struct tables *t, uint32_t prefixes, uint32_t groups)
{
	uint32_t largest = RTE_MAX(t->partner_count + HOP_PARTNER, groups + 64);
	struct rte_fib_conf conf = {
		.type = RTE_FIB_DIR24_8,
		.default_nh = HOP_UNKNOWN,
		.max_routes = (int)prefixes + 1,
		.dir24_8 = {.nh_sz = largest < 127     ? RTE_FIB_DIR24_8_1B
				     : largest < 32767 ? RTE_FIB_DIR24_8_2B
						       : RTE_FIB_DIR24_8_4B,
			.num_tbl8 = groups + 1},
	};
	char name[32];

	snprintf(name, sizeof(name), "picket4_%u", t->serial);
	t->fib4 = rte_fib_create(name, SOCKET_ID_ANY, &conf);
	return t->fib4 ? 0 : -ENOMEM;
}

static int fib6_create(struct tables *t, uint32_t prefixes, uint32_t groups)
{
	uint32_t largest = RTE_MAX(t->partner_count + HOP_PARTNER, groups + 64);
	struct rte_fib6_conf conf = {
		.type = RTE_FIB6_TRIE,
		.default_nh = HOP_UNKNOWN,
		.max_routes = (int)prefixes + 1,
		.trie = {.nh_sz = largest < 32767 ? RTE_FIB6_TRIE_2B : RTE_FIB6_TRIE_4B,
			.num_tbl8 = groups + 1},
	};
	char name[32];

	snprintf(name, sizeof(name), "picket6_%u", t->serial);
	t->fib6 = rte_fib6_create(name, SOCKET_ID_ANY, &conf);
	return t->fib6 ? 0 : -ENOMEM;
}

static int build_sources(struct tables *t, const struct filter *filter, uint32_t family_bits)
{
	struct filter_source source;
	uint32_t prefixes = 0;
	uint32_t groups = 0; /* of 256 entries, below the first 24 bits: one per eight bits more */
	int rc;

	for (uint32_t i = 0; i < filter->source_count; i++) {
		filter_source(filter, i, &source);
		if (source.prefix.address.family_bits != family_bits)
			continue;
		prefixes++;
		if (source.prefix.length_bits > 24)
			groups += (source.prefix.length_bits - 24u + 7) / 8;
	}
	if (prefixes == 0)
		return 0;
	rc = family_bits == 32 ? fib4_create(t, prefixes, groups)
			       : fib6_create(t, prefixes, groups);
	for (int round = 0; round < 2; round++)
		for (uint32_t i = 0; rc == 0 && i < filter->source_count; i++) {
			filter_source(filter, i, &source);
			if (source_in_round(&source, family_bits, round == 1))
				rc = family_bits == 32 ? fib4_add(t, &source)
						       : fib6_add(t, &source);
		}
	return rc;
}

/* After the limits: they know how many slots there are. */
static int build_ids(struct tables *t)
{
	t->id_by_slot = rte_zmalloc("tables", t->slot_end * sizeof(*t->id_by_slot), 0);
	if (!t->id_by_slot)
		return -ENOMEM;
	for (uint32_t i = 0; i < t->partner_count; i++)
		t->id_by_slot[t->partners[i].slot] = t->partners[i].id;
	/* Where partners are that found no slot. */
	t->id_by_slot[0] = PARTNER_NONE;
	return 0;
}

struct tables *tables_build(const struct filter *filter, char *why, size_t why_bytes)
{
	struct hash_secret secret;
	struct tables *t = rte_zmalloc("tables", sizeof(*t), RTE_CACHE_LINE_SIZE);
	const char *part = "all";
	int rc = t ? 0 : -ENOMEM;

	if (rc == 0 && getrandom(&secret, sizeof(secret), 0) != (ssize_t)sizeof(secret))
		rc = -EIO;
	if (rc == 0) {
		t->generation = filter->generation;
		t->serial = ++last_serial;
		part = "services";
		rc = build_services(t, filter, &secret);
	}
	if (rc == 0) {
		part = "names";
		rc = build_names(t, filter, &secret);
	}
	if (rc == 0) {
		part = "partners";
		rc = build_partners(t, filter, &secret);
	}
	if (rc == 0) {
		part = "limits";
		rc = tables_limits_build(t, filter);
	}
	if (rc == 0)
		rc = build_ids(t);
	if (rc == 0) {
		part = "source prefixes";
		rc = build_sources(t, filter, 32);
	}
	if (rc == 0)
		rc = build_sources(t, filter, 128);
	if (rc == 0) {
		lookup_fini(&t->partner_by_id);
		return t;
	}
	snprintf(why, why_bytes, "cannot build the %s of generation %llu: %s", part,
		(unsigned long long)filter->generation, strerror(-rc));
	tables_free(t);
	return NULL;
}
