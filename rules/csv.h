/* SPDX-License-Identifier: BSD-3-Clause */
/* Comma-separated values (RFC 4180): UTF-8, a first line that names the columns, then one record a line. A
 * field in quotes may hold commas, but neither quotes nor line ends. Pure; views point into the text. */
#pragma once

#include "rules/base/view.h"

enum { CSV_FIELDS_MAX = 16, CSV_FIELD_BYTES_MAX = 4096 };

struct csv {
	struct view text;
	uint32_t at;
	unsigned line; /* of the record, from 1 */
	uint32_t count;
	struct view fields[CSV_FIELDS_MAX]; /* without the spaces around them */
};

void csv_begin(struct csv *csv, struct view text);
/* PARSE_DONE: the next record that is not empty; PARSE_NEED_MORE: there is none; PARSE_BAD with one of
 * these causes: csv_quote (a quote that does not begin and end a field), csv_fields (too many),
 * csv_field_length, csv_control (a control character other than the tab). */
enum parse csv_next(struct csv *csv, struct fault *fault);

enum { CSV_NO_FIELD = CSV_FIELDS_MAX };

/* Which field of a record is which column. */
struct csv_columns {
	uint8_t at[CSV_FIELDS_MAX]; /* by the place of the column's name; CSV_NO_FIELD: not there */
};

/* The place of a name among names that NULL ends; CSV_NO_FIELD: it is none of them. */
uint32_t csv_column(const char *const *names, struct view name);
/* The first record as names of columns, of which `names` (ended by NULL, at most CSV_FIELDS_MAX) are known
 * and names[required] must be there. PARSE_BAD also with csv_column_unknown, csv_column_twice,
 * csv_column_missing; also when there is no record. */
enum parse csv_header(struct csv *csv, const char *const *names, uint32_t required,
	struct csv_columns *out, struct fault *fault);
/* A field of the record; empty if it is not there. */
struct view csv_field(const struct csv *csv, const struct csv_columns *columns, uint32_t column);
/* What to do about a cause, for people. */
const char *csv_cause_text(const char *cause);
