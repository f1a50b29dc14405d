/* SPDX-License-Identifier: BSD-3-Clause */
/* The control plane's end of the channel, against a scripted dataplane. */
#include "tests/unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control/counters.h"
#include "dataplane/channel/channel.h"
#include "tests/unit/fake_dataplane.h"

struct bench {
	struct loop *loop;
	struct timer *deadline;
	struct fake_dataplane fake;
	struct filter_client *client;
	bool late;
	int ready, lost, refused;
	char why[256];
	struct filter_listener listeners[FAKE_SERVICES];
	uint32_t listener_count;
	int expected, expect_error;
	int answered, answer_error;
	json_int_t received; /* of the counters in the answer */
};

static void on_ready(void *arg, const struct filter_listener *listeners, uint32_t count)
{
	struct bench *b = arg;

	b->ready++;
	b->listener_count = count;
	for (uint32_t i = 0; i < count; i++)
		b->listeners[i] = listeners[i];
	loop_stop(b->loop);
}

static void on_lost(void *arg)
{
	struct bench *b = arg;

	b->lost++;
	loop_stop(b->loop);
}

static void on_refused(void *arg, const char *why)
{
	struct bench *b = arg;

	b->refused++;
	snprintf(b->why, sizeof(b->why), "%s", why);
	loop_stop(b->loop);
}

static void on_expected(void *arg, int error)
{
	struct bench *b = arg;

	b->expected++;
	b->expect_error = error;
	loop_stop(b->loop);
}

static void on_answer(void *arg, int error, const json_t *answer)
{
	struct bench *b = arg;

	b->answered++;
	b->answer_error = error;
	b->received = json_integer_value(
		json_object_get(json_object_get(answer, "counters"), "received"));
	loop_stop(b->loop);
}

static void ask_for_counters(struct bench *b)
{
	filter_client_ask(b->client, json_pack("{s:s}", "type", "counters"), on_answer, b);
}

static void too_late(void *arg)
{
	struct bench *b = arg;

	b->late = true;
	loop_stop(b->loop);
}

static void bench_open(struct bench *b)
{
	*b = (struct bench){.loop = loop_new()};
	counters_clear();
	b->deadline = timer_new(b->loop, too_late, b);
	fake_open(&b->fake, b->loop);
}

static void client_start(struct bench *b)
{
	const struct filter_client_handlers handlers = {
		.arg = b, .ready = on_ready, .lost = on_lost, .refused = on_refused};

	b->client = filter_client_new(b->loop, b->fake.path, b->fake.rules, &handlers);
	assert_non_null(b->client);
}

static void bench_close(struct bench *b)
{
	filter_client_free(b->client);
	fake_close(&b->fake);
	timer_free(b->deadline);
	loop_free(b->loop);
}

/* Until a handler stops the loop; false when none did in time. */
static bool run(struct bench *b, uint64_t ms)
{
	b->late = false;
	timer_set_ms(b->deadline, ms);
	loop_run(b->loop);
	timer_clear(b->deadline);
	return !b->late;
}

static void run_until_ready(struct bench *b)
{
	int before = b->ready;

	while (b->ready == before)
		if (!run(b, 5000))
			fail_msg("not ready");
}

static const char *questions(const struct bench *b)
{
	static char text[1024];

	text[0] = '\0';
	for (uint32_t i = 0; i < b->fake.question_count; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s", i ? " " : "",
			b->fake.questions[i]);
	return text;
}

static struct expect_request *expect_something(struct bench *b)
{
	struct ip_address from;
	struct ip_address to;

	assert_true(ip_address_parse(VIEW("192.0.2.1"), &from));
	assert_true(ip_address_parse(VIEW("2001:db8::1"), &to));
	return filter_client_expect(
		b->client, &from, 40000, &to, 5269, 0x50000007, 1500, on_expected, b);
}

static void an_empty_dataplane_gets_the_table_and_gives_listeners(void **state)
{
	struct bench b;
	int listening = 0;
	socklen_t len = sizeof(listening);

	bench_open(&b);
	client_start(&b);
	assert_int_equal(b.fake.question_count, 0);
	run_until_ready(&b);
	assert_string_equal(questions(&b), "hello prepare commit listeners");
	assert_int_equal(b.fake.generation, 7);
	assert_int_equal(b.fake.hello_listeners, 0);
	assert_int_equal(b.listener_count, 2);
	assert_int_equal(b.listeners[0].service.protocol, PROTOCOL_XMPP);
	assert_int_equal(b.listeners[1].service.port, b.fake.service_list[1].port);
	assert_int_equal(
		getsockopt(b.listeners[1].fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len), 0);
	assert_true(listening);
	assert_true(accept(b.listeners[0].fd, NULL, NULL) < 0 && errno == EAGAIN);
	bench_close(&b);
}

