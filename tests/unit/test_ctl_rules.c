/* SPDX-License-Identifier: BSD-3-Clause */
/* test_ctl_rules PICKETCTL: rules changed as operators change them, with the real tool, socket, channel and
 * disk, and a scripted dataplane. */
#include "tests/unit/test.h"

#include <string.h>
#include <sys/wait.h>

#include "control/command.h"
#include "dataplane/channel/channel.h"
#include "rules/decide.h"
#include "tests/unit/rulebook_bench.h"

enum { OUTPUT_BYTES = 64 * 1024, WORDS_MAX = 6 };

static const char *program;
static char socket_path[160];
static struct command_server *server;
static char output[OUTPUT_BYTES]; /* of the last run, both streams */
static pid_t child;

static json_t *nothing(void *arg)
{
	return NULL;
}

static int ctl_set_up(void **state)
{
	const struct command_sources sources = {.sessions = nothing,
		.partners = nothing,
		.messages = nothing,
		.filter = the_filter};
	char why[256] = "";

	set_up(NULL);
	snprintf(socket_path, sizeof(socket_path), "%s", house_path(&world.house, "control.sock"));
	server = command_server_new(world.loop, socket_path, &sources, why, sizeof(why));
	if (!server)
		fail_msg("%s", why);
	command_server_rules(server, world.book);
	return 0;
}

static int ctl_tear_down(void **state)
{
	command_server_free(server);
	return tear_down(NULL);
}

static void start(const char *const *words, FILE *to)
{
	child = fork();
	assert_true(child >= 0);
	if (child > 0)
		return;
	{
		const char *argv[WORDS_MAX + 4] = {program, "--socket", socket_path};

		for (int i = 0; i < WORDS_MAX && words[i]; i++)
			argv[i + 3] = words[i];
		dup2(fileno(to), STDOUT_FILENO);
		dup2(fileno(to), STDERR_FILENO);
		execv(program, (char **)argv);
		_exit(127);
	}
}

static bool has_ended(void)
{
	siginfo_t info = {0};

	waitid(P_PID, (id_t)child, &info, WEXITED | WNOHANG | WNOWAIT);
	return info.si_pid == child;
}

/* The exit code; what was said is in output. */
static int end(FILE *from)
{
	size_t got;
	int status;

	for (int i = 0; i < 1000 && !has_ended(); i++)
		run(10);
	assert_true(has_ended());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	rewind(from);
	got = fread(output, 1, sizeof(output) - 1, from);
	output[got] = '\0';
	fclose(from);
	return WEXITSTATUS(status);
}

static int ctl(const char *verb, const char *noun, const char *option)
{
	const char *words[] = {verb, noun ? noun : option, noun ? option : NULL, NULL};
	FILE *to = tmpfile();

	start(words, to);
	return end(to);
}

#define says(code, words, ...)                                                                     \
	do {                                                                                       \
		int code_ = ctl(__VA_ARGS__);                                                      \
                                                                                                   \
		if (code_ != (code) || !strstr(output, words))                                     \
			fail_msg("%d: %s", code_, output);                                         \
	} while (0)

static const char *new_file(const char *partners)
{
	house_write(&world.house, "new.yaml", document(partners));
	return house_path(&world.house, "new.yaml");
}

static const char *first_partner(void)
{
	return world.generation->rules->partners[0].domain;
}

static void an_operator_changes_the_rules(void **state)
{
	const char *file = new_file("b.example, c.example");
	json_t *shown;

	says(0, ": fine, 1 local domain, 2 partners\n", "check", file, NULL);
	says(1, "- partner a.example: protocol xmpp\n+ partner b.example: protocol xmpp\n", "diff",
		file, NULL);
	assert_non_null(
		strstr(output, "~ decision others at corp.example with b.example (and 1 like "
			       "it), in: message, "));
	says(0, "is in force; partners: 2 added, 1 removed, 0 changed\n", "apply", file, NULL);
	assert_string_equal(first_partner(), "b.example");
	assert_int_equal(ctl("diff", file, NULL), 0);
	assert_string_equal(output, "");
	assert_int_equal(ctl("diff", file, "--json"), 0);
	assert_string_equal(output, "[]\n");
	says(0, "  - domain: b.example\n", "print", NULL, NULL);

	says(0, "by: apply\n", "show", "rules", NULL);
	assert_non_null(strstr(output, "rollback goes here"));
	assert_int_equal(ctl("show", "rules", "--json"), 0);
	shown = json_loads(output, 0, NULL);
	assert_int_equal(json_integer_value(json_object_get(shown, "partners")), 2);
	assert_int_equal(json_array_size(json_object_get(shown, "rows")), 2);
	json_decref(shown);

	says(0, "is in force; partners: 1 added, 2 removed, 0 changed\n", "rollback", NULL, NULL);
	assert_string_equal(first_partner(), "a.example");
	says(1, "no earlier rules are kept", "rollback", NULL, NULL);
	assert_int_equal(ctl("apply", file, "--json"), 0);
	shown = json_loads(output, 0, NULL);
	assert_int_equal(json_integer_value(json_object_get(shown, "added")), 2);
	json_decref(shown);
}

