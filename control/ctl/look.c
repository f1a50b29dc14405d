/* SPDX-License-Identifier: BSD-3-Clause */
/* picketctl check, print and diff: rules in files, and those in force. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "control/ctl/rules_file.h"
#include "control/ctl/verbs.h"
#include "rules/diff.h"
#include "rules/diff_decide.h"
#include "rules/warn.h"

enum { PRINT_BYTES_MAX = 64 * 1024 * 1024 };

/* --- check --- */

struct warning {
	unsigned line;
	uint32_t i;
	char *text;
};

struct warnings {
	struct warning *list;
	uint32_t count, cap;
};

static void warning_take(void *arg, unsigned line, const char *text)
{
	struct warnings *warnings = arg;

	if (warnings->count == warnings->cap) {
		uint32_t cap = warnings->cap ? warnings->cap * 2 : 64;
		struct warning *grown = realloc(warnings->list, cap * sizeof(*grown));

		if (!grown)
			return;
		warnings->list = grown;
		warnings->cap = cap;
	}
	warnings->list[warnings->count] = (struct warning){line, warnings->count, strdup(text)};
	warnings->count++;
}

/* Of one line as they came. */
static int compare_warnings(const void *a, const void *b)
{
	const struct warning *x = a;
	const struct warning *y = b;

	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return (x->i > y->i) - (x->i < y->i);
}

static void warnings_say(const struct ruleset *rules, const char *name)
{
	struct warnings warnings = {0};

	ruleset_warn(rules, wall_now(), warning_take, &warnings);
	if (warnings.count > 0)
		qsort(warnings.list, warnings.count, sizeof(*warnings.list), compare_warnings);
	for (uint32_t i = 0; i < warnings.count; i++) {
		const struct warning *warning = &warnings.list[i];

		fprintf(stderr, "%s:%u: warning: %s\n", name, warning->line,
			warning->text ? warning->text : "out of memory");
		free(warning->text);
	}
	free(warnings.list);
}

static void say_count(uint32_t count, const char *one, const char *many)
{
	if (count > 0)
		printf(", %u %s", count, count == 1 ? one : many);
}

/* What there is: whoever has users in a list sees that they were found. */
static void fine_say(const struct ruleset *rules, const char *name)
{
	const struct policies *p = &rules->policies;
	uint32_t partners = ruleset_named_partners(rules);

	printf("%s: fine", name);
	say_count(rules->local_count, "local domain", "local domains");
	printf(", %u partner%s", partners, partners == 1 ? "" : "s");
	say_count(p->provider_count, "provider", "providers");
	say_count(p->agreement_count, "agreement", "agreements");
	say_count(p->policy_count - 1, "policy", "policies");
	say_count(p->group_count, "group", "groups");
	say_count(p->user_count, "user", "users");
	printf("\n");
}

int verb_check(const struct call *call)
{
	struct rules_file file;
	bool fine = rules_file_load(call->noun, NULL, &file);

	if (fine)
		warnings_say(file.rules, call->noun);
	/* From standard input nobody knows where they would be. */
	if (fine && strcmp(call->noun, "-") != 0)
		fine = rules_certificates_check(file.rules, call->noun) == 0;
	if (fine)
		fine_say(file.rules, call->noun);
	rules_file_free(&file);
	return fine ? CODE_FINE : CODE_TROUBLE;
}

/* --- print --- */

static int put_out(struct view text, const char *name)
{
	bool fine =
		(text.len == 0 || fwrite(text.p, text.len, 1, stdout) == 1) && fflush(stdout) == 0;

	if (!fine)
		fprintf(stderr, "picketctl: %s: could not be printed\n", name);
	return fine ? CODE_FINE : CODE_TROUBLE;
}

static int print_in_force(const struct call *call)
{
	struct call_document printed = {0};
	int fd = call_connect(call);
	int code = fd < 0 ? CODE_UNREACHABLE : call_document_get(call, fd, "printed", &printed);

	if (fd >= 0)
		close(fd);
	if (code == CODE_FINE)
		code = put_out(printed.text, "the rules in force");
	call_document_free(&printed);
	return code;
}

int verb_print(const struct call *call)
{
	struct rules_file file;
	struct text out;
	int code = CODE_TROUBLE;

	if (!call->noun)
		return print_in_force(call);
	text_init(&out, PRINT_BYTES_MAX);
	if (rules_file_load(call->noun, NULL, &file)) {
		ruleset_print(file.rules, &out);
		if (out.failed)
			fprintf(stderr, "picketctl: %s: could not be printed\n", call->noun);
		else
			code = put_out(text_view(&out), call->noun);
	}
	text_free(&out);
	rules_file_free(&file);
	return code;
}

