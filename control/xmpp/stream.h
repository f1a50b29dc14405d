/* SPDX-License-Identifier: BSD-3-Clause */
/* One server-to-server stream as a state machine, for either role: header, STARTTLS, header, SASL
 * EXTERNAL, header, stanzas one way, end. Where the rules take it, dialback instead of SASL, and streams
 * that stay in clear text. Pure: bytes and the time come in, bytes and one action at a time go out;
 * what it must ask (rules, certificate, randomness) it asks through a table. One pair of domains for
 * each stream. No compression, no bidirectional use: none is offered, none is accepted. (RFC 6120,
 * XEP-0220.) */
#pragma once

#include "control/xmpp/dialback.h"
#include "control/xmpp/reader.h"
#include "rules/base/clock.h"
#include "rules/base/text.h"
#include "rules/security.h"

enum stream_role {
	STREAM_INBOUND,  /* the partner opened it and sends stanzas */
	STREAM_OUTBOUND, /* we did */
	STREAM_ASKING, /* we did, to ask whether dialback keys are the partner's, and for nothing else */
};

enum {
	STREAM_HEADER_MS = 10 * 1000, /* for each header of the peer, to its last byte */
	STREAM_SETUP_MS = 30 * 1000,  /* from the start to being authenticated, TLS included */
	STREAM_CLOSE_MS = 5 * 1000,   /* for the peer's end tag after ours */
	STREAM_SLEEP_MS = 5 * 1000,   /* quiet for so long: the parser is given back */
	STREAM_KEEPALIVE_MS = 4 * 60 * 1000, /* we wrote nothing for so long: one space */
	STREAM_OUT_IDLE_MS = 10 * 60 * 1000, /* no stanza sent for so long: orderly end */
	STREAM_IN_IDLE_MS = 30 * 60 * 1000,  /* not one byte received for so long: orderly end */
	STREAM_STRANGER_BYTES = 16 * 1024, /* all that a peer may send before it is authenticated */
	STREAM_AUTH_TRIES = 3,
	STREAM_STRANGER_VERIFY_MAX =
		16, /* questions about keys of ours before it is authenticated */
	STREAM_OUTPUT_MAX_BYTES = 64 * 1024, /* of what the machine says by itself */
};

enum stream_partner {
	STREAM_PARTNER_SERVED,
	STREAM_PARTNER_BLOCKED,
	STREAM_PARTNER_UNKNOWN,
	STREAM_PARTNER_OFF,      /* of a provider that is not enabled */
	STREAM_PARTNER_NOT_XMPP, /* configured, but for the other protocol */
};

enum stream_proof {
	STREAM_PROVEN, /* valid chain and it names the domain */
	STREAM_CERTIFICATE_NONE,
	STREAM_CERTIFICATE_INVALID, /* chain or dates */
	STREAM_CERTIFICATE_OTHER,   /* valid, of another domain */
};

/* What the stream asks. Domains are canonical. */
struct stream_world {
	void *arg;
	bool (*is_local)(void *arg, const char *domain);
	enum stream_partner (*partner)(void *arg, const char *domain);
	/* After the handshake only. */
	enum stream_proof (*proof)(void *arg, const char *domain);
	/* The ways that the rules take of this partner, a set of enum proof; 0 of who is not served. */
	uint32_t (*proofs)(void *arg, const char *domain);
	/* One more of these, by area and name: static words. */
	void (*count)(void *arg, const char *area, const char *what);
	void (*random)(void *arg, uint8_t *out, size_t bytes);
	const struct dialback_secret *secret;
	const char *own_domain; /* speaks when the peer did not say whom it wants */
};

enum stream_action {
	STREAM_DO_NOTHING, /* wait for bytes or for the deadline */
	STREAM_DO_TLS,   /* write what is due, then the handshake, then stream_tls_done. No byte may
			    * be waiting unread */
	STREAM_DO_WRITE, /* write what is due, then go on */
	STREAM_DO_VERIFY, /* inbound: ask the server of stream_remote whether stream_key is its own, then
			   * stream_verified */
	STREAM_DO_READY,   /* authenticated, or (STREAM_ASKING) questions can be asked; once */
	STREAM_DO_DELIVER, /* stream_stanza */
	STREAM_DO_ANSWER,  /* STREAM_ASKING: stream_answer */
	STREAM_DO_CLOSE,   /* write what is due, then close; stream_fault says why. Once */
};

