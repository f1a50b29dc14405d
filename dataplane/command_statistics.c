/* SPDX-License-Identifier: BSD-3-Clause */
/* The questions of dataplane.sock that only look: partners, one connection, who is refused most. */
#include "dataplane/command_int.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>

#include "dataplane/report.h"
#include "rules/base/mark.h"

/* Partners by id: those that there are, in the order of the ids. */
static int partners_by_id(
	const json_t *ids, json_t **rows, uint32_t *total, struct command_answer *answer)
{
	const json_t *id;
	size_t i;

	if (json_array_size(ids) > REPORT_PARTNERS_MAX)
		return REFUSE(answer, "partners: more than %d ids", REPORT_PARTNERS_MAX);
	*rows = json_array();
	json_array_foreach(ids, i, id)
	{
		json_int_t number = json_is_integer(id) ? json_integer_value(id) : -1;
		json_t *row;

		if (number < 0 || number > PARTNER_ID_MAX) {
			json_decref(*rows);
			return REFUSE(answer, "partners: 'ids' must be ids");
		}
		row = report_partner((uint32_t)number);
		if (row)
			json_array_append_new(*rows, row);
	}
	*total = (uint32_t)json_array_size(*rows);
	return 0;
}

int command_answer_partners(
	struct command_state *state, struct channel_packet *question, struct command_answer *answer)
{
	const json_t *ids = json_object_get(question->message, "ids");
	int64_t offset, limit;
	uint32_t total = 0;
	json_t *rows = NULL;

	if (ids && !json_is_array(ids))
		return REFUSE(answer, "partners: 'ids' must be ids");
	if (ids && partners_by_id(ids, &rows, &total, answer) < 0)
		return -EINVAL;
	if (!ids && command_get_page(question->message, "partners", REPORT_PARTNERS_MAX, &offset,
			    &limit, answer) < 0)
		return -EINVAL;
	if (!ids)
		rows = report_partners((uint32_t)offset, (uint32_t)limit, &total);
	if (!rows)
		return REFUSE(answer, "partners: there are no counters yet");
	command_shorten(rows);
	json_object_set_new(answer->members, "partners", rows);
	json_object_set_new(answer->members, "total", json_integer(total));
	return 0;
}

int command_answer_flow(
	struct command_state *state, struct channel_packet *question, struct command_answer *answer)
{
	struct tuple key = {.protocol = IPPROTO_TCP};
	struct ip_address remote, local;
	json_t *told;

	if (!command_get_address(question->message, "remote", &remote) ||
		!command_get_address(question->message, "local", &local) ||
		remote.family_bits != local.family_bits)
		return REFUSE(answer, "flow: 'remote' and 'local' must be addresses of one family");
	if (!command_get_port(question->message, "remote_port", &key.src_port) ||
		!command_get_port(question->message, "local_port", &key.dst_port))
		return REFUSE(answer, "flow: 'remote_port' and 'local_port' must be 1 to 65535");
	key.family = remote.family_bits == 32 ? TUPLE_IPV4 : TUPLE_IPV6;
	memcpy(key.src, remote.bytes, sizeof(key.src));
	memcpy(key.dst, local.bytes, sizeof(key.dst));
	told = report_flow(&key);
	if (!told)
		return REFUSE(answer, "flow: there are none yet");
	json_object_update(answer->members, told);
	json_decref(told);
	return 0;
}

int command_answer_hitters(
	struct command_state *state, struct channel_packet *question, struct command_answer *answer)
{
	const json_t *named = json_object_get(question->message, "cause");
	enum cause cause = CAUSE_none;
	int64_t offset, limit;
	uint32_t total = 0;
	json_t *rows;

	if (named && (!json_is_string(named) || !cause_find(json_string_value(named), &cause)))
		return REFUSE(answer, "hitters: there is no cause of this name");
	if (command_get_page(
		    question->message, "hitters", REPORT_HITTERS_MAX, &offset, &limit, answer) < 0)
		return -EINVAL;
	rows = report_hitters(cause, (uint32_t)offset, (uint32_t)limit, &total);
	if (!rows)
		return REFUSE(answer, "hitters: there are no counters yet");
	command_shorten(rows);
	json_object_set_new(answer->members, "hitters", rows);
	json_object_set_new(answer->members, "total", json_integer(total));
	return 0;
}
