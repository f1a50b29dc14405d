/* SPDX-License-Identifier: BSD-3-Clause */
/* Rules that can change: a house, a scripted dataplane with the real channel to it, and the rulebook. For
 * whoever changes them, from inside or with the operator's tool. */
#pragma once

#include "control/rulebook.h"
#include "control/startup.h"
#include "tests/unit/fake_dataplane.h"
#include "tests/unit/rules_house.h"

static struct {
	struct rules_house house;
	struct loop *loop;
	struct timer *deadline;
	struct fake_dataplane fake;
	struct filter_client *filter;
	struct generation *generation;
	struct rulebook *book;
	struct startup startup;
	int64_t now_s;
	int ready, adopted;
	/* The last answer. */
	int answers;
	char error[4096];
	json_t *answer;
} world;

static inline struct wall the_wall(void)
{
	return (struct wall){world.now_s++};
}

static inline struct filter_client *the_filter(void *arg)
{
	return world.filter;
}

static inline struct generation *the_generation(void *arg)
{
	return world.generation;
}

static inline void adopt(void *arg, struct generation *generation)
{
	struct generation *old = world.generation;

	world.generation = generation_hold(generation);
	generation_drop(old);
	world.adopted++;
}

static inline void on_ready(void *arg, const struct filter_listener *listeners, uint32_t count)
{
	world.ready++;
	loop_stop(world.loop);
}

static inline void on_lost(void *arg)
{
}

static inline void on_refused(void *arg, const char *why)
{
}

static inline void too_late(void *arg)
{
	loop_stop(world.loop);
}

static inline void run(uint64_t ms)
{
	timer_set_ms(world.deadline, ms);
	loop_run(world.loop);
	timer_clear(world.deadline);
}

static inline const char *document(const char *partners)
{
	return house_document(partners, world.fake.service_list[0].port, 0);
}

static inline void rulebook_open(void)
{
	char why[512];
	struct startup *s = &world.startup;
	const struct filter_client_handlers handlers = {
		.ready = on_ready, .lost = on_lost, .refused = on_refused};
	struct rulebook_world to = {.filter = the_filter,
		.generation = the_generation,
		.adopt = adopt,
		.wall = the_wall,
		.state_directory = world.house.state,
		.ca_file = world.house.ca};

	*s = (struct startup){.rules_file = world.house.rules,
		.ca_file = world.house.ca,
		.state_directory = world.house.state};
	assert_int_equal(startup_load(s), 0);
	if (startup_settle(s, the_wall(), why, sizeof(why)) < 0)
		fail_msg("%s", why);
	world.generation = s->generation;
	to.rules_path = s->path;
	world.filter = filter_client_new(world.loop, world.fake.path, world.generation, &handlers);
	world.book = rulebook_new(world.loop, &to, s->archive, &s->record);
	assert_non_null(world.book);
	for (int i = 0; i < 100 && !filter_client_ready(world.filter); i++)
		run(50);
	assert_true(filter_client_ready(world.filter));
}

static inline void rulebook_close(void)
{
	rulebook_free(world.book);
	filter_client_free(world.filter);
	generation_drop(world.generation);
	startup_end(&world.startup);
	json_decref(world.answer);
	world.answer = NULL;
}

static inline int set_up(void **state)
{
	memset(&world, 0, sizeof(world));
	world.now_s = 1000;
	house_open(&world.house);
	world.loop = loop_new();
	world.deadline = timer_new(world.loop, too_late, NULL);
	fake_open(&world.fake, world.loop);
	house_write(&world.house, "rules.yaml", document("a.example"));
	rulebook_open();
	return 0;
}

static inline int tear_down(void **state)
{
	rulebook_close();
	fake_close(&world.fake);
	timer_free(world.deadline);
	loop_free(world.loop);
	house_close(&world.house);
	return 0;
}
