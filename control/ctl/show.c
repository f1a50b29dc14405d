/* SPDX-License-Identifier: BSD-3-Clause */
/* picketctl show: an answer of many pages, for people or for programs. */
#include <stdio.h>
#include <unistd.h>

#include "control/ctl/question.h"
#include "control/ctl/shape.h"
#include "control/ctl/table.h"
#include "control/ctl/verbs.h"

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
	char command[64];
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
	snprintf(command, sizeof(command), "show %s", call->noun);
	answer = call_collect(call, fd, command, members, ANSWER_TIMEOUT_MS, &code);
	json_decref(members);
	close(fd);
	if (!answer)
		return code;
	print_answer(call, json_object_get(answer, "head"), json_object_get(answer, "rows"));
	json_decref(answer);
	return fflush(stdout) == 0 ? CODE_FINE : CODE_TROUBLE;
}
