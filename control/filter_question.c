/* SPDX-License-Identifier: BSD-3-Clause */
/* Questions to a dataplane that is ready: announcements, counters, and any other. */
#include <errno.h>
#include <stdlib.h>

#include "control/counters.h"
#include "control/filter_client_int.h"
#include "rules/base/log.h"

enum { QUESTIONS_MAX = 4096 }; /* waiting for an answer */

/* The public name; a request is nothing more than a question. */
struct expect_request {
	struct question question;
};

void questions_fail(struct filter_client *client, int failure)
{
	struct question *q;

	LIST_FOREACH(q, &client->questions, next)
	{
		q->failure = failure;
		timer_set_ms(q->timer, 0);
	}
}

void question_free(struct question *q)
{
	if (q->client)
		LIST_REMOVE(q, next);
	timer_free(q->timer);
	free(q);
}

/* Its only end besides cancelling. */
static void question_end(struct question *q, int error, struct channel_packet *packet)
{
	struct question kept = *q;

	question_free(q);
	kept.end(&kept, error, packet);
}

static void question_failed(void *arg)
{
	struct question *q = arg;

	if (q->failure == -ETIMEDOUT)
		counter_add("filter.refused", "no_answer", 1);
	question_end(q, q->failure, NULL);
}

void question_answered(struct filter_client *client, json_int_t id, struct channel_packet *packet)
{
	const char *error = json_string_value(json_object_get(packet->message, "error"));
	struct question *q;

	LIST_FOREACH(q, &client->questions, next)
	if (q->id == id)
		break;
	/* It was cancelled, or we no longer waited. */
	if (!q) {
		counter_add("filter.refused", "answer_to_nothing", 1);
		return;
	}
	if (error) {
		log_warning("dataplane %s: refused a question: %s", client->path, error);
		counter_add("filter.refused", q->name, 1);
	}
	question_end(q, error ? -EACCES : 0, packet);
}

/* Others than ourselves may not have too many. */
static int questions_crowded(const struct filter_client *client)
{
	const struct question *q;
	uint32_t waiting = 0;

	LIST_FOREACH(q, &client->questions, next)
	waiting++;
	return waiting < QUESTIONS_MAX ? 0 : -EAGAIN;
}

struct question *question_ask(struct filter_client *client, json_t *message, const int *fds,
	uint32_t fd_count, uint64_t timeout_ms, int failure)
{
	struct question *q = calloc(1, sizeof(struct expect_request));

	if (q)
		q->timer = timer_new(client->loop, question_failed, q);
	if (!q || !q->timer) {
		free(q);
		json_decref(message);
		return NULL;
	}
	q->client = client;
	q->id = ++client->last_id;
	if (failure)
		q->failure = failure;
	else if (client->state != CLIENT_READY)
		q->failure = -ENOTCONN;
	else if (!message || json_object_set_new(message, "id", json_integer(q->id)) < 0)
		q->failure = -ENOMEM;
	else
		q->failure = channel_send(client->fd, message, fds, fd_count);
	if (q->failure == -EPIPE)
		q->failure = -ENOTCONN;
	json_decref(message);
	LIST_INSERT_HEAD(&client->questions, q, next);
	timer_set_ms(q->timer, q->failure ? 0 : timeout_ms);
	if (!q->failure)
		q->failure = -ETIMEDOUT;
	return q;
}

static void expect_end(const struct question *q, int error, struct channel_packet *packet)
{
	q->handler.expected(q->arg, error);
}

struct expect_request *filter_client_expect(struct filter_client *client,
	const struct ip_address *from, uint16_t from_port, const struct ip_address *to,
	uint16_t to_port, uint32_t mark, uint32_t ttl_ms, expect_h *handler, void *arg)
{
	char from_text[IP_TEXT_BYTES];
	char to_text[IP_TEXT_BYTES];
	struct question *q;

	ip_address_print(from, from_text);
	ip_address_print(to, to_text);
	q = question_ask(client,
		json_pack("{s:s, s:s, s:i, s:s, s:i, s:I, s:I}", "type", "expect", "from",
			from_text, "from_port", (int)from_port, "to", to_text, "to_port",
			(int)to_port, "mark", (json_int_t)mark, "ttl_ms", (json_int_t)ttl_ms),
		NULL, 0, ANSWER_TIMEOUT_MS, questions_crowded(client));
	if (!q)
		return NULL;
	q->name = "expect";
	q->end = expect_end;
	q->handler.expected = handler;
	q->arg = arg;
	return (struct expect_request *)q;
}

void expect_cancel(struct expect_request *request)
{
	if (request)
		question_free(&request->question);
}

static void ask_end(const struct question *q, int error, struct channel_packet *packet)
{
	q->handler.answered(q->arg, error, packet ? packet->message : NULL);
}

void filter_client_ask_with(
	struct filter_client *client, json_t *question, int fd, filter_answer_h *handler, void *arg)
{
	struct question *q = question_ask(client, question, &fd, fd < 0 ? 0 : 1, ANSWER_TIMEOUT_MS,
		questions_crowded(client));

	if (!q) {
		handler(arg, -ENOMEM, NULL);
		return;
	}
	q->name = "question";
	q->end = ask_end;
	q->handler.answered = handler;
	q->arg = arg;
}

void filter_client_ask(
	struct filter_client *client, json_t *question, filter_answer_h *handler, void *arg)
{
	filter_client_ask_with(client, question, -1, handler, arg);
}

void questions_close(struct filter_client *client)
{
	struct question *q;

	while ((q = LIST_FIRST(&client->questions))) {
		if (q->end != expect_end) {
			question_end(q, -ENOTCONN, NULL);
			continue;
		}
		LIST_REMOVE(q, next);
		timer_clear(q->timer);
		q->client = NULL;
	}
}