static void what_is_in_force_can_be_checked(void **state)
{
	char line[600];

	assert_int_equal(ctl("print", NULL, NULL), 0);
	house_write(&world.house, "again.yaml", output);
	snprintf(line, sizeof(line), "'%s' check - < %s/again.yaml > /dev/null", program,
		world.house.directory);
	assert_int_equal(system(line), 0);
	says(0, "", "diff", house_path(&world.house, "again.yaml"), NULL);
}

static void a_difference_is_json_too(void **state)
{
	json_t *list;
	json_t *line;

	assert_int_equal(ctl("diff", new_file("a.example, b.example"), "--json"), 1);
	list = json_loads(output, 0, NULL);
	assert_int_equal(json_array_size(list), 3);
	line = json_array_get(list, 0);
	assert_string_equal(json_string_value(json_object_get(line, "change")), "added");
	assert_string_equal(json_string_value(json_object_get(line, "area")), "partner");
	assert_string_equal(json_string_value(json_object_get(line, "name")), "b.example");
	assert_true(json_is_null(json_object_get(line, "from")));
	line = json_array_get(list, 2);
	assert_string_equal(json_string_value(json_object_get(line, "area")), "decision");
	assert_string_equal(json_string_value(json_object_get(line, "domain")), "b.example");
	assert_string_equal(json_string_value(json_object_get(line, "key")), "out");
	assert_int_equal(json_array_size(json_object_get(line, "kinds")), KIND_COUNT);
	assert_string_equal(json_string_value(json_object_get(line, "from")), "no_partner");
	assert_string_equal(json_string_value(json_object_get(line, "to")), "none");
	json_decref(list);
}

/* The daemon gets them in the document, and keeps that. */
static void lists_go_along_with_the_document(void **state)
{
	const struct policies *policies;
	char text[4096];

	snprintf(text, sizeof(text), "%spolicies: [{name: few}]\ndirectory: {command: %s}\n",
		document("a.example"), "cat users.csv");
	house_write(&world.house, "new.yaml", text);
	house_write(&world.house, "users.csv", "address,policy\nAlice@corp.example,few\n");
	says(0, "is in force", "apply", house_path(&world.house, "new.yaml"), NULL);
	policies = &world.generation->rules->policies;
	assert_int_equal(policies->user_count, 1);
	assert_string_equal(policies->users[0].address, "alice@corp.example");
	says(0, "users:\n  - address: \"alice@corp.example\"\n    policy: few\n", "print", NULL,
		NULL);
	assert_null(strstr(output, "directory"));
	house_write(&world.house, "users.csv", "address,policy\nBob@corp.example,few\n");
	says(1, "+ user bob@corp.example: policy few\n", "diff",
		house_path(&world.house, "new.yaml"), NULL);
	assert_non_null(strstr(output, "~ decision bob@corp.example with a.example, in: "));
	house_write(&world.house, "users.csv", "address\nbob\n");
	says(1, "users.csv:2: address: 'bob' is not", "apply", house_path(&world.house, "new.yaml"),
		NULL);
	assert_string_equal(
		world.generation->rules->policies.users[0].address, "alice@corp.example");
	/* Without the file and the command. */
	says(0, "is in force", "reload", "certificates", NULL);
	assert_string_equal(
		world.generation->rules->policies.users[0].address, "alice@corp.example");
}

