/* SPDX-License-Identifier: BSD-3-Clause */
/* test_ctl_licence PICKETCTL: picketctl licence report, asked and offline. */
#include "tests/unit/test.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "control/archive.h"
#include "control/command.h"
#include "control/policy/report.h"
#include "rules/base/log.h"

static const char document[] =
	"service: {addresses: [198.51.100.1]}\n"
	"local:\n"
	"  - {domain: corp.example, certificate: c, key: k, inside: {protocol: sip, host: h.example}}\n"
	"providers:\n"
	"  - {name: yahoo, profile: yahoo, enabled: true, domains: [yahoo.example]}\n"
	"licences:\n"
	"  - {agreement: EA-1, provider: yahoo, seats: 2, start: 2012-01-01, end: 2016-12-31,\n"
	"     renewals: [2012-08-31, 2012-08-31T12:00:00Z], grace_days: 3}\n"
	"  - {agreement: EA-2, provider: yahoo, model: assigned, seats: 2, start: 2012-01-01, end: 2014-01-01}\n";

static const char *program;
static char directory[] = "/tmp/picket-licence-XXXXXX";
static char state[64], rules_path[64], socket_path[64];

struct outcome {
	int code;
	char out[64 * 1024]; /* both streams */
};

/* `loop` is served meanwhile; NULL: nobody is. */
static struct outcome run(struct loop *loop, const char *words)
{
	static struct outcome o;
	char line[1024];
	FILE *pipe;
	size_t n = 0;
	int status;

	snprintf(line, sizeof(line), "'%s' %s 2>&1", program, words);
	pipe = popen(line, "r");
	assert_non_null(pipe);
	/* It writes when it has its answer. */
	while (loop && poll(&(struct pollfd){.fd = fileno(pipe), .events = POLLIN}, 1, 1) == 0)
		event_base_loop(loop_base(loop), EVLOOP_NONBLOCK);
	n = fread(o.out, 1, sizeof(o.out) - 1, pipe);
	o.out[n] = '\0';
	status = pclose(pipe);
	o.code = WEXITSTATUS(status);
	return o;
}

static void told(void *arg, int error)
{
	assert_int_equal(error, 0);
	loop_stop(arg);
}

static void fill_record(void)
{
	const struct agreement agreement = {
		.id = "EA-1", .terms = provider_profile(VIEW("yahoo")), .seats = 2};
	struct loop *loop = loop_new();
	char why[STORE_WHY_BYTES];
	char path[128], head[128];
	struct store *store;
	struct usage *usage;

	snprintf(path, sizeof(path), "%s/" USAGE_DATABASE_FILE, state);
	snprintf(head, sizeof(head), "%s/" USAGE_HEAD_FILE, state);
	store = store_open(loop, path, USAGE_SCHEMA, why, sizeof(why));
	usage = usage_open(store, head, why, sizeof(why));
	assert_non_null(usage);
	/* 2012-03-01 */
	assert_int_equal(usage_take(usage, &agreement, VIEW("a@corp.example"),
				 (struct wall){1330560000}, told, loop),
		0);
	loop_run(loop);
	assert_int_equal(usage_take(usage, &agreement, VIEW("b@corp.example"),
				 (struct wall){1330560060}, told, loop),
		0);
	loop_run(loop);
	store_close(store);
	usage_free(usage);
	loop_free(loop);
}

static int setup(void **unused)
{
	struct record record = {.generation = 7, .what = RECORD_APPLY, .at_s = 1};
	struct record_current current = {.generation = 7};
	char rules[128];
	char why[256];
	FILE *file;

	log_setup("test", LOG_LEVEL_ERROR);
	assert_non_null(mkdtemp(directory));
	snprintf(state, sizeof(state), "%s/state", directory);
	snprintf(rules, sizeof(rules), "%s/state/rules", directory);
	snprintf(rules_path, sizeof(rules_path), "%s/rules.yaml", directory);
	snprintf(socket_path, sizeof(socket_path), "%s/socket", directory);
	assert_int_equal(mkdir(state, 0700), 0);
	assert_int_equal(mkdir(rules, 0700), 0);
	fill_record();
	record_digest(view_of(document), record.digest);
	memcpy(current.seen, record.digest, sizeof(current.seen));
	snprintf(current.seen_path, sizeof(current.seen_path), "%s", rules_path);
	snprintf(record.origin, sizeof(record.origin), "%s", rules_path);
	if (archive_write(rules, &record, view_of(document), &current, why, sizeof(why)) < 0)
		fail_msg("%s", why);
	file = fopen(rules_path, "w");
	fputs(document, file);
	fclose(file);
	return 0;
}

