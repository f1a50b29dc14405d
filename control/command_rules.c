/* SPDX-License-Identifier: BSD-3-Clause */
/* Commands about the rules: what is in force, and changes of it. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "control/command_int.h"
#include "dataplane/channel/sealed.h"

void command_server_rules(struct command_server *server, struct rulebook *rules)
{
	server->rules = rules;
}

static struct rulebook *book_of(struct asking *asking)
{
	struct rulebook *book = asking->connection->server->rules;

	if (!book)
		answer_error(asking, "there are no rules yet");
	return book;
}

bool command_show_rules(struct asking *asking)
{
	struct rulebook *book = book_of(asking);

	return book && answer_rows(asking, rulebook_head(book), rulebook_rows(book));
}

/* --- documents --- */

static bool which_read(const json_t *message, enum rulebook_document *out)
{
	static const char *const names[] = {
		[RULEBOOK_PRINTED] = "printed",
		[RULEBOOK_CURRENT] = "current",
		[RULEBOOK_BACK] = "back",
	};
	const char *which = json_string_value(json_object_get(message, "which"));

	for (size_t i = 0; which && i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i], which) == 0) {
			*out = (enum rulebook_document)i;
			return true;
		}
	}
	return false;
}

static bool answer_document(
	struct asking *asking, const struct record *record, const struct text *text)
{
	int fd = sealed_make("picket-rules", text_view(text));
	bool kept;

	if (fd < 0)
		return answer_error(asking, strerror(-fd));
	kept = answer_send_fd(asking,
		json_pack("{s:b, s:{s:I, s:s, s:I}, s:[], s:i}", "ok", 1, "head", "generation",
			(json_int_t)record->generation, "file", record->origin, "bytes",
			(json_int_t)text->len, "rows", "total", 0),
		fd);
	close(fd);
	return kept;
}

bool command_document(struct asking *asking)
{
	struct rulebook *book = book_of(asking);
	enum rulebook_document which;
	struct record record;
	struct text text;
	char why[768];
	bool kept;

	if (!book)
		return false;
	if (!which_read(asking->message, &which))
		return answer_error(asking, "'which' must be printed, current or back");
	if (rulebook_document(book, which, &text, &record, why, sizeof(why)) < 0)
		kept = answer_error(asking, why);
	else
		kept = answer_document(asking, &record, &text);
	text_free(&text);
	return kept;
}

/* --- changes --- */

static void change_answered(void *arg, const char *error, json_t *head)
{
	struct waiting *w = arg;

	if (!waiting_end(w)) {
		json_decref(head);
		return;
	}
	if (error)
		answer_error(&w->asking, error);
	else
		answer_send(&w->asking, json_pack("{s:b, s:o, s:[], s:i}", "ok", 1, "head", head,
						"rows", "total", 0));
	free(w);
}

static uint64_t number_of(const json_t *message, const char *key)
{
	json_int_t n = json_integer_value(json_object_get(message, key));

	return n > 0 ? (uint64_t)n : 0;
}

static bool change(struct asking *asking, enum record_what what)
{
	struct rulebook *book = book_of(asking);
	const struct rulebook_wish wish = {
		.what = what,
		.generation = number_of(asking->message, "generation"),
		.fd = asking->packet->fds[0],
		.bytes = number_of(asking->message, "bytes"),
		.uid = asking->connection->uid,
		.pid = asking->connection->pid,
	};
	struct waiting *w = book ? waiting_new(asking) : NULL;

	if (w)
		rulebook_change(book, &wish, change_answered, w);
	/* The answer may have come inside the call, and ended the connection. */
	return false;
}

bool command_apply(struct asking *asking)
{
	return change(asking, RECORD_APPLY);
}

bool command_rollback(struct asking *asking)
{
	return change(asking, RECORD_ROLLBACK);
}

bool command_reload_certificates(struct asking *asking)
{
	return change(asking, RECORD_CERTIFICATES);
}
