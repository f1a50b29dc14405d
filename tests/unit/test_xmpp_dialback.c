/* SPDX-License-Identifier: BSD-3-Clause */
/* Dialback keys and packets. */
#include "tests/unit/test.h"

#include <stdio.h>

#include "control/xmpp/dialback.h"
#include "tests/unit/stanza.h"

#define DB " xmlns:db='jabber:server:dialback'"
#define STANZA_ERROR(x)                                                                            \
	"<error type='cancel'><" x " xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"

/* XEP-0220's example flow, both ways, and the example of XEP-0185. */
static const struct {
	const char *secret, *receiving, *originating, *id, *key;
} vectors[] = {
	{"s3cr3tf0rd14lb4ck", "montague.example", "capulet.example", "D60000229F",
		"b4835385f37fe2895af6c196b59097b16862406db80559900d96bf6fa7d23df3"},
	{"d14lb4ck43v3r", "capulet.example", "montague.example", "417GAF25",
		"225cc5aa6a071133249d25fef42ae516fc7a86c523aa1c6980a7f73e784c972d"},
	{"s3cr3tf0rd14lb4ck", "xmpp.example.com", "example.org", "D60000229F",
		"37c69b1cf07a3f67c04a5ef5902fa5114f2c76fe4a2686482ba5b89323075643"},
};

static void keys_are_those_of_the_specification(void **state)
{
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		const struct dialback_stream stream = {.receiving = vectors[i].receiving,
			.originating = vectors[i].originating,
			.id = view_of(vectors[i].id)};
		struct dialback_secret secret;
		char key[DIALBACK_KEY_BYTES];

		dialback_secret_make(&secret, view_of(vectors[i].secret));
		dialback_key(&secret, &stream, key);
		assert_string_equal(key, vectors[i].key);
		assert_true(dialback_key_is(&secret, &stream, view_of(key)));
	}
}

static void a_key_is_for_one_stream_of_one_pair_and_one_secret(void **state)
{
	static const struct {
		const char *what, *receiving, *originating, *id, *secret;
	} cases[] = {
		{"another receiver", "c.example", "a.example", "id1", "one secret of us"},
		{"another originator", "b.example", "c.example", "id1", "one secret of us"},
		{"the other way round", "a.example", "b.example", "id1", "one secret of us"},
		{"another stream", "b.example", "a.example", "id2", "one secret of us"},
		{"a longer id", "b.example", "a.example", "id11", "one secret of us"},
		{"the border elsewhere", "b.examplea", ".example", "id1", "one secret of us"},
		{"another secret", "b.example", "a.example", "id1", "two secret of us"},
	};
	const struct dialback_stream stream = {"b.example", "a.example", VIEW("id1")};
	struct dialback_secret secret;
	char key[DIALBACK_KEY_BYTES];

	dialback_secret_make(&secret, VIEW("one secret of us"));
	dialback_key(&secret, &stream, key);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct dialback_stream other = {
			cases[i].receiving, cases[i].originating, view_of(cases[i].id)};
		struct dialback_secret its;

		dialback_secret_make(&its, view_of(cases[i].secret));
		if (dialback_key_is(&its, &other, view_of(key)))
			fail_msg("%s", cases[i].what);
	}
}

static void nothing_but_the_whole_key_is_the_key(void **state)
{
	const struct dialback_stream stream = {"b.example", "a.example", VIEW("id1")};
	struct dialback_secret secret;
	struct dialback_secret other;
	char key[DIALBACK_KEY_BYTES];
	char longer[DIALBACK_KEY_BYTES + 1];

	dialback_secret_random(&secret);
	dialback_secret_random(&other);
	assert_string_not_equal(secret.text, other.text);
	dialback_key(&secret, &stream, key);
	for (uint32_t len = 0; len < DIALBACK_KEY_BYTES - 1; len++)
		assert_false(dialback_key_is(&secret, &stream, view_make(key, len)));
	snprintf(longer, sizeof(longer), "%s0", key);
	assert_false(dialback_key_is(&secret, &stream, view_of(longer)));
	/* With its NUL. */
	assert_false(dialback_key_is(&secret, &stream, view_make(key, sizeof(key))));
	for (uint32_t i = 0; i < DIALBACK_KEY_BYTES - 1; i++) {
		key[i] ^= 1;
		assert_false(dialback_key_is(&secret, &stream, view_of(key)));
		key[i] ^= 1;
	}
	assert_true(dialback_key_is(&secret, &stream, view_of(key)));
}

