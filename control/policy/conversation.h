/* SPDX-License-Identifier: BSD-3-Clause */
/* Which of our users talk with whom just now, so that what is to be said at the beginning of a
 * conversation is said once. In memory of fixed size: when it is full, a conversation is forgotten, and
 * its beginning said again. Pure; the time is a parameter. */
#pragma once

#include "rules/base/clock.h"
#include "rules/base/siphash.h"
#include "rules/base/view.h"

enum {
	CONVERSATION_PAUSE_MS = 60 * 60 * 1000, /* of silence, and it is another one */
	CONVERSATIONS_MAX = 64 * 1024,
};

struct conversations;

/* NULL without memory. */
struct conversations *conversations_new(struct siphash_key key);
/* Accepts NULL. */
void conversations_free(struct conversations *all);

/* Whoever begins conversations of this kind writes: our user to them, or they to our user. True: with this one
 * begins. Bare addresses, prepared. */
bool conversation_begins(
	struct conversations *all, struct view ours, struct view theirs, struct mono now);
/* What began with it did not get there: the next one begins it. */
void conversation_end(struct conversations *all, struct view ours, struct view theirs);
/* The other one writes: what is under way goes on. */
void conversation_goes_on(
	struct conversations *all, struct view ours, struct view theirs, struct mono now);
