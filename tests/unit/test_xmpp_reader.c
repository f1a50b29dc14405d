/* SPDX-License-Identifier: BSD-3-Clause */
/* The stream reader. */
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>

#include "control/xmpp/reader.h"
#include "control/xmpp/xml.h"

#define HEAD                                                                                       \
	"<stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams' "    \
	"to='a.example' from='b.example' version='1.0'>"

static const struct reader_limits *const partner = &reader_limits_partner;

static void put_element(struct text *out, const struct element *e)
{
	text_puts(out, "<{");
	text_put(out, e->ns);
	text_putc(out, '}');
	text_put(out, e->name);
	for (const struct attribute *a = e->attributes; a; a = a->next) {
		text_puts(out, " {");
		text_put(out, a->ns);
		text_putc(out, '}');
		text_put(out, a->name);
		text_putc(out, '=');
		text_put(out, a->value);
	}
	text_putc(out, '>');
	text_put(out, e->text);
	for (const struct element *c = e->first_child; c; c = c->next)
		put_element(out, c);
	text_puts(out, "</>");
}

/* Take all events that `bytes` complete. False when there will be no more. */
static bool feed(struct reader *r, struct view bytes, struct text *log)
{
	for (;;) {
		const struct reader_header *h = reader_header(r);

		switch (reader_next(r, &bytes)) {
		case READER_MORE:
			assert_int_equal(bytes.len, 0);
			return true;
		case READER_HEADER:
			text_printf(log, "H[%.*s|%.*s|%.*s|%.*s]", VIEW_ARG(h->to),
				VIEW_ARG(h->from), VIEW_ARG(h->id), VIEW_ARG(h->lang));
			break;
		case READER_STANZA:
			text_puts(log, "S");
			put_element(log, reader_stanza(r));
			text_printf(log, "(%.*s)", VIEW_ARG(element_lang(reader_stanza(r))));
			break;
		case READER_END:
			text_puts(log, "E");
			return false;
		case READER_ERROR:
			text_printf(log, "!%s:%s", stream_condition_name(reader_condition(r)),
				reader_cause(r));
			return false;
		}
	}
}

static void feed_string(struct reader *r, const char *bytes, struct text *log)
{
	feed(r, view_of(bytes), log);
}

static char *log_of_pieces(struct view input, uint32_t first, uint32_t piece, bool sleepy)
{
	struct reader *r = reader_new(partner);
	struct text log;
	uint32_t at = 0;
	bool more = true;

	text_init(&log, 1 << 20);
	while (more && at < input.len) {
		uint32_t n = at == 0 && first ? first : piece;

		more = feed(r, view_sub(input, at, n), &log);
		at += n;
		if (sleepy)
			reader_sleep(r);
	}
	reader_free(r);
	if (!log.p)
		text_puts(&log, "");
	return log.p;
}

static char *log_of(const char *input)
{
	return log_of_pieces(view_of(input), 0, UINT32_MAX, false);
}

static const char transcript[] =
	"<?xml version='1.0' encoding='utf-8'?>\n"
	"<s:stream xmlns='jabber:server' xmlns:s='http://etherx.jabber.org/streams' "
	"xmlns:db='jabber:server:dialback' to='a.example' from='b.example' id='' "
	"xml:lang='de' version='1.0'>"
	"<s:features/> \n"
	"<message to='x@a.example' from='y@b.example' id='1'><body>a &lt;&#x20AC;&amp; \xc3\xa4"
	"<![CDATA[<b>&amp;]]></body><x xmlns='urn:x' db:y='z'>t<q/>u</x></message>\r\n \t"
	"<iq xml:lang='en' id=\"'\"><db:thing/></iq>"
	"</s:stream>";

static const char transcript_log[] =
	"H[a.example|b.example||de]"
	"S<{http://etherx.jabber.org/streams}features></>(de)"
	"S<{jabber:server}message {}to=x@a.example {}from=y@b.example {}id=1>"
	"<{jabber:server}body>a <\xe2\x82\xac& \xc3\xa4<b>&amp;</>"
	"<{urn:x}x {jabber:server:dialback}y=z>tu<{urn:x}q></></></>(de)"
	"S<{jabber:server}iq {http://www.w3.org/XML/1998/namespace}lang=en {}id='>"
	"<{jabber:server:dialback}thing></></>(en)"
	"E";

