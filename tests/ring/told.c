/* SPDX-License-Identifier: BSD-3-Clause */
/* What the reports tell. */
#include "tests/ring/told.h"

#include <pthread.h>
#include <time.h>

json_int_t told_number(const json_t *o, const char *name)
{
	const json_t *value = json_object_get(o, name);

	if (!json_is_integer(value))
		fail_msg("no %s", name);
	return json_integer_value(value);
}

void assert_told(const json_t *o, const char *name, const char *text)
{
	const char *value = json_string_value(json_object_get(o, name));

	if (!value || strcmp(value, text) != 0)
		fail_msg("%s is %s, not %s", name, value ? value : "missing", text);
}

json_int_t told_count(uint32_t id, const char *group, const char *name)
{
	json_t *row = report_partner(id);
	json_int_t value;

	assert_non_null(row);
	value = json_integer_value(json_object_get(json_object_get(row, group), name));
	json_decref(row);
	return value;
}

struct asker {
	struct tuple key;
	json_t *told;
	bool done;
};

static void *asker_thread(void *arg)
{
	struct asker *asker = arg;

	asker->told = report_flow(&asker->key);
	__atomic_store_n(&asker->done, true, __ATOMIC_RELEASE);
	return NULL;
}

json_t *told_of(const struct tuple *key, void (*turn)(void))
{
	struct asker asker = {.key = *key};
	const struct timespec nap = {.tv_nsec = 100000};
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, asker_thread, &asker), 0);
	while (!__atomic_load_n(&asker.done, __ATOMIC_ACQUIRE)) {
		turn();
		nanosleep(&nap, NULL);
	}
	pthread_join(thread, NULL);
	assert_non_null(asker.told);
	return asker.told;
}

json_t *flow_told(const struct talk *t, bool reversed, void (*turn)(void))
{
	struct tuple key = talk_key(t);
	struct tuple back = tuple_reverse(&key);
	json_t *told = told_of(reversed ? &back : &key, turn);
	json_t *flow = json_incref(json_object_get(told, "flow"));

	if (!json_is_object(flow))
		fail_msg("%s", json_string_value(json_object_get(told, "why")));
	json_decref(told);
	return flow;
}
