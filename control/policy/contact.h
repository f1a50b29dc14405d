/* SPDX-License-Identifier: BSD-3-Clause */
/* Whom of those outside our users have written to: who has been written to may write, also where the
 * rules let only contacts in. In memory for the decision, in the store for the next start. */
#pragma once

#include "control/store/store.h"
#include "rules/base/view.h"

#define CONTACT_SCHEMA                                                                             \
	"CREATE TABLE IF NOT EXISTS contact (ours TEXT NOT NULL, theirs TEXT NOT NULL,"            \
	" since INTEGER NOT NULL, PRIMARY KEY (ours, theirs)) STRICT, WITHOUT ROWID;"

enum { CONTACTS_MAX = 256 * 1024 };

struct contacts;

/* In a store whose schema has CONTACT_SCHEMA; NULL: nothing is kept. NULL with why. */
struct contacts *contacts_open(struct store *store, char *why, size_t why_bytes);
/* After store_close. NULL is fine. */
void contacts_free(struct contacts *contacts);

/* Bare addresses, prepared. */
bool contacts_has(const struct contacts *contacts, struct view ours, struct view theirs);
/* Our user writes to them. Known ones cost nothing; 0, -ENOSPC (CONTACTS_MAX), -ENOMEM. */
int contacts_add(struct contacts *contacts, struct view ours, struct view theirs, struct wall now);
uint32_t contacts_count(const struct contacts *contacts);
