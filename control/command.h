/* SPDX-License-Identifier: BSD-3-Clause */
/* The operator's socket. A question is {"id", "command": "show counters", "offset", "limit"}, an answer
 * {"id", "ok": true, "head": {...}, "rows": [...], "offset", "total"} or {"id", "error": "words"}. Rows
 * come in pages that fit into a packet; the tool asks until it has `total`. */
#pragma once

#include "control/filter_client.h"
#include "control/rulebook.h"
#include "control/verdicts.h"

struct command_server;

/* Where answers come from. Each may give NULL: nothing to say yet. References are new. */
struct command_sources {
	void *arg;
	json_t *(*sessions)(void *arg);   /* rows, or {"xmpp": rows, "sip": rows} */
	json_t *(*partners)(void *arg);   /* rows */
	json_t *(*messages)(void *arg);   /* rows */
	json_t *(*handshakes)(void *arg); /* {"head", "rows"}; or the member is NULL */
	/* `limit` rows from `offset` on, *total: how many there are; NULL: none can be shown. */
	json_t *(*prefixes)(void *arg, uint32_t offset, uint32_t limit, uint32_t *total);
	struct filter_client *(*filter)(void *arg);
	struct verdicts *(*verdicts)(void *arg); /* NULL: none can be given */
	json_t *(*suspects)(void *arg);          /* rows of 'show verdicts'; may be left out ... */
	bool (*trust)(void *arg, struct view peer); /* ... as this; false: it is not suspicious */
};

/* error, or head and rows, which it takes. */
typedef void command_licences_done(void *arg, const char *error, json_t *head, json_t *rows);

/* Who answers about policy. */
struct command_policy {
	void *arg;
	/* What agreements were used for from month to month ("2026-11" or NULL); done runs once, maybe
	 * inside the call. */
	void (*licences)(void *arg, const char *from, const char *to, command_licences_done *done,
		void *done_arg);
	/* A question with the members from, to, kind, direction, at and contact, and its answer: a new
	 * reference, or NULL with why. */
	json_t *(*explain)(void *arg, const json_t *question, char *why, size_t why_bytes);
};

/* Listen at path, mode 0660. NULL with why. */
struct command_server *command_server_new(struct loop *loop, const char *path,
	const struct command_sources *sources, char *why, size_t why_bytes);
/* From now on only "show ..." is answered, everything else refused with words: for those who may look
 * and not touch. */
void command_server_show_only(struct command_server *server);
/* The rules can be asked about and changed from now on. */
void command_server_rules(struct command_server *server, struct rulebook *rules);
/* Policy can be asked about from now on. */
void command_server_policy(struct command_server *server, const struct command_policy *policy);
/* Closes every connection and removes the socket if it may. Accepts NULL. */
void command_server_free(struct command_server *server);

/* What an answer's rows are made of: an array stays; of an object, arrays become rows with the
 * member's name as "area", everything else rows {"name": "a.b", "value"}. Takes json (NULL is empty),
 * gives a new array. */
json_t *command_rows(json_t *json);
