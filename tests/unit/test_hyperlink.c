/* SPDX-License-Identifier: BSD-3-Clause */
/* Links in texts: which are found, which of them lead to refused files or to names that do not count, and what
 * becomes of the text. */
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>

#include <unistr.h>

#include "rules/ruleset.h"

#define NOTICE "Careful: links ahead."
/* Nobody sees these. */
#define ZWSP "\xe2\x80\x8b"
#define SHY  "\xc2\xad"

static struct rules_errors errors;

/* Rules with this said of links. */
static struct ruleset *compile(const char *links)
{
	char yaml[1024];
	struct ruleset *rules;

	snprintf(yaml, sizeof(yaml),
		"service: {addresses: [198.51.100.1]}\n"
		"local:\n"
		"  - {domain: corp.example, certificate: c, key: k, inside: {protocol: sip, host: h.example}}\n"
		"links: {%s}\n",
		links);
	rules = ruleset_compile(view_of(yaml), NULL, &errors);
	if (!rules)
		fail_msg(
			"%u: %s: %s", errors.list[0].line, errors.list[0].key, errors.list[0].text);
	return rules;
}

static struct hyperlink_findings find(const struct ruleset *rules, const char *text)
{
	struct hyperlink_findings found = {0};

	hyperlink_find(rules->policies.links, view_of(text), &found);
	return found;
}

static char *put(const struct ruleset *rules, const char *text)
{
	static char buffers[4][16384];
	static uint32_t turn;
	char *buffer = buffers[turn++ % 4];
	struct text out;

	text_fixed(&out, buffer, sizeof(buffers[0]));
	hyperlink_put(rules->policies.links, view_of(text), &out);
	assert_false(out.failed);
	return buffer;
}

static void assert_becomes(const struct ruleset *rules, const char *text, const char *expected)
{
	const char *once = put(rules, text);

	if (strcmp(once, expected) != 0)
		fail_msg("'%s' becomes '%s', not '%s'", text, once, expected);
	if (strcmp(put(rules, once), once) != 0)
		fail_msg("'%s' becomes '%s', and then '%s'", text, once, put(rules, once));
}

