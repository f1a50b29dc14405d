/* SPDX-License-Identifier: BSD-3-Clause */
/* What waits longer than the message it was read from lives: it gets bytes of its own. */
#pragma once

#include "control/parcel/sip_codec.h"
#include "control/session/session_int.h"

/* Views now point into *strings, which the caller frees. False without memory; *strings is then NULL. */
bool parcel_keep(struct parcel *parcel, uint8_t **strings);
/* The MESSAGE for a parcel, its views in *strings, which the caller frees. max_bytes: of all of it, at most
 * SIP_REQUEST_MAX_BYTES. 0; -errno: *strings is NULL, and *refusal says why (see parcel_to_sip). */
int request_make(const struct session *session, const struct parcel *parcel, uint32_t max_bytes,
	struct sip_request *out, uint8_t **strings, struct stanza_error *refusal);
/* How large a request for this domain of ours may be. */
uint32_t request_bytes_inside(const struct session *session, const char *domain);
/* How a SIP sender hears that there is no such request. */
struct sip_refusal request_refusal(const struct stanza_error *refusal);
