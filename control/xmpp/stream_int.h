/* SPDX-License-Identifier: BSD-3-Clause */
/* Private to stream.c (life, time, output), stream_in.c and stream_out.c (the two roles), stream_dialback.c. */
#pragma once

#include "control/xmpp/jid.h"
#include "control/xmpp/stream.h"

enum { STREAM_ID_BYTES = 16 };

enum stream_phase {
	PHASE_PLAIN,         /* TCP only */
	PHASE_TLS,           /* encrypted */
	PHASE_AUTHENTICATED, /* SASL or dialback succeeded */
};

enum stream_state {
	STATE_HEADER,    /* the peer's header is due */
	STATE_NEGOTIATE, /* inbound: <starttls/> or <auth/> is due, by phase */
	STATE_RESPONSE,  /* inbound: <response/> to our empty challenge is due */
	STATE_FEATURES,  /* outbound: features are due */
	STATE_PROCEED,   /* outbound: <proceed/> is due */
	STATE_SUCCESS,   /* outbound: <success/> is due */
	STATE_VERIFY,    /* inbound: the word of the authoritative server is due */
	STATE_RESULT,    /* outbound: the answer to our key is due */
	STATE_TLS,       /* handshake under way: not our bytes */
	STATE_READY,
	STATE_CLOSING, /* we have sent the end tag and wait for the peer's */
	STATE_CLOSED,
};

struct stream {
	enum stream_role role;
	enum stream_phase phase;
	enum stream_state state;
	const struct stream_world *world;
	struct reader *reader; /* one per restart */
	struct text out;
	enum stream_action pending; /* to be returned by the next step */
	bool header_sent;           /* in this phase */
	bool takes_dialback;        /* the rules do, of whoever is named: said in our header */
	bool trusted;               /* outbound: its certificate is for the domain */
	enum proof proof;           /* when ready */
	char id[2 * STREAM_ID_BYTES + 1]; /* inbound: in our last header */
	char *key;                        /* STATE_VERIFY: to be asked about */
	const char *header_fault; /* outbound: what is wrong with the names in the peer's header */
	uint8_t auth_tries;
	uint8_t verifies; /* keys judged before it was authenticated */
	uint32_t stranger_bytes;
	char local[DOMAIN_ASCII_BYTES];
	char remote[DOMAIN_ASCII_BYTES];
	uint64_t stanzas;
	struct stream_fault fault;

	struct mono started;     /* of the whole stream */
	struct mono header_from; /* since when a header is due */
	struct mono received;    /* last byte */
	struct mono written;     /* last byte of ours */
	struct mono sent;        /* last stanza of ours, or since ready */
	struct mono closing;     /* our end tag */
	bool asleep;             /* the reader gave its parser back */
};

/* Our header; `to` and `from` as text, to may be empty. */
void stream_put_header(struct stream *s, struct view from, struct view to);
/* A stream error of ours: said if it can be, then STREAM_DO_CLOSE. */
void stream_refuse(struct stream *s, enum stream_condition condition, const char *cause);
void stream_close(struct stream *s, const char *cause);
/* A new reader for what comes after a restart. False: no memory, and refused. */
bool stream_restart(struct stream *s, struct mono now);
/* Bytes of the peer behind the event that is being handled. */
bool stream_has_rest(const struct stream *s, const struct view *input);

void stream_in_header(struct stream *s, struct mono now);
void stream_in_element(
	struct stream *s, const struct element *e, const struct view *input, struct mono now);
void stream_out_header(struct stream *s);
/* The ways to be proven that the rules take; of who has not said its name, by certificate. */
uint32_t stream_proofs(const struct stream *s);
/* The peer is proven. */
void stream_ready(struct stream *s, enum proof proof, struct mono now);
/* dialback_is(e). */
void stream_take_dialback(struct stream *s, const struct element *e, struct mono now);
/* Outbound: send our key. */
void stream_claim(struct stream *s);
void stream_out_element(
	struct stream *s, const struct element *e, const struct view *input, struct mono now);
