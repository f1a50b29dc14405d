/* SPDX-License-Identifier: BSD-3-Clause */
/* What the questions of dataplane.sock are made of. */
#include "dataplane/command_int.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

bool command_get_integer(
	const json_t *from, const char *key, int64_t low, int64_t high, int64_t *out)
{
	const json_t *value = json_object_get(from, key);

	if (!json_is_integer(value))
		return false;
	*out = json_integer_value(value);
	return *out >= low && *out <= high;
}

bool command_get_port(const json_t *from, const char *key, uint16_t *out)
{
	int64_t value;

	if (!command_get_integer(from, key, 1, 65535, &value))
		return false;
	*out = (uint16_t)value;
	return true;
}

bool command_get_address(const json_t *from, const char *key, struct ip_address *out)
{
	const json_t *value = json_object_get(from, key);

	return json_is_string(value) &&
	       ip_address_parse(
		       view_make(json_string_value(value), json_string_length(value)), out);
}

int command_get_page(const json_t *from, const char *type, int64_t limit_max, int64_t *offset,
	int64_t *limit, struct command_answer *answer)
{
	*offset = 0;
	*limit = limit_max;
	if (json_object_get(from, "offset") &&
		!command_get_integer(from, "offset", 0, UINT32_MAX, offset))
		return REFUSE(answer, "%s: 'offset' must be 0 or more", type);
	if (json_object_get(from, "limit") &&
		!command_get_integer(from, "limit", 1, limit_max, limit))
		return REFUSE(answer, "%s: 'limit' must be 1 to %lld", type, (long long)limit_max);
	return 0;
}

void command_shorten(json_t *rows)
{
	size_t bytes = 2;
	size_t kept = 0;

	while (kept < json_array_size(rows)) {
		bytes += json_dumpb(json_array_get(rows, kept), NULL, 0, JSON_COMPACT) + 1;
		if (bytes > ANSWER_ROOM_BYTES)
			break;
		kept++;
	}
	while (json_array_size(rows) > kept)
		json_array_remove(rows, json_array_size(rows) - 1);
}

const char *command_map_words(int error)
{
	switch (error) {
	case -EPERM:
		return "it is no memfd sealed against writing, growing and shrinking";
	case -EMSGSIZE:
		return "its size is not the announced one";
	default:
		return strerror(-error);
	}
}
