/* SPDX-License-Identifier: BSD-3-Clause */
/* picketctl explain: what the rules say to one thing between two people, step by step; and picketctl schema. */
#include <stdio.h>
#include <unistd.h>

#include "control/ctl/rules_file.h"
#include "control/ctl/verbs.h"
#include "control/policy/explain.h"
#include "rules/draft.h"
#include "rules/schema_json.h"

enum { SCHEMA_BYTES_MAX = 1024 * 1024 };

static const char *text_of(json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

/* --- for people --- */

static void say_links(json_t *effects)
{
	static const struct {
		const char *action, *words;
	} rows[] = {{"block", "refused"}, {"defuse", "an underscore before each"},
		{"warn", "this before the text: "}};
	json_t *found = json_object_get(effects, "links_found");
	const char *action = text_of(effects, "links");

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (strcmp(action, rows[i].action) != 0)
			continue;
		if (found)
			printf("links: %" JSON_INTEGER_FORMAT ", ", json_integer_value(found));
		else
			printf("links: if there are any, ");
		printf("%s%s\n", rows[i].words, text_of(effects, "links_notice"));
	}
	if (found)
		printf("text: %s\n", text_of(effects, "text"));
}

static void say_effects(json_t *effects)
{
	if (json_object_get(effects, "agreement"))
		printf("seat: of agreement %s%s\n", text_of(effects, "agreement"),
			json_is_true(json_object_get(effects, "takes_seat")) ? ", taken by this"
									     : "");
	if (json_object_get(effects, "decorate"))
		printf("address: goes as user(domain)@%s\n", text_of(effects, "decorate"));
	if (json_object_get(effects, "undecorate"))
		printf("address: is the one in brackets\n");
	if (json_object_get(effects, "fold_text"))
		printf("content: plain text only\n");
	if (json_object_get(effects, "fold_presence"))
		printf("content: available or unavailable only\n");
	if (json_object_get(effects, "disclaimer"))
		printf("disclaimer: %s\n", text_of(effects, "disclaimer"));
	if (json_object_get(effects, "notice"))
		printf("notice to our user: %s\n", text_of(effects, "notice"));
	say_links(effects);
}

static void say_steps(json_t *steps)
{
	json_t *step;
	size_t i;

	json_array_foreach(steps, i, step)
	{
		const char *outcome = text_of(step, "outcome");
		const char *rule = text_of(step, "rule");

		printf("%2zu %-12s %-7s  %s%s%s%s\n", i + 1, text_of(step, "step"),
			strcmp(outcome, "does not apply") == 0 ? "-" : outcome,
			text_of(step, "words"), rule[0] ? " [" : "", rule, rule[0] ? "]" : "");
	}
}

static void say_text(json_t *all)
{
	json_t *generation = json_object_get(all, "generation");

	printf("%s from %s to %s (%s%s%s), %s%s\n", text_of(all, "kind"), text_of(all, "from"),
		text_of(all, "to"), text_of(all, "direction"),
		json_object_get(all, "protocol") ? " by " : "", text_of(all, "protocol"),
		text_of(all, "at"),
		json_is_true(json_object_get(all, "contact")) ? ", a contact" : "");
	if (generation)
		printf("by generation %" JSON_INTEGER_FORMAT " of the rules, %s\n",
			json_integer_value(generation), text_of(all, "file"));
	printf("\n");
	say_steps(json_object_get(all, "steps"));
	if (json_is_true(json_object_get(all, "allowed"))) {
		printf("\nallowed\n");
		say_effects(json_object_get(all, "effects"));
		return;
	}
	printf("\nrefused: %s\n", text_of(all, "reason"));
	if (json_object_get(all, "near"))
		printf("the rules name %s: is that what you mean?\n", text_of(all, "near"));
	printf("others hear: %s (SIP %" JSON_INTEGER_FORMAT ", XMPP %s", text_of(all, "outside"),
		json_integer_value(json_object_get(all, "sip")), text_of(all, "condition"));
	if (json_object_get(all, "diagnostics"))
		printf(", ms-diagnostics %" JSON_INTEGER_FORMAT,
			json_integer_value(json_object_get(all, "diagnostics")));
	printf(")\n");
}

static int say(const struct call *call, json_t *all)
{
	if (call->json) {
		json_dumpf(all, stdout, JSON_INDENT(2));
		putchar('\n');
	} else {
		say_text(all);
	}
	if (fflush(stdout) != 0)
		return CODE_USAGE;
	return json_is_true(json_object_get(all, "allowed")) ? CODE_FINE : CODE_TROUBLE;
}

/* --- asked --- */

static int explain_file(const struct call *call, const struct ruleset *rules)
{
	const struct explain_asked asked = {.from = call->from,
		.to = call->to,
		.kind = call->kind,
		.direction = call->direction,
		.protocol = call->protocol,
		.at = call->at,
		.text = call->text,
		.contact = call->contact};
	char why[EXPLAIN_WHY_BYTES];
	json_t *all = explain_make(NULL, rules, &asked, call->rules, why);
	int code = CODE_USAGE;

	if (all)
		code = say(call, all);
	else
		fprintf(stderr, "picketctl: explain: %s\nTry 'picketctl explain --help'.\n", why);
	json_decref(all);
	return code;
}

/* With all that the control plane knows: seats, contacts, its clock. */
static int explain_in_force(const struct call *call)
{
	json_t *question = json_pack("{s:i, s:s, s:s*, s:s*, s:s*, s:s*, s:s*, s:s*, s:s*, s:b}",
		"id", 1, "command", "explain", "from", call->from, "to", call->to, "kind",
		call->kind, "direction", call->direction, "protocol", call->protocol, "at",
		call->at, "text", call->text, "contact", call->contact);
	int fd = question ? call_connect(call) : -1;
	int code = CODE_UNREACHABLE;
	json_t *answer;

	if (!question) {
		fprintf(stderr, "picketctl: explain: not a text in UTF-8\n");
		return CODE_USAGE;
	}
	if (fd < 0) {
		json_decref(question);
		return code;
	}
	answer = call_ask(call, fd, question, -1, ANSWER_TIMEOUT_MS, &code, NULL);
	close(fd);
	if (answer)
		code = say(call, json_object_get(answer, "head"));
	/* Not to be taken for a refusal by the rules. */
	else if (code == CODE_TROUBLE)
		code = CODE_USAGE;
	json_decref(answer);
	return code;
}

int verb_explain(const struct call *call)
{
	struct rules_file file;
	int code = CODE_USAGE;

	if (!call->from || !call->to) {
		fprintf(stderr,
			"picketctl: explain: %s is needed: an address like alice@corp.example\n"
			"Try 'picketctl explain --help'.\n",
			call->from ? "--to" : "--from");
		return CODE_USAGE;
	}
	if (!call->rules)
		return explain_in_force(call);
	if (rules_file_load(call->rules, NULL, &file))
		code = explain_file(call, file.rules);
	rules_file_free(&file);
	return code;
}

int verb_schema(const struct call *call)
{
	struct text text;
	bool fine;

	text_init(&text, SCHEMA_BYTES_MAX);
	schema_json_print(draft_schema, "Picket rules", &text);
	fine = !text.failed && fwrite(text.p, text.len, 1, stdout) == 1 && fflush(stdout) == 0;
	text_free(&text);
	return fine ? CODE_FINE : CODE_TROUBLE;
}
