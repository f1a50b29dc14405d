/* SPDX-License-Identifier: BSD-3-Clause */
/* The operator's socket: a table of commands, answers in pages. */
#include "control/command_int.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "control/counters.h"
#include "dataplane/channel/channel.h"
#include "rules/base/log.h"

enum {
	CONNECTIONS_MAX = 32,
	LIMIT_MAX = 500,  /* rows of one page; fewer when they are large */
	NAME_BYTES = 256, /* of a row made from nested members */
	DEPTH_MAX = 8,
};

/* --- rows --- */

static void rows_add_nested(json_t *rows, const char *prefix, json_t *value, int depth)
{
	char name[NAME_BYTES];
	const char *key;
	json_t *member;

	if (!json_is_object(value) || depth >= DEPTH_MAX) {
		json_array_append_new(
			rows, json_pack("{s:s, s:O}", "name", prefix, "value", value));
		return;
	}
	json_object_foreach(value, key, member)
	{
		snprintf(name, sizeof(name), "%s%s%s", prefix, prefix[0] ? "." : "", key);
		rows_add_nested(rows, name, member, depth + 1);
	}
}

static void rows_add_area(json_t *rows, const char *area, json_t *entries)
{
	size_t i;
	json_t *entry;

	json_array_foreach(entries, i, entry)
	{
		json_t *row = json_pack("{s:s}", "area", area);

		if (json_is_object(entry))
			json_object_update_missing(row, entry);
		else
			json_object_set(row, "value", entry);
		json_array_append_new(rows, row);
	}
}

json_t *command_rows(json_t *json)
{
	json_t *rows;
	const char *key;
	json_t *member;

	if (json_is_array(json))
		return json;
	rows = json_array();
	json_object_foreach(json, key, member)
	{
		if (json_is_array(member))
			rows_add_area(rows, key, member);
		else
			rows_add_nested(rows, key, member, 1);
	}
	json_decref(json);
	return rows;
}

/* --- answers --- */

void connection_close(struct connection *c)
{
	if (c->fd >= 0) {
		event_free(c->readable);
		close(c->fd);
		c->fd = -1;
		LIST_REMOVE(c, next);
		if (c->server)
			c->server->connection_count--;
	}
	if (c->waiting == 0)
		free(c);
}

bool answer_send_fd(struct asking *asking, json_t *answer, int fd)
{
	struct connection *c = asking->connection;
	int rc;

	if (asking->id)
		json_object_set(answer, "id", asking->id);
	rc = channel_send(c->fd, answer, &fd, fd >= 0 ? 1 : 0);
	json_decref(answer);
	json_decref(asking->id);
	asking->id = NULL;
	if (rc == 0)
		return true;
	counter_add("command.refused", rc == -EAGAIN ? "does_not_read" : "gone", 1);
	connection_close(c);
	return false;
}

bool answer_send(struct asking *asking, json_t *answer)
{
	return answer_send_fd(asking, answer, -1);
}

/* Words may have been cut in the midst of a character, and then are no text for JSON. */
static json_t *error_make(const char *words)
{
	json_t *answer = json_pack("{s:s}", "error", words);
	char *ascii = answer ? NULL : strdup(words);

	for (char *p = ascii; p && *p; p++)
		if ((unsigned char)*p >= 0x80)
			*p = '?';
	if (ascii)
		answer = json_pack("{s:s}", "error", ascii);
	free(ascii);
	return answer;
}

bool answer_error(struct asking *asking, const char *words)
{
	counter_add("command.refused", "error", 1);
	return answer_send(asking, error_make(words));
}

/* Rows [offset, offset + count) as an answer, NULL if that is more than a packet. */
static json_t *page_make(json_t *head, json_t *rows, json_int_t offset, json_int_t count)
{
	json_t *page = json_array();
	json_t *answer;
	char *bytes;
	size_t len;

	for (json_int_t i = offset; i < offset + count; i++)
		json_array_append(page, json_array_get(rows, (size_t)i));
	answer = json_pack("{s:b, s:O*, s:o, s:I, s:I}", "ok", 1, "head", head, "rows", page,
		"offset", offset, "total", (json_int_t)json_array_size(rows));
	bytes = json_dumps(answer, JSON_COMPACT);
	len = bytes ? strlen(bytes) : 0;
	free(bytes);
	/* Room for the id, whatever the operator chose. */
	if (len > CHANNEL_PACKET_BYTES - 1024) {
		json_decref(answer);
		return NULL;
	}
	return answer;
}