static void packets_are_read(void **state)
{
	static const struct {
		const char *xml;
		enum dialback_kind kind;
		enum dialback_type type;
		enum dialback_error error;
		const char *id, *key;
	} cases[] = {
		{"<db:result" DB " from='b.example' to='a.example'>k3y</db:result>",
			DIALBACK_RESULT, DIALBACK_REQUEST, 0, "", "k3y"},
		{"<result xmlns='jabber:server:dialback' from='B.Example' to='a.example.'>k</result>",
			DIALBACK_RESULT, DIALBACK_REQUEST, 0, "", "k"},
		{"<db:verify" DB " from='b.example' to='a.example' id='i'>k</db:verify>",
			DIALBACK_VERIFY, DIALBACK_REQUEST, 0, "i", "k"},
		{"<db:result" DB " from='b.example' to='a.example' type='valid'/>", DIALBACK_RESULT,
			DIALBACK_VALID, 0, "", ""},
		{"<db:result" DB " from='b.example' to='a.example' type='valid'>key</db:result>",
			DIALBACK_RESULT, DIALBACK_VALID, 0, "", ""},
		{"<db:verify" DB " from='b.example' to='a.example' id='i' type='invalid'/>",
			DIALBACK_VERIFY, DIALBACK_INVALID, 0, "i", ""},
		{"<db:result" DB
		 " from='b.example' to='a.example' id='x' type='error'>" STANZA_ERROR(
			 "remote-server-timeout") "</db:result>",
			DIALBACK_RESULT, DIALBACK_ERROR, DIALBACK_REMOTE_SERVER_TIMEOUT, "", ""},
		{"<db:verify" DB " from='b.example' to='a.example' id='i' type='error'>"
		 "<db:error><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
		 "</db:error></db:verify>",
			DIALBACK_VERIFY, DIALBACK_ERROR, DIALBACK_ITEM_NOT_FOUND, "i", ""},
		{"<db:result" DB " from='b.example' to='a.example' type='error'/>", DIALBACK_RESULT,
			DIALBACK_ERROR, DIALBACK_UNDEFINED, "", ""},
		{"<db:result" DB " from='b.example' to='a.example' type='error'>" STANZA_ERROR(
			 "gone") "</db:result>",
			DIALBACK_RESULT, DIALBACK_ERROR, DIALBACK_UNDEFINED, "", ""},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct reader *reader;
		const struct element *e = stanza_read(view_of(cases[i].xml), NULL, &reader);
		struct dialback d;
		const char *cause = "";

		assert_non_null(e);
		assert_true(dialback_is(e));
		if (!dialback_read(e, &d, &cause))
			fail_msg("%s: %s", cases[i].xml, cause);
		assert_string_equal(d.from, "b.example");
		assert_string_equal(d.to, "a.example");
		if (d.kind != cases[i].kind || d.type != cases[i].type ||
			d.error != cases[i].error || !view_equal(d.id, view_of(cases[i].id)) ||
			!view_equal(d.key, view_of(cases[i].key)))
			fail_msg("%s", cases[i].xml);
		reader_free(reader);
	}
}

