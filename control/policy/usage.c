/* SPDX-License-Identifier: BSD-3-Clause */
/* Which users took a seat in which month. */
#include "control/policy/usage.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "control/counters.h"
#include "control/state_file.h"
#include "rules/base/log.h"
#include "rules/base/table.h"

enum { PATH_BYTES = 4096, KEY_BYTES_MAX = 2048 };

/* A seat, by "MONTH AGREEMENT\nUSER", or the number of those of a month, by "MONTH AGREEMENT". */
struct entry {
	uint32_t count;             /* of a month's seats */
	struct usage_seat *pending; /* a seat that is not on disk yet */
	uint32_t key_bytes;
	char key[];
};

/* One on its way to the disk. Everything it says is in its own memory. */
struct usage_seat {
	struct usage *usage;
	store_done *done;
	void *arg;
	struct usage_row row;
	struct chain_head head; /* after it; the store's thread */
	char *texts;
	TAILQ_HEAD(, usage_wait) waits;
};

struct usage {
	struct store *store;
	struct table entries;
	struct licence_usage view;
	struct usage_check check;
	bool stuck; /* the last seat could not be written */
	/* The store's thread. */
	char head_path[PATH_BYTES];
	struct chain_head head;
	bool head_is_written;
};

/* --- the record --- */

struct reading {
	struct usage_check *check;
	const struct chain_head *known;
	uint64_t mark; /* number of the first row that tells of rows cut off; 0: none */
};

static struct view column_text(sqlite3_stmt *statement, int column)
{
	const void *p = sqlite3_column_text(statement, column);

	return view_make(p, (size_t)sqlite3_column_bytes(statement, column));
}

/* The members of row_of and the hash. */
static int rows_select(sqlite3 *database, const char *order, sqlite3_stmt **statement)
{
	char sql[160];

	snprintf(sql, sizeof(sql),
		"SELECT seq, month, at, agreement, provider, user, hash, %s FROM usage%s",
		usage_seats_column(database), order);
	return sqlite3_prepare_v2(database, sql, -1, statement, NULL);
}

static struct usage_row row_of(sqlite3_stmt *statement)
{
	return (struct usage_row){
		.month = sqlite3_column_int(statement, 1),
		.at = {sqlite3_column_int64(statement, 2)},
		.agreement = column_text(statement, 3),
		.provider = column_text(statement, 4),
		.user = column_text(statement, 5),
		.seats = sqlite3_column_int64(statement, 7),
	};
}

/* False: the row is not what the chain says; the check is filled. */
static bool row_check(sqlite3_stmt *statement, struct reading *reading)
{
	struct usage_check *check = reading->check;
	struct usage_row row = row_of(statement);
	struct chain_head next = check->head;
	struct view hash = view_make(
		sqlite3_column_blob(statement, 6), (size_t)sqlite3_column_bytes(statement, 6));
	bool fine = chain_next(&next, &row) &&
		    (uint64_t)sqlite3_column_int64(statement, 0) == next.seq &&
		    view_equal(hash, view_make(next.hash, sizeof(next.hash)));

	if (fine && reading->known && reading->known->seq == next.seq)
		fine = chain_equal(&next, reading->known);
	if (!fine) {
		check->fault = USAGE_EDITED;
		check->seq = check->head.seq + 1;
		return false;
	}
	check->head = next;
	if (row.agreement.len == 0 && reading->mark == 0)
		reading->mark = next.seq;
	return true;
}

const char *usage_seats_column(sqlite3 *database)
{
	return sqlite3_table_column_metadata(database, "main", "usage", "seats", NULL, NULL, NULL,
		       NULL, NULL) == SQLITE_OK
		       ? "seats"
		       : "0";
}

int usage_verify(sqlite3 *database, const struct chain_head *known, struct usage_check *out)
{
	struct reading reading = {.check = out, .known = known};
	sqlite3_stmt *statement = NULL;
	int rc = rows_select(database, " ORDER BY seq", &statement);

	*out = (struct usage_check){.head = chain_start()};
	if (rc == SQLITE_OK)
		while ((rc = sqlite3_step(statement)) == SQLITE_ROW)
			if (!row_check(statement, &reading)) {
				rc = SQLITE_DONE;
				break;
			}
	sqlite3_finalize(statement);
	if (rc != SQLITE_DONE)
		return -EIO;
	if (out->fault == USAGE_FINE && known && known->seq > out->head.seq) {
		out->fault = USAGE_CUT_OFF;
		out->seq = out->head.seq + 1;
	} else if (out->fault == USAGE_FINE && reading.mark != 0) {
		out->fault = USAGE_CUT_OFF;
		out->seq = reading.mark;
	}
	return 0;
}