static void a_stream_reads_the_same_however_it_is_split(void **state)
{
	struct view all = VIEW(transcript);

	for (int sleepy = 0; sleepy < 2; sleepy++) {
		for (uint32_t first = 0; first <= all.len; first++) {
			char *log = log_of_pieces(all, first, UINT32_MAX, sleepy);

			if (strcmp(log, transcript_log) != 0)
				fail_msg("split at %u, sleepy %d: %s", first, sleepy, log);
			free(log);
		}
		for (uint32_t piece = 1; piece < 40; piece++) {
			char *log = log_of_pieces(all, 0, piece, sleepy);

			if (strcmp(log, transcript_log) != 0)
				fail_msg("pieces of %u, sleepy %d: %s", piece, sleepy, log);
			free(log);
		}
	}
}

static const struct {
	const char *what, *input, *log;
} refusals[] = {
	{"HTTP", "GET / HTTP/1.1\r\n\r\n", "!not-well-formed:not_well_formed"},
	{"byte order mark", "\xef\xbb\xbf" HEAD, "!not-well-formed:byte_order_mark"},
	{"UTF-16 mark", "\xff\xfe<", "!unsupported-encoding:encoding"},
	{"UTF-16 mark, big endian", "\xfe\xff", "!unsupported-encoding:encoding"},
	{"declared Latin 1", "<?xml version='1.0' encoding='ISO-8859-1'?>" HEAD,
		"!unsupported-encoding:encoding"},
	{"declared UTF-16", "<?xml version='1.0' encoding='UTF-16'?>" HEAD,
		"!unsupported-encoding:encoding"},
	{"XML 1.1", "<?xml version='1.1'?>" HEAD, "!bad-format:xml_version"},
	{"declaration twice", "<?xml version='1.0'?><?xml version='1.0'?>" HEAD,
		"!not-well-formed:not_well_formed"},
	{"declaration behind a blank", " <?xml version='1.0'?>" HEAD,
		"!not-well-formed:not_well_formed"},
	{"declaration behind the header", HEAD "<?xml version='1.0'?>",
		"H[a.example|b.example||]!not-well-formed:not_well_formed"},
	{"DTD", "<!DOCTYPE a [<!ENTITY b 'c'>]>" HEAD, "!restricted-xml:dtd"},
	{"DTD of another place", "<!DOCTYPE a SYSTEM 'http://x/'>" HEAD, "!restricted-xml:dtd"},
	{"billion laughs",
		"<!DOCTYPE l [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;'>"
		"<!ENTITY c '&b;&b;&b;'>]><l>&c;</l>",
		"!restricted-xml:dtd"},
	{"comment before", "<!-- a -->" HEAD, "!restricted-xml:comment"},
	{"comment behind", HEAD "<!-- a -->", "H[a.example|b.example||]!restricted-xml:comment"},
	{"comment in a stanza", HEAD "<message>a<!-- b -->",
		"H[a.example|b.example||]!restricted-xml:comment"},
	{"instruction before", "<?a b?>" HEAD, "!restricted-xml:processing_instruction"},
	{"instruction in a stanza", HEAD "<message><?a b?>",
		"H[a.example|b.example||]!restricted-xml:processing_instruction"},
	{"entity", HEAD "<message>&a;", "H[a.example|b.example||]!restricted-xml:entity"},
	{"entity in an attribute", HEAD "<message a='&a;'>",
		"H[a.example|b.example||]!restricted-xml:entity"},
	{"reference to a control", HEAD "<message>&#1;",
		"H[a.example|b.example||]!not-well-formed:not_well_formed"},
	{"reference to a surrogate", HEAD "<message>&#xD800;",
		"H[a.example|b.example||]!not-well-formed:not_well_formed"},
	{"control", HEAD "<message>\x02",
		"H[a.example|b.example||]"
		"!not-well-formed:not_xml_character"},
	{"U+FFFF", HEAD "<message>\xef\xbf\xbf",
		"H[a.example|b.example||]"
		"!not-well-formed:not_xml_character"},
	{"overlong", HEAD "<message>\xc0\xbc",
		"H[a.example|b.example||]!unsupported-encoding:invalid_utf8"},
	{"surrogate", HEAD "<message>\xed\xa0\x80",
		"H[a.example|b.example||]!unsupported-encoding:invalid_utf8"},
	{"beyond Unicode", HEAD "<message>\xf4\x90\x80\x80",
		"H[a.example|b.example||]!unsupported-encoding:invalid_utf8"},
	{"cut character", HEAD "<message>\xe2\x82<",
		"H[a.example|b.example||]!unsupported-encoding:invalid_utf8"},
	{"other stream namespace", "<s:stream xmlns='jabber:server' xmlns:s='urn:x' version='1.0'>",
		"!invalid-namespace:not_a_stream"},
	{"no stream namespace", "<stream xmlns='jabber:server' version='1.0'>",
		"!invalid-namespace:not_a_stream"},
	{"other root",
		"<s:x xmlns='jabber:server' "
		"xmlns:s='http://etherx.jabber.org/streams' version='1.0'>",
		"!invalid-namespace:not_a_stream"},
	{"unbound prefix", "<stream:stream xmlns='jabber:server' version='1.0'>",
		"!not-well-formed:unbound_prefix"},
	{"client namespace",
		"<s:stream xmlns='jabber:client' "
		"xmlns:s='http://etherx.jabber.org/streams' version='1.0'>",
		"!invalid-namespace:content_namespace"},
	{"no content namespace",
		"<s:stream xmlns:s='http://etherx.jabber.org/streams' version='1.0'>",
		"!invalid-namespace:content_namespace"},
	{"stream without prefix", "<stream xmlns='http://etherx.jabber.org/streams' version='1.0'>",
		"!bad-namespace-prefix:stream_without_prefix"},
	{"no version",
		"<s:stream xmlns='jabber:server' "
		"xmlns:s='http://etherx.jabber.org/streams'>",
		"!unsupported-version:version"},
	{"version 0.9",
		"<s:stream xmlns='jabber:server' version='0.9' "
		"xmlns:s='http://etherx.jabber.org/streams'>",
		"!unsupported-version:version"},
	{"version 2.0",
		"<s:stream xmlns='jabber:server' version='2.0' "
		"xmlns:s='http://etherx.jabber.org/streams'>",
		"!unsupported-version:version"},
	{"version of letters",
		"<s:stream xmlns='jabber:server' version='1.x' "
		"xmlns:s='http://etherx.jabber.org/streams'>",
		"!unsupported-version:version"},
	{"attribute twice", "<stream:stream to='a' to='b'>",
		"!not-well-formed:duplicate_attribute"},
	{"stanza of clients", HEAD "<message xmlns='jabber:client'/>",
		"H[a.example|b.example||]!invalid-namespace:client_namespace"},
	{"stanza with prefix", HEAD "<x:message xmlns:x='jabber:server'/>",
		"H[a.example|b.example||]!bad-namespace-prefix:content_with_prefix"},
	{"body with prefix", HEAD "<message><x:body xmlns:x='jabber:server'/></message>",
		"H[a.example|b.example||]!bad-namespace-prefix:content_with_prefix"},
	{"stream element without prefix", HEAD "<error xmlns='http://etherx.jabber.org/streams'/>",
		"H[a.example|b.example||]"
		"!bad-namespace-prefix:stream_element_without_prefix"},
	{"unknown stanza", HEAD "<foo/>",
		"H[a.example|b.example||]!unsupported-stanza-type:unknown_element"},
	{"unknown namespace", HEAD "<message xmlns='urn:x'/>",
		"H[a.example|b.example||]!unsupported-stanza-type:unknown_element"},
	{"unknown of dialback", HEAD "<db:other xmlns:db='jabber:server:dialback'/>",
		"H[a.example|b.example||]!unsupported-stanza-type:unknown_element"},
	{"compression", HEAD "<compress xmlns='http://jabber.org/protocol/compress'/>",
		"H[a.example|b.example||]!unsupported-stanza-type:unknown_element"},
	{"stream in the stream", HEAD "<stream:stream>",
		"H[a.example|b.example||]!unsupported-stanza-type:unknown_element"},
	{"text", HEAD "hello", "H[a.example|b.example||]!bad-format:text_between_stanzas"},
	{"text by reference", HEAD "&#65;",
		"H[a.example|b.example||]!bad-format:text_between_stanzas"},
	{"wrong end", HEAD "<message></iq>",
		"H[a.example|b.example||]!not-well-formed:not_well_formed"},
	{"separator in a namespace", HEAD "<message><a xmlns='x&#1;y'/>",
		"H[a.example|b.example||]!not-well-formed:not_well_formed"},
};

