/* SPDX-License-Identifier: BSD-3-Clause */
/* The control plane's end of dataplane.sock: brings the dataplane to our rules, then announces
 * connections and asks for counters. */
#include "control/filter_client.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <unistd.h>

#include "control/counters.h"
#include "control/listeners.h"
#include "dataplane/channel/channel.h"
#include "dataplane/channel/sealed.h"
#include "rules/base/log.h"
#include "rules/base/text.h"
#include "rules/filter.h"

enum {
	ANSWER_TIMEOUT_MS = 2000, /* expect, counters */
	SETUP_TIMEOUT_MS = 10000, /* hello to listeners: building tables may take a while */
	RETRY_FIRST_MS = 100,
	RETRY_MAX_MS = 5000,
	QUESTIONS_MAX = 4096, /* waiting for an answer */
	PACKETS_PER_ROUND = 64,
};

/* Where set-up stands; each state but the first and the last waits for the answer of that name. */
enum client_state {
	CLIENT_DOWN,
	CLIENT_HELLO,
	CLIENT_PREPARE,
	CLIENT_COMMIT,
	CLIENT_LISTENERS,
	CLIENT_READY,
};

static const char *const state_names[] = {
	[CLIENT_DOWN] = "down",
	[CLIENT_HELLO] = "hello",
	[CLIENT_PREPARE] = "prepare",
	[CLIENT_COMMIT] = "commit",
	[CLIENT_LISTENERS] = "listeners",
	[CLIENT_READY] = "ready",
};

/* A question of somebody else that waits for its answer. */
struct question {
	LIST_ENTRY(question) next;
	struct filter_client *client; /* NULL: the client is gone, wait for expect_cancel */
	json_int_t id;
	struct timer *timer; /* when it fires the question has failed */
	int failure;         /* how */
	expect_h *expected;  /* one of these three */
	counters_h *counted;
	filter_answer_h *answered;
	void *arg;
};

/* The public name; a request is nothing more than a question. */
struct expect_request {
	struct question question;
};

struct filter_client {
	struct loop *loop;
	char *path;
	const struct ruleset *rules;
	struct filter_client_handlers handlers;
	uint8_t *block; /* the filter table of the rules */
	size_t block_bytes;
	uint64_t digest;

	int fd;
	struct event *readable;
	struct timer *timer; /* retry while down, timeout during set-up */
	uint32_t retry_ms;
	enum client_state state;
	json_int_t last_id;
	json_int_t setup_id; /* of the set-up question under way */
	char program[64];    /* what the dataplane calls itself */
	char handoff[16];
	bool complained; /* about this loss already */
	struct listeners held;
	LIST_HEAD(, question) questions;
};

static void ask_hello(struct filter_client *client);

/* --- coming and going --- */

static void questions_fail(struct filter_client *client, int failure)
{
	struct question *q;

	LIST_FOREACH(q, &client->questions, next)
	{
		q->failure = failure;
		timer_set_ms(q->timer, 0);
	}
}

static void disconnect(struct filter_client *client, const char *why)
{
	bool was_ready = client->state == CLIENT_READY;

	if (client->readable)
		event_free(client->readable);
	client->readable = NULL;
	if (client->fd >= 0)
		close(client->fd);
	client->fd = -1;
	client->state = CLIENT_DOWN;
	if (was_ready || !client->complained)
		log_warning("dataplane %s: %s; trying again", client->path, why);
	else
		log_debug("dataplane %s: %s", client->path, why);
	client->complained = true;
	questions_fail(client, -ENOTCONN);
	timer_set_ms(client->timer, client->retry_ms);
	client->retry_ms *= 2;
	if (client->retry_ms > RETRY_MAX_MS)
		client->retry_ms = RETRY_MAX_MS;
	if (was_ready) {
		counter_add("filter.lost", NULL, 1);
		client->handlers.lost(client->handlers.arg);
	}
}

/* The dataplane will say the same again until somebody changes something: no hurry. */
static void refused(struct filter_client *client, const char *why)
{
	counter_add("filter.refused", state_names[client->state], 1);
	client->handlers.refused(client->handlers.arg, why);
	client->retry_ms = RETRY_MAX_MS;
	disconnect(client, why);
}

/* --- set-up, question by question; message is consumed --- */

