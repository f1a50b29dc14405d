/* SPDX-License-Identifier: BSD-3-Clause */
/* The operator's socket. */
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/command.h"
#include "control/counters.h"
#include "dataplane/channel/channel.h"
#include "tests/unit/fake_dataplane.h"

struct bench {
	struct loop *loop;
	struct verdicts *verdicts; /* or NULL */
	struct timer *deadline;
	char directory[64];
	char path[96];
	struct command_server *server;
	int partners; /* rows that there are */
	int suspects;
	struct filter_client *filter;
	bool ready;
};

static json_t *no_sessions(void *arg)
{
	return NULL;
}

static json_t *some_partners(void *arg)
{
	const struct bench *b = arg;
	json_t *rows = json_array();

	for (int i = 0; i < b->partners; i++)
		json_array_append_new(rows, json_pack("{s:i, s:s}", "id", i, "domain",
						    "a-name-as-long-as-partners-have.example"));
	return rows;
}

static json_t *some_messages(void *arg)
{
	return json_pack(
		"[{s:s, s:i, s:{s:i}}]", "partner", "p.example", "in", 7, "refused", "in.gone", 2);
}

static json_t *some_prefixes(void *arg, uint32_t offset, uint32_t limit, uint32_t *total)
{
	json_t *rows = json_array();

	*total = 3000;
	for (uint32_t i = offset; i < offset + limit && i < *total; i++)
		json_array_append_new(rows,
			json_pack("{s:i, s:s, s:s}", "number", (int)i, "partner",
				"a-name-as-long-as-partners-have.example", "origin",
				"srv _xmpp-server._tcp.a-name-as-long-as-partners-have.example -> "
				"a-host-with-a-name-that-is-as-long.example"));
	return rows;
}

static json_t *some_handshakes(void *arg)
{
	return json_pack("{s:{s:i}, s:[{s:s, s:i}]}", "head", "unproven", 1, "rows", "class",
		"unknown", "unproven", 1);
}

static struct filter_client *the_filter(void *arg)
{
	const struct bench *b = arg;

	return b->filter;
}

static struct verdicts *the_verdicts(void *arg)
{
	const struct bench *b = arg;

	return b->verdicts;
}

static json_t *some_suspects(void *arg)
{
	const struct bench *b = arg;
	json_t *rows = json_array();

	for (int i = 0; i < b->suspects; i++)
		json_array_append_new(
			rows, json_pack("{s:s, s:s}", "target", "p.example", "kind", "suspicious"));
	return rows;
}

static bool trust(void *arg, struct view peer)
{
	struct bench *b = arg;

	if (b->suspects == 0 || !view_equal(peer, VIEW("p.example")))
		return false;
	b->suspects--;
	return true;
}

static void step_over(void *arg)
{
	struct bench *b = arg;

	loop_stop(b->loop);
}

static void run(struct bench *b, uint64_t ms)
{
	timer_set_ms(b->deadline, ms);
	loop_run(b->loop);
}

static void bench_open(struct bench *b)
{
	const struct command_sources sources = {.arg = b,
		.sessions = no_sessions,
		.partners = some_partners,
		.messages = some_messages,
		.prefixes = some_prefixes,
		.handshakes = some_handshakes,
		.filter = the_filter,
		.verdicts = the_verdicts,
		.suspects = some_suspects,
		.trust = trust};
	char why[256] = "";

	counters_clear();
	*b = (struct bench){.loop = loop_new(), .partners = 3};
	b->deadline = timer_new(b->loop, step_over, b);
	snprintf(b->directory, sizeof(b->directory), "/tmp/picket-command-XXXXXX");
	assert_non_null(mkdtemp(b->directory));
	snprintf(b->path, sizeof(b->path), "%s/control.sock", b->directory);
	b->server = command_server_new(b->loop, b->path, &sources, why, sizeof(why));
	if (!b->server)
		fail_msg("%s", why);
}

static void bench_close(struct bench *b)
{
	command_server_free(b->server);
	timer_free(b->deadline);
	loop_free(b->loop);
	/* Fails when the socket was left behind. */
	assert_int_equal(rmdir(b->directory), 0);
}