static void what_may_not_be_is_refused_by_name(void **state)
{
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		struct view all = view_of(refusals[i].input);

		for (uint32_t piece = 1; piece <= all.len; piece += all.len > 1 ? all.len - 1 : 1) {
			char *log = log_of_pieces(all, 0, piece, false);

			if (strcmp(log, refusals[i].log) != 0)
				fail_msg("%s in pieces of %u: %s", refusals[i].what, piece, log);
			free(log);
		}
	}
}

static void a_nul_byte_is_no_character(void **state)
{
	char *log = log_of_pieces(VIEW(HEAD "<message>\0</message>"), 0, UINT32_MAX, false);

	assert_string_equal(log, "H[a.example|b.example||]!not-well-formed:not_xml_character");
	free(log);
	log = log_of_pieces(VIEW("<\0s\0t\0"), 0, UINT32_MAX, false);
	assert_string_equal(log, "!unsupported-encoding:encoding");
	free(log);
}

static void what_comes_before_a_bad_byte_still_counts(void **state)
{
	char *log = log_of(HEAD "<message/><iq/>\xff");

	assert_non_null(strstr(log, "message"));
	assert_non_null(strstr(log, "iq"));
	assert_non_null(strstr(log, "!unsupported-encoding:invalid_utf8"));
	free(log);
}