static void an_underscore_goes_before_each_link(void **state)
{
	static const struct {
		const char *text, *expected;
		uint32_t count;
	} cases[] = {
		{"", "", 0},
		{"no link at all: here", "no link at all: here", 0},
		{"http://a.example", "_http://a.example", 1},
		{"see http://a.example/x, and HTTPS://B.example.",
			"see _http://a.example/x, and _HTTPS://B.example.", 2},
		{"WwW.a.example", "_WwW.a.example", 1},
		{"www2.a.example and www-x.a.example", "_www2.a.example and _www-x.a.example", 2},
		{"ftp.a.example ftp:a callto:+49 tel:+4930 sip:b@a.example sips:x",
			"_ftp.a.example _ftp:a _callto:+49 _tel:+4930 _sip:b@a.example _sips:x", 6},
		{"mailto:a@b.example file:///c:/x file:x gopher:g ldap:l news:n nntp:n telnet:t",
			"_mailto:a@b.example _file:///c:/x _file:x _gopher:g _ldap:l _news:n _nntp:n "
			"_telnet:t",
			8},
		{"(http://a.example) \"www.a.example\" <http://a.example>,http://a.example",
			"(_http://a.example) \"_www.a.example\" <_http://a.example>,_http://a.example",
			4},
		/* a host's name behind its scheme is no other link */
		{"http://www.a.example", "_http://www.a.example", 1},
		{"http:www.a.example", "_http:www.a.example", 1},
		/* one within another may be seen as one of its own when the first is not */
		{"http://a.example/?u=http://b.example", "_http://a.example/?u=_http://b.example",
			2},
		{"http://http://a.example", "_http://_http://a.example", 2},
		{"http://x@www.a.example", "_http://x@_www.a.example", 2},
		/* words that only end like one */
		{"profile: me, profile:me, gossip:x, swww.a.example, 1www.a.example",
			"profile: me, profile:me, gossip:x, swww.a.example, 1www.a.example", 0},
		{"the news: good, tel: 123, http: is a protocol, www. means web",
			"the news: good, tel: 123, http: is a protocol, www. means web", 0},
		{"file:, news:. www..x http:// ", "file:, news:. www..x http:// ", 0},
		{"href=x", "href=x", 0},
		/* two slashes make it one wherever it begins */
		{"xhttp://a.example sftp://a.example", "x_http://a.example s_ftp://a.example", 2},
		{"view-source:http://a.example", "view-source:_http://a.example", 1},
		{"http:/a.example http:\\\\a.example http:////a.example",
			"_http:/a.example _http:\\\\a.example _http:////a.example", 3},
		{"\xe7\x9c\x8bhttp://a.example\xe3\x80\x82",
			"\xe7\x9c\x8b_http://a.example\xe3\x80\x82", 1},
		{"\xc3\xa9www.\xc3\xa9.example", "\xc3\xa9_www.\xc3\xa9.example", 1},
		/* what nobody sees */
		{"ht" ZWSP "tp://a.example", "_ht" ZWSP "tp://a.example", 1},
		{ZWSP "ht" SHY "tp" ZWSP ":/" ZWSP "/a.example",
			ZWSP "_ht" SHY "tp" ZWSP ":/" ZWSP "/a.example", 1},
		{"w" SHY "ww.a.example", "_w" SHY "ww.a.example", 1},
		{"_" ZWSP "http://a.example", "_" ZWSP "_http://a.example", 1},
		/* letters that some take for s and k */
		{"http\xc5\xbf://a.example", "_http\xc5\xbf://a.example", 1},
		/* defused already, and still one */
		{"_http://a.example _www.a.example", "_http://a.example _www.a.example", 2},
		{"my_news:x a_www.a.example", "my_news:x a_www.a.example", 0},
		{"a_http://a.example", "a_http://a.example", 1},
		{"http://[2001:db8::1]/x http://192.0.2.1:80 http://%61.example",
			"_http://[2001:db8::1]/x _http://192.0.2.1:80 _http://%61.example", 3},
		{"one\nhttp://a.example\ntwo", "one\n_http://a.example\ntwo", 1},
		/* not UTF-8: nothing is lost */
		{"\xff\xc3http://a.example\xe2\x80", "\xff\xc3_http://a.example\xe2\x80", 1},
	};
	struct ruleset *rules = compile("action: defuse");

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint32_t count = find(rules, cases[i].text).count;

		if (count != cases[i].count)
			fail_msg("'%s' has %u links", cases[i].text, count);
		assert_becomes(rules, cases[i].text, cases[i].expected);
	}
	ruleset_free(rules);
}

static void other_prefixes_find_other_links(void **state)
{
	struct ruleset *rules = compile("action: defuse, prefixes: [\"x-y:\", \"git+ssh:\", irc.]");

	assert_becomes(rules, "x-y:1 git+ssh://a irc.example http://a www.a.example",
		"_x-y:1 _git+ssh://a _irc.example http://a www.a.example");
	ruleset_free(rules);
	rules = compile("action: defuse, prefixes: [default, \"xmpp:\"]");
	assert_becomes(rules, "XMPP:a@b.example http://a", "_XMPP:a@b.example _http://a");
	ruleset_free(rules);
}