static json_t *answer_receive(int fd)
{
	struct channel_packet packet;
	json_t *answer;

	assert_int_equal(channel_receive(fd, &packet), 0);
	answer = json_incref(packet.message);
	channel_packet_free(&packet);
	return answer;
}

/* Takes the question. */
static json_t *ask(struct bench *b, int fd, json_t *question)
{
	assert_int_equal(channel_send(fd, question, NULL, 0), 0);
	json_decref(question);
	run(b, 30);
	return answer_receive(fd);
}

/* Asks again behind what came, as the tool does. */
static void prefixes_come_in_pages_that_fit(void **state)
{
	json_int_t next = 0;
	struct bench b;
	int fd;

	bench_open(&b);
	fd = channel_connect(b.path);
	while (next < 3000) {
		json_t *answer = ask(&b, fd,
			json_pack("{s:i, s:s, s:I, s:i}", "id", 1, "command", "show prefixes",
				"offset", next, "limit", 500));
		json_t *rows = json_object_get(answer, "rows");
		json_t *row;
		size_t i;

		assert_int_equal(json_integer_value(json_object_get(answer, "total")), 3000);
		assert_true(json_array_size(rows) > 0);
		json_array_foreach(rows, i, row) assert_int_equal(
			json_integer_value(json_object_get(row, "number")), next++);
		json_decref(answer);
	}
	close(fd);
	bench_close(&b);
}

static void every_show_is_answered_with_its_id(void **state)
{
	static const char *const commands[] = {"show counters", "show sessions", "show partners",
		"show version", "show messages", "show handshakes"};
	struct bench b;
	struct stat status;
	int fd;

	bench_open(&b);
	assert_int_equal(stat(b.path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0660);
	counter_add("test.refused", "cause", 4);
	fd = channel_connect(b.path);
	for (int i = 0; i < 6; i++) {
		json_t *answer =
			ask(&b, fd, json_pack("{s:i, s:s}", "id", i, "command", commands[i]));

		if (!json_is_true(json_object_get(answer, "ok")) ||
			json_integer_value(json_object_get(answer, "id")) != i ||
			!json_is_array(json_object_get(answer, "rows")))
			fail_msg("%s", commands[i]);
		if (i == 2)
			assert_int_equal(json_array_size(json_object_get(answer, "rows")), 3);
		if (i == 3)
			assert_string_equal(json_string_value(json_object_get(
						    json_object_get(answer, "head"), "version")),
				PICKET_VERSION);
		if (i == 4)
			assert_int_equal(
				json_integer_value(json_object_get(
					json_array_get(json_object_get(answer, "rows"), 0), "in")),
				7);
		if (i == 5)
			assert_int_equal(json_integer_value(json_object_get(
						 json_object_get(answer, "head"), "unproven")),
				1);
		json_decref(answer);
	}
	close(fd);
	bench_close(&b);
}

static void counters_are_rows_of_name_and_value(void **state)
{
	struct bench b;
	json_t *answer;
	json_t *row = NULL;
	size_t i;
	bool found = false;
	int fd;

	bench_open(&b);
	counter_add("test.refused", "cause", 4);
	fd = channel_connect(b.path);
	answer = ask(&b, fd, json_pack("{s:s}", "command", "show counters"));
	assert_null(json_object_get(answer, "id"));
	json_array_foreach(json_object_get(answer, "rows"), i, row)
	{
		const char *name = json_string_value(json_object_get(row, "name"));

		if (strcmp(name, "test.refused.cause") == 0)
			found = json_integer_value(json_object_get(row, "value")) == 4;
	}
	assert_true(found);
	json_decref(answer);
	close(fd);
	bench_close(&b);
}

static void long_lists_come_in_pages_until_all_is_there(void **state)
{
	struct bench b;
	json_int_t got = 0;
	json_int_t total = 0;
	int pages = 0;
	int fd;

	bench_open(&b);
	b.partners = 5000;
	fd = channel_connect(b.path);
	do {
		json_t *answer = ask(&b, fd,
			json_pack("{s:s, s:I, s:i}", "command", "show partners", "offset", got,
				"limit", 1000000));
		json_t *rows = json_object_get(answer, "rows");

		assert_int_equal(json_integer_value(json_object_get(answer, "offset")), got);
		assert_true(json_array_size(rows) > 0);
		assert_int_equal(
			json_integer_value(json_object_get(json_array_get(rows, 0), "id")), got);
		got += (json_int_t)json_array_size(rows);
		total = json_integer_value(json_object_get(answer, "total"));
		json_decref(answer);
		pages++;
	} while (got < total);
	assert_int_equal(got, 5000);
	assert_true(pages >= 10);
	/* Behind the end there is nothing, and that is no error. */
	json_decref(
		ask(&b, fd, json_pack("{s:s, s:i}", "command", "show partners", "offset", 6000)));
	close(fd);
	bench_close(&b);
}

static void wrong_questions_get_words_and_the_connection_goes_on(void **state)
{
	static const char *const questions[] = {"{}", "{\"command\":\"show\"}",
		"{\"command\":\"show secrets\",\"id\":5}", "{\"command\":7}",
		"{\"command\":\"show counters \"}"};
	struct bench b;
	int fd;

	bench_open(&b);
	fd = channel_connect(b.path);
	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
		json_t *answer = ask(&b, fd, json_loads(questions[i], 0, NULL));

		if (!json_is_string(json_object_get(answer, "error")) ||
			json_object_get(answer, "ok"))
			fail_msg("%s", questions[i]);
		json_decref(answer);
	}
	json_decref(ask(&b, fd, json_pack("{s:s}", "command", "show version")));
	close(fd);
	bench_close(&b);
}

