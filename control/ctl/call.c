/* SPDX-License-Identifier: BSD-3-Clause */
/* Asking the control plane. */
#include "control/ctl/call.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "dataplane/channel/channel.h"
#include "dataplane/channel/sealed.h"

enum { DOCUMENT_BYTES_MAX = 64 * 1024 * 1024, PAGE_ROWS = 200 };

static int say_unreachable(const struct call *call, int error)
{
	fprintf(stderr, "picketctl: %s: %s; %s\n", call->socket_path, strerror(error),
		error == EACCES || error == EPERM ? "only root and the group of its user may ask"
						  : "is picket-control running?");
	return CODE_UNREACHABLE;
}

/* Of a change it must be said that nobody knows. */
static int say_silent(const struct call *call, const char *command, int timeout_ms, int error)
{
	if (timeout_ms != CHANGE_TIMEOUT_MS)
		return say_unreachable(call, error);
	fprintf(stderr,
		"picketctl: %s: %s: %s while it was carried out; 'picketctl show rules' says what "
		"is in force\n",
		command, call->socket_path,
		error == ETIMEDOUT ? "no answer" : "the control plane went away");
	return CODE_UNREACHABLE;
}

int call_connect(const struct call *call)
{
	int fd = channel_connect(call->socket_path);

	if (fd < 0)
		say_unreachable(call, -fd);
	return fd;
}

static int answer_receive(int fd, int timeout_ms, struct channel_packet *packet)
{
	struct pollfd readable = {.fd = fd, .events = POLLIN};

	if (poll(&readable, 1, timeout_ms) <= 0)
		return -ETIMEDOUT;
	return channel_receive(fd, packet);
}

json_t *call_ask(const struct call *call, int fd, json_t *question, int sent, int timeout_ms,
	int *code, int *got)
{
	char command[64];
	struct channel_packet packet;
	json_t *answer;
	const char *error;
	int rc;

	snprintf(command, sizeof(command), "%s",
		json_string_value(json_object_get(question, "command")));
	rc = channel_send(fd, question, &sent, sent >= 0 ? 1 : 0);
	json_decref(question);
	if (rc == 0)
		rc = answer_receive(fd, timeout_ms, &packet);
	if (rc < 0) {
		*code = say_silent(call, command, timeout_ms, -rc);
		return NULL;
	}
	answer = json_incref(packet.message);
	if (got)
		*got = channel_packet_take(&packet, 0);
	channel_packet_free(&packet);
	error = json_string_value(json_object_get(answer, "error"));
	if (!error)
		return answer;
	fprintf(stderr, "picketctl: %s: %s\n", command, error);
	json_decref(answer);
	*code = CODE_TROUBLE;
	return NULL;
}

static json_t *page_ask(const struct call *call, int fd, const char *command, json_t *members,
	json_int_t offset, int timeout_ms, int *code)
{
	json_t *question = json_pack("{s:i, s:s, s:I, s:i}", "id", 1, "command", command, "offset",
		offset, "limit", (int)PAGE_ROWS);

	json_object_update_missing(question, members);
	return call_ask(call, fd, question, -1, timeout_ms, code, NULL);
}

json_t *call_collect(const struct call *call, int fd, const char *command, json_t *members,
	int timeout_ms, int *code)
{
	json_t *rows = json_array();
	json_t *head = NULL;
	json_int_t total = 0;

	do {
		json_t *page = page_ask(call, fd, command, members,
			(json_int_t)json_array_size(rows), timeout_ms, code);
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

void call_note(const char *command, json_t *answer)
{
	const char *note =
		json_string_value(json_object_get(json_object_get(answer, "head"), "note"));

	if (note)
		fprintf(stderr, "picketctl: %s: %s\n", command, note);
}

int call_document_get(const struct call *call, int fd, const char *which, struct call_document *out)
{
	int code = CODE_FINE;
	int got = -1;
	int rc;
	json_t *answer = call_ask(call, fd,
		json_pack("{s:i, s:s, s:s}", "id", 1, "command", "document", "which", which), -1,
		ANSWER_TIMEOUT_MS, &code, &got);
	json_t *head = json_object_get(answer, "head");
	const char *file = json_string_value(json_object_get(head, "file"));

	*out = (struct call_document){0};
	if (!answer)
		return code;
	out->generation = (uint64_t)json_integer_value(json_object_get(head, "generation"));
	out->file = strdup(file ? file : "");
	rc = sealed_map(got, (uint64_t)json_integer_value(json_object_get(head, "bytes")),
		DOCUMENT_BYTES_MAX, &out->text);
	if (got >= 0)
		close(got);
	json_decref(answer);
	if (rc == 0 && out->file)
		return CODE_FINE;
	fprintf(stderr, "picketctl: the control plane sent no document: %s\n", strerror(-rc));
	return CODE_TROUBLE;
}

void call_document_free(struct call_document *document)
{
	free(document->file);
	sealed_unmap(&document->text);
	*document = (struct call_document){0};
}
