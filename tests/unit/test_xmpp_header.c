/* SPDX-License-Identifier: BSD-3-Clause */
/* The stream header reader: headers of real servers, what XML allows, and what is refused. */
#include "tests/unit/test.h"

#include <stdio.h>

#include "dataplane/inspect/xmpp_header.h"
#include "tests/unit/growing.h"

#define SPACES "xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams'"
#define HEAD   "<stream:stream " SPACES

static enum parse read(struct view bytes, void *out, struct fault *fault, uint32_t *end)
{
	struct xmpp_header *header = out;
	enum parse result = xmpp_header_read(bytes, header, fault);

	*end = result == PARSE_DONE ? header->header_bytes : 0;
	return result;
}

static enum parse read_exact(struct view bytes, struct xmpp_header *out, struct fault *fault)
{
	uint32_t end;

	return growing_exact(read, bytes, out, fault, &end);
}

static enum parse read_growing(struct view bytes, struct xmpp_header *out, struct fault *fault)
{
	struct xmpp_header other;

	return growing_read("a header", read, bytes, out, &other, fault);
}

static const struct {
	const char *label;
	const char *text;
	const char *to, *from;
	int major, minor; /* -1: no version */
} real_headers[] = {
	{"Prosody",
		"<?xml version='1.0'?><stream:stream xmlns:db='jabber:server:dialback' "
		"xmlns:stream='http://etherx.jabber.org/streams' version='1.0' id='' "
		"from='x1.example' to='edge.example' xml:lang='en' xmlns='jabber:server'>",
		"edge.example", "x1.example", 1, 0},
	{"ejabberd",
		"<?xml version='1.0'?>\n<stream:stream to='a.example' xml:lang='en' version='1.0' "
		"xmlns='jabber:server' xmlns:db='jabber:server:dialback' "
		"xmlns:stream='http://etherx.jabber.org/streams' from='b.example'>",
		"a.example", "b.example", 1, 0},
	{"Openfire",
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?><stream:stream "
		"xmlns:db=\"jabber:server:dialback\" "
		"xmlns:stream=\"http://etherx.jabber.org/streams\" xmlns=\"jabber:server\" "
		"from=\"b.example\" to=\"a.example\" version=\"1.0\">",
		"a.example", "b.example", 1, 0},
	{"without version, without domains",
		"<stream:stream xmlns:stream='http://etherx.jabber.org/streams' "
		"xmlns='jabber:server' xmlns:db='jabber:server:dialback'>",
		NULL, NULL, -1, -1},
	{"another prefix",
		"<s:stream xmlns:s='http://etherx.jabber.org/streams' xmlns='jabber:server' "
		"to='a.example'>",
		"a.example", NULL, -1, -1},
	{"white space wherever it may be",
		"<?xml\tversion = '1.0'  encoding\n=\n'utf-8'  standalone='yes' ?>\r\n "
		"<stream:stream\n\t" SPACES "\r\nto\n=\n'a.example'\tversion = '1.0'\n>",
		"a.example", NULL, 1, 0},
	{"white space in front", " \r\n" HEAD " to='a.example'>", "a.example", NULL, -1, -1},
	{"high version", HEAD " version='65535.00012'>", NULL, NULL, 65535, 12},
	{"references where they are allowed",
		HEAD " id='&lt;&gt;&amp;&apos;&quot;&#65;&#x10FFFF;&#xa;' to='a.example'>",
		"a.example", NULL, -1, -1},
	{"quotes in quotes", HEAD " id=\"it's\" x='\"'>", NULL, NULL, -1, -1},
	{"UTF-8 in values", HEAD " id='\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\xef\xbf\xbd'>", NULL,
		NULL, -1, -1},
	{"'>' in a value", HEAD " id='a>b' to='a.example'>", "a.example", NULL, -1, -1},
	{"letters of any case", HEAD " from='A.Example'>", NULL, "A.Example", -1, -1},
	{"a declared foreign attribute", HEAD " xmlns:f='urn:f' f:to='x' to='a.example'>",
		"a.example", NULL, -1, -1},
	{"same name in two namespaces", HEAD " xmlns:f='urn:f' xmlns:g='urn:g' f:a='' g:a=''>",
		NULL, NULL, -1, -1},
	{"the xml prefix declared as itself",
		HEAD " xmlns:xml='http://www.w3.org/XML/1998/namespace'>", NULL, NULL, -1, -1},
};