static void an_up_to_date_dataplane_is_only_asked_for_listeners(void **state)
{
	struct bench b;

	bench_open(&b);
	b.fake.generation = 7;
	client_start(&b);
	run_until_ready(&b);
	assert_string_equal(questions(&b), "hello listeners");
	bench_close(&b);
}

static void a_lost_dataplane_gets_its_listeners_back(void **state)
{
	struct filter_listener before[FAKE_SERVICES];
	struct bench b;

	bench_open(&b);
	client_start(&b);
	run_until_ready(&b);
	memcpy(before, b.listeners, sizeof(before));
	fake_vanish(&b.fake);
	assert_true(run(&b, 2000));
	assert_int_equal(b.lost, 1);
	/* They stay open. */
	assert_true(accept(before[0].fd, NULL, NULL) < 0 && errno == EAGAIN);
	run(&b, 300);
	fake_return(&b.fake);
	run_until_ready(&b);
	assert_int_equal(b.fake.hello_listeners, 2);
	/* The very same sockets keep their numbers. */
	assert_int_equal(b.listeners[0].fd, before[0].fd);
	assert_int_equal(b.listeners[1].fd, before[1].fd);
	assert_int_equal(b.lost, 1);
	bench_close(&b);
}

static void a_listener_that_is_new_takes_the_place_of_the_old(void **state)
{
	struct bench b;
	int old;

	bench_open(&b);
	client_start(&b);
	run_until_ready(&b);
	old = b.listeners[0].fd;
	/* The dataplane lost this one and had to open another. */
	close(b.fake.services[0]);
	b.fake.services[0] = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(listen(b.fake.services[0], 1), 0);
	fake_hang_up(&b.fake);
	run_until_ready(&b);
	/* It listens somewhere else than it says: only the other service is left. */
	assert_int_equal(b.listener_count, 1);
	assert_int_equal(b.listeners[0].service.protocol, PROTOCOL_SIP);
	assert_int_equal(counter_get("filter.refused", "listener"), 1);
	assert_true(accept(old, NULL, NULL) < 0 && errno != EAGAIN);
	bench_close(&b);
}

static void a_refused_table_is_reported_with_its_words(void **state)
{
	struct bench b;

	bench_open(&b);
	b.fake.error_type = "prepare";
	b.fake.error_words = "too many partners";
	client_start(&b);
	assert_true(run(&b, 2000));
	assert_int_equal(b.refused, 1);
	assert_non_null(strstr(b.why, "too many partners"));
	assert_int_equal(b.ready, 0);
	assert_int_equal(b.fake.generation, 0);
	/* No storm of retries. */
	run(&b, 400);
	assert_int_equal(fake_count(&b.fake, "hello"), 1);
	bench_close(&b);
}

static void another_version_of_the_channel_is_refused(void **state)
{
	struct bench b;

	bench_open(&b);
	b.fake.version = 2;
	client_start(&b);
	assert_true(run(&b, 2000));
	assert_int_equal(b.refused, 1);
	assert_non_null(strstr(b.why, "version 2"));
	bench_close(&b);
}

static void trouble_with_listeners_is_tried_again(void **state)
{
	struct bench b;

	bench_open(&b);
	b.fake.wrong_listeners = true;
	client_start(&b);
	assert_false(run(&b, 250));
	assert_int_equal(b.ready, 0);
	assert_true(fake_count(&b.fake, "listeners") >= 2);
	b.fake.wrong_listeners = false;
	b.fake.error_type = "listeners";
	b.fake.error_words = "address not available";
	run(&b, 300);
	assert_int_equal(b.ready, 0);
	assert_int_equal(b.refused, 0);
	b.fake.error_type = NULL;
	run_until_ready(&b);
	bench_close(&b);
}

static void no_dataplane_at_all_is_tried_again_with_longer_pauses(void **state)
{
	struct bench b;

	bench_open(&b);
	fake_vanish(&b.fake);
	client_start(&b);
	assert_false(run(&b, 500));
	assert_int_equal(b.lost, 0);
	fake_return(&b.fake);
	run_until_ready(&b);
	bench_close(&b);
}

static void an_announcement_carries_everything_and_is_answered(void **state)
{
	struct bench b;
	json_t *expected;

	bench_open(&b);
	client_start(&b);
	run_until_ready(&b);
	assert_non_null(expect_something(&b));
	assert_int_equal(b.expected, 0);
	assert_true(run(&b, 2000));
	assert_int_equal(b.expected, 1);
	assert_int_equal(b.expect_error, 0);
	expected = json_pack("{s:s, s:s, s:i, s:s, s:i, s:I, s:i, s:O}", "type", "expect", "from",
		"192.0.2.1", "from_port", 40000, "to", "2001:db8::1", "to_port", 5269, "mark",
		(json_int_t)0x50000007, "ttl_ms", 1500, "id",
		json_object_get(b.fake.last_expect, "id"));
	assert_true(json_equal(b.fake.last_expect, expected));
	json_decref(expected);
	bench_close(&b);
}