bool answer_rows(struct asking *asking, json_t *head, json_t *rows)
{
	json_int_t total = (json_int_t)json_array_size(rows);
	json_int_t count;
	json_t *answer = NULL;

	if (asking->offset > total)
		asking->offset = total;
	count = total - asking->offset;
	if (count > asking->limit)
		count = asking->limit;
	for (; !answer && count >= 0; count = count > 1 ? count / 2 : count - 1)
		answer = page_make(head, rows, asking->offset, count);
	json_decref(head);
	json_decref(rows);
	if (!answer)
		return answer_error(asking, "the answer does not fit into a packet");
	return answer_send(asking, answer);
}

/* --- the commands --- */

static bool show_counters(struct asking *asking)
{
	return answer_rows(asking, NULL, command_rows(counters_json()));
}

static bool show_sessions(struct asking *asking)
{
	const struct command_sources *from = &asking->connection->server->sources;

	return answer_rows(asking, NULL, command_rows(from->sessions(from->arg)));
}

static bool show_messages(struct asking *asking)
{
	const struct command_sources *from = &asking->connection->server->sources;

	return answer_rows(asking, NULL, command_rows(from->messages(from->arg)));
}

static bool show_handshakes(struct asking *asking)
{
	const struct command_sources *from = &asking->connection->server->sources;
	json_t *all = from->handshakes ? from->handshakes(from->arg) : NULL;
	json_t *rows = json_incref(json_object_get(all, "rows"));
	json_t *head = json_incref(json_object_get(all, "head"));

	json_decref(all);
	return answer_rows(asking, head, rows ? rows : json_array());
}

static bool show_prefixes(struct asking *asking)
{
	const struct command_sources *from = &asking->connection->server->sources;
	uint32_t total = 0;
	json_t *rows = from->prefixes ? from->prefixes(from->arg, (uint32_t)asking->offset,
						(uint32_t)asking->limit, &total)
				      : json_array();

	return answer_page(asking, NULL, rows, total);
}

static bool show_version(struct asking *asking)
{
	const struct command_server *server = asking->connection->server;
	json_int_t uptime_s =
		(json_int_t)((loop_now(server->loop).ns - server->since.ns) / NS_PER_S);

	return answer_rows(asking,
		json_pack("{s:s, s:s, s:i, s:I}", "program", "picket-control", "version",
			PICKET_VERSION, "pid", (int)getpid(), "uptime_s", uptime_s),
		json_array());
}

struct command {
	const char *name;
	bool (*run)(struct asking *asking); /* false: do not read on in this round */
	bool changes;                       /* who asked is written to the log */
	uint32_t fds;                       /* that come with the question */
};

static const struct command commands[] = {
	{"show counters", show_counters, false, 0},
	{"show sessions", show_sessions, false, 0},
	{"show partners", command_show_partners, false, 0},
	{"show messages", show_messages, false, 0},
	{"show prefixes", show_prefixes, false, 0},
	{"show handshakes", show_handshakes, false, 0},
	{"show version", show_version, false, 0},
	{"show dataplane", command_show_dataplane, false, 0},
	{"show flows", command_show_flows, false, 0},
	{"show drops", command_show_drops, false, 0},
	{"show verdicts", command_show_verdicts, false, 0},
	{"show flow", command_show_flow, false, 0},
	{"show hitters", command_show_hitters, false, 0},
	{"show licences", command_show_licences, false, 0},
	{"block", command_block, true, 0},
	{"unblock", command_unblock, true, 0},
	{"explain", command_explain, false, 0},
	{"trust", command_trust, true, 0},
	{"show rules", command_show_rules, false, 0},
	{"document", command_document, false, 0},
	{"apply", command_apply, true, 1},
	{"rollback", command_rollback, true, 1},
	{"reload certificates", command_reload_certificates, true, 1},
};

static json_int_t number_of(const json_t *message, const char *key, json_int_t none, json_int_t max)
{
	json_t *value = json_object_get(message, key);
	json_int_t n = json_is_integer(value) ? json_integer_value(value) : none;

	return n < 0 || n > max ? max : n;
}

