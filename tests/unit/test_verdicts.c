/* SPDX-License-Identifier: BSD-3-Clause */
/* What the dataplane is told of sources, domains and connections, and what is kept of it. */
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/counters.h"
#include "control/state_file.h"
#include "control/verdicts.h"
#include "tests/unit/fake_dataplane.h"

struct bench {
	struct loop *loop;
	struct timer *deadline;
	struct fake_dataplane fake;
	struct filter_client *client;
	struct verdicts *verdicts;
	char directory[64];
	uint32_t done;
	char error[160], note[160]; /* of the last one done */
	bool ready;
};

static struct bench b;

static void over(void *arg)
{
	loop_stop(b.loop);
}

static void let_pass_ms(uint64_t ms)
{
	timer_set_ms(b.deadline, ms);
	loop_run(b.loop);
}

static void on_ready(void *arg, const struct filter_listener *listeners, uint32_t count)
{
	b.ready = true;
	verdicts_ready(b.verdicts);
}

static void on_lost(void *arg)
{
	b.ready = false;
}

static void on_refused(void *arg, const char *why)
{
	fail_msg("%s", why);
}

static void begin(void)
{
	const struct filter_client_handlers handlers = {
		.ready = on_ready, .lost = on_lost, .refused = on_refused};

	b.verdicts = verdicts_new(b.loop, b.fake.rules, b.directory);
	assert_non_null(b.verdicts);
	b.client = filter_client_new(b.loop, b.fake.path, b.fake.rules, &handlers);
	assert_non_null(b.client);
	verdicts_connect(b.verdicts, b.client);
}

static void end(void)
{
	verdicts_connect(b.verdicts, NULL);
	filter_client_free(b.client);
	verdicts_free(b.verdicts);
}

static int set_up(void **state)
{
	memset(&b, 0, sizeof(b));
	counters_clear();
	b.loop = loop_new();
	b.deadline = timer_new(b.loop, over, NULL);
	snprintf(b.directory, sizeof(b.directory), "/tmp/picket-verdicts-XXXXXX");
	assert_non_null(mkdtemp(b.directory));
	fake_open(&b.fake, b.loop);
	b.fake.generation = 7;
	begin();
	return 0;
}

static int tear_down(void **state)
{
	char path[96];

	end();
	fake_close(&b.fake);
	timer_free(b.deadline);
	loop_free(b.loop);
	snprintf(path, sizeof(path), "%s/blocks", b.directory);
	unlink(path);
	return rmdir(b.directory);
}

static void until_ready(void)
{
	for (int i = 0; i < 200 && !b.ready; i++)
		let_pass_ms(10);
	assert_true(b.ready);
}

static void on_done(void *arg, const char *error, const char *note)
{
	b.done++;
	snprintf(b.error, sizeof(b.error), "%s", error ? error : "");
	snprintf(b.note, sizeof(b.note), "%s", note ? note : "");
}

static void until_done(uint32_t count)
{
	for (int i = 0; i < 200 && b.done < count; i++)
		let_pass_ms(10);
	assert_int_equal(b.done, count);
}

/* A dot in front of a name stands for its subtree. */
static struct operator_block target(const char *what)
{
	struct operator_block block;
	char why[160];

	if (!verdicts_check(b.verdicts, view_of(what + (what[0] == '.')), what[0] == '.', &block,
		    why, sizeof(why)))
		fail_msg("%s", why);
	return block;
}

static void block(const char *what, uint32_t seconds)
{
	struct operator_block wanted = target(what);
	uint32_t before = b.done;

	verdicts_block(b.verdicts, &wanted, seconds, on_done, NULL);
	until_done(before + 1);
}

static void unblock(const char *what)
{
	struct operator_block wanted = target(what);
	uint32_t before = b.done;

	verdicts_unblock(b.verdicts, &wanted, on_done, NULL);
	until_done(before + 1);
}

static const char *said(size_t i, const char *key)
{
	const char *words =
		json_string_value(json_object_get(json_array_get(b.fake.verdicts, i), key));

	return words ? words : "";
}

