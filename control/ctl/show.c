/* SPDX-License-Identifier: BSD-3-Clause */
/* picketctl show: an answer of many pages, for people or for programs. */
#include <stdio.h>
#include <unistd.h>

#include "control/ctl/question.h"
#include "control/ctl/shape.h"
#include "control/ctl/table.h"
#include "control/ctl/verbs.h"

enum { PAGE_ROWS = 200 };

static json_t *page_ask(
	const struct call *call, int fd, json_t *members, json_int_t offset, int *code)
{
	char command[64];
	json_t *question;

	snprintf(command, sizeof(command), "show %s", call->noun);
	question = json_pack("{s:i, s:s, s:I, s:i}", "id", 1, "command", command, "offset", offset,
		"limit", (int)PAGE_ROWS);
	json_object_update_missing(question, members);
	return call_ask(call, fd, question, -1, ANSWER_TIMEOUT_MS, code, NULL);
}

/* All pages as one: {"head", "rows"}. */
static json_t *answer_collect(const struct call *call, int fd, json_t *members, int *code)
{
	json_t *rows = json_array();
	json_t *head = NULL;
	json_int_t total = 0;

	do {
		json_t *page = page_ask(call, fd, members, (json_int_t)json_array_size(rows), code);
		json_t *more = json_object_get(page, "rows");
		bool empty = json_array_size(more) == 0;

		if (!page) {
			json_decref(rows);
			json_decref(head);
			return NULL;
		}
		if (!head)
			head = json_incref(json_object_get(page, "head"));
		total = json_integer_value(json_object_get(page, "total"));
		json_array_extend(rows, more);
		json_decref(page);
		/* What shrank meanwhile has ended. */
		if (empty)
			break;
	} while ((json_int_t)json_array_size(rows) < total);
	return json_pack("{s:o*, s:o}", "head", head, "rows", rows);
}

static void print_answer(const struct call *call, json_t *head, json_t *rows)
{
	json_t *shown = call->json  ? shape_answer(head, rows)
			: call->all ? json_incref(rows)
				    : shape_without_zeros(rows);

	if (call->json) {
		json_dumpf(shown, stdout, JSON_INDENT(2));
		putchar('\n');
	} else {
		table_print_head(stdout, head);
		table_print_rows(stdout, shown);
		if (!head && json_array_size(shown) == 0)
			puts("none");
	}
	json_decref(shown);
}

int verb_show(const struct call *call)
{
	int code = CODE_FINE;
	const char *usage;
	json_t *members = question_members(call->noun, call->words, call->word_count, &usage);
	json_t *answer;
	int fd;

	if (!members) {
		fprintf(stderr, "picketctl: show %s: usage: %s\n", call->noun, usage);
		return CODE_USAGE;
	}
	fd = call_connect(call);
	if (fd < 0) {
		json_decref(members);
		return CODE_UNREACHABLE;
	}
	answer = answer_collect(call, fd, members, &code);
	json_decref(members);
	close(fd);
	if (!answer)
		return code;
	print_answer(call, json_object_get(answer, "head"), json_object_get(answer, "rows"));
	json_decref(answer);
	return fflush(stdout) == 0 ? CODE_FINE : CODE_TROUBLE;
}
