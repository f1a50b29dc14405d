/* SPDX-License-Identifier: BSD-3-Clause */
/* Stanzas to parcels and parcels to stanzas; whatever is written is read back by the stream reader. */
#include "tests/unit/test.h"

#include <errno.h>
#include <stdio.h>

#include "control/parcel/xmpp_codec.h"
#include "tests/unit/parcel_check.h"
#include "tests/unit/stanza.h"

enum { STANZA_MAX_BYTES = 16 * 1024 };

#define FROM_TO "from='juliet@xmpp.example/balcony' to='romeo@sip.example'"

struct got {
	struct reader *reader;
	const struct element *stanza;
	struct parcel parcel;
	struct stanza_error refuse;
	int result;
};

static void read_in(struct got *g, const char *xml, const char *lang)
{
	g->stanza = stanza_read(view_of(xml), lang, &g->reader);
	if (!g->stanza)
		fail_msg("the reader refused %s", xml);
	g->result = parcel_from_stanza(g->stanza, &g->parcel, &g->refuse);
}

static void a_message_becomes_a_parcel(void **state)
{
	struct got g;

	read_in(&g,
		"<message " FROM_TO " id='m1' type='chat' xml:lang='de'>"
		"<subject>Gr\u00fc\u00dfe</subject><body>&lt;Hallo&gt; &amp; 'so'</body>"
		"<thread parent='x'>e0ffe42b28561960</thread>"
		"<active xmlns='http://jabber.org/protocol/chatstates'/></message>",
		NULL);
	assert_int_equal(g.result, 0);
	assert_int_equal(g.parcel.kind, PARCEL_MESSAGE);
	assert_jid(&g.parcel.from, "juliet@xmpp.example/balcony");
	assert_jid(&g.parcel.to, "romeo@sip.example");
	assert_view(g.parcel.id, "m1");
	assert_view(g.parcel.subject, "Gr\u00fc\u00dfe");
	assert_view(g.parcel.body, "<Hallo> & 'so'");
	assert_view(g.parcel.thread, "e0ffe42b28561960");
	assert_view(g.parcel.lang, "de");
	assert_true(g.parcel.is_chat);
	reader_free(g.reader);
}

static void the_body_is_chosen_by_language(void **state)
{
	static const struct {
		const char *stanza_lang, *stream_lang, *bodies, *body, *lang;
	} cases[] = {
		{"", NULL, "<body>one</body><body>two</body>", "one", ""},
		{"xml:lang='de'", NULL, "<body xml:lang='en'>en</body><body>de</body>", "de", "de"},
		{"xml:lang='de'", NULL,
			"<body xml:lang='en'>en</body><body xml:lang='DE'>de</body>", "de", "DE"},
		{"xml:lang='fr'", NULL,
			"<body xml:lang='en'>en</body><body xml:lang='de'>de</body>", "en", "en"},
		{"", "cs", "<body xml:lang='en'>en</body><body>cs</body>", "cs", "cs"},
		{"", NULL, "<body xml:lang='en'>en</body><body>none</body>", "none", ""},
		{"xml:lang='not a tag'", NULL, "<body>x</body>", "x", ""},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char xml[512];
		struct got g;

		snprintf(xml, sizeof(xml), "<message " FROM_TO " %s>%s</message>",
			cases[i].stanza_lang, cases[i].bodies);
		read_in(&g, xml, cases[i].stream_lang);
		if (g.result != 0 || !view_equal(g.parcel.body, view_of(cases[i].body)) ||
			!view_equal(g.parcel.lang, view_of(cases[i].lang)))
			fail_msg("%s: %d '%.*s' in '%.*s'", xml, g.result, VIEW_ARG(g.parcel.body),
				VIEW_ARG(g.parcel.lang));
		reader_free(g.reader);
	}
}

