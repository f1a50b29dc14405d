/* SPDX-License-Identifier: BSD-3-Clause */
/* Server transactions: entries in one array, found by two hash chains, ordered by two lists. All
 * waits of a kind are equally long, so a list in order of arrival is in order of time. */
#include "control/sip/transaction_server.h"

#include <stdlib.h>

enum { NONE = SIP_SERVER_NONE, FIRST_CAP = 64 };

enum state { FREE, PENDING, ANSWERED };

struct entry {
	struct sip_tx_key key, merge_key;
	struct mono since;             /* PENDING: arrival; ANSWERED: the answer */
	void *owner;                   /* PENDING */
	uint32_t prev, next;           /* in its list */
	uint32_t same_key, same_merge; /* next in the hash chains */
	uint16_t code;                 /* ANSWERED */
	uint8_t state;
	bool trying; /* 100 was due and given out; it is behind all that wait for theirs */
};

struct list {
	uint32_t first, last, count;
};

struct sip_servers {
	struct entry *entries;
	uint32_t *by_key, *by_merge; /* heads, cap of each */
	uint32_t cap, max;
	/* waiting: pending, 100 not yet due; tried: pending, 100 given out */
	struct list free, waiting, tried, answered;
};

static void list_push(struct sip_servers *s, struct list *l, uint32_t i)
{
	s->entries[i].prev = l->last;
	s->entries[i].next = NONE;
	if (l->last == NONE)
		l->first = i;
	else
		s->entries[l->last].next = i;
	l->last = i;
	l->count++;
}

static void list_take(struct sip_servers *s, struct list *l, uint32_t i)
{
	struct entry *e = &s->entries[i];

	if (e->prev == NONE)
		l->first = e->next;
	else
		s->entries[e->prev].next = e->next;
	if (e->next == NONE)
		l->last = e->prev;
	else
		s->entries[e->next].prev = e->prev;
	l->count--;
}

static uint32_t bucket(const struct sip_servers *s, struct sip_tx_key key)
{
	return (uint32_t)(key.a & (s->cap - 1));
}

static void chain_in(struct sip_servers *s, uint32_t i)
{
	struct entry *e = &s->entries[i];
	uint32_t *key_head = &s->by_key[bucket(s, e->key)];
	uint32_t *merge_head = &s->by_merge[bucket(s, e->merge_key)];

	e->same_key = *key_head;
	*key_head = i;
	e->same_merge = *merge_head;
	*merge_head = i;
}

static void chain_out(struct sip_servers *s, uint32_t i)
{
	struct entry *e = &s->entries[i];
	uint32_t *at = &s->by_key[bucket(s, e->key)];

	while (*at != i)
		at = &s->entries[*at].same_key;
	*at = e->same_key;
	at = &s->by_merge[bucket(s, e->merge_key)];
	while (*at != i)
		at = &s->entries[*at].same_merge;
	*at = e->same_merge;
}

/* Double the arrays. Handles are indices and stay good. */
static bool grow(struct sip_servers *s)
{
	uint32_t cap = s->cap ? s->cap * 2 : FIRST_CAP;
	uint32_t *by_key, *by_merge;
	struct entry *entries;

	if (s->cap >= s->max)
		return false;
	by_key = malloc(cap * sizeof(*by_key));
	by_merge = malloc(cap * sizeof(*by_merge));
	entries = by_key && by_merge ? realloc(s->entries, cap * sizeof(*entries)) : NULL;
	if (!entries) {
		free(by_key);
		free(by_merge);
		return false;
	}
	free(s->by_key);
	free(s->by_merge);
	s->by_key = by_key;
	s->by_merge = by_merge;
	s->entries = entries;
	memset(by_key, 0xff, cap * sizeof(*by_key));
	memset(by_merge, 0xff, cap * sizeof(*by_merge));
	memset(entries + s->cap, 0, (cap - s->cap) * sizeof(*entries));
	for (uint32_t i = s->cap; i < cap && i < s->max; i++)
		list_push(s, &s->free, i);
	s->cap = cap;
	for (uint32_t i = 0; i < cap; i++)
		if (entries[i].state != FREE)
			chain_in(s, i);
	return true;
}