/* HEAD, then <message><body>, filler, </body></message>: exactly `bytes` for the stanza. */
static char *log_of_stanza(uint32_t bytes, const struct reader_limits *limits)
{
	static const char open[] = "<message><body>", close[] = "</body></message>";
	struct reader *r = reader_new(limits);
	struct text log;
	struct text in;

	text_init(&log, 8 << 20);
	text_init(&in, 8 << 20);
	text_puts(&in, HEAD);
	text_puts(&in, open);
	while (in.len < sizeof(HEAD) - 1 + bytes - (sizeof(close) - 1))
		text_putc(&in, 'x');
	text_puts(&in, close);
	assert_int_equal(in.len, sizeof(HEAD) - 1 + bytes);
	feed(r, text_view(&in), &log);
	text_free(&in);
	reader_free(r);
	return log.p;
}

static void a_stanza_of_the_limit_passes_and_one_byte_more_does_not(void **state)
{
	static const struct reader_limits *const limits[] = {
		&reader_limits_stranger, &reader_limits_partner};

	for (size_t i = 0; i < 2; i++) {
		char *log = log_of_stanza(limits[i]->stanza_bytes, limits[i]);

		if (!strstr(log, "</></>"))
			fail_msg("%.200s", log);
		assert_null(strstr(log, "!policy"));
		free(log);
		log = log_of_stanza(limits[i]->stanza_bytes + 1, limits[i]);
		assert_string_equal(
			log, "H[a.example|b.example||]!policy-violation:stanza_too_big");
		free(log);
	}
}

/* Feed `unit` again and again behind `start`; what did it hold at most, and what came of it? */
static size_t peak_of_endless(
	const struct reader_limits *limits, const char *start, const char *unit, struct text *log)
{
	struct reader *r = reader_new(limits);
	size_t peak = 0;
	bool more = feed(r, view_of(start), log);

	for (uint32_t i = 0; more && i < (64u << 20) / strlen(unit); i++) {
		more = feed(r, view_of(unit), log);
		if (reader_memory_bytes(r) > peak)
			peak = reader_memory_bytes(r);
	}
	assert_false(more);
	reader_free(r);
	return peak;
}

static void what_never_ends_is_stopped_with_bounded_memory(void **state)
{
	static const struct {
		const char *start, *unit, *cause;
	} cases[] = {
		{"<", "stream", "too_many_pieces"},
		{"", "\n", "header_too_big"},
		{"<stream:stream a='", "0123456789abcdef", NULL},
		{HEAD "<message>", "some text ", "stanza_too_big"},
		{HEAD "<message to='", "0123456789abcdef0123456789abcdef", NULL},
		{HEAD "<message><![CDATA[", "x]]y<", "stanza_too_big"},
		{HEAD "<message>", "<a/>", NULL},
		{HEAD "<message>", "<a xmlns='urn:a' b='c'/>", NULL},
		{HEAD "<message><!--", "comment", NULL},
		{HEAD, "<", NULL},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (int known = 0; known < 2; known++) {
			const struct reader_limits *limits =
				known ? &reader_limits_partner : &reader_limits_stranger;
			struct text log;
			size_t peak;

			text_init(&log, 4096);
			peak = peak_of_endless(limits, cases[i].start, cases[i].unit, &log);
			if (peak > limits->memory_bytes)
				fail_msg("%s%s: %zu bytes", cases[i].start, cases[i].unit, peak);
			if (cases[i].cause && !strstr(log.p, cases[i].cause))
				fail_msg("%s%s: %s", cases[i].start, cases[i].unit, log.p);
			text_free(&log);
		}
	}
}

