/* SPDX-License-Identifier: BSD-3-Clause */
/* Between a parcel and a SIP MESSAGE (RFC 7572 sections 4 and 5, RFC 3428). A message becomes a
 * parcel of checked text; a parcel becomes the parts of a request, of which only grammar-checked
 * ones reach a header. Pure; any thread. */
#pragma once

#include "control/parcel/parcel.h"
#include "control/sip/endpoint.h"
#include "control/sip/message.h"

enum {
	SUBJECT_MAX_BYTES = 1024, /* a longer one is cut: it is a title */
	/* Of a whole request, over one TLS hop to our own server: TCP keeps the path safe, which is
	 * what RFC 3428 section 8 asks for above 1300 bytes. */
	SIP_REQUEST_MAX_BYTES = 64 * 1024,
	SIP_REQUEST_PORTABLE_BYTES = 1300, /* for a path of which that is not known */
};

/* How a request is answered that makes no parcel. */
struct sip_refusal {
	uint16_t code;
	const char *cause; /* static, snake_case */
	const char *extra; /* static: the header lines that this code must have, or "" */
};

/* Read a MESSAGE request whose syntax the parser accepted. Views in *out point into it and into
 * scratch, which is reset first: the parcel lives until either changes. scratch limits the text;
 * what is longer is 513.
 * The recipient is the Request-URI; To is not routing (RFC 3261 section 8.1.1.1). The thread is the
 * Call-ID, the id the branch of the topmost Via. Expires is not read: nothing is kept here, so
 * nothing outlives its time.
 * 0; -ENOMSG: nothing to deliver (no text left), answer 200; -EINVAL: *refuse. */
int parcel_from_sip(const struct sip_message *m, struct parcel *out, struct text *scratch,
	struct sip_refusal *refuse);

/* Make the request for a message parcel. Views in *out point into scratch, which is reset first, and
 * into the parcel. From and To are bare; the Request-URI has gr= when the XMPP user wrote to a
 * resource. The Call-ID is the thread when it is a safe word of 8 to 128 bytes (word["@"word]),
 * otherwise an HMAC-SHA-256 under `key` of sender, recipient and thread, so that one conversation
 * keeps one Call-ID and nobody can choose somebody else's; without a thread it is left empty for the
 * endpoint to make. `key` is a secret of ours, 16 bytes or more.
 * 0; -ENOMSG: an error parcel, which never becomes a request; -EINVAL: *refuse goes back: no SIP
 * address, not UTF-8, or more than max_bytes (policy-violation, RFC 7572 section 6). */
int parcel_to_sip(const struct parcel *p, struct view key, uint32_t max_bytes, struct text *scratch,
	struct sip_request *out, struct stanza_error *refuse);
