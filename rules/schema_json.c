/* SPDX-License-Identifier: BSD-3-Clause */
/* A table of keys as a JSON Schema. */
#include "rules/schema_json.h"

#include "rules/limit.h"

enum { STEP = 2 };

/* What a value of each type is. Texts are bounded in bytes, which JSON Schema counts as characters: a text
 * that fits is never refused. */
static const char *const scalars[SCALAR_TYPES] = {
	[SCALAR_DOMAIN] = "\"type\": \"string\", \"minLength\": 1, \"maxLength\": 1024",
	[SCALAR_HOST] = "\"type\": \"string\", \"minLength\": 1, \"maxLength\": 1024",
	[SCALAR_ADDRESS] = "\"type\": \"string\", \"pattern\": \"^[0-9A-Fa-f:.]+$\"",
	[SCALAR_PREFIX] = "\"type\": \"string\", \"pattern\": \"^[0-9A-Fa-f:.]+(/[0-9]+)?$\"",
	[SCALAR_PORT] = "\"type\": \"integer\", \"minimum\": 1, \"maximum\": 65535",
	[SCALAR_PROTOCOL] = "\"enum\": [\"xmpp\", \"sip\"]",
	[SCALAR_PATH] = "\"type\": \"string\", \"minLength\": 1, \"maxLength\": 4095",
	[SCALAR_SWITCH] = "\"type\": \"boolean\"",
	[SCALAR_NAME] = "\"type\": \"string\", \"minLength\": 1, \"maxLength\": 64",
	[SCALAR_TEXT] = "\"type\": \"string\", \"minLength\": 1, \"maxLength\": 4000",
	[SCALAR_USER] = "\"type\": \"string\", \"pattern\": \"^[^@]+@[^@]+$\"",
	[SCALAR_DATE] = "\"type\": \"string\", \"pattern\": "
			"\"^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}Z)?$\"",
	[SCALAR_END] = "\"type\": \"string\", \"pattern\": "
		       "\"^(never|[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}Z)?)$\"",
	[SCALAR_LINK_PREFIX] = "\"type\": \"string\", \"maxLength\": 32, \"pattern\": "
			       "\"^(default|[A-Za-z][A-Za-z0-9+.-]*(:|[*]?[.]))$\"",
	[SCALAR_LINK_EXTENSION] = "\"type\": \"string\", \"maxLength\": 16, \"pattern\": "
				  "\"^[A-Za-z0-9]+$\"",
	[SCALAR_REGION] = "\"type\": \"string\", \"pattern\": \"^[A-Z]{2}$\"",
};

static void print_range(struct text *out, uint64_t least, uint64_t most)
{
	text_printf(out, "\"type\": \"integer\", \"minimum\": %llu, \"maximum\": %llu",
		(unsigned long long)least, (unsigned long long)most);
}

/* The members of the object that describes one value. */
static void print_scalar_members(const struct schema *row, struct text *out)
{
	switch (row->type) {
	case SCALAR_COUNT:
		print_range(out, 1, LIMIT_NUMBER_MAX);
		break;
	case SCALAR_BYTES:
		print_range(out, LIMIT_BYTES_MIN, LIMIT_BYTES_MAX);
		break;
	case SCALAR_PERCENT:
		print_range(out, 0, LIMIT_PERCENT_MAX);
		break;
	case SCALAR_REQUEST_BYTES:
		print_range(out, REQUEST_BYTES_MIN, REQUEST_BYTES_MAX);
		break;
	case SCALAR_DAYS:
		print_range(out, 0, SCALAR_DAYS_MAX);
		break;
	case SCALAR_WORD:
		text_puts(out, "\"enum\": [");
		for (uint32_t i = 0; row->words[i]; i++)
			text_printf(out, "%s\"%s\"", i > 0 ? ", " : "", row->words[i]);
		text_putc(out, ']');
		break;
	default:
		text_puts(out, scalars[row->type]);
		break;
	}
}

/* A text within the quotes of a string; ours have no control characters. */
static void print_inside(struct text *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			text_putc(out, '\\');
		text_putc(out, *text);
	}
}

static void print_object(const struct schema *fields, int indent, struct text *out);

static void print_item(const struct schema *row, int indent, struct text *out)
{
	const struct schema *first = row->fields;

	if (row->shape == SCHEMA_LIST) {
		text_puts(out, "{");
		print_scalar_members(row, out);
		text_puts(out, "}");
		return;
	}
	if (row->flags & SCHEMA_MAY_BE_FIRST_KEY) {
		text_puts(out, "{\"oneOf\": [{");
		print_scalar_members(first, out);
		text_puts(out, "}, ");
	}
	text_puts(out, "{\n");
	print_object(row->fields, indent + STEP, out);
	text_printf(out, "%*s}", indent, "");
	if (row->flags & SCHEMA_MAY_BE_FIRST_KEY)
		text_puts(out, "]}");
}

static void print_list(const struct schema *row, int indent, struct text *out)
{
	text_printf(out, "\"type\": %s, \"maxItems\": %u,%s%s\n%*s\"items\": ",
		row->flags & SCHEMA_MAY_BE_BLANK ? "[\"array\", \"null\"]" : "\"array\"",
		row->count_max, row->flags & SCHEMA_REQUIRED ? " \"minItems\": 1," : "",
		row->type == SCALAR_WORD && row->shape == SCHEMA_LIST ? " \"uniqueItems\": true,"
								      : "",
		indent, "");
	print_item(row, indent, out);
	text_putc(out, '\n');
}

static void print_property(const struct schema *row, int indent, struct text *out)
{
	text_printf(out, "%*s\"%s\": {\n", indent, "", row->key);
	indent += STEP;
	text_printf(out, "%*s\"description\": \"", indent, "");
	if (row->fallback) {
		text_puts(out, "default: ");
		print_inside(out, row->fallback);
		text_puts(out, "; ");
	}
	text_puts(out, "example: ");
	print_inside(out, row->example);
	text_puts(out, "\",\n");
	if (row->shape == SCHEMA_MAP) {
		print_object(row->fields, indent, out);
	} else {
		text_printf(out, "%*s", indent, "");
		if (row->shape == SCHEMA_ONE) {
			print_scalar_members(row, out);
			text_putc(out, '\n');
		} else {
			print_list(row, indent, out);
		}
	}
	indent -= STEP;
	text_printf(out, "%*s}", indent, "");
}

/* The members of the object that describes a mapping. */
static void print_object(const struct schema *fields, int indent, struct text *out)
{
	const char *before = "";

	text_printf(out, "%*s\"type\": \"object\",\n%*s\"additionalProperties\": false,\n", indent,
		"", indent, "");
	text_printf(out, "%*s\"required\": [", indent, "");
	for (const struct schema *f = fields; f->key; f++)
		if (f->flags & SCHEMA_REQUIRED) {
			text_printf(out, "%s\"%s\"", before, f->key);
			before = ", ";
		}
	text_printf(out, "],\n%*s\"properties\": {\n", indent, "");
	for (const struct schema *f = fields; f->key; f++) {
		print_property(f, indent + STEP, out);
		text_puts(out, f[1].key ? ",\n" : "\n");
	}
	text_printf(out, "%*s}\n", indent, "");
}

void schema_json_print(const struct schema *fields, const char *title, struct text *out)
{
	text_puts(out, "{\n  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n"
		       "  \"title\": \"");
	print_inside(out, title);
	text_puts(out, "\",\n");
	print_object(fields, STEP, out);
	text_puts(out, "}\n");
}
