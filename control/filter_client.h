/* SPDX-License-Identifier: BSD-3-Clause */
/* The control plane's end of dataplane.sock: hello, prepare, commit, listeners, expect, counters.
 * Reconnects by itself with back-off when the dataplane goes away. docs/channel.md has the packets.
 * Loop thread only, but for filter_table_make and filter_table_free. */
#pragma once

#include <jansson.h>

#include "control/generation.h"
#include "control/loop.h"
#include "rules/ruleset.h"

struct filter_client;

struct filter_listener {
	struct service service;
	int fd; /* listening, non-blocking; owned by the filter client */
};

struct filter_client_handlers {
	void *arg;
	/* The dataplane took our generation and these listeners are ours now (all that we hold). Again
	 * after each change of the rules: those that stay have the descriptors that they had, others are
	 * closed when this returns. */
	void (*ready)(void *arg, const struct filter_listener *listeners, uint32_t count);
	/* The dataplane is gone; listeners stay open. */
	void (*lost)(void *arg);
	/* It refused our rules. */
	void (*refused)(void *arg, const char *why);
};

/* Connect to the socket at path, bring the dataplane to this generation, get listeners. */
struct filter_client *filter_client_new(struct loop *loop, const char *path,
	struct generation *generation, const struct filter_client_handlers *handlers);
/* Not from inside a handler. Announcements under way never end after this; cancel them still. */
void filter_client_free(struct filter_client *client);

/* Is there a dataplane that has our rules and can be asked? */
bool filter_client_ready(const struct filter_client *client);

/* The filter table of a ruleset. */
struct filter_table {
	uint8_t *block;
	size_t bytes;
	uint64_t digest;
	uint64_t generation;
};
/* Write it and read it with the dataplane's own reader. Any thread. 0 or -errno with why. */
int filter_table_make(
	const struct ruleset *rules, struct filter_table *out, char *why, size_t why_bytes);
void filter_table_free(struct filter_table *table);

/* A change in two phases over the channel that is up; one at a time. The handler runs once, never
 * inside the call (but for lack of memory): 0; -ENOTCONN: there is no dataplane (now); -ETIMEDOUT;
 * -EACCES: it refused, `words` say why; another -errno: it could not be asked. With 0 words are NULL, or a warning of the dataplane. */
typedef void filter_change_h(void *arg, int error, const char *words);
/* Takes the table's block over, and keeps it, whatever the handler hears, until commit, abandon or the
 * next prepare. */
void filter_client_prepare(struct filter_client *client, struct filter_table *table,
	filter_change_h *handler, void *arg);
/* From this call on the prepared generation is what every dataplane is brought to at hello, whatever
 * becomes of the channel: the decision has been taken. The handler hears what the dataplane said
 * (-ENOTCONN also when the channel is not the one that it was prepared on; -EINVAL, and nothing is
 * decided, when this generation was not prepared). On success `listeners` is asked and `ready` runs
 * again with the new set; after a refusal or silence the channel is opened anew. */
void filter_client_commit(struct filter_client *client, struct generation *generation,
	filter_change_h *handler, void *arg);
/* Forget what was prepared (its handler will not run any more). */
void filter_client_abandon(struct filter_client *client);

/* Announce a connection from `from`:from_port to `to`:to_port. The handler runs once, never inside
 * the call: 0, or -errno (-ENOTCONN: no dataplane; -EACCES: it refused; -ETIMEDOUT after 2 s;
 * -EAGAIN: too many wait). NULL without memory. */
typedef void expect_h(void *arg, int error);
struct expect_request;
struct expect_request *filter_client_expect(struct filter_client *client,
	const struct ip_address *from, uint16_t from_port, const struct ip_address *to,
	uint16_t to_port, uint32_t mark, uint32_t ttl_ms, expect_h *handler, void *arg);
void expect_cancel(struct expect_request *request); /* accepts NULL */

/* Ask any question of docs/channel.md (takes it; type is set, id is not). The handler runs once,
 * not inside the call (but for lack of memory): 0 with the answer; -EACCES: it refused, the answer's
 * "error" says why; else NULL and the errors of filter_client_expect. The answer lives during the
 * call. */
typedef void filter_answer_h(void *arg, int error, const json_t *answer);
void filter_client_ask(
	struct filter_client *client, json_t *question, filter_answer_h *handler, void *arg);
/* The same with a descriptor, which stays the caller's. */
void filter_client_ask_with(struct filter_client *client, json_t *question, int fd,
	filter_answer_h *handler, void *arg);
/* {"path", "state", "program", "handoff", "handoff_why", "generation", "listeners"}; a new reference. */
json_t *filter_client_json(const struct filter_client *client);