static void a_socket_for_statistics_only_shows(void **state)
{
	static const struct {
		const char *command;
		const char *error; /* NULL: it is answered */
	} cases[] = {
		{"show version", NULL},
		{"show partners", NULL},
		{"block", "only shows"},
		{"unblock", "only shows"},
		{"destroy", "unknown command"},
	};
	struct bench b;
	int fd;

	bench_open(&b);
	command_server_show_only(b.server);
	fd = channel_connect(b.path);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		json_t *answer = ask(&b, fd,
			json_pack("{s:s, s:s, s:i}", "command", cases[i].command, "target",
				"192.0.2.1", "seconds", 5));
		const char *error = json_string_value(json_object_get(answer, "error"));

		if (!error != !cases[i].error || (error && !strstr(error, cases[i].error)))
			fail_msg("%s: %s", cases[i].command, error ? error : "answered");
		json_decref(answer);
	}
	close(fd);
	bench_close(&b);
}

static void what_is_no_object_ends_the_connection(void **state)
{
	struct channel_packet packet;
	struct bench b;
	int fd;

	bench_open(&b);
	fd = channel_connect(b.path);
	assert_int_equal(send(fd, "[]", 2, 0), 2);
	run(&b, 30);
	assert_true(channel_receive(fd, &packet) < 0);
	assert_int_equal(counter_get("command.refused", "packet"), 1);
	close(fd);
	bench_close(&b);
}

static void only_so_many_operators_at_once(void **state)
{
	struct channel_packet packet;
	struct bench b;
	int fds[33];

	bench_open(&b);
	for (int i = 0; i < 33; i++) {
		fds[i] = channel_connect(b.path);
		assert_true(fds[i] >= 0);
		run(&b, 5);
	}
	assert_int_equal(counter_get("command.refused", "too_many_connections"), 1);
	assert_true(channel_receive(fds[32], &packet) < 0);
	close(fds[0]);
	close(fds[32]);
	run(&b, 10);
	fds[0] = channel_connect(b.path);
	json_decref(ask(&b, fds[0], json_pack("{s:s}", "command", "show version")));
	for (int i = 0; i < 32; i++)
		close(fds[i]);
	bench_close(&b);
}

/* --- with a dataplane --- */

