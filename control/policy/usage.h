/* SPDX-License-Identifier: BSD-3-Clause */
/* Which users took a seat in which month: in memory for the decision, on disk before anybody profits
 * from it, chained so that the record can be trusted afterwards. */
#pragma once

#include <sys/queue.h>

#include "control/policy/chain.h"
#include "control/store/store.h"
#include "rules/licence.h"

#define USAGE_SCHEMA                                                                               \
	"CREATE TABLE IF NOT EXISTS usage (seq INTEGER PRIMARY KEY, month INTEGER NOT NULL,"       \
	" at INTEGER NOT NULL, agreement TEXT NOT NULL, provider TEXT NOT NULL,"                   \
	" user TEXT NOT NULL, hash BLOB NOT NULL, seats INTEGER) STRICT;"

/* In the state directory. */
#define USAGE_DATABASE_FILE "facts.db"
#define USAGE_HEAD_FILE     "usage-head"

/* What the check of the whole record found. */
enum usage_fault {
	USAGE_FINE,
	USAGE_EDITED,  /* the row is not the one that was written */
	USAGE_CUT_OFF, /* rows behind the last one are missing, now or when it was opened once */
};

/* For a SELECT from it: the column of the seats that the agreement had, or "0" where the record is of
 * before these were kept, and nobody has opened it since. */
const char *usage_seats_column(sqlite3 *database);

struct usage_check {
	enum usage_fault fault;
	uint64_t seq; /* of the first row that is wrong, or of the first that is missing */
	struct chain_head head; /* of what is there and whole */
};

/* Read the whole record and hold it against its own chain and, if `known` is not NULL, against a head
 * that was once written down: the row of its number must be there and have its hash. 0 or -errno; any
 * thread that may use the database. */
int usage_verify(sqlite3 *database, const struct chain_head *known, struct usage_check *out);

struct usage;

/* In a store whose schema has USAGE_SCHEMA; a record of before seats were kept gets a column for them, its
 * rows stay as they are. head_path: the file in which the last head is kept beside the
 * database ("usage-head"). What is wrong with the record is said in the log and by usage_fault; it goes
 * on, since nobody's messages should stop for the books, and a row of no agreement, whose user is the
 * head that was expected, keeps the memory of a tail that was cut off. NULL with why. */
struct usage *usage_open(struct store *store, const char *head_path, char *why, size_t why_bytes);
/* After store_close, which ends what was under way. NULL is fine. */
void usage_free(struct usage *usage);
const struct usage_check *usage_fault(const struct usage *usage);

/* The decision's view of it; lives as long as usage. */
const struct licence_usage *usage_view(const struct usage *usage);

/* Take a seat for the month of `at`: it counts from the return on, so that nobody else gets it. done
 * (which may be NULL) runs once, never inside the call, when it is on disk (0) or was given back because
 * it could not be written. -EEXIST: the user has one; -EAGAIN, -ENOMEM: nothing was taken and done does
 * not run. */
int usage_take(struct usage *usage, const struct agreement *agreement, struct view user,
	struct wall at, store_done *done, void *arg);

struct usage_seat; /* on its way to the disk */

/* The user's seat of a month as long as it is not on disk; NULL: it is, or there is none. Until the loop
 * goes on. */
struct usage_seat *usage_pending(const struct usage *usage, const struct agreement *agreement,
	struct view user, int32_t month);

/* Whoever must not go on before. In memory of its own, which stays where it is. */
struct usage_wait {
	TAILQ_ENTRY(usage_wait) next;
	struct usage_seat *seat; /* NULL: nothing is waited for */
	store_done *done;
	void *arg;
};
/* done runs once, never inside the call, in the order of these calls, with what became of the seat. */
void usage_wait(struct usage_seat *seat, struct usage_wait *wait, store_done *done, void *arg);
/* Wait no more; fine when nothing is waited for. */
void usage_wait_end(struct usage_wait *wait);

/* Could the last seat that was taken not be written? */
bool usage_is_stuck(const struct usage *usage);