static void files_are_known_by_their_extension_however_it_is_written(void **state)
{
	static const struct {
		const char *text;
		bool file;
	} cases[] = {
		{"http://a.example/setup.exe", true},
		{"HTTP://A.EXAMPLE/SETUP.EXE", true},
		{"http://a.example/setup.exe.", true},
		{"http://a.example/setup.exe...", true},
		{"http://a.example/setup.exe, and", true},
		{"(http://a.example/setup.exe)", true},
		{"**http://a.example/setup.exe**", true},
		{"_http://a.example/setup.exe_", true},
		{"http://a.example/setup.exe\xe3\x80\x82", true},
		{"http://a.example/setup.exe?x=1", true},
		{"http://a.example/setup.exe#x", true},
		{"http://a.example/setup.exe;v=1", true},
		{"http://a.example/setup.exe:stream", true},
		{"http://a.example/setup.exe/", true},
		{"https://a.example/files/setup.exe/download", true},
		{"http://a.example\\setup.exe", true},
		{"http://a.example/get?file=setup.exe&v=1", true},
		{"http://a.example/#setup.exe", true},
		{"http://a.example?setup.exe", true},
		{"http://a.example/setup%2Eexe", true},
		{"http://a.example/setup.e%78e", true},
		{"http://a.example/setup%252eexe", true},
		{"http://a.example/setup%25252e%2565xe", true},
		{"http://a.example/setup.exe%20", true},
		{"http://a.example/setup.exe%00.txt", true},
		{"http://a.example/setup.e" ZWSP "xe", true},
		{"http://a.example/?u=http%3A%2F%2Fb.example%2Fsetup.exe", true},
		{"http://a.example/?u=http://b.example/command.com", true},
		{"http://user:x@a.example/setup.exe", true},
		{"http://a.example@b.example/setup.exe", true},
		{"http://a.example/x-www.setup.exe", true},
		{"www.a.example/setup.exe", true},
		{"ftp.a.example/setup.exe", true},
		{"file:setup.exe", true},
		{"file:///c:/setup.exe", true},
		{"file://server/share/setup.exe", true},
		{"file:\\\\server\\share\\setup.exe", true},
		{"http://a.example/command.com", true},
		{"http://a.example/x.vsmacros", true},
		{"http://b.example and http://a.example/setup.exe", true},
		{"setup.exe", false},
		{"http://a.example setup.exe", false},
		{"http://a.example/setup.exe.txt", false},
		{"http://a.example/setup.exec", false},
		{"http://a.example/exe", false},
		{"http://a.example/readme.txt", false},
		{"http://a.example/x.vsmacros2", false},
		{"http://a.example/.", false},
		{"http://example.com", false},
		{"http://example.com.", false},
		{"http://example.com/", false},
		{"http://example.com:80/x", false},
		{"http://bob@example.com/x", false},
		{"www.example.com", false},
		{"mailto:bob@example.com", false},
		{"sip:bob@example.com;transport=tls", false},
		{"callto:bob@example.com tel:+49", false},
		{"file://server.com/notes.txt", false},
		{"http://a.example/?q=example.com", false},
		{"http://a.example/?mail=bob@example.com", false},
		{"http://a.example/?u=https://example.com", false},
		{"http://a.example/?u=https%3A%2F%2Fexample.com%2F", false},
		{"http://a.example/http://example.com/page", false},
		{"http://a.example/%", false},
		{"http://a.example/%2", false},
		{"http://a.example/a.%zz", false},
	};
	struct ruleset *rules = compile("extensions: [default]");

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (find(rules, cases[i].text).file != cases[i].file)
			fail_msg("'%s': %s", cases[i].text, cases[i].file ? "no file" : "a file");
	ruleset_free(rules);
	rules = compile("extensions: [iso, \"7z\"]");
	assert_true(find(rules, "http://a.example/x.ISO").file);
	assert_true(find(rules, "http://a.example/x.7z").file);
	assert_false(find(rules, "http://a.example/x.exe").file);
	ruleset_free(rules);
	rules = compile("action: block");
	assert_false(find(rules, "http://a.example/x.exe").file);
	ruleset_free(rules);
}

static void links_to_names_that_are_ignored_do_not_count(void **state)
{
	static const struct {
		const char *text;
		uint32_t count;
	} cases[] = {
		{"http://corp.example", 0},
		{"http://corp.example/setup.exe", 0},
		{"HTTPS://WWW.Corp.Example:8443/x?y#z", 0},
		{"see http://corp.example, or http://corp.example.", 0},
		{"(http://corp.example)", 0},
		{"http://corp.example./x", 0},
		{"www.corp.example/x", 0},
		{"mailto:bob@corp.example sip:bob@corp.example;x=y mailto:bob@corp.example?subject=x",
			0},
		{"http://one.example", 0},
		{"http://www.one.example", 1},
		{"http://xcorp.example", 1},
		{"http://corp.example.net", 1},
		{"http://example", 1},
		{"http://corp.example@a.example/", 1},
		{"http://corp.example:80@a.example/", 1},
		{"http://a.example\\@corp.example/", 1},
		{"http://a.example#@corp.example/", 1},
		{"http://a.example?@corp.example/", 1},
		{"http://corp.example\\.a.example/", 1},
		{"http://corp.example%2ea.example/", 1},
		{"http://corp.example%00.a.example/", 1},
		{"http://corp" ZWSP ".example/", 1},
		{"http://corp.example\xe3\x80\x82"
		 "a.example/",
			1},
		{"mailto:bob@corp.example@a.example", 1},
		{"mailto:a@a.example,bob@corp.example", 1},
		{"http://corp.example:x/", 1},
		{"http://corp.example:99999/", 1},
		{"http://corp.example.www.a.example/", 2},
		/* a way on from there is another link */
		{"http://corp.example/r?u=http://a.example", 1},
		{"file:///corp.example/x", 1},
		{"file:corp.example", 1},
	};
	struct ruleset *rules =
		compile("action: defuse, extensions: [default],\n"
			"  ignore: [{domain: corp.example, subtree: true}, one.example]");

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct hyperlink_findings found = find(rules, cases[i].text);

		if (found.count != cases[i].count || found.file)
			fail_msg("'%s' has %u links%s", cases[i].text, found.count,
				found.file ? " and a file" : "");
	}
	assert_becomes(rules, "http://corp.example http://a.example",
		"http://corp.example _http://a.example");
	assert_true(find(rules, "http://corp.example/?u=http://a.example/setup.exe").file);
	ruleset_free(rules);
}

