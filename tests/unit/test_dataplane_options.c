/* SPDX-License-Identifier: BSD-3-Clause */
/* The command line of picket-dataplane. */
#include "tests/unit/test.h"

#include <string.h>

#include "dataplane/options.h"

enum { ARGS_MAX = 32 };

struct line {
	char words[256];
	char *argv[ARGS_MAX];
	int argc;
};

/* "prog a -- b" as an argument vector; '_' in a word stands for the empty string. */
static void split(const char *text, struct line *out)
{
	char *save;

	assert_true(strlen(text) < sizeof(out->words));
	strcpy(out->words, text);
	out->argc = 0;
	for (char *w = strtok_r(out->words, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
		assert_true(out->argc < ARGS_MAX - 1);
		if (strcmp(w, "_") == 0)
			*w = '\0';
		out->argv[out->argc++] = w;
	}
	out->argv[out->argc] = NULL;
}

static enum options_outcome parse(
	const char *text, struct line *line, struct options *out, int *eal_argc, char why[256])
{
	split(text, line);
	why[0] = '\0';
	return options_parse(line->argc, line->argv, out, eal_argc, why, 256);
}

static void without_options_everything_has_its_default(void **state)
{
	static const char *const lines[] = {
		"prog", "prog -l 0 --no-pci", "prog --", "prog -l 0 --"};
	static const int eal[] = {1, 4, 1, 3};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct options o;
		struct line line;
		char why[256];
		int eal_argc;

		if (parse(lines[i], &line, &o, &eal_argc, why) != OPTIONS_RUN || eal_argc != eal[i])
			fail_msg("'%s': %s, %d EAL arguments", lines[i], why, eal_argc);
		assert_string_equal(o.netns, "picket");
		assert_string_equal(o.tap, "picket0");
		assert_string_equal(o.socket, "/run/picket/dataplane.sock");
		assert_string_equal(o.state, "/var/lib/picket");
		assert_null(o.group);
		assert_int_equal(o.idle, IDLE_ADAPTIVE);
		assert_int_equal(o.realtime_priority, 1);
		assert_int_equal(o.handoff, OPTIONS_HANDOFF_AUTO);
		assert_int_equal(o.level, LOG_LEVEL_INFO);
	}
}

static void every_option_is_taken(void **state)
{
	struct options o;
	struct line line;
	char why[256];
	int eal_argc;

	assert_int_equal(parse("prog -l 0 -- --netns lab-1 --tap tap.1 --socket /a/b --group adm "
			       "--state=/var/x --idle poll --realtime 7 --handoff reqsk -v",
				 &line, &o, &eal_argc, why),
		OPTIONS_RUN);
	assert_int_equal(eal_argc, 3);
	assert_string_equal(o.netns, "lab-1");
	assert_string_equal(o.tap, "tap.1");
	assert_string_equal(o.socket, "/a/b");
	assert_string_equal(o.group, "adm");
	assert_string_equal(o.state, "/var/x");
	assert_int_equal(o.idle, IDLE_POLL);
	assert_int_equal(o.realtime_priority, 7);
	assert_int_equal(o.handoff, OPTIONS_HANDOFF_REQSK);
	assert_int_equal(o.level, LOG_LEVEL_DEBUG);
}

static void tags_are_given_by_the_names_of_ports(void **state)
{
	struct options o;
	struct line line;
	char why[256];
	int eal_argc;

	assert_int_equal(parse("prog -- --vlan net_af_packet0=7 --vlan=0000:03:00.0=4094", &line,
				 &o, &eal_argc, why),
		OPTIONS_RUN);
	assert_int_equal(o.vlan_count, 2);
	assert_true(view_equal(o.vlans[0].port, VIEW("net_af_packet0")));
	assert_int_equal(o.vlans[0].id, 7);
	assert_true(view_equal(o.vlans[1].port, VIEW("0000:03:00.0")));
	assert_int_equal(o.vlans[1].id, 4094);
}

