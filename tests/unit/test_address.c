/* SPDX-License-Identifier: BSD-3-Clause */
/* Addresses: the vectors of RFC 7622 and RFC 7247, refusals with their causes, and the way there and
 * back for every kind of localpart. */
#include "tests/unit/test.h"

#include <stdio.h>

#include "control/parcel/address.h"
#include "control/parcel/jid_escape.h"

enum { ROOM_BYTES = 8192 };

static const char *jid_text(const struct address *a)
{
	static char buffer[ROOM_BYTES];
	struct text t;

	text_fixed(&t, buffer, sizeof(buffer));
	address_put_jid(a, &t);
	return buffer;
}

static const char *sip_text(const struct address *a, bool with_resource)
{
	static char buffer[4 * ROOM_BYTES];
	struct text t;

	text_fixed(&t, buffer, sizeof(buffer));
	address_put_sip(a, with_resource, &t);
	return t.failed ? "(none)" : buffer;
}

static enum parse from_sip(const char *uri, struct address *out, struct fault *fault)
{
	struct sip_uri parsed;

	if (sip_uri_parse(view_of(uri), &parsed, fault) != PARSE_DONE)
		fail_msg("the URI parser refused '%s': %s", uri, fault->cause);
	return address_from_sip(&parsed, out, fault);
}

static void legal_jids_are_taken_apart_and_prepared(void **state)
{
	static const struct {
		const char *jid, *local, *domain, *resource;
	} cases[] = {
		/* RFC 7622 section 3.5, table 1 */
		{"juliet@example.com", "juliet", "example.com", ""},
		{"juliet@example.com/foo", "juliet", "example.com", "foo"},
		{"juliet@example.com/foo bar", "juliet", "example.com", "foo bar"},
		{"juliet@example.com/foo@bar", "juliet", "example.com", "foo@bar"},
		{"foo\\20bar@example.com", "foo\\20bar", "example.com", ""},
		{"fussball@example.com", "fussball", "example.com", ""},
		{"fu\u00dfball@example.com", "fu\u00dfball", "example.com", ""},
		{"\u03c0@example.com", "\u03c0", "example.com", ""},
		{"\u03a3@example.com/foo", "\u03c3", "example.com", "foo"},
		{"\u03c3@example.com/foo", "\u03c3", "example.com", "foo"},
		{"\u03c2@example.com/foo", "\u03c2", "example.com", "foo"},
		{"king@example.com/\u265a", "king", "example.com", "\u265a"},
		{"example.com", "", "example.com", ""},
		{"example.com/foobar", "", "example.com", "foobar"},
		{"a.example.com/b@example.net", "", "a.example.com", "b@example.net"},
		/* erratum 4560: OpaqueString has nothing against a space in front */
		{"juliet@example.com/ foo", "juliet", "example.com", " foo"},
		/* domains: case, dot, A-labels */
		{"Juliet@EXAMPLE.Com.", "juliet", "example.com", ""},
		{"juliet@b\u00fccher.example", "juliet", "xn--bcher-kva.example", ""},
		{"juliet@xn--bcher-kva.example", "juliet", "xn--bcher-kva.example", ""},
		{"j@example.com/a/b@c/d", "j", "example.com", "a/b@c/d"},
		{"\\2F\\3A@example.com", "\\2f\\3a", "example.com", ""},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct address a;
		struct fault fault;

		if (address_from_jid(view_of(cases[i].jid), &a, &fault) != PARSE_DONE)
			fail_msg("'%s' refused: %s", cases[i].jid, fault.cause);
		if (strcmp(a.local, cases[i].local) != 0 ||
			strcmp(a.domain, cases[i].domain) != 0 ||
			strcmp(a.resource, cases[i].resource) != 0)
			fail_msg("'%s': '%s' '%s' '%s'", cases[i].jid, a.local, a.domain,
				a.resource);
	}
}

