/* SPDX-License-Identifier: BSD-3-Clause */
/* Rules that somebody wants in force: from the bundle that he sent to all that is made of it, and then onto
 * the disk. The two long steps of a change; each runs in whatever thread, one at a time, and touches
 * nothing but the proposal, the files that it names, and rules that never change. */
#pragma once

#include "control/archive.h"
#include "control/bundle.h"
#include "control/filter_client.h"
#include "control/generation.h"
#include "rules/base/clock.h"
#include "rules/diff.h"

enum { PROPOSAL_WHY_BYTES = 24 * 1024 };

struct proposal {
	/* What is wanted, filled in before the first step. */
	enum record_what what;
	uid_t uid;
	struct wall now;
	struct view block; /* the bundle; sealed_unmap by proposal_free */
	struct bundle bundle;
	const char *state_directory;
	const char *archive_directory;
	const char *ca_file;
	const char *rules_path;    /* of --rules: what is applied from there has been seen */
	struct generation *before; /* in force; its holder waits for the step's end */
	struct record base;        /* of it */
	struct record target;      /* RECORD_ROLLBACK, _CERTIFICATES: whose document this must be */
	struct record_current seen; /* what the archive says now */

	/* What came of it. */
	struct ruleset *rules;
	struct tls_store *tls;
	struct filter_table table;
	struct record record;
	struct record_current current;
	struct diff_counts partners;
	bool kept_authorities;
	struct text why; /* not empty: the step failed, with lines for people */
};

/* Ready to be filled in. */
void proposal_init(struct proposal *p);
/* Compile, open certificates, give ids and a number, make the filter table. */
void proposal_compile(struct proposal *p);
/* Write it; with success it is decided. */
void proposal_write(struct proposal *p);
/* Whatever nobody has taken out. */
void proposal_free(struct proposal *p);