static void headers_of_real_servers_are_read(void **state)
{
	for (size_t i = 0; i < sizeof(real_headers) / sizeof(real_headers[0]); i++) {
		struct view bytes = view_of(real_headers[i].text);
		struct xmpp_header header;
		struct fault fault;

		if (read_growing(bytes, &header, &fault) != PARSE_DONE)
			fail_msg("%s: %s at %u", real_headers[i].label, fault.cause,
				fault.offset_bytes);
		xmpp_header_read(bytes, &header, &fault);
		if (header.header_bytes != bytes.len ||
			header.has_to != (real_headers[i].to != NULL) ||
			header.has_from != (real_headers[i].from != NULL) ||
			header.has_version != (real_headers[i].major >= 0))
			fail_msg("%s: presence", real_headers[i].label);
		if (header.has_to && !view_equal(header.to, view_of(real_headers[i].to)))
			fail_msg("%s: to %.*s", real_headers[i].label, VIEW_ARG(header.to));
		if (header.has_from && !view_equal(header.from, view_of(real_headers[i].from)))
			fail_msg("%s: from %.*s", real_headers[i].label, VIEW_ARG(header.from));
		if (header.has_version && (header.version_major != real_headers[i].major ||
						  header.version_minor != real_headers[i].minor))
			fail_msg("%s: version", real_headers[i].label);
		assert_false(header.to_needs_idna || header.from_needs_idna);
	}
}

static void bytes_behind_the_header_are_not_looked_at(void **state)
{
	struct view bytes = VIEW(HEAD " to='a.example'><starttls\0\xff<!--");
	struct xmpp_header header;
	struct fault fault;

	assert_int_equal(read_growing(bytes, &header, &fault), PARSE_DONE);
	assert_int_equal(header.header_bytes, view_find(bytes, '>') + 1);
}

static void unicode_domains_are_left_to_idna(void **state)
{
	struct view bytes = VIEW(HEAD " to='b\xc3\xbc"
				      "cher.example' from='example.org'>");
	struct xmpp_header header;
	struct fault fault;

	assert_int_equal(xmpp_header_read(bytes, &header, &fault), PARSE_DONE);
	assert_true(header.to_needs_idna);
	assert_false(header.from_needs_idna);
	assert_int_equal(header.to.len, 15);
}

#define BYTES(literal)                                                                             \
	{                                                                                          \
		(const uint8_t *)(literal), sizeof(literal) - 1                                    \
	}

struct refusal {
	const char *label;
	struct view bytes;
	const char *cause;
};