static void illegal_jids_are_refused_by_cause(void **state)
{
	static const struct {
		const char *jid, *cause;
		uint32_t offset_bytes;
	} cases[] = {
		/* RFC 7622 section 3.5, table 2, but for the erratum */
		{"\"juliet\"@example.com", "local_excluded", 0},
		{"foo bar@example.com", "local_disallowed", 3},
		{"@example.com/", "resource_empty", 13},
		{"henry\u2163@example.com", "local_disallowed", 5},
		{"\u265a@example.com", "local_disallowed", 0},
		{"juliet@", "domain_empty", 7},
		{"/foobar", "domain_empty", 0},

		{"", "domain_empty", 0},
		{"@example.com", "local_empty", 0},
		{"juliet@example.com/", "resource_empty", 19},
		{"juliet@example.com/a\nb", "resource_disallowed", 20},
		{"a&b@example.com", "local_excluded", 0},
		{"a'b@example.com", "local_excluded", 0},
		{"a:b@example.com", "local_excluded", 0},
		{"a<b@example.com", "local_excluded", 0},
		{"a>b@example.com", "local_excluded", 0},
		{"\uff20@example.com", "local_excluded", 0}, /* full-width '@' */
		{"a\uff1cb@example.com", "local_excluded", 0},
		{"a\r\n@example.com", "local_disallowed", 1},
		{"a\xff@example.com", "local_not_utf8", 1},
		{"a@example.com/\xff", "resource_not_utf8", 14},
		{"\u05d0b@example.com", "local_bidi", 0},
		{"a\u200db@example.com", "local_context", 0},
		{"a\u0378@example.com", "local_unassigned", 1},
		{"a@b@example.com", "label_character", 3},
		{"juliet@exa mple.com", "label_character", 10},
		{"juliet@ex..com", "label_empty", 10},
		{"juliet@127.0.0.1", "domain_is_address", 7},
		{"juliet@[::1]", "domain_is_address", 7},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct address a;
		struct fault fault = {0};

		if (address_from_jid(view_of(cases[i].jid), &a, &fault) != PARSE_BAD ||
			strcmp(fault.cause, cases[i].cause) != 0 ||
			fault.offset_bytes != cases[i].offset_bytes)
			fail_msg("'%s': %s at %u", cases[i].jid,
				fault.cause ? fault.cause : "accepted", fault.offset_bytes);
	}
}

static void a_nul_is_refused_wherever_it_stands(void **state)
{
	struct address a;
	struct fault fault;

	assert_int_equal(address_from_jid(VIEW("a\0b@example.com"), &a, &fault), PARSE_BAD);
	assert_int_equal(address_from_jid(VIEW("a@exam\0ple.com"), &a, &fault), PARSE_BAD);
	assert_int_equal(address_from_jid(VIEW("a@example.com/\0"), &a, &fault), PARSE_BAD);
	assert_int_equal(address_from_jid(VIEW("a@example.com\0"), &a, &fault), PARSE_BAD);
}

