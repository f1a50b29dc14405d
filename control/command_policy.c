/* SPDX-License-Identifier: BSD-3-Clause */
/* Commands about who may talk to whom: what agreements are used for, and why one
 * thing between two people is allowed or not. */
#include <stdlib.h>

#include "control/command_int.h"

enum { WHY_BYTES = 2048 };

void command_server_policy(struct command_server *server, const struct command_policy *policy)
{
	server->policy = *policy;
}

static void licences_told(void *arg, const char *error, json_t *head, json_t *rows)
{
	struct waiting *w = arg;

	if (!waiting_end(w)) {
		json_decref(head);
		json_decref(rows);
		return;
	}
	if (error)
		answer_error(&w->asking, error);
	else
		answer_rows(&w->asking, head, rows);
	free(w);
}

/* The whole record is read for it, beside the loop. */
bool command_show_licences(struct asking *asking)
{
	const struct command_policy *policy = &asking->connection->server->policy;
	const json_t *message = asking->message;
	struct waiting *w;

	if (!policy->licences)
		return answer_error(asking, "there are no rules yet");
	w = waiting_new(asking);
	if (w)
		policy->licences(policy->arg, json_string_value(json_object_get(message, "from")),
			json_string_value(json_object_get(message, "to")), licences_told, w);
	/* The answer may have come inside the call, and ended the connection. */
	return false;
}

bool command_explain(struct asking *asking)
{
	const struct command_server *server = asking->connection->server;
	char why[WHY_BYTES];
	json_t *answer;
	json_t *rules;

	if (!server->policy.explain || !server->rules)
		return answer_error(asking, "there are no rules yet");
	answer = server->policy.explain(server->policy.arg, asking->message, why, sizeof(why));
	if (!answer)
		return answer_error(asking, why);
	rules = rulebook_head(server->rules);
	json_object_set(answer, "generation", json_object_get(rules, "generation"));
	json_object_set(answer, "file", json_object_get(rules, "file"));
	json_decref(rules);
	return answer_rows(asking, answer, json_array());
}