static void nesting_has_a_limit(void **state)
{
	for (uint32_t depth = 63; depth <= 65; depth++) {
		struct text in;
		char *log;

		text_init(&in, 65536);
		text_puts(&in, HEAD "<message>");
		for (uint32_t i = 1; i < depth; i++)
			text_puts(&in, "<a>");
		for (uint32_t i = 1; i < depth; i++)
			text_puts(&in, "</a>");
		text_puts(&in, "</message>");
		log = log_of(in.p);
		assert_int_equal(strstr(log, "!policy-violation:too_deep") != NULL, depth > 64);
		free(log);
		text_free(&in);
	}
}

static void attributes_and_namespaces_have_limits(void **state)
{
	for (uint32_t count = 16; count <= 65; count++) {
		struct text in;
		char *log;

		text_init(&in, 65536);
		text_puts(&in, HEAD "<message");
		for (uint32_t i = 0; i < count; i++)
			text_printf(&in, " a%u='b'", i);
		text_puts(&in, "/>");
		log = log_of(in.p);
		assert_int_equal(
			strstr(log, "!policy-violation:too_many_attributes") != NULL, count > 64);
		free(log);
		text_reset(&in);
		text_puts(&in, HEAD "<message");
		for (uint32_t i = 0; i < count; i++)
			text_printf(&in, " xmlns:a%u='b'", i);
		text_puts(&in, "/>");
		log = log_of(in.p);
		assert_int_equal(
			strstr(log, "!policy-violation:too_many_namespaces") != NULL, count > 16);
		free(log);
		text_free(&in);
	}
}

static void an_attribute_value_has_a_limit(void **state)
{
	for (uint32_t bytes = 16384; bytes <= 16385; bytes++) {
		struct text in;
		char *log;

		text_init(&in, 65536);
		text_puts(&in, HEAD "<message a='");
		for (uint32_t i = 0; i < bytes; i++)
			text_putc(&in, 'x');
		text_puts(&in, "'/>");
		log = log_of(in.p);
		assert_int_equal(
			strstr(log, "!policy-violation:attribute_too_big") != NULL, bytes > 16384);
		free(log);
		text_free(&in);
	}
}

static void one_token_in_very_many_pieces_is_refused_before_it_costs_much(void **state)
{
	struct reader *r = reader_new(partner);
	struct text log;
	uint32_t fed = 0;

	text_init(&log, 4096);
	feed_string(r, HEAD "<message a='", &log);
	while (feed(r, VIEW(">"), &log))
		fed++;
	assert_non_null(strstr(log.p, "!policy-violation:too_many_pieces"));
	/* 64 x 256 KiB are looked at when n (n + 1) / 2 of them have come. */
	assert_in_range(fed, 5000, 6000);
	reader_free(r);
	text_free(&log);
}

static void keepalives_for_ever_cost_nothing(void **state)
{
	struct reader *r = reader_new(partner);
	struct text log;
	size_t before;

	text_init(&log, 4096);
	feed_string(r, HEAD "<iq/>", &log);
	before = reader_memory_bytes(r);
	for (int i = 0; i < 100000; i++)
		assert_true(feed(r, VIEW(" "), &log));
	assert_in_range(reader_memory_bytes(r), 0, before);
	assert_true(reader_sleep(r));
	for (int i = 0; i < 1000; i++)
		assert_true(feed(r, VIEW("\r\n"), &log));
	assert_in_range(reader_memory_bytes(r), 0, 4096);
	reader_free(r);
	text_free(&log);
}

