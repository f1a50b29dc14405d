/* SPDX-License-Identifier: BSD-3-Clause */
/* Between a parcel and an XMPP message stanza (RFC 7572 sections 4 and 5, RFC 6121 section 5). What
 * is written is always written anew, through xml.h; nothing of a received stanza is copied as bytes.
 * Pure; any thread. */
#pragma once

#include "control/parcel/parcel.h"
#include "control/xmpp/element.h"

/* Read a stanza of an authenticated stream. Views in *out point into it.
 * 0: *out is a message, or an error that came back for one of ours.
 * -ENOMSG: nothing that crosses, and nothing to answer: no body (chat states, receipts, markers),
 *     headlines, copies wrapped for another resource (carbons, archives), malformed errors, iq and
 *     presence.
 * -EINVAL: refused; *refuse goes back with stanza_put_error. Its text is static. A groupchat message
 *     outside a room is service-unavailable (RFC 6121 section 8.5.2.1.1), as is one to the bare
 *     domain; an encrypted one not-acceptable, since only its fallback notice could be shown. */
int parcel_from_stanza(
	const struct element *stanza, struct parcel *out, struct stanza_error *refuse);

/* Append the stanza for a parcel, of either kind, with an id of ours (of the message that it answers
 * for PARCEL_ERROR). Without xmlns: jabber:server is the stream's default. A SIP message has no type
 * (normal), a subject only there. The text fails on bytes that are not UTF-8. */
void parcel_put_stanza(const struct parcel *p, struct view id, struct text *out);

/* Append the error that answers a received message: from and to swapped, the same id. For one that
 * became a parcel... */
void parcel_put_stanza_error(
	const struct parcel *message, const struct stanza_error *error, struct text *out);
/* ...and for one that did not, or for an iq or a presence, addresses as they came: of the same kind. The
 * text fails when the stanza is an error itself: those are never answered (RFC 6120 section 8.3.1). */
void stanza_put_error(
	const struct element *stanza, const struct stanza_error *error, struct text *out);
