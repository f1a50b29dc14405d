/* SPDX-License-Identifier: BSD-3-Clause */
/* picketctl block, unblock and trust. */
#include <stdio.h>
#include <unistd.h>

#include "control/ctl/verbs.h"

static int change(const struct call *call, json_t *question)
{
	int code = CODE_FINE;
	int fd = call_connect(call);
	json_t *answer;

	if (fd < 0) {
		json_decref(question);
		return CODE_UNREACHABLE;
	}
	json_object_set_new(question, "id", json_integer(1));
	json_object_set_new(question, "command", json_string(call->verb));
	answer = call_ask(call, fd, question, -1, ANSWER_TIMEOUT_MS, &code, NULL);
	close(fd);
	if (!answer)
		return code;
	call_note(call->verb, answer);
	json_decref(answer);
	return CODE_FINE;
}

int verb_block(const struct call *call)
{
	uint64_t seconds;
	json_t *question;

	if (!call->seconds || !view_to_u64(view_of(call->seconds), INT32_MAX, &seconds)) {
		fprintf(stderr, "picketctl: block: say for how many seconds: --for SECONDS\n");
		return CODE_USAGE;
	}
	question = json_pack("{s:s, s:b, s:I, s:s}", "target", call->noun, "subtree", call->subtree,
		"seconds", (json_int_t)seconds, "reason", call->reason ? call->reason : "");
	if (!question) {
		fprintf(stderr, "picketctl: block: target and reason must be UTF-8\n");
		return CODE_USAGE;
	}
	return change(call, question);
}

int verb_unblock(const struct call *call)
{
	json_t *question = json_pack("{s:s, s:b}", "target", call->noun, "subtree", call->subtree);

	if (!question) {
		fprintf(stderr, "picketctl: unblock: the target must be UTF-8\n");
		return CODE_USAGE;
	}
	return change(call, question);
}

int verb_trust(const struct call *call)
{
	json_t *question = json_pack("{s:s}", "target", call->noun);

	if (!question) {
		fprintf(stderr, "picketctl: trust: the target must be UTF-8\n");
		return CODE_USAGE;
	}
	return change(call, question);
}
