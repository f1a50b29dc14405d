/* SPDX-License-Identifier: BSD-3-Clause */
/* The control plane's end of dataplane.sock: hello, prepare, commit, listeners, expect, counters.
 * Reconnects by itself with back-off when the dataplane goes away. docs/channel.md has the packets. */
#pragma once

#include <jansson.h>

#include "control/loop.h"
#include "rules/ruleset.h"

struct filter_client;

struct filter_listener {
	struct service service;
	int fd; /* listening, non-blocking; owned by the filter client */
};

struct filter_client_handlers {
	void *arg;
	/* The dataplane took our generation and these listeners are ours now (all that we hold). */
	void (*ready)(void *arg, const struct filter_listener *listeners, uint32_t count);
	/* The dataplane is gone; listeners stay open. */
	void (*lost)(void *arg);
	/* It refused our rules. */
	void (*refused)(void *arg, const char *why);
};

/* Connect to the socket at path, bring the dataplane to the generation of `rules`, get listeners. */
struct filter_client *filter_client_new(struct loop *loop, const char *path,
	const struct ruleset *rules, const struct filter_client_handlers *handlers);
/* Not from inside a handler. Announcements under way never end after this; cancel them still. */
void filter_client_free(struct filter_client *client);

/* Announce a connection from `from`:from_port to `to`:to_port. The handler runs once, never inside
 * the call: 0, or -errno (-ENOTCONN: no dataplane; -EACCES: it refused; -ETIMEDOUT after 2 s;
 * -EAGAIN: too many wait). NULL without memory. */
typedef void expect_h(void *arg, int error);
struct expect_request;
struct expect_request *filter_client_expect(struct filter_client *client,
	const struct ip_address *from, uint16_t from_port, const struct ip_address *to,
	uint16_t to_port, uint32_t mark, uint32_t ttl_ms, expect_h *handler, void *arg);
void expect_cancel(struct expect_request *request); /* accepts NULL */

/* Ask for the dataplane's counters. The handler runs once, not inside the call (but for lack of
 * memory); NULL: there is no dataplane. It gets a reference of its own. */
typedef void counters_h(void *arg, json_t *counters);
void filter_client_counters(struct filter_client *client, counters_h *handler, void *arg);
/* Ask any other question of docs/channel.md (takes it; type is set, id is not). The handler runs once,
 * not inside the call (but for lack of memory): 0 with the answer; -EACCES: it refused, the answer's
 * "error" says why; else NULL and the errors of filter_client_expect. The answer lives during the
 * call. */
typedef void filter_answer_h(void *arg, int error, const json_t *answer);
void filter_client_ask(
	struct filter_client *client, json_t *question, filter_answer_h *handler, void *arg);
/* {"path", "state", "program", "handoff", "generation", "listeners"}; a new reference. */
json_t *filter_client_json(const struct filter_client *client);
