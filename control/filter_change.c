/* SPDX-License-Identifier: BSD-3-Clause */
/* A change of the rules in two phases over a channel that is up, and the listeners that follow it. */
#include <errno.h>
#include <inttypes.h>
#include <unistd.h>

#include "control/counters.h"
#include "control/filter_client_int.h"
#include "rules/base/log.h"

enum { LISTENERS_RETRY_MS = 5000 };

static const char *words_of(const struct channel_packet *packet, const char *member)
{
	return packet ? json_string_value(json_object_get(packet->message, member)) : NULL;
}

bool filter_client_ready(const struct filter_client *client)
{
	return client->state == CLIENT_READY && !client->renew;
}

/* --- prepare --- */

static void prepare_end(const struct question *q, int error, struct channel_packet *packet)
{
	struct filter_client *client = q->client;

	client->preparing = NULL;
	if (error) {
		q->handler.changed(q->arg, error, words_of(packet, "error"));
		return;
	}
	if (!setup_is_of(packet->message, client->prepared.generation)) {
		q->handler.changed(q->arg, -EACCES, "it answered for another generation");
		return;
	}
	client->prepared_there = true;
	q->handler.changed(q->arg, 0, NULL);
}

void filter_client_abandon(struct filter_client *client)
{
	if (client->preparing)
		question_free(client->preparing);
	client->preparing = NULL;
	client->prepared_there = false;
	filter_table_free(&client->prepared);
}

void filter_client_prepare(struct filter_client *client, struct filter_table *table,
	filter_change_h *handler, void *arg)
{
	struct question *q;
	json_t *offer;
	int fd;

	filter_client_abandon(client);
	client->prepared = *table;
	*table = (struct filter_table){0};
	offer = setup_offer(&client->prepared, &fd);
	if (offer)
		json_object_set_new(offer, "type", json_string("prepare"));
	q = question_ask(client, offer, &fd, 1, SETUP_TIMEOUT_MS, fd < 0 ? fd : 0);
	if (fd >= 0)
		close(fd);
	if (!q) {
		handler(arg, -ENOMEM, NULL);
		return;
	}
	q->name = "prepare";
	q->end = prepare_end;
	q->handler.changed = handler;
	q->arg = arg;
	client->preparing = q;
}

/* --- commit --- */

static void commit_end(const struct question *q, int error, struct channel_packet *packet)
{
	struct filter_client *client = q->client;
	const char *words = words_of(packet, error ? "error" : "warning");

	if (error == 0 && !setup_is_of(packet->message, q->generation)) {
		error = -EACCES;
		words = "it answered for another generation";
	}
	if (error == 0) {
		if (words)
			log_warning("dataplane %s: commit: %s", client->path, words);
		log_info("dataplane %s: generation %" PRIu64 " is in force", client->path,
			q->generation);
		change_ask_listeners(client);
	} else if (error != -ENOTCONN && error != -EINVAL) {
		/* It is decided: what does not come about this way comes about at hello. */
		client_renew(client);
	}
	q->handler.changed(q->arg, error, words);
}

/* The change becomes what is ours. */
static void take_prepared(struct filter_client *client, struct generation *generation)
{
	struct generation *old = client->generation;

	client->generation = generation_hold(generation);
	generation_drop(old);
	filter_table_free(&client->table);
	client->table = client->prepared;
	client->prepared = (struct filter_table){0};
	filter_client_abandon(client);
}

/* The channel does not know of the change: a new one brings the dataplane to it. */
static void channel_anew(struct filter_client *client)
{
	client->retry_ms = RETRY_FIRST_MS;
	if (client->state == CLIENT_DOWN)
		timer_set_ms(client->timer, 0);
	else if (client->state != CLIENT_HELLO)
		client_renew(client);
}

void filter_client_commit(struct filter_client *client, struct generation *generation,
	filter_change_h *handler, void *arg)
{
	uint64_t number = generation->rules->generation;
	bool there = client->prepared_there && client->state == CLIENT_READY && !client->renew;
	int failure = there ? 0 : -ENOTCONN;
	struct question *q;

	if (!client->prepared.block || client->prepared.generation != number) {
		failure = -EINVAL;
	} else {
		take_prepared(client, generation);
		if (!there)
			channel_anew(client);
	}
	q = question_ask(client,
		json_pack("{s:s, s:I}", "type", "commit", "generation", (json_int_t)number), NULL,
		0, SETUP_TIMEOUT_MS, failure);
	if (!q) {
		client_renew(client);
		handler(arg, -ENOMEM, NULL);
		return;
	}
	q->name = "commit";
	q->generation = number;
	q->end = commit_end;
	q->handler.changed = handler;
	q->arg = arg;
}

/* --- listeners --- */

static void listeners_end(const struct question *q, int error, struct channel_packet *packet)
{
	struct filter_client *client = q->client;
	char why[160];

	client->listing = NULL;
	if (error == 0 && !setup_take_listeners(client, packet, why, sizeof(why))) {
		log_warning("dataplane %s: %s", client->path, why);
		client_renew(client);
	} else if (error == -EACCES) {
		/* Those that we have still serve; it may be an address that comes later. */
		if (!client->renew)
			timer_set_ms(client->timer, LISTENERS_RETRY_MS);
	} else if (error && error != -ENOTCONN) {
		client_renew(client);
	}
}

void change_ask_listeners(struct filter_client *client)
{
	/* An answer to the last time may be about services that are no longer ours. */
	if (client->listing)
		question_free(client->listing);
	client->listing = question_ask(
		client, json_pack("{s:s}", "type", "listeners"), NULL, 0, SETUP_TIMEOUT_MS, 0);
	if (!client->listing) {
		client_renew(client);
		return;
	}
	client->listing->name = "listeners";
	client->listing->end = listeners_end;
}