static void a_block_is_said_and_kept(void **state)
{
	until_ready();
	block("192.0.2.0/24", 60);
	assert_string_equal(b.error, "");
	assert_string_equal(b.note, "");
	assert_string_equal(said(0, "type"), "block");
	assert_string_equal(said(0, "source"), "192.0.2.0/24");
	assert_int_equal(
		json_integer_value(json_object_get(json_array_get(b.fake.verdicts, 0), "seconds")),
		60);
	block("Bad.Example", 60);
	assert_string_equal(said(1, "domain"), "bad.example");
	assert_true(json_is_false(json_object_get(json_array_get(b.fake.verdicts, 1), "subtree")));
	block(".bad.example", 60);
	assert_string_equal(said(2, "domain"), "bad.example");
	assert_true(json_is_true(json_object_get(json_array_get(b.fake.verdicts, 2), "subtree")));
	assert_int_equal(verdicts_count(b.verdicts), 3);
}

static void a_name_is_unblocked_as_it_was_blocked(void **state)
{
	until_ready();
	block("bad.example", 60);
	block(".worse.example", 60);
	b.fake.error_type = "unblock";
	b.fake.error_words = "unblock: there is no such block";
	unblock(".bad.example");
	assert_non_null(strstr(b.error, "leave out --subtree"));
	unblock("worse.example");
	assert_non_null(strstr(b.error, "say --subtree"));
	assert_int_equal(verdicts_count(b.verdicts), 2);
	b.fake.error_type = NULL;
	unblock(".worse.example");
	assert_string_equal(b.error, "");
	assert_true(json_is_true(json_object_get(
		json_array_get(b.fake.verdicts, json_array_size(b.fake.verdicts) - 1), "subtree")));
	unblock("bad.example");
	assert_int_equal(verdicts_count(b.verdicts), 0);
}

static void what_is_kept_is_said_again_to_each_dataplane(void **state)
{
	until_ready();
	block("192.0.2.0/24", 60);
	block("bad.example", 60);
	fake_vanish(&b.fake);
	let_pass_ms(50);
	assert_false(b.ready);
	fake_return(&b.fake);
	until_ready();
	let_pass_ms(100);
	assert_int_equal(fake_count(&b.fake, "block"), 4);
}

static void a_restart_of_ours_says_it_again(void **state)
{
	until_ready();
	block("192.0.2.0/24", 60);
	end();
	b.ready = false;
	begin();
	assert_int_equal(verdicts_count(b.verdicts), 1);
	until_ready();
	let_pass_ms(100);
	assert_int_equal(fake_count(&b.fake, "block"), 2);
	assert_string_equal(said(1, "source"), "192.0.2.0/24");
}

static void without_a_dataplane_it_is_kept_for_later(void **state)
{
	fake_vanish(&b.fake);
	block("192.0.2.0/24", 60);
	assert_string_equal(b.error, "");
	assert_non_null(strstr(b.note, "as soon as it is"));
	fake_return(&b.fake);
	until_ready();
	let_pass_ms(100);
	assert_string_equal(said(0, "source"), "192.0.2.0/24");
}

static void what_the_dataplane_refuses_is_not_kept(void **state)
{
	until_ready();
	b.fake.error_type = "block";
	b.fake.error_words = "block: too many blocks hold already";
	block("192.0.2.0/24", 60);
	assert_string_equal(b.error, "block: too many blocks hold already");
	assert_int_equal(verdicts_count(b.verdicts), 0);
}

static void an_unblock_ends_what_either_side_knows(void **state)
{
	until_ready();
	block("192.0.2.0/24", 60);
	unblock("192.0.2.0/24");
	assert_string_equal(b.error, "");
	assert_int_equal(verdicts_count(b.verdicts), 0);
	/* Only the dataplane knows it. */
	unblock("192.0.2.0/24");
	assert_string_equal(b.error, "");
	/* Only we do. */
	block("192.0.2.0/24", 60);
	b.fake.error_type = "unblock";
	b.fake.error_words = "unblock: there is no such block";
	unblock("192.0.2.0/24");
	assert_string_equal(b.error, "");
	unblock("192.0.2.0/24");
	assert_string_equal(b.error, "unblock: there is no such block");
	fake_vanish(&b.fake);
	let_pass_ms(50);
	unblock("192.0.2.0/24");
	assert_string_equal(b.error, "unblock: there is no such block");
}