static const struct refusal refusals[] = {
	{"HTTP", BYTES("GET / HTTP/1.1\r\n"), "xmpp_not_xml"},
	{"TLS", BYTES("\x16\x03\x01\x02\x00\x01"), "xmpp_not_xml"},
	{"SSH", BYTES("SSH-2.0-x\r\n"), "xmpp_not_xml"},
	{"SIP", BYTES("OPTIONS sip:a SIP/2.0"), "xmpp_not_xml"},
	{"text behind white space", BYTES(" \r\nHELLO"), "xmpp_not_xml"},
	{"byte order mark", BYTES("\xef\xbb\xbf<?xml version='1.0'?>"), "xmpp_bom"},
	{"UTF-16 with mark, big", BYTES("\xfe\xff\0<\0s"), "xmpp_utf16"},
	{"UTF-16 with mark, little", BYTES("\xff\xfe<\0s\0"), "xmpp_utf16"},
	{"UTF-16 without mark, big", BYTES("\0<\0s"), "xmpp_utf16"},
	{"UTF-16 without mark, little", BYTES("<\0s\0"), "xmpp_utf16"},
	{"document type", BYTES("<!DOCTYPE a>" HEAD ">"), "xmpp_doctype"},
	{"document type behind the declaration", BYTES("<?xml version='1.0'?><!DOCTYPE a>"),
		"xmpp_doctype"},
	{"comment", BYTES("<!-- a -->" HEAD ">"), "xmpp_comment"},
	{"comment behind the declaration", BYTES("<?xml version='1.0'?>\n<!-- a -->"),
		"xmpp_comment"},
	{"CDATA", BYTES("<![CDATA["), "xmpp_not_stream"},
	{"processing instruction", BYTES("<?php x ?>"), "xmpp_pi"},
	{"style sheet", BYTES("<?xml-stylesheet a?>"), "xmpp_pi"},
	{"instruction behind the declaration", BYTES("<?xml version='1.0'?><?a b?>"), "xmpp_pi"},
	{"declaration twice", BYTES("<?xml version='1.0'?><?xml version='1.0'?>"), "xmpp_pi"},
	{"declaration behind white space", BYTES(" <?xml version='1.0'?>"), "xmpp_pi"},
	{"upper case declaration", BYTES("<?XML version='1.0'?>"), "xmpp_pi"},

	{"XML 1.1", BYTES("<?xml version='1.1'?>"), "xmpp_bad_declaration"},
	{"no XML version", BYTES("<?xml encoding='UTF-8'?>"), "xmpp_bad_declaration"},
	{"Latin 1", BYTES("<?xml version='1.0' encoding='ISO-8859-1'?>"), "xmpp_bad_encoding"},
	{"UTF-16 by name", BYTES("<?xml version='1.0' encoding='UTF-16'?>"), "xmpp_bad_encoding"},
	{"standalone maybe", BYTES("<?xml version='1.0' standalone='maybe'?>"),
		"xmpp_bad_declaration"},
	{"standalone first", BYTES("<?xml version='1.0' standalone='no' encoding='UTF-8'?>"),
		"xmpp_bad_declaration"},
	{"no space in the declaration", BYTES("<?xml version='1.0'encoding='UTF-8'?>"),
		"xmpp_bad_declaration"},
	{"no quotes in the declaration", BYTES("<?xml version=1.0?>"), "xmpp_bad_declaration"},
	{"declaration that ends early", BYTES("<?xml version='1.0'>"), "xmpp_bad_declaration"},

	{"an end tag", BYTES("</stream:stream>"), "xmpp_not_stream"},
	{"a space in front of the name", BYTES("< stream:stream"), "xmpp_not_stream"},
	{"HTML", BYTES("<html>"), "xmpp_not_stream"},
	{"another element of the prefix", BYTES("<stream:streams "), "xmpp_not_stream"},
	{"no prefix", BYTES("<stream xmlns='http://etherx.jabber.org/streams'>"),
		"xmpp_not_stream"},
	{"empty prefix", BYTES("<:stream >"), "xmpp_not_stream"},
	{"empty local part", BYTES("<stream: >"), "xmpp_not_stream"},
	{"two colons", BYTES("<a:stream:stream >"), "xmpp_not_stream"},
	{"reserved prefix", BYTES("<xmlns:stream >"), "xmpp_not_stream"},
	{"letters of another case", BYTES("<stream:Stream >"), "xmpp_not_stream"},
	{"a stream that is closed at once", BYTES(HEAD "/>"), "xmpp_stream_closed"},
	{"a stream that is closed at once, with a space", BYTES(HEAD " />"), "xmpp_stream_closed"},

	{"no namespaces", BYTES("<stream:stream to='a.example'>"), "xmpp_bad_namespace"},
	{"no default namespace",
		BYTES("<stream:stream xmlns:stream='http://etherx.jabber.org/streams'>"),
		"xmpp_bad_namespace"},
	{"no streams namespace", BYTES("<stream:stream xmlns='jabber:server'>"),
		"xmpp_bad_namespace"},
	{"a client", BYTES("<stream:stream xmlns='jabber:client'"), "xmpp_bad_namespace"},
	{"empty default namespace", BYTES("<stream:stream xmlns=''"), "xmpp_bad_namespace"},
	{"another streams namespace", BYTES("<stream:stream xmlns:stream='urn:x'"),
		"xmpp_bad_namespace"},
	{"streams bound to another prefix",
		BYTES("<stream:stream xmlns='jabber:server' "
		      "xmlns:s='http://etherx.jabber.org/streams'>"),
		"xmpp_bad_namespace"},
	{"prefix undeclared", BYTES(HEAD " xmlns:a=''"), "xmpp_bad_namespace"},
	{"xmlns declared", BYTES(HEAD " xmlns:xmlns='urn:x'"), "xmpp_bad_namespace"},
	{"xml declared otherwise", BYTES(HEAD " xmlns:xml='urn:x'"), "xmpp_bad_namespace"},
	{"another prefix for xml", BYTES(HEAD " xmlns:a='http://www.w3.org/XML/1998/namespace'"),
		"xmpp_bad_namespace"},
	{"another prefix for xmlns", BYTES(HEAD " xmlns:a='http://www.w3.org/2000/xmlns/'"),
		"xmpp_bad_namespace"},
	{"unbound prefix", BYTES(HEAD " a:b='c'>"), "xmpp_unbound_prefix"},

	{"attribute twice", BYTES(HEAD " to='a.example' to='a.example'"), "xmpp_attribute_twice"},
	{"declaration twice in the tag", BYTES(HEAD " xmlns='jabber:server'"),
		"xmpp_attribute_twice"},
	{"one namespace by two prefixes",
		BYTES(HEAD " xmlns:f='urn:f' xmlns:g='urn:f' f:a='' g:a=''>"),
		"xmpp_attribute_twice"},
	{"attribute without value", BYTES(HEAD " to>"), "xmpp_bad_tag"},
	{"attribute without quotes", BYTES(HEAD " to=a.example>"), "xmpp_bad_tag"},
	{"attributes without space", BYTES(HEAD "to='a.example'"), "xmpp_bad_tag"},
	{"attributes without space between", BYTES(HEAD " to='a.example'id='1'"), "xmpp_bad_tag"},
	{"attribute that begins with a digit", BYTES(HEAD " 1='a'"), "xmpp_bad_name"},
	{"attribute with an empty prefix", BYTES(HEAD " :a='a'"), "xmpp_bad_name"},
	{"attribute of non-ASCII letters", BYTES(HEAD " \xc3\xa4='a'"), "xmpp_bad_name"},
	{"'<' in the tag", BYTES(HEAD " <"), "xmpp_bad_name"},
	{"a question mark in the tag", BYTES(HEAD " ?>"), "xmpp_bad_name"},

	{"'<' in a value", BYTES(HEAD " id='<"), "xmpp_bad_character"},
	{"control character in a value", BYTES(HEAD " id='\x01"), "xmpp_bad_character"},
	{"NUL in a value", BYTES(HEAD " id='\0"), "xmpp_nul"},
	{"NUL in the tag", BYTES(HEAD " \0"), "xmpp_nul"},
	{"NUL in a name", BYTES("<stream\0"), "xmpp_nul"},
	{"U+FFFE", BYTES(HEAD " id='\xef\xbf\xbe"), "xmpp_bad_character"},
	{"U+FFFF", BYTES(HEAD " id='\xef\xbf\xbf"), "xmpp_bad_character"},
	{"lone continuation byte", BYTES(HEAD " id='\x80"), "xmpp_bad_utf8"},
	{"overlong '/'", BYTES(HEAD " id='\xc0"), "xmpp_bad_utf8"},
	{"overlong of three", BYTES(HEAD " id='\xe0\x9f"), "xmpp_bad_utf8"},
	{"overlong of four", BYTES(HEAD " id='\xf0\x8f"), "xmpp_bad_utf8"},
	{"surrogate", BYTES(HEAD " id='\xed\xa0"), "xmpp_bad_utf8"},
	{"above U+10FFFF", BYTES(HEAD " id='\xf4\x90"), "xmpp_bad_utf8"},
	{"byte f5", BYTES(HEAD " id='\xf5"), "xmpp_bad_utf8"},
	{"sequence that a quote ends", BYTES(HEAD " id='\xe2\x82'"), "xmpp_bad_utf8"},

	{"unknown entity", BYTES(HEAD " id='&nbsp;'"), "xmpp_bad_reference"},
	{"entity without semicolon", BYTES(HEAD " id='&amp '"), "xmpp_bad_reference"},
	{"empty reference", BYTES(HEAD " id='&;'"), "xmpp_bad_reference"},
	{"no digits", BYTES(HEAD " id='&#;'"), "xmpp_bad_reference"},
	{"no hexadecimal digits", BYTES(HEAD " id='&#x;'"), "xmpp_bad_reference"},
	{"upper case x", BYTES(HEAD " id='&#X41;'"), "xmpp_bad_reference"},
	{"letters as digits", BYTES(HEAD " id='&#4a;'"), "xmpp_bad_reference"},
	{"reference to NUL", BYTES(HEAD " id='&#0;'"), "xmpp_bad_reference"},
	{"reference to a control character", BYTES(HEAD " id='&#x1;'"), "xmpp_bad_reference"},
	{"reference to a surrogate", BYTES(HEAD " id='&#xd800;'"), "xmpp_bad_reference"},
	{"reference above the end", BYTES(HEAD " id='&#x110000;'"), "xmpp_bad_reference"},
	{"reference that overflows", BYTES(HEAD " id='&#x100000041;'"), "xmpp_bad_reference"},
	{"reference in to", BYTES(HEAD " to='a&#46;example'"), "xmpp_reference_refused"},
	{"reference in from", BYTES(HEAD " from='&amp;'"), "xmpp_reference_refused"},
	{"reference in version", BYTES(HEAD " version='1&#46;0'"), "xmpp_reference_refused"},
	{"reference in a namespace", BYTES("<stream:stream xmlns='jabber&#58;server'"),
		"xmpp_reference_refused"},

	{"empty to", BYTES(HEAD " to=''"), "xmpp_bad_domain"},
	{"to with a user", BYTES(HEAD " to='u@a.example'"), "xmpp_bad_domain"},
	{"to with a resource", BYTES(HEAD " to='a.example/r'"), "xmpp_bad_domain"},
	{"to with a trailing dot", BYTES(HEAD " to='a.example.'"), "xmpp_bad_domain"},
	{"to is an address", BYTES(HEAD " to='192.0.2.1'"), "xmpp_bad_domain"},
	{"to is an IPv6 address", BYTES(HEAD " to='[2001:db8::1]'"), "xmpp_bad_domain"},
	{"from with a space", BYTES(HEAD " from='a b.example'"), "xmpp_bad_domain"},
	{"from with a newline", BYTES(HEAD " from='a.example\n'"), "xmpp_bad_domain"},
	{"from with an underscore", BYTES(HEAD " from='_a.example'"), "xmpp_bad_domain"},
	{"version without dot", BYTES(HEAD " version='1'"), "xmpp_bad_version"},
	{"version without minor", BYTES(HEAD " version='1.'"), "xmpp_bad_version"},
	{"version of three parts", BYTES(HEAD " version='1.0.0'"), "xmpp_bad_version"},
	{"negative version", BYTES(HEAD " version='-1.0'"), "xmpp_bad_version"},
	{"version that overflows", BYTES(HEAD " version='65536.0'"), "xmpp_bad_version"},
};

