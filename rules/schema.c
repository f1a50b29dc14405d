/* SPDX-License-Identifier: BSD-3-Clause */
/* A table of keys that reads a document. Recursion is as deep as the tables are. */
#include "rules/schema.h"

#include <stdio.h>
#include <stdlib.h>

#include "rules/nearest.h"

enum { KEY_BYTES = 96, ROWS_MAX = 64, SUGGESTION_BYTES = 136 };

struct reader {
	yaml_document_t *document;
	struct rules_errors *errors;
	char path[KEY_BYTES]; /* dotted key of the node in hand */
	uint32_t path_len;
	bool silent; /* what is read stands behind a key that was complained of */
	bool no_memory;
};

/* Append to the path; returns what to give path_cut. What does not fit is cut off. */
static uint32_t path_push(struct reader *r, const char *dot, const char *key)
{
	uint32_t before = r->path_len;
	size_t room = sizeof(r->path) - before;
	int n = snprintf(r->path + before, room, "%s%s", before ? dot : "", key);

	r->path_len += (uint32_t)n < room ? (uint32_t)n : (uint32_t)room - 1;
	return before;
}

static uint32_t path_push_index(struct reader *r, uint32_t i)
{
	char index[16];

	snprintf(index, sizeof(index), "[%u]", i);
	return path_push(r, "", index);
}

static void path_cut(struct reader *r, uint32_t len)
{
	r->path_len = len;
	r->path[len] = '\0';
}

#define complain(r, line, ...)                                                                     \
	do {                                                                                       \
		if (!(r)->silent)                                                                  \
			rules_errors_add((r)->errors, line, (r)->path, __VA_ARGS__);               \
	} while (0)

static void *allocate(struct reader *r, size_t count, size_t each)
{
	void *p = calloc(count ? count : 1, each);

	if (!p)
		r->no_memory = true;
	return p;
}

/* The row whose key was probably meant, or NULL: of a key, up to a third may be wrong. */
static const struct schema *find_near(const struct schema *fields, struct view key)
{
	const struct schema *nearest = NULL;
	uint32_t least = UINT32_MAX;

	for (; fields->key; fields++) {
		uint32_t most = 1 + (uint32_t)strlen(fields->key) / 3;
		uint32_t distance = nearest_distance(key, view_of(fields->key), most);

		if (distance <= most && distance < least) {
			least = distance;
			nearest = fields;
		}
	}
	return nearest;
}

/* "did you mean 'x'?" or the list of what is known. */
static void print_suggestion(
	const struct schema *fields, struct view key, char *out, size_t out_bytes)
{
	const struct schema *near = find_near(fields, key);
	size_t used = 0;

	if (near) {
		snprintf(out, out_bytes, "did you mean '%s'?", near->key);
		return;
	}
	used = (size_t)snprintf(out, out_bytes, "known here:");
	for (const struct schema *f = fields; f->key; f++) {
		const char *comma = f == fields ? "" : ",";

		/* Room for what says that there are more. */
		if (used + strlen(f->key) + 8 > out_bytes) {
			snprintf(out + used, out_bytes - used, ", ...");
			return;
		}
		used += (size_t)snprintf(out + used, out_bytes - used, "%s %s", comma, f->key);
	}
}

static void complain_unknown(struct reader *r, const struct schema *fields, const yaml_node_t *key)
{
	char suggestion[SUGGESTION_BYTES];
	struct quoted quoted;
	uint32_t before;

	if (key->type != YAML_SCALAR_NODE) {
		complain(r, node_line(key), "a key must be one word: check the brackets");
		return;
	}
	print_suggestion(fields, node_text(key), suggestion, sizeof(suggestion));
	quote(node_text(key), &quoted);
	before = path_push(r, ".", quoted.text);
	if (view_equal(node_text(key), VIEW("<<")))
		complain(
			r, node_line(key), "merge keys ('<<') are not allowed: write the keys out");
	else
		complain(r, node_line(key), "unknown key '%s': %s", quoted.text, suggestion);
	path_cut(r, before);
}

static const struct schema *find_row(const struct schema *fields, const yaml_node_t *key)
{
	if (key->type != YAML_SCALAR_NODE)
		return NULL;
	for (; fields->key; fields++)
		if (view_equal(node_text(key), view_of(fields->key)))
			return fields;
	return NULL;
}

static void read_scalar(
	struct reader *r, const struct schema *row, const yaml_node_t *node, struct scalar *out)
{
	char why[SCALAR_WHY_BYTES];
	bool ok;

	out->line = node_line(node);
	if (node->type != YAML_SCALAR_NODE) {
		complain(r, out->line, "is a %s: write %s",
			node->type == YAML_SEQUENCE_NODE ? "list" : "mapping",
			scalar_type_text(row->type));
		return;
	}
	if (row->type == SCALAR_WORD)
		ok = scalar_read_word(row->words, node_text(node), out, why);
	else
		ok = scalar_read(row->type, node_text(node), node_is_plain(node), out, why);
	if (!ok)
		complain(r, out->line, "%s", why);
}

