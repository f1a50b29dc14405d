/* SPDX-License-Identifier: BSD-3-Clause */
/* picketctl check, print and diff: rules in files, and those in force. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "control/ctl/rules_file.h"
#include "control/ctl/verbs.h"
#include "rules/diff.h"
#include "rules/diff_decide.h"
#include "rules/warn.h"

enum { PRINT_BYTES_MAX = 64 * 1024 * 1024 };

/* --- check --- */

static void warning_say(void *arg, unsigned line, const char *text)
{
	fprintf(stderr, "%s:%u: warning: %s\n", (const char *)arg, line, text);
}

int verb_check(const struct call *call)
{
	struct rules_file file;
	bool fine = rules_file_load(call->noun, NULL, &file);

	if (fine)
		ruleset_warn(file.rules, wall_now(), warning_say, (void *)call->noun);
	/* From standard input nobody knows where they would be. */
	if (fine && strcmp(call->noun, "-") != 0)
		fine = rules_certificates_check(file.rules, call->noun) == 0;
	if (fine)
		printf("%s: fine, %u local domains, %u partners\n", call->noun,
			file.rules->local_count, ruleset_named_partners(file.rules));
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

int verb_diff(const struct call *call)
{
	struct call_document printed = {0};
	struct ruleset *in_force = NULL;
	struct rules_file file;
	bool fine = rules_file_load(call->noun, NULL, &file);
	int code = CODE_DIFF_TROUBLE;
	int fd = fine ? call_connect(call) : -1;

	if (fine && fd < 0)
		code = CODE_UNREACHABLE;
	if (fd >= 0) {
		int got = call_document_get(call, fd, "printed", &printed);

		close(fd);
		if (got == CODE_FINE)
			in_force = rules_text_compile(printed.text, "the rules in force", NULL);
		else if (got == CODE_UNREACHABLE)
			code = got;
	}
	if (in_force)
		code = diff_print(call, in_force, file.rules);
	ruleset_free(in_force);
	call_document_free(&printed);
	rules_file_free(&file);
	return code;
}
