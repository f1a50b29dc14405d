/* SPDX-License-Identifier: BSD-3-Clause */
/* One stream on one socket: bytes, TLS and timers between the loop and the state machine. Loop
 * thread only. */
#pragma once

#include "control/door.h"
#include "control/generation.h"
#include "control/xmpp/stream.h"
#include "rules/domain.h"

enum {
	LINK_OUTPUT_MAX_BYTES = 2 * 1024 * 1024, /* not taken by the peer: it is dropped */
	LINK_WRITE_STALL_MS = 30 * 1000,         /* not one byte taken for so long: same */
	LINK_LINGER_MS = 5 * 1000,               /* for the peer to close after our last byte */
};

struct link;

/* No handler may free the link or its pool; link_end is fine. */
struct link_handlers {
	void (*ready)(void *arg, struct link *link);
	void (*stanza)(void *arg, struct link *link, const struct element *stanza);
	/* Inbound: ask whether stream_key is that of stream_remote, then link_verified. */
	void (*verify)(void *arg, struct link *link);
	/* STREAM_ASKING: an answer; whose is not checked. */
	void (*answer)(void *arg, struct link *link, const struct dialback *answer);
	/* The stream is over, link_fault says why. Once; nothing but `gone` follows. */
	void (*closed)(void *arg, struct link *link);
	/* The socket is closed; the link's memory goes when this returns. */
	void (*gone)(void *arg, struct link *link);
};

/* What all links of a pool share; must outlive them. */
struct link_env {
	struct loop *loop;
	struct door door;
	struct generation *generation; /* in force: the owner may change it at any time, ... */
	char own_domain[DOMAIN_ASCII_BYTES]; /* ... and what speaks for nobody in particular */
	struct dialback_secret secret;       /* of all keys of ours */
	const struct link_handlers *handlers;
	void *arg; /* of the handlers */
	/* Has an operator blocked this domain, which no rule names? NULL: nobody has. Of partners the
	 * dataplane sees to it. */
	bool (*is_shut)(void *arg, struct view remote);
};

/* What the rules in force say of a remote domain. */
enum stream_partner link_judge(const struct link_env *env, struct view remote);
/* How it may be proven, a set of enum proof; 0: not at all. */
uint32_t link_proofs(const struct link_env *env, struct view remote);

/* Takes fd, also on failure (connected, non-blocking). origin: of its handshake. local and remote: NULL for an
 * inbound stream, else canonical domains. owner is the caller's. NULL without memory. */
struct link *link_new(const struct link_env *env, enum stream_role role, int fd,
	const struct ip_address *peer, const struct origin *origin, const char *local,
	const char *remote, void *owner);
/* Close at once, with system-shutdown if it can still be written. No handler runs. */
void link_free(struct link *link); /* accepts NULL */

/* Write one stanza. False if the stream is not ready, or cannot take more: then it is ending. */
bool link_send(struct link *link, struct view stanza);
/* See stream_verified and stream_ask. What follows does so outside the call. */
void link_verified(
	struct link *link, enum dialback_type said, enum dialback_error error, bool over_tls);
void link_ask(struct link *link, struct view id, struct view key);
/* End it from this side. `closed` follows, not inside the call. */
void link_end(struct link *link, enum stream_condition condition, const char *cause);

/* The same with policy-violation and words, because the rules no longer allow it. */
void link_dismiss(struct link *link, const char *cause, const char *words);

struct stream *link_stream(struct link *link);
const struct stream_fault *link_fault(const struct link *link);
enum stream_role link_role(const struct link *link);
void *link_owner(const struct link *link);
void link_set_owner(struct link *link, void *owner);
/* -1 during the handshake and after the end. */
int link_fd(const struct link *link);
/* "" for an outbound link. */
void link_print_peer(const struct link *link, char out[static IP_TEXT_BYTES]);
/* Where it comes from; of one that we opened, whose it is. */
const struct origin *link_origin(const struct link *link);
struct mono link_since(const struct link *link);
bool link_is_over(const struct link *link); /* `closed` has run */