static void setup_ask(struct filter_client *client, enum client_state state, json_t *message,
	const int *fds, uint32_t fd_count)
{
	int rc = -ENOMEM;

	client->state = state;
	client->setup_id = ++client->last_id;
	if (message && json_object_set_new(message, "type", json_string(state_names[state])) == 0 &&
		json_object_set_new(message, "id", json_integer(client->setup_id)) == 0)
		rc = channel_send(client->fd, message, fds, fd_count);
	json_decref(message);
	timer_set_ms(client->timer, SETUP_TIMEOUT_MS);
	if (rc < 0)
		disconnect(client, strerror(-rc));
}

static void ask_hello(struct filter_client *client)
{
	int fds[CHANNEL_FDS_MAX];
	uint32_t count = listeners_fds(&client->held, fds, CHANNEL_FDS_MAX);

	setup_ask(client, CLIENT_HELLO,
		json_pack("{s:i, s:I, s:o}", "version", CHANNEL_VERSION, "generation",
			(json_int_t)client->rules->generation, "listeners",
			listeners_json(&client->held)),
		fds, count);
}

static void ask_prepare(struct filter_client *client)
{
	char digest[17];
	int fd = sealed_make("picket-filter", view_make(client->block, client->block_bytes));

	if (fd < 0) {
		disconnect(client, strerror(-fd));
		return;
	}
	snprintf(digest, sizeof(digest), "%016" PRIx64, client->digest);
	setup_ask(client, CLIENT_PREPARE,
		json_pack("{s:I, s:I, s:s}", "generation", (json_int_t)client->rules->generation,
			"bytes", (json_int_t)client->block_bytes, "digest", digest),
		&fd, 1);
	close(fd);
}

static void ask_commit(struct filter_client *client)
{
	setup_ask(client, CLIENT_COMMIT,
		json_pack("{s:I}", "generation", (json_int_t)client->rules->generation), NULL, 0);
}

static void ask_listeners(struct filter_client *client)
{
	setup_ask(client, CLIENT_LISTENERS, json_object(), NULL, 0);
}

static bool generation_is_ours(const struct filter_client *client, const json_t *answer)
{
	json_t *generation = json_object_get(answer, "generation");

	return json_is_integer(generation) &&
	       json_integer_value(generation) == (json_int_t)client->rules->generation;
}

/* Words of the dataplane for people; kept short. */
static void words_keep(const json_t *answer, const char *key, char *out, size_t bytes)
{
	const char *words = json_string_value(json_object_get(answer, key));

	snprintf(out, bytes, "%s", words ? words : "");
}

static void hello_answered(struct filter_client *client, const json_t *answer)
{
	json_t *version = json_object_get(answer, "version");
	char why[96];

	if (!json_is_integer(version) || json_integer_value(version) != CHANNEL_VERSION) {
		snprintf(why, sizeof(why), "it speaks version %lld of the channel, we speak %d",
			(long long)json_integer_value(version), CHANNEL_VERSION);
		refused(client, why);
		return;
	}
	words_keep(answer, "program", client->program, sizeof(client->program));
	words_keep(answer, "handoff", client->handoff, sizeof(client->handoff));
	if (generation_is_ours(client, answer))
		ask_listeners(client);
	else
		ask_prepare(client);
}

static void listeners_answered(struct filter_client *client, struct channel_packet *packet)
{
	struct listeners fresh;
	char why[160];

	if (!listeners_read(packet, client->rules, &fresh, why, sizeof(why))) {
		disconnect(client, why);
		return;
	}
	listeners_keep_same(&fresh, &client->held);
	timer_clear(client->timer);
	client->state = CLIENT_READY;
	client->retry_ms = RETRY_FIRST_MS;
	client->complained = false;
	log_info("dataplane %s: ready with %u listeners, generation %" PRIu64 ", hand-off %s",
		client->path, fresh.count, client->rules->generation, client->handoff);
	counter_add("filter.ready", NULL, 1);
	client->handlers.ready(client->handlers.arg, fresh.list, fresh.count);
	/* Closed only now: until then the owner's events may still refer to them. */
	listeners_free(&client->held);
	client->held = fresh;
}