/* --- memory --- */

static uint32_t key_make(char *out, struct view agreement, const struct view *user, int32_t month)
{
	int n = snprintf(out, KEY_BYTES_MAX, "%d %.*s%s%.*s", month, VIEW_ARG(agreement),
		user ? "\n" : "", user ? (int)user->len : 0, user ? (const char *)user->p : "");

	return n < KEY_BYTES_MAX ? (uint32_t)n : KEY_BYTES_MAX - 1;
}

static struct entry *entry_find(
	const struct usage *usage, struct view agreement, const struct view *user, int32_t month)
{
	char key[KEY_BYTES_MAX];
	uint32_t bytes = key_make(key, agreement, user, month);

	return table_find(&usage->entries, view_make(key, bytes));
}

static struct entry *entry_add(
	struct usage *usage, struct view agreement, const struct view *user, int32_t month)
{
	char key[KEY_BYTES_MAX];
	uint32_t bytes = key_make(key, agreement, user, month);
	struct entry *entry = malloc(sizeof(*entry) + bytes);

	if (!entry)
		return NULL;
	entry->count = 0;
	entry->pending = NULL;
	entry->key_bytes = bytes;
	memcpy(entry->key, key, bytes);
	if (table_put(&usage->entries, view_make(entry->key, bytes), entry) == 0)
		return entry;
	free(entry);
	return NULL;
}

static void entry_drop(struct usage *usage, struct entry *entry)
{
	table_remove(&usage->entries, view_make(entry->key, entry->key_bytes));
	free(entry);
}

/* -EEXIST: the user has one. */
static int seat_add(struct usage *usage, struct view agreement, struct view user, int32_t month)
{
	struct entry *seats = entry_find(usage, agreement, NULL, month);

	if (entry_find(usage, agreement, &user, month))
		return -EEXIST;
	if (!seats)
		seats = entry_add(usage, agreement, NULL, month);
	if (!seats || !entry_add(usage, agreement, &user, month))
		return -ENOMEM;
	seats->count++;
	return 0;
}

static void seat_give_back(struct usage *usage, const struct usage_row *row)
{
	struct entry *seat = entry_find(usage, row->agreement, &row->user, row->month);
	struct entry *seats = entry_find(usage, row->agreement, NULL, row->month);

	if (!seat)
		return;
	entry_drop(usage, seat);
	seats->count--;
}

static bool view_has(
	const void *arg, const struct agreement *agreement, struct view user, int32_t month)
{
	return entry_find(arg, view_of(agreement->id), &user, month);
}

static uint32_t view_count(const void *arg, const struct agreement *agreement, int32_t month)
{
	const struct entry *seats = entry_find(arg, view_of(agreement->id), NULL, month);

	return seats ? seats->count : 0;
}

/* --- start --- */

/* Also rows that are not what they were: who is in them had a seat as far as anybody knows. */
static int load(sqlite3 *database, void *arg)
{
	struct usage *usage = arg;
	sqlite3_stmt *statement = NULL;
	int rc = rows_select(database, "", &statement);
	int error = 0;

	while (rc == SQLITE_OK && error == 0 && (rc = sqlite3_step(statement)) == SQLITE_ROW) {
		struct usage_row row = row_of(statement);

		if (row.agreement.len > 0)
			error = seat_add(usage, row.agreement, row.user, row.month);
		if (error == -EEXIST)
			error = 0;
		rc = SQLITE_OK;
	}
	sqlite3_finalize(statement);
	return error ? error : rc == SQLITE_DONE ? 0 : -EIO;
}

/* The head of what is there, right or wrong: new rows go on from it. */
static int last_head(sqlite3 *database, struct chain_head *out)
{
	sqlite3_stmt *statement = NULL;
	int rc = sqlite3_prepare_v2(database,
		"SELECT seq, hash FROM usage ORDER BY seq DESC LIMIT 1", -1, &statement, NULL);

	*out = chain_start();
	if (rc == SQLITE_OK)
		rc = sqlite3_step(statement);
	if (rc == SQLITE_ROW) {
		int bytes = sqlite3_column_bytes(statement, 1);

		out->seq = (uint64_t)sqlite3_column_int64(statement, 0);
		memcpy(out->hash, sqlite3_column_blob(statement, 1),
			bytes < CHAIN_HASH_BYTES ? (size_t)bytes : CHAIN_HASH_BYTES);
	}
	sqlite3_finalize(statement);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? 0 : -EIO;
}