/* --- diff --- */

struct differences {
	bool json;
	uint32_t count;
	json_t *list;
};

static void difference_take(void *arg, const struct diff_line *line)
{
	struct differences *d = arg;
	struct text text;

	d->count++;
	if (d->json) {
		json_array_append_new(
			d->list, json_pack("{s:s, s:s, s:s, s:s?, s:s?, s:s?}", "change",
					 line->sign == DIFF_ADDED     ? "added"
					 : line->sign == DIFF_REMOVED ? "removed"
								      : "changed",
					 "area", diff_area_name(line->area), "name", line->name,
					 "key", line->key, "from", line->from, "to", line->to));
		return;
	}
	text_init(&text, PRINT_BYTES_MAX);
	diff_line_print(line, &text);
	puts(text.p ? text.p : "out of memory");
	text_free(&text);
}

static json_t *decision_json(const struct decision_change *change)
{
	json_t *kinds = json_array();

	for (uint32_t kind = 0; kind < KIND_COUNT; kind++)
		if (change->kinds & 1u << kind)
			json_array_append_new(
				kinds, json_string(question_kind_name((enum question_kind)kind)));
	return json_pack("{s:s, s:s, s:s, s:i, s:s, s:i, s:s, s:o, s:s, s:s}", "change", "changed",
		"area", "decision", "name", change->user, "users", (int)change->users, "domain",
		change->domain, "domains", (int)change->domains, "key",
		change->heading == HEADING_IN ? "in" : "out", "kinds", kinds, "from",
		reason_text(change->from)->name, "to", reason_text(change->to)->name);
}

static void decision_take(void *arg, const struct decision_change *change)
{
	struct differences *d = arg;
	struct text text;

	if (d->json) {
		json_array_append_new(d->list, decision_json(change));
		return;
	}
	text_init(&text, PRINT_BYTES_MAX);
	decision_change_print(change, &text);
	puts(text.p ? text.p : "out of memory");
	text_free(&text);
}

/* What the differences mean, when there are any. */
static int decisions_print(
	struct differences *d, const struct ruleset *from, const struct ruleset *to)
{
	int64_t changes =
		d->count == 0 ? 0 : ruleset_diff_decisions(from, to, wall_now(), decision_take, d);

	if (changes > DECISION_CHANGES_MAX && !d->json)
		printf("and %lld decisions more\n", (long long)changes - DECISION_CHANGES_MAX);
	return changes < 0 ? (int)changes : 0;
}

static int diff_print(const struct call *call, const struct ruleset *from, const struct ruleset *to)
{
	struct differences d = {.json = call->json, .list = json_array()};
	int rc = ruleset_diff(from, to, difference_take, &d);

	if (rc == 0)
		rc = decisions_print(&d, from, to);
	if (call->json) {
		json_dumpf(d.list, stdout, JSON_INDENT(2));
		putchar('\n');
	}
	json_decref(d.list);
	if (rc < 0 || fflush(stdout) != 0) {
		fprintf(stderr, "picketctl: diff: %s\n", strerror(rc < 0 ? -rc : errno));
		return CODE_DIFF_TROUBLE;
	}
	return d.count > 0 ? CODE_DIFFERENT : CODE_SAME;
}

static int diff_in_force(const struct call *call, const struct ruleset *to)
{
	struct call_document printed = {0};
	struct ruleset *in_force = NULL;
	int code = CODE_DIFF_TROUBLE;
	int fd = call_connect(call);
	int got;

	if (fd < 0)
		return CODE_UNREACHABLE;
	got = call_document_get(call, fd, "printed", &printed);
	close(fd);
	if (got == CODE_FINE)
		in_force = rules_text_compile(printed.text, "the rules in force", NULL);
	else if (got == CODE_UNREACHABLE)
		code = got;
	if (in_force)
		code = diff_print(call, in_force, to);
	ruleset_free(in_force);
	call_document_free(&printed);
	return code;
}

static int diff_file(const struct call *call, const struct ruleset *to)
{
	struct rules_file from;
	int code = CODE_DIFF_TROUBLE;

	if (rules_file_load(call->rules, NULL, &from))
		code = diff_print(call, from.rules, to);
	rules_file_free(&from);
	return code;
}

int verb_diff(const struct call *call)
{
	struct rules_file file;
	int code = CODE_DIFF_TROUBLE;

	if (rules_file_load(call->noun, NULL, &file))
		code = call->rules ? diff_file(call, file.rules) : diff_in_force(call, file.rules);
	rules_file_free(&file);
	return code;
}
