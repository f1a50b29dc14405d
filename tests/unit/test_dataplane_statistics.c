/* SPDX-License-Identifier: BSD-3-Clause */
/* The questions about partners, connections and hitters, with stand-ins for what answers them. */
#include "tests/unit/test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/command_int.h"
#include "dataplane/report.h"

enum { MANY = 2000 };

static struct {
	bool nothing; /* there is no worker yet */
	struct tuple asked;
	enum cause cause;
	uint32_t long_names; /* bytes */
} world;

static json_t *row_make(uint32_t id)
{
	char name[300];

	memset(name, 'x', sizeof(name));
	name[world.long_names] = '\0';
	return json_pack("{s:s, s:i}", "partner", name, "id", (int)id);
}

json_t *report_partners(uint32_t offset, uint32_t limit, uint32_t *total)
{
	json_t *rows = json_array();

	if (world.nothing) {
		json_decref(rows);
		return NULL;
	}
	*total = MANY;
	for (uint32_t i = offset; i < MANY && i < offset + limit; i++)
		json_array_append_new(rows, row_make(i));
	return rows;
}

json_t *report_partner(uint32_t id)
{
	return id < MANY ? row_make(id) : NULL;
}

json_t *report_flow(const struct tuple *key)
{
	world.asked = *key;
	return world.nothing ? NULL : json_pack("{s:n, s:s}", "flow", "why", "because");
}

json_t *report_hitters(enum cause only, uint32_t offset, uint32_t limit, uint32_t *total)
{
	world.cause = only;
	*total = 7;
	return world.nothing ? NULL : json_pack("[{s:i}]", "number", (int)offset);
}

bool cause_find(const char *name, enum cause *out)
{
	*out = CAUSE_no_flow;
	return strcmp(name, "no_flow") == 0;
}

static const struct {
	const char *type;
	int (*answer)(struct command_state *state, struct channel_packet *question,
		struct command_answer *answer);
} questions[] = {
	{"partners", command_answer_partners},
	{"flow", command_answer_flow},
	{"hitters", command_answer_hitters},
};

static int set_up(void **state)
{
	memset(&world, 0, sizeof(world));
	world.long_names = 20;
	return 0;
}

/* Takes the question; the answer's members are the caller's. */
static int run(json_t *message, struct command_answer *answer)
{
	const char *type = json_string_value(json_object_get(message, "type"));
	struct channel_packet question = {.message = message};
	int rc = -ENOENT;

	*answer = (struct command_answer){.members = json_object()};
	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++)
		if (strcmp(questions[i].type, type) == 0)
			rc = questions[i].answer(NULL, &question, answer);
	json_decref(message);
	return rc;
}

static void refused(json_t *message, const char *words)
{
	struct command_answer answer;

	if (run(message, &answer) != -EINVAL || !strstr(answer.why, words))
		fail_msg("%s", answer.why);
	json_decref(answer.members);
}

static void every_partner_is_reached_by_pages_that_fit(void **state)
{
	static const uint32_t names[] = {20, 253};

	for (size_t k = 0; k < 2; k++) {
		int at = 0;

		world.long_names = names[k];
		while (at < MANY) {
			struct command_answer answer;
			json_t *rows;

			assert_int_equal(
				run(json_pack("{s:s, s:i}", "type", "partners", "offset", at),
					&answer),
				0);
			rows = json_object_get(answer.members, "partners");
			assert_in_range(json_array_size(rows), 1, 200);
			assert_int_equal(
				json_integer_value(json_object_get(json_array_get(rows, 0), "id")),
				at);
			assert_int_equal(
				json_integer_value(json_object_get(answer.members, "total")), MANY);
			assert_true(json_dumpb(answer.members, NULL, 0, JSON_COMPACT) <
				    CHANNEL_PACKET_BYTES);
			at += (int)json_array_size(rows);
			json_decref(answer.members);
		}
		assert_int_equal(at, MANY);
	}
}

