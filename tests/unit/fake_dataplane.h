/* SPDX-License-Identifier: BSD-3-Clause */
/* The other end of dataplane.sock for tests: answers as docs/channel.md says, or as badly as told. */
#pragma once

#include "control/filter_client.h"

/* The last service is one that the first rules do not name. */
enum { FAKE_SERVICES = 3, FAKE_QUESTIONS_MAX = 64, FAKE_FIRST = 3, FAKE_ALL = 7 };

struct fake_dataplane {
	struct loop *loop;
	char directory[64];
	char path[96];
	int listener;
	int connection; /* -1: none */
	struct event *acceptable;
	struct event *readable;

	/* What it serves: real listening sockets on 127.0.0.1. */
	int services[FAKE_SERVICES];
	struct service service_list[FAKE_SERVICES];
	struct generation *rules; /* of the first two; generation 7 */

	/* How it behaves. */
	int64_t version;         /* 1 */
	uint64_t generation;     /* committed */
	unsigned served;         /* bit of each service that is handed out: those of the table */
	const char *error_type;  /* questions of this type are refused ... */
	const char *error_words; /* ... with these words */
	const char *silent_type; /* questions of this type get no answer */
	const char
		*lossy_type;  /* after these, done as asked, the channel is closed without answer */
	bool wrong_listeners; /* one descriptor fewer than entries */

	/* What it saw. */
	char questions[FAKE_QUESTIONS_MAX][16]; /* types, in order */
	uint32_t question_count;
	uint32_t hello_listeners; /* of the last hello */
	uint64_t prepared; /* generation in a table that was whole; 0 once the channel is gone */
	unsigned prepared_services;
	json_t *last_expect;
	json_t *verdicts;  /* questions that give or end one, in order */
	json_t *suspects;  /* questions of who is suspicious */
	char learned[256]; /* the last claims: "192.0.2.1=3 192.0.2.2=1" */
};

void fake_open(struct fake_dataplane *f, struct loop *loop);
void fake_close(struct fake_dataplane *f);
/* Drop the connection; the socket stays. */
void fake_hang_up(struct fake_dataplane *f);
/* Stop and start to listen. */
void fake_vanish(struct fake_dataplane *f);
void fake_return(struct fake_dataplane *f);
/* Rules of these services (bits), to be dropped by the caller. */
struct generation *fake_rules(
	const struct fake_dataplane *f, uint64_t generation, unsigned services);
/* How many questions of this type came. */
uint32_t fake_count(const struct fake_dataplane *f, const char *type);
