/* SPDX-License-Identifier: BSD-3-Clause */
/* Who is in and has not proven who it is: so many of all together, fewer of those who are trusted less,
 * and a part of that of one partner or network. A place is taken when a connection is accepted and
 * given back when its peer is proven or it is gone. What one costs is bounded elsewhere (16 KiB of stream,
 * 64 KiB of memory). Loop thread only. */
#pragma once

#include <sys/queue.h>

#include <jansson.h>

#include "control/origin.h"
#include "rules/base/clock.h"

enum {
	GUESTS_DEFAULT = 1024,
	GUESTS_LEAST = 16,
	GUESTS_MOST = 65536,
	/* One partner or network: a part of all, and at least some. */
	GUESTS_OF_ONE_PART = 16,
	GUESTS_OF_ONE_LEAST = 8,
	GUESTS_LOG_MS = 10 * 1000, /* between two lines about refusals */
};

struct guests;

/* A place; the caller's memory, zeroed at first. */
struct guest {
	LIST_ENTRY(guest) next;
	struct origin origin;
	bool in;
};

/* `max` from GUESTS_LEAST to GUESTS_MOST. NULL without memory. */
struct guests *guests_new(uint32_t max);
void guests_free(struct guests *guests); /* accepts NULL */

/* Take a place. False: there is none for such a one, which is counted and, now and then, logged. No book
 * (guests NULL): always true. */
bool guests_enter(struct guests *guests, struct guest *guest, const struct origin *origin,
	const struct ip_address *peer, struct mono now);
/* Give it back; nothing happens without one. */
void guests_leave(struct guests *guests, struct guest *guest);

/* How many places there are for the trusted this much and less. */
uint32_t guests_ceiling(const struct guests *guests, enum origin_class class);
uint32_t guests_count(const struct guests *guests);
/* Rows of `picketctl show handshakes`, a new reference: by trust, from the most. */
json_t *guests_json(const struct guests *guests);