static void sip_users_and_jids_are_each_others_image(void **state)
{
	static const struct {
		const char *sip, *jid;
	} cases[] = {
		/* RFC 7247 section 6 */
		{"sip:f%C3%BC@sip.example", "f\u00fc@sip.example"},
		{"sip:o'malley@sip.example", "o\\27malley@sip.example"},
		{"sip:foo@sip.example;gr=bar", "foo@sip.example/bar"},
		{"sip:m&m@xmpp.example", "m\\26m@xmpp.example"},
		{"sip:tsch%C3%BCss@xmpp.example", "tsch\u00fcss@xmpp.example"},
		{"sip:baz@xmpp.example;gr=qux", "baz@xmpp.example/qux"},
		/* all ten, and a backslash where it must be escaped */
		{"sip:a%20b@x.example", "a\\20b@x.example"},
		{"sip:a%22b@x.example", "a\\22b@x.example"},
		{"sip:a/b@x.example", "a\\2fb@x.example"},
		{"sip:a%3Ab@x.example", "a\\3ab@x.example"},
		{"sip:a%3Cb%3E@x.example", "a\\3cb\\3e@x.example"},
		{"sip:bob%40evil@good.example", "bob\\40evil@good.example"},
		{"sip:c%3A%5C5commas@x.example", "c\\3a\\5c5commas@x.example"},
		{"sip:%5C3and%5C2is%5C5cool@x.example", "\\5c3and\\2is\\5c5cool@x.example"},
		{"sip:foob%5C41r@x.example", "foob\\41r@x.example"},
		/* what else is outside SIP's grammar */
		{"sip:a%23%25%5B%5D%5E%60%7B%7C%7D@x.example", "a#%[]^`{|}@x.example"},
		{"sip:-_.!~*()&=+$,;?@x.example", "-_.!~*()\\26=+$,;?@x.example"},
		{"sip:x.example", "x.example"},
		{"sip:user;par=u%40example.net@example.com",
			"user;par=u\\40example.net@example.com"},
		{"sip:a@x.example;gr=%3B%3F%40%3Cb%3E%20%22%E2%99%9A/:",
			"a@x.example/;?@<b> \"\u265a/:"},
		{"sip:a@xn--bcher-kva.example", "a@xn--bcher-kva.example"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct address a, b;
		struct fault fault;

		if (from_sip(cases[i].sip, &a, &fault) != PARSE_DONE)
			fail_msg("'%s' refused: %s", cases[i].sip, fault.cause);
		if (address_from_jid(view_of(cases[i].jid), &b, &fault) != PARSE_DONE)
			fail_msg("'%s' refused: %s", cases[i].jid, fault.cause);
		if (!address_equal(&a, &b) || strcmp(jid_text(&a), cases[i].jid) != 0 ||
			strcmp(sip_text(&b, true), cases[i].sip) != 0)
			fail_msg("'%s' is '%s'; '%s' is '%s'", cases[i].sip, jid_text(&a),
				cases[i].jid, sip_text(&b, true));
	}
}

static void sip_users_are_mapped_before_they_are_escaped(void **state)
{
	static const struct {
		const char *sip, *jid;
	} cases[] = {
		{"sip:Alice@SIP.Example.", "alice@sip.example"},
		{"sips:alice@sip.example", "alice@sip.example"},
		{"sip:%41lice@sip.example", "alice@sip.example"},
		{"sip:a%2541@sip.example", "a%41@sip.example"}, /* decoded once */
		{"sip:alice@sip.example;transport=tls;lr", "alice@sip.example"},
		{"sip:alice@sip.example;gr", "alice@sip.example"},
		/* full-width '@' and backslash are their ordinary selves before the escaping */
		{"sip:a%EF%BC%A0b@sip.example", "a\\40b@sip.example"},
		{"sip:a%EF%BC%BC40b@sip.example", "a\\5c40b@sip.example"},
		{"sip:a%5C%EF%BC%94%EF%BC%90b@sip.example", "a\\5c40b@sip.example"},
		/* and a capital hex digit would be a small one behind it */
		{"sip:a%5C3Ab@sip.example", "a\\5c3ab@sip.example"},
		{"sip:A%CC%8A@sip.example", "\u00e5@sip.example"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct address a;
		struct fault fault;

		if (from_sip(cases[i].sip, &a, &fault) != PARSE_DONE ||
			strcmp(jid_text(&a), cases[i].jid) != 0)
			fail_msg("'%s': '%s'", cases[i].sip, jid_text(&a));
	}
}

static void sip_uris_that_are_no_address_are_refused_by_cause(void **state)
{
	static const struct {
		const char *sip, *cause;
	} cases[] = {
		{"tel:+358-555-1234567", "uri_scheme"},
		{"xmpp:a@b.example", "uri_scheme"},
		{"sip:a:secret@sip.example", "uri_password"},
		{"sip:a@sip.example?Subject=x", "uri_headers"},
		{"sip:a@sip.example?Route=%3Csip:evil.example%3E", "uri_headers"},
		{"sip:a@sip.example:5061", "uri_port"},
		{"sip:a@192.0.2.1", "domain_is_address"},
		{"sip:a@[2001:db8::1]", "domain_is_address"},
		{"sip:a%00b@sip.example", "control_character"},
		{"sip:a%0D%0ATo%3Ab@sip.example", "control_character"},
		{"sip:a%7f@sip.example", "control_character"},
		{"sip:a%C2%85@sip.example", "local_disallowed"},
		{"sip:a%FF@sip.example", "not_utf8"},
		{"sip:a%C0%AFb@sip.example", "not_utf8"},
		{"sip:a%ED%A0%80@sip.example", "not_utf8"},
		{"sip:%20a@sip.example", "user_space"},
		{"sip:a%20@sip.example", "user_space"},
		{"sip:a%E2%99%9A@sip.example", "local_disallowed"},
		{"sip:%E2%85%A3@sip.example", "local_disallowed"},
		{"sip:%D7%90b@sip.example", "local_bidi"},
		{"sip:a%3A%CC%81@sip.example", "user_unstable"}, /* "\3a" and an accent */
		{"sip:a@sip.example;gr=%00", "control_character"},
		{"sip:a@sip.example;gr=%FF", "not_utf8"},
		{"sip:a@sip.example;gr=%C2%85", "resource_disallowed"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct address a;
		struct fault fault = {0};

		if (from_sip(cases[i].sip, &a, &fault) != PARSE_BAD ||
			strcmp(fault.cause, cases[i].cause) != 0)
			fail_msg(
				"'%s': %s", cases[i].sip, fault.cause ? fault.cause : jid_text(&a));
	}
}

static void uris_that_no_parser_should_let_through_are_refused_too(void **state)
{
	struct sip_uri uri = {.scheme = SIP_SCHEME_SIP, .host = VIEW("sip.example")};
	struct address a;
	struct fault fault;

	uri.has_user = true;
	assert_int_equal(address_from_sip(&uri, &a, &fault), PARSE_BAD);
	assert_string_equal(fault.cause, "user_empty");
	uri.user = VIEW("a%4");
	assert_int_equal(address_from_sip(&uri, &a, &fault), PARSE_BAD);
	assert_string_equal(fault.cause, "percent_malformed");
	uri.user = VIEW("a\r\nb");
	assert_int_equal(address_from_sip(&uri, &a, &fault), PARSE_BAD);
	assert_string_equal(fault.cause, "control_character");
	uri.user = VIEW("a");
	uri.host = VIEW("");
	assert_int_equal(address_from_sip(&uri, &a, &fault), PARSE_BAD);
	assert_string_equal(fault.cause, "domain_empty");
	uri.host = VIEW("a\r\nb.example");
	assert_int_equal(address_from_sip(&uri, &a, &fault), PARSE_BAD);
	assert_string_equal(fault.cause, "label_character");
}

static void a_localpart_that_would_come_back_as_another_has_no_sip_address(void **state)
{
	static const struct {
		const char *jid;
		bool has;
	} cases[] = {
		{"a\\5cb@x.example", false}, /* would come back as a\b */
		{"\\20a@x.example", false}, {"a\\20@x.example", false},
		{"\\3c\u0338@x.example", false}, /* '<' and a stroke compose */
		{"a\\b@x.example", true}, {"a\\5c20@x.example", true}, {"x.example", true},
		{"a@x.1a", false}, /* no host name in SIP's grammar */
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct address a;
		struct fault fault;

		assert_int_equal(address_from_jid(view_of(cases[i].jid), &a, &fault), PARSE_DONE);
		if (address_has_sip(&a) != cases[i].has ||
			(strcmp(sip_text(&a, false), "(none)") != 0) != cases[i].has)
			fail_msg("'%s': '%s'", cases[i].jid, sip_text(&a, false));
	}
}

static void lengths_are_checked_after_escaping(void **state)
{
	static char jid[ROOM_BYTES];
	static char uri[4 * ROOM_BYTES];
	struct address a;
	struct fault fault;

	memset(jid, 'a', sizeof(jid));
	memcpy(jid + 1023, "@x.example/", 11);
	assert_int_equal(address_from_jid(view_make(jid, 1034 + 1023), &a, &fault), PARSE_DONE);
	assert_int_equal(address_from_jid(view_make(jid, 1034 + 1024), &a, &fault), PARSE_BAD);
	assert_string_equal(fault.cause, "resource_too_long");
	memset(jid, 'a', sizeof(jid));
	memcpy(jid + 1024, "@x.example", 10);
	assert_int_equal(address_from_jid(view_make(jid, 1034), &a, &fault), PARSE_BAD);
	assert_string_equal(fault.cause, "local_too_long");
	/* 341 escapes of three bytes fit, 342 do not. */
	for (int n = 341; n <= 342; n++) {
		struct text t;

		text_fixed(&t, uri, sizeof(uri));
		text_puts(&t, "sip:");
		for (int i = 0; i < n; i++)
			text_puts(&t, "%40");
		text_puts(&t, "@x.example");
		assert_int_equal(from_sip(uri, &a, &fault), n == 341 ? PARSE_DONE : PARSE_BAD);
		if (n == 342)
			assert_string_equal(fault.cause, "local_too_long");
	}
	memset(jid, 'a', sizeof(jid));
	for (size_t i = 63; i < 400; i += 64)
		jid[i] = '.';
	assert_int_equal(address_from_jid(view_make(jid, 300), &a, &fault), PARSE_BAD);
	assert_string_equal(fault.cause, "domain_too_long");
	memset(jid, 'a', sizeof(jid));
	assert_int_equal(address_from_jid(view_make(jid, sizeof(jid)), &a, &fault), PARSE_BAD);
}

/* Every localpart of up to four characters from an alphabet of all that is special somewhere. */
static void every_address_comes_back_the_same(void **state)
{
	static const char *const alphabet[] = {" ", "\"", "&", "'", "/", ":", "<", ">", "@", "\\",
		"2", "5", "a", "c", "%", ";", "?", "#", "\u00fc", "[", "\u0301", "\u0338"};
	enum { LETTERS = sizeof(alphabet) / sizeof(alphabet[0]), LENGTH = 4 };
	uint32_t count = 0;

	for (uint32_t n = 0; n < LETTERS * LETTERS * LETTERS * LETTERS; n += 7) {
		char native[64], jid[256];
		struct address a, b;
		struct fault fault;
		struct text plain, t;
		uint32_t rest = n;

		text_fixed(&plain, native, sizeof(native));
		for (uint32_t i = 0; i < LENGTH; i++, rest /= LETTERS)
			text_puts(&plain, alphabet[rest % LETTERS]);
		text_fixed(&t, jid, sizeof(jid));
		if (!jid_escape(text_view(&plain), &t))
			continue;
		text_puts(&t, "@x.example/r \u00fc;");
		if (address_from_jid(text_view(&t), &a, &fault) != PARSE_DONE ||
			!address_has_sip(&a))
			continue;
		count++;
		if (from_sip(sip_text(&a, true), &b, &fault) != PARSE_DONE ||
			!address_equal(&a, &b))
			fail_msg("'%s' is '%s' and came back as '%s'", jid, sip_text(&a, true),
				jid_text(&b));
	}
	assert_true(count > 20000);
}

static void equality_is_that_of_the_prepared_parts(void **state)
{
	struct address a, b, c;
	struct fault fault;

	assert_int_equal(address_from_jid(VIEW("A@B\xc3\x9c"
					       "CHER.example/r"),
				 &a, &fault),
		PARSE_DONE);
	assert_int_equal(
		address_from_jid(VIEW("a@xn--bcher-kva.example./R"), &b, &fault), PARSE_DONE);
	assert_int_equal(
		address_from_jid(VIEW("c@xn--bcher-kva.example/r"), &c, &fault), PARSE_DONE);
	assert_true(address_equal_bare(&a, &b));
	assert_false(address_equal(&a, &b));
	assert_true(address_equal(&a, &a));
	assert_false(address_equal_bare(&a, &c));
}

static void people_see_the_domain_in_its_own_letters(void **state)
{
	char buffer[64];
	struct address a;
	struct fault fault;
	struct text t;

	assert_int_equal(address_from_jid(VIEW("a@xn--bcher-kva.example"), &a, &fault), PARSE_DONE);
	text_fixed(&t, buffer, sizeof(buffer));
	address_domain_unicode(&a, &t);
	assert_string_equal(buffer, "b\u00fccher.example");
	text_fixed(&t, buffer, sizeof(buffer));
	address_put_bare_jid(&a, &t);
	assert_string_equal(buffer, "a@xn--bcher-kva.example");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(legal_jids_are_taken_apart_and_prepared),
		cmocka_unit_test(illegal_jids_are_refused_by_cause),
		cmocka_unit_test(a_nul_is_refused_wherever_it_stands),
		cmocka_unit_test(sip_users_and_jids_are_each_others_image),
		cmocka_unit_test(sip_users_are_mapped_before_they_are_escaped),
		cmocka_unit_test(sip_uris_that_are_no_address_are_refused_by_cause),
		cmocka_unit_test(uris_that_no_parser_should_let_through_are_refused_too),
		cmocka_unit_test(a_localpart_that_would_come_back_as_another_has_no_sip_address),
		cmocka_unit_test(lengths_are_checked_after_escaping),
		cmocka_unit_test(every_address_comes_back_the_same),
		cmocka_unit_test(equality_is_that_of_the_prepared_parts),
		cmocka_unit_test(people_see_the_domain_in_its_own_letters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
