/* SPDX-License-Identifier: BSD-3-Clause */
/* Comma-separated values. */
#include "rules/csv.h"

void csv_begin(struct csv *csv, struct view text)
{
	struct view mark = VIEW("\xef\xbb\xbf"); /* that some spreadsheets begin with */

	*csv = (struct csv){.text = text};
	if (view_starts(text, mark))
		csv->at = mark.len;
}

static enum parse refuse(struct fault *fault, const char *cause, uint32_t offset)
{
	*fault = (struct fault){cause, offset};
	return PARSE_BAD;
}

/* The line that begins at `at`, without its end. */
static struct view take_line(struct csv *csv)
{
	struct view rest = view_sub(csv->text, csv->at, UINT32_MAX);
	int64_t end = view_find(rest, '\n');
	struct view line = end < 0 ? rest : view_sub(rest, 0, (uint32_t)end);

	csv->at += line.len + (end >= 0);
	csv->line++;
	if (line.len > 0 && line.p[line.len - 1] == '\r')
		line.len--;
	return line;
}

/* Cut the first field off. */
static bool take_field(struct view *line, struct view *field, const char **cause)
{
	int64_t comma;
	struct view inner;

	*cause = "csv_quote";
	*line = view_trim(*line);
	if (line->len > 0 && line->p[0] == '"') {
		int64_t quote = view_find(view_sub(*line, 1, UINT32_MAX), '"');

		if (quote < 0)
			return false;
		inner = view_sub(*line, 1, (uint32_t)quote);
		*line = view_trim(view_sub(*line, (uint32_t)quote + 2, UINT32_MAX));
		if (line->len > 0 && line->p[0] != ',')
			return false;
		comma = line->len > 0 ? 0 : -1;
	} else {
		comma = view_find(*line, ',');
		inner = view_trim(comma < 0 ? *line : view_sub(*line, 0, (uint32_t)comma));
		if (view_find(inner, '"') >= 0)
			return false;
	}
	*line = comma < 0 ? (struct view){0} : view_sub(*line, (uint32_t)comma + 1, UINT32_MAX);
	*field = inner;
	*cause = "csv_field_length";
	return inner.len <= CSV_FIELD_BYTES_MAX;
}

static bool has_control(struct view line)
{
	for (uint32_t i = 0; i < line.len; i++)
		if ((line.p[i] < 0x20 && line.p[i] != '\t') || line.p[i] == 0x7f)
			return true;
	return false;
}

enum parse csv_next(struct csv *csv, struct fault *fault)
{
	struct view line;
	const char *cause;
	uint32_t begin;

	do {
		if (csv->at >= csv->text.len)
			return PARSE_NEED_MORE;
		begin = csv->at;
		line = take_line(csv);
	} while (view_trim(line).len == 0);
	if (has_control(line))
		return refuse(fault, "csv_control", begin);
	csv->count = 0;
	do {
		if (csv->count == CSV_FIELDS_MAX)
			return refuse(fault, "csv_fields", begin);
		if (!take_field(&line, &csv->fields[csv->count], &cause))
			return refuse(fault, cause, begin);
		csv->count++;
		/* A comma at the end has an empty field behind it. */
	} while (line.p);
	return PARSE_DONE;
}

uint32_t csv_column(const char *const *names, struct view name)
{
	for (uint32_t column = 0; names[column]; column++)
		if (view_equal_nocase(name, view_of(names[column])))
			return column;
	return CSV_NO_FIELD;
}

enum parse csv_header(struct csv *csv, const char *const *names, uint32_t required,
	struct csv_columns *out, struct fault *fault)
{
	enum parse parse = csv_next(csv, fault);

	memset(out->at, CSV_NO_FIELD, sizeof(out->at));
	if (parse == PARSE_NEED_MORE)
		return refuse(fault, "csv_column_missing", csv->at);
	if (parse == PARSE_BAD)
		return parse;
	for (uint32_t i = 0; i < csv->count; i++) {
		uint32_t column = csv_column(names, csv->fields[i]);

		if (column == CSV_NO_FIELD)
			return refuse(fault, "csv_column_unknown", 0);
		if (out->at[column] != CSV_NO_FIELD)
			return refuse(fault, "csv_column_twice", 0);
		out->at[column] = (uint8_t)i;
	}
	return out->at[required] == CSV_NO_FIELD ? refuse(fault, "csv_column_missing", 0)
						 : PARSE_DONE;
}

struct view csv_field(const struct csv *csv, const struct csv_columns *columns, uint32_t column)
{
	uint32_t at = columns->at[column];

	return at < csv->count ? csv->fields[at] : (struct view){0};
}

const char *csv_cause_text(const char *cause)
{
	static const struct {
		const char *cause, *text;
	} rows[] = {
		{"csv_quote", "a quote must begin and end a field, and none stands inside one"},
		{"csv_fields", "too many fields: at most 16"},
		{"csv_field_length", "a field is too long: at most 4096 bytes"},
		{"csv_control", "there is a control character: save it as text in UTF-8"},
		{"csv_column_unknown",
			"the first line must name the columns, and names one that is not known: "
			"address, site, policy and groups are, or user, from and to"},
		{"csv_column_twice", "the first line names a column twice"},
		{"csv_column_missing",
			"the first line must name the columns: address is needed, or user"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(rows[i].cause, cause) == 0)
			return rows[i].text;
	return cause;
}