static void partners_are_found_by_id(void **state)
{
	struct command_answer answer;
	json_t *rows;

	assert_int_equal(run(json_pack("{s:s, s:[i, i, i]}", "type", "partners", "ids", 7, 5000, 3),
				 &answer),
		0);
	rows = json_object_get(answer.members, "partners");
	assert_int_equal(json_array_size(rows), 2);
	assert_int_equal(json_integer_value(json_object_get(json_array_get(rows, 0), "id")), 7);
	assert_int_equal(json_integer_value(json_object_get(json_array_get(rows, 1), "id")), 3);
	json_decref(answer.members);
}

static json_t *flow_question(const char *remote, int remote_port, const char *local, int local_port)
{
	return json_pack("{s:s, s:s, s:i, s:s, s:i}", "type", "flow", "remote", remote,
		"remote_port", remote_port, "local", local, "local_port", local_port);
}

static void a_connection_is_asked_by_its_ends(void **state)
{
	struct command_answer answer;

	assert_int_equal(run(flow_question("192.0.2.1", 40000, "198.51.100.1", 5269), &answer), 0);
	assert_int_equal(world.asked.src_port, 40000);
	assert_int_equal(world.asked.dst_port, 5269);
	assert_int_equal(world.asked.family, TUPLE_IPV4);
	assert_int_equal(world.asked.protocol, 6);
	assert_int_equal(world.asked.src[0], 192);
	assert_int_equal(world.asked.dst[0], 198);
	assert_true(json_is_null(json_object_get(answer.members, "flow")));
	assert_string_equal(json_string_value(json_object_get(answer.members, "why")), "because");
	json_decref(answer.members);
	assert_int_equal(run(flow_question("2001:db8::1", 1, "2001:db8::2", 65535), &answer), 0);
	assert_int_equal(world.asked.family, TUPLE_IPV6);
	json_decref(answer.members);
}

static void hitters_are_asked_for_all_causes_or_one(void **state)
{
	struct command_answer answer;

	assert_int_equal(run(json_pack("{s:s, s:i}", "type", "hitters", "offset", 3), &answer), 0);
	assert_int_equal(world.cause, CAUSE_none);
	assert_int_equal(json_integer_value(json_object_get(answer.members, "total")), 7);
	json_decref(answer.members);
	assert_int_equal(
		run(json_pack("{s:s, s:s}", "type", "hitters", "cause", "no_flow"), &answer), 0);
	assert_int_equal(world.cause, CAUSE_no_flow);
	json_decref(answer.members);
}

static void what_makes_no_sense_is_refused_in_words(void **state)
{
	json_t *ids = json_array();

	for (int i = 0; i < 201; i++)
		json_array_append_new(ids, json_integer(i));
	refused(json_pack("{s:s, s:o}", "type", "partners", "ids", ids), "more than 200");
	refused(json_pack("{s:s, s:s}", "type", "partners", "ids", "7"), "'ids'");
	refused(json_pack("{s:s, s:[i]}", "type", "partners", "ids", -1), "'ids'");
	refused(json_pack("{s:s, s:[i]}", "type", "partners", "ids", 0x1000000), "'ids'");
	refused(json_pack("{s:s, s:i}", "type", "partners", "offset", -1), "'offset'");
	refused(json_pack("{s:s, s:i}", "type", "partners", "limit", 201), "'limit'");
	refused(flow_question("192.0.2.1", 1, "2001:db8::1", 1), "one family");
	refused(flow_question("192.0.2.1", 0, "192.0.2.2", 1), "1 to 65535");
	refused(flow_question("host", 1, "192.0.2.2", 1), "addresses");
	refused(json_pack("{s:s}", "type", "flow"), "'remote'");
	refused(json_pack("{s:s, s:s}", "type", "hitters", "cause", "nonsense"), "no cause");
	refused(json_pack("{s:s, s:i}", "type", "hitters", "cause", 5), "no cause");
	world.nothing = true;
	refused(json_pack("{s:s}", "type", "partners"), "yet");
	refused(flow_question("192.0.2.1", 1, "192.0.2.2", 1), "yet");
	refused(json_pack("{s:s}", "type", "hitters"), "yet");
}

#define world_test(f) cmocka_unit_test_setup(f, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(every_partner_is_reached_by_pages_that_fit),
		world_test(partners_are_found_by_id),
		world_test(a_connection_is_asked_by_its_ends),
		world_test(hitters_are_asked_for_all_causes_or_one),
		world_test(what_makes_no_sense_is_refused_in_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