static void two_files_are_compared_without_asking_anybody(void **state)
{
	const char *file = new_file("b.example");
	char old[512];

	house_write(&world.house, "old.yaml", document("c.example, b.example"));
	snprintf(old, sizeof(old), "--rules=%s", house_path(&world.house, "old.yaml"));
	file = house_path(&world.house, "new.yaml");
	/* In force is a.example. */
	says(1, "- partner c.example: protocol xmpp\n~ decision others at corp.example with c.example",
		"diff", file, old);
	assert_null(strstr(output, "a.example"));
	house_write(&world.house, "old.yaml", document("b.example"));
	assert_int_equal(ctl("diff", file, old), 0);
	assert_string_equal(output, "");
	house_write(&world.house, "old.yaml", document("b_c.example"));
	says(2, "old.yaml:", "diff", file, old);
	says(2, "--rules is for 'explain', 'diff' and 'licence', not for 'check'", "check", file,
		old);
}

static void a_check_warns_in_the_order_of_lines_and_counts_what_there_is(void **state)
{
	char text[4096];

	snprintf(text, sizeof(text),
		"%sproviders:\n"
		"  - {name: zoo, enabled: true, licence: seat, domains: [z.example]}\n"
		"  - {name: ape, enabled: true, licence: seat, domains: [y.example]}\n"
		"policies:\n"
		"  - {name: few}\n"
		"  - {name: all}\n"
		"groups: [{name: g, policy: few}]\n"
		"users: [{address: a@corp.example}, {address: b@corp.example}]\n",
		document("a.example"));
	house_write(&world.house, "new.yaml", text);
	says(0, ": fine, 1 local domain, 1 partner, 2 providers, 2 policies, 1 group, 2 users\n",
		"check", house_path(&world.house, "new.yaml"), NULL);
	assert_true(strstr(output, "zoo:") < strstr(output, "ape:"));
	assert_true(strstr(output, "ape:") < strstr(output, "policy all:"));
	assert_non_null(strstr(output, "zoo:"));
	assert_null(strstr(output, "policy few:"));
}

static void errors_are_found_before_the_daemon_is_asked(void **state)
{
	uint32_t asked = world.fake.question_count;
	const char *file = new_file("b.example, b.example");

	says(1, "new.yaml:11: partners[1].domain: ", "apply", file, NULL);
	says(2, "new.yaml:11: partners[1].domain: ", "diff", file, NULL);
	unlink(house_path(&world.house, "corp.key"));
	file = new_file("b.example");
	says(1, "new.yaml:5: local[corp.example].key: ", "apply", file, NULL);
	says(1, "corp.key: No such file or directory: a path begins where the rules file is",
		"apply", file, NULL);
	says(1, "new.yaml:5: local[corp.example].key: ", "check", file, NULL);
	says(1, "corp.key: No such file or directory", "check", file, NULL);
	says(1, "corp.key: No such file or directory", "reload", "certificates", NULL);
	says(1, "nonexistent.yaml: cannot be read: No such file", "apply", "/nonexistent.yaml",
		NULL);
	says(2, "nonexistent.yaml: cannot be read: No such file", "diff", "/nonexistent.yaml",
		NULL);
	assert_int_equal(world.adopted, 0);
	assert_int_equal(world.fake.question_count, asked);
}

static void what_the_daemon_refuses_is_said(void **state)
{
	const char *file = new_file("b.example");

	world.fake.error_type = "prepare";
	world.fake.error_words = "no room";
	says(1, "picketctl: apply: the dataplane: no room; nothing was changed", "apply", file,
		NULL);
	world.fake.error_type = "commit";
	says(0, "picketctl: apply: the dataplane: no room; it is brought", "apply", file, NULL);
	assert_string_equal(first_partner(), "b.example");
}

static void a_pair_that_does_not_match_is_found(void **state)
{
	const char *file = new_file("b.example");
	struct identity_pair other =
		certificate_make(&(struct certificate_spec){.cn = "x", .san = "DNS:x.example"});

	certificate_write(&other, NULL, house_path(&world.house, "corp.key"));
	says(1, "corp.key: the key does not belong to the certificate", "check", file, NULL);
	says(1, "corp.key: the key does not belong to the certificate", "apply", file, NULL);
	certificate_write(&other, house_path(&world.house, "corp.crt"), NULL);
	says(1, "corp.crt: the certificate does not name this domain", "check", file, NULL);
	says(1, "corp.crt: the certificate does not name this domain", "reload", "certificates",
		NULL);
	identity_pair_free(&other);
	house_certify(&world.house);
	says(0, "0 added, 0 removed, 0 changed", "reload", "certificates", NULL);
	assert_int_equal(world.adopted, 1);
}

