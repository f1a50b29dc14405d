/* SPDX-License-Identifier: BSD-3-Clause */
/* verdict rules: a rules document. */
#include "tests/tools/verdict.h"

#include "rules/ruleset.h"

void verdict_rules(struct view input, struct verdict *out)
{
	static struct rules_errors errors;
	struct ruleset *rules = ruleset_compile(input, "-", &errors);
	json_t *list = json_array();

	for (uint32_t i = 0; i < errors.count; i++) {
		const struct rules_error *error = &errors.list[i];

		json_array_append_new(list, json_pack("{s:i, s:o, s:o}", "line", (int)error->line,
						    "key", verdict_string(view_of(error->key)),
						    "text", verdict_string(view_of(error->text))));
	}
	out->result = rules ? PARSE_DONE : PARSE_BAD;
	out->cause = rules ? NULL : "rules_refused";
	out->value = json_pack("{s:o}", "errors", list);
	ruleset_free(rules);
}
