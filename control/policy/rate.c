/* SPDX-License-Identifier: BSD-3-Clause */
/* What crosses to and from each of those outside, held against what the rules give them. */
#include "control/policy/rate.h"

#include <stdlib.h>
#include <sys/queue.h>

#include "rules/base/table.h"

/* A part of a window; steps of long ago are told by their number. */
struct tally_step {
	uint32_t step, answers, errors;
};

struct way {
	uint64_t full_ns; /* when the bucket of messages is full again */
	struct distinct users;
};

struct rate_peer {
	TAILQ_ENTRY(rate_peer) by_use;
	TAILQ_ENTRY(rate_peer) suspects; /* while it is one */
	struct way ways[HEADING_COUNT];
	struct tally_step tally[DISTINCT_STEPS + 1]; /* the window, and the step under way */
	struct mono suspicious_until;
	bool suspicious;
	uint32_t errors, answers; /* when it became so */
	char name[];
};

TAILQ_HEAD(peer_list, rate_peer);

struct rates {
	struct table by_name;
	struct peer_list by_use; /* whom we heard of last comes last */
	struct peer_list suspects;
	uint32_t suspect_count;
	size_t bytes;
};

struct rates *rates_new(struct siphash_key key)
{
	struct rates *rates = calloc(1, sizeof(*rates));

	if (!rates)
		return NULL;
	table_init(&rates->by_name, key);
	TAILQ_INIT(&rates->by_use);
	TAILQ_INIT(&rates->suspects);
	return rates;
}

/* --- peers --- */

static size_t peer_bytes(const struct rate_peer *peer)
{
	return sizeof(*peer) + strlen(peer->name) + 1 +
	       distinct_bytes(&peer->ways[HEADING_IN].users) +
	       distinct_bytes(&peer->ways[HEADING_OUT].users);
}

static void suspicion_end(struct rates *rates, struct rate_peer *peer)
{
	if (!peer->suspicious)
		return;
	TAILQ_REMOVE(&rates->suspects, peer, suspects);
	rates->suspect_count--;
	peer->suspicious = false;
	memset(peer->tally, 0, sizeof(peer->tally));
}

static void peer_forget(struct rates *rates, struct rate_peer *peer)
{
	rates->bytes -= peer_bytes(peer);
	suspicion_end(rates, peer);
	TAILQ_REMOVE(&rates->by_use, peer, by_use);
	table_remove(&rates->by_name, view_of(peer->name));
	for (int i = 0; i < HEADING_COUNT; i++)
		distinct_free(&peer->ways[i].users);
	free(peer);
}

void rates_free(struct rates *rates)
{
	struct rate_peer *peer;

	if (!rates)
		return;
	while ((peer = TAILQ_FIRST(&rates->by_use)))
		peer_forget(rates, peer);
	table_free(&rates->by_name);
	free(rates);
}

/* Room for one more, or for what one has grown by; `keep` stays. */
static void make_room(struct rates *rates, uint32_t peers_max, const struct rate_peer *keep)
{
	struct rate_peer *peer = TAILQ_FIRST(&rates->by_use);

	while (peer && (rates->by_name.count > peers_max || rates->bytes > RATE_BYTES_MAX)) {
		struct rate_peer *next = TAILQ_NEXT(peer, by_use);

		if (!peer->suspicious && peer != keep)
			peer_forget(rates, peer);
		peer = next;
	}
}

static struct rate_peer *peer_find(const struct rates *rates, struct view name)
{
	return table_find(&rates->by_name, name);
}

/* NULL without memory. */
static struct rate_peer *peer_get(struct rates *rates, struct view name)
{
	struct rate_peer *peer = peer_find(rates, name);

	if (peer) {
		TAILQ_REMOVE(&rates->by_use, peer, by_use);
		TAILQ_INSERT_TAIL(&rates->by_use, peer, by_use);
		return peer;
	}
	if (name.len >= RATE_NAME_BYTES)
		return NULL;
	make_room(rates, RATE_PEERS_MAX - 1, NULL);
	peer = calloc(1, sizeof(*peer) + name.len + 1);
	if (!peer)
		return NULL;
	memcpy(peer->name, name.p, name.len);
	if (table_put(&rates->by_name, view_of(peer->name), peer) < 0) {
		free(peer);
		return NULL;
	}
	TAILQ_INSERT_TAIL(&rates->by_use, peer, by_use);
	rates->bytes += peer_bytes(peer);
	return peer;
}

