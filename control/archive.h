/* SPDX-License-Identifier: BSD-3-Clause */
/* The generations of the rules on disk, in the directory `rules` of the state directory:
 *   GENERATION.yaml    a document, to the octet
 *   GENERATION.record  where it came from, when, by whom
 *   current            which one is in force; what it names is what the next start serves
 * Files are written beside and renamed; replacing `current` is the decision, what happens before it
 * leaves the old generation in force. */
#pragma once

#include "control/record.h"

enum { ARCHIVE_KEPT = 8 };

struct archive;

/* Look at what is there; nothing is fine, the directory is made when it is needed. Files that are damaged are named in the
 * log and not used; what a crash left behind before the decision is removed. NULL with why: the directory cannot be used. */
struct archive *archive_open(const char *state_directory, char *why, size_t why_bytes);
void archive_free(struct archive *archive); /* accepts NULL */
/* "STATE/rules" */
const char *archive_directory(const struct archive *archive);

/* The generation in force; NULL: none, or damaged. The pointers live until the next archive_took. */
const struct record *archive_current(const struct archive *archive);
/* By its number; NULL: not kept, or damaged. */
const struct record *archive_find(const struct archive *archive, uint64_t generation);
/* Number i of those kept, ascending; NULL behind the last. */
const struct record *archive_at(const struct archive *archive, uint32_t i);
/* What `current` says of the --rules file; empty texts when nobody has seen it. */
const struct record_current *archive_seen(const struct archive *archive);

/* The document of a generation, checked against its digest. 0; -EINVAL: damaged; or another -errno;
 * with why. The caller frees *out in any case. */
int archive_document(const struct archive *archive, const struct record *record, struct text *out,
	char *why, size_t why_bytes);

/* Write a generation that is not there yet and then, as the decision, `current`. Touches nothing of the
 * archive in memory: any thread. With 0 archive_took must follow. -errno with why: nothing was decided
 * and nothing stays behind. */
int archive_write(const char *directory, const struct record *record, struct view document,
	const struct record_current *current, char *why, size_t why_bytes);
/* What was written is in force now; generations that no rollback reaches any more are removed until
 * ARCHIVE_KEPT are left. -ENOMEM: rollback cannot reach it before the next start. */
int archive_took(
	struct archive *archive, const struct record *record, const struct record_current *current);
/* Remember what the --rules file holds now; the generation in force stays. -errno with why. */
int archive_see(
	struct archive *archive, const char *path, const char *digest, char *why, size_t why_bytes);