/* The last byte of each input is the one that decides, but for those with something behind. */
static void each_bad_header_has_its_cause(void **state)
{
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		struct xmpp_header header;
		struct fault fault;
		enum parse result = read_growing(refusals[i].bytes, &header, &fault);

		if (result != PARSE_BAD || strcmp(fault.cause, refusals[i].cause) != 0)
			fail_msg("%s: %d %s", refusals[i].label, result,
				fault.cause ? fault.cause : "-");
	}
}

static void other_protocols_are_refused_at_their_first_byte(void **state)
{
	for (unsigned c = 0; c < 256; c++) {
		uint8_t byte = (uint8_t)c;
		struct xmpp_header header;
		struct fault fault;
		bool may_begin = c == '<' || c == ' ' || c == '\t' || c == '\r' || c == '\n';

		if (xmpp_header_read(view_make(&byte, 1), &header, &fault) !=
			(may_begin ? PARSE_NEED_MORE : PARSE_BAD))
			fail_msg("byte %02x", c);
		if (!may_begin)
			assert_int_equal(fault.offset_bytes, 0);
	}
}

static void what_never_ends_is_refused_at_the_limit(void **state)
{
	static const struct {
		const char *label, *head, *part, *cause;
	} cases[] = {
		{"white space first", "", " ", "xmpp_header_too_long"},
		{"white space in the declaration", "<?xml", "\n", "xmpp_header_too_long"},
		{"white space in the tag", HEAD, "\t", "xmpp_header_too_long"},
		{"white space at '='", HEAD " to", " ", "xmpp_header_too_long"},
		{"a value", HEAD " id='", "x", "xmpp_value_too_long"},
		{"a value of references", HEAD " id='", "&amp;", "xmpp_specials_too_many"},
		{"a name", HEAD " ", "x", "xmpp_name_too_long"},
		{"the element's name", "<", "x", "xmpp_name_too_long"},
		{"a reference", HEAD " id='&#", "0", "xmpp_header_too_long"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct view bytes = growing_repeat(cases[i].head, cases[i].part, 5000, "");
		struct xmpp_header header;
		struct fault fault;

		assert_int_equal(read_growing(bytes, &header, &fault), PARSE_BAD);
		if (strcmp(fault.cause, cases[i].cause) != 0)
			fail_msg("%s: %s", cases[i].label, fault.cause);
		assert_true(fault.offset_bytes <= XMPP_HEADER_MAX_BYTES);
	}
}

static void the_limits_are_exact(void **state)
{
	struct xmpp_header header;
	struct fault fault;
	struct view bytes;
	uint32_t fixed = sizeof(HEAD ">") - 1;

	bytes = growing_repeat(HEAD, " ", XMPP_HEADER_MAX_BYTES - fixed, ">");
	assert_int_equal(bytes.len, XMPP_HEADER_MAX_BYTES);
	assert_int_equal(read_exact(bytes, &header, &fault), PARSE_DONE);
	bytes = growing_repeat(HEAD, " ", XMPP_HEADER_MAX_BYTES - fixed + 1, ">");
	assert_int_equal(read_exact(bytes, &header, &fault), PARSE_BAD);
	assert_string_equal(fault.cause, "xmpp_header_too_long");
	assert_int_equal(read_exact(view_sub(bytes, 0, XMPP_HEADER_MAX_BYTES - 1), &header, &fault),
		PARSE_NEED_MORE);
	assert_int_equal(
		read_exact(view_sub(bytes, 0, XMPP_HEADER_MAX_BYTES), &header, &fault), PARSE_BAD);

	bytes = growing_repeat(HEAD " id='", "x", XMPP_HEADER_VALUE_MAX_BYTES, "'>");
	assert_int_equal(read_exact(bytes, &header, &fault), PARSE_DONE);
	bytes = growing_repeat(HEAD " id='", "x", XMPP_HEADER_VALUE_MAX_BYTES + 1, "'>");
	assert_int_equal(read_exact(bytes, &header, &fault), PARSE_BAD);
	bytes = growing_repeat(HEAD " ", "x", XMPP_HEADER_NAME_MAX_BYTES, "=''>");
	assert_int_equal(read_exact(bytes, &header, &fault), PARSE_DONE);
	bytes = growing_repeat(HEAD " ", "x", XMPP_HEADER_NAME_MAX_BYTES + 1, "=''>");
	assert_int_equal(read_exact(bytes, &header, &fault), PARSE_BAD);
}

static void attributes_are_counted(void **state)
{
	for (int more = 0; more < 2; more++) {
		int count = XMPP_HEADER_ATTRIBUTES_MAX + more;
		char text[2048] = HEAD;
		struct xmpp_header header;
		struct fault fault;
		size_t len = strlen(text);

		for (int i = 2; i < count; i++) /* two are in HEAD */
			len += (size_t)snprintf(text + len, sizeof(text) - len, " a%d=''", i);
		snprintf(text + len, sizeof(text) - len, ">");
		assert_int_equal(read_growing(view_of(text), &header, &fault),
			more ? PARSE_BAD : PARSE_DONE);
		if (more)
			assert_string_equal(fault.cause, "xmpp_attributes_too_many");
	}
}

static void any_changed_byte_gets_one_answer_for_every_split(void **state)
{
	char text[] = "<?xml version='1.0'?><s:stream xmlns:s='http://etherx.jabber.org/streams' "
		      "xmlns='jabber:server' to=\"a.b\" id='&#x41;\xc3\xa4'>";
	struct xmpp_header header, other;

	growing_change_each(read, text, sizeof(text) - 1, &header, &other);
}

/* Of pieces that headers are made of, in any order; mostly each once. */
static struct view drawn_header(uint8_t out[static 2048], uint64_t *seed)
{
	static const char *const pieces[] = {"<?xml version='1.0'?>",
		"<?xml version=\"1.0\" encoding='UTF-8'?>", "\n", "<stream:stream",
		" xmlns='jabber:server'", " xmlns:stream='http://etherx.jabber.org/streams'",
		" xmlns:db='jabber:server:dialback'", " to='corp.example'",
		" from=\"a.b-c.example\"", " version='1.0'", " id='a-1'", " xml:lang='en'", " ",
		">", " to='corp..example'", " from='1.2.3.4'", " version='1.1'", " id='&amp;'",
		" id=\"'\"", " xmlns:x='urn:x'", " x:to='y'", " from = 'a.example'",
		" id='\xc3\xa9'", " xmlns='jabber:client'", "/>", " version='2.0.0'",
		" from='-a.example'", " from='a.1'", "<db:result>"};
	uint32_t len = 0;

	for (uint32_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		/* In the usual order, with gaps; the rare pieces are rare. */
		bool wanted;

		*seed = *seed * UINT64_C(6364136223846793005) + 1;
		wanted = *seed >> 60 < (i < 14 ? 12 : 1);
		if (i == 3 || (i > 3 && i < 6))
			wanted = wanted || *seed >> 59 & 1;
		if (wanted) {
			memcpy(out + len, pieces[i], strlen(pieces[i]));
			len += (uint32_t)strlen(pieces[i]);
		}
		if (i == 13 && *seed >> 40 & 1)
			break;
	}
	if ((*seed >> 33) % 8 == 0 && len > 0)
		out[(*seed >> 13) % len] ^= (uint8_t)(1u << (*seed >> 23) % 8);
	return view_make(out, len);
}

static bool same_view(struct view a, struct view b)
{
	return a.p == b.p && a.len == b.len;
}

static bool same_header(const struct xmpp_header *a, const struct xmpp_header *b)
{
	return a->has_to == b->has_to && a->has_from == b->has_from &&
	       a->has_version == b->has_version && a->to_needs_idna == b->to_needs_idna &&
	       a->from_needs_idna == b->from_needs_idna && same_view(a->to, b->to) &&
	       same_view(a->from, b->from) && a->version_major == b->version_major &&
	       a->version_minor == b->version_minor && a->header_bytes == b->header_bytes;
}

static void usual_headers_are_read_as_any_others(void **state)
{
	uint64_t seed = 5;
	uint32_t usual = 0;

	for (int i = 0; i < 200000; i++) {
		uint8_t bytes[2048];
		struct view text = drawn_header(bytes, &seed);
		struct xmpp_header quick = {0};
		struct xmpp_header slow = {0};
		struct fault quick_fault;
		struct fault slow_fault;
		enum parse result = xmpp_header_read(text, &quick, &quick_fault);

		if (xmpp_header_read_any(text, &slow, &slow_fault) != result ||
			(result == PARSE_DONE && !same_header(&quick, &slow)))
			fail_msg("'%.*s'", VIEW_ARG(text));
		usual += result == PARSE_DONE;
	}
	/* Not in vain. */
	assert_in_range(usual, 10000, 190000);
}

/* Runs of characters and references are read in greater steps than the last few bytes of a value: the
 * same must be said of them wherever they stand. */
static void what_stands_in_a_value_is_judged_wherever_it_stands(void **state)
{
	static const char *const pieces[] = {"&lt;", "&apos;", "&quot;", "&amp;", "&gt;", "&#9;",
		"&#x1f600;", "&#x010;", "&#;", "&#x;", "&#xd800;", "&#1114112;", "&#x10FFFF;",
		"&#9", "&#00009;", "&#x9;;", "&#x010;36f;", "&lt", "&ltx", "&;", "&quote;", "&Lt;",
		"\xc3\xa9", "\xc3x", "\xc1\xa9", "\xe2\x82\xac", "\xe0\x9f\xbf", "\xed\xa0\x80",
		"\xef\xbf\xbf", "\xef\xbf\xbd", "\xe2\x82", "\xf0\x9f\x98\x80", "\xf0\x8f\xbf\xbf",
		"\xf4\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\x80", "\"", "<",
		"\x01", "\t", "\x7f", ">", "&#60;"};
	static const char filler[] = "ffffffffffffffffffffffffffffffff";

	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++)
		for (size_t k = 0; k < sizeof(pieces) / sizeof(pieces[0]); k++) {
			struct fault faults[2];
			enum parse results[2];

			/* Near the end, where each byte is looked at; and before a long rest. */
			for (int far = 0; far < 2; far++) {
				struct xmpp_header header;
				char text[512];
				int len = snprintf(text, sizeof(text), HEAD " id='%s%s%s%s", "f",
					pieces[i], pieces[k], far ? filler : "'>");

				results[far] = read_exact(
					view_make(text, (size_t)len), &header, &faults[far]);
				if (far && results[far] == PARSE_NEED_MORE)
					results[far] = PARSE_DONE;
			}
			if (results[0] != results[1] ||
				(results[0] == PARSE_BAD &&
					(strcmp(faults[0].cause, faults[1].cause) != 0 ||
						faults[0].offset_bytes != faults[1].offset_bytes)))
				fail_msg("'%s' '%s': %d and %d", pieces[i], pieces[k], results[0],
					results[1]);
		}
}

