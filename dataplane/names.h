/* SPDX-License-Identifier: BSD-3-Clause */
/* The domains of the rules, for names that first bytes bring: filled once and then only asked. All that
 * is known of a name stands in one record of one cache line, and a tag beside it says whether it is
 * worth a look; so a name that is there costs waiting for two lines at once, one that is not for
 * one. Which numbers of labels there are is known too: suffixes of another number are never looked up,
 * however many labels a name has. Names are in lower case. */
#pragma once

#include "dataplane/hash.h"
#include "rules/base/view.h"

enum {
	NAMES_MAX_BYTES = 255,
	NAMES_LABELS_MAX = 128,
	NAMES_INLINE_BYTES = 52,
	NAMES_NOBODY = UINT32_MAX,
};

enum { /* what a name is */
	NAME_LOCAL = 1,
	NAME_BLOCKED = 2,
	NAME_PARTNER = 4,
	/* and what also holds for all names below it; of a local one it is whose they are not */
	NAME_BLOCKED_SUBTREE = 8,
	NAME_PARTNER_SUBTREE = 16,
};

struct name_record {
	uint32_t partner; /* index, of NAME_PARTNER */
	uint32_t offset;  /* in bytes, of a name that is longer than there is room here */
	uint8_t len;
	uint8_t what;
	uint8_t zero[2];
	uint8_t bytes[NAMES_INLINE_BYTES];
} __attribute__((aligned(64)));

struct names {
	struct hash_secret secret;
	uint16_t *tags; /* by slot; 0: empty */
	struct name_record *records;
	uint8_t *bytes;
	uint32_t mask;
	uint32_t count, count_max;
	uint32_t used_bytes, bytes_max;
	uint32_t labels_most;       /* of any name */
	uint64_t labels_whole[3];   /* bit n: there is a name of n labels */
	uint64_t labels_subtree[3]; /* the same for those that hold for names below them */
};

/* What is known of a name: by itself, or by the nearest name above it that says something. */
struct name_facts {
	bool local; /* itself */
	bool blocked;
	uint32_t partner; /* index, or NAMES_NOBODY */
};

/* Room for count_max names of bytes_max bytes together, from DPDK's heap. 0, -ENOMEM. */
int names_init(
	struct names *n, uint32_t count_max, uint32_t bytes_max, const struct hash_secret *secret);
/* Fine on a zeroed one. */
void names_fini(struct names *n);

/* Say what a name is: one of NAME_LOCAL, NAME_BLOCKED and NAME_PARTNER, the latter two perhaps with
 * their subtree. It may be more than one. 0; -EEXIST: it is that already, and stays as it is; -ENOSPC,
 * -EINVAL: no name. */
int names_add(struct names *n, struct view name, uint8_t what, uint32_t partner);

/* What is this name itself? 0: nothing. Any number of readers. */
uint8_t names_find(const struct names *n, struct view name);
/* A name on its way through names_judge: what it needs comes while the caller does something else. */
struct name_search {
	struct view name;
	uint32_t count;
	uint8_t starts
		[NAMES_LABELS_MAX]; /* of its suffixes that are worth a look, the shortest first */
	uint64_t hashes[NAMES_LABELS_MAX]; /* of them */
};
void names_prepare(const struct names *n, struct view name, struct name_search *search);

/* And what by the names above it? A local name, and all below one, is no partner's, unless a nearer one
 * is; a name that is itself a partner's is that one's. */
struct name_facts names_judge(const struct names *n, const struct name_search *search);
