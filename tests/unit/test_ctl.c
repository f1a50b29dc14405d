/* SPDX-License-Identifier: BSD-3-Clause */
/* test_ctl PICKETCTL EXAMPLES: the operator's tool as its users run it. */
#include "tests/unit/test.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "control/command.h"
#include "control/counters.h"

enum { WORDS_MAX = 12, OUTPUT_BYTES = 1 << 20 };

static const char *program;
static const char *examples;
static char directory[] = "/tmp/picket-ctl-XXXXXX";
static char socket_path[64];

struct outcome {
	int code;
	char *out; /* both streams */
};

static struct outcome outcome_of(pid_t child, FILE *output)
{
	struct outcome o = {.out = calloc(1, OUTPUT_BYTES)};
	int status;

	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	o.code = WEXITSTATUS(status);
	rewind(output);
	(void)!fread(o.out, 1, OUTPUT_BYTES - 1, output);
	fclose(output);
	return o;
}

static pid_t start(const char *const *words, FILE *output)
{
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		char *argv[WORDS_MAX + 2] = {(char *)program};

		for (int i = 0; i < WORDS_MAX && words[i]; i++)
			argv[i + 1] = (char *)words[i];
		dup2(fileno(output), STDOUT_FILENO);
		dup2(fileno(output), STDERR_FILENO);
		execv(program, argv);
		_exit(127);
	}
	return child;
}

static struct outcome run(const char *const *words)
{
	FILE *output = tmpfile();

	return outcome_of(start(words, output), output);
}