static int teardown(void **unused)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -r %s", directory);
	return system(command);
}

static const char expected[] =
	"months: up to 2016-01\n"
	"\n"
	"agreement EA-1 with yahoo: expired, provider retired, 2 seats, by active month\n"
	"  bought 2012-01-01, renewed 2012-08-31, 2012-08-31T12:00:00Z; sold until 2012-09-01\n"
	"  from 2012-01-01 to 2016-12-31, 3 days of grace; service until 2014-07-01\n"
	"  month    seats  of  90 %                  100 %\n"
	"  2012-03      2   2  2012-03-01T00:01:00Z  2012-03-01T00:01:00Z\n"
	"  peak: 2 in 2012-03\n"
	"  credit: 50.05 %, 914.0 of 1826.0 days\n"
	"\n"
	"agreement EA-2 with yahoo: expired, provider retired, 2 seats, assigned by name\n"
	"  bought 2012-01-01; sold until 2012-09-01\n"
	"  from 2012-01-01 to 2014-01-01; service until 2014-07-01\n"
	"  no seat was used\n"
	"  credit: none\n";

static void is_expected(const struct outcome *o)
{
	const char *months = strstr(o->out, "months:");

	if (o->code != 0 || strncmp(o->out, "record: whole, 2 rows, head 2:", 30) != 0 || !months ||
		strcmp(months, expected) != 0)
		fail_msg("%d: %s", o->code, o->out);
}

static void the_state_directory_is_read_without_a_daemon(void **unused)
{
	char words[256];
	struct outcome o;

	snprintf(words, sizeof(words), "licence report --state %s --to 2016-01", state);
	o = run(NULL, words);
	is_expected(&o);
	snprintf(words, sizeof(words), "licence report --state %s --rules %s --to 2016-01", state,
		rules_path);
	o = run(NULL, words);
	is_expected(&o);
}

static void json_is_one_document(void **unused)
{
	char words[256];
	struct outcome o;
	json_t *answer;

	snprintf(words, sizeof(words), "licence report --json --state %s --month 2012-04", state);
	o = run(NULL, words);
	answer = json_loads(o.out, 0, NULL);
	assert_int_equal(o.code, 0);
	assert_string_equal(json_string_value(json_object_get(answer, "record")), "whole");
	assert_string_equal(json_string_value(json_object_get(answer, "from")), "2012-04");
	assert_int_equal(json_integer_value(json_object_get(answer, "generation")), 7);
	assert_int_equal(json_array_size(json_object_get(answer, "agreements")), 2);
	json_decref(answer);
}

