/* SPDX-License-Identifier: BSD-3-Clause */
/* The stream reader: what expat reports becomes a header and stanzas, or a refusal. */
#include "control/xmpp/reader_int.h"

#include <string.h>

/* "uri SEP local SEP prefix", "uri SEP local" or "local", as expat gives names in triplet mode. */
struct name {
	struct view ns, local, prefix;
};

static struct name name_split(const XML_Char *raw)
{
	struct view v = view_of(raw);
	int64_t at = view_find(v, READER_SEPARATOR);
	struct name name = {.local = v};

	if (at < 0)
		return name;
	name.ns = view_sub(v, 0, (uint32_t)at);
	name.local = view_sub(v, (uint32_t)at + 1, v.len);
	at = view_find(name.local, READER_SEPARATOR);
	if (at >= 0) {
		name.prefix = view_sub(name.local, (uint32_t)at + 1, v.len);
		name.local = view_sub(name.local, 0, (uint32_t)at);
	}
	return name;
}

/* Stop behind this event; reader_next goes on from there. */
static void suspend(struct reader *r)
{
	XML_Index index = XML_GetCurrentByteIndex(r->parser);

	r->event_end =
		(uint64_t)(index > 0 ? index : 0) + (uint64_t)XML_GetCurrentByteCount(r->parser);
	XML_StopParser(r->parser, XML_TRUE);
}

static bool copy_attribute(struct reader *r, struct arena *arena, struct node *node,
	const XML_Char *raw_name, const XML_Char *raw_value)
{
	struct name name = name_split(raw_name);
	struct view value = view_of(raw_value);
	struct attribute *a;

	if (value.len > READER_ATTRIBUTE_MAX_BYTES) {
		reader_fail(r, STREAM_POLICY_VIOLATION, "attribute_too_big");
		return false;
	}
	a = arena_alloc(arena, sizeof(*a));
	if (!a || !arena_copy(arena, name.ns, &a->ns) || !arena_copy(arena, name.local, &a->name) ||
		!arena_copy(arena, value, &a->value)) {
		reader_fail_memory(r);
		return false;
	}
	if (node->last_attribute)
		node->last_attribute->next = a;
	else
		node->element.attributes = a;
	node->last_attribute = a;
	return true;
}

static struct node *make_node(
	struct reader *r, struct arena *arena, const struct name *name, const XML_Char **attributes)
{
	struct node *node = arena_alloc(arena, sizeof(*node));
	uint32_t count = 0;

	if (!node || !arena_copy(arena, name->ns, &node->element.ns) ||
		!arena_copy(arena, name->local, &node->element.name)) {
		reader_fail_memory(r);
		return NULL;
	}
	for (; attributes[0]; attributes += 2) {
		if (++count > READER_ATTRIBUTES_MAX) {
			reader_fail(r, STREAM_POLICY_VIOLATION, "too_many_attributes");
			return NULL;
		}
		if (!copy_attribute(r, arena, node, attributes[0], attributes[1]))
			return NULL;
	}
	return node;
}

/* "1.0", numerically: any minor version of the first major one. No version means 0.9, which has
 * neither features nor TLS. */
static bool is_version_1(struct view version)
{
	int64_t dot = view_find(version, '.');
	uint64_t major;
	uint64_t minor;

	return dot > 0 && view_to_u64(view_sub(version, 0, (uint32_t)dot), 1000, &major) &&
	       view_to_u64(view_sub(version, (uint32_t)dot + 1, version.len), 1000, &minor) &&
	       major == 1;
}

/* The default namespace that the header declares. */
static struct view content_namespace(const struct reader *r)
{
	for (const struct declaration *d = r->declarations; d; d = d->next)
		if (d->prefix.len == 0)
			return d->uri;
	return (struct view){0};
}

