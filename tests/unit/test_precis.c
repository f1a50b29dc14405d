/* SPDX-License-Identifier: BSD-3-Clause */
/* The PRECIS profiles, by the vectors of the RFCs, one per rule and more. */
#include "tests/unit/test.h"

#include <stdlib.h>

#include "rules/precis.h"

struct vector {
	const char *in;
	const char *out;   /* NULL: refused */
	const char *cause; /* when refused */
	uint32_t offset_bytes;
};

typedef enum parse profile(struct view in, struct text *out, struct fault *fault);

static void check(const char *name, profile *run, const struct vector *v)
{
	char buffer[PRECIS_OUT_MAX_BYTES + 1];
	struct fault fault = {0};
	struct text out;
	enum parse got;

	text_fixed(&out, buffer, sizeof(buffer));
	got = run(view_of(v->in), &out, &fault);
	if (v->out && (got != PARSE_DONE || strcmp(buffer, v->out) != 0))
		fail_msg("%s '%s': got '%s' (%s)", name, v->in, buffer,
			fault.cause ? fault.cause : "accepted");
	if (!v->out && (got != PARSE_BAD || strcmp(fault.cause, v->cause) != 0 ||
			       fault.offset_bytes != v->offset_bytes))
		fail_msg("%s '%s': got %d, '%s' at %u", name, v->in, got,
			fault.cause ? fault.cause : buffer, fault.offset_bytes);
}

#define CHECK_ALL(name, run, vectors)                                                              \
	for (size_t i = 0; i < sizeof(vectors) / sizeof((vectors)[0]); i++)                        \
	check(name, run, &(vectors)[i])

/* clang-format off */
static void usernames_are_mapped_and_checked(void **state)
{
	static const struct vector vectors[] = {
		{"juliet", "juliet", NULL, 0},
		{"juliet@example.com", "juliet@example.com", NULL, 0}, /* '@' is the JID's affair */
		{"Romeo", "romeo", NULL, 0},
		{"!~", "!~", NULL, 0},
		{"fussball", "fussball", NULL, 0},
		{"fu\u00dfball", "fu\u00dfball", NULL, 0},
		{"\u03c0", "\u03c0", NULL, 0},
		{"\u03a3", "\u03c3", NULL, 0},
		{"\u03c3", "\u03c3", NULL, 0},
		{"\u03c2", "\u03c2", NULL, 0},
		{"\u039f\u0394\u039f\u03a3", "\u03bf\u03b4\u03bf\u03c2", NULL, 0}, /* final sigma */
		{"\u0410", "\u0430", NULL, 0},
		{"\u00c5", "\u00e5", NULL, 0},
		{"A\u030a", "\u00e5", NULL, 0},
		{"\u212b", "\u00e5", NULL, 0},
		{"\u212a", "k", NULL, 0},
		{"\u0130", "i\u0307", NULL, 0},
		{"c\u0327", "\u00e7", NULL, 0},
		{"e\u0301\u031f", "\u00e9\u031f", NULL, 0},
		{"\uff21\uff22\uff11", "ab1", NULL, 0},   /* full width */
		{"\uff76\uff9e", "\u30ac", NULL, 0},      /* half-width ka, voiced: one letter */
		{"\u30ac", "\u30ac", NULL, 0},
		{"\u00aa\u0627", NULL, "disallowed", 0}, /* compatibility form */
		{"foo bar", NULL, "disallowed", 3},
		{"foo\tbar", NULL, "disallowed", 3},
		{"foo\x7f", NULL, "disallowed", 3},
		{"foo\xc2\x85", NULL, "disallowed", 3},
		{"foo\u00a0", NULL, "disallowed", 3},
		{"foo\u3000", NULL, "disallowed", 3},    /* full-width space */
		{"henry\u2163", NULL, "disallowed", 5},
		{"\u265a", NULL, "disallowed", 0},
		{"x\U0001f600", NULL, "disallowed", 1},
		{"\ufb00", NULL, "disallowed", 0},
		{"\u01c5", NULL, "disallowed", 0},
		{"\u16ee", NULL, "disallowed", 0},
		{"\u0488", NULL, "disallowed", 0},
		{"\u00b2", NULL, "disallowed", 0},
		{"\u1100\u0488", NULL, "disallowed", 0}, /* old Hangul */
		{"a\u0640", NULL, "disallowed", 1},      /* exceptions */
		{"a\u302e", NULL, "disallowed", 1},
		{"\u3007", "\u3007", NULL, 0},
		{"a\u00ad", NULL, "disallowed", 1},      /* default ignorable */
		{"a\ufeff", NULL, "disallowed", 1},
		{"a\u202e", NULL, "disallowed", 1},
		{"a\ufffe", NULL, "disallowed", 1},      /* noncharacter */
		{"a\ue000", NULL, "disallowed", 1},      /* private use */
		{"a\u0378", NULL, "unassigned", 1},
		{"a\U000e0fff", NULL, "unassigned", 1},  /* default ignorable too, but this step is first */
		{"", NULL, "empty", 0},
	};

	CHECK_ALL("username", precis_username, vectors);
}