static void names_without_end_do_not_pile_up(void **state)
{
	struct reader *r = reader_new(partner);
	struct text log;

	text_init(&log, 256 << 20);
	feed_string(r, HEAD, &log);
	for (int i = 0; i < 50000; i++) {
		char stanza[128];

		snprintf(stanza, sizeof(stanza), "<iq a%d='b'><n%d xmlns:p%d='q'/></iq>", i, i, i);
		assert_true(feed(r, view_of(stanza), &log));
		assert_in_range(reader_memory_bytes(r), 0, 256 * 1024);
	}
	reader_free(r);
	text_free(&log);
}

static void a_sleeping_reader_holds_almost_nothing_and_wakes(void **state)
{
	struct reader *r = reader_new(partner);
	struct text log;

	text_init(&log, 4096);
	feed_string(r, HEAD "<iq id='1'/>", &log);
	assert_in_range(reader_memory_bytes(r), 8000, 32000);
	assert_true(reader_sleep(r));
	assert_in_range(reader_memory_bytes(r), 0, 4096);
	assert_false(reader_sleep(r));
	text_reset(&log);
	feed_string(r, "<iq id='2'/>", &log);
	assert_string_equal(log.p, "S<{jabber:server}iq {}id=2></>()");
	reader_free(r);
	text_free(&log);
}

static void a_reader_does_not_sleep_inside_anything(void **state)
{
	static const char *const open[] = {
		"<iq>", "<iq", "<iq/><", "<iq><a/></iq><message>x", "\xc3"};

	for (size_t i = 0; i < sizeof(open) / sizeof(open[0]); i++) {
		struct reader *r = reader_new(partner);
		struct text log;

		text_init(&log, 4096);
		assert_false(reader_sleep(r));
		feed_string(r, "<", &log);
		assert_false(reader_sleep(r));
		feed_string(r, &HEAD[1], &log);
		feed_string(r, open[i], &log);
		if (reader_sleep(r))
			fail_msg("slept behind %s", open[i]);
		reader_free(r);
		text_free(&log);
	}
}

static void bytes_behind_an_event_are_seen(void **state)
{
	static const struct {
		const char *behind;
		bool rest;
	} cases[] = {{"", false}, {" ", true}, {"\xff", true}, {"<", true}, {"<iq/>", true}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (int empty = 0; empty < 2; empty++) {
			struct reader *r = reader_new(partner);
			struct text bytes;
			struct view input;

			text_init(&bytes, 4096);
			text_printf(&bytes, HEAD "%s%s", empty ? "<iq/>" : "<iq></iq>",
				cases[i].behind);
			input = text_view(&bytes);
			assert_int_equal(reader_next(r, &input), READER_HEADER);
			assert_true(reader_has_rest(r) || input.len > 0);
			assert_int_equal(reader_next(r, &input), READER_STANZA);
			if ((reader_has_rest(r) || input.len > 0) != cases[i].rest)
				fail_msg("behind '%s'", cases[i].behind);
			reader_free(r);
			text_free(&bytes);
		}
	}
}

static void nothing_is_read_behind_the_end(void **state)
{
	char *log = log_of(HEAD "</stream:stream><<<<");

	assert_string_equal(log, "H[a.example|b.example||]E");
	free(log);
	log = log_of("<s:stream xmlns='jabber:server' "
		     "xmlns:s='http://etherx.jabber.org/streams' version='1.7'/>");
	assert_string_equal(log, "H[|||]E");
	free(log);
}

static void writing_escapes_and_drops(void **state)
{
	static const struct {
		const char *in, *text, *attribute;
	} cases[] = {
		{"plain", "plain", " a='plain'"},
		{"<&>\"'", "&lt;&amp;&gt;&quot;&apos;", " a='&lt;&amp;&gt;&quot;&apos;'"},
		{"a\tb\nc\rd", "a\tb\nc&#13;d", " a='a&#9;b&#10;c&#13;d'"},
		{"a\x01\x1f z\x7f", "a z\x7f", " a='a z\x7f'"},
		{"\xef\xbf\xbe\xef\xbf\xbf\xf0\x9f\x98\x80\x02", "\xf0\x9f\x98\x80",
			" a='\xf0\x9f\x98\x80'"},
	};
	static const char *const invalid[] = {
		"\xff", "a\xc0\x80", "\xed\xa0\x80", "abc\xe2\x82", "\x80", "\xf5\x80\x80\x80"};
	char buffer[256];
	struct text t;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		text_fixed(&t, buffer, sizeof(buffer));
		xml_put_text(&t, view_of(cases[i].in));
		assert_string_equal(buffer, cases[i].text);
		text_fixed(&t, buffer, sizeof(buffer));
		xml_put_attribute(&t, "a", view_of(cases[i].in));
		assert_string_equal(buffer, cases[i].attribute);
		assert_false(t.failed);
	}
	for (size_t i = 0; i < sizeof(invalid) / sizeof(invalid[0]); i++) {
		text_fixed(&t, buffer, sizeof(buffer));
		xml_put_text(&t, view_of(invalid[i]));
		if (!t.failed || xml_is_text(view_of(invalid[i])))
			fail_msg("invalid case %zu passed", i);
	}
	assert_true(xml_is_text(VIEW("\xc3\xa4\t\n")));
	assert_false(xml_is_text(VIEW("a\x0b")));
}

