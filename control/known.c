/* SPDX-License-Identifier: BSD-3-Clause */
/* Addresses from which partners have proven who they are. */
#include "control/known.h"

#include <stdlib.h>
#include <string.h>

#include "rules/base/mark.h"
#include "rules/base/siphash.h"

enum { WAYS = 8, WAYS_OF_ONE = WAYS / KNOWN_OF_ONE_PART, SETS = KNOWN_MAX / WAYS };

struct proof {
	struct ip_address address;
	uint32_t partner_id; /* PARTNER_NONE: several have proven themselves from there */
	struct mono until;   /* zero: nothing is here */
};

struct known {
	struct siphash_key key;         /* so that nobody can choose whose place is taken */
	struct proof proofs[KNOWN_MAX]; /* WAYS of a set side by side */
	bool (*suspects)(void *arg, uint32_t partner_id);
	void *suspects_arg;
};

struct known *known_new(void)
{
	struct known *known = calloc(1, sizeof(*known));

	if (known && siphash_key_random(&known->key) == 0)
		return known;
	free(known);
	return NULL;
}

void known_free(struct known *known)
{
	free(known);
}

/* The first of the places where this address may be. */
static uint32_t set_of(const struct known *known, const struct ip_address *address)
{
	uint8_t bytes[1 + sizeof(address->bytes)];

	bytes[0] = address->family_bits;
	memcpy(bytes + 1, address->bytes, sizeof(address->bytes));
	return (uint32_t)(siphash(&known->key, bytes, sizeof(bytes)) % SETS) * WAYS;
}

/* The place of the proof that counts for this address, or KNOWN_MAX. */
static uint32_t find(const struct known *known, const struct ip_address *address, struct mono now)
{
	uint32_t set = set_of(known, address);

	for (uint32_t i = set; i < set + WAYS; i++)
		if (!mono_reached(now, known->proofs[i].until) &&
			ip_address_equal(&known->proofs[i].address, address))
			return i;
	return KNOWN_MAX;
}

/* Where a proof of this partner goes in a set: empty, over, or the first to be. Who has its share of the set
 * gives its own away, so nobody who has more addresses than others takes theirs. */
static uint32_t place_for(
	const struct known *known, uint32_t set, uint32_t partner_id, struct mono now)
{
	uint32_t first = set;
	uint32_t own = KNOWN_MAX;
	uint32_t owned = 0;

	for (uint32_t i = set; i < set + WAYS; i++) {
		const struct proof *proof = &known->proofs[i];

		if (proof->until.ns < known->proofs[first].until.ns)
			first = i;
		if (proof->partner_id != partner_id || mono_reached(now, proof->until))
			continue;
		owned++;
		if (own == KNOWN_MAX || proof->until.ns < known->proofs[own].until.ns)
			own = i;
	}
	return owned < WAYS_OF_ONE ? first : own;
}

void known_put(
	struct known *known, const struct ip_address *address, uint32_t partner_id, struct mono now)
{
	uint32_t i = find(known, address, now);

	if (i == KNOWN_MAX) {
		i = place_for(known, set_of(known, address), partner_id, now);
		known->proofs[i] = (struct proof){.address = *address, .partner_id = partner_id};
	}
	if (known->proofs[i].partner_id != partner_id)
		known->proofs[i].partner_id = PARTNER_NONE;
	known->proofs[i].until = mono_after_ms(now, KNOWN_MS);
}

void known_review(struct known *known, bool (*keep)(void *arg, uint32_t partner_id), void *arg)
{
	for (uint32_t i = 0; i < KNOWN_MAX; i++) {
		struct proof *proof = &known->proofs[i];

		if (proof->partner_id == PARTNER_NONE || !keep(arg, proof->partner_id))
			*proof = (struct proof){0};
	}
}

uint32_t known_count(const struct known *known, struct mono now)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < KNOWN_MAX; i++)
		count += !mono_reached(now, known->proofs[i].until);
	return count;
}

void known_doubt(struct known *known, bool (*suspects)(void *arg, uint32_t partner_id), void *arg)
{
	known->suspects = suspects;
	known->suspects_arg = arg;
}

struct origin known_origin(
	const struct known *known, uint32_t mark, const struct ip_address *peer, struct mono now)
{
	struct origin origin = origin_accepted(mark, peer);
	uint32_t i;

	if (known && known->suspects && origin.class == ORIGIN_CLAIMED &&
		known->suspects(known->suspects_arg, mark_partner(mark)))
		return origin_accepted(mark_make(CLASS_SUSPICIOUS, mark_partner(mark)), peer);
	i = known && origin.class == ORIGIN_UNKNOWN ? find(known, peer, now) : KNOWN_MAX;

	if (i == KNOWN_MAX)
		return origin;
	origin.class = ORIGIN_CLAIMED;
	/* What several have is counted for none of them, but for the network as before. */
	if (known->proofs[i].partner_id != PARTNER_NONE)
		origin.key = known->proofs[i].partner_id;
	return origin;
}
