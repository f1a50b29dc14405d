/* SPDX-License-Identifier: BSD-3-Clause */
/* The header of a server-to-server stream. */
#include "dataplane/inspect/xmpp_header.h"

#include "dataplane/inspect/host_name.h"
#include "dataplane/inspect/xmpp_text.h"
#include "dataplane/inspect/xmpp_usual.h"

#define NAMESPACE_STREAMS VIEW("http://etherx.jabber.org/streams")
#define NAMESPACE_SERVER  VIEW("jabber:server")
#define NAMESPACE_XML     VIEW("http://www.w3.org/XML/1998/namespace")
#define NAMESPACE_XMLNS   VIEW("http://www.w3.org/2000/xmlns/")

struct attribute {
	struct xmpp_name name;
	uint64_t print, local_print; /* names with others have others, but by chance */
	bool declares;               /* a namespace */
	struct view value;
	struct view space; /* the namespace its prefix is bound to, once the tag is whole */
	uint32_t at;       /* of the name */
};

struct tag {
	struct xmpp_name name;
	struct attribute attributes[XMPP_HEADER_ATTRIBUTES_MAX];
	uint32_t count;
};

/* view_equal, but here, so that the compiler sees the literal it compares with. */
static inline bool same(struct view a, struct view b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

/* A number for a name. Two names are compared byte by byte only if they have the same; whoever finds
 * names that do gains nothing but the comparison. */
static uint64_t print_of(struct view name)
{
	uint64_t print = name.len;
	uint64_t word;
	uint32_t i = 0;

	for (; i + sizeof(word) <= name.len; i += sizeof(word)) {
		memcpy(&word, name.p + i, sizeof(word));
		print = (print ^ word) * UINT64_C(0x9e3779b97f4a7c15);
		print ^= print >> 29;
	}
	for (; i < name.len; i++)
		print = (print ^ name.p[i]) * UINT64_C(0x9e3779b97f4a7c15);
	return print;
}

static bool is_declaration(const struct xmpp_name *name)
{
	return same(name->whole, VIEW("xmlns")) || same(name->prefix, VIEW("xmlns"));
}

/* ` name='value'` of the XML declaration, the name already known. */
static struct view read_pseudo_attribute(struct xmpp_text *t, struct view name, uint32_t *value_at)
{
	xmpp_text_expect(t, name, "xmpp_bad_declaration");
	xmpp_text_space(t);
	xmpp_text_expect(t, VIEW("="), "xmpp_bad_declaration");
	xmpp_text_space(t);
	*value_at = t->at;
	if (xmpp_text_peek(t) != '"' && xmpp_text_peek(t) != '\'')
		xmpp_text_refuse(t, t->at, "xmpp_bad_declaration");
	return xmpp_text_value(t, XMPP_HEADER_NAME_MAX_BYTES, false);
}

/* XML 1.0 section 2.8: version, then perhaps encoding, then perhaps standalone. "<?" is read. */
static void read_declaration(struct xmpp_text *t)
{
	struct view value;
	uint32_t at;
	bool space;

	xmpp_text_expect(t, VIEW("xml"), "xmpp_pi");
	if (!xmpp_text_space(t))
		xmpp_text_refuse(t, t->at, "xmpp_pi");
	value = read_pseudo_attribute(t, VIEW("version"), &at);
	if (!same(value, VIEW("1.0")))
		xmpp_text_refuse(t, at, "xmpp_bad_declaration");
	space = xmpp_text_space(t);
	if (space && xmpp_text_peek(t) == 'e') {
		value = read_pseudo_attribute(t, VIEW("encoding"), &at);
		if (!view_equal_nocase(value, VIEW("UTF-8")))
			xmpp_text_refuse(t, at, "xmpp_bad_encoding");
		space = xmpp_text_space(t);
	}
	if (space && xmpp_text_peek(t) == 's') {
		value = read_pseudo_attribute(t, VIEW("standalone"), &at);
		if (!same(value, VIEW("yes")) && !same(value, VIEW("no")))
			xmpp_text_refuse(t, at, "xmpp_bad_declaration");
		xmpp_text_space(t);
	}
	xmpp_text_expect(t, VIEW("?>"), "xmpp_bad_declaration");
}

/* What may begin a stream, and names for what else peers and scanners begin with. */
static void judge_first_byte(struct xmpp_text *t)
{
	static const struct {
		uint8_t byte;
		const char *cause;
	} known[] = {
		{0xef, "xmpp_bom"},
		{0xfe, "xmpp_utf16"},
		{0xff, "xmpp_utf16"},
		{0x00, "xmpp_utf16"},
	};

	if (t->have.len == 0)
		return;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (t->have.p[0] == known[i].byte)
			xmpp_text_refuse(t, 0, known[i].cause);
	if (t->have.len > 1 && t->have.p[0] == '<' && t->have.p[1] == 0)
		xmpp_text_refuse(t, 1, "xmpp_utf16");
}

/* "<!": which of the things that XMPP forbids (RFC 6120 section 11.1) shows in the next byte. */
static void refuse_markup(struct xmpp_text *t)
{
	t->at++;
	switch (xmpp_text_peek(t)) {
	case '-':
		xmpp_text_refuse(t, t->at - 1, "xmpp_comment");
		break;
	case 'D':
		xmpp_text_refuse(t, t->at - 1, "xmpp_doctype");
		break;
	default:
		xmpp_text_refuse(t, t->at - 1, "xmpp_not_stream");
	}
}

/* Everything in front of the start tag, and its '<'. */
static void read_prologue(struct xmpp_text *t)
{
	bool declaration_allowed = true;

	judge_first_byte(t);
	while (!xmpp_text_stopped(t)) {
		if (xmpp_text_space(t))
			declaration_allowed = false;
		xmpp_text_expect(t, VIEW("<"), "xmpp_not_xml");
		switch (xmpp_text_peek(t)) {
		case '?':
			t->at++;
			if (!declaration_allowed)
				xmpp_text_refuse(t, t->at - 1, "xmpp_pi");
			read_declaration(t);
			declaration_allowed = false;
			break;
		case '!':
			refuse_markup(t);
			break;
		default:
			return;
		}
	}
}

/* Namespaces in XML 1.0 section 3: what may not be declared, and what this tag must declare. */
static void judge_declaration(struct xmpp_text *t, const struct tag *tag, const struct attribute *a)
{
	struct view local = a->name.local;
	bool is_default = a->name.prefix.len == 0;
	bool fine;

	if (is_default)
		fine = same(a->value, NAMESPACE_SERVER);
	else if (same(local, VIEW("xml")))
		fine = same(a->value, NAMESPACE_XML);
	else if (same(local, tag->name.prefix))
		fine = same(a->value, NAMESPACE_STREAMS);
	else
		fine = a->value.len > 0 && !same(local, VIEW("xmlns")) &&
		       !same(a->value, NAMESPACE_XML) && !same(a->value, NAMESPACE_XMLNS);
	if (!fine)
		xmpp_text_refuse(t, a->at, "xmpp_bad_namespace");
}

/* RFC 6120 section 4.7.5: two numbers and a dot between them. */
static bool read_version(struct view value, struct xmpp_header *out)
{
	int64_t dot = view_find(value, '.');
	uint64_t major;
	uint64_t minor;

	if (dot < 0 || !view_to_u64(view_sub(value, 0, (uint32_t)dot), UINT16_MAX, &major) ||
		!view_to_u64(view_sub(value, (uint32_t)dot + 1, value.len), UINT16_MAX, &minor))
		return false;
	out->version_major = (uint16_t)major;
	out->version_minor = (uint16_t)minor;
	return true;
}

/* The attributes that mean something here, judged as soon as their value is whole. */
static void take_attribute(struct xmpp_text *t, const struct tag *tag, const struct attribute *a,
	struct xmpp_header *out)
{
	if (a->declares) {
		judge_declaration(t, tag, a);
	} else if (same(a->name.whole, VIEW("to"))) {
		out->has_to = true;
		out->to = a->value;
		if (!host_name_valid_raw(a->value, &out->to_needs_idna))
			xmpp_text_refuse(t, a->at, "xmpp_bad_domain");
	} else if (same(a->name.whole, VIEW("from"))) {
		out->has_from = true;
		out->from = a->value;
		if (!host_name_valid_raw(a->value, &out->from_needs_idna))
			xmpp_text_refuse(t, a->at, "xmpp_bad_domain");
	} else if (same(a->name.whole, VIEW("version"))) {
		out->has_version = true;
		if (!read_version(a->value, out))
			xmpp_text_refuse(t, a->at, "xmpp_bad_version");
	}
}

static bool is_known(struct view name)
{
	return same(name, VIEW("to")) || same(name, VIEW("from")) || same(name, VIEW("version"));
}

static void read_attribute(struct xmpp_text *t, struct tag *tag, struct xmpp_header *out)
{
	struct attribute *a = &tag->attributes[tag->count];
	bool references;

	if (tag->count == XMPP_HEADER_ATTRIBUTES_MAX) {
		xmpp_text_refuse(t, t->at, "xmpp_attributes_too_many");
		return;
	}
	a->at = t->at;
	a->name = xmpp_text_name(t, XMPP_HEADER_NAME_MAX_BYTES, "xmpp_bad_name");
	a->print = print_of(a->name.whole);
	a->local_print = a->name.prefix.len ? print_of(a->name.local) : a->print;
	a->declares = is_declaration(&a->name);
	for (uint32_t i = 0; !xmpp_text_stopped(t) && i < tag->count; i++)
		if (a->print == tag->attributes[i].print &&
			same(a->name.whole, tag->attributes[i].name.whole))
			xmpp_text_refuse(t, a->at, "xmpp_attribute_twice");
	xmpp_text_space(t);
	xmpp_text_expect(t, VIEW("="), "xmpp_bad_tag");
	xmpp_text_space(t);
	references = !a->declares && !is_known(a->name.whole);
	a->value = xmpp_text_value(t, XMPP_HEADER_VALUE_MAX_BYTES, references);
	if (xmpp_text_stopped(t))
		return;
	tag->count++;
	take_attribute(t, tag, a, out);
}

/* The namespace that a prefix is bound to in this tag; empty if it is not. */
static struct view namespace_of(const struct tag *tag, struct view prefix)
{
	uint64_t print = print_of(prefix);

	if (same(prefix, VIEW("xml")))
		return NAMESPACE_XML;
	for (uint32_t i = 0; i < tag->count; i++) {
		const struct attribute *a = &tag->attributes[i];

		if (a->declares && a->local_print == print && a->name.prefix.len > 0 &&
			same(a->name.local, prefix))
			return a->value;
	}
	return (struct view){0};
}

/* What only the whole tag shows: declarations that are missing, attributes that differ in their
 * prefix alone (Namespaces in XML 1.0 section 6.3). */
static void judge_tag(struct xmpp_text *t, struct tag *tag)
{
	bool has_default = false;

	for (uint32_t i = 0; i < tag->count; i++) {
		struct attribute *a = &tag->attributes[i];

		a->space = (struct view){0};
		has_default |= same(a->name.whole, VIEW("xmlns"));
		if (a->name.prefix.len == 0 || a->declares)
			continue;
		a->space = namespace_of(tag, a->name.prefix);
		if (a->space.len == 0)
			xmpp_text_refuse(t, a->at, "xmpp_unbound_prefix");
		for (uint32_t k = 0; k < i; k++)
			if (a->local_print == tag->attributes[k].local_print &&
				same(a->name.local, tag->attributes[k].name.local) &&
				same(a->space, tag->attributes[k].space))
				xmpp_text_refuse(t, a->at, "xmpp_attribute_twice");
	}
	if (namespace_of(tag, tag->name.prefix).len == 0 || !has_default)
		xmpp_text_refuse(t, t->at, "xmpp_bad_namespace");
}

/* Behind '<': the name, the attributes, '>'. */
static void read_tag(struct xmpp_text *t, struct xmpp_header *out)
{
	uint32_t start = t->at;
	struct tag tag; /* over 2 KiB: not zeroed, count says what is filled */

	tag.count = 0;
	tag.name = xmpp_text_name(t, XMPP_HEADER_NAME_MAX_BYTES, "xmpp_not_stream");
	if (!same(tag.name.local, VIEW("stream")) || tag.name.prefix.len == 0 ||
		same(tag.name.prefix, VIEW("xml")) || same(tag.name.prefix, VIEW("xmlns")))
		xmpp_text_refuse(t, start, "xmpp_not_stream");
	while (!xmpp_text_stopped(t)) {
		bool space = xmpp_text_space(t);
		uint8_t c = xmpp_text_peek(t);

		if (xmpp_text_stopped(t))
			return;
		if (c == '>') {
			judge_tag(t, &tag);
			t->at += !xmpp_text_stopped(t);
			return;
		}
		if (c == '/')
			xmpp_text_refuse(t, t->at, "xmpp_stream_closed");
		if (!space)
			xmpp_text_refuse(t, t->at, "xmpp_bad_tag");
		if (!xmpp_text_stopped(t))
			read_attribute(t, &tag, out);
	}
}

enum parse xmpp_header_read_any(struct view bytes, struct xmpp_header *out, struct fault *fault)
{
	struct xmpp_text t = {.have = view_sub(bytes, 0, XMPP_HEADER_MAX_BYTES)};

	memset(out, 0, sizeof(*out));
	*fault = (struct fault){0};
	read_prologue(&t);
	read_tag(&t, out);
	if (t.missing && !t.cause && bytes.len >= XMPP_HEADER_MAX_BYTES) {
		t.missing = false;
		xmpp_text_refuse(&t, XMPP_HEADER_MAX_BYTES, "xmpp_header_too_long");
	}
	if (t.cause) {
		*fault = (struct fault){.cause = t.cause, .offset_bytes = t.at};
		return PARSE_BAD;
	}
	if (t.missing)
		return PARSE_NEED_MORE;
	out->header_bytes = t.at;
	return PARSE_DONE;
}

enum parse xmpp_header_read(struct view bytes, struct xmpp_header *out, struct fault *fault)
{
	if (!xmpp_usual_read(bytes, out))
		return xmpp_header_read_any(bytes, out, fault);
	*fault = (struct fault){0};
	return PARSE_DONE;
}
