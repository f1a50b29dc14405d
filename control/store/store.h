/* SPDX-License-Identifier: BSD-3-Clause */
/* Facts that must outlive the process: one SQLite database behind a thread of its own. Work is queued by
 * the loop and done by the thread in one transaction with whatever else comes within 5 ms; the loop
 * hears of it when it is on disk. Knows no table. */
#pragma once

#include <sqlite3.h>

#include "control/loop.h"

enum { STORE_QUEUE_MAX = 65536, STORE_WHY_BYTES = 512 };

struct store;

/* In the store's thread: 0, or -errno, and then nothing of what it did remains. */
typedef int store_work(sqlite3 *database, void *arg);
/* In the loop: 0, the work is on disk; or why not. */
typedef void store_done(void *arg, int error);

/* Open the database at path, or make it (mode 0600), and run the statements of `schema` ("CREATE TABLE
 * IF NOT EXISTS ..."). NULL with why. */
struct store *store_open(
	struct loop *loop, const char *path, const char *schema, char *why, size_t why_bytes);
/* Finish what is queued, tell who waits, close. NULL is fine. */
void store_close(struct store *store);

/* Run this in the store's thread after every transaction that is on disk, before anybody hears of it.
 * Before the first store_run and store_put. */
void store_after_commit(struct store *store, void (*run)(sqlite3 *database, void *arg), void *arg);

/* Do it now, in a transaction of its own, and wait: for the start, before the loop serves anybody. */
int store_run(struct store *store, store_work *work, void *arg);
/* Queue it. 0, and done (which may be NULL) runs once, never inside the call; -EAGAIN: too much
 * waits; -ENOMEM. */
int store_put(struct store *store, store_work *work, store_done *done, void *arg);

/* One statement: prepare, bind, step. 0, or -EIO with the database's words in the log. Texts are
 * borrowed for the call. "t": struct view as text, "i": int64_t, "b": struct view as blob. */
int store_exec(sqlite3 *database, const char *sql, const char *types, ...);
