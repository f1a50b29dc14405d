/* SPDX-License-Identifier: BSD-3-Clause */
/* Which rules a start serves: what was said last. That is the --rules file if it is not what it was when it
 * was looked at before, and otherwise what operators have put into force since. */
#pragma once

#include "control/archive.h"
#include "control/generation.h"
#include "rules/base/clock.h"

struct startup {
	/* Given. */
	const char *rules_file;
	const char *ca_file;
	const char *state_directory; /* NULL: nothing is remembered, the file is served */

	/* Made by startup_load. */
	struct generation *generation; /* the caller's; no ids and number yet */
	struct archive *archive;       /* the caller's; NULL without a state directory */
	struct record record;          /* of what is served */
	char path[RECORD_PATH_BYTES];  /* of the --rules file, absolute */

	struct text document; /* what is served */
	char seen[RECORD_DIGEST_BYTES];
	bool is_new; /* it is no generation yet */
};

/* Read, choose, compile and open certificates, with whatever rights that needs; writes nothing. Says in
 * the log what is wrong and what is served. A new file that is no good leaves what was in force before in
 * force. 0, or -EINVAL: there is nothing that can be served. startup_end in any case. */
int startup_load(struct startup *s);
/* Give ids and a number, and write down what is served, with the rights that the daemon keeps. 0, or -errno
 * with why. */
int startup_settle(struct startup *s, struct wall now, char *why, size_t why_bytes);
/* What is not the caller's. */
void startup_end(struct startup *s);
