/* SPDX-License-Identifier: BSD-3-Clause */
/* What crosses to and from each of those outside, held against what the rules give them: messages per
 * second, different users addressed, and the share of messages to users whom there are not, which makes
 * them suspicious for a time. In bounded memory: when it is full, those are forgotten of whom nothing
 * was heard for longest. Pure; the time and the limits are parameters. */
#pragma once

#include "control/policy/distinct.h"
#include "rules/base/clock.h"
#include "rules/base/siphash.h"
#include "rules/question.h"

enum {
	RATE_PEERS_MAX = 16 * 1024,
	RATE_SUSPECTS_MAX = 4096, /* they are not forgotten before their time */
	RATE_BYTES_MAX = 64 * 1024 * 1024,
	RATE_NAME_BYTES = 320, /* with its NUL */
};

/* What the rules say of a peer. */
struct rate_rules {
	struct message_limits limits;
	struct suspicious_limits suspicious;
	uint32_t window_minutes;
};

/* One message: whose traffic, which way, and the address that it is for, prepared. */
struct rate_message {
	struct view peer;
	enum heading heading;
	struct view recipient;
};

struct rates;

/* NULL without memory. */
struct rates *rates_new(struct siphash_key key);
/* Accepts NULL. */
void rates_free(struct rates *rates);

/* May it go? Nothing is counted. Who is suspicious gets LIMIT_ERRORS where others would get
 * LIMIT_MESSAGES, for what comes in. Who has addressed a user may go on to, whatever their number. */
enum limit_state rates_ask(struct rates *rates, const struct rate_message *message,
	const struct rate_rules *rules, struct mono now);
/* It goes. Without memory it is not counted. */
void rates_count(struct rates *rates, const struct rate_message *message,
	const struct rate_rules *rules, struct mono now);
/* What became of one that came in: was it to a user whom there is not? True: for this the peer is
 * suspicious from now on. It can be it longer for it, too. */
bool rates_answered(struct rates *rates, struct view peer, bool nobody,
	const struct rate_rules *rules, struct mono now);

bool rates_suspects(const struct rates *rates, struct view peer, struct mono now);
/* Somebody vouches for it: what it did so far is forgotten. False: it was not suspicious. */
bool rates_trust(struct rates *rates, struct view peer);
/* End one suspicion whose time is over; its name goes to out. False: there is none any more. */
bool rates_expire(struct rates *rates, struct mono now, char out[static RATE_NAME_BYTES]);
/* When rates_expire has something to do; false: never. */
bool rates_deadline(const struct rates *rates, struct mono *out);

struct rate_suspect {
	const char *peer;         /* until the next call that changes something */
	uint64_t seconds;         /* left, rounded up */
	uint32_t errors, answers; /* that made it suspicious: so many of so many */
};

/* Walk: start with *cursor = NULL. Those who became it first come first. */
bool rates_suspect_next(
	const struct rates *rates, const void **cursor, struct mono now, struct rate_suspect *out);

uint32_t rates_peers(const struct rates *rates);
size_t rates_bytes(const struct rates *rates);