static int row_write(sqlite3 *database, const struct usage_row *row, struct chain_head *head)
{
	/* Not a copy of ours: a transaction that failed must leave no trace in the chain. */
	int rc = last_head(database, head);

	if (rc == 0 && !chain_next(head, row))
		rc = -ENOMEM;
	if (rc < 0)
		return rc;
	return store_exec(database,
		"INSERT INTO usage (seq, month, at, agreement, provider, user, hash, seats)"
		" VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		"iiitttbi", (int64_t)head->seq, (int64_t)row->month, row->at.s, row->agreement,
		row->provider, row->user, view_make(head->hash, sizeof(head->hash)), row->seats);
}

/* Once new rows follow, the chain is whole again; a row of no agreement keeps the loss in it. */
static int mark_loss(sqlite3 *database, const struct chain_head *known)
{
	struct wall now = wall_now();
	char text[CHAIN_TEXT_BYTES];
	struct chain_head head;
	struct usage_row row = {.month = date_month(now), .at = now};

	chain_print(known, text);
	row.user = view_of(text);
	row.agreement = row.provider = VIEW("");
	return row_write(database, &row, &head);
}

static int seats_column_make(sqlite3 *database)
{
	if (strcmp(usage_seats_column(database), "0") != 0)
		return 0;
	return store_exec(database, "ALTER TABLE usage ADD COLUMN seats INTEGER", "");
}

static int begin(sqlite3 *database, void *arg)
{
	struct usage *usage = arg;
	struct chain_head known;
	struct text text;
	bool has_known = false;
	int rc = state_file_read(usage->head_path, &text);

	if (rc == 0 && text.len > 0)
		has_known =
			chain_read(view_trim(view_sub(text_view(&text), 0, text.len - 1)), &known);
	if (rc == 0 && text.len > 0 && !has_known)
		log_error("usage: %s is damaged: whether rows were cut off cannot be told",
			usage->head_path);
	text_free(&text);
	if (rc == 0)
		rc = seats_column_make(database);
	if (rc == 0)
		rc = usage_verify(database, has_known ? &known : NULL, &usage->check);
	if (rc == 0 && has_known && usage->check.fault == USAGE_CUT_OFF &&
		known.seq > usage->check.head.seq)
		rc = mark_loss(database, &known);
	if (rc == 0)
		rc = last_head(database, &usage->head);
	return rc ? rc : load(database, usage);
}

static void check_say(const struct usage *usage)
{
	char head[CHAIN_TEXT_BYTES];

	chain_print(&usage->check.head, head);
	switch (usage->check.fault) {
	case USAGE_FINE:
		log_info("usage: the record is whole, head %s", head);
		break;
	case USAGE_EDITED:
		counter_add("usage.damaged", "edited", 1);
		log_error("usage: row %llu of the record is not the one that was written; whole up "
			  "to %s",
			(unsigned long long)usage->check.seq, head);
		break;
	case USAGE_CUT_OFF:
		counter_add("usage.damaged", "cut_off", 1);
		log_error("usage: row %llu and what came after it are missing; whole up to %s",
			(unsigned long long)usage->check.seq, head);
		break;
	}
}

/* --- taking --- */

static int taking_write(sqlite3 *database, void *arg)
{
	struct usage_seat *t = arg;

	return row_write(database, &t->row, &t->head);
}

/* In the store's thread. A file that lags behind is fine: the record may go on after the head. */
static void committed(sqlite3 *database, void *arg)
{
	struct usage *usage = arg;
	char line[CHAIN_TEXT_BYTES + 1];
	struct chain_head head;
	int rc = last_head(database, &head);

	if (rc == 0 && usage->head_is_written && chain_equal(&head, &usage->head))
		return;
	chain_print(&head, line);
	strcat(line, "\n");
	if (rc == 0)
		rc = state_file_replace(usage->head_path, view_of(line));
	if (rc < 0)
		log_warning("usage: %s: %s", usage->head_path, strerror(-rc));
	else
		usage->head = head;
	usage->head_is_written = rc == 0;
}

static void taking_free(struct usage_seat *t)
{
	free(t->texts);
	free(t);
}

static void not_written(struct usage_seat *t, int error)
{
	seat_give_back(t->usage, &t->row);
	counter_add("usage.refused", "not_written", 1);
	/* A disk that is full stays so for every message that comes. */
	if (!t->usage->stuck)
		log_error("usage: seats cannot be written, and who has none is refused: %s",
			strerror(-error));
	t->usage->stuck = true;
}