static void what_is_wrong_has_its_code(void **unused)
{
	static const struct {
		const char *words;
		int code;
		const char *says;
	} cases[] = {
		{"licence --help", 0, "usage: picketctl licence report"},
		{"licence report --socket /nonexistent/s", 3, "/nonexistent/s"},
		{"licence", 2, "usage: picketctl licence report"},
		{"licence sell", 2, "'sell'"},
		{"licence report --state STATE --month 2012", 2, "a month is written like"},
		{"licence report --state STATE --month 2012-01 --to 2012-02", 2,
			"or --from and --to"},
		{"licence report --rules x", 2, "--rules goes with --state"},
		{"licence report --state /nonexistent", 2, "/nonexistent/rules/current: No such"},
		{"licence report --state /nonexistent --rules RULES", 2, "/nonexistent/facts.db"},
		{"licence report --kind file", 2, "are for 'explain'"},
		{"explain --month 2012-01", 2, "are for 'licence'"},
		{"show flows --state x", 2, "are for 'licence'"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char words[256];
		const char *at = strstr(cases[i].words, "STATE");
		const char *with = at ? state : rules_path;
		struct outcome o;

		at = at ? at : strstr(cases[i].words, "RULES");
		if (at)
			snprintf(words, sizeof(words), "%.*s%s%s", (int)(at - cases[i].words),
				cases[i].words, with, at + 5);
		else
			snprintf(words, sizeof(words), "%s", cases[i].words);
		o = run(NULL, words);
		if (o.code != cases[i].code || !strstr(o.out, cases[i].says))
			fail_msg("%s: %d: %s", words, o.code, o.out);
	}
}

/* --- asked --- */

static struct ruleset *rules;
static struct loop *serving;

static void licences(
	void *arg, const char *from, const char *to, command_licences_done *done, void *done_arg)
{
	const struct wall now = {1790000000};
	struct report_period period;
	struct report report;
	const char *wrong;
	char why[256];

	if (!report_period_read(from, to, now, &period, &wrong)) {
		done(done_arg, wrong, NULL, NULL);
		return;
	}
	assert_int_equal(report_make(rules, state, &period, now, &report, why, sizeof(why)), 0);
	done(done_arg, NULL, json_incref(report.head), json_incref(report.rows));
	report_free(&report);
}

static struct outcome run_served(const char *words, bool shows_only, bool is_ready)
{
	static struct rules_errors errors;
	const struct command_policy policy = {.licences = is_ready ? licences : NULL};
	struct command_server *server;
	struct outcome o;
	char line[512];
	char why[256];

	rules = ruleset_compile(view_of(document), NULL, &errors);
	serving = loop_new();
	server = command_server_new(
		serving, socket_path, &(struct command_sources){0}, why, sizeof(why));
	assert_non_null(server);
	if (shows_only)
		command_server_show_only(server);
	command_server_policy(server, &policy);
	snprintf(line, sizeof(line), "--socket %s %s", socket_path, words);
	o = run(serving, line);
	command_server_free(server);
	loop_free(serving);
	ruleset_free(rules);
	return o;
}

static void the_control_plane_is_asked_also_by_those_who_may_only_look(void **unused)
{
	struct outcome o = run_served("licence report --to 2016-01", false, true);

	is_expected(&o);
	o = run_served("licence report --to 2016-01", true, true);
	is_expected(&o);
	o = run_served("licence report --to x", false, true);
	assert_int_equal(o.code, 2);
	assert_non_null(strstr(o.out, "a month is written like 2026-06"));
	o = run_served("licence report", false, false);
	assert_int_equal(o.code, 2);
	assert_non_null(strstr(o.out, "there are no rules yet"));
}

/* The last one: nothing is whole after it. */
static void a_record_that_is_not_whole_is_code_1(void **unused)
{
	char words[512];
	struct outcome o;
	sqlite3 *database;
	char path[128];

	snprintf(path, sizeof(path), "%s/" USAGE_DATABASE_FILE, state);
	assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
	assert_int_equal(
		sqlite3_exec(database, "DELETE FROM usage WHERE seq = 2", NULL, NULL, NULL),
		SQLITE_OK);
	sqlite3_close(database);
	snprintf(words, sizeof(words), "licence report --state %s", state);
	o = run(NULL, words);
	assert_int_equal(o.code, 1);
	assert_non_null(strstr(o.out, "record: cut off: row 2 and what came after it are missing; "
				      "whole up to head 1:"));
	o = run_served("licence report", false, true);
	assert_int_equal(o.code, 1);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_state_directory_is_read_without_a_daemon),
		cmocka_unit_test(json_is_one_document),
		cmocka_unit_test(what_is_wrong_has_its_code),
		cmocka_unit_test(the_control_plane_is_asked_also_by_those_who_may_only_look),
		cmocka_unit_test(a_record_that_is_not_whole_is_code_1),
	};

	if (argc != 2)
		return 2;
	program = argv[1];
	return cmocka_run_group_tests(tests, setup, teardown);
}