static void setup_answered(struct filter_client *client, struct channel_packet *packet)
{
	const char *error = json_string_value(json_object_get(packet->message, "error"));
	const char *warning = json_string_value(json_object_get(packet->message, "warning"));
	bool about_rules = client->state == CLIENT_PREPARE || client->state == CLIENT_COMMIT;
	char why[256];

	if (error) {
		snprintf(why, sizeof(why), "%s: %s", state_names[client->state], error);
		if (about_rules)
			refused(client, why);
		else
			disconnect(client, why);
		return;
	}
	if (warning)
		log_warning(
			"dataplane %s: %s: %s", client->path, state_names[client->state], warning);
	if (about_rules && !generation_is_ours(client, packet->message)) {
		disconnect(client, "it answered for another generation");
		return;
	}
	switch (client->state) {
	case CLIENT_HELLO:
		hello_answered(client, packet->message);
		break;
	case CLIENT_PREPARE:
		ask_commit(client);
		break;
	case CLIENT_COMMIT:
		ask_listeners(client);
		break;
	case CLIENT_LISTENERS:
		listeners_answered(client, packet);
		break;
	case CLIENT_DOWN:
	case CLIENT_READY:
		break;
	}
}

/* --- questions of others --- */

static void question_free(struct question *q)
{
	if (q->client)
		LIST_REMOVE(q, next);
	timer_free(q->timer);
	free(q);
}

/* Its only end besides cancelling. */
static void question_end(struct question *q, int error, json_t *answer)
{
	struct question kept = *q;

	question_free(q);
	if (kept.expected)
		kept.expected(kept.arg, error);
	else if (kept.answered)
		kept.answered(kept.arg, error, answer);
	else
		kept.counted(
			kept.arg, error ? NULL : json_incref(json_object_get(answer, "counters")));
}

static void question_failed(void *arg)
{
	struct question *q = arg;

	if (q->failure == -ETIMEDOUT)
		counter_add("filter.refused", "no_answer", 1);
	question_end(q, q->failure, NULL);
}

static void question_answered(struct filter_client *client, json_int_t id, json_t *answer)
{
	const char *error = json_string_value(json_object_get(answer, "error"));
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
		counter_add("filter.refused",
			q->expected   ? "expect"
			: q->answered ? "question"
				      : "counters",
			1);
	}
	question_end(q, error ? -EACCES : 0, answer);
}

/* Takes message. The question's end comes by its timer if it cannot be asked at all. */
static struct question *question_ask(struct filter_client *client, json_t *message)
{
	struct question *q = calloc(1, sizeof(struct expect_request));
	struct question *other;
	uint32_t waiting = 0;

	if (q)
		q->timer = timer_new(client->loop, question_failed, q);
	if (!q || !q->timer) {
		free(q);
		json_decref(message);
		return NULL;
	}
	LIST_FOREACH(other, &client->questions, next)
	waiting++;
	q->client = client;
	q->id = ++client->last_id;
	if (client->state != CLIENT_READY)
		q->failure = -ENOTCONN;
	else if (waiting >= QUESTIONS_MAX)
		q->failure = -EAGAIN;
	else if (!message || json_object_set_new(message, "id", json_integer(q->id)) < 0)
		q->failure = -ENOMEM;
	else
		q->failure = channel_send(client->fd, message, NULL, 0);
	if (q->failure == -EPIPE)
		q->failure = -ENOTCONN;
	json_decref(message);
	LIST_INSERT_HEAD(&client->questions, q, next);
	timer_set_ms(q->timer, q->failure ? 0 : ANSWER_TIMEOUT_MS);
	if (!q->failure)
		q->failure = -ETIMEDOUT;
	return q;
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
			(int)to_port, "mark", (json_int_t)mark, "ttl_ms", (json_int_t)ttl_ms));
	if (!q)
		return NULL;
	q->expected = handler;
	q->arg = arg;
	return (struct expect_request *)q;
}

void expect_cancel(struct expect_request *request)
{
	if (request)
		question_free(&request->question);
}

void filter_client_counters(struct filter_client *client, counters_h *handler, void *arg)
{
	struct question *q = question_ask(client, json_pack("{s:s}", "type", "counters"));

	if (!q) {
		handler(arg, NULL);
		return;
	}
	q->counted = handler;
	q->arg = arg;
}

void filter_client_ask(
	struct filter_client *client, json_t *question, filter_answer_h *handler, void *arg)
{
	struct question *q = question_ask(client, question);

