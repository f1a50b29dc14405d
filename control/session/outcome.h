/* SPDX-License-Identifier: BSD-3-Clause */
/* What became of the messages that were handed to XMPP, where nothing acknowledges them. After a
 * message the partner's domain is pinged on the same stream (XEP-0199); one ping covers every message
 * written before it. Its answer means "processed up to here", not "accepted": a grace follows, in
 * which an error still decides. No answer in time is "unknown". Afterwards the id is remembered, so
 * that a later error is at least seen. Pure: the time is a parameter, and what is to be done goes
 * through handlers. */
#pragma once

#include "control/parcel/stanza_error.h"
#include "rules/base/clock.h"

enum {
	OUTCOME_ID_BYTES = 16,
	OUTCOME_ID_TEXT_BYTES = OUTCOME_ID_BYTES * 2 + 1, /* hex and a NUL */
	OUTCOME_ANSWER_MS = 5000,                         /* for the ping's answer */
	OUTCOME_GRACE_MS = 100,                           /* or one round trip, if that is longer */
	OUTCOME_GRACE_MANY_MS = 250, /* or two: several return streams can reorder */
	OUTCOME_GRACE_MAX_MS = 1000,
	OUTCOME_MEMORY_MS = 11 * 60 * 1000,
	OUTCOME_REMEMBERED_MAX = 256 * 1024, /* 16 bytes each; the oldest goes first */
};

enum outcome_verdict {
	OUTCOME_ACCEPTED, /* processed, and no error came */
	OUTCOME_REFUSED,  /* an error came */
	OUTCOME_UNKNOWN,  /* no answer, or the stream broke behind it */
};

/* Which message: our own random id, and a keyed hash of (from, to) so that an error is believed
 * only when all three match. */
struct outcome_key {
	uint8_t id[OUTCOME_ID_BYTES];
	uint64_t addresses;
};

struct outcomes;
struct outcome; /* one message whose fate is open */

struct outcome_handlers {
	void *arg;
	/* Decided, once per message; the outcome is gone already. error is NULL unless it was refused, and
	 * lives during the call. Must not call back into outcomes. */
	void (*decided)(void *arg, void *owner, enum outcome_verdict verdict,
		const struct stanza_error *error);
	/* Send this ping now, on the stream from local to remote. */
	void (*ping)(void *arg, const char *local, const char *remote, const char *id);
	/* Fill with unpredictable bytes. */
	void (*random)(void *arg, void *out, size_t len);
};

/* NULL without memory. */
struct outcomes *outcomes_new(const struct outcome_handlers *handlers);
/* Nothing is decided any more. */
void outcomes_free(struct outcomes *all);

/* A message has been written to the stream from local to remote. NULL without memory. */
struct outcome *outcome_written(struct outcomes *all, const char *local, const char *remote,
	const struct outcome_key *key, void *owner, struct mono now);
/* The stream broke behind it: decided as unknown, inside this call, unless the partner had already
 * said that it processed the message. */
void outcome_lost(struct outcomes *all, struct outcome *outcome, struct mono now);
/* Nobody waits any more (the requester is gone): forgotten without a decision. */
void outcome_drop(struct outcomes *all, struct outcome *outcome);

enum outcome_match {
	OUTCOME_NO_MATCH,
	OUTCOME_DECIDES, /* the message was open: it is decided as refused, inside this call */
	OUTCOME_LATE,    /* it had been decided already */
};

/* An error stanza came from an authenticated stream of the partner. */
enum outcome_match outcome_error(struct outcomes *all, const struct outcome_key *key,
	const struct stanza_error *error, struct mono now);
/* An iq of type result or error came from domain to domain. True if it answers a ping of ours.
 * return_streams: how many streams of that partner could carry an error now. */
bool outcome_pong(struct outcomes *all, struct view local, struct view remote, struct view id,
	uint32_t return_streams, struct mono now);

/* Everything that time decides. Call at outcomes_deadline at the latest. */
void outcomes_tick(struct outcomes *all, struct mono now);
/* When outcomes_tick has something to do; false if never. */
bool outcomes_deadline(const struct outcomes *all, struct mono *out);
uint32_t outcomes_open(const struct outcomes *all);
/* Pairs of domains of which anything is kept. */
uint32_t outcomes_pairs(const struct outcomes *all);

void outcome_id_print(const uint8_t id[OUTCOME_ID_BYTES], char out[OUTCOME_ID_TEXT_BYTES]);
bool outcome_id_parse(struct view text, uint8_t id[OUTCOME_ID_BYTES]);
