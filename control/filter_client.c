/* SPDX-License-Identifier: BSD-3-Clause */
/* The control plane's end of dataplane.sock: its life and its socket. */
#include "control/filter_client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "control/counters.h"
#include "control/filter_client_int.h"
#include "rules/base/log.h"

enum { PACKETS_PER_ROUND = 64 };

const char *client_state_name(enum client_state state)
{
	static const char *const names[] = {
		[CLIENT_DOWN] = "down",
		[CLIENT_HELLO] = "hello",
		[CLIENT_PREPARE] = "prepare",
		[CLIENT_COMMIT] = "commit",
		[CLIENT_LISTENERS] = "listeners",
		[CLIENT_READY] = "ready",
	};

	return names[state];
}

void client_disconnect(struct filter_client *client, const char *why)
{
	bool was_ready = client->state == CLIENT_READY;

	if (client->readable)
		event_free(client->readable);
	client->readable = NULL;
	if (client->fd >= 0)
		close(client->fd);
	client->fd = -1;
	client->state = CLIENT_DOWN;
	client->renew = false;
	client->prepared_there = false;
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

void client_renew(struct filter_client *client)
{
	if (client->state == CLIENT_DOWN)
		return;
	client->renew = true;
	timer_set_ms(client->timer, 0);
}

/* False: the connection is gone, look at nothing of it any more. */
static bool receive_one(struct filter_client *client, int *rc)
{
	struct channel_packet packet;
	json_t *id;

	*rc = channel_receive(client->fd, &packet);
	if (*rc == -EAGAIN)
		return true;
	if (*rc < 0) {
		client_disconnect(client, *rc == -EPIPE ? "it closed the channel" : strerror(-*rc));
		return false;
	}
	id = json_object_get(packet.message, "id");
	if (client->state < CLIENT_READY && json_is_integer(id) &&
		json_integer_value(id) == client->setup_id)
		setup_answered(client, &packet);
	else
		question_answered(
			client, json_is_integer(id) ? json_integer_value(id) : 0, &packet);
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

	if (client->renew) {
		client_disconnect(client, "it is not at our rules");
		return;
	}
	if (client->state == CLIENT_READY) {
		change_ask_listeners(client);
		return;
	}
	if (client->state != CLIENT_DOWN) {
		client_disconnect(client, "no answer during set-up");
		return;
	}
	client->fd = channel_connect(client->path);
	if (client->fd < 0) {
		int error = -client->fd;

		client->fd = -1;
		client_disconnect(client, strerror(error));
		return;
	}
	client->readable = event_new(
		loop_base(client->loop), client->fd, EV_READ | EV_PERSIST, readable, client);
	if (!client->readable || event_add(client->readable, NULL) < 0) {
		client_disconnect(client, "out of memory");
		return;
	}
	setup_begin(client);
}

struct filter_client *filter_client_new(struct loop *loop, const char *path,
	struct generation *generation, const struct filter_client_handlers *handlers)
{
	struct filter_client *client = calloc(1, sizeof(*client));
	char why[256];

	if (!client)
		return NULL;
	client->loop = loop;
	client->generation = generation_hold(generation);
	client->handlers = *handlers;
	client->fd = -1;
	client->retry_ms = RETRY_FIRST_MS;
	LIST_INIT(&client->questions);
	client->path = strdup(path);
	client->timer = timer_new(loop, timer_fired, client);
	if (!client->path || !client->timer) {
		filter_client_free(client);
		return NULL;
	}
	if (filter_table_make(generation->rules, &client->table, why, sizeof(why)) < 0) {
		log_error("filter table: %s", why);
		filter_client_free(client);
		return NULL;
	}
	timer_set_ms(client->timer, 0);
	return client;
}

void filter_client_free(struct filter_client *client)
{
	if (!client)
		return;
	client->state = CLIENT_DOWN;
	questions_close(client);
	if (client->readable)
		event_free(client->readable);
	if (client->fd >= 0)
		close(client->fd);
	timer_free(client->timer);
	listeners_free(&client->held);
	filter_table_free(&client->table);
	filter_table_free(&client->prepared);
	generation_drop(client->generation);
	free(client->path);
	free(client);
}

json_t *filter_client_json(const struct filter_client *client)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:o}", "path", client->path, "state",
		client_state_name(client->state), "program", client->program, "handoff",
		client->handoff, "handoff_why", client->handoff_why, "generation",
		(json_int_t)client->generation->rules->generation, "listeners",
		listeners_json(&client->held));
}