static void usage_has_its_codes(void **state)
{
	static const struct {
		const char *words[WORDS_MAX];
		int code;
		const char *says;
	} cases[] = {
		{{"--help"}, 0, "usage: picketctl"},
		{{"show", "--help"}, 0, "show counters"},
		{{"check", "--help"}, 0, "FILE:LINE: KEY: TEXT"},
		{{"print", "--help"}, 0, "canonical"},
		{{"--version"}, 0, PICKET_VERSION},
		{{NULL}, 2, "usage: picketctl"},
		{{"show"}, 2, "usage: picketctl"},
		{{"show", "secrets"}, 2, "'secrets': rules, counters, "},
		{{"help"}, 0, "usage: picketctl [options]"},
		{{"help", "block"}, 0, "usage: picketctl block"},
		{{"help", "destroy"}, 2, "'destroy'"},
		{{"show", "flow"}, 2, "REMOTE:PORT-LOCAL:PORT"},
		{{"show", "flow", "192.0.2.1:1-192.0.2.2:0"}, 2, "REMOTE:PORT-LOCAL:PORT"},
		{{"--socket", "/nonexistent/s", "show", "flow", "192.0.2.1:1", "192.0.2.2:2"}, 3,
			"/nonexistent/s"},
		{{"show", "hitters", "a", "b"}, 2, "[CAUSE]"},
		{{"show", "flows", "x"}, 2, "nothing follows"},
		{{"destroy"}, 2, "'destroy'"},
		{{"block", "--help"}, 0, "--for SECONDS [--reason TEXT]"},
		{{"unblock", "--help"}, 0, "PREFIX|DOMAIN"},
		{{"block"}, 2, "usage: picketctl"},
		{{"block", "192.0.2.1", "bad.example", "--for", "5"}, 2, "usage: picketctl"},
		{{"block", "192.0.2.1"}, 2, "--for SECONDS"},
		{{"block", "192.0.2.1", "--for", "1h"}, 2, "--for SECONDS"},
		{{"block", "192.0.2.1", "--for", "-1"}, 2, "--for SECONDS"},
		{{"block", "192.0.2.1", "--for", "5", "--reason", "\xff"}, 2, "UTF-8"},
		{{"unblock", "\xff"}, 2, "UTF-8"},
		{{"unblock", "192.0.2.1", "--for", "5"}, 2, "'unblock'"},
		{{"block", "--help"}, 0, "--subtree"},
		{{"show", "verdicts", "--subtree"}, 2, "--subtree is for 'block' and 'unblock'"},
		{{"show", "flows", "--reason", "x"}, 2, "'show'"},
		{{"--socket", "/nonexistent/s", "unblock", "192.0.2.1"}, 3, "/nonexistent/s"},
		{{"check"}, 2, "usage: picketctl"},
		{{"check"}, 2, "check: too few words"},
		{{"check", "a", "b"}, 2, "check: too many words"},
		{{"show", "--help"}, 0, "show rules"},
		{{"diff", "--help"}, 0, "2 wrong usage or errors in a file"},
		{{"apply", "--help"}, 0, "into force"},
		{{"rollback", "--help"}, 0, "further back"},
		{{"reload", "--help"}, 0, "reload certificates"},
		{{"diff"}, 2, "usage: picketctl"},
		{{"apply"}, 2, "usage: picketctl"},
		{{"apply", "a", "b"}, 2, "usage: picketctl"},
		{{"apply", "-"}, 2, "not standard input"},
		{{"apply", "/nonexistent/r.yaml"}, 1, "/nonexistent/r.yaml: cannot be read"},
		{{"rollback", "1"}, 2, "usage: picketctl"},
		{{"reload"}, 2, "usage: picketctl"},
		{{"reload", "rules"}, 2, "'rules'"},
		{{"print", "a", "b"}, 2, "usage: picketctl"},
		{{"--socket", "/nonexistent/s", "print"}, 3, "/nonexistent/s"},
		{{"--socket", "/nonexistent/s", "rollback"}, 3, "/nonexistent/s"},
		{{"--socket", "/nonexistent/s", "reload", "certificates"}, 3, "/nonexistent/s"},
		{{"explain", "--help"}, 0, "--direction    needed only"},
		{{"explain", "x"}, 2, "usage: picketctl"},
		{{"--socket", "/nonexistent/s", "explain", "--from", "a@b.example"}, 2,
			"--to is needed"},
		{{"--socket", "/nonexistent/s", "explain"}, 2, "--from is needed"},
		{{"--socket", "/nonexistent/s", "explain", "--from", "a@b.example", "--to",
			 "c@d.example"},
			3, "/nonexistent/s"},
		{{"--socket", "/nonexistent/s", "licence", "report", "--month", "2026"}, 2,
			"written like 2026-06"},
		{{"show", "flows", "--from", "a@b.example"}, 2, "are for 'explain'"},
		{{"schema"}, 0, "\"title\": \"Picket rules\""},
		{{"schema", "x"}, 2, "usage: picketctl"},
		{{"check", "a", "b"}, 2, "usage: picketctl"},
		{{"--nonsense"}, 2, "--nonsense"},
		{{"--socket", "/nonexistent/s", "show", "version"}, 3, "/nonexistent/s"},
		{{"check", "/nonexistent/rules.yaml"}, 1, "/nonexistent/rules.yaml"},
		{{"print", "/nonexistent/rules.yaml"}, 1, "/nonexistent/rules.yaml"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct outcome o = run(cases[i].words);

		if (o.code != cases[i].code || !strstr(o.out, cases[i].says))
			fail_msg("case %zu: %d, %s", i, o.code, o.out);
		free(o.out);
	}
}

static void what_print_writes_can_be_piped_into_check(void **state)
{
	char line[1024];
	char said[256] = "";
	FILE *pipe;

	snprintf(line, sizeof(line), "'%s' print '%s/full.yaml' | '%s' check - 2>&1", program,
		examples, program);
	pipe = popen(line, "r");
	assert_non_null(pipe);
	assert_non_null(fgets(said, sizeof(said), pipe));
	if (pclose(pipe) != 0 || strncmp(said, "-: fine", 7) != 0)
		fail_msg("%s", said);
}

static void what_print_writes_check_takes(void **state)
{
	char file[512];
	char again[128];
	const char *print[] = {"print", file, NULL};
	const char *check[] = {"print", again, NULL};
	struct outcome o;
	FILE *out;

	snprintf(file, sizeof(file), "%s/full.yaml", examples);
	snprintf(again, sizeof(again), "%s/again.yaml", directory);
	o = run(print);
	assert_int_equal(o.code, 0);
	out = fopen(again, "w");
	fputs(o.out, out);
	fclose(out);
	free(o.out);
	o = run(check);
	if (o.code != 0)
		fail_msg("%s", o.out);
	free(o.out);
	unlink(again);
}

static void every_error_is_a_line_of_file_line_key(void **state)
{
	char file[128];
	char expected[160];
	const char *check[] = {"check", file, NULL};
	struct outcome o;
	FILE *out;

	snprintf(file, sizeof(file), "%s/bad.yaml", directory);
	out = fopen(file, "w");
	fputs("service: 5\nlocal: []\n", out);
	fclose(out);
	o = run(check);
	assert_int_equal(o.code, 1);
	snprintf(expected, sizeof(expected), "%s:1: service: ", file);
	assert_int_equal(strncmp(o.out, expected, strlen(expected)), 0);
	snprintf(expected, sizeof(expected), "\n%s:2: local: ", file);
	assert_non_null(strstr(o.out, expected));
	free(o.out);
	unlink(file);
}

static void put_file(const char *file, const char *text)
{
	FILE *out = fopen(file, "w");

	assert_non_null(out);
	fputs(text, out);
	fclose(out);
}

static void one_question_is_explained(void **state)
{
	static const struct {
		const char *words[14];
		int code;
		const char *says[3];
	} cases[] = {
		{{"--from", "alice@corp.example", "--to", "x@mail.example", "--at", "2026-06-01"},
			0,
			{" 8 licence      passed   the user has a seat, agreement EA-1234",
				"message from alice@corp.example to x@mail.example (out), 2026-06-01\n",
				"\nallowed\nseat: of agreement EA-1234, taken by this\n"}},
		{{"--from", "alice@corp.example", "--to", "x@mail.example", "--at", "2029-01-31"},
			1,
			{"refused  the agreement has ended (agreement EA-1234, since 2029-01-31) [",
				"policy.yaml:59]",
				"\nrefused: licence_expired\nothers hear: Service "
				"unavailable (SIP 403, XMPP service-unavailable, "
				"ms-diagnostics 1001)\n"}},
		{{"--to", "bob@corp.example", "--from", "x@chat.example"}, 1,
			{"refused: user_federation", "(in by ", "policy quiet"}},
		{{"--to", "alice@corp.example", "--from", "x@chat.example"}, 1,
			{"refused: not_invited", "policy sales, of the group sales", ""}},
		{{"--to", "alice@corp.example", "--from", "x@chat.example", "--contact"}, 0,
			{"\nallowed\n", ", a contact\n", ""}},
		{{"--from", "bob@corp.example", "--to", "x@chat.example"}, 0,
			{"content: plain text only", "disclaimer: This conversation is archived.",
				"by XMPP"}},
		{{"--from", "bob@corp.example", "--to", "x@chat.example", "--json"}, 0,
			{"\"allowed\": true", "\"step\": \"route\"", "\"reason\": \"none\""}},
		{{"--from", "bob@corp.example", "--to", "x@chat.example", "--kind", "file",
			 "--json"},
			1, {"\"sip\": 488", "\"outcome\": \"refused\"", "by policy quiet"}},
		/* Without its text nothing is said about its links but what would be. */
		{{"--to", "alice@corp.example", "--from", "x@partner.example"}, 0,
			{"12 content      passed   what becomes of links depends on the text",
				"policy.yaml:7",
				"links: if there are any, this before the text: Careful: this "
				"message has links.\n"}},
		{{"--to", "alice@corp.example", "--from", "x@partner.example", "--text",
			 "see www.a.example"},
			0,
			{"1 link, a notice before the text", "links: 1, this before",
				"text: Careful: this message has links.\n\nsee www.a.example\n"}},
		{{"--to", "alice@corp.example", "--from", "x@partner.example", "--text",
			 "http://a.example/setup%2eexe", "--json"},
			1, {"\"reason\": \"file_blocked\"", "\"diagnostics\": 16001", "403"}},
		{{"--to", "alice@corp.example", "--from", "x@chat.example", "--contact", "--text",
			 "hello", "--json"},
			0, {"\"5 of at most 16384 bytes; 0 links\"", "\"allowed\": true", ""}},
		{{"--to", "alice@corp.example", "--from", "x@partner.example", "--kind", "file",
			 "--text", "x"},
			2, {"--text '' is for messages", "", ""}},
		{{"--from", "x@corp.example", "--to", "y@corp.example", "--direction", "in"}, 1,
			{"domain_is_ours", "(in by xmpp)", ""}},
		{{"--from", "x@corp.example", "--to", "y@corp.example"}, 2,
			{"--direction", "", ""}},
		{{"--from", "x@corp.example"}, 2, {"--to is needed", "", ""}},
		{{"--from", "corp", "--to", "y@corp.example"}, 2, {"--from 'corp'", "", ""}},
		{{"--from", "x@corp.example", "--to", "y@b.example", "--kind", "x"}, 2,
			{"--kind 'x' is none of message", "", ""}},
		{{"--from", "x@corp.example", "--to", "y@b.example", "--at", "now"}, 2,
			{"--at 'now'", "", ""}},
		{{"--from", "x@corp.example", "--to", "y@b.example", "--direction", "up"}, 2,
			{"'up' is neither", "", ""}},
	};
	char file[512];

	snprintf(file, sizeof(file), "%s/policy.yaml", examples);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *words[WORDS_MAX + 1] = {"explain", "--rules", file};
		struct outcome o;

		for (int k = 0; cases[i].words[k]; k++)
			words[3 + k] = cases[i].words[k];
		o = run(words);
		for (int k = 0; k < 3; k++)
			if (o.code != cases[i].code || !strstr(o.out, cases[i].says[k]))
				fail_msg("case %zu: %d, '%s' in\n%s", i, o.code, cases[i].says[k],
					o.out);
		free(o.out);
	}
}