static void start_stream(struct reader *r, const struct name *name, const XML_Char **attributes)
{
	struct reader_header *h = &r->header;
	const struct element *e;
	struct node *root;
	struct view version;
	bool found;

	if (!view_equal(name->ns, NS_STREAM) || !view_equal(name->local, VIEW("stream"))) {
		reader_fail(r, STREAM_INVALID_NAMESPACE, "not_a_stream");
		return;
	}
	if (name->prefix.len == 0) {
		reader_fail(r, STREAM_BAD_NAMESPACE_PREFIX, "stream_without_prefix");
		return;
	}
	if (!view_equal(content_namespace(r), NS_SERVER)) {
		reader_fail(r, STREAM_INVALID_NAMESPACE, "content_namespace");
		return;
	}
	root = make_node(r, &r->header_arena, name, attributes);
	if (!root)
		return;
	if (!arena_copy(&r->header_arena, name->prefix, &r->prefix)) {
		reader_fail_memory(r);
		return;
	}
	e = &root->element;
	h->to = element_attribute(e, VIEW("to"), &h->has_to);
	h->from = element_attribute(e, VIEW("from"), &h->has_from);
	h->id = element_attribute(e, VIEW("id"), &h->has_id);
	h->lang = element_lang(e);
	version = element_attribute(e, VIEW("version"), &found);
	if (!is_version_1(version)) {
		reader_fail(r, STREAM_UNSUPPORTED_VERSION, "version");
		return;
	}
	suspend(r);
	if (r->event_end > READER_HEADER_MAX_BYTES) {
		reader_fail(r, STREAM_POLICY_VIOLATION, "header_too_big");
		return;
	}
	r->root = root;
	r->header_noted = true;
}