static void on_ready(void *arg, const struct filter_listener *listeners, uint32_t count)
{
	struct bench *b = arg;

	b->ready = true;
}

static void on_lost(void *arg)
{
}

static void on_refused(void *arg, const char *why)
{
	fail_msg("%s", why);
}

static void the_dataplane_answers_through_us(void **state)
{
	struct fake_dataplane fake;
	struct bench b;
	json_t *answer;
	json_t *rows;
	int fd;

	bench_open(&b);
	fd = channel_connect(b.path);
	answer = ask(&b, fd, json_pack("{s:s}", "command", "show dataplane"));
	assert_non_null(json_object_get(answer, "error"));
	json_decref(answer);
	fake_open(&fake, b.loop);
	b.filter = filter_client_new(b.loop, fake.path, fake.rules,
		&(struct filter_client_handlers){
			.arg = &b, .ready = on_ready, .lost = on_lost, .refused = on_refused});
	for (int i = 0; i < 50 && !b.ready; i++)
		run(&b, 20);
	answer = ask(&b, fd, json_pack("{s:s, s:i}", "command", "show dataplane", "id", 8));
	assert_int_equal(json_integer_value(json_object_get(answer, "id")), 8);
	assert_string_equal(
		json_string_value(json_object_get(json_object_get(answer, "head"), "state")),
		"ready");
	rows = json_object_get(answer, "rows");
	assert_true(json_array_size(rows) > 2);
	assert_string_equal(json_string_value(json_object_get(json_array_get(rows, 1), "name")),
		"drop.fragment");
	json_decref(answer);
	/* The operator goes before the answer comes. */
	fake.silent_type = "counters";
	answer = json_pack("{s:s}", "command", "show dataplane");
	assert_int_equal(channel_send(fd, answer, NULL, 0), 0);
	json_decref(answer);
	run(&b, 30);
	close(fd);
	run(&b, 30);
	filter_client_free(b.filter);
	b.filter = NULL;
	fake_close(&fake);
	bench_close(&b);
}

static void answers_that_come_after_the_end_find_nobody(void **state)
{
	struct fake_dataplane fake;
	struct bench b;
	json_t *question = json_pack("{s:s}", "command", "show dataplane");
	int fd;

	bench_open(&b);
	fake_open(&fake, b.loop);
	fake.silent_type = "counters";
	b.filter = filter_client_new(b.loop, fake.path, fake.rules,
		&(struct filter_client_handlers){
			.arg = &b, .ready = on_ready, .lost = on_lost, .refused = on_refused});
	for (int i = 0; i < 50 && !b.ready; i++)
		run(&b, 20);
	fd = channel_connect(b.path);
	assert_int_equal(channel_send(fd, question, NULL, 0), 0);
	run(&b, 30);
	command_server_free(b.server);
	b.server = NULL;
	filter_client_free(b.filter);
	fake_close(&fake);
	json_decref(question);
	close(fd);
	bench_close(&b);
}

/* An error with these words, or a note or nothing in the head. Takes the question. */
static void expect_words(
	struct bench *b, int fd, json_t *question, const char *error, const char *note)
{
	json_t *answer = ask(b, fd, question);
	const char *said = json_string_value(json_object_get(answer, "error"));
	const char *noted =
		json_string_value(json_object_get(json_object_get(answer, "head"), "note"));

	if (!said != !error || (error && !strstr(said, error)))
		fail_msg("error: %s", said ? said : "none");
	if (!noted != !note || (note && !strstr(noted, note)))
		fail_msg("note: %s", noted ? noted : "none");
	json_decref(answer);
}

static json_t *block_of(const char *target, int seconds, const char *reason)
{
	return json_pack("{s:s, s:s, s:i, s:s}", "command", "block", "target", target, "seconds",
		seconds, "reason", reason);
}

