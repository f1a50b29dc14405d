/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of the operator's socket share. */
#pragma once

#include <sys/queue.h>

#include "control/command.h"
#include "dataplane/channel/channel.h"

struct connection {
	LIST_ENTRY(connection) next;
	struct command_server *server;
	struct event *readable;
	int fd; /* -1: closed, kept for the answers it still waits for */
	uid_t uid;
	pid_t pid;
	uint32_t waiting; /* answers under way elsewhere */
};

struct command_server {
	struct loop *loop;
	struct command_sources sources;
	struct rulebook *rules;       /* NULL: not yet */
	struct command_policy policy; /* the same */
	struct mono since;            /* it has listened */
	char *path;
	int fd;
	struct event *acceptable;
	uint32_t connection_count;
	bool shows_only; /* commands that do something are refused */
	LIST_HEAD(, connection) connections;
};

/* One question while it is answered. */
struct asking {
	struct connection *connection;
	const json_t *message;         /* while the command runs, not later */
	struct channel_packet *packet; /* the same; its descriptors are closed then */
	json_t *id;                    /* whatever the operator sent; NULL if nothing */
	json_int_t offset, limit;
};

/* What the dataplane answered to dataplane_ask. */
typedef void dataplane_answer_h(
	struct asking *asking, int error, const json_t *answer, json_t *state);

/* A question that is answered later. */
struct waiting {
	struct asking asking;
	dataplane_answer_h *handler; /* of dataplane_ask, or NULL */
	json_t *state;               /* the handler's */
};
/* NULL: the asker has been told that there is no memory. */
struct waiting *waiting_new(struct asking *asking);
/* The asker may have gone meanwhile; then false, and everything is freed. Otherwise the caller answers
 * and frees it. */
bool waiting_end(struct waiting *w);

/* Each sends one answer; false when the connection is gone after this. Takes answer, head (may be
 * NULL) and rows. */
bool answer_send(struct asking *asking, json_t *answer);
/* The same with a descriptor, which stays the caller's. */
bool answer_send_fd(struct asking *asking, json_t *answer, int fd);
bool answer_error(struct asking *asking, const char *words);
bool answer_rows(struct asking *asking, json_t *head, json_t *rows);
/* Rows that are a page already, from asking->offset on; what does not fit into a packet comes with the
 * next one. Takes head (may be NULL) and rows. */
bool answer_page(struct asking *asking, json_t *head, json_t *rows, json_int_t total);
/* Frees it too, unless answers are under way elsewhere: their end calls it again. */
void connection_close(struct connection *c);

/* One question to the dataplane on behalf of an asker; command_channel.c. Takes the question. The
 * handler runs once while the asker is there to take an answer, with the error and answer of
 * filter_client_ask and its own `state`; when the asker has gone, or in the end, `state` is freed with
 * json_decref. False: do not read on in this round. */
bool dataplane_ask(
	struct asking *asking, json_t *question, dataplane_answer_h *handler, json_t *state);
/* Words for an error of dataplane_ask. */
const char *dataplane_error(int error, const json_t *answer);

/* command_statistics.c: what both have counted. */
bool command_show_dataplane(struct asking *asking);
bool command_show_partners(struct asking *asking);
bool command_show_flow(struct asking *asking);

/* command_channel.c: what the dataplane has to say or do. False: do not read on in this round. */
bool command_show_flows(struct asking *asking);
bool command_show_drops(struct asking *asking);
bool command_show_hitters(struct asking *asking);
bool command_block(struct asking *asking);
bool command_unblock(struct asking *asking);

/* command_trust.c: whom we hold for what. */
bool command_show_verdicts(struct asking *asking);
bool command_trust(struct asking *asking);

/* command_rules.c: the rules in force and changes of them. */
bool command_show_rules(struct asking *asking);
bool command_document(struct asking *asking);
bool command_apply(struct asking *asking);
bool command_rollback(struct asking *asking);
bool command_reload_certificates(struct asking *asking);

/* command_policy.c */
bool command_show_licences(struct asking *asking);
bool command_explain(struct asking *asking);
