/* SPDX-License-Identifier: BSD-3-Clause */
/* One statement of a store's work. */
#include <errno.h>
#include <stdarg.h>

#include "control/store/store.h"
#include "rules/base/log.h"
#include "rules/base/view.h"

static int bind_all(sqlite3_stmt *statement, const char *types, va_list args)
{
	int rc = SQLITE_OK;

	for (int i = 1; rc == SQLITE_OK && types[i - 1]; i++) {
		if (types[i - 1] == 'i') {
			rc = sqlite3_bind_int64(statement, i, va_arg(args, int64_t));
		} else {
			struct view v = va_arg(args, struct view);

			rc = types[i - 1] == 't'
				     ? sqlite3_bind_text(statement, i, (const char *)v.p,
					       (int)v.len, SQLITE_STATIC)
				     : sqlite3_bind_blob(
					       statement, i, v.p, (int)v.len, SQLITE_STATIC);
		}
	}
	return rc;
}

int store_exec(sqlite3 *database, const char *sql, const char *types, ...)
{
	sqlite3_stmt *statement = NULL;
	va_list args;
	int rc = sqlite3_prepare_v2(database, sql, -1, &statement, NULL);

	va_start(args, types);
	if (rc == SQLITE_OK)
		rc = bind_all(statement, types, args);
	va_end(args);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(statement);
	sqlite3_finalize(statement);
	if (rc == SQLITE_DONE || rc == SQLITE_ROW)
		return 0;
	log_error("store: %s: %s", sql, sqlite3_errmsg(database));
	return -EIO;
}