static void what_is_wrong_is_refused(void **state)
{
	static const struct {
		const char *xml, *cause;
	} cases[] = {
		{"<db:result" DB " to='a.example'>k</db:result>", "dialback_address"},
		{"<db:result" DB " from='b.example'>k</db:result>", "dialback_address"},
		{"<db:result" DB " from='' to='a.example'>k</db:result>", "dialback_address"},
		{"<db:result" DB " from='x@b.example' to='a.example'>k</db:result>",
			"dialback_address"},
		{"<db:result" DB " from='b.example/x' to='a.example'>k</db:result>",
			"dialback_address"},
		{"<db:result" DB " from='b.example' to='a b'>k</db:result>", "dialback_address"},
		{"<db:result" DB " from='b.example' to='a.example' type=''>k</db:result>",
			"dialback_type"},
		{"<db:result" DB " from='b.example' to='a.example' type='Valid'/>",
			"dialback_type"},
		{"<db:result" DB " from='b.example' to='a.example' type='valid '/>",
			"dialback_type"},
		{"<db:verify" DB " from='b.example' to='a.example'>k</db:verify>", "dialback_id"},
		{"<db:verify" DB " from='b.example' to='a.example' type='valid'/>", "dialback_id"},
		{"<db:verify" DB " from='b.example' to='a.example' id=''>k</db:verify>",
			"dialback_id"},
		{"<db:verify" DB " from='b.example' to='a.example' id='a b'>k</db:verify>",
			"dialback_id"},
		{"<db:result" DB " from='b.example' to='a.example'/>", "dialback_key"},
		{"<db:result" DB " from='b.example' to='a.example'> k </db:result>",
			"dialback_key"},
		{"<db:result" DB " from='b.example' to='a.example'>\xc3\xa4</db:result>",
			"dialback_key"},
		{"<db:result" DB " from='b.example' to='a.example'>k<x xmlns='x'/></db:result>",
			"dialback_key"},
		{"<db:verify" DB " from='b.example' to='a.example' id='i'/>", "dialback_key"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct reader *reader;
		const struct element *e = stanza_read(view_of(cases[i].xml), NULL, &reader);
		struct dialback d;
		const char *cause = NULL;

		assert_non_null(e);
		if (dialback_read(e, &d, &cause))
			fail_msg("%s was read", cases[i].xml);
		if (strcmp(cause, cases[i].cause) != 0)
			fail_msg("%s: %s", cases[i].xml, cause);
		reader_free(reader);
	}
}

/* As many bytes as fit, and one more. */
static void ids_and_keys_have_bounds(void **state)
{
	for (uint32_t more = 0; more < 2; more++) {
		struct reader *reader;
		const struct element *e;
		struct dialback d;
		const char *cause;
		struct text xml;

		text_init(&xml, 4096);
		text_puts(&xml, "<db:verify" DB " from='b.example' to='a.example' id='");
		for (uint32_t i = 0; i < DIALBACK_ID_MAX_BYTES + more; i++)
			text_putc(&xml, 'i');
		text_puts(&xml, "'>");
		for (uint32_t i = 0; i < DIALBACK_KEY_MAX_BYTES; i++)
			text_putc(&xml, 'k');
		text_puts(&xml, "</db:verify>");
		e = stanza_read(text_view(&xml), NULL, &reader);
		assert_non_null(e);
		assert_int_equal(dialback_read(e, &d, &cause), more == 0);
		reader_free(reader);
		text_reset(&xml);
		text_puts(&xml, "<db:result" DB " from='b.example' to='a.example'>");
		for (uint32_t i = 0; i < DIALBACK_KEY_MAX_BYTES + more; i++)
			text_putc(&xml, 'k');
		text_puts(&xml, "</db:result>");
		e = stanza_read(text_view(&xml), NULL, &reader);
		assert_non_null(e);
		assert_int_equal(dialback_read(e, &d, &cause), more == 0);
		reader_free(reader);
		text_free(&xml);
	}
}

static void answers_name_both_as_they_were_written(void **state)
{
	struct reader *reader;
	const struct element *e =
		stanza_read(VIEW("<db:verify" DB
				 " from='B.example' to='A.example' id='&lt;&apos;'>k</db:verify>"),
			NULL, &reader);
	struct dialback d;
	const char *cause;
	struct text out;

	assert_true(dialback_read(e, &d, &cause));
	text_init(&out, 4096);
	dialback_put_answer(&out, &d, DIALBACK_VALID, DIALBACK_UNDEFINED);
	assert_string_equal(out.p,
		"<db:verify" DB " from='A.example' to='B.example' id='&lt;&apos;' type='valid'/>");
	text_reset(&out);
	dialback_put_answer(&out, &d, DIALBACK_ERROR, DIALBACK_ITEM_NOT_FOUND);
	assert_string_equal(out.p,
		"<db:verify" DB
		" from='A.example' to='B.example' id='&lt;&apos;' type='error'>" STANZA_ERROR(
			"item-not-found") "</db:verify>");
	text_reset(&out);
	d.kind = DIALBACK_RESULT;
	dialback_put_answer(&out, &d, DIALBACK_INVALID, DIALBACK_UNDEFINED);
	assert_string_equal(
		out.p, "<db:result" DB " from='A.example' to='B.example' type='invalid'/>");
	text_free(&out);
	reader_free(reader);
}

static void what_is_written_is_read_again(void **state)
{
	struct text out;
	struct reader *reader;
	const struct element *e;
	struct dialback d;
	const char *cause;

	text_init(&out, 4096);
	dialback_put_verify(
		&out, VIEW("a.example"), VIEW("b.example"), VIEW("<'\">&"), VIEW("<&>"));
	e = stanza_read(text_view(&out), NULL, &reader);
	assert_true(dialback_read(e, &d, &cause));
	assert_true(view_equal(d.id, VIEW("<'\">&")));
	assert_true(view_equal(d.key, VIEW("<&>")));
	reader_free(reader);
	text_reset(&out);
	dialback_put_result(&out, VIEW("a.example"), VIEW("b.example"), VIEW("k"));
	e = stanza_read(text_view(&out), NULL, &reader);
	assert_true(dialback_read(e, &d, &cause));
	assert_int_equal(d.kind, DIALBACK_RESULT);
	assert_string_equal(d.from, "a.example");
	reader_free(reader);
	text_free(&out);
}

static void errors_have_names(void **state)
{
	assert_string_equal(dialback_error_name(DIALBACK_UNDEFINED), "undefined-condition");
	assert_string_equal(dialback_error_name(DIALBACK_FORBIDDEN), "forbidden");
	assert_string_equal(dialback_error_name((enum dialback_error)99), "undefined-condition");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_are_those_of_the_specification),
		cmocka_unit_test(a_key_is_for_one_stream_of_one_pair_and_one_secret),
		cmocka_unit_test(nothing_but_the_whole_key_is_the_key),
		cmocka_unit_test(packets_are_read),
		cmocka_unit_test(what_is_wrong_is_refused),
		cmocka_unit_test(ids_and_keys_have_bounds),
		cmocka_unit_test(answers_name_both_as_they_were_written),
		cmocka_unit_test(what_is_written_is_read_again),
		cmocka_unit_test(errors_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
