/* SPDX-License-Identifier: BSD-3-Clause */
/* picketctl show: an answer of many pages, for people or for programs. */
#include <stdio.h>
#include <unistd.h>

#include "control/ctl/shape.h"
#include "control/ctl/table.h"
#include "control/ctl/verbs.h"

enum { PAGE_ROWS = 200 };

static json_t *page_ask(const struct call *call, int fd, json_int_t offset, int *code)
{
	char command[64];

	snprintf(command, sizeof(command), "show %s", call->noun);
	return call_ask(call, fd,
		json_pack("{s:i, s:s, s:I, s:i}", "id", 1, "command", command, "offset", offset,
			"limit", (int)PAGE_ROWS),
		-1, ANSWER_TIMEOUT_MS, code, NULL);
}

/* All pages as one: {"head", "rows"}. */
static json_t *answer_collect(const struct call *call, int fd, int *code)
{
	json_t *rows = json_array();
	json_t *head = NULL;
	json_int_t total = 0;

	do {
		json_t *page = page_ask(call, fd, (json_int_t)json_array_size(rows), code);
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
	int fd = call_connect(call);
	json_t *answer;

	if (fd < 0)
		return CODE_UNREACHABLE;
	answer = answer_collect(call, fd, &code);
	close(fd);
	if (!answer)
		return code;
	print_answer(call, json_object_get(answer, "head"), json_object_get(answer, "rows"));
	json_decref(answer);
	return fflush(stdout) == 0 ? CODE_FINE : CODE_TROUBLE;
}