struct sip_servers *sip_servers_new(uint32_t max)
{
	struct sip_servers *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->max = max;
	s->free = s->waiting = s->tried = s->answered = (struct list){NONE, NONE, 0};
	return s;
}

void sip_servers_free(struct sip_servers *s)
{
	if (!s)
		return;
	free(s->entries);
	free(s->by_key);
	free(s->by_merge);
	free(s);
}

static bool is_stale(const struct entry *e, struct mono now)
{
	return e->state == ANSWERED && mono_reached(now, mono_after_ms(e->since, SIP_ANSWERED_MS));
}

static void forget_oldest(struct sip_servers *s)
{
	uint32_t i = s->answered.first;

	list_take(s, &s->answered, i);
	chain_out(s, i);
	s->entries[i].state = FREE;
	list_push(s, &s->free, i);
}

enum sip_arrival sip_servers_find(
	const struct sip_servers *s, struct mono now, struct sip_tx_key key, uint16_t *code)
{
	uint32_t i = s->cap ? s->by_key[bucket(s, key)] : NONE;

	while (i != NONE && !sip_tx_key_equal(s->entries[i].key, key))
		i = s->entries[i].same_key;
	if (i == NONE || is_stale(&s->entries[i], now))
		return SIP_ARRIVAL_NEW;
	if (s->entries[i].state == PENDING)
		return SIP_ARRIVAL_PENDING;
	*code = s->entries[i].code;
	return SIP_ARRIVAL_ANSWERED;
}

bool sip_servers_merges(const struct sip_servers *s, struct sip_tx_key merge_key)
{
	uint32_t i = s->cap ? s->by_merge[bucket(s, merge_key)] : NONE;

	for (; i != NONE; i = s->entries[i].same_merge)
		if (s->entries[i].state == PENDING &&
			sip_tx_key_equal(s->entries[i].merge_key, merge_key))
			return true;
	return false;
}

uint32_t sip_servers_begin(struct sip_servers *s, struct mono now, struct sip_tx_key key,
	struct sip_tx_key merge_key, void *owner)
{
	uint32_t i;

	while (s->answered.first != NONE && is_stale(&s->entries[s->answered.first], now))
		forget_oldest(s);
	if (s->free.first == NONE && !grow(s)) {
		if (s->answered.first == NONE)
			return NONE;
		forget_oldest(s);
	}
	i = s->free.first;
	list_take(s, &s->free, i);
	s->entries[i] = (struct entry){
		.key = key, .merge_key = merge_key, .since = now, .owner = owner, .state = PENDING};
	chain_in(s, i);
	list_push(s, &s->waiting, i);
	return i;
}

void sip_servers_answer(struct sip_servers *s, struct mono now, uint32_t i, uint16_t code)
{
	struct entry *e = &s->entries[i];

	list_take(s, e->trying ? &s->tried : &s->waiting, i);
	e->state = ANSWERED;
	e->since = now;
	e->owner = NULL;
	e->code = code;
	list_push(s, &s->answered, i);
}

void *sip_servers_trying(struct sip_servers *s, struct mono now)
{
	uint32_t i = s->waiting.first;

	if (i == NONE || !mono_reached(now, mono_after_ms(s->entries[i].since, SIP_TRYING_MS)))
		return NULL;
	list_take(s, &s->waiting, i);
	s->entries[i].trying = true;
	list_push(s, &s->tried, i);
	return s->entries[i].owner;
}

int64_t sip_servers_wait_ms(const struct sip_servers *s, struct mono now)
{
	struct mono due;

	if (s->waiting.first == NONE)
		return SIP_DEADLINE_NONE_MS;
	due = mono_after_ms(s->entries[s->waiting.first].since, SIP_TRYING_MS);
	/* Rounded up: never early. */
	return mono_reached(now, due) ? 0
				      : (int64_t)((due.ns - now.ns + NS_PER_MS - 1) / NS_PER_MS);
}

uint32_t sip_servers_pending(const struct sip_servers *s)
{
	return s->waiting.count + s->tried.count;
}
