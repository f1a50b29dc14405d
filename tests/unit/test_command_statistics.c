/* SPDX-License-Identifier: BSD-3-Clause */
/* Commands about what was counted, with a dataplane that plays a part. */
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/command.h"
#include "control/counters.h"
#include "dataplane/channel/channel.h"
#include "tests/unit/fake_dataplane.h"

enum { PARTNERS = 450 };

struct bench {
	struct loop *loop;
	struct timer *deadline;
	char directory[64];
	char path[96];
	struct command_server *server;
	struct fake_dataplane fake;
	struct filter_client *filter;
	bool ready;
	int fd;
};

static json_t *some_partners(void *arg)
{
	json_t *rows = json_array();

	for (int i = 1; i <= PARTNERS; i++)
		json_array_append_new(
			rows, json_pack("{s:i, s:s}", "id", i, "domain", "partner.example"));
	return rows;
}

static struct filter_client *the_filter(void *arg)
{
	return ((const struct bench *)arg)->filter;
}

static void on_ready(void *arg, const struct filter_listener *listeners, uint32_t count)
{
	((struct bench *)arg)->ready = true;
}

static void on_lost(void *arg)
{
}

static void on_refused(void *arg, const char *why)
{
	fail_msg("%s", why);
}

static void step_over(void *arg)
{
	loop_stop(((struct bench *)arg)->loop);
}

static void run(struct bench *b, uint64_t ms)
{
	timer_set_ms(b->deadline, ms);
	loop_run(b->loop);
}

static int set_up(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));
	const struct command_sources sources = {
		.arg = b, .partners = some_partners, .filter = the_filter};
	char why[256] = "";

	counters_clear();
	b->loop = loop_new();
	b->deadline = timer_new(b->loop, step_over, b);
	snprintf(b->directory, sizeof(b->directory), "/tmp/picket-shown-XXXXXX");
	assert_non_null(mkdtemp(b->directory));
	snprintf(b->path, sizeof(b->path), "%s/control.sock", b->directory);
	b->server = command_server_new(b->loop, b->path, &sources, why, sizeof(why));
	assert_non_null(b->server);
	fake_open(&b->fake, b->loop);
	b->fd = channel_connect(b->path);
	*state = b;
	return 0;
}

static void meet(struct bench *b)
{
	b->filter = filter_client_new(b->loop, b->fake.path, b->fake.rules,
		&(struct filter_client_handlers){
			.arg = b, .ready = on_ready, .lost = on_lost, .refused = on_refused});
	for (int i = 0; i < 50 && !b->ready; i++)
		run(b, 20);
	assert_true(b->ready);
}

static int tear_down(void **state)
{
	struct bench *b = *state;

	close(b->fd);
	run(b, 20);
	command_server_free(b->server);
	if (b->filter)
		filter_client_free(b->filter);
	fake_close(&b->fake);
	timer_free(b->deadline);
	loop_free(b->loop);
	assert_int_equal(rmdir(b->directory), 0);
	free(b);
	return 0;
}

/* Takes the question. */
static json_t *ask(struct bench *b, json_t *question)
{
	struct channel_packet packet;
	json_t *answer;

	assert_int_equal(channel_send(b->fd, question, NULL, 0), 0);
	json_decref(question);
	run(b, 30);
	assert_int_equal(channel_receive(b->fd, &packet), 0);
	answer = json_incref(packet.message);
	channel_packet_free(&packet);
	return answer;
}

/* All rows, page after page. */
static json_t *collect(struct bench *b, const char *command, int limit, int *pages)
{
	json_t *all = json_array();
	json_int_t total;

	*pages = 0;
	do {
		json_t *answer = ask(b, json_pack("{s:s, s:i, s:i}", "command", command, "offset",
						(int)json_array_size(all), "limit", limit));
		json_t *rows = json_object_get(answer, "rows");

		assert_true(json_array_size(rows) > 0);
		assert_true(json_array_size(rows) <= (size_t)limit);
		json_array_extend(all, rows);
		total = json_integer_value(json_object_get(answer, "total"));
		json_decref(answer);
		(*pages)++;
	} while ((json_int_t)json_array_size(all) < total);
	return all;
}

