/* SPDX-License-Identifier: BSD-3-Clause */
/* What the questions share with the thread that receives them. */
#pragma once

#include "dataplane/channel/channel.h"
#include "dataplane/command.h"

struct tables;

enum { ANSWER_ROOM_BYTES = CHANNEL_PACKET_BYTES - 256 };

#define REFUSE(answer, ...) (snprintf((answer)->why, sizeof((answer)->why), __VA_ARGS__), -EINVAL)

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

/* What questions are made of. Member `key` as an integer from low to high, as a port, as an address;
 * false: it is not there or not that. */
bool command_get_integer(
	const json_t *from, const char *key, int64_t low, int64_t high, int64_t *out);
bool command_get_port(const json_t *from, const char *key, uint16_t *out);
bool command_get_address(const json_t *from, const char *key, struct ip_address *out);
/* The members offset and limit, which may be missing. 0, -EINVAL with the answer's words. */
int command_get_page(const json_t *from, const char *type, int64_t limit_max, int64_t *offset,
	int64_t *limit, struct command_answer *answer);
/* Take rows away from the end until the rest fits into a packet: the asker goes on behind the last
 * it got. */
void command_shorten(json_t *rows);

/* What is wrong with a descriptor that sealed_map refused. */
const char *command_map_words(int error);

/* In command_learned.c. */
int command_answer_learned(struct command_state *state, struct channel_packet *question,
	struct command_answer *answer);

/* In command_verdict.c. */
int command_answer_verdict(struct command_state *state, struct channel_packet *question,
	struct command_answer *answer);
int command_answer_block(struct command_state *state, struct channel_packet *question,
	struct command_answer *answer);
int command_answer_unblock(struct command_state *state, struct channel_packet *question,
	struct command_answer *answer);
int command_answer_suspects(struct command_state *state, struct channel_packet *question,
	struct command_answer *answer);
int command_answer_verdicts(struct command_state *state, struct channel_packet *question,
	struct command_answer *answer);
int command_answer_drops(struct command_state *state, struct channel_packet *question,
	struct command_answer *answer);

/* In command_statistics.c. */
int command_answer_partners(struct command_state *state, struct channel_packet *question,
	struct command_answer *answer);
int command_answer_flow(struct command_state *state, struct channel_packet *question,
	struct command_answer *answer);
int command_answer_hitters(struct command_state *state, struct channel_packet *question,
	struct command_answer *answer);