static void what_is_no_message_to_a_person_is_dropped_without_an_answer(void **state)
{
	static const char *const cases[] = {
		"<message " FROM_TO "/>",
		"<message " FROM_TO "><body/></message>",
		"<message " FROM_TO "><subject>only</subject></message>",
		"<message " FROM_TO " type='chat'>"
		"<composing xmlns='http://jabber.org/protocol/chatstates'/></message>",
		"<message " FROM_TO "><received xmlns='urn:xmpp:receipts' id='a'/></message>",
		"<message " FROM_TO "><body xmlns='urn:other'>x</body></message>",
		"<message " FROM_TO "><x xmlns='urn:other'><body xmlns='jabber:server'>x</body></x>"
		"</message>",
		"<message " FROM_TO " type='headline'><body>news</body></message>",
		"<message " FROM_TO "><body>x</body><received xmlns='urn:xmpp:carbons:2'>"
		"<forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client' "
		"from='ceo@sip.example' to='a@b.example'><body>pay</body></message></forwarded>"
		"</received></message>",
		"<message " FROM_TO "><sent xmlns='urn:xmpp:carbons:2'/><body>x</body></message>",
		"<message " FROM_TO "><forwarded xmlns='urn:xmpp:forward:0'/><body>x</body>"
		"</message>",
		"<message " FROM_TO "><result xmlns='urn:xmpp:mam:2'/><body>x</body></message>",
		"<message " FROM_TO "><event xmlns='http://jabber.org/protocol/pubsub#event'/>"
		"<body>x</body></message>",
		"<message " FROM_TO "><encrypted xmlns='eu.siacs.conversations.axolotl'/>"
		"</message>",
		"<message " FROM_TO " type='error'><body>x</body></message>",
		"<message from='a@\u05d0b@x' to='romeo@sip.example' type='error'><error type='auth'>"
		"<forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>",
		"<presence " FROM_TO "/>",
		"<iq " FROM_TO " type='get' id='1'><ping xmlns='urn:xmpp:ping'/></iq>",
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct got g;

		read_in(&g, cases[i], NULL);
		if (g.result != -ENOMSG)
			fail_msg("%s: %d", cases[i], g.result);
		reader_free(g.reader);
	}
}

static void what_cannot_be_carried_goes_back_with_its_condition(void **state)
{
	static const struct {
		const char *xml;
		enum stanza_condition condition;
	} cases[] = {
		{"<message " FROM_TO " type='groupchat'><body>x</body></message>",
			STANZA_SERVICE_UNAVAILABLE},
		{"<message from='a@x.example' to='sip.example'><body>x</body></message>",
			STANZA_SERVICE_UNAVAILABLE},
		{"<message from='a@x.example' to='a\u2163@sip.example'><body>x</body></message>",
			STANZA_JID_MALFORMED},
		{"<message from='a\u265a@x.example' to='a@sip.example'><body>x</body></message>",
			STANZA_JID_MALFORMED},
		{"<message from='a@x.example' to='a\\5cb@sip.example'><body>x</body></message>",
			STANZA_ITEM_NOT_FOUND},
		{"<message from='a\\5cb@x.example' to='a@sip.example'><body>x</body></message>",
			STANZA_JID_MALFORMED},
		{"<message " FROM_TO "><encrypted xmlns='eu.siacs.conversations.axolotl'/>"
		 "<body>fallback</body></message>",
			STANZA_NOT_ACCEPTABLE},
		{"<message " FROM_TO "><x xmlns='jabber:x:encrypted'>-</x><body>fallback</body>"
		 "</message>",
			STANZA_NOT_ACCEPTABLE},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct got g;

		read_in(&g, cases[i].xml, NULL);
		if (g.result != -EINVAL || g.refuse.condition != cases[i].condition)
			fail_msg("%s: %d %s", cases[i].xml, g.result,
				stanza_condition_name(g.refuse.condition));
		assert_true(g.refuse.text.len > 0);
		reader_free(g.reader);
	}
}