#define LISTED                                                                                     \
	"service: {addresses: [198.51.100.1]}\n"                                                   \
	"local: [{domain: corp.example, certificate: c, key: k,\n"                                 \
	"  inside: {protocol: sip, host: h.example}}]\n"

static void lists_are_read_and_commands_run(void **state)
{
	static const struct {
		const char *document, *list;
		int code;
		const char *says;
	} cases[] = {
		{LISTED "directory: {file: users.csv}\n", "address\nA@corp.example\n", 0,
			"users:\n  - address: \"a@corp.example\"\n"},
		{LISTED "directory: {command: cat users.csv; exit 0}\n",
			"address\nB@corp.example\n", 0, "\"b@corp.example\""},
		{LISTED "directory: {command: cat users.csv; exit 3}\n", "address\n", 1,
			"exited with code 3\n"},
		{LISTED "directory: {command: kill -9 $$}\n", "", 1, "killed by signal 9\n"},
		{LISTED "directory: {command: cat}\n", "", 0, "local:"},
		{LISTED "directory: {file: users.csv}\n", "address\nx\n", 1,
			"rules.yaml:4: directory.file: users.csv:2: address: 'x' is not"},
		{LISTED "directory: {file: gone.csv}\n", "", 1, "No such file or directory"},
	};
	char rules[128];
	char list[128];
	const char *print[] = {"print", rules, NULL};

	snprintf(rules, sizeof(rules), "%s/rules.yaml", directory);
	snprintf(list, sizeof(list), "%s/users.csv", directory);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct outcome o;

		put_file(rules, cases[i].document);
		put_file(list, cases[i].list);
		o = run(print);
		if (o.code != cases[i].code || !strstr(o.out, cases[i].says))
			fail_msg("case %zu: %d, %s", i, o.code, o.out);
		free(o.out);
	}
	unlink(rules);
	unlink(list);
}