static void a_notice_goes_before_the_text_once(void **state)
{
	static const struct {
		const char *text, *expected;
	} cases[] = {
		{"http://a.example", NOTICE "\n\nhttp://a.example"},
		{NOTICE "\n\nhttp://a.example", NOTICE "\n\nhttp://a.example"},
		{NOTICE "\n\n" NOTICE "\n\nhttp://a.example", NOTICE "\n\nhttp://a.example"},
		/* those of other filters */
		{"Caution\n\nhttp://a.example", NOTICE "\n\nhttp://a.example"},
		{"Two\nlines\n\nhttp://a.example", NOTICE "\n\nhttp://a.example"},
		{"Caution\n\n" NOTICE "\n\nhttp://a.example", NOTICE "\n\nhttp://a.example"},
		/* what only looks like one */
		{NOTICE "\nhttp://a.example", NOTICE "\n\n" NOTICE "\nhttp://a.example"},
		{NOTICE " x\n\nhttp://a.example", NOTICE "\n\n" NOTICE " x\n\nhttp://a.example"},
		{"hello\n\n" NOTICE "\n\nx", NOTICE "\n\nhello\n\n" NOTICE "\n\nx"},
		{"", NOTICE "\n\n"},
	};
	struct ruleset *rules = compile("action: warn, notice: \"" NOTICE "\",\n"
					"  replaces: [Caution, \"Two\\nlines\"]");

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_becomes(rules, cases[i].text, cases[i].expected);
	ruleset_free(rules);
}

/* A notice may name where to read more. */
static void links_in_a_notice_are_nobodys(void **state)
{
	static const char notice[] = "See http://corp.example/links.exe first.";
	char links[256];
	struct ruleset *rules;
	char text[256];

	snprintf(links, sizeof(links),
		"action: defuse, extensions: [default], links_max: 1}\n"
		"discovery: {enabled: true, links: {action: warn, notice: \"%s\"}",
		notice);
	rules = compile(links);
	snprintf(text, sizeof(text), "%s\n\nhttp://a.example", notice);
	assert_int_equal(find(rules, text).count, 1);
	assert_false(find(rules, text).file);
	assert_non_null(strstr(put(rules, text), "See http://corp"));
	assert_non_null(strstr(put(rules, text), "\n\n_http://a.example"));
	snprintf(text, sizeof(text), "hello\n\n%s\n\n", notice);
	assert_true(find(rules, text).file);
	ruleset_free(rules);
}

static void the_lists_are_sorted_and_whole(void **state)
{
	struct ruleset *rules = compile("extensions: [default]");

	assert_int_equal(hyperlink_extensions_default_count, 76);
	assert_int_equal(hyperlink_prefixes_default_count, 16);
	for (uint32_t i = 0; i < hyperlink_extensions_default_count; i++) {
		const char *extension = hyperlink_extensions_default[i];
		char text[64];

		snprintf(text, sizeof(text), "http://a.example/x.%s", extension);
		if (!find(rules, text).file)
			fail_msg("%s is not found", extension);
	}
	for (uint32_t i = 0; i < hyperlink_prefixes_default_count; i++) {
		const char *prefix = hyperlink_prefixes_default[i];
		char text[64];

		snprintf(text, sizeof(text), "%s%s", prefix[3] == '*' ? "www." : prefix, "a");
		if (find(rules, text).count != 1)
			fail_msg("%s is not found", prefix);
	}
	ruleset_free(rules);
}

/* --- any text --- */