/* kinds: "ssb", suspicious ones and blocks in their order; the dataplane gives one at a time. */
static void expect_verdicts(struct bench *b, int fd, int offset, int limit, const char *kinds)
{
	json_t *answer = ask(b, fd,
		json_pack("{s:s, s:i, s:i}", "command", "show verdicts", "offset", offset, "limit",
			limit));
	json_t *rows = json_object_get(answer, "rows");

	assert_int_equal(json_array_size(rows), strlen(kinds));
	for (size_t i = 0; kinds[i]; i++)
		assert_int_equal(
			kinds[i] == 's', json_object_get(json_array_get(rows, i), "kind") != NULL);
	assert_int_equal(json_integer_value(json_object_get(answer, "total")), b->suspects + 3);
	json_decref(answer);
}

static void who_is_suspicious_stands_before_the_blocks_until_trusted(void **state)
{
	struct fake_dataplane fake;
	struct bench b;
	int fd;

	bench_open(&b);
	fake_open(&fake, b.loop);
	b.filter = filter_client_new(b.loop, fake.path, fake.rules,
		&(struct filter_client_handlers){
			.arg = &b, .ready = on_ready, .lost = on_lost, .refused = on_refused});
	for (int i = 0; i < 50 && !b.ready; i++)
		run(&b, 20);
	fd = channel_connect(b.path);
	expect_verdicts(&b, fd, 0, 200, "b");
	b.suspects = 2;
	expect_verdicts(&b, fd, 0, 200, "ssb");
	expect_verdicts(&b, fd, 1, 2, "sb");
	expect_verdicts(&b, fd, 4, 200, "b");
	expect_words(&b, fd, json_pack("{s:s}", "command", "trust"), "'target' must be", NULL);
	expect_words(&b, fd, json_pack("{s:s, s:s}", "command", "trust", "target", "q.example"),
		"nobody of this name is suspicious", NULL);
	expect_words(&b, fd, json_pack("{s:s, s:s}", "command", "trust", "target", "p.example"),
		NULL, NULL);
	assert_int_equal(b.suspects, 1);
	close(fd);
	filter_client_free(b.filter);
	b.filter = NULL;
	fake_close(&fake);
	bench_close(&b);
}

static void blocks_are_checked_passed_on_and_told(void **state)
{
	struct fake_dataplane fake;
	struct bench b;
	json_t *answer;
	int fd;

	bench_open(&b);
	fd = channel_connect(b.path);
	expect_words(&b, fd, block_of("192.0.2.1", 5, ""), "cannot be given here", NULL);
	fake_open(&fake, b.loop);
	b.verdicts = verdicts_new(b.loop, fake.rules, NULL);
	b.filter = filter_client_new(b.loop, fake.path, fake.rules,
		&(struct filter_client_handlers){
			.arg = &b, .ready = on_ready, .lost = on_lost, .refused = on_refused});
	verdicts_connect(b.verdicts, b.filter);
	expect_words(&b, fd, json_pack("{s:s}", "command", "show verdicts"), "no dataplane", NULL);
	for (int i = 0; i < 50 && !b.ready; i++)
		run(&b, 20);
	expect_words(&b, fd, block_of("192.0.2.1/24", 5, ""), "target: neither an address", NULL);
	expect_words(&b, fd, block_of("192.0.2.1", 0, ""), "'seconds' must be 1 to", NULL);
	expect_words(&b, fd, block_of("192.0.2.1", BLOCKS_SECONDS_MAX + 1, ""), "'seconds'", NULL);
	expect_words(&b, fd, block_of("192.0.2.1", 5, "a\nb"), "'reason' must be one line", NULL);
	expect_words(&b, fd, json_pack("{s:s, s:i}", "command", "block", "seconds", 5),
		"'target' must be", NULL);
	expect_words(&b, fd, json_pack("{s:s}", "command", "unblock"), "'target' must be", NULL);
	expect_words(&b, fd,
		json_pack("{s:s, s:s, s:s}", "command", "unblock", "target", "bad.example",
			"subtree", "yes"),
		"'subtree' must be true or false", NULL);
	expect_words(&b, fd,
		json_pack("{s:s, s:s, s:b, s:i}", "command", "block", "target", "192.0.2.1",
			"subtree", 1, "seconds", 5),
		"target: a prefix has no subtree", NULL);
	assert_int_equal(json_array_size(fake.verdicts), 0);
	expect_words(&b, fd,
		json_pack("{s:s, s:s, s:b, s:i}", "command", "block", "target", "bad.example",
			"subtree", 1, "seconds", 5),
		NULL, "no --state");
	assert_true(json_is_true(json_object_get(json_array_get(fake.verdicts, 0), "subtree")));
	json_array_clear(fake.verdicts);
	expect_words(&b, fd, block_of("192.0.2.1", 5, "why not"), NULL, "no --state");
	expect_words(&b, fd, json_pack("{s:s, s:s}", "command", "unblock", "target", "192.0.2.1"),
		NULL, NULL);
	assert_int_equal(json_array_size(fake.verdicts), 2);
	answer = ask(&b, fd, json_pack("{s:s, s:i}", "command", "show flows", "offset", 2));
	assert_int_equal(json_integer_value(json_object_get(answer, "total")), 3);
	assert_int_equal(json_integer_value(json_object_get(
				 json_array_get(json_object_get(answer, "rows"), 0), "number")),
		2);
	json_decref(answer);
	answer = ask(&b, fd, json_pack("{s:s}", "command", "show drops"));
	assert_int_equal(json_array_size(json_object_get(answer, "rows")), 1);
	json_decref(answer);
	fake.error_type = "verdicts";
	fake.error_words = "verdicts: no memory";
	expect_words(&b, fd, json_pack("{s:s}", "command", "show verdicts"), "no memory", NULL);
	/* The operator goes before the answer comes. */
	fake.silent_type = "block";
	answer = block_of("192.0.2.1", 5, "");
	assert_int_equal(channel_send(fd, answer, NULL, 0), 0);
	json_decref(answer);
	run(&b, 30);
	close(fd);
	run(&b, 30);
	verdicts_connect(b.verdicts, NULL);
	filter_client_free(b.filter);
	verdicts_free(b.verdicts);
	b.filter = NULL;
	fake_close(&fake);
	bench_close(&b);
}

