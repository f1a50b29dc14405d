/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of the filter client share: filter_client.c (life, socket), filter_setup.c (bringing a
 * dataplane to our rules), filter_change.c (the same while it is up), filter_question.c (questions). */
#pragma once

#include <sys/queue.h>

#include "control/filter_client.h"
#include "control/listeners.h"

enum {
	ANSWER_TIMEOUT_MS = 2000, /* expect, counters */
	SETUP_TIMEOUT_MS = 10000, /* hello to listeners: building tables may take a while */
	RETRY_FIRST_MS = 100,
	RETRY_MAX_MS = 5000,
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

struct question;
/* It is over and freed; q is a copy. packet: NULL unless it was answered, with -EACCES when the answer
 * is an error. */
typedef void question_end_h(const struct question *q, int error, struct channel_packet *packet);

/* A question that waits for its answer while the client is ready. */
struct question {
	LIST_ENTRY(question) next;
	struct filter_client *client; /* NULL: the client is gone, wait for expect_cancel */
	json_int_t id;
	struct timer *timer; /* when it fires the question has failed */
	int failure;         /* how */
	const char *name;    /* the cause under which a refusal is counted */
	question_end_h *end;
	union {
		expect_h *expected;
		filter_answer_h *answered;
		filter_change_h *changed;
	} handler;
	void *arg;
	uint64_t generation; /* of a commit */
};

struct filter_client {
	struct loop *loop;
	char *path;
	struct generation *generation; /* what every dataplane is brought to ... */
	struct filter_table table;     /* ... and its table */
	struct filter_client_handlers handlers;

	int fd;
	struct event *readable;
	struct timer *timer; /* retry while down, timeout during set-up, then see timer_fired */
	uint32_t retry_ms;
	enum client_state state;
	json_int_t last_id;
	json_int_t setup_id; /* of the set-up question under way */
	char program[64];    /* what the dataplane calls itself */
	char handoff[16];
	char handoff_why[256]; /* and what that means */
	bool complained;       /* about this loss already */
	bool renew;            /* this channel is to be given up when the timer fires */
	struct listeners held;
	LIST_HEAD(, question) questions;

	struct filter_table prepared; /* the change under way; no block: none */
	bool prepared_there;          /* the dataplane on this channel has it too */
	struct question *preparing;
	struct question *listing;
};

/* filter_client.c */
const char *client_state_name(enum client_state state);
/* Give the channel up and look for the dataplane again after a while. */
void client_disconnect(struct filter_client *client, const char *why);
/* The same in the next round of the loop, for who is inside a call of somebody else. */
void client_renew(struct filter_client *client);

/* filter_setup.c */
void setup_begin(struct filter_client *client);
void setup_answered(struct filter_client *client, struct channel_packet *packet);
/* {"generation", "bytes", "digest"} of a table, and its memfd in *fd. NULL: *fd is -errno. */
json_t *setup_offer(const struct filter_table *table, int *fd);
/* Does the answer speak of this generation? */
bool setup_is_of(const json_t *answer, uint64_t generation);
/* The answer to `listeners`: they are ours now and `ready` is told. False with why: it is nonsense. */
bool setup_take_listeners(
	struct filter_client *client, struct channel_packet *packet, char *why, size_t why_bytes);

/* filter_question.c */
/* Ask (takes message; the descriptors stay the caller's) or, with failure, only end as if it had been
 * asked. The end comes later, never inside. NULL without memory. */
struct question *question_ask(struct filter_client *client, json_t *message, const int *fds,
	uint32_t fd_count, uint64_t timeout_ms, int failure);
void question_free(struct question *q);
void question_answered(struct filter_client *client, json_int_t id, struct channel_packet *packet);
/* All that wait have failed, and hear so in the next round. */
void questions_fail(struct filter_client *client, int failure);
/* The client goes: all that wait are told now, but for announcements, which end by being cancelled. */
void questions_close(struct filter_client *client);

/* filter_change.c */
/* What listens may have changed: ask for it. */
void change_ask_listeners(struct filter_client *client);