static void each_contextual_rule_is_applied(void **state)
{
	static const struct vector vectors[] = {
		/* A.1 zero width non-joiner */
		{"\u0915\u094d\u200c\u0937", "\u0915\u094d\u200c\u0937", NULL, 0},
		{"\u062c\u200c\u0627", "\u062c\u200c\u0627", NULL, 0},
		{"\u062c\u0610\u0610\u200c\u0610\u0627", "\u062c\u0610\u0610\u200c\u0610\u0627", NULL, 0},
		{"\u062c\u200c", NULL, "context", 0},
		{"\u200c\u0627", NULL, "context", 0},
		{"a\u200cb", NULL, "context", 0},
		{"\u0610\u200c\u0627", NULL, "context", 0},
		/* A.2 zero width joiner */
		{"\u0915\u094d\u200d\u0937", "\u0915\u094d\u200d\u0937", NULL, 0},
		{"\u0915\u200d\u0937", NULL, "context", 0},
		{"\u200d", NULL, "context", 0},
		/* A.3 middle dot */
		{"col\u00b7lecci\u00f3", "col\u00b7lecci\u00f3", NULL, 0},
		{"COL\u00b7LEG", "col\u00b7leg", NULL, 0},
		{"l\u00b7", NULL, "context", 0},
		{"\u00b7l", NULL, "context", 0},
		{"a\u00b7a", NULL, "context", 0},
		/* A.4 Greek lower numeral sign */
		{"\u03b1\u0375\u03b2", "\u03b1\u0375\u03b2", NULL, 0},
		{"\u0375", NULL, "context", 0},
		{"\u0375a", NULL, "context", 0},
		/* A.5, A.6 Hebrew geresh, gershayim */
		{"\u05e9\u05f3", "\u05e9\u05f3", NULL, 0},
		{"\u05e9\u05f4\u05d0", "\u05e9\u05f4\u05d0", NULL, 0},
		{"\u05f3\u05e9", NULL, "context", 0},
		{"a\u05f4", NULL, "context", 0},
		/* A.7 Katakana middle dot */
		{"\u30a1\u30fb\u30a1", "\u30a1\u30fb\u30a1", NULL, 0},
		{"\u3042\u30fb", "\u3042\u30fb", NULL, 0},
		{"\u6f22\u30fb", "\u6f22\u30fb", NULL, 0},
		{"abc\u30fbdef", NULL, "context", 0},
		/* A.8, A.9 Arabic digits */
		{"\u0628\u0661\u0662", "\u0628\u0661\u0662", NULL, 0},
		{"\u0628\u06f1\u06f2", "\u0628\u06f1\u06f2", NULL, 0},
		{"\u0628\u0661\u06f2", NULL, "context", 0},
		{"\u0628\u06f1\u0662", NULL, "context", 0},
	};

	CHECK_ALL("username", precis_username, vectors);
}

static void each_condition_of_the_bidi_rule_is_applied(void **state)
{
	static const struct vector vectors[] = {
		{"\u05e9\u05dc\u05d5\u05dd", "\u05e9\u05dc\u05d5\u05dd", NULL, 0},
		{"\u05e9a", NULL, "bidi", 0},           /* 2: L in an RTL string */
		{"a\u05e9", NULL, "bidi", 0},           /* 5: R in an LTR string */
		{"1\u05e9", NULL, "bidi", 0},           /* 1: begins with a digit */
		{"\u05e91", "\u05e91", NULL, 0},                 /* 3: ends with EN */
		{"\u05e9-", NULL, "bidi", 0},           /* 3: ends with ES */
		{"\u05e9-\u05e9", "\u05e9-\u05e9", NULL, 0},
		{"\u05e9\u05b0", "\u05e9\u05b0", NULL, 0},       /* 3: NSM behind the end */
		{"\u0628\u06611", NULL, "bidi", 0},     /* 4: EN and AN */
		{"\u0661\u0628", NULL, "bidi", 0},      /* 1: begins with AN */
		{"1a", "1a", NULL, 0},                           /* no RTL: no rule */
	};

	CHECK_ALL("username", precis_username, vectors);
}

