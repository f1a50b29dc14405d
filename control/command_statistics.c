/* SPDX-License-Identifier: BSD-3-Clause */
/* Commands about what both processes have counted: the dataplane, its partners, one connection. */
#include <errno.h>

#include "control/command_int.h"

enum { PARTNERS_LIMIT = 200 }; /* of one question, docs/channel.md */

/* --- the dataplane: first its counters, then its partners, in pages over both --- */

/* state: {"head", "rows": the counters'} */
static void dataplane_partners(
	struct asking *asking, int error, const json_t *answer, json_t *state)
{
	json_t *counters = json_object_get(state, "rows");
	json_int_t first = (json_int_t)json_array_size(counters);
	json_int_t total = json_integer_value(json_object_get(answer, "total"));
	json_t *rows = json_array();
	json_t *row;
	size_t i;

	for (json_int_t k = asking->offset; k < first; k++)
		if ((json_int_t)json_array_size(rows) < asking->limit)
			json_array_append(rows, json_array_get(counters, (size_t)k));
	json_array_foreach(json_object_get(answer, "partners"), i, row)
	{
		if ((json_int_t)json_array_size(rows) < asking->limit)
			json_array_append(rows, row);
	}
	answer_page(asking, json_incref(json_object_get(state, "head")), rows,
		first + (error ? 0 : total));
}

/* state: the head */
static void dataplane_counted(struct asking *asking, int error, const json_t *answer, json_t *head)
{
	json_t *counters = json_object_get(answer, "counters");
	json_int_t offset;
	json_t *rows;

	/* The state of the channel is known in any case. */
	if (error || !counters) {
		answer_rows(asking, json_incref(head), json_array());
		return;
	}
	rows = command_rows(json_incref(counters));
	offset = asking->offset - (json_int_t)json_array_size(rows);
	dataplane_ask(asking,
		json_pack("{s:s, s:I, s:i}", "type", "partners", "offset", offset > 0 ? offset : 0,
			"limit", PARTNERS_LIMIT),
		dataplane_partners, json_pack("{s:O, s:o}", "head", head, "rows", rows));
}

bool command_show_dataplane(struct asking *asking)
{
	const struct command_sources *from = &asking->connection->server->sources;
	struct filter_client *filter = from->filter(from->arg);

	return dataplane_ask(asking, json_pack("{s:s}", "type", "counters"), dataplane_counted,
		filter ? filter_client_json(filter) : NULL);
}

/* --- partners of the rules, with what the dataplane counted for them --- */

/* state: {"rows": of this page, "total"} */
static void partners_counted(struct asking *asking, int error, const json_t *answer, json_t *state)
{
	static const char *const told[] = {"flows", "classes", "drops", "refusals"};
	json_t *rows = json_object_get(state, "rows");
	json_t *page = json_array();
	json_t *row, *count;
	size_t i, k = 0;

	json_array_foreach(rows, i, row)
	{
		json_t *whole = json_copy(row);

		/* In the order of the question, without those that it never saw. */
		count = json_array_get(json_object_get(answer, "partners"), k);
		if (json_equal(json_object_get(count, "id"), json_object_get(row, "id"))) {
			for (size_t m = 0; m < sizeof(told) / sizeof(told[0]); m++)
				json_object_set(whole, told[m], json_object_get(count, told[m]));
			k++;
		}
		json_array_append_new(page, whole);
	}
	answer_page(asking, NULL, page, json_integer_value(json_object_get(state, "total")));
}

bool command_show_partners(struct asking *asking)
{
	const struct command_sources *from = &asking->connection->server->sources;
	json_t *all = command_rows(from->partners(from->arg));
	json_int_t total = (json_int_t)json_array_size(all);
	json_t *rows, *ids;

	if (!from->filter(from->arg))
		return answer_rows(asking, NULL, all);
	rows = json_array();
	ids = json_array();
	for (json_int_t i = asking->offset; i < total; i++) {
		json_t *row = json_array_get(all, (size_t)i);

		if (json_array_size(rows) == PARTNERS_LIMIT ||
			(json_int_t)json_array_size(rows) >= asking->limit)
			break;
		json_array_append(rows, row);
		json_array_append(ids, json_object_get(row, "id"));
	}
	json_decref(all);
	return dataplane_ask(asking, json_pack("{s:s, s:o}", "type", "partners", "ids", ids),
		partners_counted, json_pack("{s:o, s:I}", "rows", rows, "total", total));
}

/* --- one connection --- */

static void flow_told(struct asking *asking, int error, const json_t *answer, json_t *state)
{
	json_t *flow = json_object_get(answer, "flow");
	const char *why = json_string_value(json_object_get(answer, "why"));

	if (error)
		answer_error(asking, dataplane_error(error, answer));
	else if (json_is_object(flow))
		answer_rows(asking, json_incref(flow), json_array());
	else
		answer_error(asking, why ? why : "the dataplane answered something else");
}

/* The dataplane checks them; they need only be there. */
bool command_show_flow(struct asking *asking)
{
	static const char *const members[] = {"remote", "remote_port", "local", "local_port"};
	json_t *question = json_pack("{s:s}", "type", "flow");

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		json_t *value = json_object_get(asking->message, members[i]);

		if (!value) {
			json_decref(question);
			return answer_error(asking, "'remote', 'remote_port', 'local' and "
						    "'local_port' say which connection");
		}
		json_object_set(question, members[i], value);
	}
	return dataplane_ask(asking, question, flow_told, NULL);
}