static void help_and_version_are_answered_on_both_sides(void **state)
{
	static const struct {
		const char *line;
		enum options_outcome outcome;
	} cases[] = {
		{"prog --help", OPTIONS_HELP},
		{"prog -h", OPTIONS_HELP},
		{"prog --version", OPTIONS_VERSION},
		{"prog -l 0 --help", OPTIONS_HELP},
		{"prog -- --help", OPTIONS_HELP},
		{"prog -- --version", OPTIONS_VERSION},
		{"prog -l 0 -- --tap x -h", OPTIONS_HELP},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct options o;
		struct line line;
		char why[256];
		int eal_argc;

		if (parse(cases[i].line, &line, &o, &eal_argc, why) != cases[i].outcome)
			fail_msg("'%s'", cases[i].line);
	}
}

static void what_cannot_be_is_refused_in_words(void **state)
{
	static const struct {
		const char *line, *words;
	} cases[] = {
		{"prog -- --bogus", "'--bogus'"},
		{"prog -- -x", "'-x'"},
		{"prog -- --tap", "'--tap' needs a value"},
		{"prog -- word", "'word'"},
		{"prog -- --idle never", "'never'"},
		{"prog -- --realtime 100", "'100'"},
		{"prog -- --realtime _", "--realtime"},
		{"prog -- --handoff magic", "'magic'"},
		{"prog -- --handoff _", "--handoff"},
		{"prog -- --idle _", "--idle"},
		{"prog -- --netns _", "--netns"},
		{"prog -- --netns ../x", "'../x'"},
		{"prog -- --netns a/b", "'a/b'"},
		{"prog -- --netns -x", "'-x'"},
		{"prog -- --netns a;b", "'a;b'"},
		{"prog -- --tap a234567890123456", "at most 15"},
		{"prog -- --tap a,mac=fixed", "'a,mac=fixed'"},
		{"prog -- --tap _", "--tap"},
		{"prog -- --socket run/x", "absolute"},
		{"prog -- --socket _", "absolute"},
		{"prog -- --socket "
		 "/1234567890123456789012345678901234567890123456789012345678901234567890123456789"
		 "01234567890123456789012345678901",
			"at most 107"},
		{"prog -- --state x", "absolute"},
		{"prog -- --group _", "--group"},
		{"prog -- --vlan _", "--vlan"},
		{"prog -- --vlan port0", "'port0'"},
		{"prog -- --vlan =5", "'=5'"},
		{"prog -- --vlan port0=0", "1 to 4094"},
		{"prog -- --vlan port0=4095", "1 to 4094"},
		{"prog -- --vlan port0=+5", "'port0=+5'"},
		{"prog -- --vlan port0=5x", "'port0=5x'"},
		{"prog -- --vlan a=1 --vlan a=1 --vlan a=1 --vlan a=1 --vlan a=1 --vlan a=1 --vlan "
		 "a=1 --vlan a=1 --vlan b=2",
			"'b=2'"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct options o;
		struct line line;
		char why[256];
		int eal_argc;

		if (parse(cases[i].line, &line, &o, &eal_argc, why) != OPTIONS_BAD ||
			!strstr(why, cases[i].words))
			fail_msg("'%s': '%s'", cases[i].line, why);
	}
}

static void help_names_every_option(void **state)
{
	static const char *const names[] = {"--netns", "--tap", "--socket", "--group", "--state",
		"--idle", "--realtime", "--handoff", "--vlan", "--verbose", "--help", "--version",
		"scripts/netns"};
	char text[8192] = "";
	FILE *file = fmemopen(text, sizeof(text), "w");

	assert_non_null(file);
	options_help(file);
	fclose(file);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strstr(text, names[i]))
			fail_msg("%s", names[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_options_everything_has_its_default),
		cmocka_unit_test(every_option_is_taken),
		cmocka_unit_test(tags_are_given_by_the_names_of_ports),
		cmocka_unit_test(help_and_version_are_answered_on_both_sides),
		cmocka_unit_test(what_cannot_be_is_refused_in_words),
		cmocka_unit_test(help_names_every_option),
	};

	return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