/* --- messages and users --- */

/* A bucket of one second: what is left of it shows in the time until it is full again. */
static bool bucket_has(const struct way *way, uint32_t per_s, struct mono now)
{
	uint64_t from_ns = way->full_ns > now.ns ? way->full_ns : now.ns;

	return per_s == 0 || from_ns - now.ns + NS_PER_S / per_s <= NS_PER_S;
}

static void bucket_take(struct way *way, uint32_t per_s, struct mono now)
{
	if (per_s == 0)
		return;
	if (way->full_ns < now.ns)
		way->full_ns = now.ns;
	way->full_ns += NS_PER_S / per_s;
}

static uint32_t step_of(const struct rate_rules *rules, struct mono now)
{
	uint64_t step_ns = rules->window_minutes * 60 * NS_PER_S / DISTINCT_STEPS;

	return (uint32_t)(now.ns / (step_ns ? step_ns : 1));
}

static bool is_suspicious(const struct rate_peer *peer, struct mono now)
{
	return peer && peer->suspicious && !mono_reached(now, peer->suspicious_until);
}

/* What holds for a message: who is suspicious has no more than others have. */
static uint32_t messages_per_s(const struct rate_peer *peer, enum heading heading,
	const struct rate_rules *rules, struct mono now)
{
	uint32_t per_s = rules->limits.value[MESSAGE_LIMIT_messages_per_s];

	if (heading != HEADING_IN || !is_suspicious(peer, now))
		return per_s;
	return per_s != 0 && per_s < rules->suspicious.messages_per_s
		       ? per_s
		       : rules->suspicious.messages_per_s;
}

static uint64_t hash_of(const struct rates *rates, struct view recipient)
{
	return siphash(&rates->by_name.key, recipient.p, recipient.len);
}

/* May this one be addressed, too? Looking lets go of what is over. */
static bool users_have_room(
	struct rates *rates, struct way *way, uint64_t hash, uint32_t users_max, uint32_t step)
{
	size_t before = distinct_bytes(&way->users);
	bool has = distinct_has(&way->users, hash, step) ||
		   distinct_count(&way->users, step) < users_max;

	rates->bytes += distinct_bytes(&way->users) - before;
	return has;
}

enum limit_state rates_ask(struct rates *rates, const struct rate_message *message,
	const struct rate_rules *rules, struct mono now)
{
	struct rate_peer *peer = peer_find(rates, message->peer);
	uint32_t users_max = rules->limits.value[MESSAGE_LIMIT_users];
	struct way *way;

	if (!peer)
		return LIMIT_FINE;
	way = &peer->ways[message->heading];
	if (!bucket_has(way, messages_per_s(peer, message->heading, rules, now), now))
		return message->heading == HEADING_IN && is_suspicious(peer, now) ? LIMIT_ERRORS
										  : LIMIT_MESSAGES;
	if (users_max == 0 || users_have_room(rates, way, hash_of(rates, message->recipient),
				      users_max, step_of(rules, now)))
		return LIMIT_FINE;
	return LIMIT_USERS;
}

void rates_count(struct rates *rates, const struct rate_message *message,
	const struct rate_rules *rules, struct mono now)
{
	struct rate_peer *peer = peer_get(rates, message->peer);
	struct way *way;
	size_t before;

	if (!peer)
		return;
	way = &peer->ways[message->heading];
	bucket_take(way, messages_per_s(peer, message->heading, rules, now), now);
	if (rules->limits.value[MESSAGE_LIMIT_users] == 0)
		return;
	before = distinct_bytes(&way->users);
	distinct_add(&way->users, hash_of(rates, message->recipient), step_of(rules, now));
	rates->bytes += distinct_bytes(&way->users) - before;
	make_room(rates, RATE_PEERS_MAX, peer);
}

/* --- errors --- */

static struct tally_step *tally_now(struct rate_peer *peer, uint32_t step)
{
	struct tally_step *tally = &peer->tally[step % (DISTINCT_STEPS + 1)];

