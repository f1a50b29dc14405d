/* SPDX-License-Identifier: BSD-3-Clause */
/* Domains that no rule names and with which there are connections, or were a while ago. Bounded: a full
 * table takes no new one until an old one has had no connection for its time. Pure: the time is a
 * parameter. Loop thread only. */
#pragma once

#include <jansson.h>

#include "rules/base/clock.h"
#include "rules/base/view.h"
#include "rules/prefix.h"
#include "rules/ruleset.h"

enum {
	DISCOVERED_MAX = 4096,
	DISCOVERED_IDLE_S =
		3600, /* remembered without a connection, if it ever proved its name; ... */
	DISCOVERED_TRIED_S = 60, /* ... if it never did */
};

struct discovered;

/* NULL without memory or random numbers. */
struct discovered *discovered_new(void);
/* Accepts NULL. */
void discovered_free(struct discovered *all);

/* A connection with this domain (canonical) begins, or is to be made: it counts until discovered_close. limit: how many
 * of them it may have. 0; -ENOSPC: the table is full; -EDQUOT: it has as many as it may; -ENOMEM. */
int discovered_open(struct discovered *all, struct view domain, uint32_t limit, struct mono now);
void discovered_close(struct discovered *all, struct view domain, struct mono now);
/* It has shown that it is who it is. */
void discovered_proven(struct discovered *all, struct view domain);
/* Forget those without a connection of whom `stays` says no: other rules have come. */
void discovered_review(
	struct discovered *all, bool (*stays)(void *arg, struct view domain), void *arg);

uint32_t discovered_count(const struct discovered *all);
/* A row for each: {"domain", "origin": "discovered", "proven", "connections", "seconds": since when,
 * "idle_s"}; a new reference. */
json_t *discovered_json(struct discovered *all, struct mono now);

/* Does no rule name it, and do the rules let such domains in? */
bool discovered_stands(const struct ruleset *rules, struct view domain);
/* A connection with this domain begins, or is to be made. If it is one of these it is counted, and *counts: to be given
 * back to discovered_end. NULL, or why it may not, counted as discovery.refused. */
const char *discovered_begin(struct discovered *all, const struct ruleset *rules,
	struct view domain, struct mono now, bool *counts);
void discovered_end(struct discovered *all, struct view domain, struct mono now, bool *counts);
/* discovered_refusal, counted as discovery.refused, unless it is a partner's: those may be anywhere. */
bool discovered_allows(
	const struct ruleset *rules, struct view domain, const struct ip_address *address);

/* Why nobody who is discovered can be reached at this address: a cause, or NULL. DNS is theirs: it must not
 * lead us to ourselves, to our servers, or into private networks. */
const char *discovered_refusal(const struct ruleset *rules, const struct ip_address *address);
