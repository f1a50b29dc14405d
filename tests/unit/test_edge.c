/* SPDX-License-Identifier: BSD-3-Clause */
/* The edge between a scripted dataplane and rooms that are replaced by the two functions below. */
#include "tests/unit/test.h"

#include "control/edge.h"
#include "control/verdicts.h"
#include "tests/unit/fake_dataplane.h"

static struct {
	struct fake_dataplane fake;
	struct timer *deadline;
	bool parted;
} bench;

int edge_join(struct edge_rooms *rooms)
{
	return 0;
}

static void too_late(void *arg)
{
	fail_msg("the dataplane was not asked for its listeners");
}

static bool is_ready(const struct filter_client *filter)
{
	json_t *json = filter_client_json(filter);
	bool ready = strcmp(json_string_value(json_object_get(json, "state")), "ready") == 0;

	json_decref(json);
	return ready;
}

/* As the real one does: the loop goes on while the last words leave. Here it does until the dataplane,
 * which is only now there, has given the edge its listeners. */
void edge_part(struct edge_rooms *rooms)
{
	fake_return(&bench.fake);
	timer_set_ms(bench.deadline, 10000);
	while (!is_ready(rooms->filter))
		event_base_loop(loop_base(rooms->loop), EVLOOP_ONCE);
	bench.parted = true;
}

static void a_dataplane_that_comes_back_during_a_stop_finds_nobody_who_listens(void **state)
{
	struct loop *loop = loop_new();
	struct verdicts *verdicts;
	struct edge *edge;

	fake_open(&bench.fake, loop);
	fake_vanish(&bench.fake);
	bench.deadline = timer_new(loop, too_late, NULL);
	verdicts = verdicts_new(loop, bench.fake.rules, NULL);
	assert_non_null(verdicts);
	edge = edge_new(loop, bench.fake.rules, NULL, verdicts);
	assert_non_null(edge);
	assert_int_equal(edge_start(edge, bench.fake.path), 0);
	edge_free(edge);
	assert_true(bench.parted);
	verdicts_free(verdicts);
	timer_free(bench.deadline);
	fake_close(&bench.fake);
	loop_free(loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_dataplane_that_comes_back_during_a_stop_finds_nobody_who_listens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