static void text_that_is_no_xml_is_refused_even_if_a_reader_let_it_through(void **state)
{
	struct attribute from = {.name = VIEW("from"), .value = VIEW("a@x.example")};
	struct attribute to = {.name = VIEW("to"), .value = VIEW("b@sip.example"), .next = &from};
	struct element message = {.ns = NS_SERVER, .name = VIEW("message"), .attributes = &to};
	struct element body = {.ns = NS_SERVER, .name = VIEW("body"), .parent = &message};
	struct parcel parcel;
	struct stanza_error refuse;

	message.first_child = message.last_child = &body;
	body.text = VIEW("fine");
	assert_int_equal(parcel_from_stanza(&message, &parcel, &refuse), 0);
	body.text = VIEW("a\0b");
	assert_int_equal(parcel_from_stanza(&message, &parcel, &refuse), -EINVAL);
	assert_int_equal(refuse.condition, STANZA_BAD_REQUEST);
	body.text = VIEW("a\xff");
	assert_int_equal(parcel_from_stanza(&message, &parcel, &refuse), -EINVAL);
	assert_int_equal(refuse.condition, STANZA_BAD_REQUEST);
}

static void an_error_that_came_back_is_read(void **state)
{
	static const struct {
		const char *children;
		enum stanza_condition condition;
		const char *text;
	} cases[] = {
		{"<error type='cancel'>"
		 "<item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>",
			STANZA_ITEM_NOT_FOUND, ""},
		{"<body>what was sent</body><error type='cancel'>"
		 "<text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>no &lt;one&gt;</text>"
		 "<service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
		 "<x xmlns='urn:app'/></error>",
			STANZA_SERVICE_UNAVAILABLE, "no <one>"},
		{"<error type='cancel'><item-not-found xmlns='urn:wrong'/></error>",
			STANZA_UNDEFINED_CONDITION, ""},
		{"<error type='cancel'/>", STANZA_UNDEFINED_CONDITION, ""},
		{"<error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>"
		 "xmpp:new@x.example</gone></error>",
			STANZA_GONE, ""},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char xml[1024];
		struct got g;

		snprintf(xml, sizeof(xml), "<message " FROM_TO " type='error' id='q7'>%s</message>",
			cases[i].children);
		read_in(&g, xml, NULL);
		if (g.result != 0 || g.parcel.kind != PARCEL_ERROR ||
			g.parcel.error.condition != cases[i].condition ||
			!view_equal(g.parcel.error.text, view_of(cases[i].text)))
			fail_msg("%s: %d %s", xml, g.result,
				stanza_condition_name(g.parcel.error.condition));
		assert_view(g.parcel.id, "q7");
		reader_free(g.reader);
	}
}

static struct parcel sip_parcel(void)
{
	struct parcel p = {.kind = PARCEL_MESSAGE};
	struct fault fault;

	assert_int_equal(address_from_jid(VIEW("romeo@sip.example"), &p.from, &fault), PARSE_DONE);
	assert_int_equal(address_from_jid(VIEW("juliet@xmpp.example"), &p.to, &fault), PARSE_DONE);
	return p;
}

static void a_parcel_becomes_a_stanza_without_a_type(void **state)
{
	struct parcel p = sip_parcel();
	char buffer[STANZA_MAX_BYTES];
	struct text out;

	p.subject = VIEW("S & T");
	p.body = VIEW("<b> \"q\" 'a'\nline");
	p.thread = VIEW("call@host");
	p.lang = VIEW("de");
	text_fixed(&out, buffer, sizeof(buffer));
	parcel_put_stanza(&p, VIEW("id-1"), &out);
	assert_false(out.failed);
	assert_string_equal(buffer,
		"<message from='romeo@sip.example' to='juliet@xmpp.example' id='id-1' "
		"xml:lang='de'><subject>S &amp; T</subject>"
		"<body>&lt;b&gt; &quot;q&quot; &apos;a&apos;\nline</body>"
		"<thread>call@host</thread></message>");
	p.is_chat = true;
	p.lang = VIEW("de'><x/>");
	text_fixed(&out, buffer, sizeof(buffer));
	parcel_put_stanza(&p, VIEW(""), &out);
	assert_string_equal(buffer,
		"<message from='romeo@sip.example' to='juliet@xmpp.example' type='chat'>"
		"<body>&lt;b&gt; &quot;q&quot; &apos;a&apos;\nline</body>"
		"<thread>call@host</thread></message>");
}

