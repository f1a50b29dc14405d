/* SPDX-License-Identifier: BSD-3-Clause */
/* What became of the messages that were handed to XMPP. */
#include "control/session/outcome.h"

#include <stdlib.h>
#include <sys/queue.h>

#include "rules/base/hex.h"

enum stage {
	STAGE_WRITTEN, /* no ping is behind it yet */
	STAGE_PINGED,  /* the ping under way covers it */
	STAGE_GRACE,   /* answered; an error may still come */
};

struct outcome {
	TAILQ_ENTRY(outcome) link; /* in the pair's list of its stage */
	LIST_ENTRY(outcome) bucket;
	struct pair *pair;
	struct outcome_key key;
	enum stage stage;
	struct mono deadline; /* of the ping's answer or of the grace */
	void *owner;
};

TAILQ_HEAD(outcome_list, outcome);

/* One stream's messages in their order. */
struct pair {
	LIST_ENTRY(pair) link;
	char *local;
	char *remote;
	struct outcome_list written, pinged, grace;
	bool ping_open;
	char ping_id[OUTCOME_ID_TEXT_BYTES];
	struct mono ping_sent;
};

/* A decided message, for errors that come late. */
struct memory {
	uint64_t fingerprint; /* of key: id and addresses folded */
	struct mono expires;
};

enum { BUCKETS = 4096 };

struct outcomes {
	struct outcome_handlers handlers;
	LIST_HEAD(, pair) pairs;
	LIST_HEAD(, outcome) buckets[BUCKETS];
	uint32_t open;
	struct memory *memories; /* ring of OUTCOME_REMEMBERED_MAX, grown by doubling */
	uint32_t memory_cap, memory_first, memory_count;
};

/* Ids are random, so their own bytes are the hash. */
static uint32_t bucket_of(const struct outcome_key *key)
{
	uint32_t n;

	memcpy(&n, key->id, sizeof(n));
	return n % BUCKETS;
}

static uint64_t fingerprint_of(const struct outcome_key *key)
{
	uint64_t half[2];

	memcpy(half, key->id, sizeof(half));
	return half[0] ^ (half[1] * UINT64_C(0x9e3779b97f4a7c15)) ^ key->addresses;
}

struct outcomes *outcomes_new(const struct outcome_handlers *handlers)
{
	struct outcomes *all = calloc(1, sizeof(*all));

	if (!all)
		return NULL;
	all->handlers = *handlers;
	return all;
}

static void list_free(struct outcome_list *list)
{
	struct outcome *o;

	while ((o = TAILQ_FIRST(list))) {
		TAILQ_REMOVE(list, o, link);
		free(o);
	}
}

static void pair_free(struct pair *pair)
{
	list_free(&pair->written);
	list_free(&pair->pinged);
	list_free(&pair->grace);
	LIST_REMOVE(pair, link);
	free(pair->local);
	free(pair->remote);
	free(pair);
}

void outcomes_free(struct outcomes *all)
{
	struct pair *pair;

	if (!all)
		return;
	while ((pair = LIST_FIRST(&all->pairs)))
		pair_free(pair);
	free(all->memories);
	free(all);
}

static bool pair_is_empty(const struct pair *pair)
{
	return !pair->ping_open && TAILQ_EMPTY(&pair->written) && TAILQ_EMPTY(&pair->pinged) &&
	       TAILQ_EMPTY(&pair->grace);
}

static struct pair *pair_find(struct outcomes *all, struct view local, struct view remote)
{
	struct pair *pair;

	LIST_FOREACH(pair, &all->pairs, link)
	if (view_equal(view_of(pair->local), local) && view_equal(view_of(pair->remote), remote))
		return pair;
	return NULL;
}

static struct pair *pair_get(struct outcomes *all, const char *local, const char *remote)
{
	struct pair *pair = pair_find(all, view_of(local), view_of(remote));

	if (pair)
		return pair;
	pair = calloc(1, sizeof(*pair));
	if (!pair)
		return NULL;
	pair->local = strdup(local);
	pair->remote = strdup(remote);
	TAILQ_INIT(&pair->written);
	TAILQ_INIT(&pair->pinged);
	TAILQ_INIT(&pair->grace);
	LIST_INSERT_HEAD(&all->pairs, pair, link);
	if (!pair->local || !pair->remote) {
		pair_free(pair);
		return NULL;
	}
	return pair;
}

static struct outcome_list *list_of(struct outcome *o)
{
	if (o->stage == STAGE_WRITTEN)
		return &o->pair->written;
	return o->stage == STAGE_PINGED ? &o->pair->pinged : &o->pair->grace;
}