static void written(struct usage_seat *t)
{
	struct entry *entry = entry_find(t->usage, t->row.agreement, &t->row.user, t->row.month);
	char head[CHAIN_TEXT_BYTES];

	if (entry)
		entry->pending = NULL;
	if (t->usage->stuck)
		log_info("usage: seats can be written again");
	t->usage->stuck = false;
	chain_print(&t->head, head);
	log_info("usage: %.*s takes a seat of %.*s, head %s", VIEW_ARG(t->row.user),
		VIEW_ARG(t->row.agreement), head);
}

static void taking_done(void *arg, int error)
{
	struct usage_seat *t = arg;
	struct usage_wait *wait;

	if (error)
		not_written(t, error);
	else
		written(t);
	if (t->done)
		t->done(t->arg, error);
	while ((wait = TAILQ_FIRST(&t->waits))) {
		usage_wait_end(wait);
		wait->done(wait->arg, error);
	}
	taking_free(t);
}

struct usage_seat *usage_pending(const struct usage *usage, const struct agreement *agreement,
	struct view user, int32_t month)
{
	const struct entry *entry = entry_find(usage, view_of(agreement->id), &user, month);

	return entry ? entry->pending : NULL;
}

void usage_wait(struct usage_seat *seat, struct usage_wait *wait, store_done *done, void *arg)
{
	wait->seat = seat;
	wait->done = done;
	wait->arg = arg;
	TAILQ_INSERT_TAIL(&seat->waits, wait, next);
}

void usage_wait_end(struct usage_wait *wait)
{
	if (!wait->seat)
		return;
	TAILQ_REMOVE(&wait->seat->waits, wait, next);
	wait->seat = NULL;
}

bool usage_is_stuck(const struct usage *usage)
{
	return usage->stuck;
}

static struct view keep(char **at, struct view text)
{
	struct view kept = view_make(*at, text.len);

	/* A provider without a profile has no name here. */
	if (text.len > 0)
		memcpy(*at, text.p, text.len);
	*at += text.len;
	return kept;
}

static struct usage_seat *taking_new(
	const struct agreement *agreement, struct view user, struct wall at)
{
	struct view id = view_of(agreement->id);
	struct view provider = view_of(agreement->terms->name);
	struct usage_seat *t = calloc(1, sizeof(*t));
	char *next;

	if (!t)
		return NULL;
	t->texts = next = malloc((size_t)id.len + provider.len + user.len + 1);
	if (!t->texts) {
		free(t);
		return NULL;
	}
	TAILQ_INIT(&t->waits);
	t->row.month = date_month(at);
	t->row.at = at;
	t->row.agreement = keep(&next, id);
	t->row.provider = keep(&next, provider);
	t->row.user = keep(&next, user);
	t->row.seats = agreement->seats;
	return t;
}

int usage_take(struct usage *usage, const struct agreement *agreement, struct view user,
	struct wall at, store_done *done, void *arg)
{
	struct usage_seat *t = taking_new(agreement, user, at);
	int rc;

	if (!t)
		return -ENOMEM;
	t->usage = usage;
	t->done = done;
	t->arg = arg;
	rc = seat_add(usage, t->row.agreement, t->row.user, t->row.month);
	if (rc == 0) {
		rc = store_put(usage->store, taking_write, taking_done, t);
		if (rc < 0)
			seat_give_back(usage, &t->row);
		else
			entry_find(usage, t->row.agreement, &t->row.user, t->row.month)->pending =
				t;
	}
	if (rc < 0)
		taking_free(t);
	return rc;
}

struct usage *usage_open(struct store *store, const char *head_path, char *why, size_t why_bytes)
{
	struct usage *usage = calloc(1, sizeof(*usage));
	struct siphash_key key;
	int rc = usage && strlen(head_path) < PATH_BYTES ? siphash_key_random(&key) : -ENOMEM;

	if (rc == 0) {
		usage->store = store;
		usage->view = (struct licence_usage){usage, view_has, view_count};
		snprintf(usage->head_path, sizeof(usage->head_path), "%s", head_path);
		table_init(&usage->entries, key);
		store_after_commit(store, committed, usage);
		rc = store_run(store, begin, usage);
	}
	if (rc < 0) {
		snprintf(why, why_bytes, "usage: %s", strerror(-rc));
		store_after_commit(store, NULL, NULL);
		usage_free(usage);
		return NULL;
	}
	check_say(usage);
	return usage;
}

void usage_free(struct usage *usage)
{
	if (!usage)
		return;
	table_free_with(&usage->entries, free);
	free(usage);
}

const struct usage_check *usage_fault(const struct usage *usage)
{
	return &usage->check;
}

const struct licence_usage *usage_view(const struct usage *usage)
{
	return &usage->view;
}