static void every_partner_of_the_dataplane_is_reached(void **state)
{
	static const int limits[] = {1, 7, 200, 500};
	struct bench *b = *state;

	meet(b);
	for (size_t k = 1; k < sizeof(limits) / sizeof(limits[0]); k++) {
		int pages;
		json_t *rows = collect(b, "show dataplane", limits[k], &pages);

		/* Two counters before them. */
		assert_int_equal(json_array_size(rows), 2 + 1001);
		for (int i = 0; i < 1001; i++)
			assert_int_equal(json_integer_value(json_object_get(
						 json_array_get(rows, (size_t)i + 2), "id")),
				i);
		json_decref(rows);
	}
}

static void partners_of_the_rules_come_with_their_numbers(void **state)
{
	struct bench *b = *state;
	int pages;
	json_t *rows;

	rows = collect(b, "show partners", 200, &pages);
	assert_int_equal(json_array_size(rows), PARTNERS);
	assert_null(json_object_get(json_array_get(rows, 0), "flows"));
	json_decref(rows);
	meet(b);
	rows = collect(b, "show partners", 200, &pages);
	assert_int_equal(json_array_size(rows), PARTNERS);
	assert_int_equal(pages, 3);
	for (int i = 1; i <= PARTNERS; i++) {
		json_t *row = json_array_get(rows, (size_t)i - 1);

		assert_int_equal(json_integer_value(json_object_get(row, "id")), i);
		assert_string_equal(
			json_string_value(json_object_get(row, "domain")), "partner.example");
		assert_int_equal(json_integer_value(json_object_get(row, "flows")), i % 2 ? 3 : 0);
	}
	json_decref(rows);
	b->fake.error_type = "partners";
	b->fake.error_words = "not today";
	rows = collect(b, "show partners", 200, &pages);
	assert_int_equal(json_array_size(rows), PARTNERS);
	json_decref(rows);
}

static void expect_error(struct bench *b, json_t *question, const char *words)
{
	json_t *answer = ask(b, question);
	const char *error = json_string_value(json_object_get(answer, "error"));

	if (!error || !strstr(error, words))
		fail_msg("%s", error ? error : "no error");
	json_decref(answer);
}

static json_t *flow_question(int remote_port)
{
	return json_pack("{s:s, s:s, s:i, s:s, s:i}", "command", "show flow", "remote", "192.0.2.1",
		"remote_port", remote_port, "local", "198.51.100.1", "local_port", 5269);
}

static void one_connection_is_the_head_or_a_reason(void **state)
{
	struct bench *b = *state;
	json_t *answer;

	expect_error(b, flow_question(40000), "no channel");
	meet(b);
	answer = ask(b, flow_question(40000));
	assert_string_equal(
		json_string_value(json_object_get(json_object_get(answer, "head"), "state")),
		"established");
	assert_int_equal(json_integer_value(json_object_get(answer, "total")), 0);
	json_decref(answer);
	expect_error(b, flow_question(1), "no such connection");
	expect_error(b, json_pack("{s:s}", "command", "show flow"), "'remote_port'");
	b->fake.error_type = "flow";
	b->fake.error_words = "not today";
	expect_error(b, flow_question(40000), "not today");
}

static void hitters_pass_their_cause_on(void **state)
{
	struct bench *b = *state;
	json_t *answer;
	json_t *row;

	meet(b);
	answer = ask(b, json_pack("{s:s, s:s}", "command", "show hitters", "cause", "no_flow"));
	row = json_array_get(json_object_get(answer, "rows"), 0);
	assert_string_equal(json_string_value(json_object_get(row, "cause")), "no_flow");
	json_decref(answer);
	answer = ask(b, json_pack("{s:s}", "command", "show hitters"));
	row = json_array_get(json_object_get(answer, "rows"), 0);
	assert_string_equal(json_string_value(json_object_get(row, "source")), "192.0.2.9");
	assert_null(json_object_get(row, "cause"));
	json_decref(answer);
}

static void the_channels_state_is_told_without_a_dataplane(void **state)
{
	struct bench *b = *state;
	json_t *answer;

	meet(b);
	fake_vanish(&b->fake);
	run(b, 30);
	answer = ask(b, json_pack("{s:s}", "command", "show dataplane"));
	assert_non_null(json_object_get(json_object_get(answer, "head"), "state"));
	assert_int_equal(json_array_size(json_object_get(answer, "rows")), 0);
	json_decref(answer);
	fake_return(&b->fake);
	run(b, 30);
}

#define bench_test(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		bench_test(every_partner_of_the_dataplane_is_reached),
		bench_test(partners_of_the_rules_come_with_their_numbers),
		bench_test(one_connection_is_the_head_or_a_reason),
		bench_test(hitters_pass_their_cause_on),
		bench_test(the_channels_state_is_told_without_a_dataplane),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