/* --- with a control plane --- */

static json_t *many_partners(void *arg)
{
	json_t *rows = json_array();

	for (int i = 0; i < 1500; i++)
		json_array_append_new(
			rows, json_pack("{s:i, s:s}", "id", i, "domain", "partner.example"));
	return rows;
}

static json_t *no_sessions(void *arg)
{
	return NULL;
}

static struct filter_client *no_filter(void *arg)
{
	return NULL;
}

struct waiting {
	struct loop *loop;
	struct timer *timer;
	pid_t child;
};

static void look(void *arg)
{
	struct waiting *w = arg;
	siginfo_t info = {0};

	waitid(P_PID, (id_t)w->child, &info, WEXITED | WNOHANG | WNOWAIT);
	if (info.si_pid == w->child)
		loop_stop(w->loop);
	else
		timer_set_ms(w->timer, 5);
}

/* Serve until the tool has ended. */
static struct outcome run_served(const char *noun, bool json)
{
	const char *words[] = {"--socket", socket_path, "show", noun, json ? "--json" : NULL, NULL};
	const struct command_sources sources = {
		.sessions = no_sessions, .partners = many_partners, .filter = no_filter};
	struct waiting w = {.loop = loop_new()};
	struct command_server *server;
	FILE *output = tmpfile();
	char why[256] = "";