static bool question_run(struct connection *c, struct channel_packet *packet)
{
	const json_t *message = packet->message;
	const char *name = json_string_value(json_object_get(message, "command"));
	json_t *id = json_object_get(message, "id");
	struct asking asking = {
		.connection = c,
		.message = message,
		.packet = packet,
		.id = json_is_integer(id) ? json_incref(id) : NULL,
		.offset = number_of(message, "offset", 0, INT32_MAX),
		.limit = number_of(message, "limit", LIMIT_MAX, LIMIT_MAX),
	};

	for (size_t i = 0; name && i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(commands[i].name, name) != 0)
			continue;
		if (c->server->shows_only && strncmp(name, "show ", 5) != 0)
			return answer_error(
				&asking, "this socket only shows; ask at the operator's socket");
		if (packet->fd_count != commands[i].fds)
			return answer_error(&asking,
				commands[i].fds ? "a descriptor of what is meant must come along"
						: "no descriptor goes with this");
		if (commands[i].changes)
			log_info("command: '%s' by uid %u, pid %d", name, (unsigned)c->uid, c->pid);
		counter_add("command", "run", 1);
		return commands[i].run(&asking);
	}
	return answer_error(&asking, "unknown command");
}

/* --- connections --- */

static void connection_readable(evutil_socket_t fd, short what, void *arg)
{
	struct connection *c = arg;
	struct channel_packet packet;
	int rc = channel_receive(c->fd, &packet);

	if (rc == -EAGAIN)
		return;
	if (rc < 0) {
		if (rc != -EPIPE)
			counter_add("command.refused", "packet", 1);
		connection_close(c);
		return;
	}
	/* One question per round: operators do not starve partners. */
	question_run(c, &packet);
	channel_packet_free(&packet);
}

static void connection_new(struct command_server *server, int fd)
{
	struct connection *c = calloc(1, sizeof(*c));

	if (c && channel_peer(fd, &c->uid, &c->pid) == 0)
		c->readable = event_new(
			loop_base(server->loop), fd, EV_READ | EV_PERSIST, connection_readable, c);
	if (!c || !c->readable || event_add(c->readable, NULL) < 0) {
		if (c && c->readable)
			event_free(c->readable);
		free(c);
		close(fd);
		return;
	}
	c->server = server;
	c->fd = fd;
	LIST_INSERT_HEAD(&server->connections, c, next);
	server->connection_count++;
}

static void server_acceptable(evutil_socket_t listener, short what, void *arg)
{
	struct command_server *server = arg;
	int fd = channel_accept(listener);

	if (fd < 0)
		return;
	if (server->connection_count >= CONNECTIONS_MAX) {
		counter_add("command.refused", "too_many_connections", 1);
		close(fd);
		return;
	}
	connection_new(server, fd);
}

struct command_server *command_server_new(struct loop *loop, const char *path,
	const struct command_sources *sources, char *why, size_t why_bytes)
{
	struct command_server *server = calloc(1, sizeof(*server));

	snprintf(why, why_bytes, "out of memory");
	if (!server)
		return NULL;
	server->loop = loop;
	server->sources = *sources;
	server->since = loop_now(loop);
	LIST_INIT(&server->connections);
	server->fd = channel_listen(path, 0660);
	if (server->fd < 0) {
		snprintf(why, why_bytes, "control socket %s: %s", path, strerror(-server->fd));
		goto out;
	}
	server->path = strdup(path);
	server->acceptable = event_new(
		loop_base(loop), server->fd, EV_READ | EV_PERSIST, server_acceptable, server);
	if (!server->path || !server->acceptable || event_add(server->acceptable, NULL) < 0)
		goto out;
	return server;
out:
	command_server_free(server);
	return NULL;
}

void command_server_show_only(struct command_server *server)
{
	server->shows_only = true;
}

void command_server_free(struct command_server *server)
{
	struct connection *c;

	if (!server)
		return;
	while ((c = LIST_FIRST(&server->connections))) {
		/* An answer under way finds nobody to take it. */
		c->server = NULL;
		connection_close(c);
	}
	if (server->acceptable)
		event_free(server->acceptable);
	if (server->fd >= 0)
		close(server->fd);
	/* Without the right to remove it the next start replaces it. */
	if (server->path)
		(void)unlink(server->path);
	free(server->path);
	free(server);
}