	if (!q) {
		handler(arg, -ENOMEM, NULL);
		return;
	}
	q->answered = handler;
	q->arg = arg;
}

/* --- the socket --- */

/* False: the connection is gone, look at nothing of it any more. */
static bool receive_one(struct filter_client *client, int *rc)
{
	struct channel_packet packet;
	json_t *id;

	*rc = channel_receive(client->fd, &packet);
	if (*rc == -EAGAIN)
		return true;
	if (*rc < 0) {
		disconnect(client, *rc == -EPIPE ? "it closed the channel" : strerror(-*rc));
		return false;
	}
	id = json_object_get(packet.message, "id");
	if (client->state < CLIENT_READY && json_is_integer(id) &&
		json_integer_value(id) == client->setup_id)
		setup_answered(client, &packet);
	else
		question_answered(
			client, json_is_integer(id) ? json_integer_value(id) : 0, packet.message);
	channel_packet_free(&packet);
	return client->fd >= 0;
}

static void readable(evutil_socket_t fd, short what, void *arg)
{
	struct filter_client *client = arg;
	int rc = 0;

	for (int i = 0; i < PACKETS_PER_ROUND && rc == 0; i++)
		if (!receive_one(client, &rc))
			return;
}

static void timer_fired(void *arg)
{
	struct filter_client *client = arg;

	if (client->state != CLIENT_DOWN) {
		disconnect(client, "no answer during set-up");
		return;
	}
	client->fd = channel_connect(client->path);
	if (client->fd < 0) {
		int error = -client->fd;

		client->fd = -1;
		disconnect(client, strerror(error));
		return;
	}
	client->readable = event_new(
		loop_base(client->loop), client->fd, EV_READ | EV_PERSIST, readable, client);
	if (!client->readable || event_add(client->readable, NULL) < 0) {
		disconnect(client, "out of memory");
		return;
	}
	ask_hello(client);
}

static int table_make(struct filter_client *client)
{
	struct filter filter;
	char why[256];
	int rc = filter_write(client->rules, &client->block, &client->block_bytes);

	if (rc == 0 && client->block_bytes > UINT32_MAX)
		rc = -E2BIG;
	/* The very reader of the dataplane: what it would refuse is not even offered. */
	if (rc == 0)
		rc = filter_open(
			view_make(client->block, client->block_bytes), &filter, why, sizeof(why));
	else
		snprintf(why, sizeof(why), "%s", strerror(-rc));
	if (rc < 0) {
		log_error("filter table: %s", why);
		return rc;
	}
	client->digest = filter.digest;
	return 0;
}

struct filter_client *filter_client_new(struct loop *loop, const char *path,
	const struct ruleset *rules, const struct filter_client_handlers *handlers)
{
	struct filter_client *client = calloc(1, sizeof(*client));

	if (!client)
		return NULL;
	client->loop = loop;
	client->rules = rules;
	client->handlers = *handlers;
	client->fd = -1;
	client->retry_ms = RETRY_FIRST_MS;
	LIST_INIT(&client->questions);
	client->path = strdup(path);
	client->timer = timer_new(loop, timer_fired, client);
	if (!client->path || !client->timer || table_make(client) < 0) {
		filter_client_free(client);
		return NULL;
	}
	timer_set_ms(client->timer, 0);
	return client;
}

void filter_client_free(struct filter_client *client)
{
	struct question *q;

	if (!client)
		return;
	/* Whoever asked is told; who announced will still call expect_cancel. */
	while ((q = LIST_FIRST(&client->questions))) {
		if (!q->expected) {
			question_end(q, -ENOTCONN, NULL);
			continue;
		}
		LIST_REMOVE(q, next);
		timer_clear(q->timer);
		q->client = NULL;
	}
	if (client->readable)
		event_free(client->readable);
	if (client->fd >= 0)
		close(client->fd);
	timer_free(client->timer);
	listeners_free(&client->held);
	free(client->block);
	free(client->path);
	free(client);
}

json_t *filter_client_json(const struct filter_client *client)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:I, s:o}", "path", client->path, "state",
		state_names[client->state], "program", client->program, "handoff", client->handoff,
		"generation", (json_int_t)client->rules->generation, "listeners",
		listeners_json(&client->held));
}
