/* SPDX-License-Identifier: BSD-3-Clause */
/* Domain names and their canonical form. */
#include "tests/unit/test.h"

#include <errno.h>

#include "rules/domain.h"

#define L63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define L61 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void names_have_one_canonical_form(void **state)
{
	static const struct {
		const char *in, *ascii, *unicode;
	} cases[] = {
		{"example.com", "example.com", "example.com"},
		{"Example.COM", "example.com", "example.com"},
		{"example.com.", "example.com", "example.com"},
		{"localhost", "localhost", "localhost"},
		{"3com.example", "3com.example", "3com.example"},
		{"1.2.3.example", "1.2.3.example", "1.2.3.example"},
		{"bücher.example", "xn--bcher-kva.example", "bücher.example"},
		{"BÜCHER.Example", "xn--bcher-kva.example", "bücher.example"},
		{"bu\xcc\x88"
		 "cher.example",
			"xn--bcher-kva.example", "bücher.example"},
		{"XN--BCHER-KVA.example", "xn--bcher-kva.example", "bücher.example"},
		{"straße.example", "xn--strae-oqa.example", "straße.example"},
		{"ｅｘａｍｐｌｅ.com", "example.com", "example.com"},
		{"例え.テスト", "xn--r8jz45g.xn--zckzah", "例え.テスト"},
		{"מבחן.example", "xn--5dbmtg.example", "מבחן.example"},
		{"πι.xn--mxa", "xn--uxan.xn--mxa", "πι.α"},
		{L63 "." L63 "." L63 "." L61, L63 "." L63 "." L63 "." L61,
			L63 "." L63 "." L63 "." L61},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char ascii[DOMAIN_ASCII_BYTES];
		char unicode[DOMAIN_UNICODE_BYTES];
		struct fault fault = {0};

		if (domain_parse(view_of(cases[i].in), ascii, &fault) != PARSE_DONE)
			fail_msg("'%s': %s at %u", cases[i].in, fault.cause, fault.offset_bytes);
		if (strcmp(ascii, cases[i].ascii) != 0)
			fail_msg("'%s' became '%s'", cases[i].in, ascii);
		assert_int_equal(domain_to_unicode(view_of(ascii), unicode), 0);
		if (strcmp(unicode, cases[i].unicode) != 0)
			fail_msg("'%s' back as '%s'", cases[i].in, unicode);
	}
}

