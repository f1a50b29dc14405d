/* SPDX-License-Identifier: BSD-3-Clause */
/* picketctl explain: what the rules say to one thing between two people, step by step; and picketctl schema. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "control/ctl/rules_file.h"
#include "control/ctl/verbs.h"
#include "rules/decide.h"
#include "rules/draft.h"
#include "rules/schema_json.h"

enum { SCHEMA_BYTES_MAX = 1024 * 1024, PLACE_BYTES = 320 };

/* One question as it was asked on the command line. */
struct asked {
	char from[USER_ADDRESS_BYTES], to[USER_ADDRESS_BYTES];
	struct question question;
	struct verdict verdict;
	struct explanation explanation;
};

/* --- what is asked --- */

static bool usage_has(
	const void *arg, const struct agreement *agreement, struct view user, int32_t month)
{
	return false;
}

static uint32_t usage_count(const void *arg, const struct agreement *agreement, int32_t month)
{
	return 0;
}

/* Of seats by use all are free: what is used only the daemon knows. */
static const struct licence_usage unused = {NULL, usage_has, usage_count};

static int complain(const char *option, const char *value, const char *words)
{
	fprintf(stderr, "picketctl: explain: %s '%s' %s\nTry 'picketctl explain --help'.\n", option,
		value ? value : "", words);
	return CODE_USAGE;
}

static int address_read(const char *option, const char *value, char *out)
{
	struct fault fault;

	if (!value)
		return complain(option, value, "is needed: an address like alice@corp.example");
	if (user_address_parse(view_of(value), out, &fault) != PARSE_DONE)
		return complain(option, value, "is not an address like alice@corp.example");
	return CODE_FINE;
}

/* Out if it comes from us, unless somebody says so or both sides are ours. */
static int direction_read(const struct call *call, const struct ruleset *rules,
	const struct asked *asked, enum heading *out)
{
	bool from_us = ruleset_local(rules, user_domain(view_of(asked->from)));
	bool to_us = ruleset_local(rules, user_domain(view_of(asked->to)));

	if (call->direction && strcmp(call->direction, "in") == 0)
		*out = HEADING_IN;
	else if (call->direction && strcmp(call->direction, "out") == 0)
		*out = HEADING_OUT;
	else if (call->direction)
		return complain("--direction", call->direction, "is neither in nor out");
	else if (from_us && to_us)
		return complain("--direction", NULL, "is needed: both sides are ours");
	else
		*out = from_us ? HEADING_OUT : HEADING_IN;
	return CODE_FINE;
}

static int question_read(const struct call *call, const struct ruleset *rules, struct asked *asked)
{
	struct question *q = &asked->question;
	struct party from = {view_of(asked->from), user_domain(view_of(asked->from))};
	struct party to = {view_of(asked->to), user_domain(view_of(asked->to))};
	struct fault fault;
	int code;

	*q = (struct question){
		.trust = TRUST_PROVEN, .usage = &unused, .known_contact = call->contact};
	code = direction_read(call, rules, asked, &q->heading);
	if (code != CODE_FINE)
		return code;
	q->ours = q->heading == HEADING_OUT ? from : to;
	q->theirs = q->heading == HEADING_OUT ? to : from;
	q->now = wall_now();
	if (!question_kind_read(view_of(call->kind ? call->kind : "message"), &q->kind))
		return complain("--kind", call->kind,
			"is none of message, presence, subscription, typing, receipt, file, call, "
			"group");
	if (call->at && !date_read(view_of(call->at), &q->now, &fault))
		return complain("--at", call->at,
			"is not a time like 2026-06-30 or 2026-06-30T12:00:00Z (UTC)");
	if (q->kind == KIND_call)
		q->media = CAPABILITY_BIT(audio);
	return CODE_FINE;
}

/* What comes in came by the protocol that the rules prefer, since nobody said by which. */
static void question_ask(const struct ruleset *rules, struct asked *asked)
{
	asked->question.protocol = PROTOCOL_SIP;
	decide(rules, &asked->question, &asked->verdict);
	if (asked->verdict.reason == REASON_other_protocol)
		asked->question.protocol = PROTOCOL_XMPP;
	decide_explain(rules, &asked->question, &asked->verdict, &asked->explanation);
}

/* --- what is said --- */

/* "rules.yaml:12" */
static const char *place(
	const char *name, const char *file, unsigned line, char out[static PLACE_BYTES])
{
	out[0] = '\0';
	if (line)
		snprintf(out, PLACE_BYTES, "%.255s:%u", file ? file : name, line);
	return out;
}

static const char *const outcomes[] = {[STEP_PASSED] = "passed",
	[STEP_REFUSED] = "refused",
	[STEP_DOES_NOT_APPLY] = "-",
	[STEP_NOT_REACHED] = ""};

