/* SPDX-License-Identifier: BSD-3-Clause */
/* Partner ids by name over the generations of the rules: a partner keeps its id, and an id once given
 * is never another's, so that counters and marks keep their meaning. Text in, text out; where it
 * is kept is the caller's business. */
#pragma once

#include "rules/base/table.h"
#include "rules/base/text.h"
#include "rules/ruleset.h"

struct partner_name {
	char *domain; /* canonical */
	uint32_t id;
};

struct partner_ids {
	struct partner_name **list; /* ids ascend */
	uint32_t count, cap;
	struct table by_name;
};

/* Empty. 0, or -errno without random numbers. */
int partner_ids_init(struct partner_ids *ids);
/* Fine on a zeroed one. */
void partner_ids_free(struct partner_ids *ids);

/* The text of partner_ids_print, added to an empty `ids`. PARSE_BAD (causes: header, line, id_order,
 * name, name_twice, no_memory) leaves it empty. */
enum parse partner_ids_parse(struct view text, struct partner_ids *ids, struct fault *fault);
/* First "picket partner ids 1", then a line "ID DOMAIN" for each, ids ascending. */
void partner_ids_print(const struct partner_ids *ids, struct text *out);

/* Give every partner of the ruleset the id of its name; names that are new get ids above all that
 * were ever given, in their order. 0; -ENOSPC (ids are used up) or -ENOMEM: the ruleset is as
 * before. With empty ids a ruleset keeps the ids that ruleset_compile gave. */
int ruleset_assign_ids(struct ruleset *rules, struct partner_ids *ids);