static void elements_are_found_by_name_and_namespace(void **state)
{
	struct view in = VIEW(HEAD "<message b='1'><x xmlns='urn:a'/><body>1</body><x/>"
				   "<body xml:lang='fr'><i/></body></message>");
	struct reader *r = reader_new(partner);
	const struct element *m;
	const struct element *body;
	bool found;

	assert_int_equal(reader_next(r, &in), READER_HEADER);
	assert_int_equal(reader_next(r, &in), READER_STANZA);
	m = reader_stanza(r);
	assert_true(element_is(m, NS_SERVER, VIEW("message")));
	assert_false(element_is(m, NS_STREAM, VIEW("message")));
	assert_false(element_is(NULL, NS_STREAM, VIEW("message")));
	body = element_child(m, NS_SERVER, VIEW("body"));
	assert_true(view_equal(body->text, VIEW("1")));
	body = element_next(body);
	assert_true(view_equal(element_lang(body->first_child), VIEW("fr")));
	assert_null(element_next(body));
	assert_null(element_child(m, NS_TLS, VIEW("x")));
	assert_true(view_equal(element_attribute(m, VIEW("b"), &found), VIEW("1")));
	assert_true(found);
	assert_int_equal(element_attribute(m, VIEW("c"), &found).len, 0);
	assert_false(found);
	reader_free(r);
}

static void conditions_are_known_by_name(void **state)
{
	assert_string_equal(
		stream_condition_name(STREAM_UNSUPPORTED_VERSION), "unsupported-version");
	assert_int_equal(STREAM_UNSUPPORTED_VERSION, 25);
	for (unsigned i = 1; i <= 25; i++) {
		const char *name = stream_condition_name((enum stream_condition)i);

		assert_int_equal(stream_condition_from_name(view_of(name)), i);
	}
	assert_int_equal(
		stream_condition_from_name(VIEW("xml-not-well-formed")), STREAM_NOT_WELL_FORMED);
	assert_int_equal(stream_condition_from_name(VIEW("")), STREAM_UNDEFINED_CONDITION);
	assert_int_equal(stream_condition_from_name(VIEW("foo")), STREAM_UNDEFINED_CONDITION);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stream_reads_the_same_however_it_is_split),
		cmocka_unit_test(what_may_not_be_is_refused_by_name),
		cmocka_unit_test(a_nul_byte_is_no_character),
		cmocka_unit_test(what_comes_before_a_bad_byte_still_counts),
		cmocka_unit_test(a_stanza_of_the_limit_passes_and_one_byte_more_does_not),
		cmocka_unit_test(what_never_ends_is_stopped_with_bounded_memory),
		cmocka_unit_test(nesting_has_a_limit),
		cmocka_unit_test(attributes_and_namespaces_have_limits),
		cmocka_unit_test(an_attribute_value_has_a_limit),
		cmocka_unit_test(one_token_in_very_many_pieces_is_refused_before_it_costs_much),
		cmocka_unit_test(keepalives_for_ever_cost_nothing),
		cmocka_unit_test(names_without_end_do_not_pile_up),
		cmocka_unit_test(a_sleeping_reader_holds_almost_nothing_and_wakes),
		cmocka_unit_test(a_reader_does_not_sleep_inside_anything),
		cmocka_unit_test(bytes_behind_an_event_are_seen),
		cmocka_unit_test(nothing_is_read_behind_the_end),
		cmocka_unit_test(writing_escapes_and_drops),
		cmocka_unit_test(elements_are_found_by_name_and_namespace),
		cmocka_unit_test(conditions_are_known_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