static const struct {
	struct view in;
	const char *cause;
	uint32_t offset_bytes;
} bad_names[] = {
	{VIEW(""), "domain_empty", 0},
	{VIEW("."), "domain_empty", 0},
	{VIEW(".."), "label_empty", 0},
	{VIEW(".example"), "label_empty", 0},
	{VIEW("a..b"), "label_empty", 2},
	{VIEW("a.b.."), "label_empty", 4},
	{VIEW("under_score.example"), "label_character", 5},
	{VIEW("_xmpp-server._tcp.example"), "label_character", 0},
	{VIEW("a b.example"), "label_character", 1},
	{VIEW("example.com\n"), "label_character", 11},
	{VIEW("exa\0mple.com"), "label_character", 3},
	{VIEW("user@example.com"), "label_character", 4},
	{VIEW("*.example"), "label_character", 0},
	{VIEW("bü_cher.example"), "label_character", 0},
	{VIEW("bü\0cher.example"), "label_character", 0},
	{VIEW("\xff.example"), "label_character", 0},
	{VIEW("a.\xc3\x28"), "label_character", 2},
	{VIEW("☃.example"), "label_character", 0},
	{VIEW("ⅷ.example"), "label_character", 0},
	{VIEW("İstanbul.example"), "label_character", 0},
	{VIEW("exa\u200bmple.com"), "label_character", 0},
	{VIEW("example\u3002com"), "label_character", 0},
	{VIEW("example\uff0ecom"), "label_character", 0},
	{VIEW("\u0301a.example"), "label_character", 0},
	{VIEW("אa.example"), "label_character", 0},
	{VIEW("-a.example"), "label_hyphen", 0},
	{VIEW("a.b-.example"), "label_hyphen", 2},
	{VIEW("-ü.example"), "label_hyphen", 0},
	{VIEW("ü-.example"), "label_hyphen", 0},
	{VIEW("Ü-.example"), "label_hyphen", 0},
	{VIEW("üb--x.example"), "label_reserved", 0},
	{VIEW("xn----eha.example"), "label_bad_a_label", 0},
	{VIEW("ab--cd.example"), "label_reserved", 0},
	{VIEW("ü-x-.example"), "label_hyphen", 0},
	{VIEW("xn--.example"), "label_hyphen", 0},
	{VIEW("xn--a.example"), "label_bad_a_label", 0},
	{VIEW("xn--abc-.example"), "label_hyphen", 0},
	{VIEW("xn--bcher-kv.example"), "label_bad_a_label", 0},
	{VIEW("xn--zzzzzzzzzzzz.example"), "label_bad_a_label", 0},
	{VIEW("xn--n3h.example"), "label_bad_a_label", 0}, /* a symbol */
	{VIEW("xn--Bcher-Kva8445foa.example"), "label_bad_a_label", 0},
	{VIEW(L63 "a.example"), "label_too_long", 0},
	{VIEW("ü" L61 ".example"), "label_too_long", 0},
	{VIEW(L63 "." L63 "." L63 "." L61 "a"), "domain_too_long", 192},
	{VIEW("192.0.2.1"), "domain_is_address", 0},
	{VIEW("192.0.2.1."), "domain_is_address", 0},
	{VIEW("10.1"), "domain_is_address", 0},
	{VIEW("0x7f.1"), "domain_is_address", 0},
	{VIEW("example.0x1F"), "domain_is_address", 0},
	{VIEW("5"), "domain_is_address", 0},
	{VIEW("2001:db8::1"), "domain_is_address", 0},
	{VIEW("[2001:db8::1]"), "domain_is_address", 0},
	{VIEW("[192.0.2.1]"), "domain_is_address", 0},
	{VIEW("example.com:5269"), "domain_is_address", 0},
};

static void what_is_no_name_is_refused_with_its_cause(void **state)
{
	for (size_t i = 0; i < sizeof(bad_names) / sizeof(bad_names[0]); i++) {
		char ascii[DOMAIN_ASCII_BYTES];
		struct fault fault = {0};

		if (domain_parse(bad_names[i].in, ascii, &fault) != PARSE_BAD)
			fail_msg("'%s' became '%s'", bad_names[i].in.p, ascii);
		if (strcmp(fault.cause, bad_names[i].cause) != 0 ||
			fault.offset_bytes != bad_names[i].offset_bytes)
			fail_msg("'%s': %s at %u", bad_names[i].in.p, fault.cause,
				fault.offset_bytes);
		assert_string_not_equal(domain_cause_text(fault.cause), "is not a domain name");
	}
}

static void a_huge_name_is_refused_without_reading_it_all(void **state)
{
	static char huge[4 * 1024 * 1024];
	char ascii[DOMAIN_ASCII_BYTES];
	struct fault fault;

	for (size_t i = 0; i < sizeof(huge); i++)
		huge[i] = i % 2 ? '.' : 'a';
	assert_int_equal(domain_parse(view_make(huge, sizeof(huge)), ascii, &fault), PARSE_BAD);
	assert_string_equal(fault.cause, "domain_too_long");
}

static void only_names_go_back_to_unicode(void **state)
{
	char unicode[DOMAIN_UNICODE_BYTES];

	assert_int_equal(domain_to_unicode(VIEW("a\0b"), unicode), -EINVAL);
	assert_string_equal(unicode, "");
	assert_int_equal(domain_to_unicode(VIEW("xn--zzzzzzzzzzzz"), unicode), -EINVAL);
	assert_int_equal(domain_to_unicode(VIEW(L63 L63 L63 L63 L63), unicode), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_have_one_canonical_form),
		cmocka_unit_test(what_is_no_name_is_refused_with_its_cause),
		cmocka_unit_test(a_huge_name_is_refused_without_reading_it_all),
		cmocka_unit_test(only_names_go_back_to_unicode),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
