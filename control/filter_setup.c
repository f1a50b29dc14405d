/* SPDX-License-Identifier: BSD-3-Clause */
/* A dataplane that is there is brought to our rules, question by question: hello, prepare and commit
 * when its generation is another, listeners. */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "control/counters.h"
#include "control/filter_client_int.h"
#include "dataplane/channel/sealed.h"
#include "rules/base/log.h"

/* The dataplane will say the same again until somebody changes something: no hurry. */
static void refused(struct filter_client *client, const char *why)
{
	counter_add("filter.refused", client_state_name(client->state), 1);
	client->handlers.refused(client->handlers.arg, why);
	client->retry_ms = RETRY_MAX_MS;
	client_disconnect(client, why);
}

/* Takes message. */
static void setup_ask(struct filter_client *client, enum client_state state, json_t *message,
	const int *fds, uint32_t fd_count)
{
	int rc = -ENOMEM;

	client->state = state;
	client->setup_id = ++client->last_id;
	if (message &&
		json_object_set_new(message, "type", json_string(client_state_name(state))) == 0 &&
		json_object_set_new(message, "id", json_integer(client->setup_id)) == 0)
		rc = channel_send(client->fd, message, fds, fd_count);
	json_decref(message);
	timer_set_ms(client->timer, SETUP_TIMEOUT_MS);
	if (rc < 0)
		client_disconnect(client, strerror(-rc));
}

static uint64_t our_generation(const struct filter_client *client)
{
	return client->generation->rules->generation;
}

void setup_begin(struct filter_client *client)
{
	int fds[CHANNEL_FDS_MAX];
	uint32_t count = listeners_fds(&client->held, fds, CHANNEL_FDS_MAX);

	setup_ask(client, CLIENT_HELLO,
		json_pack("{s:i, s:I, s:o}", "version", CHANNEL_VERSION, "generation",
			(json_int_t)our_generation(client), "listeners",
			listeners_json(&client->held)),
		fds, count);
}

json_t *setup_offer(const struct filter_table *table, int *fd)
{
	char digest[17];

	*fd = sealed_make("picket-filter", view_make(table->block, table->bytes));
	if (*fd < 0)
		return NULL;
	snprintf(digest, sizeof(digest), "%016" PRIx64, table->digest);
	return json_pack("{s:I, s:I, s:s}", "generation", (json_int_t)table->generation, "bytes",
		(json_int_t)table->bytes, "digest", digest);
}

static void ask_prepare(struct filter_client *client)
{
	int fd;
	json_t *offer = setup_offer(&client->table, &fd);

	if (fd < 0) {
		client_disconnect(client, strerror(-fd));
		return;
	}
	setup_ask(client, CLIENT_PREPARE, offer, &fd, 1);
	close(fd);
}

static void ask_commit(struct filter_client *client)
{
	setup_ask(client, CLIENT_COMMIT,
		json_pack("{s:I}", "generation", (json_int_t)our_generation(client)), NULL, 0);
}

static void ask_listeners(struct filter_client *client)
{
	setup_ask(client, CLIENT_LISTENERS, json_object(), NULL, 0);
}

bool setup_is_of(const json_t *answer, uint64_t generation)
{
	json_t *number = json_object_get(answer, "generation");

	return json_is_integer(number) && json_integer_value(number) == (json_int_t)generation;
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
	words_keep(answer, "handoff_why", client->handoff_why, sizeof(client->handoff_why));
	if (setup_is_of(answer, our_generation(client)))
		ask_listeners(client);
	else
		ask_prepare(client);
}

bool setup_take_listeners(
	struct filter_client *client, struct channel_packet *packet, char *why, size_t why_bytes)
{
	struct listeners fresh;

	if (!listeners_read(packet, client->generation->rules, &fresh, why, why_bytes))
		return false;
	listeners_keep_same(&fresh, &client->held);
	log_info("dataplane %s: ready with %u listeners, generation %" PRIu64 ", hand-off %s",
		client->path, fresh.count, our_generation(client), client->handoff);
	client->handlers.ready(client->handlers.arg, fresh.list, fresh.count);
	/* Closed only now: until then the owner's events may still refer to them. */
	listeners_free(&client->held);
	client->held = fresh;
	return true;
}

static void listeners_answered(struct filter_client *client, struct channel_packet *packet)
{
	char why[160];

	timer_clear(client->timer);
	client->state = CLIENT_READY;
	if (!setup_take_listeners(client, packet, why, sizeof(why))) {
		client->state = CLIENT_LISTENERS;
		client_disconnect(client, why);
		return;
	}
	client->retry_ms = RETRY_FIRST_MS;
	client->complained = false;
	counter_add("filter.ready", NULL, 1);
}

void setup_answered(struct filter_client *client, struct channel_packet *packet)
{
	const char *error = json_string_value(json_object_get(packet->message, "error"));
	const char *warning = json_string_value(json_object_get(packet->message, "warning"));
	bool about_rules = client->state == CLIENT_PREPARE || client->state == CLIENT_COMMIT;
	char why[256];

	/* It is about rules that are no longer ours. */
	if (client->renew)
		return;
	if (error) {
		snprintf(why, sizeof(why), "%s: %s", client_state_name(client->state), error);
		if (about_rules)
			refused(client, why);
		else
			client_disconnect(client, why);
		return;
	}
	if (warning)
		log_warning("dataplane %s: %s: %s", client->path, client_state_name(client->state),
			warning);
	if (about_rules && !setup_is_of(packet->message, our_generation(client))) {
		client_disconnect(client, "it answered for another generation");
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