static void on_again(void *arg)
{
	++*(int *)arg;
}

static void who_proved_a_name_says_so_again_after_a_block_of_names(void **state)
{
	int times = 0;

	verdicts_on_block(b.verdicts, on_again, &times);
	until_ready();
	block("192.0.2.0/24", 60);
	assert_int_equal(times, 0);
	block("bad.example", 60);
	assert_int_equal(times, 1);
	unblock("bad.example");
	assert_int_equal(times, 1);
	b.fake.error_type = "block";
	b.fake.error_words = "block: too many blocks hold already";
	block("bad.example", 60);
	assert_int_equal(times, 1);
}

/* A pool with connections of the partners 7 and 8, of whom the first is suspicious. */
static void on_again_both(void *arg)
{
	verdicts_suspicious(b.verdicts, *(int *)arg, 7, VIEW("partner.example"));
	verdicts_proven(b.verdicts, *(int *)arg, 8, VIEW("second.example"));
}

static void one_partner_or_domain_alone_is_said_again(void **state)
{
	struct sockaddr_storage address;
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	verdicts_say_again(b.verdicts, 7); /* nobody has proven anything */
	verdicts_on_block(b.verdicts, on_again_both, &fd);
	until_ready();
	assert_int_equal(getsockname(b.fake.services[0], (struct sockaddr *)&address, &len), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, len), 0);
	verdicts_say_again(b.verdicts, 7);
	let_pass_ms(100);
	assert_int_equal(json_array_size(b.fake.verdicts), 1);
	assert_string_equal(said(0, "class"), "suspicious");
	assert_string_equal(said(0, "domain"), "partner.example");
	block("bad.example", 60);
	let_pass_ms(100);
	assert_int_equal(json_array_size(b.fake.verdicts), 4);
	assert_string_equal(said(2, "class"), "suspicious");
	assert_string_equal(said(3, "class"), "verified");
	verdicts_say_again_of(b.verdicts, VIEW("second.example"));
	let_pass_ms(100);
	assert_int_equal(json_array_size(b.fake.verdicts), 5);
	assert_string_equal(said(4, "domain"), "second.example");
	verdicts_say_again_of(b.verdicts, VIEW("third.example"));
	let_pass_ms(100);
	assert_int_equal(json_array_size(b.fake.verdicts), 5);
	close(fd);
}

static void suspects_are_said(void **state)
{
	static const uint32_t ids[] = {7, 8};
	const json_t *list;

	until_ready();
	verdicts_suspects(b.verdicts, ids, 2, true, true);
	verdicts_suspects(b.verdicts, ids, 1, false, false);
	let_pass_ms(100);
	assert_int_equal(json_array_size(b.fake.suspects), 2);
	assert_true(json_is_true(json_object_get(json_array_get(b.fake.suspects, 0), "anew")));
	list = json_object_get(json_array_get(b.fake.suspects, 0), "suspicious");
	assert_int_equal(json_array_size(list), 2);
	assert_int_equal(json_integer_value(json_array_get(list, 1)), 8);
	assert_true(json_is_false(json_object_get(json_array_get(b.fake.suspects, 1), "anew")));
	list = json_object_get(json_array_get(b.fake.suspects, 1), "trusted");
	assert_int_equal(json_array_size(list), 1);
	assert_int_equal(json_integer_value(json_array_get(list, 0)), 7);
}

static void what_cannot_be_written_is_said(void **state)
{
	char path[96];

	until_ready();
	/* A directory in the place of the file: not even root can write that. */
	snprintf(path, sizeof(path), "%s/blocks.new", b.directory);
	assert_int_equal(mkdir(path, 0700), 0);
	block("192.0.2.0/24", 60);
	assert_string_equal(b.error, "");
	assert_non_null(strstr(b.note, "not over a restart"));
	rmdir(path);
}

static void a_damaged_file_is_left_alone(void **state)
{
	char path[96];

	end();
	b.ready = false;
	snprintf(path, sizeof(path), "%s/blocks", b.directory);
	assert_int_equal(state_file_replace(path, VIEW("nonsense")), 0);
	begin();
	assert_int_equal(verdicts_count(b.verdicts), 0);
	until_ready();
}