static void outcome_unlink(struct outcomes *all, struct outcome *o)
{
	TAILQ_REMOVE(list_of(o), o, link);
	LIST_REMOVE(o, bucket);
	all->open--;
}

/* Room for one more; without memory the newest is simply not remembered. */
static bool memory_reserve(struct outcomes *all)
{
	uint32_t cap = all->memory_cap ? all->memory_cap * 2 : 256;
	struct memory *grown;

	if (all->memory_count < all->memory_cap)
		return true;
	if (cap > OUTCOME_REMEMBERED_MAX) {
		all->memory_first = (all->memory_first + 1) % all->memory_cap;
		all->memory_count--;
		return true;
	}
	grown = malloc(cap * sizeof(*grown));
	if (!grown)
		return false;
	for (uint32_t i = 0; i < all->memory_count; i++)
		grown[i] = all->memories[(all->memory_first + i) % all->memory_cap];
	free(all->memories);
	all->memories = grown;
	all->memory_cap = cap;
	all->memory_first = 0;
	return true;
}

static void remember(struct outcomes *all, const struct outcome_key *key, struct mono now)
{
	if (!memory_reserve(all))
		return;
	all->memories[(all->memory_first + all->memory_count) % all->memory_cap] =
		(struct memory){fingerprint_of(key), mono_after_ms(now, OUTCOME_MEMORY_MS)};
	all->memory_count++;
}

/* Errors come seldom and late ones seldomer: a scan of the ring is cheaper than an index that every
 * message would pay for. */
static bool recall(const struct outcomes *all, const struct outcome_key *key, struct mono now)
{
	uint64_t wanted = fingerprint_of(key);

	for (uint32_t i = 0; i < all->memory_count; i++) {
		const struct memory *m = &all->memories[(all->memory_first + i) % all->memory_cap];

		if (m->fingerprint == wanted && !mono_reached(now, m->expires))
			return true;
	}
	return false;
}

static void decide(struct outcomes *all, struct outcome *o, enum outcome_verdict verdict,
	const struct stanza_error *error, struct mono now)
{
	void *owner = o->owner;

	outcome_unlink(all, o);
	remember(all, &o->key, now);
	free(o);
	all->handlers.decided(all->handlers.arg, owner, verdict, error);
}

static void ping_if_due(struct outcomes *all, struct pair *pair, struct mono now)
{
	uint8_t id[OUTCOME_ID_BYTES];
	struct outcome *o;

	if (pair->ping_open || TAILQ_EMPTY(&pair->written))
		return;
	TAILQ_FOREACH(o, &pair->written, link)
	{
		o->stage = STAGE_PINGED;
		o->deadline = mono_after_ms(now, OUTCOME_ANSWER_MS);
	}
	TAILQ_CONCAT(&pair->pinged, &pair->written, link);
	all->handlers.random(all->handlers.arg, id, sizeof(id));
	outcome_id_print(id, pair->ping_id);
	pair->ping_open = true;
	pair->ping_sent = now;
	all->handlers.ping(all->handlers.arg, pair->local, pair->remote, pair->ping_id);
}

struct outcome *outcome_written(struct outcomes *all, const char *local, const char *remote,
	const struct outcome_key *key, void *owner, struct mono now)
{
	struct pair *pair = pair_get(all, local, remote);
	struct outcome *o = pair ? calloc(1, sizeof(*o)) : NULL;

	if (!o)
		return NULL;
	o->pair = pair;
	o->key = *key;
	o->stage = STAGE_WRITTEN;
	o->owner = owner;
	TAILQ_INSERT_TAIL(&pair->written, o, link);
	LIST_INSERT_HEAD(&all->buckets[bucket_of(key)], o, bucket);
	all->open++;
	return o;
}

void outcome_lost(struct outcomes *all, struct outcome *o, struct mono now)
{
	/* What the partner had processed already stays processed. */
	if (o->stage == STAGE_GRACE)
		return;
	/* The ping went down with the stream; the next message makes a new one. */
	o->pair->ping_open = false;
	decide(all, o, OUTCOME_UNKNOWN, NULL, now);
}

void outcome_drop(struct outcomes *all, struct outcome *o)
{
	outcome_unlink(all, o);
	free(o);
}

static struct outcome *outcome_find(struct outcomes *all, const struct outcome_key *key)
{
	struct outcome *o;

	LIST_FOREACH(o, &all->buckets[bucket_of(key)], bucket)
	if (memcmp(o->key.id, key->id, sizeof(key->id)) == 0 && o->key.addresses == key->addresses)
		return o;
	return NULL;
}