/* Why a stream ended. */
struct stream_fault {
	enum stream_condition condition; /* STREAM_NO_ERROR: orderly, or without a word */
	const char *cause;               /* static, snake_case, the counter's name */
	const char *detail;              /* static, for the log; NULL if there is none */
	bool by_peer;                    /* the peer's stream error or end */
	bool untrusted;                  /* its certificate is not its, or it did not accept ours */
	bool unknown_host;               /* the peer says that it does not serve the domain */
};

struct stream;

/* Outbound: local and remote are set and the first header is due at once. Inbound: both NULL, the
 * peer names them. `world` and what it points to must outlive the stream. NULL without memory. */
struct stream *stream_new(enum stream_role role, const char *local, const char *remote,
	const struct stream_world *world, struct mono now);
void stream_free(struct stream *s); /* accepts NULL */

/* Take bytes from the front of *input. To be called until STREAM_DO_NOTHING. */
enum stream_action stream_step(struct stream *s, struct view *input, struct mono now);
/* The handshake is done. May put bytes and change the action: call stream_step after it. */
void stream_tls_done(struct stream *s, struct mono now);
/* What the server of stream_remote said of stream_key; over_tls: on a stream that was encrypted as well.
 * Nothing but DIALBACK_VALID proves anything; error: of DIALBACK_ERROR. May change the action: call
 * stream_step after it. Without STREAM_DO_VERIFY before it nothing happens. */
void stream_verified(struct stream *s, enum dialback_type said, enum dialback_error error,
	bool over_tls, struct mono now);
/* STREAM_ASKING and ready: ask about the key of a stream with this id. */
void stream_ask(struct stream *s, struct view id, struct view key, struct mono now);
/* The connection or the handshake failed: no more words, STREAM_DO_CLOSE comes next. cause and
 * detail are static. */
void stream_fail_silently(struct stream *s, const char *cause, const char *detail, bool untrusted);
/* End it from this side, with a stream error or (STREAM_NO_ERROR) in order. */
void stream_end(
	struct stream *s, enum stream_condition condition, const char *cause, struct mono now);

/* End it because the rules no longer allow it: policy-violation with these words (static), also while it
 * closes in order. */
void stream_dismiss(struct stream *s, const char *cause, const char *words);

/* When stream_tick is due. False: no time set. */
bool stream_deadline(const struct stream *s, struct mono *at);
/* Call stream_step (with no input) after it. */
void stream_tick(struct stream *s, struct mono now);

/* Bytes that are due on the wire; the caller writes them and calls text_reset. */
struct text *stream_output(struct stream *s);
/* The caller wrote a stanza (STREAM_OUTBOUND and ready only). */
void stream_note_sent(struct stream *s, struct mono now);

bool stream_is_ready(const struct stream *s);
/* We ended it in order: nothing more can be sent, what was under way still comes. */
bool stream_is_closing(const struct stream *s);
bool stream_is_closed(const struct stream *s);
/* Canonical domains, "" while unknown. local and remote are proven only when ready. */
const char *stream_local(const struct stream *s);
const char *stream_remote(const struct stream *s);
/* How the peer is proven, when ready: of an inbound stream the way that was taken. Of one that we opened:
 * PROOF_SASL_TLS if its certificate is for the domain, else what DNS and TLS, or DNS alone, are worth. */
enum proof stream_proven_by(const struct stream *s);
/* STREAM_DO_VERIFY: what is to be asked. */
struct view stream_id(const struct stream *s);
struct view stream_key(const struct stream *s);
/* Until the next stream_step: an answer to DIALBACK_VERIFY; whose is not checked. */
void stream_answer(const struct stream *s, struct dialback *out);
/* Until the next stream_step. from and to are checked. */
const struct element *stream_stanza(const struct stream *s);
const struct stream_fault *stream_fault(const struct stream *s);
const char *stream_state_name(const struct stream *s);
uint64_t stream_stanzas(const struct stream *s); /* delivered or sent */
size_t stream_memory_bytes(const struct stream *s);
