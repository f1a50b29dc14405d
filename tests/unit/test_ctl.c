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

enum { WORDS_MAX = 8, OUTPUT_BYTES = 1 << 20 };

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
		{{"show", "secrets"}, 2, "'secrets'"},
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
		{{"show", "--help"}, 0, "show rules"},
		{{"diff", "--help"}, 0, "2 wrong usage or errors in FILE"},
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
