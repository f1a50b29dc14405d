/* SPDX-License-Identifier: BSD-3-Clause */
/* What the commands of picketctl share: what was said on the command line, and asking the control plane. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "rules/base/view.h"

/* Exit codes; those of diff mean what they mean for diff(1). */
enum { CODE_FINE = 0, CODE_TROUBLE = 1, CODE_USAGE = 2, CODE_UNREACHABLE = 3 };
enum { CODE_SAME = 0, CODE_DIFFERENT = 1, CODE_DIFF_TROUBLE = 2 };

enum {
	ANSWER_TIMEOUT_MS = 5 * 1000,
	REPORT_TIMEOUT_MS = 30 * 1000, /* a record of years is read for it */
	CHANGE_TIMEOUT_MS = 60 * 1000, /* the daemon gives up before */
};

struct call {
	const char *socket_path;
	bool json;
	bool all;         /* zeros too */
	const char *verb; /* "show" */
	const char *noun; /* what follows it: "counters", a file, or whom to block; NULL: nothing */
	const char *seconds; /* --for, or NULL */
	const char *reason;  /* --reason, or NULL */
	bool subtree;        /* --subtree */
	char *const *words;  /* what follows the noun */
	int word_count;
	/* of explain, or NULL */
	const char *from, *to, *kind, *direction, *protocol, *at, *text, *rules;
	bool contact; /* --contact */
	/* of licence, which has from, to and rules as well; or NULL */
	const char *month, *state;
};

/* A connection to the control plane, or -1 and everything said. */
int call_connect(const struct call *call);

/* One question with a descriptor (-1: none) and its answer. Takes the question; the descriptor stays the
 * caller's. A new reference, or NULL with *code set and everything said. got: NULL, or where the descriptor
 * goes that comes with the answer (-1: none came). */
json_t *call_ask(const struct call *call, int fd, json_t *question, int sent, int timeout_ms,
	int *code, int *got);

/* All pages of a question as one: {"head", "rows"}. members go with it; borrowed. A new reference, or NULL
 * with *code set and everything said. */
json_t *call_collect(const struct call *call, int fd, const char *command, json_t *members,
	int timeout_ms, int *code);

/* Say what the answer wants to be known besides, on stderr. */
void call_note(const char *command, json_t *answer);

/* A document of the control plane: "printed", "current" or "back" (docs/operator.md). */
struct call_document {
	uint64_t generation;
	char *file;       /* where it came from */
	struct view text; /* mapped */
};
/* CODE_FINE, or the code to end with and everything said; call_document_free in any case. */
int call_document_get(
	const struct call *call, int fd, const char *which, struct call_document *out);
void call_document_free(struct call_document *document);