static void rows_are_made_of_whatever_there_is(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{"[{\"a\":1}]", "[{\"a\":1}]"},
		{"{\"a\":1,\"b\":{\"c\":2,\"d\":{\"e\":3}}}",
			"[{\"name\":\"a\",\"value\":1},{\"name\":\"b.c\",\"value\":2},"
			"{\"name\":\"b.d.e\",\"value\":3}]"},
		{"{\"xmpp\":[{\"a\":1}],\"sip\":[2]}",
			"[{\"area\":\"xmpp\",\"a\":1},{\"area\":\"sip\",\"value\":2}]"},
		{"{}", "[]"},
	};
	json_t *nothing = command_rows(NULL);

	assert_int_equal(json_array_size(nothing), 0);
	json_decref(nothing);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		json_t *got = command_rows(json_loads(cases[i].in, 0, NULL));
		json_t *expected = json_loads(cases[i].out, 0, NULL);

		if (!json_equal(got, expected))
			fail_msg("%s", cases[i].in);
		json_decref(got);
		json_decref(expected);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_show_is_answered_with_its_id),
		cmocka_unit_test(prefixes_come_in_pages_that_fit),
		cmocka_unit_test(counters_are_rows_of_name_and_value),
		cmocka_unit_test(long_lists_come_in_pages_until_all_is_there),
		cmocka_unit_test(wrong_questions_get_words_and_the_connection_goes_on),
		cmocka_unit_test(a_socket_for_statistics_only_shows),
		cmocka_unit_test(what_is_no_object_ends_the_connection),
		cmocka_unit_test(only_so_many_operators_at_once),
		cmocka_unit_test(the_dataplane_answers_through_us),
		cmocka_unit_test(answers_that_come_after_the_end_find_nobody),
		cmocka_unit_test(blocks_are_checked_passed_on_and_told),
		cmocka_unit_test(who_is_suspicious_stands_before_the_blocks_until_trusted),
		cmocka_unit_test(rows_are_made_of_whatever_there_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