/* owner: the row whose value it is, NULL of the document itself. */
static void read_map(struct reader *r, const struct schema *owner, const struct schema *fields,
	const yaml_node_t *node, uint8_t *into);

static void set_line(uint8_t *map, const yaml_node_t *node)
{
	unsigned line = node_line(node);

	memcpy(map, &line, sizeof(line));
}

/* Nothing behind the colon, not even null. */
static bool is_blank(const yaml_node_t *node)
{
	return node->type == YAML_SCALAR_NODE && node_is_plain(node) && node_text(node).len == 0;
}

/* The node is a list, or says with a complaint why it is none. *count is set in both cases. */
static bool check_list(
	struct reader *r, const struct schema *row, const yaml_node_t *node, uint32_t *count)
{
	struct quoted quoted;

	*count = 0;
	if (is_blank(node) && row->flags & SCHEMA_MAY_BE_BLANK)
		return true;
	if (is_blank(node))
		complain(r, node_line(node), "has nothing behind the colon: write %s: %s", row->key,
			row->example);
	else if (node->type == YAML_SCALAR_NODE)
		complain(r, node_line(node), "'%s' is not a list: write %s: %s",
			quote(node_text(node), &quoted), row->key, row->example);
	else if (node->type != YAML_SEQUENCE_NODE)
		complain(r, node_line(node), "is a mapping, not a list: write %s: %s", row->key,
			row->example);
	if (node->type != YAML_SEQUENCE_NODE)
		return false;
	*count = (uint32_t)(node->data.sequence.items.top - node->data.sequence.items.start);
	if (*count == 0 && row->flags & SCHEMA_REQUIRED)
		complain(r, node_line(node), "is empty: at least one is needed, like %s: %s",
			row->key, row->example);
	if (*count > row->count_max)
		complain(r, node_line(node), "has %u entries: at most %u", *count, row->count_max);
	return *count <= row->count_max;
}

static void read_item(
	struct reader *r, const struct schema *row, const yaml_node_t *node, uint8_t *into)
{
	const struct schema *first = row->fields;

	if (row->shape == SCHEMA_LIST) {
		read_scalar(r, row, node, (struct scalar *)into);
	} else if (row->flags & SCHEMA_MAY_BE_FIRST_KEY && node->type != YAML_MAPPING_NODE) {
		set_line(into, node);
		read_scalar(r, first, node, (struct scalar *)(into + first->offset));
	} else {
		read_map(r, row, row->fields, node, into);
	}
}

static void read_list(struct reader *r, const struct schema *row, const yaml_node_t *node,
	struct schema_list *out)
{
	size_t each = row->shape == SCHEMA_LIST ? sizeof(struct scalar) : row->item_bytes;
	uint32_t count;

	out->line = node_line(node);
	if (!check_list(r, row, node, &count) || count == 0)
		return;
	out->items = allocate(r, count, each);
	if (!out->items)
		return;
	out->count = count;
	for (uint32_t i = 0; i < count; i++) {
		yaml_node_t *item =
			yaml_document_get_node(r->document, node->data.sequence.items.start[i]);
		uint32_t before = path_push_index(r, i);

		read_item(r, row, item, (uint8_t *)out->items + i * each);
		path_cut(r, before);
	}
}

static void read_value(
	struct reader *r, const struct schema *row, const yaml_node_t *node, uint8_t *into)
{
	switch (row->shape) {
	case SCHEMA_ONE:
		read_scalar(r, row, node, (struct scalar *)into);
		break;
	case SCHEMA_MAP:
		read_map(r, row, row->fields, node, into);
		break;
	case SCHEMA_LIST:
	case SCHEMA_LIST_MAPS:
		read_list(r, row, node, (struct schema_list *)into);
		break;
	}
}

static void complain_missing(struct reader *r, const struct schema *fields, unsigned line,
	const unsigned seen[static ROWS_MAX])
{
	for (const struct schema *f = fields; f->key; f++) {
		uint32_t before;

		if (seen[f - fields] || !(f->flags & SCHEMA_REQUIRED))
			continue;
		before = path_push(r, ".", f->key);
		complain(r, line, "is missing: add it, like %s: %s", f->key, f->example);
		path_cut(r, before);
	}
}