/* Someone who may not read keys still hears what is wrong with the rest. */
static void what_may_not_be_read_is_a_warning(void **state)
{
	char line[600];
	FILE *said;
	size_t got;

	if (geteuid() != 0)
		skip();
	new_file("b.example");
	assert_int_equal(chmod(world.house.directory, 0755), 0);
	assert_int_equal(chmod(house_path(&world.house, "corp.key"), 0600), 0);
	snprintf(line, sizeof(line),
		"setpriv --reuid=65534 --regid=65534 --clear-groups '%s' check %s/new.yaml 2>&1",
		program, world.house.directory);
	said = popen(line, "r");
	got = fread(output, 1, sizeof(output) - 1, said);
	output[got] = '\0';
	if (pclose(said) != 0 || !strstr(output, "corp.key: Permission denied; not checked") ||
		!strstr(output, "fine, 1 local domain, 1 partner\n"))
		fail_msg("%s", output);
}

static void an_operator_who_leaves_changes_nothing(void **state)
{
	const char *words[] = {"apply", new_file("b.example"), NULL};
	FILE *to = tmpfile();
	int status;

	world.fake.silent_type = "prepare";
	start(words, to);
	for (int k = 0; k < 300 && fake_count(&world.fake, "prepare") < 2; k++)
		run(10);
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	fclose(to);
	run(20);
	/* Another one hears whose it is, then it fails by itself. */
	world.fake.silent_type = NULL;
	says(1, "picketctl: apply: busy: apply of ", "apply", words[1], NULL);
	fake_hang_up(&world.fake);
	for (int k = 0; k < 300 && filter_client_ready(world.filter); k++)
		run(10);
	for (int k = 0; k < 300 && !filter_client_ready(world.filter); k++)
		run(10);
	assert_int_equal(world.adopted, 0);
	/* And one who leaves late does not keep it from coming into force. */
	start(words, tmpfile());
	for (int k = 0; k < 5000 && fake_count(&world.fake, "commit") < 2; k++)
		run(1);
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, &status, 0), child);
	for (int k = 0; k < 300 && world.adopted == 0; k++)
		run(10);
	assert_string_equal(first_partner(), "b.example");
}

static void descriptors_go_only_where_they_belong(void **state)
{
	static const struct {
		const char *command;
		int fds;
		const char *says;
	} cases[] = {
		{"show rules", 1, "no descriptor goes with this"},
		{"document", 1, "no descriptor goes with this"},
		{"apply", 0, "must come along"},
		{"apply", 2, "must come along"},
		{"rollback", 0, "must come along"},
		{"apply", 1, "not sealed"},
		{"nonsense", 1, "unknown command"},
	};
	int sent[2] = {STDIN_FILENO, STDIN_FILENO};
	int fd = channel_connect(socket_path);
	int before;

	run(20);
	before = dup(0);
	close(before);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		json_t *question = json_pack("{s:s, s:i}", "command", cases[i].command, "bytes", 5);
		struct channel_packet packet;
		const char *error;

		assert_int_equal(channel_send(fd, question, sent, (uint32_t)cases[i].fds), 0);
		json_decref(question);
		run(20);
		assert_int_equal(channel_receive(fd, &packet), 0);
		error = json_string_value(json_object_get(packet.message, "error"));
		if (!error || !strstr(error, cases[i].says))
			fail_msg("%s with %d: %s", cases[i].command, cases[i].fds,
				error ? error : "?");
		channel_packet_free(&packet);
	}
	/* None stayed open. */
	sent[0] = dup(0);
	assert_int_equal(sent[0], before);
	close(sent[0]);
	close(fd);
	run(20);
}

#define ctl_test(f) cmocka_unit_test_setup_teardown(f, ctl_set_up, ctl_tear_down)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		ctl_test(an_operator_changes_the_rules),
		ctl_test(what_is_in_force_can_be_checked),
		ctl_test(a_difference_is_json_too),
		ctl_test(lists_go_along_with_the_document),
		ctl_test(two_files_are_compared_without_asking_anybody),
		ctl_test(a_check_warns_in_the_order_of_lines_and_counts_what_there_is),
		ctl_test(errors_are_found_before_the_daemon_is_asked),
		ctl_test(what_the_daemon_refuses_is_said),
		ctl_test(a_pair_that_does_not_match_is_found),
		ctl_test(what_may_not_be_read_is_a_warning),
		ctl_test(an_operator_who_leaves_changes_nothing),
		ctl_test(descriptors_go_only_where_they_belong),
	};

	if (argc != 2) {
		fprintf(stderr, "usage: test_ctl_rules PICKETCTL\n");
		return 2;
	}
	program = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
