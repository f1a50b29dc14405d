/* SPDX-License-Identifier: BSD-3-Clause */
/* The event loop and its timers. */
#include "tests/unit/test.h"

#include "control/loop.h"

struct bench {
	struct loop *loop;
	struct timer *timer;
	struct timer *other;
	int fired;
	int other_fired;
};

static void stop(void *arg)
{
	struct bench *b = arg;

	b->fired++;
	loop_stop(b->loop);
}

static void count_other(void *arg)
{
	struct bench *b = arg;

	b->other_fired++;
}

static void free_itself(void *arg)
{
	struct bench *b = arg;

	timer_free(b->timer);
	b->timer = NULL;
	stop(b);
}

static void set_again(void *arg)
{
	struct bench *b = arg;

	if (++b->fired < 3)
		timer_set_ms(b->timer, 0);
	else
		loop_stop(b->loop);
}

static void a_timer_fires_once_and_not_before_its_time(void **state)
{
	struct bench b = {.loop = loop_new()};
	struct mono start = loop_now(b.loop);

	b.timer = timer_new(b.loop, stop, &b);
	timer_set_ms(b.timer, 30);
	loop_run(b.loop);
	assert_int_equal(b.fired, 1);
	assert_true(mono_since_ms(loop_now(b.loop), start) >= 29);
	b.other = timer_new(b.loop, stop, &b);
	timer_set_ms(b.other, 20);
	loop_run(b.loop);
	assert_int_equal(b.fired, 2);
	timer_free(b.timer);
	timer_free(b.other);
	loop_free(b.loop);
}

static void setting_a_timer_replaces_and_clearing_removes(void **state)
{
	struct bench b = {.loop = loop_new()};

	b.other = timer_new(b.loop, count_other, &b);
	b.timer = timer_new(b.loop, stop, &b);
	timer_set_ms(b.other, 1);
	timer_clear(b.other);
	timer_set_ms(b.timer, 60000);
	timer_set_ms(b.timer, 20);
	loop_run(b.loop);
	assert_int_equal(b.fired, 1);
	assert_int_equal(b.other_fired, 0);
	timer_free(b.timer);
	timer_free(b.other);
	loop_free(b.loop);
}

static void a_timer_may_free_or_set_itself_when_it_fires(void **state)
{
	struct bench b = {.loop = loop_new()};

	b.timer = timer_new(b.loop, free_itself, &b);
	timer_set_ms(b.timer, 0);
	loop_run(b.loop);
	assert_null(b.timer);
	b.fired = 0;
	b.timer = timer_new(b.loop, set_again, &b);
	timer_set_ms(b.timer, 0);
	loop_run(b.loop);
	assert_int_equal(b.fired, 3);
	timer_free(b.timer);
	loop_free(b.loop);
}

static void a_stop_before_the_run_is_not_lost(void **state)
{
	struct bench b = {.loop = loop_new()};

	b.timer = timer_new(b.loop, stop, &b);
	loop_stop(b.loop);
	loop_run(b.loop);
	assert_int_equal(b.fired, 0);
	timer_set_ms(b.timer, 0);
	loop_run(b.loop);
	assert_int_equal(b.fired, 1);
	timer_free(b.timer);
	timer_free(NULL);
	loop_free(b.loop);
	loop_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_timer_fires_once_and_not_before_its_time),
		cmocka_unit_test(setting_a_timer_replaces_and_clearing_removes),
		cmocka_unit_test(a_timer_may_free_or_set_itself_when_it_fires),
		cmocka_unit_test(a_stop_before_the_run_is_not_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