static void say_effects(const struct verdict *v)
{
	if (v->agreement)
		printf("seat: of agreement %s%s\n", v->agreement->id,
			v->takes_seat ? ", taken by this" : "");
	if (v->decorate)
		printf("address: goes as user(domain)@%s\n", v->decorate);
	if (v->undecorate)
		printf("address: is the one in brackets\n");
	if (v->fold_text)
		printf("content: plain text only\n");
	if (v->fold_presence)
		printf("content: available or unavailable only\n");
	if (v->disclaimer)
		printf("disclaimer: %s\n", v->disclaimer);
}

static void say_text(const char *name, const struct asked *asked)
{
	const struct question *q = &asked->question;
	const struct verdict *v = &asked->verdict;
	const struct reason_text *reason = reason_text(v->reason);
	char at[DATE_TEXT_BYTES];
	char where[PLACE_BYTES];

	date_print(q->now, at);
	printf("%s from %s to %s (%s), %s%s\n\n", question_kind_name(q->kind), asked->from,
		asked->to, q->heading == HEADING_IN ? "in" : "out", at,
		q->known_contact ? ", a contact" : "");
	for (uint32_t i = 0; i < STEP_COUNT; i++) {
		if (asked->explanation.steps[i].outcome == STEP_NOT_REACHED)
			break;
		place(name, asked->explanation.steps[i].file, asked->explanation.steps[i].line,
			where);
		printf("%2u %-12s %-7s  %s%s%s%s\n", i + 1, step_name((enum step)i),
			outcomes[asked->explanation.steps[i].outcome],
			asked->explanation.steps[i].words, where[0] ? " [" : "", where,
			where[0] ? "]" : "");
	}
	if (v->reason == REASON_none) {
		printf("\nallowed\n");
		say_effects(v);
		return;
	}
	printf("\nrefused: %s\n", reason->name);
	printf("others hear: %s (SIP %u, XMPP %s", reason->outside, reason->sip,
		reason_condition(v->reason));
	if (reason->diagnostics)
		printf(", ms-diagnostics %u", reason->diagnostics);
	printf(")\n");
}

static void say_json(const char *name, const struct asked *asked)
{
	const struct verdict *v = &asked->verdict;
	const struct reason_text *reason = reason_text(v->reason);
	json_t *steps = json_array();
	char where[PLACE_BYTES];
	json_t *all;

	for (uint32_t i = 0; i < STEP_COUNT; i++) {
		if (asked->explanation.steps[i].outcome == STEP_NOT_REACHED)
			break;
		place(name, asked->explanation.steps[i].file, asked->explanation.steps[i].line,
			where);
		json_array_append_new(
			steps, json_pack("{s:s, s:s, s:s, s:s}", "step", step_name((enum step)i),
				       "outcome",
				       asked->explanation.steps[i].outcome == STEP_DOES_NOT_APPLY
					       ? "does not apply"
					       : outcomes[asked->explanation.steps[i].outcome],
				       "words", asked->explanation.steps[i].words, "rule", where));
	}
	all = json_pack("{s:b, s:s, s:o}", "allowed", v->reason == REASON_none, "reason",
		reason->name, "steps", steps);
	if (v->reason != REASON_none) {
		json_object_set_new(all, "sip", json_integer(reason->sip));
		json_object_set_new(all, "condition", json_string(reason_condition(v->reason)));
		json_object_set_new(all, "outside", json_string(reason->outside));
		if (reason->diagnostics)
			json_object_set_new(all, "diagnostics", json_integer(reason->diagnostics));
	}
	json_dumpf(all, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(all);
}

static int explain(const struct call *call, const struct ruleset *rules, const char *name)
{
	struct asked *asked = calloc(1, sizeof(*asked));
	int code = asked ? CODE_FINE : CODE_TROUBLE;

	if (asked)
		code = address_read("--from", call->from, asked->from);
	if (code == CODE_FINE)
		code = address_read("--to", call->to, asked->to);
	if (code == CODE_FINE)
		code = question_read(call, rules, asked);
	if (code == CODE_FINE) {
		question_ask(rules, asked);
		if (call->json)
			say_json(name, asked);
		else
			say_text(name, asked);
		code = asked->verdict.reason == REASON_none ? CODE_FINE : CODE_TROUBLE;
		if (fflush(stdout) != 0)
			code = CODE_USAGE;
	}
	free(asked);
	return code;
}

static int explain_in_force(const struct call *call)
{
	struct call_document printed = {0};
	struct ruleset *rules = NULL;
	int fd = call_connect(call);
	int code = fd < 0 ? CODE_UNREACHABLE : call_document_get(call, fd, "printed", &printed);

	if (fd >= 0)
		close(fd);
	if (code == CODE_FINE)
		rules = rules_text_compile(printed.text, "the rules in force", NULL);
	if (rules)
		code = explain(call, rules, "printed rules");
	else if (code != CODE_UNREACHABLE)
		code = CODE_USAGE;
	ruleset_free(rules);
	call_document_free(&printed);
	return code;
}

int verb_explain(const struct call *call)
{
	struct rules_file file;
	int code = CODE_USAGE;

	if (!call->rules)
		return explain_in_force(call);
	if (rules_file_load(call->rules, NULL, &file))
		code = explain(call, file.rules, call->rules);
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
