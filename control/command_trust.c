/* SPDX-License-Identifier: BSD-3-Clause */
/* Commands about whom we hold for what: verdicts in force, and the end of a suspicion. */
#include "control/command_int.h"
#include "rules/base/log.h"

enum { VERDICTS_LIMIT = 100 }; /* of one question, docs/channel.md */

/* --- first who is suspicious, then what the dataplane blocks, in pages over both --- */

/* state: the suspicious ones */
static void verdicts_answered(
	struct asking *asking, int error, const json_t *answer, json_t *suspects)
{
	json_int_t first = (json_int_t)json_array_size(suspects);
	json_t *blocks = json_object_get(answer, "verdicts");
	json_t *rows;
	json_t *row;
	size_t i;

	if (error) {
		answer_error(asking, dataplane_error(error, answer));
		return;
	}
	if (!json_is_array(blocks)) {
		answer_error(asking, "the dataplane answered something else");
		return;
	}
	rows = json_array();
	for (json_int_t k = asking->offset; k < first; k++)
		if ((json_int_t)json_array_size(rows) < asking->limit)
			json_array_append(rows, json_array_get(suspects, (size_t)k));
	json_array_foreach(blocks, i, row)
	{
		if ((json_int_t)json_array_size(rows) < asking->limit)
			json_array_append(rows, row);
	}
	answer_page(
		asking, NULL, rows, first + json_integer_value(json_object_get(answer, "total")));
}

bool command_show_verdicts(struct asking *asking)
{
	const struct command_sources *from = &asking->connection->server->sources;
	json_t *suspects = from->suspects ? from->suspects(from->arg) : json_array();
	json_int_t offset = asking->offset - (json_int_t)json_array_size(suspects);
	json_int_t limit = asking->limit < VERDICTS_LIMIT ? asking->limit : VERDICTS_LIMIT;

	return dataplane_ask(asking,
		json_pack("{s:s, s:I, s:I}", "type", "verdicts", "offset", offset > 0 ? offset : 0,
			"limit", limit > 0 ? limit : 1),
		verdicts_answered, suspects);
}

bool command_trust(struct asking *asking)
{
	const struct command_sources *from = &asking->connection->server->sources;
	const json_t *target = json_object_get(asking->message, "target");
	const struct connection *c = asking->connection;

	if (!json_is_string(target))
		return answer_error(asking, "'target' must be what 'show verdicts' has");
	if (!from->trust || !from->trust(from->arg, view_make(json_string_value(target),
							    json_string_length(target))))
		return answer_error(asking, "trust: nobody of this name is suspicious");
	log_info("command: %s is trusted again, asked by uid %u, pid %d", json_string_value(target),
		(unsigned)c->uid, (int)c->pid);
	return answer_rows(asking, NULL, json_array());
}