static void an_announcement_fails_in_every_way_by_its_handler(void **state)
{
	struct bench b;

	bench_open(&b);
	client_start(&b);
	/* Before the dataplane is ready. */
	expect_something(&b);
	assert_int_equal(b.expected, 0);
	while (!b.expected)
		assert_true(run(&b, 2000));
	assert_int_equal(b.expect_error, -ENOTCONN);
	if (!b.ready)
		run_until_ready(&b);
	/* Refused. */
	b.fake.error_type = "expect";
	b.fake.error_words = "no";
	expect_something(&b);
	assert_true(run(&b, 2000));
	assert_int_equal(b.expect_error, -EACCES);
	/* No answer. */
	b.fake.error_type = NULL;
	b.fake.silent_type = "expect";
	expect_something(&b);
	assert_true(run(&b, 4000));
	assert_int_equal(b.expected, 3);
	assert_int_equal(b.expect_error, -ETIMEDOUT);
	/* The dataplane goes while it waits. */
	expect_something(&b);
	run(&b, 50);
	fake_vanish(&b.fake);
	while (b.expected < 4)
		assert_true(run(&b, 2000));
	assert_int_equal(b.expect_error, -ENOTCONN);
	assert_int_equal(b.lost, 1);
	bench_close(&b);
}

static void a_cancelled_announcement_is_never_answered(void **state)
{
	struct expect_request *left;
	struct bench b;

	bench_open(&b);
	client_start(&b);
	run_until_ready(&b);
	expect_cancel(expect_something(&b));
	expect_cancel(NULL);
	run(&b, 100);
	assert_int_equal(b.expected, 0);
	assert_int_equal(counter_get("filter.refused", "answer_to_nothing"), 1);
	/* One that outlives the client. */
	left = expect_something(&b);
	filter_client_free(b.client);
	b.client = NULL;
	run(&b, 50);
	assert_int_equal(b.expected, 0);
	expect_cancel(left);
	bench_close(&b);
}

static void questions_are_answered_or_fail(void **state)
{
	struct bench b;

	bench_open(&b);
	client_start(&b);
	ask_for_counters(&b);
	assert_int_equal(b.answered, 0);
	while (!b.answered)
		assert_true(run(&b, 2000));
	assert_int_equal(b.answer_error, -ENOTCONN);
	if (!b.ready)
		run_until_ready(&b);
	ask_for_counters(&b);
	assert_true(run(&b, 2000));
	assert_int_equal(b.answer_error, 0);
	assert_int_equal(b.received, 5);
	/* Whoever still waits at the end is told. */
	b.fake.silent_type = "counters";
	ask_for_counters(&b);
	filter_client_free(b.client);
	b.client = NULL;
	assert_int_equal(b.answered, 3);
	assert_int_equal(b.answer_error, -ENOTCONN);
	bench_close(&b);
}

static void nonsense_from_the_dataplane_ends_the_connection_only(void **state)
{
	struct bench b;

	bench_open(&b);
	client_start(&b);
	run_until_ready(&b);
	assert_int_equal(send(b.fake.connection, "nonsense", 8, 0), 8);
	assert_true(run(&b, 2000));
	assert_int_equal(b.lost, 1);
	run_until_ready(&b);
	assert_int_equal(b.ready, 2);
	/* An object that answers nothing is counted and otherwise ignored. */
	assert_int_equal(send(b.fake.connection, "{\"id\":999}", 10, 0), 10);
	assert_int_equal(send(b.fake.connection, "{\"id\":\"x\"}", 10, 0), 10);
	assert_false(run(&b, 100));
	assert_int_equal(b.lost, 1);
	assert_int_equal(counter_get("filter.refused", "answer_to_nothing"), 2);
	bench_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_dataplane_gets_the_table_and_gives_listeners),
		cmocka_unit_test(an_up_to_date_dataplane_is_only_asked_for_listeners),
		cmocka_unit_test(a_lost_dataplane_gets_its_listeners_back),
		cmocka_unit_test(a_listener_that_is_new_takes_the_place_of_the_old),
		cmocka_unit_test(a_refused_table_is_reported_with_its_words),
		cmocka_unit_test(another_version_of_the_channel_is_refused),
		cmocka_unit_test(trouble_with_listeners_is_tried_again),
		cmocka_unit_test(no_dataplane_at_all_is_tried_again_with_longer_pauses),
		cmocka_unit_test(an_announcement_carries_everything_and_is_answered),
		cmocka_unit_test(an_announcement_fails_in_every_way_by_its_handler),
		cmocka_unit_test(a_cancelled_announcement_is_never_answered),
		cmocka_unit_test(questions_are_answered_or_fail),
		cmocka_unit_test(nonsense_from_the_dataplane_ends_the_connection_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