enum outcome_match outcome_error(struct outcomes *all, const struct outcome_key *key,
	const struct stanza_error *error, struct mono now)
{
	struct outcome *o = outcome_find(all, key);

	if (o) {
		decide(all, o, OUTCOME_REFUSED, error, now);
		return OUTCOME_DECIDES;
	}
	return recall(all, key, now) ? OUTCOME_LATE : OUTCOME_NO_MATCH;
}

static uint64_t grace_ms(uint64_t round_trip_ms, uint32_t return_streams)
{
	bool one = return_streams == 1;
	uint64_t least = one ? OUTCOME_GRACE_MS : OUTCOME_GRACE_MANY_MS;
	uint64_t trips = one ? round_trip_ms : 2 * round_trip_ms;
	uint64_t ms = trips > least ? trips : least;

	return ms < OUTCOME_GRACE_MAX_MS ? ms : OUTCOME_GRACE_MAX_MS;
}

bool outcome_pong(struct outcomes *all, struct view local, struct view remote, struct view id,
	uint32_t return_streams, struct mono now)
{
	struct pair *pair = pair_find(all, local, remote);
	struct outcome *o;
	struct mono end;

	if (!pair || !pair->ping_open || !view_equal(id, view_of(pair->ping_id)))
		return false;
	pair->ping_open = false;
	end = mono_after_ms(now, grace_ms(mono_since_ms(now, pair->ping_sent), return_streams));
	TAILQ_FOREACH(o, &pair->pinged, link)
	{
		o->stage = STAGE_GRACE;
		o->deadline = end;
	}
	TAILQ_CONCAT(&pair->grace, &pair->pinged, link);
	ping_if_due(all, pair, now);
	return true;
}

static void expire_list(struct outcomes *all, struct outcome_list *list,
	enum outcome_verdict verdict, struct mono now)
{
	struct outcome *o;
	struct outcome *next;

	/* Graces of one pair may overlap out of order by some milliseconds: look at all of them. */
	for (o = TAILQ_FIRST(list); o; o = next) {
		next = TAILQ_NEXT(o, link);
		if (mono_reached(now, o->deadline))
			decide(all, o, verdict, NULL, now);
	}
}

void outcomes_tick(struct outcomes *all, struct mono now)
{
	struct pair *pair, *next;

	for (pair = LIST_FIRST(&all->pairs); pair; pair = next) {
		next = LIST_NEXT(pair, link);
		expire_list(all, &pair->grace, OUTCOME_ACCEPTED, now);
		if (pair->ping_open &&
			mono_reached(now, mono_after_ms(pair->ping_sent, OUTCOME_ANSWER_MS)))
			pair->ping_open = false;
		expire_list(all, &pair->pinged, OUTCOME_UNKNOWN, now);
		ping_if_due(all, pair, now);
		/* Senders choose the remote names: nothing stays of one that is not in use. */
		if (pair_is_empty(pair))
			pair_free(pair);
	}
	while (all->memory_count && mono_reached(now, all->memories[all->memory_first].expires)) {
		all->memory_first = (all->memory_first + 1) % all->memory_cap;
		all->memory_count--;
	}
}

static void sooner(struct mono *least, bool *any, struct mono t)
{
	if (!*any || t.ns < least->ns)
		*least = t;
	*any = true;
}

bool outcomes_deadline(const struct outcomes *all, struct mono *out)
{
	const struct pair *pair;
	bool any = false;

	LIST_FOREACH(pair, &all->pairs, link)
	{
		const struct outcome *graced = TAILQ_FIRST(&pair->grace);
		const struct outcome *pinged = TAILQ_FIRST(&pair->pinged);

		if (graced)
			sooner(out, &any, graced->deadline);
		if (pinged)
			sooner(out, &any, pinged->deadline);
		if (pair->ping_open)
			sooner(out, &any, mono_after_ms(pair->ping_sent, OUTCOME_ANSWER_MS));
		else if (!TAILQ_EMPTY(&pair->written))
			sooner(out, &any, (struct mono){0}); /* a ping is due at once */
	}
	return any;
}

uint32_t outcomes_open(const struct outcomes *all)
{
	return all->open;
}

uint32_t outcomes_pairs(const struct outcomes *all)
{
	const struct pair *pair;
	uint32_t count = 0;

	LIST_FOREACH(pair, &all->pairs, link)
	count++;
	return count;
}

void outcome_id_print(const uint8_t id[OUTCOME_ID_BYTES], char out[OUTCOME_ID_TEXT_BYTES])
{
	hex_print(view_make(id, OUTCOME_ID_BYTES), out);
}

bool outcome_id_parse(struct view text, uint8_t id[OUTCOME_ID_BYTES])
{
	return hex_read(text, id, OUTCOME_ID_BYTES);
}
