/* SPDX-License-Identifier: BSD-3-Clause */
/* Watches what crosses to and from each of those outside. */
#include "control/policy/watch.h"

#include <stdio.h>
#include <stdlib.h>

#include "control/counters.h"
#include "rules/base/log.h"
#include "rules/decide.h"
#include "rules/peer.h"

enum { REASON_BYTES = 96 };

struct watch {
	struct loop *loop;
	struct rates *rates;
	struct timer *timer;    /* of the end of suspicions */
	watch_change_h *change; /* or NULL */
	void *change_arg;
};

static void suspicions_end(void *arg);

struct watch *watch_new(struct loop *loop)
{
	struct watch *watch = calloc(1, sizeof(*watch));
	struct siphash_key key;

	if (!watch)
		return NULL;
	watch->loop = loop;
	watch->rates = siphash_key_random(&key) == 0 ? rates_new(key) : NULL;
	watch->timer = timer_new(loop, suspicions_end, watch);
	if (watch->rates && watch->timer)
		return watch;
	watch_free(watch);
	return NULL;
}

void watch_free(struct watch *watch)
{
	if (!watch)
		return;
	timer_free(watch->timer);
	rates_free(watch->rates);
	free(watch);
}

/* --- whose a domain is --- */

/* False: nobody's, or ours. */
static bool peer_of(const struct ruleset *rules, struct view domain,
	char name[static RATE_NAME_BYTES], struct rate_rules *out)
{
	struct other_side side = other_side_of(rules, domain);

	*out = (struct rate_rules){
		.limits = peer_messages(rules, side.partner, side.provider),
		.suspicious = rules->suspicious,
		.window_minutes = rules->window_minutes,
	};
	if (side.partner)
		return view_copy(view_of(side.partner->domain), name, RATE_NAME_BYTES);
	if (side.provider)
		return snprintf(name, RATE_NAME_BYTES, "provider:%s", side.provider->name) <
		       RATE_NAME_BYTES;
	if (side.ours || !rules->policies.discovery || !peer_name_is_public(domain))
		return false;
	return view_copy(domain, name, RATE_NAME_BYTES);
}

/* --- messages --- */

enum limit_state watch_ask(struct watch *watch, const struct ruleset *rules,
	const struct question *question, struct watched *out)
{
	*out = (struct watched){.at = loop_now(watch->loop)};
	out->counts = peer_of(rules, question->theirs.domain, out->peer, &out->rules);
	if (!out->counts)
		return LIMIT_FINE;
	out->message = (struct rate_message){
		.peer = view_of(out->peer),
		.heading = question->heading,
		.recipient = question->heading == HEADING_IN ? question->ours.address
							     : question->theirs.address,
	};
	return rates_ask(watch->rates, &out->message, &out->rules, out->at);
}

void watch_count(struct watch *watch, const struct watched *watched)
{
	if (watched->counts)
		rates_count(watch->rates, &watched->message, &watched->rules, watched->at);
}

/* --- who is suspicious --- */

static void timer_arm(struct watch *watch)
{
	struct mono now = loop_now(watch->loop);
	struct mono end;

	if (!rates_deadline(watch->rates, &end))
		timer_clear(watch->timer);
	else
		timer_set_ms(watch->timer,
			end.ns > now.ns ? (end.ns - now.ns + NS_PER_MS - 1) / NS_PER_MS : 0);
}

static void tell(struct watch *watch, const char *peer, bool suspicious)
{
	timer_arm(watch);
	if (watch->change)
		watch->change(watch->change_arg, peer, suspicious);
}

static void suspicions_end(void *arg)
{
	struct watch *watch = arg;
	char peer[RATE_NAME_BYTES];

	while (rates_expire(watch->rates, loop_now(watch->loop), peer)) {
		counter_add("policy.suspicious", "expired", 1);
		log_info("policy: %s is not suspicious any more", peer);
		tell(watch, peer, false);
	}
	timer_arm(watch);
}

static void reason_print(const struct rate_suspect *suspect, char out[static REASON_BYTES])
{
	snprintf(out, REASON_BYTES, "%u of %u messages were to users whom there are not",
		suspect->errors, suspect->answers);
}

static void found(struct watch *watch, const char *peer, const struct rate_rules *rules)
{
	struct rate_suspect suspect;
	const void *cursor = NULL;
	char reason[REASON_BYTES] = "";

	while (watch_suspect_next(watch, &cursor, &suspect))
		if (strcmp(suspect.peer, peer) == 0)
			reason_print(&suspect, reason);
	counter_add("policy.suspicious", "found", 1);
	log_warning("policy: %s is suspicious for %u minutes: %s; 'picketctl trust %s' ends it",
		peer, rules->suspicious.minutes, reason, peer);
	tell(watch, peer, true);
}

void watch_answered(
	struct watch *watch, const struct ruleset *rules, struct view domain, bool nobody)
{
	struct rate_rules limits;
	char peer[RATE_NAME_BYTES];

	if (peer_of(rules, domain, peer, &limits) &&
		rates_answered(watch->rates, view_of(peer), nobody, &limits, loop_now(watch->loop)))
		found(watch, peer, &limits);
}

void watch_on_change(struct watch *watch, watch_change_h *handler, void *arg)
{
	watch->change = handler;
	watch->change_arg = arg;
}

bool watch_suspects(const struct watch *watch, const struct ruleset *rules, struct view domain)
{
	struct rate_rules limits;
	char peer[RATE_NAME_BYTES];

	return peer_of(rules, domain, peer, &limits) &&
	       rates_suspects(watch->rates, view_of(peer), loop_now(watch->loop));
}

bool watch_trust(struct watch *watch, struct view peer)
{
	char name[RATE_NAME_BYTES];

	if (!view_copy(peer, name, sizeof(name)) || !rates_trust(watch->rates, peer))
		return false;
	counter_add("policy.suspicious", "trusted", 1);
	tell(watch, name, false);
	return true;
}

bool watch_suspect_next(const struct watch *watch, const void **cursor, struct rate_suspect *out)
{
	return rates_suspect_next(watch->rates, cursor, loop_now(watch->loop), out);
}

json_t *watch_json(const struct watch *watch)
{
	struct rate_suspect suspect;
	const void *cursor = NULL;
	json_t *rows = json_array();

	while (watch_suspect_next(watch, &cursor, &suspect)) {
		char reason[REASON_BYTES];

		reason_print(&suspect, reason);
		json_array_append_new(
			rows, json_pack("{s:s, s:s, s:b, s:I, s:s}", "target", suspect.peer, "kind",
				      "suspicious", "subtree", 0, "seconds",
				      (json_int_t)suspect.seconds, "reason", reason));
	}
	return rows;
}
