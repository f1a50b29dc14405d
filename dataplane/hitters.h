/* SPDX-License-Identifier: BSD-3-Clause */
/* Who causes most of something: a space-saving sketch of fixed size over the last minutes. Sources are
 * compared whole, not by a hash, so nobody can choose addresses that meet in it. One writer; others
 * read at any time. Knows sources and the clock, nothing of causes or frames. */
#pragma once

#include "dataplane/remote.h"
#include "rules/base/clock.h"

enum {
	HITTERS_MAX = 16,       /* sources that a sketch keeps */
	HITTERS_WINDOW_S = 300, /* it tells of this window and the one before */
};

/* What is told apart: an IPv4 address, a /64 of IPv6, a MAC address. */
struct hitter_source {
	uint64_t key;
	uint8_t kind; /* enum remote_kind; REMOTE_NONE: an empty entry */
};

/* Space saving (Metwally and others, 2005): who is not there takes the place of the least entry and
 * its count with it. So a count is too high by at most its error, and whoever has more than
 * total / HITTERS_MAX is there. */
struct hitters_window {
	uint64_t keys[HITTERS_MAX];
	uint64_t counts[HITTERS_MAX];
	uint64_t errors[HITTERS_MAX];
	uint8_t kinds[HITTERS_MAX];
	uint64_t total;
	uint64_t begun_ns; /* 0: never */
};

/* Zero is an empty one. */
struct hitters {
	struct hitters_window now, before;
	uint32_t version; /* odd while windows change places */
};

struct hitter_source hitter_source_of(const struct remote *remote);
/* One more of this source. At most HITTERS_MAX comparisons twice over. The writer. */
void hitters_count(struct hitters *hitters, struct hitter_source source, struct mono now);

struct hitter {
	struct hitter_source source;
	uint64_t count; /* at most */
	uint64_t error; /* at least count - error */
};

/* A copy, by count, highest first. */
struct hitters_list {
	struct hitter of[HITTERS_MAX];
	uint32_t count;
	uint64_t floor;    /* nobody who is missing has more */
	uint64_t total;    /* of all sources */
	uint64_t begun_ns; /* since when; 0: nothing was counted */
};

/* What was counted in this window and the one before. Any thread. */
void hitters_read(const struct hitters *hitters, struct mono now, struct hitters_list *out);
/* Add another one's list; the sums have the bounds of both. */
void hitters_merge(struct hitters_list *into, const struct hitters_list *other);
/* "203.0.113.5", "2001:db8:1:2::/64", "02:00:00:00:00:01". */
void hitter_print(const struct hitter_source *source, char out[static IP_TEXT_BYTES]);
