/* SPDX-License-Identifier: BSD-3-Clause */
/* Watches what crosses to and from each of those outside: counts it against what the rules give them, and
 * says who is suspicious and who is not any more. Loop thread only. */
#pragma once

#include <jansson.h>

#include "control/loop.h"
#include "control/policy/rate.h"
#include "rules/ruleset.h"

struct watch;

/* NULL without memory or randomness. */
struct watch *watch_new(struct loop *loop);
/* Accepts NULL. */
void watch_free(struct watch *watch);

/* Whose traffic something is, and what holds for it. */
struct watched {
	bool counts; /* false: nobody's, or ours: it is refused for that */
	char peer[RATE_NAME_BYTES];
	struct rate_message message;
	struct rate_rules rules;
	struct mono at;
};

/* What the question's `limit` is, from its parties and heading. `out` lives no longer than both and the
 * question's addresses. */
enum limit_state watch_ask(struct watch *watch, const struct ruleset *rules,
	const struct question *question, struct watched *out);
/* It goes. */
void watch_count(struct watch *watch, const struct watched *watched);
/* What became of one that came in from a user of this domain: was it to a user whom there is not? */
void watch_answered(
	struct watch *watch, const struct ruleset *rules, struct view domain, bool nobody);

/* A peer is suspicious from now on, or is not any more; see watch_json for its name. Runs inside
 * watch_answered, watch_trust and from the loop. */
typedef void watch_change_h(void *arg, const char *peer, bool suspicious);
void watch_on_change(struct watch *watch, watch_change_h *handler, void *arg); /* NULL: nobody */
/* Is whoever this domain belongs to suspicious? */
bool watch_suspects(const struct watch *watch, const struct ruleset *rules, struct view domain);
/* An operator vouches for a peer. False: it is not suspicious. */
bool watch_trust(struct watch *watch, struct view peer);
/* Walk those who are suspicious: start with *cursor = NULL. */
bool watch_suspect_next(const struct watch *watch, const void **cursor, struct rate_suspect *out);
/* Whoever is suspicious: [{"target", "kind": "suspicious", "subtree": false, "seconds", "reason"}]; target
 * is a partner's domain, "provider:" and a provider's name, or the domain that was discovered. A new
 * reference. */
json_t *watch_json(const struct watch *watch);