static void an_error_parcel_becomes_an_error_stanza(void **state)
{
	struct parcel p = sip_parcel();
	char buffer[STANZA_MAX_BYTES];
	struct text out;

	p.kind = PARCEL_ERROR;
	p.error = (struct stanza_error){STANZA_ITEM_NOT_FOUND, VIEW("<no>")};
	text_fixed(&out, buffer, sizeof(buffer));
	parcel_put_stanza(&p, VIEW("m1"), &out);
	assert_string_equal(buffer,
		"<message from='romeo@sip.example' to='juliet@xmpp.example' id='m1' type='error'>"
		"<error type='cancel'>"
		"<item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
		"<text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas' xml:lang='en'>&lt;no&gt;</text>"
		"</error></message>");
}

static void a_refused_message_is_answered_to_its_sender_with_its_id(void **state)
{
	char buffer[STANZA_MAX_BYTES];
	struct stanza_error error = {STANZA_SERVICE_UNAVAILABLE, {0}};
	struct reader *reader;
	const struct element *back;
	struct parcel parcel;
	struct text out;
	struct got g;

	read_in(&g, "<message " FROM_TO " id='&lt;&apos;&quot;&#10;'><body>x</body></message>",
		NULL);
	assert_int_equal(g.result, 0);
	for (int by_parcel = 0; by_parcel < 2; by_parcel++) {
		text_fixed(&out, buffer, sizeof(buffer));
		if (by_parcel)
			parcel_put_stanza_error(&g.parcel, &error, &out);
		else
			stanza_put_error(g.stanza, &error, &out);
		assert_false(out.failed);
		back = stanza_read(text_view(&out), NULL, &reader);
		assert_non_null(back);
		assert_int_equal(parcel_from_stanza(back, &parcel, &g.refuse), 0);
		assert_int_equal(parcel.kind, PARCEL_ERROR);
		assert_int_equal(parcel.error.condition, STANZA_SERVICE_UNAVAILABLE);
		assert_view(parcel.id, "<'\"\n");
		assert_jid(&parcel.from, "romeo@sip.example");
		assert_jid(&parcel.to, "juliet@xmpp.example/balcony");
		reader_free(reader);
	}
	reader_free(g.reader);
}

static void addresses_that_are_none_are_answered_as_they_came(void **state)
{
	char buffer[STANZA_MAX_BYTES];
	struct stanza_error error = {STANZA_JID_MALFORMED, {0}};
	struct reader *reader;
	const struct element *back;
	struct text out;
	struct got g;
	bool found;

	read_in(&g,
		"<message from='\u265a@x.example' to='a\u2163@sip.example' id='1'><body>x</body>"
		"</message>",
		NULL);
	assert_int_equal(g.result, -EINVAL);
	text_fixed(&out, buffer, sizeof(buffer));
	stanza_put_error(g.stanza, &error, &out);
	back = stanza_read(text_view(&out), NULL, &reader);
	assert_non_null(back);
	assert_view(element_attribute(back, VIEW("to"), &found), "\u265a@x.example");
	assert_view(element_attribute(back, VIEW("from"), &found), "a\u2163@sip.example");
	assert_view(element_attribute(back, VIEW("type"), &found), "error");
	reader_free(reader);
	reader_free(g.reader);
}

static void an_answer_is_of_the_kind_of_the_stanza(void **state)
{
	static const char *const kinds[] = {"message", "iq", "presence"};
	struct stanza_error error = {STANZA_SERVICE_UNAVAILABLE, {0}};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		char stanza[256], buffer[STANZA_MAX_BYTES];
		struct reader *reader, *back_reader;
		const struct element *back;
		struct text out;

		snprintf(stanza, sizeof(stanza), "<%s " FROM_TO " type='get' id='1'/>", kinds[i]);
		text_fixed(&out, buffer, sizeof(buffer));
		stanza_put_error(stanza_read(view_of(stanza), NULL, &reader), &error, &out);
		back = stanza_read(text_view(&out), NULL, &back_reader);
		assert_non_null(back);
		assert_view(back->name, kinds[i]);
		assert_non_null(element_child(back, NS_SERVER, VIEW("error")));
		reader_free(back_reader);
		reader_free(reader);
	}
}

