/* SPDX-License-Identifier: BSD-3-Clause */
/* A YAML document as a tree of plain nodes. Two passes: the first reads events and refuses what the
 * tree no longer shows (anchors, aliases, tags, a second document) and what would make the tree
 * large; the second lets libyaml build it. */
#include "rules/document.h"

struct survey {
	struct rules_errors *errors;
	struct view text;
	uint32_t documents;
	uint32_t nodes;
	uint32_t depth;
	bool ended;
};

static unsigned mark_line(yaml_mark_t mark)
{
	return (unsigned)mark.line + 1;
}

/* Line number `line` (from 1) of the text, without its end. */
static struct view take_line(struct view text, unsigned line)
{
	int64_t end;

	while (--line && (end = view_find(text, '\n')) >= 0)
		text = view_sub(text, (uint32_t)end + 1, text.len);
	end = view_find(text, '\n');
	return end < 0 ? text : view_sub(text, 0, (uint32_t)end);
}

static unsigned count_lines(struct view text)
{
	unsigned lines = 1;

	for (uint32_t i = 0; i < text.len; i++)
		lines += text.p[i] == '\n';
	return lines;
}

/* libyaml could not go on. */
static void complain_syntax(const struct survey *s, const yaml_parser_t *parser)
{
	const char *problem = parser->problem ? parser->problem : "it cannot be read";
	struct quoted line;
	char began[96] = "";
	unsigned at;

	switch (parser->error) {
	case YAML_MEMORY_ERROR:
		rules_errors_add(s->errors, 0, "", "no memory to read the document");
		return;
	case YAML_READER_ERROR:
		at = count_lines(view_sub(s->text, 0, (uint32_t)parser->problem_offset));
		rules_errors_add(s->errors, at, "",
			"not a text in UTF-8: %s: save the file as UTF-8 without control characters",
			problem);
		return;
	default:
		at = mark_line(parser->problem_mark);
		/* A quote that nobody closed shows at the end of the document. */
		if (parser->context && parser->context_mark.line < parser->problem_mark.line)
			snprintf(began, sizeof(began), ", %s that begins in line %u",
				parser->context, mark_line(parser->context_mark));
		rules_errors_add(s->errors, at, "",
			"not YAML at column %zu of '%s': %s%s: check indentation (spaces, no "
			"tabs), colons and quotes",
			parser->problem_mark.column + 1, quote(take_line(s->text, at), &line),
			problem, began);
	}
}

static bool refuse(const struct survey *s, yaml_mark_t mark, const char *what)
{
	rules_errors_add(s->errors, mark_line(mark), "", "%s", what);
	return false;
}

static bool check_node(
	struct survey *s, const yaml_event_t *e, const yaml_char_t *anchor, const yaml_char_t *tag)
{
	if (anchor)
		return refuse(s, e->start_mark,
			"an anchor ('&name') is not allowed: write the value out where it is needed");
	if (tag)
		return refuse(s, e->start_mark, "a tag ('!name') is not allowed: remove it");
	if (++s->nodes > DOCUMENT_NODES_MAX)
		return refuse(s, e->start_mark,
			"more than 1000000 values: use wider prefixes or fewer entries");
	return true;
}

static bool enter(struct survey *s, const yaml_event_t *e)
{
	if (++s->depth > DOCUMENT_DEPTH_MAX)
		return refuse(s, e->start_mark, "nested deeper than 16 levels: check the brackets");
	return true;
}

static bool check_document_start(struct survey *s, const yaml_event_t *e)
{
	const char *directive = "a directive ('%YAML' or '%TAG') is not allowed: remove the line";

	if (++s->documents > 1)
		return refuse(s, e->start_mark,
			"a second document starts here: keep one, and one '---' at most");
	if (e->data.document_start.version_directive ||
		e->data.document_start.tag_directives.start !=
			e->data.document_start.tag_directives.end)
		return refuse(s, e->start_mark, directive);
	return true;
}

static bool check_event(struct survey *s, const yaml_event_t *e)
{
	switch (e->type) {
	case YAML_STREAM_END_EVENT:
		s->ended = true;
		return true;
	case YAML_DOCUMENT_START_EVENT:
		return check_document_start(s, e);
	case YAML_ALIAS_EVENT:
		return refuse(s, e->start_mark,
			"an alias ('*name') is not allowed: write the value out (quote it if the "
			"star is part of it)");
	case YAML_SCALAR_EVENT:
		return check_node(s, e, e->data.scalar.anchor, e->data.scalar.tag);
	case YAML_SEQUENCE_START_EVENT:
		return check_node(
			       s, e, e->data.sequence_start.anchor, e->data.sequence_start.tag) &&
		       enter(s, e);
	case YAML_MAPPING_START_EVENT:
		return check_node(s, e, e->data.mapping_start.anchor, e->data.mapping_start.tag) &&
		       enter(s, e);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		s->depth--;
		return true;
	default:
		return true;
	}
}

static bool start_parser(yaml_parser_t *parser, struct view text)
{
	if (!yaml_parser_initialize(parser))
		return false;
	yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(parser, text.p ? text.p : (const uint8_t *)"", text.len);
	return true;
}

static bool survey_events(struct survey *s)
{
	yaml_parser_t parser;
	bool ok = true;

	if (!start_parser(&parser, s->text)) {
		rules_errors_add(s->errors, 0, "", "no memory to read the document");
		return false;
	}
	while (ok && !s->ended) {
		yaml_event_t event;

		if (!yaml_parser_parse(&parser, &event)) {
			complain_syntax(s, &parser);
			ok = false;
			break;
		}
		ok = check_event(s, &event);
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
	return ok;
}

static bool build_tree(struct survey *s, yaml_document_t *out)
{
	yaml_parser_t parser;
	bool ok = false;

	if (start_parser(&parser, s->text)) {
		ok = yaml_parser_load(&parser, out);
		yaml_parser_delete(&parser);
	}
	/* The first pass read it all: only memory can be missing now. */
	if (!ok)
		rules_errors_add(s->errors, 0, "", "no memory to read the document");
	return ok;
}

bool document_load(struct view text, yaml_document_t *out, struct rules_errors *errors)
{
	struct survey s = {.errors = errors, .text = text};
	yaml_node_t *root;
	struct quoted value;

	/* libyaml takes the byte order mark of some editors for a column, and all that follows for outdented. */
	if (view_starts(s.text, VIEW("\xef\xbb\xbf")))
		s.text = view_sub(s.text, 3, UINT32_MAX);
	if (text.len > DOCUMENT_MAX_BYTES) {
		rules_errors_add(errors, 0, "",
			"the document has %u bytes: at most 16 MiB (%d bytes) are read", text.len,
			DOCUMENT_MAX_BYTES);
		return false;
	}
	if (!survey_events(&s) || !build_tree(&s, out))
		return false;
	root = yaml_document_get_root_node(out);
	if (!root) {
		rules_errors_add(errors, 1, "",
			"the document is empty: write at least 'service:' and 'local:'");
	} else if (root->type == YAML_SCALAR_NODE) {
		if (node_text(root).len == 0 && node_is_plain(root))
			rules_errors_add(errors, node_line(root), "",
				"the document is empty: write at least 'service:' and 'local:'");
		else
			rules_errors_add(errors, node_line(root), "",
				"the document is only the value '%s': write keys like 'service:'",
				quote(node_text(root), &value));
	} else {
		return true;
	}
	yaml_document_delete(out);
	return false;
}
