/* SPDX-License-Identifier: BSD-3-Clause */
/* Server Dialback: keys that a server recognises as its own without keeping them, and the four packets
 * that carry them. The one who is asked is found by DNS: that is all that is proven. Pure.
 * (XEP-0220 1.1, XEP-0185.) */
#pragma once

#include "control/xmpp/element.h"
#include "rules/base/text.h"
#include "rules/domain.h"

enum {
	DIALBACK_KEY_BYTES = 2 * 32 + 1,  /* of ours, as text */
	DIALBACK_KEY_MAX_BYTES = 512,     /* of anybody's */
	DIALBACK_ID_MAX_BYTES = 256,      /* of a stream of anybody's */
	DIALBACK_SECRET_LEAST_BYTES = 16, /* fewer could be guessed */
};

/* What all our keys are made with. */
struct dialback_secret {
	char text[DIALBACK_KEY_BYTES];
};

/* From a secret that several edges share, at least DIALBACK_SECRET_LEAST_BYTES long. */
void dialback_secret_make(struct dialback_secret *out, struct view secret);
/* One that nobody else has; keys are worth nothing behind a restart then. */
void dialback_secret_random(struct dialback_secret *out);

/* Which stream a key is for. Domains are canonical. */
struct dialback_stream {
	const char *receiving;   /* to whom the stream was opened ... */
	const char *originating; /* ... by whom */
	struct view id;          /* as the receiving server gave it */
};

/* Lower-case hexadecimal digits. */
void dialback_key(const struct dialback_secret *secret, const struct dialback_stream *stream,
	char out[static DIALBACK_KEY_BYTES]);
/* Is it that key? Takes as long whatever it is. */
bool dialback_key_is(const struct dialback_secret *secret, const struct dialback_stream *stream,
	struct view key);

enum dialback_kind {
	DIALBACK_RESULT, /* between who wants to be proven and who has to be convinced */
	DIALBACK_VERIFY, /* between the latter and who knows the key */
};

enum dialback_type {
	DIALBACK_REQUEST, /* with the key */
	DIALBACK_VALID,
	DIALBACK_INVALID,
	DIALBACK_ERROR,
};

/* XEP-0220 section 2.5. */
#define DIALBACK_ERRORS(X)                                                                         \
	X(ITEM_NOT_FOUND, "item-not-found")                                                        \
	X(REMOTE_CONNECTION_FAILED, "remote-connection-failed")                                    \
	X(REMOTE_SERVER_NOT_FOUND, "remote-server-not-found")                                      \
	X(REMOTE_SERVER_TIMEOUT, "remote-server-timeout")                                          \
	X(POLICY_VIOLATION, "policy-violation")                                                    \
	X(NOT_AUTHORIZED, "not-authorized")                                                        \
	X(FORBIDDEN, "forbidden")                                                                  \
	X(NOT_ACCEPTABLE, "not-acceptable")                                                        \
	X(RESOURCE_CONSTRAINT, "resource-constraint")

enum dialback_error {
	DIALBACK_UNDEFINED, /* none of these */
#define DIALBACK_ERROR_ENUM(id, name) DIALBACK_##id,
	DIALBACK_ERRORS(DIALBACK_ERROR_ENUM)
#undef DIALBACK_ERROR_ENUM
};

/* "item-not-found"; "undefined-condition". */
const char *dialback_error_name(enum dialback_error error);

/* Views point into the element. */
struct dialback {
	enum dialback_kind kind;
	enum dialback_type type;
	enum dialback_error error;                             /* of DIALBACK_ERROR */
	char from[DOMAIN_ASCII_BYTES], to[DOMAIN_ASCII_BYTES]; /* canonical */
	struct view from_text, to_text;                        /* as they were written */
	struct view id;                                        /* of DIALBACK_VERIFY */
	struct view key;                                       /* of DIALBACK_REQUEST */
};

/* Can a key be made for a stream with this id? Visible ASCII, not too long. */
bool dialback_id_is_fine(struct view id);

/* Is it one of the two, by name? */
bool dialback_is(const struct element *e);
/* Read it. False with a cause: an address that is no domain, an unknown type, no id or key where there must
 * be one, too long ones, a key of anything but visible ASCII, or with elements in it. */
bool dialback_read(const struct element *e, struct dialback *out, const char **cause);

/* <db:result>KEY</db:result>, and the question about it. */
void dialback_put_result(struct text *out, struct view from, struct view to, struct view key);
void dialback_put_verify(
	struct text *out, struct view from, struct view to, struct view id, struct view key);
/* The answer to what was read: addresses change places, as they were written. error: of DIALBACK_ERROR. */
void dialback_put_answer(struct text *out, const struct dialback *request, enum dialback_type type,
	enum dialback_error error);