static void complain_no_map(struct reader *r, const struct schema *owner,
	const struct schema *fields, const yaml_node_t *node)
{
	char suggestion[SUGGESTION_BYTES];
	struct quoted quoted;

	if (!owner) {
		print_suggestion(fields, VIEW(""), suggestion, sizeof(suggestion));
		complain(r, node_line(node),
			"is not a mapping: write keys, each with a colon behind it; %s",
			suggestion);
	} else if (is_blank(node)) {
		complain(r, node_line(node), "has nothing behind the colon: write %s: %s",
			owner->key, owner->example);
	} else if (node->type == YAML_SCALAR_NODE) {
		complain(r, node_line(node), "'%s' stands where keys belong: write %s: %s",
			quote(node_text(node), &quoted), owner->key, owner->example);
	} else {
		complain(r, node_line(node), "is a list where keys belong: write %s: %s",
			owner->key, owner->example);
	}
}

/* One mistake is one complaint: what stands behind a misspelt key is neither missing, nor do names that it
 * defines not exist. */
static void read_misspelt(struct reader *r, const struct schema *fields, const yaml_node_t *node,
	uint8_t *into, unsigned seen[static ROWS_MAX])
{
	bool silent = r->silent;

	r->silent = true;
	for (const yaml_node_pair_t *p = node->data.mapping.pairs.start;
		p < node->data.mapping.pairs.top; p++) {
		yaml_node_t *key = yaml_document_get_node(r->document, p->key);
		const struct schema *row;

		if (key->type != YAML_SCALAR_NODE || find_row(fields, key))
			continue;
		row = find_near(fields, node_text(key));
		if (!row || seen[row - fields])
			continue;
		seen[row - fields] = node_line(key);
		read_value(
			r, row, yaml_document_get_node(r->document, p->value), into + row->offset);
	}
	r->silent = silent;
}

static void read_map(struct reader *r, const struct schema *owner, const struct schema *fields,
	const yaml_node_t *node, uint8_t *into)
{
	unsigned seen[ROWS_MAX] = {0}; /* line of each row's key */
	unsigned line = node_line(node);

	if (node->type != YAML_MAPPING_NODE) {
		complain_no_map(r, owner, fields, node);
		return;
	}
	set_line(into, node);
	for (const yaml_node_pair_t *p = node->data.mapping.pairs.start;
		p < node->data.mapping.pairs.top; p++) {
		yaml_node_t *key = yaml_document_get_node(r->document, p->key);
		const struct schema *row = find_row(fields, key);
		uint32_t before;

		if (!row) {
			complain_unknown(r, fields, key);
			continue;
		}
		before = path_push(r, ".", row->key);
		if (seen[row - fields])
			complain(r, node_line(key), "is written twice, first in line %u: keep one",
				seen[row - fields]);
		else
			read_value(r, row, yaml_document_get_node(r->document, p->value),
				into + row->offset);
		if (!seen[row - fields])
			seen[row - fields] = node_line(key);
		path_cut(r, before);
	}
	read_misspelt(r, fields, node, into, seen);
	complain_missing(r, fields, line, seen);
}

bool schema_read(const struct schema *fields, yaml_document_t *document, const yaml_node_t *root,
	void *into, struct rules_errors *errors)
{
	struct reader r = {.document = document, .errors = errors};

	read_map(&r, NULL, fields, root, into);
	if (r.no_memory)
		rules_errors_add(errors, 0, "", "no memory to read the document");
	return !r.no_memory;
}

static void free_scalar(enum scalar_type type, struct scalar *scalar)
{
	if (scalar_has_text(type))
		free(scalar->text);
	*scalar = (struct scalar){0};
}

static void free_list(const struct schema *row, struct schema_list *list)
{
	uint8_t *items = list->items;

	for (uint32_t i = 0; i < list->count; i++) {
		if (row->shape == SCHEMA_LIST)
			free_scalar(row->type, &((struct scalar *)list->items)[i]);
		else
			schema_free(row->fields, items + i * row->item_bytes);
	}
	free(list->items);
	*list = (struct schema_list){0};
}

void schema_free(const struct schema *fields, void *into)
{
	for (const struct schema *f = fields; f->key; f++) {
		void *at = (uint8_t *)into + f->offset;

		switch (f->shape) {
		case SCHEMA_ONE:
			free_scalar(f->type, at);
			break;
		case SCHEMA_MAP:
			schema_free(f->fields, at);
			break;
		case SCHEMA_LIST:
		case SCHEMA_LIST_MAPS:
			free_list(f, at);
			break;
		}
	}
}

static void walk(const struct schema *fields, const char *above, schema_row_h *row, void *arg)
{
	for (const struct schema *f = fields; f->key; f++) {
		bool is_list = f->shape == SCHEMA_LIST || f->shape == SCHEMA_LIST_MAPS;
		char path[KEY_BYTES];

		snprintf(path, sizeof(path), "%s%s%s%s", above, above[0] ? "." : "", f->key,
			is_list ? "[]" : "");
		row(arg, path, f);
		if (f->fields)
			walk(f->fields, path, row, arg);
	}
}

void schema_walk(const struct schema *fields, schema_row_h *row, void *arg)
{
	walk(fields, "", row, arg);
}