static void opaque_strings_keep_case_and_symbols(void **state)
{
	static const struct vector vectors[] = {
		{"foo", "foo", NULL, 0},
		{"Foo Bar", "Foo Bar", NULL, 0},
		{" foo", " foo", NULL, 0},
		{"foo@bar", "foo@bar", NULL, 0},
		{"\u265a", "\u265a", NULL, 0},
		{"\u03a3", "\u03a3", NULL, 0},
		{"Richard \u2163", "Richard \u2163", NULL, 0},
		{"\u212b", "\u00c5", NULL, 0},
		{"A\u030a", "\u00c5", NULL, 0},
		{"\uff21", "\uff21", NULL, 0},                     /* width is kept */
		{"a\u00a0a\u1680a\u2003a\u202fa\u3000a", "a a a a a a", NULL, 0},
		{"\u05e9a", "\u05e9a", NULL, 0},                   /* no Bidi rule */
		{"<a href=\"&'>", "<a href=\"&'>", NULL, 0},
		{"a\nb", NULL, "disallowed", 1},
		{"a\tb", NULL, "disallowed", 1},
		{"a\u0378", NULL, "unassigned", 1},
		{"a\u200d", NULL, "context", 0},
		{"\u1100", NULL, "disallowed", 0},
		{"", NULL, "empty", 0},
	};

	CHECK_ALL("opaque", precis_opaque, vectors);
}

static void bytes_that_are_not_utf8_are_refused_where_they_stand(void **state)
{
	static const struct vector vectors[] = {
		{"ab\xff", NULL, "not_utf8", 2},
		{"ab\xc3", NULL, "not_utf8", 2},           /* cut off */
		{"\xc0\x80", NULL, "not_utf8", 0},         /* overlong NUL */
		{"\xc0\xaf", NULL, "not_utf8", 0},         /* overlong slash */
		{"\xe0\x80\xaf", NULL, "not_utf8", 0},
		{"\xf0\x80\x80\xaf", NULL, "not_utf8", 0},
		{"a\xed\xa0\x80", NULL, "not_utf8", 1},    /* surrogate */
		{"\xf4\x90\x80\x80", NULL, "not_utf8", 0}, /* above U+10FFFF */
		{"\xf8\x88\x80\x80\x80", NULL, "not_utf8", 0},
		{"\x80", NULL, "not_utf8", 0},
	};

	CHECK_ALL("username", precis_username, vectors);
	CHECK_ALL("opaque", precis_opaque, vectors);
	CHECK_ALL("map", precis_username_map, vectors);
}

static void the_mapping_alone_checks_nothing_else(void **state)
{
	static const struct vector vectors[] = {
		{"A B/\uff20", "a b/@", NULL, 0},
		{"\u265a\x01", "\u265a\x01", NULL, 0},
		{"\u05e9A", "\u05e9""a", NULL, 0},
	};

	CHECK_ALL("map", precis_username_map, vectors);
}
/* clang-format on */

static void lengths_are_those_of_the_result(void **state)
{
	static uint8_t in[PRECIS_IN_MAX_BYTES + 3];
	char buffer[PRECIS_OUT_MAX_BYTES + 1];
	struct fault fault;
	struct text out;

	memset(in, 'a', sizeof(in));
	text_fixed(&out, buffer, sizeof(buffer));
	assert_int_equal(precis_username(view_make(in, 1023), &out, &fault), PARSE_DONE);
	assert_int_equal(out.len, 1023);
	text_reset(&out);
	assert_int_equal(precis_username(view_make(in, 1024), &out, &fault), PARSE_BAD);
	assert_string_equal(fault.cause, "too_long");
	/* 1023 full-width letters shrink into the limit, one more does not. */
	for (size_t i = 0; i < sizeof(in); i += 3)
		memcpy(in + i, "\uff41", 3);
	text_reset(&out);
	assert_int_equal(precis_username(view_make(in, 3069), &out, &fault), PARSE_DONE);
	assert_int_equal(out.len, 1023);
	text_reset(&out);
	assert_int_equal(precis_username(view_make(in, 3072), &out, &fault), PARSE_BAD);
	assert_string_equal(fault.cause, "too_long");
	text_reset(&out);
	assert_int_equal(precis_opaque(view_make(in, 3069), &out, &fault), PARSE_BAD);
	assert_string_equal(fault.cause, "too_long");
	/* Letters that grow when they are composed stop at the buffer. */
	for (size_t i = 0; i < 3069; i += 3)
		memcpy(in + i, "\ufb2c", 3);
	text_reset(&out);
	assert_int_equal(precis_opaque(view_make(in, 3069), &out, &fault), PARSE_BAD);
	assert_string_equal(fault.cause, "too_long");
	text_fixed(&out, buffer, 4);
	assert_int_equal(precis_username(view_of("abcd"), &out, &fault), PARSE_BAD);
	assert_string_equal(fault.cause, "too_long");
}

