/* SPDX-License-Identifier: BSD-3-Clause */
/* The rules while the daemon runs: what is in force and since when, what was before, and one change of it
 * at a time. Loop thread. */
#pragma once

#include <jansson.h>

#include "control/archive.h"
#include "control/filter_client.h"
#include "control/generation.h"
#include "control/loop.h"

struct rulebook;

/* What it stands on; all must outlive it. */
struct rulebook_world {
	void *arg;
	struct filter_client *(*filter)(void *arg);              /* NULL: no channel yet */
	struct generation *(*generation)(void *arg);             /* in force; borrowed */
	void (*adopt)(void *arg, struct generation *generation); /* from now on it is */
	struct wall (*wall)(void);
	const char *state_directory; /* NULL: nothing is remembered, and so nothing changes */
	const char *ca_file;
	const char *rules_path; /* of the --rules file, absolute */
};

/* Takes the archive over (NULL without a state directory), also on failure; record: what is in force. NULL
 * without memory. */
struct rulebook *rulebook_new(struct loop *loop, const struct rulebook_world *world,
	struct archive *archive, const struct record *record);
/* Waits for a step that runs beside the loop; who asked hears what becomes of it. Before the channel to the
 * dataplane is freed. Accepts NULL. */
void rulebook_free(struct rulebook *book);

struct rulebook_wish {
	enum record_what what; /* not RECORD_START */
	uint64_t generation;   /* but for RECORD_APPLY: whose document is sent again */
	int fd;                /* a sealed memfd with a bundle; stays the caller's */
	uint64_t bytes;        /* of it */
	uid_t uid;             /* who asks */
	pid_t pid;
};

/* Put rules into force, or leave everything as it is. The handler runs once, inside the call or later: with
 * the words why not, or NULL and {"generation", "digest", "file", "added", "removed", "changed" (partners),
 * "note"?}, a reference that becomes its own. */
typedef void rulebook_answer_h(void *arg, const char *error, json_t *answer);
void rulebook_change(struct rulebook *book, const struct rulebook_wish *wish,
	rulebook_answer_h *handler, void *arg);

/* {"generation", "digest", "file", "since", "what", "uid", "partners", ..., "change"}; a new reference. */
json_t *rulebook_head(const struct rulebook *book);
/* The generations that are kept, the last first; a new reference. */
json_t *rulebook_rows(const struct rulebook *book);

enum rulebook_document {
	RULEBOOK_PRINTED, /* what is in force, canonical */
	RULEBOOK_CURRENT, /* its document, to the octet */
	RULEBOOK_BACK,    /* that of the generation where a rollback goes */
};
/* One of them, and whose it is. 0, or -errno with why. The caller frees *out in any case. */
int rulebook_document(const struct rulebook *book, enum rulebook_document which, struct text *out,
	struct record *record, char *why, size_t why_bytes);