static void whose_a_connection_is_goes_out_with_its_ends(void **state)
{
	struct sockaddr_storage address;
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	until_ready();
	assert_int_equal(getsockname(b.fake.services[0], (struct sockaddr *)&address, &len), 0);
	verdicts_proven(b.verdicts, fd, 7,
		VIEW("chat.partner.example")); /* not connected: nothing to say */
	assert_int_equal(connect(fd, (struct sockaddr *)&address, len), 0);
	verdicts_proven(b.verdicts, fd, 7, VIEW("chat.partner.example"));
	verdicts_proven(b.verdicts, -1, 7, VIEW("x.example"));
	let_pass_ms(100);
	assert_int_equal(json_array_size(b.fake.verdicts), 1);
	assert_string_equal(said(0, "class"), "verified");
	assert_string_equal(said(0, "remote"), "127.0.0.1");
	assert_string_equal(said(0, "domain"), "chat.partner.example");
	assert_int_equal(json_integer_value(json_object_get(
				 json_array_get(b.fake.verdicts, 0), "remote_port")),
		b.fake.service_list[0].port);
	assert_int_equal(
		json_integer_value(json_object_get(json_array_get(b.fake.verdicts, 0), "partner")),
		7);
	close(fd);
}

static void many_wishes_keep_their_order(void **state)
{
	struct operator_block wanted;
	char text[32];

	until_ready();
	for (int i = 0; i < 200; i++) {
		snprintf(text, sizeof(text), "10.0.%d.%d", i / 256, i % 256);
		wanted = target(text);
		verdicts_block(b.verdicts, &wanted, 60, on_done, NULL);
	}
	until_done(200);
	assert_int_equal(json_array_size(b.fake.verdicts), 200);
	assert_string_equal(said(0, "source"), "10.0.0.0/32");
	assert_string_equal(said(199, "source"), "10.0.0.199/32");
	assert_int_equal(counter_get("verdicts", "failed"), 0);
}

static void our_own_domains_are_not_blocked(void **state)
{
	static const struct {
		const char *what;
		bool alone, subtree;
	} cases[] = {
		{"corp.example", false, false},
		{"example", true, false},
		{"rp.example", true, true},
		{"x.corp.example", true, true},
	};
	struct local_domain local = {.domain = "corp.example"};
	struct operator_block block;
	char why[160];

	b.fake.rules->rules->locals = &local;
	b.fake.rules->rules->local_count = 1;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct view what = view_of(cases[i].what);

		why[0] = '\0';
		if (verdicts_check(b.verdicts, what, false, &block, why, sizeof(why)) !=
				cases[i].alone ||
			(!cases[i].alone && !strstr(why, "a domain of ours")))
			fail_msg("%s: %s", cases[i].what, why);
		if (verdicts_check(b.verdicts, what, true, &block, why, sizeof(why)) !=
			cases[i].subtree)
			fail_msg("%s with its subtree: %s", cases[i].what, why);
	}
	assert_false(verdicts_check(b.verdicts, VIEW("a b"), false, &block, why, sizeof(why)));
	b.fake.rules->rules->locals = NULL;
	b.fake.rules->rules->local_count = 0;
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_block_is_said_and_kept),
		CASE(a_name_is_unblocked_as_it_was_blocked),
		CASE(what_is_kept_is_said_again_to_each_dataplane),
		CASE(a_restart_of_ours_says_it_again),
		CASE(without_a_dataplane_it_is_kept_for_later),
		CASE(what_the_dataplane_refuses_is_not_kept),
		CASE(an_unblock_ends_what_either_side_knows),
		CASE(who_proved_a_name_says_so_again_after_a_block_of_names),
		CASE(one_partner_or_domain_alone_is_said_again),
		CASE(suspects_are_said),
		CASE(what_cannot_be_written_is_said),
		CASE(a_damaged_file_is_left_alone),
		CASE(whose_a_connection_is_goes_out_with_its_ends),
		CASE(many_wishes_keep_their_order),
		CASE(our_own_domains_are_not_blocked),
	};

	return cmocka_run_group_tests_name("verdicts", tests, NULL, NULL);
}
