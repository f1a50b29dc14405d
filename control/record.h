/* SPDX-License-Identifier: BSD-3-Clause */
/* What is written down beside the rules of a generation, and which of them is in force: two small texts
 * of the state directory. */
#pragma once

#include <sys/types.h>

#include "rules/base/text.h"

enum {
	RECORD_HASH_BYTES = 32,                          /* SHA-256 */
	RECORD_DIGEST_BYTES = 2 * RECORD_HASH_BYTES + 1, /* the same in digits, with a NUL */
	RECORD_PATH_BYTES = 4096,
	RECORD_TEXT_BYTES_MAX = 8192,
};

/* How a generation came to be. */
enum record_what {
	RECORD_START,
	RECORD_APPLY,
	RECORD_ROLLBACK,
	RECORD_CERTIFICATES,
	RECORD_WHATS,
};
/* "start", "apply", "rollback", "certificates" */
const char *record_what_name(enum record_what what);

struct record {
	uint64_t generation;
	uint64_t back; /* where a rollback from here goes; 0: nowhere */
	enum record_what what;
	int64_t at_s; /* wall clock */
	uid_t uid;    /* who asked for it */
	uint64_t
		table; /* digest of its filter table with generation 0: what history_content says */
	char digest[RECORD_DIGEST_BYTES]; /* of the document */
	char origin[RECORD_PATH_BYTES];   /* where the document was; absolute */
};

/* Which generation is in force, and what the --rules file held when it was looked at last. */
struct record_current {
	uint64_t generation;
	char seen[RECORD_DIGEST_BYTES];
	char seen_path[RECORD_PATH_BYTES];
};

/* Of all bytes of a document, as sha256sum prints it. */
void record_digest(struct view document, char out[static RECORD_DIGEST_BYTES]);
/* Can this stand in a record as origin: absolute, UTF-8 without control characters, not too
 * long? */
bool record_path_is_fine(struct view path);

/* Lines "KEY VALUE" behind a header, all of them and in this order only. What is read prints the same
 * again. PARSE_DONE, or PARSE_BAD with a cause: record_header, record_line (with the offset of a line
 * that is not the one expected or whose value is none), record_end. Pure; any thread. */
enum parse record_parse(struct view text, struct record *out, struct fault *fault);
void record_print(const struct record *record, struct text *out);
enum parse record_current_parse(struct view text, struct record_current *out, struct fault *fault);
void record_current_print(const struct record_current *current, struct text *out);