static void an_error_is_never_answered(void **state)
{
	char buffer[STANZA_MAX_BYTES];
	struct stanza_error error = {STANZA_BAD_REQUEST, {0}};
	struct text out;
	struct got g;

	read_in(&g, "<message " FROM_TO " type='error' id='1'><error type='cancel'/></message>",
		NULL);
	text_fixed(&out, buffer, sizeof(buffer));
	stanza_put_error(g.stanza, &error, &out);
	assert_true(out.failed);
	text_fixed(&out, buffer, sizeof(buffer));
	parcel_put_stanza_error(&g.parcel, &error, &out);
	assert_true(out.failed);
	reader_free(g.reader);
}

/* The evil string in each field alone: read back it is one message with that field cleaned and
 * nothing else changed. */
static void no_field_can_break_out_of_its_place(void **state)
{
	static const struct view evil =
		VIEW("x\r\n\0'><y/></body></message><message to=\"v\">&amp;]]>&#0;<![CDATA[");
	static const char cleaned_text[] =
		"x\r\n'><y/></body></message><message to=\"v\">&amp;]]>&#0;<![CDATA[";

	for (int field = 0; field < 5; field++) {
		struct parcel p = sip_parcel();
		char buffer[STANZA_MAX_BYTES];
		struct reader *reader;
		const struct element *back;
		struct stanza_error refuse;
		struct parcel again;
		struct view *fields[] = {&p.body, &p.subject, &p.thread, &p.lang};
		struct view id = VIEW("i");
		struct text out;

		p.body = VIEW("b");
		if (field < 4)
			*fields[field] = evil;
		else
			id = evil;
		text_fixed(&out, buffer, sizeof(buffer));
		parcel_put_stanza(&p, id, &out);
		assert_false(out.failed);
		back = stanza_read(text_view(&out), NULL, &reader);
		if (!back)
			fail_msg("field %d: %s", field, buffer);
		assert_int_equal(parcel_from_stanza(back, &again, &refuse), 0);
		assert_true(address_equal(&again.from, &p.from));
		assert_true(address_equal(&again.to, &p.to));
		assert_view(again.body, field == 0 ? cleaned_text : "b");
		assert_view(again.subject, field == 1 ? cleaned_text : "");
		assert_view(again.thread, field == 2 ? cleaned_text : "");
		assert_view(again.lang, "");
		assert_view(again.id, field == 4 ? cleaned_text : "i");
		reader_free(reader);
	}
}

static void bytes_that_are_not_utf8_fail_the_text(void **state)
{
	struct parcel p = sip_parcel();
	char buffer[STANZA_MAX_BYTES];
	struct text out;

	p.body = VIEW("a\xc0\xbc");
	text_fixed(&out, buffer, sizeof(buffer));
	parcel_put_stanza(&p, VIEW("1"), &out);
	assert_true(out.failed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_becomes_a_parcel),
		cmocka_unit_test(the_body_is_chosen_by_language),
		cmocka_unit_test(what_is_no_message_to_a_person_is_dropped_without_an_answer),
		cmocka_unit_test(what_cannot_be_carried_goes_back_with_its_condition),
		cmocka_unit_test(text_that_is_no_xml_is_refused_even_if_a_reader_let_it_through),
		cmocka_unit_test(an_error_that_came_back_is_read),
		cmocka_unit_test(a_parcel_becomes_a_stanza_without_a_type),
		cmocka_unit_test(an_error_parcel_becomes_an_error_stanza),
		cmocka_unit_test(a_refused_message_is_answered_to_its_sender_with_its_id),
		cmocka_unit_test(addresses_that_are_none_are_answered_as_they_came),
		cmocka_unit_test(an_answer_is_of_the_kind_of_the_stanza),
		cmocka_unit_test(an_error_is_never_answered),
		cmocka_unit_test(no_field_can_break_out_of_its_place),
		cmocka_unit_test(bytes_that_are_not_utf8_fail_the_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
