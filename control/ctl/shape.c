/* SPDX-License-Identifier: BSD-3-Clause */
/* From the pages of an answer back to what a program wants to read. */
#include "control/ctl/shape.h"

#include <string.h>

static bool is_pair(json_t *row)
{
	return json_object_size(row) == 2 && json_is_string(json_object_get(row, "name")) &&
	       json_object_get(row, "value");
}

/* Only these: other names have dots of their own ("partners.partner.example.id"). */
static const char *group_end(const char *name)
{
	static const char *const groups[] = {"in.", "out.", "dropped.", "refused.", "spoken."};

	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		if (strncmp(name, groups[i], strlen(groups[i])) == 0)
			return name + strlen(groups[i]) - 1;
	return NULL;
}

static void put_pair(json_t *object, const char *name, json_t *value, bool grouped)
{
	const char *dot = grouped ? group_end(name) : NULL;
	json_t *group;
	char key[16];

	if (!dot) {
		json_object_set(object, name, value);
		return;
	}
	memcpy(key, name, (size_t)(dot - name));
	key[dot - name] = '\0';
	group = json_object_get(object, key);
	if (!group) {
		json_object_set_new(object, key, json_object());
		group = json_object_get(object, key);
	}
	json_object_set(group, dot + 1, value);
}

static json_t *shape_pairs(json_t *rows, bool grouped)
{
	json_t *object = json_object();
	json_t *rest = json_array();
	json_t *row;
	size_t i;

	json_array_foreach(rows, i, row)
	{
		if (is_pair(row))
			put_pair(object, json_string_value(json_object_get(row, "name")),
				json_object_get(row, "value"), grouped);
		else
			json_array_append(rest, row);
	}
	if (json_array_size(rest) > 0)
		json_object_set(object, "partners", rest);
	json_decref(rest);
	return object;
}

json_t *shape_answer(json_t *head, json_t *rows)
{
	bool pairs = json_array_size(rows) > 0 && is_pair(json_array_get(rows, 0));
	json_t *shaped;
	json_t *answer;

	if (!head)
		return pairs ? shape_pairs(rows, false) : json_incref(rows);
	answer = json_copy(head);
	if (json_array_size(rows) == 0)
		return answer;
	shaped = pairs ? shape_pairs(rows, true) : json_incref(rows);
	json_object_set_new(answer, pairs ? "counters" : "rows", shaped);
	return answer;
}

json_t *shape_without_zeros(json_t *rows)
{
	json_t *kept = json_array();
	json_t *row;
	size_t i;

	json_array_foreach(rows, i, row)
	{
		json_t *value = json_object_get(row, "value");

		if (!is_pair(row) || !json_is_integer(value) || json_integer_value(value) != 0)
			json_array_append(kept, row);
	}
	return kept;
}
