/* SPDX-License-Identifier: BSD-3-Clause */
/* Lists that stand outside of the document: read whole, and told apart. JSON is read as what it nearly
 * is, YAML, by the same table as users in the document. */
#include <errno.h>
#include <stdio.h>

#include "rules/build_int.h"

bool source_read(struct building *b, const struct origin *origin, enum rules_source_kind kind,
	struct view *bytes)
{
	uint8_t *read = NULL;
	size_t len = 0;
	int rc = b->reader ? b->reader->read(b->reader->arg, kind, origin->name, &read, &len)
			   : -ENOTSUP;
	const char *remedy = kind == RULES_FILE && (rc == -ENOENT || rc == -ENOTDIR)
				     ? ": a path begins where the rules file is, unless with '/'"
				     : "";
	const char *why = rc == -ENOTSUP && kind == RULES_COMMAND
				  ? "commands are run by picketctl alone, when it applies rules"
			  : rc == -ENOTSUP ? "no files are read here"
			  : rc == -EFBIG   ? "it has more than 64 MiB"
					   : strerror(-rc);

	*bytes = rc == 0 ? view_make(read, len) : (struct view){0};
	b->out->names_lists = true;
	if (rc == 0)
		return true;
	if (rc == -ENOMEM)
		b->failed = true;
	else
		rules_errors_add(b->errors, origin->line, origin->key,
			"'%.100s' cannot be read: %s%s", origin->name, why, remedy);
	return false;
}

struct origin origin_of(const struct building *b, enum user_source source)
{
	const struct draft_directory *directory = &b->draft->directory;

	switch (source) {
	case USER_OF_FILE:
		return (struct origin){
			source, b->out->sources[source], directory->file.line, "directory.file"};
	case USER_OF_COMMAND:
		return (struct origin){source, b->out->sources[source], directory->command.line,
			"directory.command"};
	default:
		return origin_document;
	}
}

static bool is_json(struct view bytes)
{
	for (uint32_t i = 0; i < bytes.len; i++)
		if (!strchr(" \t\r\n", bytes.p[i]) || bytes.p[i] == '\0')
			return bytes.p[i] == '{' || bytes.p[i] == '[';
	return false;
}

/* What is wrong in there is said where the document names it. */
static void read_json(struct building *b, const struct origin *origin, struct view bytes)
{
	struct rules_errors *inner = calloc(1, sizeof(*inner));
	yaml_document_t tree;

	if (!inner) {
		b->failed = true;
		return;
	}
	if (document_load(bytes, &tree, inner)) {
		if (!schema_read(draft_people_schema, &tree, yaml_document_get_root_node(&tree),
			    &b->people[origin->source], inner))
			b->failed = true;
		yaml_document_delete(&tree);
	}
	for (uint32_t i = 0; i < inner->count; i++)
		build_complain(b, origin, inner->list[i].line, inner->list[i].key, "%s",
			inner->list[i].text);
	b->errors->more += inner->more;
	free(inner);
}

static void build_source(struct building *b, enum user_source source, enum rules_source_kind kind,
	const struct scalar *name)
{
	struct origin origin;

	if (!name->ok)
		return;
	b->out->sources[source] = build_text(b, name->text);
	if (b->failed)
		return;
	origin = origin_of(b, source);
	if (!source_read(b, &origin, kind, &b->bytes[source]) || !is_json(b->bytes[source]))
		return;
	read_json(b, &origin, b->bytes[source]);
	free((uint8_t *)b->bytes[source].p);
	b->bytes[source] = (struct view){0};
}

void build_sources(struct building *b)
{
	const struct draft_directory *directory = &b->draft->directory;

	b->people[USER_OF_DOCUMENT] = (struct draft_people){0};
	build_source(b, USER_OF_FILE, RULES_FILE, &directory->file);
	build_source(b, USER_OF_COMMAND, RULES_COMMAND, &directory->command);
}
