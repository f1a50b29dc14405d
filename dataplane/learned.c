/* SPDX-License-Identifier: BSD-3-Clause */
/* Whose single addresses are, as the control plane learned it. */
#include "dataplane/learned.h"

#include <sys/random.h>

#include <rte_malloc.h>

#include "dataplane/lookup.h"
#include "dataplane/partner.h"
#include "dataplane/tables.h"
#include "dataplane/tuple.h"

enum { KEY_BYTES = 1 + 16 };

struct learned {
	struct retired retired;
	struct lookup slots; /* by family and address */
};

static struct learned *in_force; /* one release store, acquire loads by readers */
static uint32_t serial;
static uint32_t count; /* of what is in force */

static struct view key_of(
	uint8_t out[static KEY_BYTES], uint8_t family, const uint8_t address[static 16])
{
	out[0] = family;
	memcpy(out + 1, address, 16);
	return view_make(out, KEY_BYTES);
}

static void learned_free(struct learned *learned)
{
	lookup_fini(&learned->slots);
	rte_free(learned);
}

static void learned_release(struct retired *retired)
{
	/* It is the first member. */
	learned_free((struct learned *)retired);
}

struct learned *learned_build(const struct claims *claims)
{
	struct learned *learned = rte_zmalloc("learned", sizeof(*learned), RTE_CACHE_LINE_SIZE);
	struct hash_secret secret;

	if (!learned)
		return NULL;
	if (getrandom(&secret, sizeof(secret), 0) != (ssize_t)sizeof(secret) ||
		lookup_init(&learned->slots, claims->count, claims->count * KEY_BYTES, &secret) <
			0) {
		learned_free(learned);
		return NULL;
	}
	for (uint32_t i = 0; i < claims->count; i++) {
		uint8_t key[KEY_BYTES];
		struct claim claim;

		claims_at(claims, i, &claim);
		lookup_add(&learned->slots,
			key_of(key, claim.address.family_bits == 32 ? TUPLE_IPV4 : TUPLE_IPV6,
				claim.address.bytes),
			partner_slot(claim.partner_id));
	}
	return learned;
}

void learned_publish(struct learned *learned)
{
	struct learned *old = in_force;

	__atomic_store_n(&count, learned ? learned->slots.count : 0, __ATOMIC_RELAXED);
	__atomic_store_n(&in_force, learned, __ATOMIC_RELEASE);
	/* After the set: who sees the number has the set, or a later one. */
	__atomic_store_n(&serial, serial + 1, __ATOMIC_RELEASE);
	if (old)
		tables_retire(&old->retired, learned_release);
}

uint32_t learned_serial(void)
{
	return __atomic_load_n(&serial, __ATOMIC_ACQUIRE);
}

uint32_t learned_count(void)
{
	return __atomic_load_n(&count, __ATOMIC_RELAXED);
}

uint32_t learned_slot(uint8_t family, const uint8_t address[static 16])
{
	const struct learned *learned = __atomic_load_n(&in_force, __ATOMIC_ACQUIRE);
	uint8_t key[KEY_BYTES];
	uint32_t slot;

	if (!learned || !lookup_find(&learned->slots, key_of(key, family, address), &slot))
		return 0;
	return slot;
}