static void the_worst_run_of_marks_is_done_in_bounds(void **state)
{
	static uint8_t in[PRECIS_IN_MAX_BYTES];
	char buffer[PRECIS_OUT_MAX_BYTES + 1];
	struct fault fault;
	struct text out;

	in[0] = 'a';
	for (size_t i = 1; i + 1 < 1023; i += 2)
		memcpy(in + i, i % 4 == 1 ? "\u0301" : "\u0323", 2);
	text_fixed(&out, buffer, sizeof(buffer));
	assert_int_equal(precis_username(view_make(in, 1023), &out, &fault), PARSE_DONE);
}

/* Every code point, so that an update of the tables cannot slip by: what is accepted alone is stable
 * and stays accepted. */
static void what_a_profile_makes_it_accepts_unchanged(void **state)
{
	static profile *const profiles[] = {precis_username, precis_opaque};

	for (uint32_t cp = 1; cp < 0x30000; cp++) {
		uint8_t in[4];
		char first[64], second[64];
		struct fault fault;
		struct text a, b;
		uint32_t len = 0;

		if (cp >= 0xd800 && cp <= 0xdfff)
			continue;
		if (cp < 0x80)
			in[len++] = (uint8_t)cp;
		else if (cp < 0x800)
			in[len++] = (uint8_t)(0xc0 | cp >> 6);
		else if (cp < 0x10000)
			in[len++] = (uint8_t)(0xe0 | cp >> 12);
		else
			in[len++] = (uint8_t)(0xf0 | cp >> 18);
		if (cp >= 0x10000)
			in[len++] = (uint8_t)(0x80 | (cp >> 12 & 0x3f));
		if (cp >= 0x800)
			in[len++] = (uint8_t)(0x80 | (cp >> 6 & 0x3f));
		if (cp >= 0x80)
			in[len++] = (uint8_t)(0x80 | (cp & 0x3f));
		for (size_t i = 0; i < 2; i++) {
			text_fixed(&a, first, sizeof(first));
			text_fixed(&b, second, sizeof(second));
			if (profiles[i](view_make(in, len), &a, &fault) != PARSE_DONE)
				continue;
			if (profiles[i](text_view(&a), &b, &fault) != PARSE_DONE ||
				strcmp(first, second) != 0)
				fail_msg("profile %zu, U+%04X: '%s' then '%s'", i, cp, first,
					second);
		}
	}
}

static void derived_properties_follow_the_order_of_the_steps(void **state)
{
	static const struct {
		uint32_t cp;
		enum precis_property property;
	} rows[] = {
		{0x00, PRECIS_DISALLOWED},
		{0x20, PRECIS_FREE_PVAL},
		{'a', PRECIS_PVALID},
		{0x7f, PRECIS_DISALLOWED},
		{0xa0, PRECIS_FREE_PVAL},
		{0xad, PRECIS_DISALLOWED},
		{0xb7, PRECIS_CONTEXTO},
		{0xdf, PRECIS_PVALID},
		{0x378, PRECIS_UNASSIGNED},
		{0x660, PRECIS_CONTEXTO},
		{0x1100, PRECIS_DISALLOWED},
		{0x11ff, PRECIS_DISALLOWED},
		{0x200c, PRECIS_CONTEXTJ},
		{0x200e, PRECIS_DISALLOWED},
		{0x2603, PRECIS_FREE_PVAL},
		{0x3007, PRECIS_PVALID},
		{0xac00, PRECIS_PVALID},
		{0xd800, PRECIS_DISALLOWED},
		{0xe000, PRECIS_DISALLOWED},
		{0xfdd0, PRECIS_DISALLOWED},
		{0xff21, PRECIS_FREE_PVAL},
		{0x10ffff, PRECIS_DISALLOWED},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (precis_property(rows[i].cp) != rows[i].property)
			fail_msg("U+%04X: %d", rows[i].cp, precis_property(rows[i].cp));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(usernames_are_mapped_and_checked),
		cmocka_unit_test(each_contextual_rule_is_applied),
		cmocka_unit_test(each_condition_of_the_bidi_rule_is_applied),
		cmocka_unit_test(opaque_strings_keep_case_and_symbols),
		cmocka_unit_test(bytes_that_are_not_utf8_are_refused_where_they_stand),
		cmocka_unit_test(the_mapping_alone_checks_nothing_else),
		cmocka_unit_test(lengths_are_those_of_the_result),
		cmocka_unit_test(the_worst_run_of_marks_is_done_in_bounds),
		cmocka_unit_test(what_a_profile_makes_it_accepts_unchanged),
		cmocka_unit_test(derived_properties_follow_the_order_of_the_steps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