	server = command_server_new(w.loop, socket_path, &sources, why, sizeof(why));
	if (!server)
		fail_msg("%s", why);
	w.child = start(words, output);
	w.timer = timer_new(w.loop, look, &w);
	timer_set_ms(w.timer, 5);
	loop_run(w.loop);
	command_server_free(server);
	timer_free(w.timer);
	loop_free(w.loop);
	return outcome_of(w.child, output);
}

static void shows_are_tables_or_json(void **state)
{
	struct outcome o;
	json_t *answer;

	counters_clear();
	counter_add("xmpp.refused", "invalid_from", 12);
	o = run_served("counters", false);
	assert_int_equal(o.code, 0);
	assert_non_null(strstr(o.out, "xmpp.refused.invalid_from  12\n"));
	free(o.out);
	o = run_served("sessions", false);
	assert_int_equal(o.code, 0);
	assert_string_equal(o.out, "none\n");
	free(o.out);
	o = run_served("version", false);
	assert_non_null(strstr(o.out, "version: " PICKET_VERSION "\n"));
	free(o.out);
	o = run_served("dataplane", false);
	assert_int_equal(o.code, 1);
	assert_non_null(strstr(o.out, "no channel"));
	free(o.out);
	/* More than a page. */
	o = run_served("partners", true);
	assert_int_equal(o.code, 0);
	answer = json_loads(o.out, 0, NULL);
	assert_int_equal(json_array_size(answer), 1500);
	assert_int_equal(
		json_integer_value(json_object_get(json_array_get(answer, 1499), "id")), 1499);
	json_decref(answer);
	free(o.out);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(usage_has_its_codes),
		cmocka_unit_test(what_print_writes_check_takes),
		cmocka_unit_test(what_print_writes_can_be_piped_into_check),
		cmocka_unit_test(every_error_is_a_line_of_file_line_key),
		cmocka_unit_test(one_question_is_explained),
		cmocka_unit_test(lists_are_read_and_commands_run),
		cmocka_unit_test(shows_are_tables_or_json),
	};
	int failed;

	if (argc != 3 || !mkdtemp(directory)) {
		fprintf(stderr, "usage: test_ctl PICKETCTL EXAMPLES\n");
		return 2;
	}
	program = argv[1];
	examples = argv[2];
	snprintf(socket_path, sizeof(socket_path), "%s/control.sock", directory);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(directory);
	return failed;
}
