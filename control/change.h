/* SPDX-License-Identifier: BSD-3-Clause */
/* A change of the rules, step by step:
 *
 *   idle -> compiling -> preparing -> writing -> committing -> idle
 *
 * Until writing has succeeded, which is the decision, a failure leaves everything as it was. After it
 * nothing can fail: what goes wrong is a note. Who does the steps is given; this knows only their order.
 * Loop thread; reads no clock and allocates nothing. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "rules/base/clock.h"

enum {
	CHANGE_PATIENCE_MS = 45 * 1000, /* to the decision; below what the operator's tool waits */
	CHANGE_WORDS_BYTES = 512,
};

enum change_phase {
	CHANGE_IDLE,
	CHANGE_COMPILING,
	CHANGE_PREPARING,
	CHANGE_WRITING,
	CHANGE_COMMITTING,
};

/* Each of the first four is begun by a call and ended by one of change_compiled and so on, once, inside
 * the call or later. */
struct change_steps {
	void *arg;
	void (*compile)(void *arg);
	void (*prepare)(void *arg);
	void (*write)(void *arg);
	void (*commit)(void *arg);
	/* What is there of the preparation is not wanted any more. */
	void (*abandon)(void *arg);
	/* The new rules are in force in this process. */
	void (*adopt)(void *arg);
	/* The end; a new change may begin inside the call. error NULL: it is in force, and note (or NULL)
	 * says what else is to be known. */
	void (*finish)(void *arg, const char *error, const char *note);
};

/* Whose change it is. */
struct change_asker {
	const char *what; /* "apply"; static */
	char file[256];   /* the end of its path, if it is long */
	uid_t uid;
	pid_t pid;
};

struct change {
	struct change_steps steps;
	enum change_phase phase;
	struct change_asker asker;
	struct mono since;
};

void change_init(struct change *change, const struct change_steps *steps);
/* "apply of FILE by uid N, pid N, since N s", or false: there is none. */
bool change_says(const struct change *change, struct mono now, char *words, size_t words_bytes);
/* Begin, if none is under way (change_says has why not) and there is a dataplane, without which nothing
 * is begun. False with words: refused, and no step runs. */
bool change_begin(struct change *change, const struct change_asker *asker, bool dataplane,
	struct mono now, char *words, size_t words_bytes);

/* The steps' ends; error NULL or 0: done. */
void change_compiled(struct change *change, const char *error, struct mono now);
void change_prepared(struct change *change, int error, const char *words, struct mono now);
void change_written(struct change *change, const char *error);
void change_committed(struct change *change, int error, const char *words);
