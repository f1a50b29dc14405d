/* SPDX-License-Identifier: BSD-3-Clause */
/* Whom of those outside our users have written to. */
#include "control/policy/contact.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "control/counters.h"
#include "rules/base/log.h"
#include "rules/base/table.h"

enum { KEY_BYTES_MAX = 4608 }; /* two bare addresses and what is between them */

struct contacts {
	struct store *store; /* or NULL */
	struct table pairs;  /* "ours theirs": neither has a space */
};

/* One on its way to the disk; its texts are its own. */
struct writing {
	int64_t since;
	uint32_t ours_bytes, theirs_bytes;
	char texts[];
};

static struct view key_make(char out[static KEY_BYTES_MAX], struct view ours, struct view theirs)
{
	int n = snprintf(out, KEY_BYTES_MAX, "%.*s %.*s", VIEW_ARG(ours), VIEW_ARG(theirs));

	return view_make(out, n < KEY_BYTES_MAX ? (size_t)n : KEY_BYTES_MAX - 1);
}

static int pair_add(struct contacts *contacts, struct view ours, struct view theirs)
{
	char buffer[KEY_BYTES_MAX];
	struct view key = key_make(buffer, ours, theirs);
	char *kept;
	int rc;

	if (table_find(&contacts->pairs, key))
		return -EEXIST;
	if (contacts->pairs.count >= CONTACTS_MAX)
		return -ENOSPC;
	kept = view_dup(key);
	rc = kept ? table_put(&contacts->pairs, view_make(kept, key.len), kept) : -ENOMEM;
	if (rc < 0)
		free(kept);
	return rc;
}

static int load(sqlite3 *database, void *arg)
{
	sqlite3_stmt *statement = NULL;
	int rc = sqlite3_prepare_v2(
		database, "SELECT ours, theirs FROM contact", -1, &statement, NULL);
	int error = 0;

	while (rc == SQLITE_OK && error == 0 && (rc = sqlite3_step(statement)) == SQLITE_ROW) {
		const char *ours = (const char *)sqlite3_column_text(statement, 0);
		const char *theirs = (const char *)sqlite3_column_text(statement, 1);

		error = ours && theirs ? pair_add(arg, view_of(ours), view_of(theirs)) : 0;
		if (error == -EEXIST || error == -ENOSPC)
			error = 0;
		rc = SQLITE_OK;
	}
	sqlite3_finalize(statement);
	return error ? error : rc == SQLITE_DONE ? 0 : -EIO;
}

struct contacts *contacts_open(struct store *store, char *why, size_t why_bytes)
{
	struct contacts *contacts = calloc(1, sizeof(*contacts));
	struct siphash_key key;
	int rc = contacts ? siphash_key_random(&key) : -ENOMEM;

	if (rc == 0) {
		contacts->store = store;
		table_init(&contacts->pairs, key);
		if (store)
			rc = store_run(store, load, contacts);
	}
	if (rc < 0) {
		snprintf(why, why_bytes, "contacts: %s", strerror(-rc));
		contacts_free(contacts);
		return NULL;
	}
	return contacts;
}

void contacts_free(struct contacts *contacts)
{
	if (!contacts)
		return;
	table_free_with(&contacts->pairs, free);
	free(contacts);
}

bool contacts_has(const struct contacts *contacts, struct view ours, struct view theirs)
{
	char buffer[KEY_BYTES_MAX];

	return table_find(&contacts->pairs, key_make(buffer, ours, theirs)) != NULL;
}

static int write_pair(sqlite3 *database, void *arg)
{
	const struct writing *w = arg;

	return store_exec(database,
		"INSERT OR IGNORE INTO contact (ours, theirs, since) VALUES (?, ?, ?)", "tti",
		view_make(w->texts, w->ours_bytes),
		view_make(w->texts + w->ours_bytes, w->theirs_bytes), w->since);
}

static void written(void *arg, int error)
{
	if (error) {
		counter_add("contacts.refused", "not_written", 1);
		log_error(
			"contacts: one could not be written and is forgotten at the next start: %s",
			strerror(-error));
	}
	free(arg);
}

static int keep(struct contacts *contacts, struct view ours, struct view theirs, struct wall now)
{
	struct writing *w = malloc(sizeof(*w) + ours.len + theirs.len);
	int rc;

	if (!w)
		return -ENOMEM;
	*w = (struct writing){now.s, ours.len, theirs.len};
	memcpy(w->texts, ours.p, ours.len);
	memcpy(w->texts + ours.len, theirs.p, theirs.len);
	rc = store_put(contacts->store, write_pair, written, w);
	if (rc < 0)
		free(w);
	return rc;
}

int contacts_add(struct contacts *contacts, struct view ours, struct view theirs, struct wall now)
{
	int rc = pair_add(contacts, ours, theirs);

	if (rc == -EEXIST)
		return 0;
	if (rc == 0 && contacts->store && keep(contacts, ours, theirs, now) < 0)
		counter_add("contacts.refused", "not_written", 1);
	return rc;
}

uint32_t contacts_count(const struct contacts *contacts)
{
	return contacts->pairs.count;
}
