/* SPDX-License-Identifier: BSD-3-Clause */
/* Partner ids by name over the generations of the rules. */
#include "rules/partner_ids.h"

#include <errno.h>
#include <stdlib.h>

#include "rules/base/mark.h"
#include "rules/domain.h"

#define HEADER "picket partner ids 1"

int partner_ids_init(struct partner_ids *ids)
{
	struct siphash_key key;
	int error = siphash_key_random(&key);

	*ids = (struct partner_ids){0};
	if (!error)
		table_init(&ids->by_name, key);
	return error;
}

/* Drop the names from number `count` on. */
static void cut(struct partner_ids *ids, uint32_t count)
{
	while (ids->count > count) {
		struct partner_name *last = ids->list[--ids->count];

		table_remove(&ids->by_name, view_of(last->domain));
		free(last->domain);
		free(last);
	}
}

void partner_ids_free(struct partner_ids *ids)
{
	cut(ids, 0);
	free(ids->list);
	table_free(&ids->by_name);
	*ids = (struct partner_ids){0};
}

static uint32_t last_id(const struct partner_ids *ids)
{
	return ids->count ? ids->list[ids->count - 1]->id : PARTNER_NONE;
}

/* Append a name with an id above all others. 0, -EEXIST (the name), -ENOMEM. */
static int add(struct partner_ids *ids, struct view domain, uint32_t id)
{
	struct partner_name *name = calloc(1, sizeof(*name));
	int error = -ENOMEM;

	if (!name)
		return -ENOMEM;
	if (ids->count == ids->cap) {
		uint32_t cap = ids->cap ? ids->cap * 2 : 64;
		struct partner_name **grown =
			realloc(ids->list, cap * sizeof(struct partner_name *));

		if (!grown)
			goto out;
		ids->list = grown;
		ids->cap = cap;
	}
	name->id = id;
	name->domain = view_dup(domain);
	if (!name->domain)
		goto out;
	error = table_put(&ids->by_name, view_of(name->domain), name);
	if (error)
		goto out;
	ids->list[ids->count++] = name;
	return 0;
out:
	free(name->domain);
	free(name);
	return error;
}

/* "ID DOMAIN"; NULL or the cause. */
static const char *take_line(struct partner_ids *ids, struct view line)
{
	char ascii[DOMAIN_ASCII_BYTES];
	int64_t space = view_find(line, ' ');
	struct fault ignored;
	struct view domain;
	uint64_t id = 0;
	int error;

	if (space <= 0 || line.p[0] == '0' ||
		!view_to_u64(view_sub(line, 0, (uint32_t)space), PARTNER_ID_MAX, &id))
		return "line";
	if (id <= last_id(ids))
		return "id_order";
	domain = view_sub(line, (uint32_t)space + 1, line.len);
	if (domain_parse(domain, ascii, &ignored) != PARSE_DONE ||
		!view_equal(domain, view_of(ascii)))
		return "name";
	error = add(ids, domain, (uint32_t)id);
	if (error)
		return error == -EEXIST ? "name_twice" : "no_memory";
	return NULL;
}

enum parse partner_ids_parse(struct view text, struct partner_ids *ids, struct fault *fault)
{
	bool header = true;

	for (uint32_t at = 0; at < text.len || header;) {
		struct view rest = view_sub(text, at, text.len);
		int64_t end = view_find(rest, '\n');
		struct view line = view_sub(rest, 0, end < 0 ? 0 : (uint32_t)end);
		const char *cause = "line"; /* also a last line that was cut off */

		if (header)
			cause = end >= 0 && view_equal(line, VIEW(HEADER)) ? NULL : "header";
		else if (end >= 0)
			cause = take_line(ids, line);
		if (cause) {
			cut(ids, 0);
			*fault = (struct fault){cause, at};
			return PARSE_BAD;
		}
		header = false;
		at += line.len + 1;
	}
	return PARSE_DONE;
}

void partner_ids_print(const struct partner_ids *ids, struct text *out)
{
	text_puts(out, HEADER "\n");
	for (uint32_t i = 0; i < ids->count; i++)
		text_printf(out, "%u %s\n", ids->list[i]->id, ids->list[i]->domain);
}

int ruleset_assign_ids(struct ruleset *rules, struct partner_ids *ids)
{
	uint32_t before_count = ids->count;
	uint32_t *before = calloc(rules->partner_count + 1u, sizeof(*before));
	int error = before ? 0 : -ENOMEM;

	for (uint32_t i = 0; i < rules->partner_count && !error; i++) {
		struct view domain = view_of(rules->partners[i].domain);

		if (table_find(&ids->by_name, domain))
			continue;
		error = last_id(ids) < PARTNER_ID_MAX ? add(ids, domain, last_id(ids) + 1)
						      : -ENOSPC;
	}
	for (uint32_t i = 0; i < rules->partner_count && !error; i++) {
		struct partner *partner = &rules->partners[i];
		const struct partner_name *name =
			table_find(&ids->by_name, view_of(partner->domain));

		before[i] = partner->id;
		partner->id = name->id;
	}
	/* The index holds pointers to the ids themselves: it is built anew, never patched. */
	if (!error) {
		error = ruleset_index_build(rules);
		for (uint32_t i = 0; i < rules->partner_count && error; i++)
			rules->partners[i].id = before[i];
	}
	if (error)
		cut(ids, before_count);
	free(before);
	return error;
}
