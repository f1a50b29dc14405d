/* SPDX-License-Identifier: BSD-3-Clause */
/* What one user sends another, in neither protocol's words. Between protocols nothing but this
 * crosses. Views point into the message it was made from and live as long. */
#pragma once

#include "control/parcel/address.h"
#include "control/parcel/stanza_error.h"

enum parcel_kind {
	PARCEL_MESSAGE,
	PARCEL_ERROR, /* a message came back: id says which */
};

struct parcel {
	enum parcel_kind kind;
	struct address from, to;
	struct view id;            /* the sender's own identifier, empty if none */
	struct view body;          /* UTF-8 */
	struct view subject;       /* empty: none */
	struct view thread;        /* XMPP thread or SIP Call-ID */
	struct view lang;          /* BCP 47 tag or empty */
	bool is_chat;              /* XMPP type chat; SIP and normal: false */
	struct stanza_error error; /* PARCEL_ERROR only */
};
