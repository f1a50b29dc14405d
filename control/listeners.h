/* SPDX-License-Identifier: BSD-3-Clause */
/* The listening sockets that the dataplane opened for us, as a set. */
#pragma once

#include <jansson.h>

#include "control/filter_client.h"
#include "dataplane/channel/channel.h"

struct listeners {
	struct filter_listener *list; /* owns the descriptors */
	uint32_t count;
};

/* Take the descriptors out of the answer to `listeners`. Each must listen on the address that the
 * answer says for it, and be a service of the rules; what is not is closed and logged. False with
 * why when the answer is malformed; then nothing was taken. */
bool listeners_read(struct channel_packet *answer, const struct ruleset *rules,
	struct listeners *out, char *why, size_t why_bytes);
/* Where both sets hold the very same socket, swap: fresh gets held's descriptor number, so that
 * events on it stay right. */
void listeners_keep_same(struct listeners *fresh, struct listeners *held);
/* The descriptors in order, at most max; returns how many. They stay the set's. */
uint32_t listeners_fds(const struct listeners *set, int *out, uint32_t max);
/* [{"address", "port", "protocol"}] in the same order; a new reference. */
json_t *listeners_json(const struct listeners *set);
/* Closes all. Leaves the set empty. */
void listeners_free(struct listeners *set);
