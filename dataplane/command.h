/* SPDX-License-Identifier: BSD-3-Clause */
/* The server side of dataplane.sock: one thread that answers the control plane's questions. Knows
 * the packets of docs/channel.md and whom to ask; nothing of frames or namespaces. */
#pragma once

#include <sys/types.h>

#include <jansson.h>

#include "dataplane/service.h"

enum {
	COMMAND_WHY_BYTES = 256,
	COMMAND_MODE = 0660,       /* of the socket */
	COMMAND_RETURN_MS = 2000,  /* a control plane that stays away longer loses its listeners */
	COMMAND_TTL_MAX_MS = 60000 /* of an announced connection */
};

/* What the server needs of the kernel side. Called from its thread. */
struct command_border {
	/* A listener from hello; fd is taken over. 0, -EEXIST (had one), -errno. */
	int (*offer)(const struct ip_address *address, uint16_t port, int fd);
	/* A listener for each service, in their order; the descriptors stay the callee's. */
	int (*listeners)(const struct service_list *services, int fds[static SERVICES_MAX],
		char *why, size_t why_bytes);
	/* No control plane has come (back): close all listeners, refuse connections until
	 * `listeners` succeeds. */
	void (*silence)(void);
	/* A new object or NULL. */
	json_t *(*counters)(void);
	/* How connections reach the kernel ("syn", "reqsk"), and why so; for people. */
	const char *handoff, *handoff_why;
};

/* Open the socket. It is also what keeps a second dataplane from starting, so it comes before all
 * that would disturb the first one; who connects already, waits. 0, -errno with `why`
 * (COMMAND_WHY_BYTES). */
int command_open(const char *socket, gid_t group, char *why, size_t why_bytes);

/* Take up the saved filter table in directory `state`, if there is a valid one: build, publish.
 * *services are its own (none: count 0). After tables_setup, before command_start. A table that
 * cannot be used is a warning, and the dataplane waits for the control plane. 0; -ENOENT: there is
 * none; -errno. */
int command_restore(const char *state, struct service_list *services);

/* Start the thread that answers. state is borrowed, *border is copied. After command_open. 0,
 * -errno with `why`. */
int command_start(
	const char *state, const struct command_border *border, char *why, size_t why_bytes);

/* End the thread, close the channel, remove the socket. Fine if it
 * was not started or not even opened. */
void command_stop(void);