static uint32_t dice(uint32_t *seed, uint32_t sides)
{
	*seed = *seed * 1664525 + 1013904223;
	return (*seed >> 16) % sides;
}

static uint32_t throw_text(uint32_t *seed, char *out, size_t bytes)
{
	static const char *const parts[] = {"http:", "https://", "www.", "www-", "ftp.",
		"mailto:", "sip:", "_", "/", "\\", "@", ".", ":", "?", "#", "%2e", "%", " ", "\n",
		"\n\n", "a", "corp.example", "setup.exe", ".com", NOTICE, NOTICE "\n\n", ZWSP,
		"\xc3\xa9", "\xc5\xbf", "file:", "w", "h", "-"};
	uint32_t used = 0;
	uint32_t most = dice(seed, 24);

	out[0] = '\0';
	for (uint32_t i = 0; i < most; i++) {
		const char *part = parts[dice(seed, sizeof(parts) / sizeof(parts[0]))];

		if (used + strlen(part) + 1 > bytes)
			break;
		used += (uint32_t)snprintf(out + used, bytes - used, "%s", part);
	}
	return used;
}

static void twice_is_once_of_any_text(void **state)
{
	static const char *const rules_of[] = {"action: defuse",
		"action: defuse, ignore: [{domain: corp.example, subtree: true}]",
		"action: warn, notice: \"" NOTICE "\"",
		"action: warn, notice: Other}\ndiscovery: {links: {action: warn, notice: \"" NOTICE
		"\"}"};
	uint32_t seed = 7;

	for (size_t r = 0; r < sizeof(rules_of) / sizeof(rules_of[0]); r++) {
		struct ruleset *rules = compile(rules_of[r]);
		uint32_t changed = 0;

		for (uint32_t i = 0; i < 50000; i++) {
			struct hyperlink_findings before = {0};
			char text[2048];
			uint32_t len = throw_text(&seed, text, sizeof(text));
			const char *once;

			before = find(rules, text);
			once = put(rules, text);
			if (strlen(once) > len + before.count + strlen(NOTICE) + 2)
				fail_msg("'%s' grows to '%s'", text, once);
			if (u8_check((const uint8_t *)once, strlen(once)))
				fail_msg("'%s' becomes no text", text);
			if (strcmp(put(rules, once), once) != 0)
				fail_msg("'%s' becomes '%s', and then '%s'", text, once,
					put(rules, once));
			if (before.count > 0 && find(rules, once).count == 0)
				fail_msg("'%s' becomes '%s', without links", text, once);
			changed += strcmp(once, text) != 0;
		}
		assert_true(changed > 1000);
		ruleset_free(rules);
	}
}

/* What somebody could send to keep us busy: time grows with the text, not with its square. */
static void the_worst_texts_are_read_once(void **state)
{
	static const char *const parts[] = {"http:", "http://", "www-", "w", "www.a/", "h" ZWSP,
		"/", "http://a@", ".exe", "%25", NOTICE "\n\n", "mailto:a@", ":", "http://h.", "_"};
	enum { BYTES = 256 * 1024 };
	struct ruleset *rules =
		compile("action: warn, notice: \"" NOTICE "\", extensions: [default],\n"
			"  ignore: [{domain: corp.example, subtree: true}]");
	char *text = malloc(BYTES + 64);

	assert_non_null(text);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		uint32_t len = 0;
		struct hyperlink_findings found = {0};
		struct text out;

		while (len < BYTES)
			len += (uint32_t)snprintf(text + len, 64, "%s", parts[i]);
		text_init(&out, 4 * BYTES);
		hyperlink_find(rules->policies.links, view_make(text, len), &found);
		hyperlink_put(rules->policies.links, view_make(text, len), &out);
		assert_false(out.failed);
		text_free(&out);
	}
	free(text);
	ruleset_free(rules);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_underscore_goes_before_each_link),
		cmocka_unit_test(other_prefixes_find_other_links),
		cmocka_unit_test(files_are_known_by_their_extension_however_it_is_written),
		cmocka_unit_test(links_to_names_that_are_ignored_do_not_count),
		cmocka_unit_test(a_notice_goes_before_the_text_once),
		cmocka_unit_test(links_in_a_notice_are_nobodys),
		cmocka_unit_test(the_lists_are_sorted_and_whole),
		cmocka_unit_test(twice_is_once_of_any_text),
		cmocka_unit_test(the_worst_texts_are_read_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