/* Which elements may stand directly in the stream. */
static bool is_known_child(const struct name *name)
{
	static const struct {
		struct view ns, local;
	} known[] = {
		{NS_SERVER, VIEW("message")},
		{NS_SERVER, VIEW("presence")},
		{NS_SERVER, VIEW("iq")},
		{NS_STREAM, VIEW("features")},
		{NS_STREAM, VIEW("error")},
		{NS_TLS, VIEW("starttls")},
		{NS_TLS, VIEW("proceed")},
		{NS_TLS, VIEW("failure")},
		{NS_SASL, VIEW("auth")},
		{NS_SASL, VIEW("challenge")},
		{NS_SASL, VIEW("response")},
		{NS_SASL, VIEW("abort")},
		{NS_SASL, VIEW("success")},
		{NS_SASL, VIEW("failure")},
		{NS_DIALBACK, VIEW("result")},
		{NS_DIALBACK, VIEW("verify")},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (view_equal(name->ns, known[i].ns) && view_equal(name->local, known[i].local))
			return true;
	return false;
}

static bool check_first_level(struct reader *r, const struct name *name)
{
	if (is_known_child(name)) {
		if (!view_equal(name->ns, NS_STREAM) || name->prefix.len)
			return true;
		reader_fail(r, STREAM_BAD_NAMESPACE_PREFIX, "stream_element_without_prefix");
	} else if (view_equal(name->ns, VIEW("jabber:client"))) {
		reader_fail(r, STREAM_INVALID_NAMESPACE, "client_namespace");
	} else {
		reader_fail(r, STREAM_UNSUPPORTED_STANZA_TYPE, "unknown_element");
	}
	return false;
}

static void start_node(struct reader *r, const struct name *name, const XML_Char **attributes)
{
	struct element *parent;
	struct node *node;

	if (r->depth == 1) {
		XML_Index index = XML_GetCurrentByteIndex(r->parser);

		r->stanza_at = (uint64_t)(index > 0 ? index : 0);
		if (!check_first_level(r, name))
			return;
	}
	if (view_equal(name->ns, NS_SERVER) && name->prefix.len) {
		reader_fail(r, STREAM_BAD_NAMESPACE_PREFIX, "content_with_prefix");
		return;
	}
	if (r->depth > READER_DEPTH_MAX) {
		reader_fail(r, STREAM_POLICY_VIOLATION, "too_deep");
		return;
	}
	node = make_node(r, &r->arena, name, attributes);
	if (!node)
		return;
	parent = r->depth == 1 ? &r->root->element : &r->current->element;
	node->element.parent = parent;
	if (r->depth > 1) {
		if (parent->last_child)
			parent->last_child->next = &node->element;
		else
			parent->first_child = &node->element;
		parent->last_child = &node->element;
	}
	r->current = node;
	r->depth++;
}

static void XMLCALL on_start(void *arg, const XML_Char *raw_name, const XML_Char **attributes)
{
	struct reader *r = arg;
	struct name name = name_split(raw_name);

	if (r->condition != STREAM_NO_ERROR)
		return;
	r->namespaces = 0;
	if (r->depth > 0) {
		start_node(r, &name, attributes);
		return;
	}
	r->depth = 1;
	if (!r->priming)
		start_stream(r, &name, attributes);
}

static void XMLCALL on_end(void *arg, const XML_Char *raw_name)
{
	struct reader *r = arg;

	if (r->condition != STREAM_NO_ERROR)
		return;
	r->depth--;
	if (r->depth == 0) {
		r->ended = true;
		suspend(r);
		return;
	}
	if (r->depth > 1) {
		r->current = (struct node *)r->current->element.parent;
		return;
	}
	r->stanza = &r->current->element;
	r->current = NULL;
	r->stanza_noted = true;
	suspend(r);
	if (r->event_end - r->stanza_at > r->limits.stanza_bytes)
		reader_fail(r, STREAM_POLICY_VIOLATION, "stanza_too_big");
}

static void XMLCALL on_text(void *arg, const XML_Char *bytes, int len)
{
	struct reader *r = arg;
	struct view text = view_make(bytes, (size_t)len);

	if (r->condition != STREAM_NO_ERROR)
		return;
	if (r->depth > 1) {
		if (!arena_append(&r->arena, &r->current->element.text, &r->current->text_cap_bytes,
			    text))
			reader_fail_memory(r);
		return;
	}
	for (uint32_t i = 0; i < text.len; i++) {
		if (!memchr(" \t\r\n", text.p[i], 4)) {
			reader_fail(r, STREAM_BAD_FORMAT, "text_between_stanzas");
			return;
		}
	}
}

static void XMLCALL on_namespace(void *arg, const XML_Char *prefix, const XML_Char *uri)
{
	struct reader *r = arg;
	struct declaration *d;

	if (r->condition != STREAM_NO_ERROR || r->priming)
		return;
	if (++r->namespaces > READER_NAMESPACES_MAX) {
		reader_fail(r, STREAM_POLICY_VIOLATION, "too_many_namespaces");
		return;
	}
	if (r->depth > 0)
		return;
	d = arena_alloc(&r->header_arena, sizeof(*d));
	if (!d || !arena_copy(&r->header_arena, view_of(prefix), &d->prefix) ||
		!arena_copy(&r->header_arena, view_of(uri), &d->uri)) {
		reader_fail_memory(r);
		return;
	}
	d->next = r->declarations;
	r->declarations = d;
}

static void XMLCALL on_declaration(
	void *arg, const XML_Char *version, const XML_Char *encoding, int standalone)
{
	struct reader *r = arg;

	if (encoding && !view_equal_nocase(view_of(encoding), VIEW("UTF-8")))
		reader_fail(r, STREAM_UNSUPPORTED_ENCODING, "encoding");
	else if (!version || strcmp(version, "1.0") != 0)
		reader_fail(r, STREAM_BAD_FORMAT, "xml_version");
}

static void XMLCALL on_doctype(void *arg, const XML_Char *name, const XML_Char *system_id,
	const XML_Char *public_id, int has_internal_subset)
{
	reader_fail(arg, STREAM_RESTRICTED_XML, "dtd");
}

static void XMLCALL on_instruction(void *arg, const XML_Char *target, const XML_Char *data)
{
	reader_fail(arg, STREAM_RESTRICTED_XML, "processing_instruction");
}

static void XMLCALL on_comment(void *arg, const XML_Char *data)
{
	reader_fail(arg, STREAM_RESTRICTED_XML, "comment");
}

static void XMLCALL on_skipped_entity(void *arg, const XML_Char *name, int is_parameter_entity)
{
	reader_fail(arg, STREAM_RESTRICTED_XML, "entity");
}

void reader_set_handlers(struct reader *r)
{
	XML_Parser p = r->parser;

	XML_SetUserData(p, r);
	XML_SetReturnNSTriplet(p, XML_TRUE);
	XML_SetElementHandler(p, on_start, on_end);
	XML_SetCharacterDataHandler(p, on_text);
	XML_SetStartNamespaceDeclHandler(p, on_namespace);
	XML_SetXmlDeclHandler(p, on_declaration);
	XML_SetParamEntityParsing(p, XML_PARAM_ENTITY_PARSING_NEVER);
	XML_SetStartDoctypeDeclHandler(p, on_doctype);
	XML_SetProcessingInstructionHandler(p, on_instruction);
	XML_SetCommentHandler(p, on_comment);
	XML_SetSkippedEntityHandler(p, on_skipped_entity);
}