	if (tally->step != step)
		*tally = (struct tally_step){.step = step};
	return tally;
}

static void tally_add(
	const struct rate_peer *peer, uint32_t step, uint32_t *answers, uint32_t *errors)
{
	*answers = *errors = 0;
	for (int i = 0; i <= DISTINCT_STEPS; i++)
		if (step - peer->tally[i].step <= DISTINCT_STEPS) {
			*answers += peer->tally[i].answers;
			*errors += peer->tally[i].errors;
		}
}

bool rates_answered(struct rates *rates, struct view peer_name, bool nobody,
	const struct rate_rules *rules, struct mono now)
{
	const struct suspicious_limits *limits = &rules->suspicious;
	struct rate_peer *peer = peer_get(rates, peer_name);
	uint32_t step = step_of(rules, now);
	uint32_t answers, errors;
	bool was;

	if (!peer || limits->errors_percent == 0)
		return false;
	tally_now(peer, step)->answers++;
	if (!nobody)
		return false;
	tally_now(peer, step)->errors++;
	tally_add(peer, step, &answers, &errors);
	if (errors < limits->errors_least ||
		(uint64_t)errors * 100 < (uint64_t)answers * limits->errors_percent)
		return false;
	was = peer->suspicious;
	if (!was && rates->suspect_count >= RATE_SUSPECTS_MAX)
		return false;
	/* The one that will be so for longest stands last. */
	if (was)
		TAILQ_REMOVE(&rates->suspects, peer, suspects);
	TAILQ_INSERT_TAIL(&rates->suspects, peer, suspects);
	rates->suspect_count += !was;
	peer->suspicious = true;
	peer->suspicious_until = mono_after_ms(now, (uint64_t)limits->minutes * 60 * 1000);
	peer->errors = errors;
	peer->answers = answers;
	return !was;
}

bool rates_suspects(const struct rates *rates, struct view peer, struct mono now)
{
	return is_suspicious(peer_find(rates, peer), now);
}

bool rates_trust(struct rates *rates, struct view name)
{
	struct rate_peer *peer = peer_find(rates, name);

	if (!peer || !peer->suspicious)
		return false;
	peer_forget(rates, peer);
	return true;
}

/* The first one whose time is over; `minutes` may have been others for each. */
static struct rate_peer *first_over(const struct rates *rates)
{
	struct rate_peer *first = TAILQ_FIRST(&rates->suspects);
	struct rate_peer *peer;

	TAILQ_FOREACH(peer, &rates->suspects, suspects)
	if (peer->suspicious_until.ns < first->suspicious_until.ns)
		first = peer;
	return first;
}

bool rates_deadline(const struct rates *rates, struct mono *out)
{
	const struct rate_peer *peer = first_over(rates);

	if (peer)
		*out = peer->suspicious_until;
	return peer;
}

bool rates_expire(struct rates *rates, struct mono now, char out[static RATE_NAME_BYTES])
{
	struct rate_peer *peer = first_over(rates);

	if (!peer || !mono_reached(now, peer->suspicious_until))
		return false;
	(void)view_copy(view_of(peer->name), out, RATE_NAME_BYTES);
	suspicion_end(rates, peer);
	return true;
}

bool rates_suspect_next(
	const struct rates *rates, const void **cursor, struct mono now, struct rate_suspect *out)
{
	const struct rate_peer *before = *cursor;
	const struct rate_peer *peer =
		before ? TAILQ_NEXT(before, suspects) : TAILQ_FIRST(&rates->suspects);

	while (peer && !is_suspicious(peer, now))
		peer = TAILQ_NEXT(peer, suspects);
	*cursor = peer;
	if (!peer)
		return false;
	*out = (struct rate_suspect){.peer = peer->name,
		.seconds = (peer->suspicious_until.ns - now.ns + NS_PER_S - 1) / NS_PER_S,
		.errors = peer->errors,
		.answers = peer->answers};
	return true;
}

uint32_t rates_peers(const struct rates *rates)
{
	return rates->by_name.count;
}

size_t rates_bytes(const struct rates *rates)
{
	return rates->bytes;
}
