/* SPDX-License-Identifier: BSD-3-Clause */
/* JSON for people. */
#include "control/ctl/table.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "rules/base/text.h"

enum { COLUMNS_MAX = 24, CELL_BYTES = 1024, DEPTH_MAX = 8 };

struct column {
	const char *name;
	int width;
	bool numbers; /* nothing but numbers so far */
};

struct table {
	struct column columns[COLUMNS_MAX];
	int count;
};

/* UTF-8 goes through; what steers a terminal does not. Strings from the wire may be anything. */
static void put_safely(struct text *cell, const char *s)
{
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;
		bool c1 = c == 0xc2 && (unsigned char)s[1] >= 0x80 && (unsigned char)s[1] < 0xa0;

		if (c < 0x20 || c == 0x7f || c1)
			text_printf(cell, "\\x%02x", c1 ? (unsigned char)*++s : c);
		else
			text_putc(cell, (char)c);
	}
}

static const char *cell_of(const json_t *value, char buffer[static CELL_BYTES])
{
	struct text cell;
	char *dump;

	text_fixed(&cell, buffer, CELL_BYTES);
	buffer[0] = '\0';
	switch (value ? json_typeof(value) : JSON_NULL) {
	case JSON_STRING:
		put_safely(&cell, json_string_value(value));
		break;
	case JSON_INTEGER:
		text_printf(&cell, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
		break;
	case JSON_TRUE:
		text_puts(&cell, "yes");
		break;
	case JSON_FALSE:
		text_puts(&cell, "no");
		break;
	case JSON_NULL:
		text_puts(&cell, "-");
		break;
	default:
		dump = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
		if (dump)
			put_safely(&cell, dump);
		free(dump);
	}
	return buffer;
}

/* Columns on the terminal: bytes that do not continue a UTF-8 character. */
static int width_of(const char *s)
{
	int width = 0;

	for (; *s; s++)
		if (((unsigned char)*s & 0xc0) != 0x80)
			width++;
	return width;
}

static void head_lines(FILE *out, const char *prefix, json_t *object, int depth)
{
	char name[256];
	char buffer[CELL_BYTES];
	const char *key;
	json_t *value;

	json_object_foreach(object, key, value)
	{
		snprintf(name, sizeof(name), "%s%s%s", prefix, prefix[0] ? "." : "", key);
		if (json_is_object(value) && depth < DEPTH_MAX)
			head_lines(out, name, value, depth + 1);
		else
			fprintf(out, "%s: %s\n", name, cell_of(value, buffer));
	}
}

void table_print_head(FILE *out, json_t *head)
{
	if (json_object_size(head) == 0)
		return;
	head_lines(out, "", head, 0);
	fputc('\n', out);
}

static struct column *column_find(struct table *table, const char *name)
{
	struct column *column;

	for (int i = 0; i < table->count; i++)
		if (strcmp(table->columns[i].name, name) == 0)
			return &table->columns[i];
	if (table->count == COLUMNS_MAX)
		return NULL;
	column = &table->columns[table->count++];
	*column = (struct column){.name = name, .numbers = true};
	return column;
}

static void table_measure(struct table *table, json_t *rows)
{
	char buffer[CELL_BYTES];
	size_t i;
	json_t *row;
	const char *key;
	json_t *value;

	json_array_foreach(rows, i, row)
	{
		json_object_foreach(row, key, value)
		{
			struct column *column = column_find(table, key);
			int width = width_of(cell_of(value, buffer));

			if (!column)
				continue;
			if (width > column->width)
				column->width = width;
			column->numbers = column->numbers && json_is_number(value);
		}
	}
}

static bool names_and_values_only(const struct table *table)
{
	return table->count == 2 && strcmp(table->columns[0].name, "name") == 0 &&
	       strcmp(table->columns[1].name, "value") == 0;
}

static void cell_print(FILE *out, const struct column *column, const char *cell, bool last)
{
	int fill = column->width - width_of(cell);

	if (column->numbers)
		fprintf(out, "%*s%s", fill, "", cell);
	else
		fprintf(out, "%s%*s", cell, last ? 0 : fill, "");
	fputs(last ? "\n" : "  ", out);
}

static void header_print(FILE *out, struct table *table)
{
	for (int k = 0; k < table->count; k++) {
		struct column *column = &table->columns[k];

		if (width_of(column->name) > column->width)
			column->width = width_of(column->name);
		cell_print(out, column, column->name, k == table->count - 1);
	}
}

void table_print_rows(FILE *out, json_t *rows)
{
	struct table table = {.count = 0};
	char buffer[CELL_BYTES];
	size_t i;
	json_t *row;

	table_measure(&table, rows);
	if (!names_and_values_only(&table))
		header_print(out, &table);
	json_array_foreach(rows, i, row)
	{
		for (int k = 0; k < table.count; k++)
			cell_print(out, &table.columns[k],
				cell_of(json_object_get(row, table.columns[k].name), buffer),
				k == table.count - 1);
	}
}
