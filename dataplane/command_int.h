/* SPDX-License-Identifier: BSD-3-Clause */
/* What the questions share with the thread that receives them. */
#pragma once

#include "dataplane/channel/channel.h"
#include "dataplane/command.h"

struct tables;

/* A filter table in hand: prepared, or the committed one without its tables. */
struct command_filter {
	uint64_t generation;
	struct tables *tables; /* ours until published */
	uint8_t *block;        /* malloc'ed copy, for filter.bin */
	uint32_t block_bytes;
	struct service_list services;
};

struct command_state {
	struct command_border border;
	const char *directory; /* of filter.bin */
	uint64_t generation;   /* committed; 0: none */
	struct service_list services;
	struct command_filter *prepared; /* or NULL */
};

/* One answer under construction. */
struct command_answer {
	json_t *members;          /* object, without id */
	int fds[CHANNEL_FDS_MAX]; /* borrowed */
	uint32_t fd_count;
	char why[COMMAND_WHY_BYTES]; /* what the error member says */
};

/* Answer a question. greeted: a hello was answered on this connection, and is set by one. The
 * answer carries id and ok or error; release its members. */
void command_handle(struct command_state *state, struct channel_packet *question, bool *greeted,
	struct command_answer *answer);

/* Check, build and copy a block. NULL with `why`. */
struct command_filter *command_filter_make(struct view block, char *why, size_t why_bytes);
/* Publish its tables and make it the committed one; frees it. */
void command_filter_commit(struct command_state *state, struct command_filter *filter);
void command_filter_free(struct command_filter *filter); /* NULL is fine */