static void what_is_too_long_is_so_from_its_beginning(void **state)
{
	struct view bytes = growing_repeat(HEAD " id='",
		"\xc3\xa9"
		"xxxxxxx",
		200, "'>");
	struct xmpp_header header;
	struct fault fault;

	assert_int_equal(read_exact(bytes, &header, &fault), PARSE_BAD);
	assert_string_equal(fault.cause, "xmpp_value_too_long");
	assert_int_equal(fault.offset_bytes, sizeof(HEAD " id='") - 1);
}

/* `first` and `second` characters of each kind, in two values. */
static enum parse read_specials(uint32_t first, uint32_t second, struct fault *fault)
{
	static char text[XMPP_HEADER_MAX_BYTES];
	struct xmpp_header header;
	size_t len = (size_t)snprintf(text, sizeof(text), "%s", HEAD " id='");

	for (uint32_t i = 0; i < first; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "a\xc3\xa9");
	len += (size_t)snprintf(text + len, sizeof(text) - len, "' xml:lang='");
	for (uint32_t i = 0; i < second; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "a&lt;");
	len += (size_t)snprintf(text + len, sizeof(text) - len, "'>");
	return read_exact(view_make(text, len), &header, fault);
}

static void characters_that_are_dear_to_read_are_counted(void **state)
{
	static const struct {
		uint32_t first, second, at;
	} cases[] = {
		{XMPP_HEADER_SPECIALS_MAX, 0, 0},
		{28, XMPP_HEADER_SPECIALS_MAX - 28, 0},
		{XMPP_HEADER_SPECIALS_MAX + 1, 0,
			sizeof(HEAD " id='") - 1 + XMPP_HEADER_SPECIALS_MAX * 3 + 1},
		{28, XMPP_HEADER_SPECIALS_MAX - 27,
			sizeof(HEAD " id='' xml:lang='") - 1 + 28 * 3 +
				(XMPP_HEADER_SPECIALS_MAX - 28) * 5 + 1},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fault fault = {0};
		enum parse parse = read_specials(cases[i].first, cases[i].second, &fault);

		print_message("%u and %u\n", cases[i].first, cases[i].second);
		assert_int_equal(parse, cases[i].at ? PARSE_BAD : PARSE_DONE);
		if (!cases[i].at)
			continue;
		assert_string_equal(fault.cause, "xmpp_specials_too_many");
		assert_int_equal(fault.offset_bytes, cases[i].at);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(characters_that_are_dear_to_read_are_counted),
		cmocka_unit_test(headers_of_real_servers_are_read),
		cmocka_unit_test(bytes_behind_the_header_are_not_looked_at),
		cmocka_unit_test(unicode_domains_are_left_to_idna),
		cmocka_unit_test(each_bad_header_has_its_cause),
		cmocka_unit_test(other_protocols_are_refused_at_their_first_byte),
		cmocka_unit_test(what_never_ends_is_refused_at_the_limit),
		cmocka_unit_test(the_limits_are_exact),
		cmocka_unit_test(usual_headers_are_read_as_any_others),
		cmocka_unit_test(what_stands_in_a_value_is_judged_wherever_it_stands),
		cmocka_unit_test(what_is_too_long_is_so_from_its_beginning),
		cmocka_unit_test(attributes_are_counted),
		cmocka_unit_test(any_changed_byte_gets_one_answer_for_every_split),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
